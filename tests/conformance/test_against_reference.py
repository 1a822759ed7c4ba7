"""The interpreter against the reference: any chart, any history of events, the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings

from statehold.chart.event import Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.errors import EndlessLoop, StepFailed
from statehold.interpreter import Step, start, step
from statehold.interpreter import step as _step_function
from tests.conformance.random_charts import EPOCH, Data, Stimulus, describe, machines, stimuli
from tests.conformance.reference import Outcome, Reference, Rest


#: low, so that endless loops, which are to be found too, cost little
LIMIT = 50


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepping, "MICROSTEP_LIMIT", LIMIT)
        yield


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(machines(), stimuli())
def test_any_chart_behaves_as_appendix_d_says(
    machine: Definition[Data], stimuli: list[Stimulus]
) -> None:
    reference = Reference(machine, LIMIT)
    now = EPOCH
    data = Data()
    real, expected = both(
        lambda: start(machine, data, now, instance="x"),
        lambda: reference.start(Data(), now, instance="x"),
    )
    if real is None or expected is None:
        return
    for stimulus in stimuli:
        now += timedelta(seconds=1)
        at = now
        rest, snapshot = expected.rest, real.snapshot
        event = event_of(stimulus, rest)
        note(f"{describe(event)} for {stimulus.roles}, in {rest}")
        next_real, next_expected = both(
            lambda: step(machine, snapshot, event, at, roles=stimulus.roles),
            lambda: reference.step(rest, event, at, roles=stimulus.roles),
        )
        if next_real is not None and next_expected is not None:
            real, expected = next_real, next_expected


def both(
    real: Callable[[], Step[Data]], expected: Callable[[], Outcome]
) -> tuple[Step[Data], Outcome] | tuple[None, None]:
    """Runs both and compares what they give; None where both refused alike."""
    try:
        wanted = expected()
    except StepFailed as error:
        with pytest.raises(type(error)) as raised:
            real()
        if not isinstance(error, EndlessLoop):
            assert raised.value.details() == error.details()
        return None, None
    got = real()
    note(f"gives {wanted}")
    assert told(got) == told(wanted)
    return got, wanted


def told(step: Step[Data] | Outcome) -> dict[str, Any]:
    """Everything about a step that can be told from outside."""
    if isinstance(step, Outcome):
        rest: Rest | Snapshot[Data] = step.rest
        active, leaves = step.rest.active, step.rest.leaves
    else:
        rest = step.snapshot
        active, leaves = step.snapshot.configuration.states, step.snapshot.state
    return {
        "accepted": step.accepted,
        "active": set(active) - {ROOT},
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
        "trace": [(m.event, m.transitions, m.exited, m.entered) for m in step.trace],
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


