"""Workers that share a store, each on a line that can be cut."""

from __future__ import annotations

import asyncio
from collections import Counter as Count
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import StoreUnavailable
from statehold.records import Ref, Row, Write
from statehold.store import Hint, WriteResult
from statehold.stores import Memory, MemoryStore
from tests.unit.engine.works import Lever, Shipping
from tests.unit.engine.world import World, quiet, signal

REF = Ref("shipping", "p-1")


LIMITS = Limits(grace_seconds=0.0)


TWO_HEARTBEATS = 2 * LIMITS.heartbeat_seconds


class Line(MemoryStore):
    """A worker's line to the store: it can be cut, and counts what goes over it."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.is_cut = False
        #: its hints are lost
        self.is_mute = False
        #: commits that are reported as failed and written when the test says so
        self.late: list[Sequence[Write]] | None = None
        #: commits wait for it
        self.passes = asyncio.Event()
        self.passes.set()
        #: errors for the next ones that join
        self.refusals: list[Exception] = []
        self.calls: Count[str] = Count()
        self.outcomes: Count[WriteResult] = Count()

    def _ready(self) -> None:
        if self.is_cut:
            raise StoreUnavailable("the line is cut")
        super()._ready()

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        self.calls["commit"] += 1
        await self.passes.wait()
        if self.late is not None:
            self.late.append(writes)
            raise StoreUnavailable("nobody knows")
        outcomes = await super().commit(writes)
        self.outcomes.update(outcomes)
        return outcomes

    async def notify(self, hint: Hint) -> None:
        self.calls["notify"] += 1
        if not self.is_mute:
            await super().notify(hint)

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        self.calls["load"] += 1
        return await super().load(refs)

    async def join(self, worker: str, lease: timedelta) -> None:
        if self.refusals:
            raise self.refusals.pop()
        await super().join(worker, lease)

    async def beat(self, lease: timedelta) -> Any:
        self.calls["beat"] += 1
        return await super().beat(lease)

    async def due(self, *arguments: Any) -> Any:
        self.calls["due"] += 1
        return await super().due(*arguments)

    async def mail(self, *arguments: Any) -> Any:
        self.calls["mail"] += 1
        return await super().mail(*arguments)

    async def next_wake(self, *arguments: Any) -> Any:
        self.calls["next_wake"] += 1
        return await super().next_wake(*arguments)

    async def orphans(self, *arguments: Any) -> Any:
        self.calls["orphans"] += 1
        return await super().orphans(*arguments)


class Company(World):
    """Workers named ``w1``, ``w2`` … on one memory, each with a line of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__("memory", path)
        self.lines: list[Line] = []

    async def hire(self, *machines: Any, **how: Any) -> tuple[Engine, Line]:
        line = Line(self.shared)
        self.lines.append(line)
        engine = await self.open(*machines, store=line, worker=f"w{len(self.lines)}", **how)
        return engine, line

    async def spend(self, seconds: float, step: float = 0.25) -> None:
        """Lets virtual time pass, and whatever happens in it."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while self.clock.now() < end:
            self.clock.set(min(end, self.clock.now() + timedelta(seconds=step)))
            await quiet()

    @property
    def alive(self) -> set[str]:
        return set(self.shared.leases)

    def holders(self, ref: Ref = REF) -> tuple[str, ...]:
        return self.shared.rows[ref].held_by


async def under_way(engine: Engine, lever: Lever) -> None:
    """``p-1`` is labelling, and its effect waits for an event that does not come."""
    lever.answers.append(asyncio.Event())
    await engine.start(Shipping, "p-1")
    await signal(lever.called)
