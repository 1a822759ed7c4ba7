"""A step depends on its arguments alone, changes none of them, and what it learns is bounded."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition, Function
from statehold.errors import StepFailed
from statehold.interpreter import Step, configuration, start, step
from tests.conformance.chart_builder import Running, machine, on, parallel, state
from tests.conformance.named_functions import EPOCH, Data, define
from tests.conformance.random_charts import Stimulus, machines, stimuli
from tests.conformance.test_against_reference import attempt, event_of, observed

some = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@some
@given(machines(), stimuli())
def test_the_same_arguments_give_the_same_step_and_stay_as_they_were(
    machine: Definition[Data], stimuli: list[Stimulus]
) -> None:
    data = Data(n=1, log=["before"])
    now = EPOCH
    last = same(partial(start, machine, data, now, instance="x"))
    assert data == Data(n=1, log=["before"])
    for stimulus in stimuli:
        if last is None:
            return
        now += timedelta(seconds=1)
        snapshot = last.snapshot
        event = event_of(stimulus, snapshot)
        before = copy.deepcopy(observed(last))

        following = same(
            partial(step, machine, snapshot, event, now, roles=stimulus.roles),
        )
        assert observed(last) == before, "a step changed what it was given"
        last = following or last


def same(run: Callable[[], Step[Data]]) -> Step[Data] | None:
    """Runs twice; None where both were refused alike."""
    first, second = attempt(run), attempt(run)
    if isinstance(first, StepFailed) or isinstance(second, StepFailed):
        assert str(first) == str(second)
        return None
    assert observed(first) == observed(second)
    assert first.snapshot.configuration is second.snapshot.configuration
    return first


@some
@given(machines(), stimuli())
def test_a_machine_that_has_learned_its_chart_answers_as_a_new_one(
    machine: Definition[Data], stimuli: list[Stimulus]
) -> None:
    first = history_of(machine, stimuli)
    assert history_of(machine, stimuli) == first
    assert history_of(define(machine.chart), stimuli) == first


def history_of(machine: Definition[Data], stimuli: list[Stimulus]) -> list[Any]:
    """What can be observed about each step, or the error that refused it."""
    last = attempt(lambda: start(machine, Data(), EPOCH))
    if isinstance(last, StepFailed):
        return [str(last)]
    history: list[Any] = [observed(last)]
    for stimulus in stimuli:
        snapshot = last.snapshot
        event = event_of(stimulus, snapshot)
        try:
            last = step(machine, snapshot, event, EPOCH, roles=stimulus.roles)
        except StepFailed as error:
            history.append(str(error))
        else:
            history.append(observed(last))
    return history


def many_configurations() -> Definition[Data]:
    """Four regions of three states each: 81 configurations."""
    regions = [
        state(f"r{n}", *(state(f"r{n}{child}") for child in "abc"), exit=[f"exit r{n}"])
        for n in range(4)
    ]
    turns = [
        on(f"turn{n}", f"r{n}{here} > r{n}{there}", do=[f"turn {n}"])
        for n in range(4)
        for here, there in ("ab", "bc", "ca")
    ]
    return machine(parallel("p", *regions), transitions=turns)


WALK = [f"turn{step % 4 if step % 3 else step % 5 % 4}" for step in range(300)]


def test_the_cache_of_configurations_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    walked = Running(many_configurations())
    leaves = [walked.send(event).snapshot.state for event in WALK]
    assert len(set(leaves)) > 10

    monkeypatch.setattr(configuration, "CONFIGURATION_LIMIT", 10)
    definition = many_configurations()
    run = Running(definition)
    for event, expected in zip(WALK, leaves, strict=True):
        assert run.send(event).snapshot.state == expected
        assert len(definition.program.configurations) <= 10
    assert run.snapshot.data == walked.snapshot.data


def test_the_cache_of_a_configurations_events_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "VARIANT_LIMIT", 10)
    run = Running(machine(state("s"), transitions=[on("known", "s", do=["known"])]))
    for n in range(100):
        assert not run.send(f"unknown{n}").last.accepted
        assert len(run.snapshot.configuration.rows) <= 10
    assert run.send("known").log == ["known"]


def test_what_is_kept_of_answered_guards_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "NODE_LIMIT", 100)
    regions = range(8)
    definition = machine(
        parallel("p", *(state(f"r{n}") for n in regions)),
        transitions=[
            on("flags", f"r{n}", when=[f"is active r{n}"], do=[f"took {n}"]) for n in regions
        ],
    )

    def has_flag(number: int) -> Function:
        return Function(lambda data, event: bool(event.data >> number & 1), 2)

    definition.functions = {
        **definition.functions,
        **{f"is active r{n}": has_flag(n) for n in regions},
    }
    run = Running(definition)
    for flags in (*range(256), *range(256)):
        run.send(NamedEvent("flags", flags))
        assert run.log == [f"took {n}" for n in regions if flags >> n & 1]
        kept = [*run.snapshot.configuration.rows.values()]
        for node in kept:
            kept += [branch for branch in (node.yes, node.no) if branch is not None]
        assert len(kept) <= 110


def test_an_event_that_nothing_takes_gives_back_the_very_snapshot() -> None:
    run = Running(machine(state("s"), transitions=[on("known", "s", when=["never"])]))
    before = run.snapshot
    assert run.send("known").snapshot is before
    assert run.send("unknown").snapshot is before
    assert run.snapshot.seq == 1


def test_a_guard_is_asked_once_in_a_round_however_many_transitions_have_it() -> None:
    asked: list[int] = []

    def guard(data: Data) -> bool:
        asked.append(data.n)
        return False

    definition = machine(
        parallel("p", state("r"), state("s")),
        transitions=[on("go", source, when=["never"]) for source in ("r", "r", "s", "p")],
    )
    definition.functions = {**definition.functions, "never": Function(guard, 1)}
    run = Running(definition).send("go")
    assert asked == [0]
    assert run.last.trace[0].guards == (("never", False),)


def test_a_snapshot_of_another_machine_is_refused() -> None:
    run, other = Running(machine(state("s"))), Running(machine(state("s")))
    with pytest.raises(ValueError, match="belongs to another machine"):
        step(run.machine, other.snapshot, NamedEvent("go"), EPOCH)


def test_data_that_no_action_touched_is_shared_and_changed_data_is_a_copy() -> None:
    run = Running(
        machine(state("s"), transitions=[on("look", "s"), on("change", "s", do=["add:n"])])
    )
    data = run.snapshot.data
    assert run.send("look").snapshot.data is data
    assert run.send("change").snapshot.data is not data
    assert data == Data()
