"""What goes wrong: workers are killed or stopped past their lease, the database crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from tests.acceptance.chaos.worker import LIMITS
from tests.acceptance.chaos.workers import Slot, Workers
from tests.servers.postgres import PostgresServer
from tests.servers.programs import PostgresError

#: what asking a database can raise that is away
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
#: seconds for which a worker that is stopped is waited for to be buried; the database may be away
#: meanwhile, and then nobody buries anybody
BURIAL_SECONDS = 15.0


@dataclass(frozen=True)
class Pace:
    """Seconds between two faults of a kind, at least and at most."""

    kills: tuple[float, float] = (0.2, 3.0)
    crashes: tuple[float, float] = (5.0, 40.0)
    stops: tuple[float, float] = (3.0, 12.0)


@dataclass
class Done:
    """How often what was done."""

    kills: int = 0
    crashes: int = 0
    #: of these, in the middle of a recovery
    crashes_in_recovery: int = 0
    stops: int = 0
    #: of these, until others had buried the worker
    burials: int = 0


class Faults:
    """``async with faults.raging():`` they happen until the end of the block, which puts everything
    right again."""

    def __init__(
        self,
        workers: Workers,
        server: PostgresServer,
        dsn: str,
        chance: random.Random,
        pace: Pace,
    ) -> None:
        self.done = Done()
        self._workers = workers
        self._server = server
        self._dsn = dsn
        self._chance = chance
        self._pace = pace

    @asynccontextmanager
    async def raging(self) -> AsyncIterator[None]:
        """A fault that has begun is brought to its end before the block's end."""
        over = asyncio.Event()
        pace = self._pace
        kinds = ((pace.kills, self._kill), (pace.crashes, self._crash), (pace.stops, self._stop))
        async with asyncio.TaskGroup() as group:
            for bounds, fault in kinds:
                chance = random.Random(self._chance.random())
                group.create_task(self._again_and_again(over, bounds, chance, fault))
            try:
                yield
            finally:
                over.set()

    async def _again_and_again(
        self,
        over: asyncio.Event,
        bounds: tuple[float, float],
        chance: random.Random,
        fault: Callable[[random.Random], Awaitable[None]],
    ) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(*bounds)):
                    await over.wait()
                    return
            await fault(chance)

    # --- workers ----------------------------------------------------------------------------

    async def _kill(self, chance: random.Random) -> None:
        free = [slot for slot in self._workers.slots if not slot.is_busy and not slot.down.is_set()]
        if not free:
            return
        slot = chance.choice(free)
        slot.is_busy = True
        await self._workers.kill(slot)
        self.done.kills += 1
        await asyncio.sleep(chance.choice((0.0, 0.0, chance.uniform(0.0, 0.5))))
        self._workers.start(slot)
        slot.is_busy = False

    async def _stop(self, chance: random.Random) -> None:
        free = [slot for slot in self._workers.serving if not slot.is_busy]
        if not free:
            return
        slot = chance.choice(free)
        slot.is_busy = True
        self.done.stops += 1
        if await stopped_past_its_lease(self._workers, slot, self._dsn):
            self.done.burials += 1
        await asyncio.sleep(chance.uniform(0.0, 0.5))
        self._workers.signal(slot, signal.SIGCONT)
        slot.is_busy = False

    # --- the database -----------------------------------------------------------------------

    async def _crash(self, chance: random.Random) -> None:
        await asyncio.to_thread(self._server.stop, "immediate")
        self.done.crashes += 1
        await asyncio.sleep(chance.choice((0.0, chance.uniform(0.0, 1.0))))
        if chance.random() < 0.4 and await self._crash_in_recovery(chance):
            self.done.crashes_in_recovery += 1
        await asyncio.to_thread(self._server.start)

    async def _crash_in_recovery(self, chance: random.Random) -> bool:
        """Whether it was hit before it was ready; it is stopped in either case."""
        starting = asyncio.create_task(asyncio.to_thread(self._server.start))
        # its process is there at once, or the start has failed
        while self._server.pid is None and not starting.done():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        await asyncio.wait([starting], timeout=chance.uniform(0.0, 0.15))
        pid = self._server.pid
        if not starting.done() and pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        try:
            await starting
        except PostgresError:
            return True
        await asyncio.to_thread(self._server.stop, "immediate")
        return False


async def stopped_past_its_lease(workers: Workers, slot: Slot, dsn: str) -> bool:
    """Stops the worker, and returns once others have buried it; False where that took too long."""
    # what it is called after it was buried before is not known here: whatever of its slot's
    # process is alive
    workers.signal(slot, signal.SIGSTOP)
    slot.address, address = slot.address, slot.address
    deadline = time.monotonic() + BURIAL_SECONDS
    await asyncio.sleep(LIMITS.lease_seconds)
    buried = False
    while time.monotonic() < deadline and not buried:
        buried = slot.name not in {name.partition("#")[0] for name in await alive(dsn, slot.name)}
        await asyncio.sleep(0.05)
    assert slot.address == address
    return buried


async def alive(dsn: str, otherwise: str) -> list[str]:
    """Who has a lease; ``otherwise`` where that can't be asked."""
    try:
        db = await asyncpg.connect(dsn, timeout=2, command_timeout=2)
        try:
            return [name for (name,) in await db.fetch("SELECT id FROM workers")]
        finally:
            await db.close(timeout=2)
    except AWAY:
        return [otherwise]
