"""Connections to a PostgreSQL server: opened, shared, and replaced when they fail.

1. One connection is the writer's. Commits go through it one after another, so a batch never waits
   for a free connection, and its prepared statements are always there.
2. Reads share a small pool. Sessions are never changed, so nothing is reset between two uses.
3. One connection renews the lease and listens for hints. No read delays a heartbeat, and a lost
   connection is replaced at the next heartbeat.
4. An error that may pass is ``StoreUnavailable``. What only a person can correct, such as a wrong
   password or a missing database, is ``StoreRefused`` while the store is opened. Once it was open,
   such an error may pass too, and is ``StoreUnavailable``: requests fail, and tasks retry.
   After a failover the address may name a read-only server: such connections are dropped, and
   the next one resolves the address again.
5. With a direct address beside it, the store's own is one of a pooler, which lends a connection
   for one transaction at a time: the writer and the reads go there (:mod:`.pooled`). What belongs
   to a session goes to the server itself: heartbeats, hints and migrations. Without a direct
   address, a pooler is refused when the store is opened.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import asyncpg

from statehold.errors import StoreRefused, StoreUnavailable
from statehold.stores.address import StoreOptions
from statehold.stores.postgres.pooled import (
    DriverConnection,
    InTransaction,
    beginning_of,
    cut,
    in_transaction,
    quoted,
)

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    #: one of the driver's, or a transaction on it
    AnyConnection: TypeAlias = DriverConnection | InTransaction
else:
    Connection = Pool = AnyConnection = Any

OLDEST_SERVER = 13

#: Every statement has to use an index. Plans are made once for all values, and not from
#: statistics, which are wrong just when a table begins to grow; with nested loops, rows are locked
#: in the order of the arguments.
PLANNING = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
}

#: The same where each statement takes one partition: a distributed database finds its node while it
#: plans, and has to know the values for that.
PLANNING_BY_VALUES = {**PLANNING, "plan_cache_mode": "force_custom_plan"}

#: a setting that each session is started with, and that a pooler does not let through
_SESSION = {"plan_cache_mode": "force_generic_plan"}

#: seconds
CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 15.0
#: the server cancels a statement a little before this side does, with a reason
SERVER_STATEMENT_SECONDS = 12.0
#: how long a statement waits for a lock; all other commits wait behind it
LOCK_SECONDS = 3.0
#: how long a read waits for a connection of the pool
POOL_SECONDS = 5.0
POOL_SIZE = 8

#: errors that may pass: the server stops, starts, fails over, is full or too busy
_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # raised where a connection was cut in the middle of a message
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,
    # a lock that can't be had, a database that takes no connections
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
    asyncpg.exceptions.TargetServerAttributeNotMatched,
    # a migration has changed a table since a statement was prepared; the next preparation works
    asyncpg.exceptions.InvalidCachedStatementError,
    asyncpg.exceptions.OutdatedSchemaCacheError,
    # a fault of the server or of its files
    asyncpg.exceptions.InternalServerError,
    OSError,
    TimeoutError,
)
#: errors that only the operator can correct
_LASTING = (
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.InsufficientPrivilegeError,
    # the database was created again, or tables were dropped
    asyncpg.exceptions.UndefinedTableError,
    asyncpg.exceptions.UndefinedColumnError,
    asyncpg.exceptions.UndefinedFunctionError,
    asyncpg.exceptions.UndefinedObjectError,
    asyncpg.exceptions.InvalidSchemaNameError,
)
#: a statement that was prepared is on another session now, or was prepared on this one by another
_MIXED_SESSIONS = (
    asyncpg.exceptions.InvalidSQLStatementNameError,
    asyncpg.exceptions.DuplicatePreparedStatementError,
)


class Connections:
    """``dsn`` is a PostgreSQL address as libpq takes it; ``pool_size`` connections serve reads,
    beside the writer's and that of heartbeats. ``planning``: settings of the planner."""

    def __init__(
        self,
        dsn: str,
        worker: str,
        pool_size: int,
        options: StoreOptions,
        planning: Mapping[str, str] = PLANNING,
    ) -> None:
        self._dsn = dsn
        self._direct = options.server(dsn)
        self._is_pooled = options.direct_store is not None
        #: what begins each transaction of a pooler
        self._beginning = ""
        self._schema = options.schema
        self._planning = planning
        self._name = f"statehold {worker}"[:63]
        self._pool_size = pool_size
        self._pool: Pool | None = None
        self._writer: Connection | None = None
        self._writing = asyncio.Lock()
        self._beater: Connection | None = None
        self._beating = asyncio.Lock()
        self._listens = False
        #: the schema that the tables are in, known once it is open
        self.schema = ""
        #: the store was open once: a refusal from now on may pass
        self.was_open = False

    async def open(self, make_ready: Callable[[Connection], Awaitable[None]]) -> None:
        """``make_ready`` sees to the tables, on a connection to the server itself. Raises
        ``StoreRefused`` where retrying would not help, else ``StoreUnavailable``."""
        try:
            async with passing():
                beater = self._beater = await self._connect_beater()
                major = beater.get_server_version().major
                if major < OLDEST_SERVER:
                    raise StoreRefused(
                        f"the server is PostgreSQL {major}; version {OLDEST_SERVER} or later works"
                    )
                await make_ready(beater)
                here = await place_of(beater)
                self.schema = here.schema or ""
                if self._is_pooled:
                    settings = {**self._settings(), "search_path": quoted(self.schema)}
                    del settings["application_name"]
                    self._beginning = beginning_of(settings)
                writer = self._writer = await self._connect()
                if self._is_pooled:
                    async with in_transaction(writer, self._beginning) as db:
                        there = await place_of(db)
                    if there != here:
                        raise StoreRefused(
                            f"the store's address leads to {there}, and direct_store "
                            f"(--direct-store) to {here}: they have to name one database of one "
                            "server, and both roles have to have USAGE on the schema"
                        )
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    # with a floor, the pool logs a traceback at each attempt to restore it
                    min_size=0,
                    max_size=self._pool_size,
                    max_inactive_connection_lifetime=300,
                    timeout=CONNECT_SECONDS,
                    command_timeout=STATEMENT_SECONDS,
                    reset=_keep_as_it_is,
                    **self._kind(),
                )
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        beater, self._beater = self._beater, None
        pool, self._pool = self._pool, None
        for connection in (writer, beater):
            if connection is not None:
                await _close(connection)
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), CONNECT_SECONDS)
            except (TimeoutError, *_PASSING):
                pool.terminate()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AnyConnection]:
        """A connection for reads, and for writes that need not come one after another."""
        pool = self._pool
        if pool is None:
            raise StoreUnavailable("it is closed; open the store first")
        async with self._passing():
            try:
                with self._connecting():
                    connection = await pool.acquire(timeout=POOL_SECONDS)
            except TimeoutError:
                raise StoreUnavailable(
                    f"all {self._pool_size} connections for reads were busy for {POOL_SECONDS:g} s"
                ) from None
            try:
                async with self._use(connection) as db:
                    yield db
            except asyncpg.exceptions.ReadOnlySQLTransactionError:
                await pool.expire_connections()
                raise
            except asyncpg.InternalClientError:
                # its state is unknown: it must not be used again
                cut(connection)
                raise
            except BaseException:
                if _is_in_transaction(connection):
                    # its rollback has failed too
                    cut(connection)
                raise
            finally:
                await pool.release(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AnyConnection]:
        """The writer's connection, for one transaction."""
        if self._pool is None:
            raise StoreUnavailable("it is closed; open the store first")
        async with self._writing, self._passing():
            writer = self._writer
            if writer is None or writer.is_closed():
                writer = self._writer = await self._connect()
            try:
                async with self._use(writer) as db:
                    yield db
            except asyncpg.UniqueViolationError:
                # a result, not a fault: the statement was undone and the connection is intact
                raise
            except BaseException:
                # its state is unknown; a new one is opened quickly
                self._writer = None
                writer.terminate()
                raise

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[Connection]:
        """The connection of heartbeats, which wait for nothing else."""
        if self._pool is None:
            raise StoreUnavailable("it is closed; open the store first")
        async with self._beating, self._passing():
            beater = self._beater
            if beater is None or beater.is_closed():
                self._listens = False
                beater = self._beater = await self._connect_beater()
            try:
                yield beater
            except asyncpg.UniqueViolationError:
                # a result, not a fault: the statement was undone and the connection is intact
                raise
            except BaseException:
                self._beater = None
                beater.terminate()
                raise

    async def listen(self, channel: str, on_payload: Callable[[str], None]) -> None:
        """Calls ``on_payload`` with each notification. Called again, it listens again if the
        connection was replaced."""
        async with self.beating() as beater:
            if not self._listens:
                await beater.add_listener(channel, lambda *parts: on_payload(str(parts[-1])))
                self._listens = True

    async def _connect(self) -> Connection:
        with self._connecting():
            return await connect(self._dsn, STATEMENT_SECONDS, **self._kind())

    async def _connect_beater(self) -> Connection:
        with self._connecting():
            return await connect_directly(self._direct, self._settings(), STATEMENT_SECONDS)

    def _kind(self) -> dict[str, Any]:
        """The arguments of the driver for connections to the store's own address."""
        if self._is_pooled:
            # one name for all workers: between two names, a pooler has to set it anew
            return {"server_settings": {"application_name": "statehold"}, "statement_cache_size": 0}
        return {"server_settings": self._settings()}

    def _use(self, connection: DriverConnection) -> AbstractAsyncContextManager[AnyConnection]:
        if not self._is_pooled:
            return contextlib.nullcontext(connection)
        return in_transaction(connection, self._beginning)

    @contextlib.contextmanager
    def _connecting(self) -> Iterator[None]:
        """An error while connecting is never the fault of a statement, whatever its class."""
        try:
            yield
        except asyncpg.PostgresError as error:
            if self.was_open:
                raise StoreUnavailable(f"the server refuses: {error}") from error
            raise

    @asynccontextmanager
    async def _passing(self) -> AsyncIterator[None]:
        try:
            async with passing():
                yield
        except StoreRefused as error:
            if self.was_open and type(error) is StoreRefused:
                raise StoreUnavailable(str(error)) from error.__cause__
            raise

    def settings_of_copies(self) -> dict[str, str]:
        """What a session on a copy of the server is started with; the schema is the same."""
        return {**self._settings(), "search_path": quoted(self.schema)}

    def _settings(self) -> dict[str, str]:
        milliseconds = str(int(SERVER_STATEMENT_SECONDS * 1000))
        return {
            **self._planning,
            "application_name": self._name,
            "statement_timeout": milliseconds,
            "lock_timeout": str(int(LOCK_SECONDS * 1000)),
            "idle_in_transaction_session_timeout": milliseconds,
            "default_transaction_isolation": "read committed",
            # another default of the server must not weaken rule 1 of stores
            "synchronous_commit": "on",
            **in_schema(self._schema),
        }


