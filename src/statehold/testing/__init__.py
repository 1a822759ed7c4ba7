"""Tests of machines: :class:`Harness` steps one by hand, :class:`EngineKit` runs an engine.

A harness needs no event loop, store or waiting: the test moves its clock. The kit is a real engine
on a manual clock, with fakes for effects. With pytest both are fixtures, ``harness`` and
``engine_kit``.
"""

from statehold.check.simulate.hand_stepped import EPOCH, NeverAtRest
from statehold.check.simulate.requested import Asked, Sent
from statehold.check.simulate.script import Script
from statehold.check.simulate.script_file import read_script, write_script
from statehold.check.simulate.simulate import Played, Player, play
from statehold.engine.clock import ManualClock
from statehold.testing.engine_kit import EngineKit, NotSettled
from statehold.testing.fakes import Fake, fail, hold, succeed
from statehold.testing.harness import Harness
from statehold.testing.paths import Case, transition_paths
from statehold.testing.resources import replacing
from statehold.testing.scripts import script_cases
from statehold.testing.stateful import state_machine_of

__all__ = [
    "EPOCH",
    "Asked",
    "Case",
    "EngineKit",
    "Fake",
    "Harness",
    "ManualClock",
    "NeverAtRest",
    "NotSettled",
    "Played",
    "Player",
    "Script",
    "Sent",
    "fail",
    "hold",
    "play",
    "read_script",
    "replacing",
    "script_cases",
    "state_machine_of",
    "succeed",
    "transition_paths",
    "write_script",
]
