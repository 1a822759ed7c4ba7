"""A batch of any writes, checked and written in one transaction of PostgreSQL.

1. Everything that the writes depend on is locked and checked; writes that fail are dropped, and the
   rest is written.
2. Rows are locked in the order of their keys, then mail, then counters, each in order, so that two
   batches never deadlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from statehold.records import OVER, Entry, Message, Ref, Write
from statehold.store import WriteResult
from statehold.stores.columns import indexes_of, indexes_text, names_text, text
from statehold.stores.paging import microseconds
from statehold.stores.postgres.columns import (
    digest,
    in_microseconds,
    maybe_microseconds,
    message_columns,
    turned,
)
from statehold.stores.postgres.connections import AnyConnection

_ROW_WIDTH = 16

#: an instance's machine and id
RowKey = tuple[str, str]


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


class _Was(NamedTuple):
    """A row as it was when it was locked."""

    number: int
    rev: int
    configuration: int
    indexes: str | None


class _Mail(NamedTuple):
    """A locked message that a write may take out."""

    number: int
    to: Ref
    key: str | None
    sender: Ref | None
    send_id: str | None


class Batch:
    """Writes within one transaction; ``outcomes`` has the result of each."""

    def __init__(
        self,
        db: AnyConnection,
        queries: Mapping[str, str],
        pending: Sequence[PendingWrite],
        slot: int,
    ) -> None:
        self._db = db
        self._q = queries
        self._slot = slot
        self._as_given = pending
        self._by_key = sorted(pending)
        self.outcomes: dict[RowKey, WriteResult] = {one.key: WriteResult.WRITTEN for one in pending}
        self._rows: dict[RowKey, _Was] = {}
        self._mail: dict[int, _Mail] = {}

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
        arrays = turned((one.key for one in self._by_key), 2)
        for machine, id_, *was in await self._ask("lock_rows", *arrays):
            self._rows[machine, id_] = _Was(*was)
        for one in self._by_key:
            was = self._rows.get(one.key)
            if (None if was is None else was.rev) != one.write.expected_rev:
                self.outcomes[one.key] = WriteResult.CONFLICT

    async def _lock_mail(self) -> None:
        pending = self._left(self._by_key)
        consumed = [number for one in pending for number in one.write.consumed]
        if consumed:
            self._note_mail(await self._ask("lock_mail", consumed))
        recalled = [(*one.key, text(send_id)) for one in pending for send_id in one.write.recalled]
        if recalled:
            self._note_mail(await self._ask("mail_sent", *turned(recalled, 3)))
        taken: set[int] = set()
        for one in self._left(self._as_given):
            numbers = one.write.consumed
            if len(set(numbers)) != len(numbers) or not self._mail.keys() - taken >= set(numbers):
                self.outcomes[one.key] = WriteResult.CONFLICT
            else:
                taken |= self._leaving(one.write)

    def _note_mail(self, found: Iterable[Sequence[Any]]) -> None:
        for number, machine, id_, key, sender_machine, sender_id, send_id in found:
            sender = None if sender_machine is None else Ref(sender_machine, sender_id)
            self._mail[number] = _Mail(number, Ref(machine, id_), key, sender, send_id)

    def _leaving(self, write: Write) -> set[int]:
        """The messages that this write takes out."""
        if not (write.consumed or write.recalled):
            return set()
        recalled = {text(send_id) for send_id in write.recalled}
        return set(write.consumed) | {
            number
            for number, one in self._mail.items()
            if one.sender == write.row.ref and one.send_id in recalled
        }

    async def _check_positions(self) -> None:
        """No two entries have the same position in a journal."""
        pending = self._left(self._by_key)
        brought = {one.key: [_entry_position(e) for e in one.write.entries] for one in pending}
        asked = turned((place for own in brought.values() for place in own), 4)
        there = {tuple(place) for place in await self._ask("places_in_journal", *asked)}
        for place, own in brought.items():
            if len(set(own)) != len(own) or not there.isdisjoint(own):
                self.outcomes[place] = WriteResult.CONFLICT

    async def _check_keys(self) -> None:
        pending = [(one, _keys(one.write)) for one in self._left(self._as_given)]
        brought = [key for _, own in pending for key in own]
        if not brought:
            return
        arrays = turned(brought, 3)
        used = {tuple(key) for key in await self._ask("keys_in_journal", *arrays)}
        in_mail = {tuple(key): n for *key, n in await self._ask("keys_in_mailbox", *arrays)}
        for one, own in pending:
            leaving = self._leaving(one.write) if own else set()
            if len(set(own)) != len(own) or any(
                key in used or in_mail.get(key, 0) not in leaving | {0} for key in own
            ):
                self.outcomes[one.key] = WriteResult.KEY_USED
            else:
                # for later writes of this batch
                used.update(own)

    async def _insert_rows(self) -> None:
        new = [one for one in self._left(self._as_given) if one.write.expected_rev is None]
        if not new:
            return
        arrays = turned(map(_row_columns, new), _ROW_WIDTH)
        for machine, id_, number in await self._ask("insert_rows", *arrays):
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
        leaving = sorted({number for one in pending for number in self._leaving(one.write)})
        if leaving:
            await self._ask("take_messages", leaving)
        released = [one.key for one in pending if one.write.released]
        if released:
            await self._ask("release_messages", *turned(released, 2))
        # in the order of the writes, since numbers rise in it
        await self._post([m for one in self._left(self._as_given) for m in one.write.messages])
        await self._note(pending)
        await self._count(pending)
        await self._index(pending)

    async def _post(self, messages: Sequence[Message]) -> None:
        if messages:
            await self._ask("insert_messages", *turned(map(message_columns, messages), 10))

    async def _note(self, pending: Sequence[PendingWrite]) -> None:
        micros = in_microseconds()
        entries = [
            (
                self._rows[e.machine, e.id].number,
                e.seq,
                e.part,
                micros(e.at),
                e.kind,
                e.body,
                text(e.key),
                e.reply,
            )
            for one in pending
            for e in one.write.entries
        ]
        if entries:
            await self._ask("insert_entries", *turned(entries, 8))

    async def _count(self, pending: Sequence[PendingWrite]) -> None:
        moves: dict[int, int] = {}
        for one in pending:
            was, now = self._rows[one.key].configuration, one.configuration
            if was != now:
                moves[was] = moves.get(was, 0) - 1
                moves[now] = moves.get(now, 0) + 1
        changes = [(number, change) for number, change in moves.items() if change and number]
        if changes:
            await self._ask("count_up", self._slot, *turned(changes, 2))

    async def _index(self, pending: Sequence[PendingWrite]) -> None:
        gone: list[tuple[Any, ...]] = []
        come: list[tuple[Any, ...]] = []
        for one in pending:
            row = one.write.row
            old = indexes_of(self._rows[one.key].indexes).items()
            new = dict(row.indexes).items()
            for pairs, into in ((old - new, gone), (new - old, come)):
                into += [
                    (row.machine, name, digest(value), microseconds(row.created_at), row.id)
                    for name, value in pairs
                ]
        if gone:
            await self._ask("delete_lookups", *turned(gone, 5))
        if come:
            await self._ask("insert_lookups", *turned(come, 5))

    async def _ask(self, name: str, *arguments: Any) -> list[Any]:
        found: list[Any] = await self._db.fetch(self._q[name], *arguments)
        return found


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
    )


def _keys(write: Write) -> list[tuple[Any, ...]]:
    """The idempotency keys of its entries and messages, each with its instance."""
    keys = [(e.machine, e.id, text(e.key)) for e in write.entries if e.key is not None]
    keys += [(m.to.machine, m.to.id, text(m.key)) for m in write.messages if m.key is not None]
    return keys
