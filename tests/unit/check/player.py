"""Plays a script on a harness, so that what a search says is tried elsewhere than in the search."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from statehold.chart.machine import Definition
from statehold.check.simulate.script import (
    AdvanceStep,
    ExpectStep,
    FailStep,
    Script,
    SendStep,
    SucceedStep,
)
from statehold.testing import Harness

#: the word of a step, and what it is
_WORDS: dict[str, Any] = {
    "send": SendStep,
    "advance": AdvanceStep,
    "succeed": SucceedStep,
    "fail": FailStep,
    "expect": ExpectStep,
}


def read(plain: dict[str, Any]) -> Script:
    """A script from its JSON; raises where it is none."""
    steps = [
        msgspec.convert(step, next(kind for word, kind in _WORDS.items() if word in step))
        for step in plain.pop("steps")
    ]
    return Script(**plain, steps=tuple(steps))


def play(definition: Definition[Any], script: Script) -> Harness[Any]:
    """Raises ``AssertionError`` where an expectation is not met, and what a step raises."""
    harness: Harness[Any] = Harness(definition, script.data, id=script.instance)
    for step in script.steps:
        match step:
            case SendStep():
                harness.send(step.send, roles=step.by)
            case AdvanceStep():
                harness.advance(timedelta(seconds=step.advance))
            case SucceedStep() | FailStep():
                outcome(harness, step)
            case ExpectStep():
                assert step.expect is None or set(harness.state) == set(step.expect), harness.log
    return harness


def outcome(harness: Harness[Any], step: SucceedStep | FailStep) -> None:
    name = step.succeed if isinstance(step, SucceedStep) else step.fail
    asked = next(one for one in harness.running if one.name == name)
    if asked.kind == "machine":
        if isinstance(step, SucceedStep):
            harness.succeed_child(name, step.result, key=asked.key)
        else:
            harness.fail_child(name, step.message, key=asked.key)
    elif isinstance(step, SucceedStep):
        harness.succeed(name, step.result, key=asked.key)
    else:
        harness.fail(name, step.message, key=asked.key)
