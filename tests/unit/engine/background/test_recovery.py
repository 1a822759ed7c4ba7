"""What one engine leaves unfinished, the next one takes up: after a stop, and after a crash."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import field_validator

from statehold import (
    Call,
    Final,
    Machine,
    Result,
    State,
    effect,
    hours,
    on_result,
    seconds,
)
from statehold.engine.limits import Limits
from statehold.errors import InstanceUnreadable, StoreInUse, StoreRefused
from statehold.records import Ref
from tests.unit.engine.sample_machines import Add, Counter
from tests.unit.engine.works import Lever, Parcel, Shipping, Weigh, lever
from tests.unit.engine.world import (
    World,
    an_incident,
    journal,
    kind,
    kinds,
    quiet,
    signal,
    state,
)

pytestmark = pytest.mark.anyio

REF = Ref("shipping", "p-1")


async def test_a_graceful_stop_waits_for_effects_that_end_in_time(
    world: World, lever: Lever
) -> None:
    engine = await world.open(Shipping, limits=Limits(grace_seconds=5.0))
    held = asyncio.Event()
    lever.answers.append(held)
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
    lever.answers[0] = "L-1"
    stopping = asyncio.ensure_future(world.stop(engine))
    await quiet()
    held.set()
    await stopping
    async with world.running(Shipping) as engine:
        await quiet()
        # None is no label, so the result waits for its next try; it was not lost
        assert await kinds(engine, Shipping, "p-1") == ["start", "tried"]
        assert len(lever.calls) == 1


async def test_a_graceful_stop_hands_running_effects_back_and_the_next_engine_runs_them(
    world: World, lever: Lever
) -> None:
    engine = await world.open(Shipping)
    lever.answers.append(asyncio.Event())
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
    await world.stop(engine)
    assert lever.cancelled.is_set()
    lever.answers[0] = "L-1"
    async with world.running(Shipping) as engine:
        await state(engine, Shipping, "p-1", "labelled")
        # under the same key and as the same try: a stop is no failure of the effect
        assert lever.keys == ["shipping/p-1/1.1"] * 2
        assert lever.attempts == [1, 1]


async def test_the_effects_of_a_crashed_engine_are_run_again_under_the_same_key(
    world: World, lever: Lever
) -> None:
    engine = await world.open(Shipping)
    lever.answers.append(asyncio.Event())
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
    await engine.send(Shipping, "p-1", Weigh(weight=9))
    await world.crash(engine)
    lever.answers[0] = "L-1"
    async with world.running(Shipping) as engine:
        await state(engine, Shipping, "p-1", "labelled")
        assert lever.keys == ["shipping/p-1/1.1"] * 2
        assert lever.attempts == [1, 1]
        assert [seen["weight"] for seen in lever.seen] == [1, 1]


async def test_a_wait_between_two_attempts_goes_on_over_a_crash(world: World, lever: Lever) -> None:
    engine = await world.open(Shipping)
    lever.answers.extend([RuntimeError("busy"), "L-1"])
    await engine.start(Shipping, "p-1")
    await quiet()
    due = (await world.rows(engine, ("shipping", "p-1")))[REF].wake_at
    assert due is not None
    await world.crash(engine)
    async with world.running(Shipping) as engine:
        await quiet()
        assert len(lever.calls) == 1
        world.clock.set(due)
        await state(engine, Shipping, "p-1", "labelled")
        assert lever.attempts == [1, 2]


async def test_an_effect_that_outlives_too_many_engines_becomes_an_incident(
    world: World, lever: Lever
) -> None:
    limits = Limits(takeovers=3, grace_seconds=0.0)
    lever.answers.append(asyncio.Event())
    engine = await world.open(Shipping, limits=limits)
    await engine.start(Shipping, "p-1")
    for run in range(3):
        await quiet()
        assert len(lever.calls) == run + 1
        await world.crash(engine)
        engine = await world.open(Shipping, limits=limits)
    await quiet()
    await world.crash(engine)
    engine = await world.open(Shipping, limits=limits)
    incident = await an_incident(engine)
    assert incident.name == "buy_label"
    assert "4 workers died" in incident.error
    calls = len(lever.calls)
    await quiet()
    assert len(lever.calls) == calls
    lever.answers[0] = "L-1"
    await engine.retry(incident.id)
    await state(engine, Shipping, "p-1", "labelled")


async def test_a_stopped_engine_leaves_nothing_that_is_held_by_it(
    world: World, lever: Lever
) -> None:
    engine = await world.open(Shipping)
    lever.answers.append(asyncio.Event())
    await asyncio.gather(*(engine.start(Shipping, f"p-{n}") for n in range(5)))
    # asked for in the last moment: these are committed while the engine stops
    late = [asyncio.ensure_future(engine.start(Shipping, f"late-{n}")) for n in range(5)]
    await asyncio.sleep(0)
    await world.stop(engine)
    assert [answer.seq for answer in await asyncio.gather(*late)] == [1] * 5
    store = world.store()
    await store.open("auditor")
    refs = [Ref("shipping", f"{name}-{n}") for name in ("p", "late") for n in range(5)]
    rows = await store.load(refs)
    await store.close()
    assert {row.held_by for row in rows.values()} == {()}
    assert all(row.wake_at == world.clock.now() for row in rows.values())


@effect(attempts=1)
async def one(parcel: Parcel, call: Call) -> None:
    await lever.pull(parcel, call)


@effect(attempts=1)
async def two(parcel: Parcel, call: Call) -> str:
    ran_second.append(call.key)
    return "x"


ran_second: list[str] = []


def keep(parcel: Parcel, event: Result[str]) -> None:
    parcel.label = event.value


class Chain(Machine[Parcel], name="chain", version=1):
    first = State(initial=True, invoke=one)
    second = State(invoke=two)
    over = Final()

    onward = on_result(one, first >> second)
    end = on_result(two, second >> over, do=keep)


async def test_an_effect_asked_for_while_the_engine_stops_is_left_to_the_next_one(
    world: World, lever: Lever
) -> None:
    ran_second.clear()
    engine = await world.open(Chain, limits=Limits(grace_seconds=5.0))
    held = asyncio.Event()
    lever.answers.append(held)
    await engine.start(Chain, "c-1")
    await signal(lever.called)
    stopping = asyncio.ensure_future(world.stop(engine))
    await quiet()
    held.set()
    await stopping
    await quiet()
    assert ran_second == []
    async with world.running(Chain) as engine:
        await state(engine, Chain, "c-1", "over")
        assert ran_second == ["chain/c-1/2.1"]
        assert (await journal(engine, Chain, "c-1"))[-1].seq == 3


async def test_a_second_engine_on_one_store_is_refused_while_the_first_is_open(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        with pytest.raises(StoreRefused) as refused:
            await world.open(Counter)
        if world.kind == "sqlite":
            assert isinstance(refused.value, StoreInUse)
        assert (await engine.send(Counter, "c-1", Add())).seq == 2


async def test_what_was_not_committed_when_the_engine_died_never_happened(world: World) -> None:
    engine = await world.open(Counter)
    await engine.start(Counter, "c-1")
    world.gate.left = 0
    sending = asyncio.ensure_future(engine.send(Counter, "c-1", Add(), key="k"))
    await signal(world.gate.stuck)
    sending.cancel()
    await world.crash(engine)
    async with world.running(Counter) as engine:
        assert (await engine.read(Counter, "c-1")).seq == 1
        assert (await engine.send(Counter, "c-1", Add(), key="k")).seq == 2


async def test_a_crash_at_any_commit_leaves_an_effect_that_is_done_exactly_once_in_the_journal(
    world: World, lever: Lever
) -> None:
    lever.answers.append("L-1")
    for commits in range(6):
        id = f"p-{commits}"
        engine = await world.open(Shipping)
        world.gate.left = commits
        starting = asyncio.ensure_future(engine.start(Shipping, id, key="s"))
        await quiet()
        starting.cancel()
        await world.crash(engine)
        engine = await world.open(Shipping)
        await engine.start(Shipping, id, key="s")
        await kind(engine, Shipping, id, "result")
        await quiet()
        lines = await journal(engine, Shipping, id)
        assert [(line.seq, line.kind) for line in lines if line.part == 0] == [
            (1, "start"), (2, "result"),
        ]  # fmt: skip
        assert {call.key for call in lever.calls if call.instance == id} == {f"shipping/{id}/1.1"}
        await world.stop(engine)


async def test_an_orphan_that_is_paused_waits_for_its_resumption(
    world: World, lever: Lever
) -> None:
    engine = await world.open(Shipping)
    lever.answers.append(asyncio.Event())
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
    await engine.pause(Shipping, "p-1")
    await world.crash(engine)
    lever.answers[0] = "L-1"
    async with world.running(Shipping) as engine:
        world.clock.advance(hours(1))
        await quiet()
        assert len(lever.calls) == 1
        await engine.resume(Shipping, "p-1")
        await state(engine, Shipping, "p-1", "labelled")


async def test_an_engine_that_could_not_be_opened_lets_go_of_its_store(world: World) -> None:
    class Changed(Machine[Parcel], name="counter", version=1):
        other = State(initial=True)

    engine = await world.open(Counter)
    await engine.start(Counter, "c-1")
    await world.stop(engine)
    with pytest.raises(Exception, match="not the one that ran"):
        await world.open(Changed)
    async with world.running(Counter) as engine:
        assert (await engine.send(Counter, "c-1", Add())).seq == 2
    world.clock.advance(seconds(1))


async def test_an_instance_that_can_not_be_read_keeps_no_other_from_being_taken_up(
    world: World, lever: Lever
) -> None:
    strict = {"is": False}

    class Careful(Parcel):
        @field_validator("weight")
        @classmethod
        def is_light(cls, weight: int) -> int:
            if strict["is"] and weight > 5:
                raise ValueError("too heavy")
            return weight

    @effect(attempts=1)
    async def carry(parcel: Careful, call: Call) -> None:
        await lever.pull(parcel, call)

    class Carrying(Machine[Careful], name="carrying", version=1):
        open = State(initial=True, invoke=carry)
        over = Final()
        end = on_result(carry, open >> over)

    engine = await world.open(Carrying)
    lever.answers.append(asyncio.Event())
    await engine.start(Carrying, "heavy", {"weight": 9})
    await engine.start(Carrying, "light", {"weight": 1})
    await quiet()
    await world.crash(engine)
    strict["is"] = True
    lever.answers[0] = None
    engine = await world.open(Carrying)
    await state(engine, Carrying, "light", "over")
    with pytest.raises(InstanceUnreadable, match="too heavy"):
        await engine.read(Carrying, "heavy")
    await world.crash(engine)
    strict["is"] = False
    async with world.running(Carrying) as engine:
        await state(engine, Carrying, "heavy", "over")
