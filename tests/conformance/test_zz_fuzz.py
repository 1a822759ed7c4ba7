"""The interpreter against the reference: any chart, any history of events, the same answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings

from statehold.chart.event import Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.errors import EndlessLoop, StepFailed
from statehold.interpreter import Step, start, step
from tests.conformance.random_charts import (
    EPOCH,
    Data,
    Stimulus,
    describe,
    drawing,
    machines,
    stimuli,
)
from tests.conformance.reference import Outcome, Reference, Rest

#: low, so that endless loops, which are to be found too, cost little
LIMIT = 50


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # by its name, because the package shows a function of the same name
        patch.setattr(sys.modules["statehold.interpreter.step"], "MICROSTEP_LIMIT", LIMIT)
        yield


@settings(
    max_examples=3000,
    deadline=None,
    derandomize=False,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(machines(), stimuli())
def test_any_chart_behaves_as_appendix_d_says(
    machine: Definition[Data], stimuli: list[Stimulus]
) -> None:
    note(drawing(machine.chart))
    reference = Reference(machine, LIMIT)
    now = EPOCH
    real, expected = both(
        lambda: start(machine, Data(), now, instance="x"),
        lambda: reference.start(Data(), now, instance="x"),
    )
    for stimulus in stimuli:
        if real is None or expected is None:
            return
        now += timedelta(seconds=1)
        at, roles, rest, snapshot = now, stimulus.roles, expected.rest, real.snapshot
        event = event_of(stimulus, rest)
        note(f"{describe(event)} from {roles}")
        next_real, next_expected = both(
            lambda: step(machine, snapshot, event, at, roles=roles),
            lambda: reference.step(rest, event, at, roles=roles),
        )
        if next_real is not None:
            real, expected = next_real, next_expected


def both(
    real: Callable[[], Step[Data]], expected: Callable[[], Outcome]
) -> tuple[Step[Data], Outcome] | tuple[None, None]:
    """Runs both and compares what they give; None where both refused alike."""
    try:
        wanted = expected()
    except StepFailed as error:
        note(f"  refused: {error}")
        with pytest.raises(type(error)) as raised:
            real()
        if not isinstance(error, EndlessLoop):
            assert raised.value.details() == error.details()
        return None, None
    note(f"  {list(wanted.rest.active)} {wanted.rest.data}")
    got = real()
    assert told(got) == told(wanted)
    return got, wanted


def told(step: Step[Data] | Outcome) -> dict[str, Any]:
    """Everything about a step that can be told from outside."""
    if isinstance(step, Outcome):
        rest: Any = step.rest
        active, leaves = set(step.rest.active) - {""}, step.rest.leaves
    else:
        rest = step.snapshot
        active, leaves = set(rest.configuration.states), rest.state
    return {
        "accepted": step.accepted,
        "active": active,
        "leaves": leaves,
        "data": rest.data,
        "seq": rest.seq,
        "instance": rest.instance,
        "history": dict(rest.history),
        "timers": rest.timers,
        "effects": rest.effects,
        "deadlines": rest.deadlines,
        "done": rest.done,
        "output": rest.output,
        "commands": step.commands,
        "trace": step.trace,
    }


def event_of(stimulus: Stimulus, rest: Rest) -> Any:
    """The event that the stimulus stands for, given what is running."""
    pick = stimulus.choice
    if stimulus.kind == "timer" and rest.timers:
        return TimerFired(rest.timers[pick % len(rest.timers)].id)
    if stimulus.kind == "stale timer":
        return TimerFired("t99")
    if stimulus.kind == "stale":
        return Result("detached", "99.9", None)
    if stimulus.kind in ("result", "failure") and rest.effects:
        effect = rest.effects[pick % len(rest.effects)]
        if stimulus.kind == "result":
            return Result(effect.invoke, effect.key, 7)
        return Failure(effect.invoke, effect.key, "OSError", "no luck")
    return NamedEvent(stimulus.name, pick)
