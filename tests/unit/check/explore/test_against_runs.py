"""What the checks say never happens is never seen to happen, in random machines at work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, note, settings

from statehold.chart.event import AnEvent, Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.check.lint.findings import findings
from statehold.errors import StepFailed
from statehold.interpreter import Snapshot, Step, start, step
from statehold.interpreter.command import StartChild, StartEffect
from tests.conformance.named_functions import EPOCH, Data
from tests.conformance.random_charts import Stimulus, drawing, machines, stimuli


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # by its name, because the package shows a function of the same name
        patch.setattr(sys.modules["statehold.interpreter.macrostep"], "MICROSTEP_LIMIT", 50)
        yield


@dataclass
class Life:
    """All that was seen of one instance."""

    entered: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    started: set[str | None] = field(default_factory=set)
    done: bool = False

    def see(self, made: Step[Data]) -> None:
        for microstep in made.trace:
            self.entered.update(microstep.entered)
            self.taken.update(microstep.transitions)
            if not made.snapshot.done:
                # what ends leaves every state
                self.left.update(microstep.exited)
        self.started.update(
            c.state for c in made.commands if isinstance(c, StartEffect | StartChild)
        )
        self.done |= made.snapshot.done


def live(machine: Definition[Data], history: list[Stimulus]) -> Life:
    """One instance, to which everything happens in its order: of its timers the first one fires."""
    life = Life()
    now = EPOCH
    try:
        made = start(machine, Data(), now)
        life.see(made)
        for stimulus in history:
            if made.snapshot.done:
                break
            event, now = occurrence(made.snapshot, stimulus, now)
            try:
                made = step(machine, made.snapshot, event, now, roles=stimulus.roles)
            except StepFailed:
                continue
            life.see(made)
    except StepFailed:
        pass
    return life


def occurrence(
    snapshot: Snapshot[Data], stimulus: Stimulus, now: datetime
) -> tuple[AnEvent, datetime]:
    if "timer" in stimulus.kind and snapshot.timers:
        first = min(snapshot.timers, key=lambda timer: timer.due)
        return TimerFired(first.id), max(now, first.due)
    if stimulus.kind in ("result", "failure", "stale") and snapshot.effects:
        one = snapshot.effects[stimulus.choice % len(snapshot.effects)]
        if stimulus.kind == "failure":
            return Failure(one.invoke, one.key, "Error", "failed"), now
        return Result(one.invoke, one.key, 1), now
    return NamedEvent(stimulus.name), now


# a failure is shrunk before it is reported, which takes longer than the other tests may
@pytest.mark.timeout(600)
@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(machines(), stimuli())
def test_what_is_said_never_to_happen_does_not(
    machine: Definition[Data], history: list[Stimulus]
) -> None:
    note(drawing(machine.chart))
    found = findings(machine, limit=2_000)
    life = live(machine, history)
    for finding in found:
        note(str(finding))
        match finding.code:
            case "unreachable-state":
                assert finding.place not in life.entered
            case "dead-end":
                assert finding.place not in life.left
            case "never-chosen" | "in-guard-impossible" | "timer-never-fires" | "never-done":
                assert finding.place not in life.taken
            case "invoke-never-starts":
                assert finding.place not in life.started
            case "no-end":
                assert not life.done
            case "no-way-out":
                assert not (life.done and finding.place in life.entered)