def in_schema(schema: str | None) -> dict[str, str]:
    """The settings of a connection whose tables are in this schema; None: where the role's are."""
    return {} if schema is None else {"search_path": quoted(schema)}


async def connect_directly(
    dsn: str, settings: Mapping[str, str], statement_seconds: float | None = None
) -> Connection:
    """A new connection to the server itself. Raises as :func:`connect`, and ``StoreRefused``
    where a pooler stands between that does not give a client a session of its own."""
    asked = {**_SESSION, **settings}
    db = await connect(dsn, statement_seconds, server_settings=asked)
    try:
        for name in asked.keys() & {*_SESSION, "search_path"}:
            if await db.fetchval("SELECT current_setting($1)", name) != asked[name]:
                raise StoreRefused(_behind_pooler(f"it leaves out the setting {name}"))
    except BaseException:
        db.terminate()
        raise
    return db


async def connect(dsn: str, statement_seconds: float | None = None, **kind: Any) -> Connection:
    """A new connection; ``kind`` are arguments of the driver's. Raises ``StoreRefused`` for an
    address that can't be parsed, and where a pooler refuses ``kind``, else what the driver raises.
    """
    try:
        return await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, command_timeout=statement_seconds, **kind
        )
    except asyncpg.ProtocolViolationError as error:
        if "unsupported startup parameter" in str(error):
            raise StoreRefused(_behind_pooler(str(error))) from error
        raise
    except ValueError:
        # the driver's message, and the error as a cause, may hold a part of the password
        raise StoreRefused(
            "the address can't be read; it looks like "
            "postgresql://user:password@host:port/database, with special characters as %XX"
        ) from None


