"""Commits batches of writes to PostgreSQL.

1. Most batches consist of plain writes: one step each, which sends nothing and changes no declared
   index. One statement (``advance``) writes them, in a transaction of its own. Writes that fail are
   missing in its result.
2. Any other batch, and failed plain writes, are checked one by one (:mod:`.batch`), in one
   transaction too.
3. The worker's fence is locked ``FOR KEY SHARE`` first: its removal waits for running commits, and
   later commits find nothing to lock and write nothing.
4. Where statements take one partition, the writes of each partition are a transaction of their own,
   and these run beside one another. Then some may be written though others can't be: these
   conflict, and the next commit of them alone raises the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import asyncpg

from statehold.errors import LeaseLost
from statehold.records import OVER, AuditEntry, Entry, Row, Write
from statehold.store import Unwritable, WriteResult, partition_of
from statehold.stores.columns import indexes_text, names_text, text
from statehold.stores.paging import microseconds
from statehold.stores.postgres.batch import (
    Batch,
    PendingWrite,
    RowKey,
    count_arrays,
    entry_arrays,
)
from statehold.stores.postgres.columns import (
    digest,
    in_microseconds,
    turned,
)
from statehold.stores.postgres.configurations import ConfigurationNumbers
from statehold.stores.postgres.connections import POOL_SIZE, AnyConnection, Connections
from statehold.stores.postgres.numbers import InstanceNumbers
from statehold.stores.postgres.security import add_audit
from statehold.stores.postgres.statements import Partition, Statements

#: how many rows are cached; beyond, all are dropped and their writes are checked
KNOWN_LIMIT = 131_072
#: characters of the indexes of a cached row; writes of others are checked
KNOWN_INDEXES_LIMIT = 1_000


#: what the server, or the driver before it, raises for values that do not fit their columns
_UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


#: of writes
_Outcomes = dict[RowKey, WriteResult]


class Known(NamedTuple):
    """A row as it was last read or written."""

    rev: int
    configuration: int
    indexes: str | None
    partition: int


class Writer:
    """Writes as one worker."""

    def __init__(
        self, link: Connections, statements: Statements, configurations: ConfigurationNumbers
    ) -> None:
        self._link = link
        self._q = statements
        self._configurations = configurations
        self._known: dict[RowKey, Known] = {}
        self._numbers = InstanceNumbers()
        self.worker = ""

    def learn(self, row: Row, configuration: int) -> None:
        """Caches a row that was read or written. If another worker changes it, its ``rev`` differs,
        and the cached one is not used."""
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        key = (row.machine, row.id)
        indexes = indexes_text(row.indexes)
        if indexes is not None and len(indexes) > KNOWN_INDEXES_LIMIT:
            self._known.pop(key, None)
            return
        was = self._known.get(key)
        partition = partition_of(row.machine, row.id) if was is None else was.partition
        self._known[key] = Known(row.rev, configuration, indexes, partition)

    async def forget(self, rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
        """See :meth:`statehold.store.Store.forget`."""
        groups = self._q.grouped(rows, lambda row: partition_of(row.machine, row.id))
        gone: set[tuple[str, str]] = set()
        for partition, group in groups:
            gone |= await self._forget(group, partition, audit)
        for place in gone:
            self._known.pop(place, None)
        return [(row.machine, row.id) in gone for row in rows]

    async def _forget(
        self, rows: Sequence[Row], partition: Partition, audit: Sequence[AuditEntry]
    ) -> set[tuple[str, str]]:
        wanted = sorted(
            (row.machine, row.id, row.rev, microseconds(row.created_at), microseconds(row.since))
            for row in rows
        )
        listed = [
            (row.machine, name, digest(value), microseconds(row.created_at), row.id)
            for row in rows
            for name, value in row.indexes.items()
        ]
        places = [partition_of(machine, id_) for machine, id_, *_ in wanted]
        arguments = (*turned(wanted, 5), *turned(listed, 5), places)
        forget = self._q.with_arguments("forget", arguments, partition)
        if not audit:
            async with self._link.reading() as db:
                return set(map(tuple, await db.fetch(*forget)))
        async with self._link.reading() as db, db.transaction():
            gone = set(map(tuple, await db.fetch(*forget)))
            entries = [entry for entry in audit if (entry.machine, entry.id) in gone]
            await add_audit(db, self._q, entries)
        return gone

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        """See :meth:`statehold.store.Store.commit`."""
        numbers = await self._configurations.numbers_of([write.row for write in writes])
        pending = [
            PendingWrite(write.row.machine, write.row.id, number, write)
            for write, number in zip(writes, numbers, strict=True)
        ]
        if self._q.spread:
            outcomes = await self._commit_groups(pending)
        else:
            outcomes = await self._commit_group(pending, None)
        if not outcomes:
            return [WriteResult.WRITTEN] * len(pending)
        return [outcomes.get(one.key, WriteResult.WRITTEN) for one in pending]

    async def _commit_groups(self, pending: Sequence[PendingWrite]) -> _Outcomes:
        groups = self._q.grouped(pending, lambda one: one.partition)
        # those that want messages of other partitions one after another, in the order of the writes
        is_one_by_one = any(
            id.partition != one.partition for one in pending for id in one.write.consumed
        )
        if is_one_by_one:
            place = {one.key: n for n, one in enumerate(pending)}
            groups.sort(key=lambda group: place[group[1][0].key])
        at_once = asyncio.Semaphore(1 if is_one_by_one else POOL_SIZE)

        async def commit(partition: Partition, group: Sequence[PendingWrite]) -> _Outcomes:
            async with at_once:
                return await self._commit_group(group, partition)

        ended = await asyncio.gather(
            *(commit(partition, group) for partition, group in groups), return_exceptions=True
        )
        found: _Outcomes = {}
        is_any_written = False
        for (_, group), outcomes in zip(groups, ended, strict=True):
            if not isinstance(outcomes, BaseException):
                found |= outcomes
                is_any_written |= WriteResult.WRITTEN in outcomes.values() or len(outcomes) < len(
                    group
                )
        # what leaves open whether something was written counts more than what says that nothing was
        for error in ended:
            if isinstance(error, BaseException) and not isinstance(error, LeaseLost | Unwritable):
                raise error
        for (partition, group), error in zip(groups, ended, strict=True):
            if isinstance(error, BaseException):
                if not is_any_written:
                    raise error
                found |= await self._commit_apart(group, partition, error)
        return found

    async def _commit_apart(
        self, pending: Sequence[PendingWrite], partition: Partition, error: BaseException
    ) -> _Outcomes:
        """Commits a partition's writes in halves where others of the batch are written already, so
        that the one that can't be keeps no other from it. What is not written conflicts; asked for
        again alone, it gets the reason."""
        if len(pending) == 1 or isinstance(error, LeaseLost):
            return {one.key: WriteResult.CONFLICT for one in pending}
        found: _Outcomes = {}
        half = len(pending) // 2
        for part in (pending[:half], pending[half:]):
            try:
                found |= await self._commit_group(part, partition)
            except (LeaseLost, Unwritable) as one:
                found |= await self._commit_apart(part, partition, one)
        return found

    async def _commit_group(
        self, pending: Sequence[PendingWrite], partition: Partition
    ) -> _Outcomes:
        """Writes of one partition, or, without ``partition``, of any. What is missing in the result
        is written."""
        try:
            return await self._commit(pending, partition)
        except _UNWRITABLE as error:
            # perhaps an instance's number was there already
            self._numbers.begin_anew()
            raise Unwritable(str(error)) from error

    async def _commit(self, pending: Sequence[PendingWrite], partition: Partition) -> _Outcomes:
        known = self._known_of(pending)
        if known is None:
            return await self._commit_checked(pending, partition)
        written = await self._advance(pending, known, partition)
        if len(written) == len(pending):
            return {}
        left = [one for one in pending if one.key not in written]
        try:
            return await self._commit_checked(left, partition)
        except (LeaseLost, *_UNWRITABLE):
            if not written:
                raise
            # the lease was lost between the two, for instance; these conflict, and the next commit
            # raises the reason
            return {one.key: WriteResult.CONFLICT for one in left}

    def _writing(self) -> AbstractAsyncContextManager[AnyConnection]:
        """The writer's connection; where each partition has a transaction, several side by side."""
        return self._link.reading() if self._q.spread else self._link.writing()

    # --- plain writes -----------------------------------------------------------------------

    def _known_of(self, pending: Sequence[PendingWrite]) -> dict[RowKey, Known] | None:
        """The cached rows by key; None if any of the writes is not plain."""
        found: dict[RowKey, Known] = {}
        for one in pending:
            write = one.write
            known = self._known.get(one.key)
            if (
                known is None
                or known.rev != write.expected_rev
                or known.rev + 1 != write.row.rev
                or len(write.entries) != 1
                or write.messages
                or write.consumed
                or write.recalled
                or write.released
                or write.audit
                or known.indexes != (indexes_text(write.row.indexes) if write.row.indexes else None)
                or not _is_of(write.entries[0], write.row)
            ):
                return None
            found[one.key] = known
        return found

    async def _advance(
        self,
        pending: Sequence[PendingWrite],
        known: Mapping[RowKey, Known],
        partition: Partition,
    ) -> Collection[RowKey]:
        """The keys of what was written; none where an idempotency key was used before."""
        in_order = sorted(pending)
        arrays = _arrays(in_order, [known[one.key] for one in in_order])
        try:
            async with self._writing() as db:
                if partition is None:
                    advance = self._q.with_arguments("advance", (self.worker, *arrays), None)
                    moved = await db.fetch(*advance)
                else:
                    moved = await self._move(db, in_order, known, arrays, partition)
                if not moved:
                    await self._slot(db, partition)
        except asyncpg.UniqueViolationError:
            return ()
        written: Collection[RowKey] = known
        if len(moved) < len(pending):
            written = {(machine, id_) for machine, id_, *_ in moved}
        for one in pending:
            if one.key in written:
                was = known[one.key]
                self._known[one.key] = Known(
                    was.rev + 1, one.configuration, was.indexes, was.partition
                )
        return written

    async def _move(
        self,
        db: AnyConnection,
        pending: Sequence[PendingWrite],
        known: Mapping[RowKey, Known],
        arrays: Sequence[Any],
        partition: int,
    ) -> list[Any]:
        """The same as ``advance``, in statements that a distributed database sends to one node."""

        async def ask(name: str, *arguments: Any) -> list[Any]:
            found: list[Any] = await db.fetch(*self._q.with_arguments(name, arguments, partition))
            return found

        async with db.transaction():
            moved = await ask("move", self.worker, *arrays)
            numbers = {(machine, id_): number for machine, id_, number, _ in moved}
            written = [one for one in pending if one.key in numbers]
            if written:
                entries = ((partition, numbers[one.key], one.write.entries[0]) for one in written)
                await ask("insert_entries", *entry_arrays(entries))
            moves = ((known[one.key].configuration, one.configuration) for one in written)
            changes = count_arrays(moves)
            if changes:
                await ask("count_up", moved[0][3], *changes)
        return moved

    # --- any writes -------------------------------------------------------------------------

    async def _commit_checked(
        self, pending: Sequence[PendingWrite], partition: Partition
    ) -> _Outcomes:
        async with self._writing() as db, db.transaction():
            slot = await self._slot(db, partition)
            batch = Batch(db, self._q, pending, slot, self._numbers, partition)
            await batch.check()
            await batch.apply()
        for one in pending:
            row = one.write.row
            if batch.outcomes[one.key] is WriteResult.WRITTEN:
                self.learn(row, one.configuration)
            else:
                self._known.pop(one.key, None)
        return batch.outcomes

    async def _slot(self, db: AnyConnection, partition: Partition) -> int:
        """This worker's slot, with its fence locked. Raises ``LeaseLost``."""
        fence = self._q.with_arguments("fence", (self.worker,), partition)
        slot: int | None = await db.fetchval(*fence)
        if slot is None:
            raise LeaseLost(self.worker)
        return slot


def _is_of(entry: Entry, row: Row) -> bool:
    """Whether the entry describes the step that produced the row."""
    at, changed_at = entry.at, row.changed_at
    return entry.seq == row.seq and (at is changed_at or at == changed_at)


def _arrays(pending: Sequence[PendingWrite], was: Sequence[Known]) -> list[list[Any]]:
    """The arguments of ``advance``; a column is empty where all rows have its usual value."""
    micros = in_microseconds()
    rows = [one.write.row for one in pending]
    entries = [one.write.entries[0] for one in pending]
    return [
        [row.machine for row in rows],
        [row.id for row in rows],
        [known.rev for known in was],
        [known.configuration for known in was],
        [one.configuration for one in pending],
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
        [known.partition for known in was],
    ]


def _unless_empty(column: list[Any]) -> list[Any]:
    return column if any(column) else []
