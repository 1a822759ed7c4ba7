"""An engine that was closed is opened again, and works as the first time."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Final,
    Machine,
    State,
    after,
    child,
    effect,
    on,
    on_result,
    seconds,
)
from statehold.engine import Deployments, Engine
from statehold.engine.limits import Limits
from statehold.errors import StateholdError, Stopping
from statehold.store import Store
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.machines.test_deploy import FIRST
from tests.unit.engine.world import PATIENCE, state


class Parcel(BaseModel):
    threads: list[int] = []


class Go(Event):
    pass


@effect
def weigh(parcel: Parcel, call: Call) -> int:
    return threading.get_ident()


class Inner(Machine[Parcel], name="inner", version=1):
    end = Final(initial=True)


class Flow(Machine[Parcel], name="flow", version=1):
    """A timer, an effect in a thread and a child, one after another."""

    waiting = State(initial=True)
    weighing = State(invoke=weigh)
    outside = State(invoke=child(Inner))
    done = State()

    time = after(seconds(0.01), waiting >> weighing)
    weighed = on_result(weigh, weighing >> outside)
    came = on_result(Inner, outside >> done)
    again = on(Go, done >> waiting)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        return MemoryStore()
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "again.db")
    return PostgresStore(request.getfixturevalue("migrated_dsn"))


def test_everything_works_in_each_opening_each_on_its_own_event_loop(store: Store) -> None:
    engine = Engine(store, [Flow], deployments=Deployments())

    async def opening(number: int) -> None:
        async with engine:
            await engine.start(Flow, f"f-{number}")
            await state(engine, Flow, f"f-{number}", "done")
            if number > 1:
                # what an opening before left is taken up
                reply = await engine.send(Flow, "f-1", Go())
                await state(engine, Flow, "f-1", "done", after=reply.seq)
            await engine.put(FIRST)
            await engine.start("ticket", f"t-{number}")
            await engine.check_ready()
            assert len((await engine.machine_list()).machines) == 3
        with pytest.raises(Stopping):
            await engine.send(Flow, "f-1", Go())

    for number in (1, 2, 3):
        asyncio.run(opening(number))


@pytest.mark.anyio
async def test_an_effect_that_a_close_interrupted_goes_on_in_the_next_opening(store: Store) -> None:
    begun, calls = asyncio.Event(), []

    @effect(attempts=3)
    async def slow(parcel: Parcel, call: Call) -> None:
        calls.append(call.key)
        begun.set()
        if len(calls) == 1:
            await asyncio.Event().wait()

    class Slow(Machine[Parcel], name="slow", version=1):
        working = State(initial=True, invoke=slow)
        done = State()
        ended = on_result(slow, working >> done)

    engine = Engine(store, [Slow], limits=Limits(grace_seconds=0.0))
    async with engine:
        await engine.start(Slow, "s")
        await asyncio.wait_for(begun.wait(), PATIENCE)
    async with engine:
        await state(engine, Slow, "s", "done")
    assert calls == [calls[0]] * 2


@pytest.mark.anyio
async def test_workers_that_share_a_store_may_each_be_opened_again() -> None:
    memory = Memory()
    one, two = (Engine(MemoryStore(memory), [Flow], worker=name) for name in ("one", "two"))
    async with one:
        for number in (1, 2):
            async with two:
                await two.start(Flow, f"f-{number}")
                await state(one, Flow, f"f-{number}", "done")
    async with one, two:
        assert two.stats().workers == 2


@pytest.mark.anyio
async def test_an_engine_that_is_open_refuses_to_be_opened_and_goes_on(store: Store) -> None:
    engine = Engine(store, [Flow])
    async with engine:
        with pytest.raises(StateholdError, match="this engine is open"):
            await engine.open()
        await engine.start(Flow, "f")
    await engine.close()


@pytest.mark.anyio
async def test_an_engine_whose_opening_failed_can_be_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine, holder = Engine(SqliteStore(path), [Flow]), Engine(SqliteStore(path), [Flow])
    async with holder:
        with pytest.raises(StateholdError, match="in use"):
            await engine.open()
    async with engine:
        await engine.start(Flow, "f")
