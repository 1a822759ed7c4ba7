"""How a batch of writes reaches PostgreSQL.

1. Most batches are of plain writes: one step each, that sends nothing and changes no declared
   index. They go in one statement (``advance``), which is its own transaction. What lost is missing
   in its answer.
2. Any other batch, and what was missing, goes the careful way (``postgres_batch``), in one
   transaction too.
3. A worker's own row is locked ``FOR KEY SHARE`` first: its burial waits for what is under way, and
   what comes after a burial finds nothing to lock and writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg

from statehold.errors import LeaseLost
from statehold.records import OVER, Entry, Row, Write
from statehold.store import Unwritable, WriteResult
from statehold.stores.columns import indexes_text, names_text, text
from statehold.stores.paging import microseconds
from statehold.stores.postgres.batch import Batch, Going, Place
from statehold.stores.postgres.columns import (
    digest,
    in_microseconds,
    turned,
)
from statehold.stores.postgres.configurations import Configurations
from statehold.stores.postgres.connections import Link

#: how many rows are remembered; beyond, all are forgotten and their writes go carefully
KNOWN_LIMIT = 131_072
#: characters of the indexes of a row that is remembered; writes of others go carefully
KNOWN_INDEXES_LIMIT = 1_000


#: what the server, and the driver before it, say of values that have no room in their columns
_UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


class Known(NamedTuple):
    """What a row was when it was last read or written."""

    rev: int
    configuration: int
    indexes: str | None


class Writer:
    """Writes over one link, as one worker."""

    def __init__(
        self, link: Link, queries: Mapping[str, str], configurations: Configurations
    ) -> None:
        self._link = link
        self._q = queries
        self._configurations = configurations
        self._known: dict[Place, Known] = {}
        self.worker = ""

    def learn(self, row: Row, configuration: int) -> None:
        """A row was read or written. One that is changed elsewhere later has another ``rev``, so
        that what is remembered of it does no harm."""
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        indexes = indexes_text(row.indexes)
        if indexes is not None and len(indexes) > KNOWN_INDEXES_LIMIT:
            self._known.pop((row.machine, row.id), None)
            return
        self._known[row.machine, row.id] = Known(row.rev, configuration, indexes)

    async def forget(self, rows: Sequence[Row]) -> list[bool]:
        """See :meth:`statehold.store.Store.forget`."""
        wanted = sorted(
            (row.machine, row.id, row.rev, microseconds(row.created_at), microseconds(row.since))
            for row in rows
        )
        listed = [
            (row.machine, name, digest(value), microseconds(row.created_at), row.id)
            for row in rows
            for name, value in row.indexes.items()
        ]
        async with self._link.reading() as db:
            found = await db.fetch(self._q["forget"], *turned(wanted, 5), *turned(listed, 5))
        gone = {(machine, id_) for machine, id_ in found}
        for place in gone:
            self._known.pop(place, None)
        return [(row.machine, row.id) in gone for row in rows]

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        """See :meth:`statehold.store.Store.commit`."""
        try:
            return await self._commit(writes)
        except _UNWRITABLE as error:
            raise Unwritable(str(error)) from error

    async def _commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        numbers = await self._configurations.numbers_of([write.row for write in writes])
        going = [
            Going(write.row.machine, write.row.id, number, write)
            for write, number in zip(writes, numbers, strict=True)
        ]
        known = self._known_of(going)
        if known is not None:
            written = await self._advance(going, known)
            if len(written) == len(writes):
                return [WriteResult.WRITTEN] * len(writes)
            going = [one for one in going if one.place not in written]
        try:
            outcomes = await self._carefully(going)
        except (LeaseLost, *_UNWRITABLE):
            if len(going) == len(writes):
                raise
            # buried between the two, say; it is lost for those that are left, and what comes next
            # is told why
            outcomes = {one.place: WriteResult.CONFLICT for one in going}
        return [
            outcomes.get((write.row.machine, write.row.id), WriteResult.WRITTEN) for write in writes
        ]

    # --- plain writes -----------------------------------------------------------------------

    def _known_of(self, going: Sequence[Going]) -> dict[Place, Known] | None:
        """What the rows were, by place; None if any of the writes is not plain."""
        found: dict[Place, Known] = {}
        for one in going:
            write = one.write
            known = self._known.get(one.place)
            if (
                known is None
                or known.rev != write.expected_rev
                or known.rev + 1 != write.row.rev
                or len(write.entries) != 1
                or write.messages
                or write.consumed
                or write.recalled
                or write.released
                or known.indexes != (indexes_text(write.row.indexes) if write.row.indexes else None)
                or not _is_of(write.entries[0], write.row)
            ):
                return None
            found[one.place] = known
        return found

    async def _advance(
        self, going: Sequence[Going], known: Mapping[Place, Known]
    ) -> Collection[Place]:
        """Where it was written; nowhere where a key was used before."""
        in_order = sorted(going)
        arrays = _arrays(in_order, [known[one.place] for one in in_order])
        try:
            async with self._link.writing() as db:
                moved = await db.fetch(self._q["advance"], self.worker, *arrays)
                if not moved and not await db.fetch(self._q["fence"], self.worker):
                    raise LeaseLost(self.worker)
        except asyncpg.UniqueViolationError:
            return ()
        written: Collection[Place] = known
        if len(moved) < len(going):
            written = {(machine, id_) for machine, id_ in moved}
        for one in going:
            if one.place in written:
                was = known[one.place]
                self._known[one.place] = Known(was.rev + 1, one.configuration, was.indexes)
        return written

    # --- any writes -------------------------------------------------------------------------

    async def _carefully(self, going: Sequence[Going]) -> dict[Place, WriteResult]:
        async with self._link.writing() as db, db.transaction():
            fence = await db.fetch(self._q["fence"], self.worker)
            if not fence:
                raise LeaseLost(self.worker)
            batch = Batch(db, self._q, going, fence[0][0])
            await batch.find_losers()
            await batch.apply()
        for one in going:
            row = one.write.row
            if batch.outcomes[one.place] is WriteResult.WRITTEN:
                self.learn(row, one.configuration)
            else:
                self._known.pop(one.place, None)
        return batch.outcomes


def _is_of(entry: Entry, row: Row) -> bool:
    """The entry tells of the step that made the row what it is."""
    at, changed_at = entry.at, row.changed_at
    return entry.seq == row.seq and (at is changed_at or at == changed_at)


def _arrays(going: Sequence[Going], was: Sequence[Known]) -> list[list[Any]]:
    """What ``advance`` takes; a column of nothing but what most rows have is left empty."""
    micros = in_microseconds()
    rows = [one.write.row for one in going]
    entries = [one.write.entries[0] for one in going]
    return [
        [row.machine for row in rows],
        [row.id for row in rows],
        [known.rev for known in was],
        [known.configuration for known in was],
        [one.configuration for one in going],
        [row.seq for row in rows],
        [micros(row.since) for row in rows],
        [micros(row.changed_at) for row in rows],
        [row.document for row in rows],
        [entry.body for entry in entries],
        _unless_empty([known.indexes for known in was]),
        _unless_empty([row.wake_at and micros(row.wake_at) for row in rows]),
        _unless_empty([names_text(row.held_by) for row in rows]),
        _unless_empty([row.incidents for row in rows]),
        _unless_empty([row.status in OVER for row in rows]),
        _unless_empty([row.deadline and micros(row.deadline) for row in rows]),
        _unless_empty([entry.part for entry in entries]),
        _unless_empty([None if entry.kind == "event" else entry.kind for entry in entries]),
        _unless_empty([text(entry.key) for entry in entries]),
        _unless_empty([entry.reply for entry in entries]),
    ]


def _unless_empty(column: list[Any]) -> list[Any]:
    return column if any(column) else []