def _behind_pooler(detail: str) -> str:
    return (
        f"the address is one of a pooler ({detail}); give the PostgreSQL server's own address too, "
        "as direct_store (--direct-store), and a schema by its name (--schema), not by options in "
        "the pooler's address"
    )


class Place(NamedTuple):
    """Where a connection leads."""

    server_started: datetime
    database: str
    schema: str | None

    def __str__(self) -> str:
        return (
            f"the schema {self.schema} of the database {self.database} of a server that was "
            f"started at {self.server_started:%Y-%m-%d %H:%M:%S.%f}"
        )


async def place_of(db: AnyConnection) -> Place:
    row = await db.fetchrow(
        "SELECT pg_postmaster_start_time(), current_database()::text, current_schema()::text"
    )
    assert row is not None
    return Place(*row)


@asynccontextmanager
async def passing() -> AsyncIterator[None]:
    """Translates the driver's errors: those that may pass, and those that do not."""
    try:
        yield
    except _MIXED_SESSIONS as error:
        raise StoreRefused(_behind_pooler(str(error))) from error
    except _LASTING as error:
        raise StoreRefused(f"the server refuses: {error}") from error
    except _PASSING as error:
        # the message may be empty, and never holds the password
        raise StoreUnavailable(str(error) or type(error).__name__) from error


def _is_in_transaction(connection: DriverConnection) -> bool:
    try:
        return not connection.is_closed() and connection.is_in_transaction()
    except asyncpg.InterfaceError:
        # it was closed, and the pool has taken it back
        return False


async def _keep_as_it_is(connection: AnyConnection) -> None:
    """Nothing to reset between two uses of a pooled connection."""


async def _close(connection: Connection) -> None:
    with contextlib.suppress(*_PASSING):
        await connection.close(timeout=CONNECT_SECONDS)
