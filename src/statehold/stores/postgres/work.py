"""Finds rows that have something to do: timers that are due, work of workers that are gone, rows
that are set aside, and what is over.

Where statements take one partition, a page is made of what each partition would give first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from statehold.records import Ref, Row
from statehold.store import Aside, Page, partition_of
from statehold.stores.columns import holders_of, plain, text
from statehold.stores.paging import (
    EARLIEST,
    cursor_of,
    microseconds,
    moment,
    page_size,
    position_of,
)
from statehold.stores.postgres.columns import Columns
from statehold.stores.postgres.reader import Reader
from statehold.stores.postgres.statements import Partition

#: how many holders one question looks at; the next one goes on behind them
HOLDERS = 1_000


class Work:
    """``rows`` makes rows of their columns, ``workers`` gives those that are alive."""

    def __init__(
        self,
        reader: Reader,
        rows: Callable[[Sequence[Columns]], Awaitable[list[Row]]],
        workers: Callable[[], Awaitable[tuple[str, ...]]],
    ) -> None:
        self._reader = reader
        self._rows = rows
        self._workers = workers
        #: where the next question for holders begins, by partition
        self._holder: dict[Partition, str] = {}
        #: where the next sweep begins
        self._swept = 0

    async def due(
        self, machines: Sequence[str], now: datetime, limit: int, until: datetime | None
    ) -> list[Row]:
        wanted = list(dict.fromkeys(machines))
        at, size = microseconds(now), page_size(limit)
        if self._reader.statements.spread:
            return await self._due_of_partitions(wanted, at, size, until)
        if until is None:
            return await self._rows(await self._reader.fetch("due", wanted, at, size))
        most = [size] * len(wanted)
        claim = (wanted, at, size, microseconds(until), most)
        return await self._in_order(await self._reader.fetch("claim_due", *claim))

    async def _in_order(self, found: Iterable[Columns]) -> list[Row]:
        """UPDATE returns rows in no order: by wake_at and number."""
        return await self._rows(sorted(found, key=lambda columns: (columns[9], columns[14])))

    async def _due_of_partitions(
        self, machines: Sequence[str], now: int, size: int, until: datetime | None
    ) -> list[Row]:
        found = await self._reader.everywhere("places_due", machines, now, size, until is not None)
        page = first_of_each(found, size)
        if until is None:
            refs = [Ref(columns[0], columns[3]) for columns in page]
            rows = {row.ref: row for row in await self._load(refs)}
            return [rows[ref] for ref in refs if ref in rows]
        claimed: list[Columns] = []
        places = self._reader.statements.grouped(page, lambda one: partition_of(one[0], one[3]))
        for partition, group in places:
            most: dict[str, int] = {}
            for machine, *_ in group:
                most[machine] = most.get(machine, 0) + 1
            claim = (list(most), now, len(group), microseconds(until), list(most.values()))
            claimed += await self._reader.fetch("claim_due", *claim, partition=partition)
        return await self._in_order(claimed)

    async def _load(self, refs: Iterable[Ref]) -> list[Row]:
        return await self._rows(await self._reader.of_refs("load_rows", refs))

    async def next_wake(self, machines: Sequence[str], after: datetime | None) -> datetime | None:
        since = EARLIEST if after is None else microseconds(after)
        found = await self._reader.everywhere("next_wake", list(dict.fromkeys(machines)), since)
        at = min((at for (at,) in found if at is not None), default=None)
        return None if at is None else moment(at)

    async def orphans(
        self, machines: Sequence[str], alive: Sequence[str] | None, limit: int
    ) -> list[Row]:
        wanted, size = list(dict.fromkeys(machines)), page_size(limit)
        holders = {
            partition: await self._holders(partition)
            for partition in self._reader.statements.partitions
        }
        # read afterwards: a worker that joined before its first write is among them
        living = set(await self._workers() if alive is None else alive)
        found: list[Columns] = []
        for partition, names in holders.items():
            for held_by in names:
                if len(found) < size and not living.issuperset(holders_of(held_by)):
                    asked = (wanted, held_by, size - len(found))
                    found += await self._reader.fetch("rows_held_by", *asked, partition=partition)
        return await self._rows(found)

    async def _holders(self, partition: Partition) -> list[str]:
        """Who holds rows: one seek for each, along the index. If there are very many, the next call
        has the next ones."""
        names: list[str] = []
        last = self._holder.pop(partition, "")
        for _ in range(HOLDERS):
            page = await self._reader.fetch("next_holder", last, partition=partition)
            if not page:
                return names
            ((last,),) = page
            names.append(last)
        self._holder[partition] = last
        return names

    # --- rows that can't be read ------------------------------------------------------------

    async def set_aside(self, rows: Sequence[tuple[Row, Aside]]) -> None:
        marked = sorted(
            (
                row.machine,
                row.id,
                row.rev,
                microseconds(aside.since),
                text(aside.why),
                partition_of(row.machine, row.id),
            )
            for row, aside in rows
        )
        await self._reader.of_items("set_aside", marked, lambda one: one[5], lambda one: one, 6)

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        return {
            Ref(machine, id_): Aside(moment(since), plain(why) or "")
            for machine, id_, since, why in await self._reader.of_refs("asides", refs)
        }

    async def set_aside_rows(
        self, machines: Sequence[str], after: Ref | None, limit: int
    ) -> list[Row]:
        place = ("", "") if after is None else (after.machine, after.id)
        size = page_size(limit)
        wanted = (list(dict.fromkeys(machines)), *place, size)
        found = await self._reader.everywhere("set_aside_rows", *wanted)
        found.sort(key=lambda columns: (columns[0].encode(), columns[1].encode()))
        return await self._rows(found[:size])

    # --- what is over -----------------------------------------------------------------------

    async def finished(
        self,
        machine: str,
        before: datetime,
        limit: int,
        cursor: str | None,
        now: datetime | None,
        until: datetime | None,
    ) -> Page:
        last = (EARLIEST, "") if cursor is None else position_of(cursor)
        size = page_size(limit)
        found = await self._reader.fetch("finished", machine, microseconds(before), *last, size)
        end = None if len(found) < size else cursor_of((found[-1][7], found[-1][1]))
        if now is not None and until is not None:
            wanted = sorted((one[0], one[1], one[4], partition_of(one[0], one[1])) for one in found)
            claim = (microseconds(now), microseconds(until))
            claimed = await self._reader.of_items(
                "claim_finished", wanted, lambda one: one[3], lambda one: one, 4, *claim
            )
            own = set(map(tuple, claimed))
            found = [columns for columns in found if (columns[0], columns[1]) in own]
        return Page(tuple(await self._rows(found)), end)

    async def sweep(self, limit: int) -> int:
        """Of one partition; where there is nothing, of the next one."""
        statements, size = self._reader.statements, page_size(limit)
        for _ in statements.partitions:
            partition = statements.partitions[self._swept]
            swept = await self._sweep(size, partition)
            if swept:
                return swept
            self._swept = (self._swept + 1) % len(statements.partitions)
        return 0

    async def _sweep(self, size: int, partition: Partition) -> int:
        ask = self._reader.statements.with_arguments
        async with self._reader.link().reading() as db, db.transaction():
            found = await db.fetch(*ask("lock_forgotten", (size,), partition))
            locked = [number for (number,) in found]
            if not locked:
                return 0
            swept = await db.fetchval(*ask("sweep", (locked, size), partition))
            await db.execute(*ask("swept", (locked,), partition))
        return int(swept)


def first_of_each(places: Sequence[Columns], size: int) -> list[Columns]:
    """Of (machine, wake_at, number, …) the first of each machine, then the second of each, and so
    on, ``size`` at most; by wake_at and number."""
    by_machine: dict[str, list[Any]] = {}
    for columns in sorted(places, key=lambda one: (one[1], one[2])):
        by_machine.setdefault(columns[0], []).append(columns)
    placed = sorted(
        ((place, columns[1], columns[2]), columns)
        for own in by_machine.values()
        for place, columns in enumerate(own)
    )
    page = [columns for _, columns in islice(placed, size)]
    return sorted(page, key=lambda one: (one[1], one[2]))
