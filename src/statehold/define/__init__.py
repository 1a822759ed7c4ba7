"""The class notation: a machine as a Python class, compiled to a chart and its functions.

::

    class Light(Machine[Meter, Press], name="light", version=1):
        dark = State(initial=True)
        lit = State()

        press = on(Press, dark >> lit, do=count)
        lapse = after(minutes(5), lit >> dark)
"""

from statehold.define.compound import Compound, Parallel
from statehold.define.durations import days, hours, minutes, seconds
from statehold.define.effects import Child, EffectDecorator, child, effect
from statehold.define.machine import Machine
from statehold.define.parameter import parameter
from statehold.define.rule import (
    Rule,
    after,
    always,
    on,
    on_cancel,
    on_done,
    on_failure,
    on_result,
)
from statehold.define.silences import Silenced, silence
from statehold.define.state import (
    Active,
    Anywhere,
    Arrow,
    Final,
    History,
    Sources,
    State,
    StateClass,
    active,
    anywhere,
)

__all__ = [
    "Active",
    "Anywhere",
    "Arrow",
    "Child",
    "Compound",
    "EffectDecorator",
    "Final",
    "History",
    "Machine",
    "Parallel",
    "Rule",
    "Silenced",
    "Sources",
    "State",
    "StateClass",
    "active",
    "after",
    "always",
    "anywhere",
    "child",
    "days",
    "effect",
    "hours",
    "minutes",
    "on",
    "on_cancel",
    "on_done",
    "on_failure",
    "on_result",
    "parameter",
    "seconds",
    "silence",
]
