"""A step that is taken often gives what it gave the first time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace as replaced
from pydantic import BaseModel

from statehold.chart.event import Event
from statehold.chart.machine import Definition
from statehold.define import Machine, Parallel, State, after, effect, minutes, on
from statehold.errors import ActionFailed, GuardFailed
from statehold.interpreter import InFlight, Snapshot, start, step
from statehold.interpreter.hot_path import LEAF_LIMIT
from statehold.interpreter.step import HOT

NOW = datetime(2026, 1, 3, tzinfo=UTC)


@dataclass
class Tally:
    count: int = 0
    limit: Any = 1_000_000


class Add(Event):
    by: int = 1


class Drop(Event):
    pass


@effect
def watch(tally: Tally) -> None: ...


def below_limit(tally: Tally) -> Any:
    return tally.limit and tally.count < tally.limit


def is_small(tally: Tally, event: Add) -> bool:
    return event.by < 10


def add(tally: Tally, event: Add) -> None:
    if event.by < 0:
        raise ValueError("below zero")
    tally.count += event.by


def start_anew(tally: Tally) -> Tally:
    return Tally(0, tally.limit)


class TallyFlow(Machine[Tally], name="tally", version=1):
    low = State(initial=True)
    high = State()
    watched = State(invoke=watch)

    small = on(Add, low >> low, when=(below_limit, is_small), do=add)
    large = on(Add, low >> high, when=below_limit, do=add, by="clerk")
    more = on(Add, high, do=add)
    drop = on(Drop, (low | high) >> low, do=start_anew)


def taken(definition: Definition[Any], times: int, *events: Event, **given: Any) -> Snapshot[Any]:
    snapshot = start(definition, Tally(**given), NOW).snapshot
    for _ in range(times):
        for event in events:
            snapshot = step(definition, snapshot, event, NOW).snapshot
    return snapshot


@pytest.fixture
def hot() -> Definition[Any]:
    """A machine whose steps with ``Add`` and ``Drop`` are written out."""
    definition = replace(TallyFlow.definition, program=None)
    warm = taken(definition, HOT, Add(by=1), Add(by=20), Add(by=3), Drop())
    assert {*warm.configuration.hot_paths} == {Add}
    return definition


def cold() -> Definition[Any]:
    return replace(TallyFlow.definition, program=None)


@pytest.mark.parametrize("event", [Add(by=1), Add(by=20), Drop()])
@pytest.mark.parametrize("roles", [None, {"clerk"}, {"guest"}])
@pytest.mark.parametrize("limit", [1_000_000, 0, 1, [], "all of it"])
def test_it_gives_the_same_step(
    hot: Definition[Any], event: Event, roles: set[str] | None, limit: Any
) -> None:
    def outcome(definition: Definition[Any]) -> Any:
        before = start(definition, Tally(limit=limit), NOW).snapshot
        try:
            made = step(definition, before, event, NOW, roles=roles)
        except GuardFailed as error:
            return str(error)
        assert before.data == Tally(limit=limit)
        after = made.snapshot
        return after.state, after.data, after.seq, made.commands, made.trace, made.accepted

    assert outcome(hot) == outcome(cold())


def test_an_action_that_raises_drops_the_step_and_is_named(hot: Definition[Any]) -> None:
    before = start(hot, Tally(), NOW).snapshot
    with pytest.raises(ActionFailed, match="add") as failed:
        step(hot, before, Add(by=-1), NOW)
    assert isinstance(failed.value.cause, ValueError)
    assert before.data == Tally()


def test_a_branch_that_has_not_grown_yet_is_taken_the_general_way() -> None:
    definition = cold()
    taken(definition, HOT + 1, Add(by=1))
    before = start(definition, Tally(), NOW).snapshot
    assert before.configuration.hot_paths
    assert step(definition, before, Add(by=20), NOW).snapshot.state == ("high",)


def test_effects_in_flight_are_kept(hot: Definition[Any]) -> None:
    before = start(hot, Tally(), NOW).snapshot
    running = InFlight("1.1", "low/watch", "watch", "effect", None, NOW)
    busy = replaced(before, effects=(running,))
    after = step(hot, busy, Add(by=1), NOW).snapshot
    assert after.effects == (replaced(running, data=before.data),)


def test_a_snapshot_of_another_machine_is_refused_however_often_it_was_stepped(
    hot: Definition[Any],
) -> None:
    before = start(hot, Tally(), NOW).snapshot
    with pytest.raises(ValueError, match="another machine"):
        step(cold(), before, Add(by=1), NOW)


def test_a_pydantic_model_is_copied_whole() -> None:
    class Model(BaseModel):
        count: int = 0
        name: str = "x"

    def count_one(model: Model) -> None:
        model.count += 1

    class ModelFlow(Machine[Model], name="model", version=1):
        only = State(initial=True)
        drop = on(Drop, only, do=count_one)

    snapshot = start(ModelFlow, Model(), NOW).snapshot
    for number in range(HOT * 2):
        before, snapshot = snapshot, step(ModelFlow, snapshot, Drop(), NOW).snapshot
        assert (before.data.count, snapshot.data.count) == (number, number + 1)
    assert snapshot.configuration.hot_paths
    assert snapshot.data.model_fields_set == {"count"}
    assert snapshot.data == Model(count=HOT * 2)


def test_a_tree_of_many_answers_is_not_written_out() -> None:
    def region(number: int) -> Any:
        def is_set(tally: Tally, event: Add) -> bool:
            return bool(event.by >> number & 1)

        def count(tally: Tally) -> None:
            tally.count += 10**number

        state = State()
        return state, on(Add, state, when=is_set, do=count)

    class Flags(Machine[Tally], name="flags", version=1):
        class all(Parallel, initial=True):
            a, on_a = region(0)
            b, on_b = region(1)
            c, on_c = region(2)
            d, on_d = region(3)
            e, on_e = region(4)

    for _ in range(HOT + 1):
        for flags in range(1, 2**5):
            made = taken(Flags.definition, 1, Add(by=flags))
            assert f"{made.data.count:05}" == f"{flags:05b}"
    assert LEAF_LIMIT < 2**5
    assert not made.configuration.hot_paths


def test_a_refusal_is_written_out_and_gives_back_the_very_snapshot(hot: Definition[Any]) -> None:
    for definition in (hot, cold()):
        before = start(definition, Tally(limit=0), NOW).snapshot
        for _ in range(2):
            refused = step(definition, before, Add(by=1), NOW)
            assert refused.snapshot is before
            assert not refused.accepted
            assert refused.trace[0].guards == (("below_limit", False),)


def test_a_tree_with_a_step_that_sets_a_timer_is_not_written_out() -> None:
    class Timed(Machine[Tally], name="timed", version=1):
        idle = State(initial=True)
        busy = State()
        lapse = after(minutes(1), busy >> idle)
        small = on(Add, idle, when=is_small, do=add)
        large = on(Add, idle >> busy)

    for _ in range(HOT * 2):
        taken(Timed.definition, 1, Add(by=1))
    idle = start(Timed, Tally(), NOW).snapshot.configuration
    assert idle.hot_paths
    assert taken(Timed.definition, 1, Add(by=20)).timers
    assert not idle.hot_paths
    for _ in range(HOT * 2):
        assert taken(Timed.definition, 1, Add(by=1)).data.count == 1
    assert not idle.hot_paths
