"""Brings a PostgreSQL database to the schema that this release knows.

Migrations come in two kinds, named in their second line: those ``before`` a deploy only add, so
that the release that still runs goes on running; those ``after`` it take away what it needed, and
raise ``oldest_code``, the last migration that a release has to know to run here.

A database with nothing of ours in it is made ready by whoever opens it first. One that is older is
brought up to date by ``statehold db upgrade`` and by nobody else: that is a step of a deployment.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from statehold.errors import SchemaMismatch, SchemaOutdated
from statehold.stores.postgres_link import AnyConnection, connect, passing
from statehold.stores.queries import Migration, load_migrations

Phase = Literal["before", "after"]

#: one process at a time migrates
_LOCK = 5499273481234000
#: a migration may have to wait for traffic, and traffic behind it: not for long
_SETTINGS = "SET lock_timeout = '5s'"

_PHASE = re.compile(r"^-- phase: (before|after)$", re.MULTILINE)


class SchemaState(Struct, frozen=True):
    """``applied`` and ``pending`` are migrations' names, in order; ``oldest_code`` is the number of
    the last one that a release has to know to run on this schema, ``known`` that of the last one
    that this release knows. ``unknown`` are applied ones of a newer release."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    oldest_code: int
    known: int

    @property
    def can_run(self) -> bool:
        """This release may run on it: it lacks nothing that has to be there before."""
        return self.oldest_code <= self.known and not any(
            phase_of(migration) == "before"
            for migration in load_migrations("postgres")
            if migration.name in self.pending
        )


def phase_of(migration: Migration) -> Phase:
    """Raises ``ValueError`` for a file that does not say."""
    match = _PHASE.search(migration.sql)
    if match is None:
        raise ValueError(f"{migration.name} has no line '-- phase: before' or '-- phase: after'")
    return "before" if match[1] == "before" else "after"


async def check(dsn: str) -> SchemaState:
    """What was applied to the database, and what was not. Changes nothing."""
    async with passing():
        db = await connect(dsn, {})
        try:
            return await state_of(db)
        finally:
            await db.close()


async def upgrade(dsn: str, phase: Phase = "before") -> list[str]:
    """Applies the migrations that are to be applied before a deploy, or all of them, and gives
    their names. Each is a transaction of its own; of several that call this, one does it."""
    async with passing():
        db = await connect(dsn, {})
        try:
            return await migrate(db, phase)
        finally:
            await db.close()


async def make_ready(db: AnyConnection) -> None:
    """An empty database gets the schema. Raises ``SchemaOutdated`` where another one has to be
    upgraded, ``SchemaMismatch`` where this release is too old for it."""
    state = await state_of(db)
    if not state.applied:
        await migrate(db, "after")
        state = await state_of(db)
    if state.oldest_code > state.known:
        raise SchemaMismatch("the database", state.oldest_code, state.known)
    if not state.can_run:
        raise SchemaOutdated(state.pending)


async def state_of(db: AnyConnection) -> SchemaState:
    known = load_migrations("postgres")
    applied: list[tuple[int, str, int]] = []
    if await db.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        rows = await db.fetch(
            "SELECT number, name, oldest_code FROM schema_migrations ORDER BY number"
        )
        applied = [(row[0], row[1], row[2]) for row in rows]
    numbers = {number for number, _, _ in applied}
    last = known[-1].number
    return SchemaState(
        tuple(name for _, name, _ in applied),
        tuple(one.name for one in known if one.number not in numbers),
        tuple(name for number, name, _ in applied if number > last),
        max((oldest for _, _, oldest in applied), default=0),
        last,
    )


async def migrate(db: AnyConnection, phase: Phase) -> list[str]:
    done: list[str] = []
    await db.execute("SELECT pg_advisory_lock($1::bigint)", _LOCK)
    try:
        pending = set((await state_of(db)).pending)
        for migration in load_migrations("postgres"):
            own = phase_of(migration)
            if migration.name not in pending:
                continue
            if own == "after" and phase == "before":
                break
            async with db.transaction():
                await db.execute(_SETTINGS)
                await db.execute(migration.sql)
                await db.execute(
                    "INSERT INTO schema_migrations (number, name, oldest_code) VALUES ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.number if own == "after" else 0,
                )
            done.append(migration.name)
    finally:
        await db.execute("SELECT pg_advisory_unlock($1::bigint)", _LOCK)
    return done
