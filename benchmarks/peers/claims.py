"""Timers by hand: rows that are due are claimed with SKIP LOCKED, 500 at a time, and moved.

The loop sleeps until the earliest moment. One statement, which is a transaction by itself, claims
rows, writes their documents anew and adds their entries, with both as long as ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

SCHEMA = """
CREATE TABLE reminders (
    id text PRIMARY KEY, seq bigint NOT NULL, state text NOT NULL, due_at timestamptz,
    changed_at timestamptz NOT NULL, document text NOT NULL
);
CREATE INDEX reminders_due ON reminders (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE reminder_journal (
    id text NOT NULL, seq bigint NOT NULL, at timestamptz NOT NULL, body text NOT NULL,
    PRIMARY KEY (id, seq)
);
"""
ARM = """
WITH armed AS (
    UPDATE reminders SET seq = seq + 1, state = 'waiting', due_at = $1, changed_at = now(),
        document = $2
    RETURNING id, seq
)
INSERT INTO reminder_journal SELECT id, seq, now(), $3 FROM armed
"""
FIRE = """
WITH due AS (
    SELECT id FROM reminders WHERE due_at <= $1 ORDER BY due_at LIMIT 500
    FOR UPDATE SKIP LOCKED
), fired AS (
    UPDATE reminders SET seq = reminders.seq + 1, state = 'idle', due_at = NULL,
        changed_at = now(), document = $2
    FROM due WHERE reminders.id = due.id RETURNING reminders.id, reminders.seq
)
INSERT INTO reminder_journal SELECT id, seq, now(), $3 FROM fired
"""
#: the moment of each row's last commit, by the server's clock, in seconds
COMMITS = "SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM reminders"


class Claims:
    def __init__(self, connection: asyncpg.Connection, document: int, entry: int) -> None:
        self._connection = connection
        self._document, self._entry = "x" * document, "x" * entry

    async def arm(self, due: datetime) -> None:
        """All of them, for that moment."""
        await self._connection.execute(ARM, due, self._document, self._entry)

    async def fire(self) -> list[float]:
        """Waits for the moment and fires what is due; when each was committed, in seconds."""
        due = await self._connection.fetchval("SELECT min(due_at) FROM reminders")
        while due is not None:
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            # the sleep may have ended a little before its time; then nothing is due yet
            while await self._fire_some():
                pass
            due = await self._connection.fetchval("SELECT min(due_at) FROM reminders")
        return [row[0] for row in await self._connection.fetch(COMMITS)]

    async def _fire_some(self) -> bool:
        done = await self._connection.execute(FIRE, datetime.now(UTC), self._document, self._entry)
        return done != "INSERT 0 0"


@asynccontextmanager
async def running(dsn: str, timers: int, document: int, entry: int) -> AsyncIterator[Claims]:
    """On new tables with a row for each timer."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(SCHEMA)
        await connection.execute(
            "INSERT INTO reminders SELECT 'reminder-' || n, 1, 'idle', NULL, now(), $1 "
            "FROM generate_series(0, $2) AS n",
            "x" * document,
            timers - 1,
        )
        yield Claims(connection, document, entry)
    finally:
        await connection.close()
