"""A place to run engines in: one store, one clock, engines that are opened, closed and killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from statehold.chart.machine import AMachine
from statehold.engine import Engine
from statehold.engine.clock import Clock, ManualClock
from statehold.engine.limits import Limits
from statehold.errors import StoreUnavailable
from statehold.records import Ref, Row, Write
from statehold.store import Store, WriteResult
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.wire.instances import Incident
from statehold.wire.journal import JournalEntry

#: real seconds after which a test that waits for a signal has failed
PATIENCE = 10.0
#: rounds of the loop in which everything that is due at once has happened
ROUNDS = 300


class Gate:
    """Stands before a store's commits: lets them through, refuses them, or holds them for ever."""

    def __init__(self) -> None:
        #: the store is away
        self.closed = False
        #: commits that may still pass; None: any number
        self.left: int | None = None
        self.stuck = asyncio.Event()
        self.commits: list[Sequence[Write]] = []
        #: called before each commit
        self.before: Callable[[Sequence[Write]], None] = lambda writes: None

    async def __call__(self, writes: Sequence[Write]) -> None:
        if self.closed:
            raise StoreUnavailable("the test has taken it away")
        if self.left is not None:
            if self.left == 0:
                self.stuck.set()
                await asyncio.Event().wait()
            self.left -= 1
        self.before(writes)
        self.commits.append(writes)


class GatedMemory(MemoryStore):
    gate: Gate

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        await self.gate(writes)
        return await super().commit(writes)


class GatedSqlite(SqliteStore):
    gate: Gate

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        await self.gate(writes)
        return await super().commit(writes)


class World:
    """``kind`` is ``memory`` or ``sqlite``; a world has one store, opened by one engine at a time.

    Engines run on ``clock``, which stands still, unless they are given another.
    """

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind
        self.path = path
        self.clock = ManualClock()
        self.gate = Gate()
        self._memory = GatedMemory()
        #: what several engines at a time share
        self.shared = Memory(self.clock.now)
        self._open: list[Engine] = []

    def store(self) -> Store:
        made: GatedMemory | GatedSqlite
        made = self._memory if self.kind == "memory" else GatedSqlite(self.path)
        made.gate = self.gate
        return made

    def beside(self) -> Store:
        """Another worker's opening of the store that workers share."""
        made = GatedMemory(self.shared)
        made.gate = self.gate
        return made

    async def open(
        self,
        *machines: AMachine,
        clock: Clock | None = None,
        limits: Limits | None = None,
        seed: int = 1,
        shared: bool = False,
        store: Store | None = None,
        **more: Any,
    ) -> Engine:
        """``shared``: beside others, on a store that workers share; else on this world's own, or on
        the ``store`` that is given. ``more`` goes to the engine."""
        engine = Engine(
            store or (self.beside() if shared else self.store()),
            machines,
            clock=clock or self.clock,
            limits=limits or Limits(grace_seconds=0.0),
            seed=seed,
            **more,
        )
        await engine.open()
        self._open.append(engine)
        return engine

    @asynccontextmanager
    async def running(self, *machines: AMachine, **how: Any) -> AsyncIterator[Engine]:
        """An engine, closed gracefully in the end."""
        engine = await self.open(*machines, **how)
        try:
            yield engine
        finally:
            await self.stop(engine)

    async def stop(self, engine: Engine) -> None:
        if engine in self._open:
            self._open.remove(engine)
            await engine.close()

    async def crash(self, engine: Engine) -> None:
        """As when the process dies: nothing is handed back, what was not committed is gone."""
        self._open.remove(engine)
        tasks = [
            task
            for task in (
                *engine._parts.group_commit.tasks,
                engine._parts.timer_scheduler._task.task,
                engine._parts.message_dispatcher._task.task,
                engine._parts.rescuer._task.task,
                engine._parts.rereader._task.task,
                engine._parts.effect_canceller._task.task,
                engine._parts.notifier._task.task,
                engine._parts.pruner._task.task,
                engine._parts.recorder._task.task,
                engine._parts.compactor._task.task,
                engine._parts.audit._writer.task,
                engine._parts.audit._purger.task,
                engine._parts.membership._task.task,
                engine._parts.effect_runner._task.task,
                *(attempt.task for attempt in engine._parts.effect_runner._attempts.values()),
            )
            if task is not None
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        engine._parts.effect_runner._threads.close()
        engine._parts.context.identity.takes_requests = False
        self.gate = Gate()
        # the system drops a dead process's lock; in a living one only closing the file does
        await engine._parts.store.close()

    async def rows(self, engine: Engine, *refs: tuple[str, str]) -> dict[Ref, Row]:
        return await engine._parts.store.load([Ref(*ref) for ref in refs])

    async def close(self) -> None:
        self.gate.closed = False
        self.gate.left = None
        for engine in list(self._open):
            await self.stop(engine)


async def quiet() -> None:
    """Lets everything happen that can happen now without time passing."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


async def entry(
    engine: Engine,
    machine: AMachine | str,
    id: str,
    is_it: Callable[[JournalEntry], bool],
    *,
    after: int = 0,
) -> JournalEntry:
    """Waits for a line of the journal."""
    async with asyncio.timeout(PATIENCE):
        async for line in engine.watch(machine, id, after=after):
            if is_it(line):
                return line
    raise AssertionError(f"{id} is over and no such line is in its journal")


async def kind(
    engine: Engine, machine: AMachine | str, id: str, wanted: str, *, after: int = 0
) -> JournalEntry:
    """Waits for a line of this kind."""
    return await entry(engine, machine, id, lambda line: line.kind == wanted, after=after)


async def state(
    engine: Engine, machine: AMachine | str, id: str, wanted: str, *, after: int = 0
) -> None:
    """Waits until a step leads into this state; ``after`` the one with this seq, where it has been
    there before."""
    await entry(engine, machine, id, lambda line: wanted in line.state, after=after)


async def signal(event: asyncio.Event) -> None:
    """Waits for an event that must come."""
    async with asyncio.timeout(PATIENCE):
        await event.wait()


async def journal(engine: Engine, machine: AMachine | str, id: str) -> list[JournalEntry]:
    """Every line there is."""
    lines: list[JournalEntry] = []
    after: int | None = -1
    while after is not None:
        page = await engine.journal(machine, id, after=after, limit=1000)
        lines += page.entries
        after = page.after
    return lines


async def kinds(engine: Engine, machine: AMachine | str, id: str) -> list[str]:
    return [line.kind for line in await journal(engine, machine, id)]


async def an_incident(engine: Engine, machine: AMachine | str | None = None) -> Incident:
    """The only incident there is."""
    found = (await engine.incidents(machine)).incidents
    assert len(found) == 1, found
    return found[0]
