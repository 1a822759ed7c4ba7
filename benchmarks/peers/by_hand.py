"""The durable step that a person would write over asyncpg, and the same writes in batches.

``step``: in one transaction the row is read and locked, the document changed and written back,
and an entry added to a journal: five round trips. ``two_trips``: the row is read, then moved by
compare-and-set in one statement that adds the entry too, which is a transaction by itself; if
another was faster it is tried again. Both check the document with pydantic, on its way in and
out, as ours does. ``batch`` reads nothing, checks nothing and makes no document: 64 rows are
moved and 64 entries added by two statements and a commit.

Documents and entries are as long as ours. They are text and not jsonb, which would cost the
server more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg

from benchmarks.parcel import Parcel, Scan, note_scan

INSTANCES = 1000
BATCH = 64

SCHEMA = """
CREATE TABLE parcels (
    id text PRIMARY KEY, seq bigint NOT NULL, state text NOT NULL,
    changed_at timestamptz NOT NULL, document text NOT NULL
);
CREATE TABLE parcel_journal (
    id text NOT NULL, seq bigint NOT NULL, at timestamptz NOT NULL, body text NOT NULL,
    PRIMARY KEY (id, seq)
);
"""
READ = "SELECT seq, state, document FROM parcels WHERE id = $1"
LOCK = f"{READ} FOR UPDATE"
MOVE = """
UPDATE parcels SET seq = $2, state = $3, changed_at = now(), document = $4 WHERE id = $1
"""
NOTE = "INSERT INTO parcel_journal VALUES ($1, $2, now(), $3)"
MOVE_AND_NOTE = """
WITH moved AS (
    UPDATE parcels SET seq = seq + 1, state = $3, changed_at = now(), document = $4
    WHERE id = $1 AND seq = $2 RETURNING id, seq
)
INSERT INTO parcel_journal SELECT id, seq, now(), $5 FROM moved RETURNING seq
"""
MOVE_MANY = """
UPDATE parcels SET seq = parcels.seq + 1, state = given.state, changed_at = now(),
    document = given.document
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS given (id, seq, state, document)
WHERE parcels.id = given.id AND parcels.seq = given.seq
"""
NOTE_MANY = """
INSERT INTO parcel_journal
SELECT id, seq, now(), body
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS given (id, seq, body)
"""
NEXT = {"standing": "moving", "moving": "standing"}


class UnknownParcel(Exception):
    """There is no row of that id."""


class ByHand:
    """``document`` and ``entry`` are the bytes that a row's document and an entry have."""

    def __init__(self, pool: asyncpg.Pool, document: int, entry: int) -> None:
        self._pool = pool
        self._padding = " " * max(0, document - len(Parcel().model_dump_json()))
        self._entry = entry
        self._batches = count()

    async def step(self, id: str, event: Scan) -> tuple[int, str, Parcel]:
        """The seq, state and data after the event."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(LOCK, id)
            seq, state, parcel = _after(row, id, event)
            await connection.execute(MOVE, id, seq, state, self._document(parcel))
            await connection.execute(NOTE, id, seq, self._body(event))
        return seq, state, parcel

    async def two_trips(self, id: str, event: Scan) -> tuple[int, str, Parcel]:
        async with self._pool.acquire() as connection:
            while True:
                row = await connection.fetchrow(READ, id)
                seq, state, parcel = _after(row, id, event)
                moved = await connection.fetchval(
                    MOVE_AND_NOTE, id, seq - 1, state, self._document(parcel), self._body(event)
                )
                if moved is not None:
                    return seq, state, parcel

    async def batch(self, size: int = BATCH) -> None:
        """That many events, of instances that nothing else may move meanwhile."""
        first = next(self._batches) * size
        numbers = [(first + n) for n in range(size)]
        ids = [f"parcel-{n % INSTANCES}" for n in numbers]
        seqs = [n // INSTANCES + 1 for n in numbers]
        document, body = self._document(Parcel()), "x" * self._entry
        async with self._pool.acquire() as connection, connection.transaction():
            done = await connection.execute(
                MOVE_MANY, ids, seqs, ["moving"] * size, [document] * size
            )
            if done != f"UPDATE {size}":
                raise RuntimeError(f"a batch of {size} did not move its rows: {done}")
            await connection.execute(NOTE_MANY, ids, [seq + 1 for seq in seqs], [body] * size)

    def _document(self, parcel: Parcel) -> str:
        return parcel.model_dump_json() + self._padding

    def _body(self, event: Scan) -> str:
        return event.model_dump_json().ljust(self._entry)


def _after(row: asyncpg.Record | None, id: str, event: Scan) -> tuple[int, str, Parcel]:
    if row is None:
        raise UnknownParcel(id)
    seq, state, document = row
    parcel = Parcel.model_validate_json(document)
    note_scan(parcel, event)
    return seq + 1, NEXT[state], parcel


async def make_tables(dsn: str, document: int) -> None:
    """With a row for each instance, whose document has so many bytes."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(SCHEMA)
        await connection.execute(
            "INSERT INTO parcels SELECT 'parcel-' || n, 1, 'standing', now(), $1 "
            "FROM generate_series(0, $2) AS n",
            Parcel().model_dump_json().ljust(document),
            INSTANCES - 1,
        )
    finally:
        await connection.close()


@asynccontextmanager
async def over(dsn: str, document: int, entry: int, connections: int) -> AsyncIterator[ByHand]:
    """On a pool of so many connections; the tables are there."""
    async with asyncpg.create_pool(
        dsn, min_size=connections, max_size=connections, reset=_leave
    ) as pool:
        yield ByHand(pool, document, entry)


async def _leave(connection: asyncpg.Connection) -> None:
    """What a pool does to a connection that is given back: by default one more round trip, which
    resets what nothing here has set."""
