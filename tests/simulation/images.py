"""What a store holds at one moment, read without the engine and without the store's own code.

One reader for each kind of store, one shape for all: times are aware UTC, bodies and documents are
plain JSON values. What is in the shape is what :mod:`tests.simulation.auditor` knows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from statehold.stores import Memory

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# both dialects have the same columns, but that a journal of SQLite has the place of its instance,
# and times as microseconds
INSTANCES = """
SELECT {number}, i.machine, i.id, i.seq, i.wake_at, i.held_by, i.incidents, i.document,
       c.version, c.status, c.state
FROM instances AS i JOIN configurations AS c ON c.number = i.configuration
ORDER BY i.created_at, i.machine, i.id
"""
JOURNAL = """
SELECT instance, seq, part, at, kind, body, key FROM journal ORDER BY instance, seq, part
"""
MAILBOX = """
SELECT writer || '.' || rev || '.' || ordinal, to_machine, to_id, kind, body, due_at,
       sender_machine, sender_id, held, key
FROM mailbox ORDER BY writer, rev, ordinal
"""


@dataclass(frozen=True)
class Line:
    """One entry of a journal."""

    seq: int
    part: int
    at: datetime
    kind: str
    body: Mapping[str, Any]
    key: str | None


@dataclass(frozen=True)
class Instance:
    """One row, with its journal in order. ``name`` is ``machine/id``."""

    name: str
    seq: int
    version: int
    status: str
    state: Sequence[str]
    wake_at: datetime | None
    held_by: Sequence[str]
    incidents: int
    document: Mapping[str, Any]
    lines: Sequence[Line]


@dataclass(frozen=True)
class Letter:
    """One message on its way. ``to`` and ``sender`` are ``machine/id``."""

    id: str
    to: str
    kind: str
    body: Mapping[str, Any]
    due_at: datetime | None
    sender: str | None
    held: bool
    key: str | None


@dataclass(frozen=True)
class Image:
    instances: Sequence[Instance]
    mail: Sequence[Letter]


def read_memory(memory: Memory) -> Image:
    journals = {
        ref: tuple(Line(e.seq, e.part, e.at, e.kind, json.loads(e.body), e.key) for e in entries)
        for ref, entries in memory.journal.items()
    }
    instances = [
        Instance(
            f"{ref.machine}/{ref.id}", row.seq, row.version, row.status, list(row.state),
            row.wake_at, row.held_by, row.incidents, json.loads(row.document),
            journals.get(ref, ()),
        )
        for ref, row in memory.rows.items()
    ]  # fmt: skip
    mail = [
        Letter(
            str(m.id), f"{m.to.machine}/{m.to.id}", m.kind, json.loads(m.body), m.due_at,
            None if m.sender is None else f"{m.sender.machine}/{m.sender.id}", m.held, m.key,
        )
        for m in memory.mail.messages.values()
    ]  # fmt: skip
    return Image(instances, mail)


def read_sqlite(path: Path) -> Image:
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        db.execute("BEGIN")
        queries = (INSTANCES.format(number="i.place"), JOURNAL, MAILBOX)
        return _image(*(db.execute(query).fetchall() for query in queries))
    finally:
        db.close()


async def read_postgres(dsn: str) -> Image:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return _image(
                await connection.fetch(INSTANCES.format(number="i.number")),
                await connection.fetch(JOURNAL),
                await connection.fetch(MAILBOX),
            )
    finally:
        await connection.close()


def _image(
    instances: Iterable[Iterable[Any]],
    journal: Iterable[Iterable[Any]],
    mailbox: Iterable[Iterable[Any]],
) -> Image:
    lines: dict[int, list[Line]] = {}
    for number, seq, part, at, kind, body, key in journal:
        lines.setdefault(number, []).append(
            Line(seq, part, _moment(at), kind, json.loads(body), key)
        )
    return Image(
        [
            Instance(
                f"{machine}/{id}", seq, version, status, json.loads(state),
                None if wake_at is None else _moment(wake_at), _names(held_by), incidents,
                json.loads(document), tuple(lines.get(number, ())),
            )
            for number, machine, id, seq, wake_at, held_by, incidents, document, version, status,
            state in instances
        ],
        [
            Letter(
                letter, f"{to_machine}/{to_id}", kind, json.loads(body),
                None if due_at is None else _moment(due_at),
                None if sender is None else f"{sender}/{sender_id}", bool(held), key,
            )
            for letter, to_machine, to_id, kind, body, due_at, sender, sender_id, held, key
            in mailbox
        ],
    )  # fmt: skip


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _names(text: str | None) -> list[str]:
    names: list[str] = [] if text is None else json.loads(text)
    return names
