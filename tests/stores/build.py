"""Rows, entries and writes for the tests of stores; what a test does not name is made up here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from msgspec.structs import replace

from statehold.records import Entry, Message, MessageId, Ref, Row, Write
from statehold.store import Store, WriteResult, partition_of

START = datetime(2031, 5, 17, 9, 30, 0, 123456, tzinfo=UTC)

#: what the engine of these tests runs
OURS = ("order",)

#: longer than any test takes
LEASE = timedelta(minutes=5)

WRITTEN, CONFLICT, KEY_USED = WriteResult.WRITTEN, WriteResult.CONFLICT, WriteResult.KEY_USED


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def a_row(id: str = "o-1", **fields: Any) -> Row:
    given: dict[str, Any] = {
        "machine": "order",
        "id": id,
        "version": 1,
        "seq": 1,
        "rev": 1,
        "status": "running",
        "state": ("open",),
        "tags": (),
        "owners": (),
        "indexes": {},
        "created_at": START,
        "since": START,
        "changed_at": START,
        "wake_at": None,
        "held_by": (),
        "incidents": 0,
        "deadline": None,
        "document": b"{}",
    }
    return Row(**{**given, **fields})


def an_entry(row: Row, *, part: int = 0, key: str | None = None, **fields: Any) -> Entry:
    seq = fields.pop("seq", row.seq)
    return Entry(row.machine, row.id, seq, part, row.changed_at, "event", b'{"e":1}', key, **fields)


def a_message(to: str = "o-1", **fields: Any) -> Message:
    return Message(**{"to": Ref("order", to), "kind": "event", "body": b'{"m":1}', **fields})


def new(row: Row, *, key: str | None = None, **parts: Any) -> Write:
    """Starts an instance."""
    return Write(row, None, **{"entries": [an_entry(row, key=key)], **parts})


def change(
    row: Row, *, key: str | None = None, parts: dict[str, Any] | None = None, **fields: Any
) -> Write:
    """One step on from ``row``; ``fields`` are the row's, ``parts`` the write's."""
    after = replace(row, seq=row.seq + 1, rev=row.rev + 1, **fields)
    return Write(after, row.rev, **{"entries": [an_entry(after, key=key)], **(parts or {})})


async def written(store: Store, *writes: Write) -> list[Row]:
    """Commits what can't fail."""
    assert await store.commit(writes) == [WRITTEN] * len(writes)
    return [write.row for write in writes]


async def started(store: Store, *rows: Row) -> None:
    await written(store, *(new(row) for row in rows))


async def read(store: Store, id: str = "o-1", machine: str = "order") -> Row | None:
    return (await store.load([Ref(machine, id)])).get(Ref(machine, id))


async def posted(
    store: Store, *messages: Message, sender: Row | None = None, **fields: Any
) -> list[Message]:
    """Puts messages into the mailbox by a write of some instance, which gets these ``fields``, and
    returns those that are not held as stored, in the order in which they were given."""
    sender = sender or a_row("sender")
    before = await read(store, sender.id)
    write = new(replace(sender, **fields)) if before is None else change(before, **fields)
    known = {message.id for message in await mailbox(store)}
    await written(store, replace(write, messages=messages))
    there = [message for message in await mailbox(store) if message.id not in known]
    return sorted(there, key=lambda message: id_of(message).ordinal)


def id_in(partition: int) -> str:
    """The id of an order in this partition that no test uses otherwise."""
    return next(id for n in count() if partition_of("order", id := f"p-{n}") == partition)


def id_of(message: Message) -> MessageId:
    """The id of a message that came from a store."""
    assert message.id is not None
    return message.id


async def mailbox(store: Store) -> list[Message]:
    """What could be delivered at the end of time."""
    return await store.mail(None, datetime(9000, 1, 1, tzinfo=UTC), None, 1000)


def ids(rows: Sequence[Row]) -> list[str]:
    return [row.id for row in rows]
