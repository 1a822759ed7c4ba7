"""What must not be lost when requests, caches and callers meet in unlucky ways."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from statehold import Event, Machine, State, child, effect, minutes, on, on_result
from statehold import after as later
from statehold.engine import Engine
from statehold.engine.background.attempt import AttemptRun
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.engine.requests import effect_results
from statehold.engine.requests.operator import Pause
from statehold.errors import (
    InstanceUnreadable,
    Overloaded,
    StateholdError,
)
from statehold.interpreter.command import ID_LIMIT
from statehold.records import Caller, Ref, Row
from statehold.store import Query
from statehold.stores import Memory, MemoryStore
from tests.unit.engine.sample_machines import Add, Counter, Note
from tests.unit.engine.works import Lever, Unhandled
from tests.unit.engine.works import lever as the_lever
from tests.unit.engine.world import World, an_incident, journal, kind, quiet, state

pytestmark = pytest.mark.anyio


class Lamp(BaseModel):
    pass


class Light(Event):
    pass


# --- a turn -------------------------------------------------------------------------------------


async def test_an_instance_is_not_lost_from_a_batch_by_another_that_takes_its_place_in_the_cache(
    world: World,
) -> None:
    async with world.running(Counter, limits=Limits(cached=1, grace_seconds=0.0)) as engine:
        await engine.start(Counter, "c-1")
        await engine.start(Counter, "c-2")
        # c-2 is at hand, c-1 is loaded before it and pushes it out
        answers = await asyncio.gather(
            engine.send(Counter, "c-1", Add()), engine.send(Counter, "c-2", Add())
        )
        assert [answer.seq for answer in answers] == [2, 2]


async def test_a_repeated_request_whose_caller_has_gone_does_not_hurt_the_others_of_its_batch(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.send(Counter, "c-1", Add(), key="k")
        gone = asyncio.ensure_future(engine.send(Counter, "c-1", Add(), key="k"))
        other = asyncio.ensure_future(engine.send(Counter, "c-1", Add()))
        # once both have asked, and before the turn begins
        asyncio.get_running_loop().call_soon(gone.cancel)
        assert (await other).view.count == 2


def cancel(lamp: Lamp) -> None:
    raise asyncio.CancelledError


class Cancelling(Machine[Lamp], name="cancelling", version=1):
    open = State(initial=True)
    light = on(Light, open, do=cancel)


async def test_an_action_that_raises_a_cancellation_ends_its_own_request_and_not_the_engine(
    world: World,
) -> None:
    async with world.running(Cancelling, Counter) as engine:
        await engine.start(Cancelling, "x-1")
        with pytest.raises(StateholdError):
            await engine.send(Cancelling, "x-1", Light())
        assert (await engine.start(Counter, "c-1")).seq == 1


class Lamps(Machine[Lamp], name="lamps", version=1):
    off = State(initial=True)
    lit = State()
    light = on(Light, off >> lit)
    lapse = later(minutes(1), lit >> off)


async def test_a_timer_that_another_engine_set_fires_though_an_older_state_is_at_hand() -> None:
    clock = ManualClock()
    memory = Memory(clock.now)
    async with Engine(MemoryStore(memory), [Lamps], clock=clock) as one:
        await one.start(Lamps, "l-1")
        async with Engine(MemoryStore(memory), [Lamps], clock=clock) as two:
            await two.send(Lamps, "l-1", Light())
        clock.advance(minutes(1))
        await quiet()
        assert (await one.read(Lamps, "l-1")).state == ["off"]


async def test_of_many_requests_at_once_those_beyond_the_limit_are_refused_and_the_rest_answered(
    world: World,
) -> None:
    async with world.running(Counter, limits=Limits(waiting=2, grace_seconds=0.0)) as engine:
        await engine.start(Counter, "c-1")
        acts = [Pause(Ref("counter", "c-1"), None, Caller()) for _ in range(3)]
        ended = await engine._parts.queue.ask_all(acts)
        assert [type(one).__name__ for one in ended] == [
            "InstanceReply",
            "InstanceReply",
            "Overloaded",
        ]
        assert isinstance(ended[2], Overloaded)


# --- what is held -------------------------------------------------------------------------------


async def test_an_event_held_in_the_very_batch_that_cancels_its_instance_is_refused_in_the_journal(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        held, cancelled = await asyncio.gather(
            engine.send(Counter, "c-1", Note(text="late"), key="k"),
            engine.cancel(Counter, "c-1"),
        )
        assert (held.held, cancelled.status) == (True, "cancelled")
        await quiet()
        assert [line.kind for line in await journal(engine, Counter, "c-1")][-1] == "refused"
        assert await engine._parts.store.held_mail(Ref("counter", "c-1"), 10) == []


# --- effects ------------------------------------------------------------------------------------


class Picky(BaseModel):
    value: str

    @field_validator("value")
    @classmethod
    def check(cls, value: str) -> str:
        if value == "odd" and not the_lever.mended:
            raise RuntimeError("a validator with a bug in it")
        return value


@effect(attempts=1)
async def pick(lamp: Lamp) -> Picky:
    return Picky.model_construct(value="odd")


class Picking(Machine[Lamp], name="picking", version=1):
    waiting = State(initial=True, invoke=pick)
    picked = State()
    pick_ = on_result(pick, waiting >> picked)


async def test_a_result_that_its_own_type_breaks_on_becomes_an_incident(
    world: World, lever: Lever
) -> None:
    async with world.running(Picking) as engine:
        await engine.start(Picking, "p-1")
        for _ in range(10):
            await quiet()
            world.clock.advance(minutes(10))
        await quiet()
        incident = await an_incident(engine)
        assert incident.name == "pick"
        assert "a validator with a bug in it" in incident.error
        lever.mended = True
        await engine.retry(incident.id)
        await state(engine, Picking, "p-1", "picked")


@effect(attempts=3)
async def write_much(lamp: Lamp) -> str:
    return "x" * 2000


class Writing(Machine[Lamp], name="writing", version=1):
    waiting = State(initial=True, invoke=write_much)
    written = State()
    write = on_result(write_much, waiting >> written)


async def test_a_result_over_the_limit_is_an_incident_that_names_it(world: World) -> None:
    limits = Limits(data_bytes=1000, grace_seconds=0.0)
    async with world.running(Writing, limits=limits) as engine:
        await engine.start(Writing, "w-1")
        await kind(engine, Writing, "w-1", "incident")
        assert "the limit is 1000 bytes" in (await an_incident(engine)).error


async def test_an_outcome_that_breaks_its_batch_waits_for_a_person_and_is_not_forgotten(
    world: World, lever: Lever, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    async with world.running(Unhandled) as engine:
        lever.answers.append("L-1")
        with monkeypatch.context() as patch:
            patch.setattr(effect_results, "conclude", broken)
            await engine.start(Unhandled, "u-1")
            await kind(engine, Unhandled, "u-1", "incident")
        incident = await an_incident(engine)
        assert "a bug" in incident.error
        await engine.retry(incident.id)
        await state(engine, Unhandled, "u-1", "labelled")
        assert len(lever.calls) == 1


# --- the engine's end ---------------------------------------------------------------------------


async def test_a_store_is_closed_though_something_before_it_can_not_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck() -> None:
        raise RuntimeError("a bug")

    engine = await world.open(Counter)
    await engine.start(Counter, "c-1")
    end = engine._parts.effect_runner.close
    monkeypatch.setattr(engine._parts.effect_runner, "close", stuck)
    with pytest.raises(RuntimeError, match="a bug"):
        await world.stop(engine)
    await end()
    async with world.running(Counter) as again:
        assert (await again.read(Counter, "c-1")).seq == 1


# --- views --------------------------------------------------------------------------------------


class Word(BaseModel):
    word: str = "bad"


class Plain(Machine[Word], name="parrot", version=1):
    listening = State(initial=True)


class Viewed(Machine[Word], name="parrot", version=1):
    listening = State(initial=True)

    @staticmethod
    def view(word: Word) -> str:
        raise ValueError("not for your eyes")


async def test_an_instance_whose_view_raises_is_reported_as_unreadable(world: World) -> None:
    async with world.running(Plain) as engine:
        await engine.start(Plain, "p-1")
    async with world.running(Viewed) as engine:
        answer = await engine.read(Viewed, "p-1")
        assert answer.state == ["listening"]
        for look in (lambda: answer.view, answer.json, answer.wire):
            with pytest.raises(InstanceUnreadable, match="view raised ValueError: not for your"):
                look()


async def test_a_view_that_raises_refuses_a_start(world: World) -> None:
    async with world.running(Viewed) as engine:
        with pytest.raises(StateholdError, match="'view' raised ValueError"):
            await engine.start(Viewed, "p-1")


# --- numbers and names --------------------------------------------------------------------------


class Small(Machine[Lamp], name="small", version=1):
    open = State(initial=True)
    light = on(Light, open)


class Large(Machine[Lamp], name="large", version=1):
    waiting = State(initial=True, invoke=child(Small))


@pytest.mark.parametrize("length", [190, ID_LIMIT])
async def test_the_child_of_an_instance_with_a_long_id_can_be_addressed(
    world: World, length: int
) -> None:
    async with world.running(Large, Small) as engine:
        await engine.start(Large, "a" * length)
        await quiet()
        (row,) = (await _rows(engine, "small")).values()
        assert (await engine.send(Small, row.id, Light())).seq == 2


async def _rows(engine: Engine, machine: str) -> dict[Ref, Row]:
    page = await engine._parts.store.list(Query(machine))
    return {row.ref: row for row in page.rows}


@pytest.mark.parametrize("after", [-1, -(2**70)])
async def test_a_journal_is_asked_for_from_any_number_below_on(world: World, after: int) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        found = await engine.journal(Counter, "c-1", after=after)
        assert [entry.seq for entry in found.entries] == [1]
        assert found.after is None


async def test_a_page_of_the_journal_has_at_least_one_line_whatever_the_limit(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.send(Counter, "c-1", Add())
        for limit in (0, -5, 1):
            found = await engine.journal(Counter, "c-1", limit=limit)
            assert ([entry.seq for entry in found.entries], found.after) == ([1], 1)


# --- an effect ----------------------------------------------------------------------------------

cancelled_itself = {"times": 0}


@effect(attempts=2)
async def cancel_itself(lamp: Lamp) -> None:
    if cancelled_itself["times"] == 0:
        cancelled_itself["times"] += 1
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
    await asyncio.sleep(0)


class Fragile(Machine[Lamp], name="fragile", version=1):
    off = State(initial=True, invoke=cancel_itself)
    lit = State()
    light = on_result(cancel_itself, off >> lit)


async def test_an_effect_that_cancels_its_own_task_does_not_stay_running(world: World) -> None:
    cancelled_itself["times"] = 0
    async with world.running(Fragile) as engine:
        await engine.start(Fragile, "f-1")
        await quiet()
        assert cancelled_itself["times"] == 1
        for _ in range(4):
            world.clock.advance(minutes(1))
            await quiet()
        await state(engine, Fragile, "f-1", "lit")


async def test_an_effect_that_breaks_off_for_a_reason_of_ours_is_taken_up_again(
    world: World, lever: Lever, monkeypatch: pytest.MonkeyPatch
) -> None:
    lever.answers.append("L-1")
    async with world.running(Unhandled) as engine:
        perform = AttemptRun._await

        async def once(*arguments: Any) -> None:
            monkeypatch.setattr(AttemptRun, "_await", perform)
            raise RuntimeError("a bug")

        monkeypatch.setattr(AttemptRun, "_await", once)
        await engine.start(Unhandled, "p-1")
        await quiet()
        assert lever.calls == []
        world.clock.advance(minutes(1))
        await state(engine, Unhandled, "p-1", "labelled")
        assert lever.attempts == [1]
