"""Whether a worker says that it can take requests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.errors import LeaseLost, Stopping, StoreUnavailable
from statehold.store import Heartbeat
from statehold.stores import Memory, MemoryStore
from tests.unit.engine.sample_machines import Counter
from tests.unit.engine.world import quiet

pytestmark = pytest.mark.anyio

LEASE = timedelta(seconds=Limits().lease_seconds)


class Faint(MemoryStore):
    """Its heartbeats fail while it is away, and joins while it lets nobody in."""

    away = closed = False

    async def join(self, worker: str, lease: timedelta) -> None:
        if self.closed:
            raise StoreUnavailable("the test lets nobody join")
        await super().join(worker, lease)

    async def beat(self, lease: timedelta) -> Heartbeat:
        if self.away:
            raise StoreUnavailable("the test has taken it away")
        return await super().beat(lease)


async def test_a_worker_whose_lease_may_have_run_out_is_not_ready_until_it_beats() -> None:
    clock = ManualClock()
    store = Faint(Memory(clock.now))
    async with Engine(store, [Counter], clock=clock, limits=Limits(grace_seconds=0.0)) as engine:
        await quiet()
        await engine.check_ready()
        store.away = True
        clock.advance(LEASE - timedelta(milliseconds=1))
        await quiet()
        await engine.check_ready()
        clock.advance(timedelta(milliseconds=1))
        await quiet()
        with pytest.raises(StoreUnavailable, match="could not renew its lease"):
            await engine.check_ready()
        store.away = False
        clock.advance(timedelta(seconds=1))
        await quiet()
        await engine.check_ready()


async def test_a_worker_that_was_buried_is_not_ready_until_it_has_joined_again() -> None:
    clock = ManualClock()
    memory = Memory(clock.now)
    store = Faint(memory)
    limits = Limits(grace_seconds=0.0)
    async with Engine(store, [Counter], clock=clock, limits=limits, worker="w") as engine:
        await quiet()
        # another one buried it
        del memory.leases["w"]
        store.closed = True
        clock.advance(timedelta(seconds=Limits().heartbeat_seconds))
        await quiet()
        with pytest.raises(LeaseLost):
            await engine.check_ready()
        store.closed = False
        clock.advance(timedelta(seconds=1))
        await quiet()
        await engine.check_ready()


async def test_an_engine_that_owns_its_store_has_no_lease_to_lose() -> None:
    clock = ManualClock()
    engine = Engine(MemoryStore(), [Counter], clock=clock)
    with pytest.raises(Stopping):
        await engine.check_ready()
    async with engine:
        clock.advance(10 * LEASE)
        await engine.check_ready()
