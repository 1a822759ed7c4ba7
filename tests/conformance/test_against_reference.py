"""The interpreter against the reference: any chart, any history of events, the same answers."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, note, settings

from statehold.chart.event import Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.errors import EndlessLoop, StepFailed
from statehold.interpreter import Snapshot, Step, start, step
from tests.conformance.named_functions import EPOCH, Data, describe
from tests.conformance.random_charts import Stimulus, a, drawing, machines, stimuli
from tests.conformance.reference import Outcome, Reference
from tests.conformance.reference_content import Rest

T = TypeVar("T")

#: low, so that endless loops, which are to be found too, cost little
LIMIT = 50


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # by its name, because the package shows a function of the same name
        patch.setattr(sys.modules["statehold.interpreter.macrostep"], "MICROSTEP_LIMIT", LIMIT)
        yield


# a failing example is shrunk before it is reported, which may take long
@pytest.mark.timeout(600)
@settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
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
        partial(start, machine, Data(), now, instance="x"),
        partial(reference.start, Data(), now, instance="x"),
    )
    for stimulus in stimuli:
        if real is None or expected is None:
            return
        now += timedelta(seconds=1)
        event = event_of(stimulus, expected.rest)
        note(f"{describe(event)} from {stimulus.roles}")
        next_real, next_expected = both(
            partial(step, machine, real.snapshot, event, now, roles=stimulus.roles),
            partial(reference.step, expected.rest, event, now, roles=stimulus.roles),
        )
        if next_real is not None:
            real, expected = next_real, next_expected


@pytest.mark.timeout(600)
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(machines())
def test_any_chart_behaves_alike_where_its_steps_are_written_out(machine: Definition[Data]) -> None:
    note(drawing(machine.chart))
    module = sys.modules["statehold.interpreter.step"]
    taken = []
    for limit in (1, sys.maxsize):
        definition = dataclasses.replace(machine, program=None)
        seen: list[Any] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "HOT", limit)
            for walk in range(3):
                real = attempt(partial(start, definition, Data(), EPOCH, instance="x"))
                for number in range(4):
                    if isinstance(real, StepFailed):
                        break
                    event = a(n=number if walk else 1)
                    real = attempt(partial(step, definition, real.snapshot, event, EPOCH))
                    seen.append(str(real) if isinstance(real, StepFailed) else observed(real))
        taken.append(seen)
    assert taken[0] == taken[1]


def both(
    real: Callable[[], Step[Data]], expected: Callable[[], Outcome]
) -> tuple[Step[Data], Outcome] | tuple[None, None]:
    """Runs both and compares what they give; None where both refused alike."""
    got, wanted = attempt(real), attempt(expected)
    note(f"  {wanted}")
    if isinstance(got, StepFailed) or isinstance(wanted, StepFailed):
        assert type(got) is type(wanted)
        # the two may name different states of an endless loop
        if not isinstance(got, EndlessLoop):
            assert str(got) == str(wanted)
        return None, None
    assert observed(got) == observed(wanted)
    return got, wanted


def attempt(run: Callable[[], T]) -> T | StepFailed:
    try:
        return run()
    except StepFailed as error:
        return error


def observed(step: Step[Data] | Outcome) -> dict[str, Any]:
    """Everything that a caller sees of a step."""
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


def event_of(stimulus: Stimulus, rest: Rest | Snapshot[Any]) -> Any:
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
    if stimulus.name == "a" and pick % 2:
        return a(n=pick)
    return NamedEvent(stimulus.name, pick)
