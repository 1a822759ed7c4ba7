"""Watching a machine: changes are reported, merged where they are many; nothing piles up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from statehold import minutes, seconds
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.engine.queries.watchers import NAMED
from statehold.errors import UnknownMachine
from statehold.stores.postgres.store import PostgresStore
from statehold.wire.instances import Changes
from tests.unit.engine.requests.test_operator import Boiling
from tests.unit.engine.sample_machines import Add, Counter
from tests.unit.engine.world import PATIENCE, World, quiet

pytestmark = pytest.mark.anyio


async def reported(changes: AsyncIterator[Changes]) -> dict[str, int]:
    """Id to seq of the next report."""
    found = await anext(changes)
    assert not found.more
    return {one.id: one.seq for one in found.instances}


async def told_more(changes: AsyncIterator[Changes]) -> bool:
    return (await anext(changes)).more


async def test_each_change_is_reported_as_the_instance_is_then(world: World) -> None:
    async with world.running(Counter, Boiling) as engine:
        changes = await engine.watch_machine(Counter)
        assert await reported(changes) == {}
        await engine.start(Counter, "c-1")
        await engine.start(Boiling, "e-1")
        assert await reported(changes) == {"c-1": 1}
        for _ in range(3):
            await engine.send(Counter, "c-1", Add())
        await engine.start(Counter, "c-2")
        world.clock.advance(seconds(1))
        assert await reported(changes) == {"c-1": 4, "c-2": 1}


async def test_all_machines_are_watched_together(world: World) -> None:
    async with world.running(Counter, Boiling) as engine:
        changes = await engine.watch_machines()
        assert await reported(changes) == {}
        await engine.start(Counter, "c-1")
        await engine.start(Boiling, "b-1")
        found = (await anext(changes)).instances
        assert {(one.machine, one.id) for one in found} == {("counter", "c-1"), ("boiling", "b-1")}


async def test_there_is_a_pause_between_two_reports(world: World) -> None:
    async with world.running(Counter) as engine:
        changes = await engine.watch_machine(Counter)
        await reported(changes)
        await engine.start(Counter, "c-1")
        await reported(changes)
        await engine.send(Counter, "c-1", Add())
        task = asyncio.ensure_future(reported(changes))
        await quiet()
        assert not task.done()
        world.clock.advance(seconds(0.25))
        assert await task == {"c-1": 2}


async def test_too_many_are_not_named_and_what_comes_after_is(world: World) -> None:
    async with world.running(Counter) as engine:
        changes = await engine.watch_machine(Counter)
        await reported(changes)
        for n in range(NAMED + 1):
            await engine.start(Counter, f"c-{n}")
        found = await anext(changes)
        assert (found.more, found.instances) == (True, [])
        await engine.send(Counter, "c-1", Add())
        world.clock.advance(seconds(1))
        assert await reported(changes) == {"c-1": 2}


async def test_what_another_worker_changes_is_reported_and_in_any_case_that_it_may_have(
    world: World,
) -> None:
    async with (
        world.running(Counter, shared=True) as one,
        world.running(Counter, shared=True) as two,
    ):
        changes = await one.watch_machine(Counter)
        await reported(changes)
        await two.start(Counter, "c-1")
        world.clock.advance(seconds(1))
        await quiet()
        assert await reported(changes) == {"c-1": 1}
        # a lost hint delays the report only
        task = asyncio.ensure_future(told_more(changes))
        await quiet()
        world.clock.advance(minutes(1))
        assert await task


async def test_a_watch_ends_with_the_engine_and_an_unknown_machine_is_refused(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        with pytest.raises(UnknownMachine):
            await engine.watch_machine("nothing")
        changes = await engine.watch_machine(Counter)
        await reported(changes)
        await engine.start(Counter, "c-1")
        await reported(changes)
        await engine.send(Counter, "c-1", Add())
    assert [one async for one in changes] == []
    assert engine._parts.watchers._of_machines == {}


async def test_a_change_on_another_worker_of_postgresql_is_heard(migrated_dsn: str) -> None:
    # a worker knows of others from its second heartbeat on
    limits = Limits(heartbeat_seconds=0.5)
    async with (
        Engine(PostgresStore(migrated_dsn), [Counter], limits=limits) as one,
        Engine(PostgresStore(migrated_dsn), [Counter], limits=limits) as two,
        asyncio.timeout(PATIENCE),
    ):
        changes = await one.watch_machine(Counter)
        await reported(changes)
        await one.start(Counter, "c-1")
        assert await reported(changes) == {"c-1": 1}
        heard = asyncio.ensure_future(reported(changes))
        while not heard.done():
            await two.send(Counter, "c-1", Add())
            # it takes a hundred of them
            await asyncio.wait({heard}, timeout=0.1)
        assert (await heard)["c-1"] > 1
