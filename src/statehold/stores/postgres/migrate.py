"""Migrates a PostgreSQL database to the schema of this release.

The second line of a migration names its phase. Those ``before`` a deploy only add, so that the old
release keeps running; those ``after`` it remove what the old release needed, and raise
``oldest_code``, the last migration that a release has to know to run here.

The first worker that opens an empty database creates the schema. An older schema is migrated by
``statehold db upgrade`` only: that is a step of a deployment.
"""

from __future__ import annotations

import re
from typing import Literal

import asyncpg
from msgspec import Struct

from statehold.errors import SchemaMismatch, SchemaOutdated, StoreRefused
from statehold.stores.postgres.connections import (
    AnyConnection,
    connect_directly,
    in_schema,
    passing,
)
from statehold.stores.postgres.pooled import quoted
from statehold.stores.queries import Migration, load_migrations

Phase = Literal["before", "after"]

#: one process at a time migrates a schema
_LOCK = 5499273481234000
_TAKE_LOCK = "SELECT pg_advisory_lock(hashtextextended($1, $2))"
_RELEASE_LOCK = "SELECT pg_advisory_unlock(hashtextextended($1, $2))"
#: a migration waits for running transactions, and new ones wait behind it: only briefly
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
        """Whether this release can run on it: all migrations before a deploy are applied."""
        return self.oldest_code <= self.known and not any(
            phase_of(migration) == "before"
            for migration in load_migrations("postgres")
            if migration.name in self.pending
        )


def phase_of(migration: Migration) -> Phase:
    """Raises ``ValueError`` for a file without a phase."""
    match = _PHASE.search(migration.sql)
    if match is None:
        raise ValueError(f"{migration.name} has no line '-- phase: before' or '-- phase: after'")
    return "before" if match[1] == "before" else "after"


async def check(dsn: str, schema: str | None = None) -> SchemaState:
    """The applied and the pending migrations. Changes nothing. ``dsn`` is the server's own address,
    ``schema`` as in :class:`statehold.stores.StoreOptions`."""
    async with passing():
        db = await connect_directly(dsn, in_schema(schema))
        try:
            return await state_of(db)
        finally:
            await db.close()


async def upgrade(dsn: str, phase: Phase = "before", *, schema: str | None = None) -> list[str]:
    """Applies the migrations before a deploy, or all of them, and returns their names. Each is a
    transaction of its own; of several callers, one at a time migrates. The addresses are those of
    :func:`check`; a schema that is not there is created."""
    async with passing():
        db = await connect_directly(dsn, in_schema(schema))
        try:
            await create_schema(db, schema)
            return await migrate(db, phase)
        finally:
            await db.close()


async def make_ready(db: AnyConnection, schema: str | None = None) -> None:
    """Creates the schema that the store is to have, and its tables where there are none. Raises
    ``SchemaOutdated`` for tables that have to be upgraded, ``SchemaMismatch`` where this release is
    too old for them."""
    await create_schema(db, schema)
    state = await state_of(db)
    if not state.applied:
        await migrate(db, "after")
        state = await state_of(db)
    if state.oldest_code > state.known:
        raise SchemaMismatch("the database", state.oldest_code, state.known)
    if not state.can_run:
        raise SchemaOutdated(state.pending)


async def state_of(db: AnyConnection) -> SchemaState:
    """Raises ``StoreRefused`` for a database that Statehold can't use as it is."""
    await _check_usable(db)
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
    place = await db.fetchval("SELECT current_schema()::text")
    await db.execute(_TAKE_LOCK, place, _LOCK)
    try:
        state = await state_of(db)
        pending = set(state.pending)
        if not state.applied:
            await _check_free(db)
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
        await db.execute(_RELEASE_LOCK, place, _LOCK)
    return done


async def create_schema(db: AnyConnection, schema: str | None) -> None:
    """Creates the schema of this name, unless it is there. Raises ``StoreRefused`` where the role
    may not."""
    if schema is None or await _is_there(db, schema):
        return
    await db.execute(_TAKE_LOCK, schema, _LOCK)
    try:
        # several workers may be the first
        if not await _is_there(db, schema):
            await db.execute(f"CREATE SCHEMA {quoted(schema)}")
    except asyncpg.InsufficientPrivilegeError as error:
        user, database = await db.fetchrow("SELECT current_user, current_database()") or ("", "")
        raise StoreRefused(
            f"there is no schema {schema!r}, and the role {user} may not create one; "
            f"CREATE SCHEMA {quoted(schema)} AUTHORIZATION {quoted(user)}, or GRANT CREATE ON "
            f"DATABASE {quoted(database)} TO {quoted(user)}"
        ) from error
    finally:
        await db.execute(_RELEASE_LOCK, schema, _LOCK)


async def _is_there(db: AnyConnection, schema: str) -> bool:
    return bool(await db.fetchval("SELECT true FROM pg_namespace WHERE nspname = $1", schema))


# --- whether Statehold can use a database ---------------------------------------------------

#: the way out where other programs use the database
_OWN_PLACE = "give Statehold a database of its own, or a schema, such as --schema statehold"
_MADE = re.compile(r"^CREATE (?:UNIQUE )?(?:TABLE|INDEX|SEQUENCE|VIEW) (\w+)", re.MULTILINE)

_PLACE = """
SELECT current_setting('server_encoding') AS encoding,
       current_setting('search_path') AS path,
       current_schema() AS schema,
       ARRAY(SELECT attname::text FROM pg_attribute
             WHERE attrelid = to_regclass('schema_migrations') AND attnum > 0) AS columns
"""


async def _check_usable(db: AnyConnection) -> None:
    place = await db.fetchrow(_PLACE)
    assert place is not None
    if place["encoding"] != "UTF8":
        raise StoreRefused(
            f"the database has the encoding {place['encoding']}, which can't hold every text; "
            "create one with ENCODING 'UTF8' TEMPLATE template0"
        )
    if place["schema"] is None:
        raise StoreRefused(
            f"no schema of the search_path, {place['path'] or 'which is empty'}, is there or may "
            "be used; create it, GRANT USAGE on it, or set the search_path of the role"
        )
    if place["columns"] and not {"number", "name", "oldest_code"}.issubset(place["columns"]):
        raise StoreRefused(
            "the database has a table schema_migrations of another program, with the columns "
            f"{', '.join(place['columns'])}; {_OWN_PLACE}"
        )


async def _check_free(db: AnyConnection) -> None:
    """Refuses before anything is created where not everything can be."""
    made = [name for one in load_migrations("postgres") for name in _MADE.findall(one.sql)]
    schema, user, may_create = await db.fetchrow(
        "SELECT current_schema(), current_user, has_schema_privilege(current_schema(), 'CREATE')"
    ) or ("", "", False)
    if not may_create:
        raise StoreRefused(
            f"the role {user} may not create tables in the schema {schema}; GRANT CREATE ON SCHEMA "
            f"{schema} TO {user}, or let a role that may run `statehold db upgrade`"
        )
    taken = await db.fetch(
        "SELECT relname::text FROM pg_class WHERE relname = ANY($1::text[]) AND relnamespace = "
        "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY relname",
        made,
    )
    if taken:
        names = ", ".join(row[0] for row in taken)
        raise StoreRefused(
            f"the schema {schema} has {names} of another program, and Statehold's tables and "
            f"indexes have the same names; {_OWN_PLACE}"
        )
