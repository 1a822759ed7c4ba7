"""How a batch of writes reaches PostgreSQL.

1. Most batches are of plain writes: one step each, that sends nothing and changes no declared
   index. They go in one statement (``advance``), which is its own transaction. What lost is missing
   in its answer.
2. Any other batch, and what was missing, goes carefully: everything that it depends on is locked
   and looked at, losers are dropped, and the rest is written, in one transaction too.
3. Rows are locked in the order of their keys, mail after rows, counters last, each in order: two
   batches wait for each other, never both ways.
4. A worker's own row is locked ``FOR KEY SHARE`` first: its burial waits for what is under way, and
   what comes after a burial finds nothing to lock and writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg

from statehold.errors import LeaseLost
from statehold.store import OVER, Entry, Message, Outcome, Ref, Row, Write
from statehold.stores.paging import microseconds
from statehold.stores.postgres_columns import (
    digest,
    in_microseconds,
    indexes_of,
    indexes_text,
    maybe_microseconds,
    message_columns,
    names_text,
    text,
    turned,
)
from statehold.stores.postgres_configurations import Configurations
from statehold.stores.postgres_link import AnyConnection, Link

#: how many rows are remembered; beyond, all are forgotten and their writes go carefully
KNOWN_LIMIT = 131_072

_ROW_WIDTH = 16


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
        self._known: dict[_Place, Known] = {}
        self.worker = ""

    def learn(self, row: Row, configuration: int) -> None:
        """A row was read or written. One that is changed elsewhere later has another ``rev``, so
        that what is remembered of it does no harm."""
        if len(self._known) >= KNOWN_LIMIT:
            self._known.clear()
        self._known[row.machine, row.id] = Known(row.rev, configuration, indexes_text(row.indexes))

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

    async def commit(self, writes: Sequence[Write]) -> list[Outcome]:
        """See :meth:`statehold.store.Store.commit`."""
        numbers = await self._configurations.numbers_of([write.row for write in writes])
        going = [
            _Going(write.row.machine, write.row.id, number, write)
            for write, number in zip(writes, numbers, strict=True)
        ]
        known = self._known_of(going)
        if known is not None:
            written = await self._advance(going, known)
            if len(written) == len(writes):
                return [Outcome.WRITTEN] * len(writes)
            going = [one for one in going if one.place not in written]
        outcomes = await self._carefully(going)
        return [
            outcomes.get((write.row.machine, write.row.id), Outcome.WRITTEN) for write in writes
        ]

    # --- plain writes -----------------------------------------------------------------------

    def _known_of(self, going: Sequence[_Going]) -> dict[_Place, Known] | None:
        """What the rows were, by place; None if any of the writes is not plain."""
        found: dict[_Place, Known] = {}
        for one in going:
            write = one.write
            known = self._known.get(one.place)
            if (
                known is None
                or known.rev != write.expected_rev
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
        self, going: Sequence[_Going], known: Mapping[_Place, Known]
    ) -> Collection[_Place]:
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
        written: Collection[_Place] = known
        if len(moved) < len(going):
            written = {(machine, id_) for machine, id_ in moved}
        for one in going:
            if one.place in written:
                was = known[one.place]
                self._known[one.place] = Known(was.rev + 1, one.configuration, was.indexes)
        return written

    # --- any writes -------------------------------------------------------------------------

    async def _carefully(self, going: Sequence[_Going]) -> dict[_Place, Outcome]:
        async with self._link.writing() as db, db.transaction():
            fence = await db.fetch(self._q["fence"], self.worker)
            if not fence:
                raise LeaseLost(self.worker)
            batch = _Batch(db, self._q, going, fence[0][0])
            await batch.find_losers()
            await batch.apply()
        for one in going:
            row = one.write.row
            if batch.outcomes[one.place] is Outcome.WRITTEN:
                self.learn(row, one.configuration)
            else:
                self._known.pop(one.place, None)
        return batch.outcomes


def _is_of(entry: Entry, row: Row) -> bool:
    """The entry tells of the step that made the row what it is."""
    at, changed_at = entry.at, row.changed_at
    return entry.seq == row.seq and (at is changed_at or at == changed_at)


def _arrays(going: Sequence[_Going], was: Sequence[Known]) -> list[list[Any]]:
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


#: an instance's machine and id
_Place = tuple[str, str]


class _Going(NamedTuple):
    """A write on its way; first what writes are sorted by, which no two of a batch share."""

    machine: str
    id: str
    configuration: int
    write: Write

    @property
    def place(self) -> _Place:
        return self[:2]


class _Was(NamedTuple):
    """A row as it was found and locked."""

    number: int
    rev: int
    configuration: int
    indexes: str | None


class _Mail(NamedTuple):
    """A message that may be taken out by a write, locked."""

    number: int
    to: Ref
    key: str | None
    sender: Ref | None
    send_id: str | None


class _Batch:
    """Writes within one transaction; ``outcomes`` tells what becomes of each."""

    def __init__(
        self,
        db: AnyConnection,
        queries: Mapping[str, str],
        going: Sequence[_Going],
        slot: int,
    ) -> None:
        self._db = db
        self._q = queries
        self._slot = slot
        self._as_given = going
        self._by_place = sorted(going)
        self.outcomes: dict[_Place, Outcome] = {one.place: Outcome.WRITTEN for one in going}
        self._rows: dict[_Place, _Was] = {}
        self._mail: dict[int, _Mail] = {}

    def _left(self, going: Sequence[_Going]) -> list[_Going]:
        """Those that have not lost."""
        return [one for one in going if self.outcomes[one.place] is Outcome.WRITTEN]

    async def find_losers(self) -> None:
        """Locks what the writes are about, and names those that do not go through."""
        await self._lock_rows()
        await self._lock_mail()
        await self._check_places()
        await self._check_keys()
        await self._insert_rows()

    async def _lock_rows(self) -> None:
        arrays = turned((one.place for one in self._by_place), 2)
        for machine, id_, *was in await self._ask("lock_rows", *arrays):
            self._rows[machine, id_] = _Was(*was)
        for one in self._by_place:
            was = self._rows.get(one.place)
            if (None if was is None else was.rev) != one.write.expected_rev:
                self.outcomes[one.place] = Outcome.CONFLICT

    async def _lock_mail(self) -> None:
        going = self._left(self._by_place)
        consumed = [number for one in going for number in one.write.consumed]
        if consumed:
            self._note_mail(await self._ask("lock_mail", consumed))
        recalled = [(*one.place, text(send_id)) for one in going for send_id in one.write.recalled]
        if recalled:
            self._note_mail(await self._ask("mail_sent", *turned(recalled, 3)))
        taken: set[int] = set()
        for one in self._left(self._as_given):
            numbers = one.write.consumed
            if len(set(numbers)) != len(numbers) or not self._mail.keys() - taken >= set(numbers):
                self.outcomes[one.place] = Outcome.CONFLICT
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

    async def _check_places(self) -> None:
        """No two entries have one place in a journal."""
        going = self._left(self._by_place)
        brought = {one.place: [_entry_place(e) for e in one.write.entries] for one in going}
        asked = turned((place for own in brought.values() for place in own), 4)
        there = {tuple(place) for place in await self._ask("places_in_journal", *asked)}
        for place, own in brought.items():
            if len(set(own)) != len(own) or not there.isdisjoint(own):
                self.outcomes[place] = Outcome.CONFLICT

    async def _check_keys(self) -> None:
        going = [(one, _keys(one.write)) for one in self._left(self._as_given)]
        brought = [key for _, own in going for key in own]
        if not brought:
            return
        arrays = turned(brought, 3)
        used = {tuple(key) for key in await self._ask("keys_in_journal", *arrays)}
        in_mail = {tuple(key): n for *key, n in await self._ask("keys_in_mailbox", *arrays)}
        for one, own in going:
            leaving = self._leaving(one.write) if own else set()
            if len(set(own)) != len(own) or any(
                key in used or in_mail.get(key, 0) not in leaving | {0} for key in own
            ):
                self.outcomes[one.place] = Outcome.KEY_USED
            else:
                # for those behind it in this batch
                used.update(own)

    async def _insert_rows(self) -> None:
        new = [one for one in self._left(self._as_given) if one.write.expected_rev is None]
        if not new:
            return
        arrays = turned(map(_row_columns, new), _ROW_WIDTH)
        for machine, id_, number in await self._ask("insert_rows", *arrays):
            self._rows[machine, id_] = _Was(number, 0, 0, None)
        for one in new:
            if one.place not in self._rows:
                self.outcomes[one.place] = Outcome.CONFLICT

    async def apply(self) -> None:
        """Writes what has not lost."""
        going = self._left(self._by_place)
        changed = [one for one in going if one.write.expected_rev is not None]
        if changed:
            await self._ask("update_rows", *turned(map(_row_columns, changed), _ROW_WIDTH))
        leaving = sorted({number for one in going for number in self._leaving(one.write)})
        if leaving:
            await self._ask("take_messages", leaving)
        released = [one.place for one in going if one.write.released]
        if released:
            await self._ask("release_messages", *turned(released, 2))
        # in the order in which they were given, since their numbers rise in it
        await self._post([m for one in self._left(self._as_given) for m in one.write.messages])
        await self._note(going)
        await self._count(going)
        await self._index(going)

    async def _post(self, messages: Sequence[Message]) -> None:
        if messages:
            await self._ask("insert_messages", *turned(map(message_columns, messages), 10))

    async def _note(self, going: Sequence[_Going]) -> None:
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
            for one in going
            for e in one.write.entries
        ]
        if entries:
            await self._ask("insert_entries", *turned(entries, 8))

    async def _count(self, going: Sequence[_Going]) -> None:
        moves: dict[int, int] = {}
        for one in going:
            was, now = self._rows[one.place].configuration, one.configuration
            if was != now:
                moves[was] = moves.get(was, 0) - 1
                moves[now] = moves.get(now, 0) + 1
        changes = [(number, change) for number, change in moves.items() if change and number]
        if changes:
            await self._ask("count_up", self._slot, *turned(changes, 2))

    async def _index(self, going: Sequence[_Going]) -> None:
        gone: list[tuple[Any, ...]] = []
        come: list[tuple[Any, ...]] = []
        for one in going:
            row = one.write.row
            old = indexes_of(self._rows[one.place].indexes).items()
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


def _entry_place(entry: Entry) -> tuple[str, str, int, int]:
    return (entry.machine, entry.id, entry.seq, entry.part)


def _row_columns(one: _Going) -> tuple[Any, ...]:
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
    """Idempotency keys that it brings, each with the instance that they belong to."""
    keys = [(e.machine, e.id, text(e.key)) for e in write.entries if e.key is not None]
    keys += [(m.to.machine, m.to.id, text(m.key)) for m in write.messages if m.key is not None]
    return keys
