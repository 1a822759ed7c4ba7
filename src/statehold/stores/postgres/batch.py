"""A batch of any writes, checked and written in one transaction of PostgreSQL.

1. Everything that the writes depend on is locked and checked; writes that fail are dropped, and the
   rest is written.
2. Rows are locked in the order of their keys, then mail, then counters, each in order, so that two
   batches never deadlock.
3. Where statements take one partition, all instances of a batch are in it. What is read or taken in
   another one is a message that was returned to its writer, or a key of another instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from statehold.records import OVER, Entry, Write
from statehold.store import WriteResult, partition_of
from statehold.stores.columns import indexes_of, indexes_text, names_text, text
from statehold.stores.paging import microseconds
from statehold.stores.postgres.columns import (
    MailKey,
    digest,
    in_microseconds,
    mail_key,
    maybe_microseconds,
    message_columns,
    turned,
)
from statehold.stores.postgres.connections import AnyConnection
from statehold.stores.postgres.numbers import InstanceNumbers
from statehold.stores.postgres.security import add_audit
from statehold.stores.postgres.statements import Partition, Statements

_ROW_WIDTH = 17

#: an instance's machine and id
RowKey = tuple[str, str]
#: an instance's machine and id, and an idempotency key
_Key = tuple[Any, ...]


class PendingWrite(NamedTuple):
    """A write to be committed. The machine and id come first: they are the order of locks, and no
    two writes of a batch share them."""

    machine: str
    id: str
    configuration: int
    write: Write

    @property
    def key(self) -> RowKey:
        return self[:2]

    @property
    def partition(self) -> int:
        return partition_of(self.machine, self.id)


class _Was(NamedTuple):
    """A row as it was when it was locked."""

    number: int
    rev: int
    configuration: int
    indexes: str | None


class _Sent(NamedTuple):
    """Whose a locked message is that can be recalled."""

    writer: int
    send_id: str


class Batch:
    """Writes within one transaction; ``outcomes`` has the result of each."""

    def __init__(
        self,
        db: AnyConnection,
        statements: Statements,
        pending: Sequence[PendingWrite],
        slot: int,
        numbers: InstanceNumbers,
        partition: Partition = None,
    ) -> None:
        self._db = db
        self._numbers = numbers
        self._q = statements
        self._slot = slot
        self._partition = partition
        self._as_given = pending
        self._by_key = sorted(pending)
        self.outcomes: dict[RowKey, WriteResult] = {one.key: WriteResult.WRITTEN for one in pending}
        self._rows: dict[RowKey, _Was] = {}
        #: locked messages, with their partitions
        self._mail: dict[MailKey, int] = {}
        self._sent: dict[MailKey, _Sent] = {}

    def _left(self, pending: Sequence[PendingWrite]) -> list[PendingWrite]:
        """Those that have not failed."""
        return [one for one in pending if self.outcomes[one.key] is WriteResult.WRITTEN]

    async def check(self) -> None:
        """Locks what the writes depend on, and marks those that fail."""
        await self._lock_rows()
        await self._lock_mail()
        await self._check_positions()
        await self._check_keys()
        await self._insert_rows()

    async def _lock_rows(self) -> None:
        arrays = turned(((*one.key, one.partition) for one in self._by_key), 3)
        for machine, id_, *was in await self._ask("lock_rows", *arrays):
            self._rows[machine, id_] = _Was(*was)
        for one in self._by_key:
            was = self._rows.get(one.key)
            if (None if was is None else was.rev) != one.write.expected_rev:
                self.outcomes[one.key] = WriteResult.CONFLICT

    async def _lock_mail(self) -> None:
        pending = self._left(self._by_key)
        consumed = sorted(
            (mail_key(id), id.partition) for one in pending for id in one.write.consumed
        )
        for partition, ids in self._q.grouped(consumed, lambda one: one[1]) if consumed else ():
            arrays = turned(((*key, place) for key, place in ids), 4)
            places = dict(ids)
            for key in map(tuple, await self._ask("lock_mail", *arrays, partition=partition)):
                self._mail[key] = places[key]
        await self._lock_sent(pending)
        taken: set[MailKey] = set()
        for one in self._left(self._as_given):
            keys = [mail_key(id) for id in one.write.consumed]
            if len(set(keys)) != len(keys) or not self._mail.keys() - taken >= set(keys):
                self.outcomes[one.key] = WriteResult.CONFLICT
            else:
                taken |= self._leaving(one)

    async def _lock_sent(self, pending: Sequence[PendingWrite]) -> None:
        recalled = sorted(
            (self._rows[one.key].number, text(send_id), *one.key)
            for one in pending
            if one.key in self._rows
            for send_id in one.write.recalled
        )
        if recalled:
            for found in await self._ask("mail_sent", *turned(recalled, 4)):
                writer, rev, ordinal, send_id, partition = found
                self._mail.setdefault((writer, rev, ordinal), partition)
                self._sent[writer, rev, ordinal] = _Sent(writer, send_id)

    def _leaving(self, one: PendingWrite) -> set[MailKey]:
        """The messages that this write takes out."""
        consumed = {mail_key(id) for id in one.write.consumed}
        if not one.write.recalled or one.key not in self._rows:
            return consumed
        number = self._rows[one.key].number
        recalled = {_Sent(number, text(send_id)) for send_id in one.write.recalled}
        return consumed | {key for key, sent in self._sent.items() if sent in recalled}

    async def _check_positions(self) -> None:
        """No two entries have the same position in a journal."""
        pending = self._left(self._by_key)
        brought = {one.key: [_entry_position(e) for e in one.write.entries] for one in pending}
        asked = turned(
            ((*place, one.partition) for one in pending for place in brought[one.key]), 5
        )
        there = {tuple(place) for place in await self._ask("places_in_journal", *asked)}
        for place, own in brought.items():
            if len(set(own)) != len(own) or not there.isdisjoint(own):
                self.outcomes[place] = WriteResult.CONFLICT

    async def _check_keys(self) -> None:
        pending = [(one, _keys(one.write)) for one in self._left(self._as_given)]
        brought = [key for _, own in pending for key in own]
        if not brought:
            return
        used: set[_Key] = set()
        in_mail: dict[_Key, MailKey] = {}
        for partition, keys in self._q.grouped(brought, lambda key: partition_of(key[0], key[1])):
            arrays = turned(((*key, partition_of(key[0], key[1])) for key in keys), 4)
            used |= set(
                map(tuple, await self._ask("keys_in_journal", *arrays, partition=partition))
            )
            in_mail |= await self._keys_in_mailbox(arrays, partition)
            if partition != self._partition:
                # a message waits in its writer's partition
                in_mail |= await self._keys_in_mailbox(arrays, self._partition)
        for one, own in pending:
            leaving = self._leaving(one) if own else set()
            if len(set(own)) != len(own) or any(
                key in used or (key in in_mail and in_mail[key] not in leaving) for key in own
            ):
                self.outcomes[one.key] = WriteResult.KEY_USED
            else:
                # for later writes of this batch
                used.update(own)

    async def _keys_in_mailbox(
        self, arrays: Sequence[Any], partition: Partition
    ) -> dict[_Key, MailKey]:
        found = await self._ask("keys_in_mailbox", *arrays, partition=partition)
        return {tuple(columns[:3]): tuple(columns[3:]) for columns in found}

    async def _insert_rows(self) -> None:
        new = [one for one in self._left(self._as_given) if one.write.expected_rev is None]
        if not new:
            return
        rows = [(*_row_columns(one), self._numbers.take()) for one in new]
        for machine, id_, number in await self._ask("insert_rows", *turned(rows, _ROW_WIDTH + 1)):
            self._rows[machine, id_] = _Was(number, 0, 0, None)
        for one in new:
            if one.key not in self._rows:
                self.outcomes[one.key] = WriteResult.CONFLICT

    async def apply(self) -> None:
        """Writes those that have not failed."""
        pending = self._left(self._by_key)
        changed = [one for one in pending if one.write.expected_rev is not None]
        if changed:
            await self._ask("update_rows", *turned(map(_row_columns, changed), _ROW_WIDTH))
        leaving = sorted({key for one in pending for key in self._leaving(one)})
        for partition, keys in self._q.grouped(leaving, self._mail.__getitem__):
            if keys:
                places = ((*key, self._mail[key]) for key in keys)
                await self._ask("take_messages", *turned(places, 4), partition=partition)
        released = [one.key for one in pending if one.write.released]
        if released:
            await self._ask("release_messages", *turned(released, 2))
        await self._post(pending)
        await self._note(pending)
        await self._count(pending)
        await self._index(pending)
        audit = [entry for one in pending for entry in one.write.audit]
        await add_audit(self._db, self._q, audit, self._partition)

    async def _post(self, pending: Sequence[PendingWrite]) -> None:
        posted = [
            message_columns(message, self._rows[one.key].number, row.rev, ordinal, partition, at)
            for one in pending
            if one.write.messages
            for row in (one.write.row,)
            for partition, at in ((one.partition, microseconds(row.changed_at)),)
            for ordinal, message in enumerate(one.write.messages)
        ]
        if posted:
            await self._ask("insert_messages", *turned(posted, 16))

    async def _note(self, pending: Sequence[PendingWrite]) -> None:
        entries = entry_arrays(
            (one.partition, self._rows[e.machine, e.id].number, e)
            for one in pending
            for e in one.write.entries
        )
        if entries:
            await self._ask("insert_entries", *entries)

    async def _count(self, pending: Sequence[PendingWrite]) -> None:
        changes = count_arrays(
            (self._rows[one.key].configuration, one.configuration) for one in pending
        )
        if changes:
            await self._ask("count_up", self._slot, *changes)

    async def _index(self, pending: Sequence[PendingWrite]) -> None:
        gone: list[tuple[Any, ...]] = []
        come: list[tuple[Any, ...]] = []
        for one in pending:
            row = one.write.row
            old = indexes_of(self._rows[one.key].indexes).items()
            new = dict(row.indexes).items()
            for pairs, into in ((old - new, gone), (new - old, come)):
                into += [
                    (
                        one.partition,
                        row.machine,
                        name,
                        digest(value),
                        microseconds(row.created_at),
                        row.id,
                    )
                    for name, value in pairs
                ]
        if gone:
            await self._ask("delete_lookups", *turned(gone, 6))
        if come:
            await self._ask("insert_lookups", *turned(come, 6))

    async def _ask(self, name: str, *arguments: Any, partition: Partition = None) -> list[Any]:
        """In the partition of the batch, unless another is given."""
        where = self._partition if partition is None else partition
        found: list[Any] = await self._db.fetch(*self._q.with_arguments(name, arguments, where))
        return found


def entry_arrays(entries: Iterable[tuple[int, int, Entry]]) -> list[list[Any]]:
    """The arguments of ``insert_entries``, for entries with the partitions and numbers of their
    instances; empty for none."""
    micros = in_microseconds()
    rows = [
        (partition, number, e.seq, e.part, micros(e.at), e.kind, e.body, text(e.key), e.reply)
        for partition, number, e in entries
    ]
    return turned(rows, 0)


def count_arrays(moves: Iterable[tuple[int, int]]) -> list[list[Any]]:
    """The changes of counts as ``count_up`` takes them, empty for none, where instances went from
    one configuration to another. 0 is that of an instance that was not there."""
    counts: dict[int, int] = {}
    for was, now in moves:
        if was != now:
            counts[was] = counts.get(was, 0) - 1
            counts[now] = counts.get(now, 0) + 1
    return turned([(number, by) for number, by in counts.items() if by and number], 0)


def _entry_position(entry: Entry) -> tuple[str, str, int, int]:
    return (entry.machine, entry.id, entry.seq, entry.part)


def _row_columns(one: PendingWrite) -> tuple[Any, ...]:
    row = one.write.row
    changed_at = microseconds(row.changed_at)
    return (
        row.machine,
        row.id,
        one.configuration,
        row.seq,
        row.rev,
        indexes_text(row.indexes),
        microseconds(row.created_at),
        microseconds(row.since),
        changed_at,
        maybe_microseconds(row.wake_at),
        names_text(row.held_by),
        row.incidents,
        changed_at if row.incidents else None,
        microseconds(row.since) if row.status in OVER else None,
        maybe_microseconds(row.deadline),
        row.document,
        one.partition,
    )


def _keys(write: Write) -> list[tuple[Any, ...]]:
    """The idempotency keys of its entries and messages, each with its instance."""
    keys = [(e.machine, e.id, text(e.key)) for e in write.entries if e.key is not None]
    keys += [(m.to.machine, m.to.id, text(m.key)) for m in write.messages if m.key is not None]
    return keys
