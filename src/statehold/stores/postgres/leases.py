"""Workers: their leases, which heartbeats renew, and their fences, which commits lock.

A worker's fence is a row in partition 0, or one in each partition where statements take one. They
are put in with its lease and taken out with it. What takes one out waits for none: a worker whose
commit is running is buried by the next heartbeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import Any

import asyncpg

from statehold.errors import LeaseLost, StoreInUse, StoreUnavailable
from statehold.store import Heartbeat
from statehold.stores.postgres.connections import Connection, Connections
from statehold.stores.postgres.statements import Partition, Statements

#: two workers that join at once may choose the same slot
_JOIN_ATTEMPTS = 100


class Leases:
    def __init__(self, link: Callable[[], Connections], statements: Statements) -> None:
        self._link = link
        self._q = statements

    async def join(self, worker: str, lease: timedelta) -> None:
        """See :meth:`statehold.store.Store.join`."""
        for _ in range(_JOIN_ATTEMPTS):
            try:
                async with self._link().beating() as db, db.transaction():
                    slot = await db.fetchval(self._q["join"], worker, lease)
                    for partition in self._q.partitions:
                        await self._ask(db, "insert_fence", worker, slot, partition=partition)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name == "workers_pkey":
                    raise StoreInUse("the database", f"another worker called {worker}") from error
                await asyncio.sleep(0)
                continue
            return
        raise StoreUnavailable(f"{_JOIN_ATTEMPTS} attempts to join lost to other workers")

    async def beat(self, worker: str, lease: timedelta) -> Heartbeat:
        """See :meth:`statehold.store.Store.beat`."""
        async with self._link().beating() as db:
            found = await db.fetch(self._q["beat"], worker, lease)
            if not found or not found[0]["renewed"]:
                raise LeaseLost(worker)
            over = {row["id"] for row in found if row["is_over"]}
            # with its own lease over too, perhaps all were cut off
            now, buried = found[0]["now"], set[str]()
            if over and worker not in over:
                buried = await self._bury(db, sorted(over))
                # that took its time, and the caller compares this clock with its own
                now = await db.fetchval(self._q["clock"])
        left = [row for row in found if row["id"] not in buried]
        ends = [row["lease_until"] for row in left if row["id"] != worker]
        alive = tuple(sorted(row["id"] for row in left))
        return Heartbeat(now.astimezone(UTC), alive, min(ends, default=None))

    async def leave(self, worker: str) -> None:
        async with self._link().beating() as db, db.transaction():
            await self._remove(db, [worker])

    async def _bury(self, db: Connection, workers: Sequence[str]) -> set[str]:
        """Removes those of whom no commit is running."""
        async with db.transaction():
            dead = [id for (id,) in await db.fetch(self._q["lock_dead"], workers)]
            for worker in list(dead):
                locked = [
                    await self._ask(db, "lock_fences", worker, partition=partition)
                    for partition in self._q.partitions
                ]
                there = [
                    await self._ask(db, "fences", worker, partition=partition)
                    for partition in self._q.partitions
                ]
                if locked != there:
                    dead.remove(worker)
            if dead:
                await self._remove(db, dead)
        return set(dead)

    async def _remove(self, db: Connection, workers: Sequence[str]) -> None:
        for partition in self._q.partitions:
            await self._ask(db, "remove_fences", workers, partition=partition)
        await db.execute(self._q["leave"], workers)

    async def _ask(
        self, db: Connection, name: str, *arguments: Any, partition: Partition
    ) -> list[Any]:
        found: list[Any] = await db.fetch(*self._q.with_arguments(name, arguments, partition))
        return found
