"""Migrates a PostgreSQL database to the schema of this release.

The second line of a migration names its phase. Those ``before`` a deploy only add, so that the old
release keeps running; those ``after`` it remove what the old release needed, and raise
``oldest_code``, the last migration that a release has to know to run here. One ``stopped`` does
both: it is applied between two releases, while no worker runs. It may have many steps
(:mod:`.steps`), and be unfinished for a while.

The first worker that opens an empty database creates the schema. An older schema is migrated by
``statehold db upgrade`` only: that is a step of a deployment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, cast

import asyncpg
from msgspec import Struct

from statehold.errors import SchemaMismatch, SchemaOutdated, StoreRefused
from statehold.stores.postgres.connections import (
    AnyConnection,
    Connection,
    connect_directly,
    in_schema,
    passing,
)
from statehold.stores.postgres.pooled import DriverConnection, quoted
from statehold.stores.postgres.progress import Report, Waiting
from statehold.stores.postgres.steps import begin, go_on, is_unfinished, stages_of
from statehold.stores.queries import Migration, load_migrations

#: what a caller wants to be applied: what the old release can live with, or all
Phase = Literal["before", "after"]

#: one process at a time migrates a schema
_LOCK = 5499273481234000
_TAKE_LOCK = "SELECT pg_advisory_lock(hashtextextended($1, $2))"
_TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, $2))"
_RELEASE_LOCK = "SELECT pg_advisory_unlock(hashtextextended($1, $2))"
#: a migration waits for running transactions, and new ones wait behind it: only briefly
_SETTINGS = "SET LOCAL lock_timeout = '5s'"
#: those of the role or the database are for short statements
_SESSION = {
    "default_transaction_isolation": "read committed",
    "application_name": "statehold db upgrade",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}

_PHASE = re.compile(r"^-- phase: (before|stopped|after)$", re.MULTILINE)


class SchemaState(Struct, frozen=True):
    """``applied`` and ``pending`` are migrations' names, in order; ``oldest_code`` is the number of
    the last one that a release has to know to run on this schema, ``known`` that of the last one
    that this release knows. ``unknown`` are applied ones of a newer release. ``unfinished`` is the
    one of ``pending`` that has begun."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    oldest_code: int
    known: int
    unfinished: str | None = None

    @property
    def can_run(self) -> bool:
        """Whether this release can run on it: all migrations before a deploy are applied."""
        return self.oldest_code <= self.known and all(
            phase_of(migration) == "after"
            for migration in load_migrations("postgres")
            if migration.name in self.pending
        )


def phase_of(migration: Migration) -> Literal["before", "stopped", "after"]:
    """Raises ``ValueError`` for a file without a phase."""
    match = _PHASE.search(migration.sql)
    if match is None:
        raise ValueError(
            f"{migration.name} has no line '-- phase: before', '-- phase: stopped' or "
            "'-- phase: after'"
        )
    return cast(Literal["before", "stopped", "after"], match[1])


def say_nothing(_: object) -> None:
    """Where nobody watches a migration."""


async def check(dsn: str, schema: str | None = None) -> SchemaState:
    """The applied and the pending migrations. Changes nothing. ``dsn`` is the server's own address,
    ``schema`` as in :class:`statehold.stores.StoreOptions`."""
    async with passing():
        db = await connect_directly(dsn, in_schema(schema))
        try:
            return await state_of(db)
        finally:
            await db.close()


async def upgrade(
    dsn: str,
    phase: Phase = "before",
    *,
    schema: str | None = None,
    report: Report = say_nothing,
) -> list[str]:
    """Applies the migrations before a deploy, or all of them, and returns their names; goes on with
    one that is unfinished. Of several callers, one at a time migrates. The address and the schema
    are those of :func:`check`; a schema that is not there is created. ``report`` is called with
    what happens. Raises ``StoreRefused`` where a worker runs that has to be stopped."""
    async with passing():
        settings = {**_SESSION, **in_schema(schema)}
        db = await connect_directly(dsn, settings)
        helper: Connection | None = None
        try:
            await create_schema(db, schema)
            helper = await connect_directly(dsn, settings)
            return await migrate(db, phase, report, helper)
        finally:
            await db.close()
            if helper is not None:
                await helper.close()


