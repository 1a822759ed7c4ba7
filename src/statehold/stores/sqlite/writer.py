"""Commits batches of writes to a SQLite file: the hot path.

A batch is a few ``executemany`` and one commit; failed writes show in the number of changed rows.
Only then, or where writes of a batch could affect one another, each write is applied alone under a
savepoint, so that each gets its own result.

The configuration and the indexes of rows are cached: no other process writes to the file, so
reading them again at each step would give the same.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from statehold.records import AuditEntry, MessageId, Ref, Row, Write
from statehold.store import WriteResult, partition_of
from statehold.stores.columns import indexes_of, indexes_text, looked_up
from statehold.stores.paging import audit_of_gone, microseconds
from statehold.stores.sqlite.columns import (
    ConfigurationNumbers,
    entry_columns,
    message_columns,
    row_columns,
)
from statehold.stores.sqlite.security import add_audit

#: how many rows are cached; beyond, all are dropped and read again
KNOWN_LIMIT = 65_536


class Writer:
    """Writes to one open database. The caller rolls back if it raises."""

    def __init__(
        self,
        db: sqlite3.Connection,
        queries: Mapping[str, str],
        configurations: ConfigurationNumbers,
    ) -> None:
        self._db = db
        self._q = queries
        self._configurations = configurations
        self._known: dict[tuple[str, str], _Known] = {}
        self._last_place = int(db.execute(queries["last_place"]).fetchone()[0])

    def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        """One transaction; see :meth:`statehold.store.Store.commit`."""
        try:
            outcomes, learned = self._transact(writes)
        except BaseException:
            # it may be unknown whether it is on the disk: everything is read again
            self._configurations.forget()
            self._known.clear()
            raise
        if len(self._known) + len(learned) > KNOWN_LIMIT:
            self._known.clear()
        self._known.update(learned)
        return outcomes

    def forget(self, rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
        """One transaction; see :meth:`statehold.store.Store.forget`."""
        for row in rows:
            self._known.pop((row.machine, row.id), None)
        self._db.execute("BEGIN IMMEDIATE")
        gone = [not self.is_mailed(row.ref) and self._forget(row) for row in rows]
        add_audit(self._db, self._q, audit_of_gone(audit, rows, gone))
        self._db.execute("COMMIT")
        return gone

    def discard(self, ids: Sequence[MessageId]) -> None:
        """One transaction; see :meth:`statehold.store.Store.discard`."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(self._q["take_message"], map(_identity, ids))
        self._db.execute("COMMIT")

    def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        asked = self._q["is_there"]
        return {id for id in ids if self._db.execute(asked, _identity(id)).fetchone() is not None}

    def is_mailed(self, ref: Ref) -> bool:
        wanted = {"machine": ref.machine, "id": ref.id}
        return bool(self._db.execute(self._q["is_mailed"], wanted).fetchone()[0])

    def _forget(self, row: Row) -> bool:
        db, q = self._db, self._q
        created_at = microseconds(row.created_at)
        wanted = (row.machine, row.id, row.rev, created_at)
        found = db.execute(q["forgettable"], wanted).fetchone()
        if found is None:
            return False
        place, configuration, indexes = found
        age = (created_at, row.id)
        gone = [(row.machine, *pair, *age) for pair in looked_up(indexes_of(indexes))]
        db.executemany(q["delete_lookup"], gone)
        db.execute(q["count_up"], (-1, configuration))
        db.execute(q["forget_row"], (place,))
        db.execute(q["forget_aside"], (row.machine, row.id))
        db.execute(q["note_forgotten"], (place,))
        return True

    def _transact(self, writes: Sequence[Write]) -> tuple[list[WriteResult], _Learned]:
        db = self._db
        learned: _Learned = {}
        db.execute("BEGIN IMMEDIATE")
        if all(map(_is_plain, writes)):
            if self._apply(writes, learned) is WriteResult.WRITTEN:
                db.execute("COMMIT")
                return [WriteResult.WRITTEN] * len(writes), learned
            db.execute("ROLLBACK")
            self._configurations.forget()
            learned.clear()
            db.execute("BEGIN IMMEDIATE")
        outcomes = [self._apply_alone(write, learned) for write in writes]
        db.execute("COMMIT")
        return outcomes, learned

    def _apply_alone(self, write: Write, learned: _Learned) -> WriteResult:
        # outside the savepoint: a dropped write must not undo a new configuration
        self._configurations.number_of(write.row)
        self._db.execute("SAVEPOINT one_write")
        mine: _Learned = {}
        outcome = self._apply((write,), mine, is_alone=True)
        if outcome is WriteResult.WRITTEN:
            learned.update(mine)
        else:
            self._db.execute("ROLLBACK TO one_write")
        self._db.execute("RELEASE one_write")
        return outcome

    def _apply(
        self, writes: Sequence[Write], learned: _Learned, is_alone: bool = False
    ) -> WriteResult:
        """The caller undoes writes that fail. The result of a single write is its own; that of a
        batch says only that not all succeeded."""
        db, q = self._db, self._q
        batch = _Batch([], [], [], [], {}, [])
        for write in writes:
            if not self._add_row(batch, write, learned):
                return WriteResult.CONFLICT
        if batch.updates and _changed(db, q["update_row"], batch.updates) != len(batch.updates):
            return WriteResult.CONFLICT
        if batch.inserts and _changed(db, q["insert_row"], batch.inserts) != len(batch.inserts):
            return WriteResult.CONFLICT
        taken = [_identity(id) for write in writes for id in write.consumed]
        if taken and _changed(db, q["take_message"], taken) != len(taken):
            return WriteResult.CONFLICT
        if is_alone:
            (write,) = writes
            self._recall_and_release(write, learned)
            if self._uses_key_again(write):
                return WriteResult.KEY_USED
        if batch.messages:
            db.executemany(q["insert_message"], batch.messages)
        if batch.entries and _changed(db, q["insert_entry"], batch.entries) != len(batch.entries):
            return WriteResult.CONFLICT
        if not is_alone and self._uses_key_of_mailbox(writes):
            return WriteResult.KEY_USED
        add_audit(db, q, [entry for write in writes for entry in write.audit])
        self._count_and_index(batch)
        return WriteResult.WRITTEN

    def _add_row(self, batch: _Batch, write: Write, learned: _Learned) -> bool:
        """False if the row to change does not exist."""
        row = write.row
        key = (row.machine, row.id)
        configuration = self._configurations.number_of(row)
        indexes = indexes_text(row.indexes)
        columns = row_columns(row, configuration, indexes)
        if write.expected_rev is None:
            place = self._last_place = self._last_place + 1
            number, partition = secrets.randbits(63) or 1, partition_of(*key)
            was = _NOTHING
            born = (*key, partition, microseconds(row.created_at))
            batch.inserts.append((*columns, place, number, *born))
        else:
            known = self._known.get(key) or self._look_up(key)
            if known is None:
                return False
            place, number, partition, was = known.place, known.number, known.partition, known
            batch.updates.append((*columns, place, write.expected_rev))
        if was.configuration != configuration:
            moves = batch.moves
            moves[was.configuration] = moves.get(was.configuration, 0) - 1
            moves[configuration] = moves.get(configuration, 0) + 1
        if was.indexes != indexes:
            batch.reindexed.append((row, was.indexes))
        learned[key] = _Known(place, number, partition, configuration, indexes)
        for entry in write.entries:
            batch.entries.append(entry_columns(entry, place))
        for ordinal, message in enumerate(write.messages):
            batch.messages.append(message_columns(message, row, number, ordinal, partition))
        return True

    def _look_up(self, key: tuple[str, str]) -> _Known | None:
        found = self._db.execute(self._q["known_row"], key).fetchone()
        return None if found is None else _Known(*found)

    def _count_and_index(self, batch: _Batch) -> None:
        moves = [(change, number) for number, change in batch.moves.items() if change and number]
        if moves:
            self._db.executemany(self._q["count_up"], moves)
        for row, old_text in batch.reindexed:
            old, new = set(looked_up(indexes_of(old_text))), set(looked_up(row.indexes))
            age = (microseconds(row.created_at), row.id)
            gone = [(row.machine, *pair, *age) for pair in old - new]
            come = [(row.machine, *pair, *age) for pair in new - old]
            self._db.executemany(self._q["delete_lookup"], gone)
            self._db.executemany(self._q["insert_lookup"], come)

    def _recall_and_release(self, write: Write, learned: _Learned) -> None:
        row = write.row
        if write.recalled:
            number = learned[row.machine, row.id].number
            recalled = [(row.machine, row.id, send_id, number) for send_id in write.recalled]
            self._db.executemany(self._q["recall_message"], recalled)
        if write.released:
            self._db.execute(self._q["release_messages"], (row.machine, row.id))

    def _uses_key_again(self, write: Write) -> bool:
        brought = [(Ref(e.machine, e.id), e.key) for e in write.entries if e.key is not None]
        brought += [(m.to, m.key) for m in write.messages if m.key is not None]
        return len(set(brought)) != len(brought) or any(
            self._is_there("message_of_key", ref, key) or self._is_there("entry_of_key", ref, key)
            for ref, key in brought
        )

    def _uses_key_of_mailbox(self, writes: Sequence[Write]) -> bool:
        """Paused instances are few: usually no message has a key, and one query is enough."""
        return bool(self._db.execute(self._q["any_message_with_key"]).fetchone()[0]) and any(
            self._is_there("message_of_key", write.row.ref, entry.key)
            for write in writes
            for entry in write.entries
            if entry.key is not None
        )

    def _is_there(self, question: str, ref: Ref, key: str) -> bool:
        wanted = (ref.machine, ref.id, key)
        return self._db.execute(self._q[question], wanted).fetchone() is not None


class _Known(Struct, frozen=True, gc=False):
    """A row as it was last written: where, its number, partition and configuration, and its indexes
    as text."""

    place: int
    number: int
    partition: int
    configuration: int
    indexes: str | None


#: for a new row; no configuration has the number 0
_NOTHING = _Known(0, 0, 0, 0, None)

_Learned = dict[tuple[str, str], _Known]


class _Batch(NamedTuple):
    updates: list[tuple[Any, ...]]
    inserts: list[tuple[Any, ...]]
    entries: list[tuple[Any, ...]]
    messages: list[tuple[Any, ...]]
    #: by configuration, how many more instances are in it
    moves: dict[int, int]
    #: rows whose indexes changed, with the old ones' text
    reindexed: list[tuple[Row, str | None]]


def _identity(id: MessageId) -> tuple[int, int, int]:
    return (id.writer, id.rev, id.ordinal)


def _changed(db: sqlite3.Connection, statement: str, columns: list[tuple[Any, ...]]) -> int:
    return db.executemany(statement, columns).rowcount


def _is_plain(write: Write) -> bool:
    """Whether it may be applied in a batch, which loses the order of the writes."""
    return not (write.recalled or write.released or any(m.key for m in write.messages))