async def make_ready(db: DriverConnection, schema: str | None = None) -> None:
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
        raise SchemaOutdated(state.pending, state.unfinished)


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
    oldest_code = max((oldest for _, _, oldest in applied), default=0)
    last = known[-1].number
    unfinished = applied.pop() if await is_unfinished(db) else None
    numbers = {number for number, _, _ in applied}
    return SchemaState(
        tuple(name for _, name, _ in applied),
        tuple(one.name for one in known if one.number not in numbers),
        tuple(name for number, name, _ in applied if number > last),
        oldest_code,
        last,
        None if unfinished is None else unfinished[1],
    )


async def migrate(
    db: DriverConnection,
    phase: Phase,
    report: Report = say_nothing,
    helper: DriverConnection | None = None,
) -> list[str]:
    """As :func:`upgrade`, on this connection, and on a second one what can be done beside it."""
    place = await db.fetchval("SELECT current_schema()::text")
    await _take_turn(db, place, report)
    try:
        state = await state_of(db)
        if state.applied:
            both = [db] if helper is None else [db, helper]
            return await _apply(both, state, phase, report)
        await _check_free(db)
        # all at once: a server that is killed meanwhile leaves an empty database
        async with db.transaction():
            return await _apply([db], state, phase, say_nothing)
    finally:
        # also where its connection was lost: the error that ended it is the one to be seen
        if not db.is_closed():
            await db.execute(_RELEASE_LOCK, place, _LOCK)


async def create_schema(db: DriverConnection, schema: str | None) -> None:
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


async def _take_turn(db: DriverConnection, place: str, report: Report) -> None:
    if not await db.fetchval(_TRY_LOCK, place, _LOCK):
        report(Waiting())
        await db.execute(_TAKE_LOCK, place, _LOCK)


async def _apply(
    connections: Sequence[DriverConnection], state: SchemaState, phase: Phase, report: Report
) -> list[str]:
    done: list[str] = []
    for migration in load_migrations("postgres"):
        if migration.name not in state.pending:
            continue
        if phase_of(migration) == "after" and phase == "before":
            break
        if migration.name != state.unfinished:
            await _begin(connections[0], migration)
        if stages_of(migration):
            await go_on(connections, migration, report)
        done.append(migration.name)
    return done


async def _begin(db: DriverConnection, migration: Migration) -> None:
    """Applies a migration, or the first step of it."""
    phase, stages = phase_of(migration), stages_of(migration)
    async with db.transaction():
        await db.execute(_SETTINGS)
        if phase == "stopped":
            await _check_stopped(db, migration)
        try:
            await (begin(db, stages) if stages else db.execute(migration.sql))
        except asyncpg.DuplicateTableError as error:
            raise StoreRefused(
                f"{migration.name} needs a name that another program's table or index has: "
                f"{error}; rename that one"
            ) from error
        await db.execute(
            "INSERT INTO schema_migrations (number, name, oldest_code) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            0 if phase == "before" else migration.number,
        )


_ALIVE = """
SELECT id, coalesce(to_char(lease_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'),
                    lease_until::text) AS until
FROM workers WHERE lease_until > clock_timestamp() ORDER BY lease_until, id LIMIT 20
"""


async def _check_stopped(db: DriverConnection, migration: Migration) -> None:
    """Refuses while a worker is alive; until the end of the transaction, none can join."""
    await db.execute("LOCK TABLE workers IN ACCESS EXCLUSIVE MODE")
    if alive := await db.fetch(_ALIVE):
        names = ", ".join(f"{row['id']} (until {row['until']})" for row in alive)
        raise StoreRefused(
            f"{migration.name} is applied while no server or worker runs, and these have leases: "
            f"{names}; stop them, and run this again. The lease of one that was killed runs out "
            "at the time beside it; DELETE FROM workers WHERE id = '…' removes one of a worker "
            "that is surely gone"
        )


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


async def _check_free(db: DriverConnection) -> None:
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
