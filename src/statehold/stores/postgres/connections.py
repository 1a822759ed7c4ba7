"""Connections to a PostgreSQL server: how they are made, shared, and given up.

1. One connection is the writer's. Commits go through it one after another, so a batch never waits
   for a free connection, and its prepared statements are always there.
2. Reads share a small pool. Nothing in a session is ever changed, so nothing is reset between two
   uses.
3. One connection renews the lease and listens for hints. No read can keep a heartbeat waiting, and
   a connection that is gone is made anew at the next heartbeat.
4. Whatever the server or the network says that may be otherwise later is ``StoreUnavailable``.
   What only a person can change, a password or a database that is not there, is ``StoreRefused``
   while the store is opened. Once it was open, it was right before and may be right again, so that
   is ``StoreUnavailable`` too: requests are answered so, and every task tries again.
   After a failover the address may lead to a server that can only be read: such connections are
   dropped, and the next one asks the address again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from statehold.errors import StoreRefused, StoreUnavailable

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    #: a connection of its own, or one that a pool lends
    AnyConnection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:
    Connection = Pool = AnyConnection = Any

OLDEST_SERVER = 13

#: Every statement of ours is to go along an index. Plans are made once for all values, and not
#: from statistics, which are wrong just when a table has begun to grow; with nested loops, rows
#: are locked in the order in which they are given.
PLANNING = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
}

#: seconds
CONNECT_SECONDS = 10.0
STATEMENT_SECONDS = 15.0
#: the server gives up a statement a little before this side does, and says why
SERVER_STATEMENT_SECONDS = 12.0
#: a statement waits so long for a lock: all other commits wait behind it meanwhile
LOCK_SECONDS = 3.0
#: a read waits so long for a connection of the pool
POOL_SECONDS = 5.0
POOL_SIZE = 8

#: what may go away by itself: the server stops, starts, fails over, is full or too busy
_PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # its words for a connection that was cut in the middle of something
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
    # the server itself is at fault: it is out of order, or its files are
    asyncpg.exceptions.InternalServerError,
    OSError,
    TimeoutError,
)
#: what only whoever runs the deployment can mend
_LASTING = (
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
    asyncpg.exceptions.InvalidCatalogNameError,
    asyncpg.exceptions.InsufficientPrivilegeError,
    # the database was made anew, or somebody has dropped what is in it
    asyncpg.exceptions.UndefinedTableError,
    asyncpg.exceptions.UndefinedColumnError,
    asyncpg.exceptions.UndefinedFunctionError,
    asyncpg.exceptions.UndefinedObjectError,
    asyncpg.exceptions.InvalidSchemaNameError,
)


class Link:
    """``dsn`` is a PostgreSQL address as libpq takes it; ``pool_size`` connections serve reads,
    beside the writer's and that of heartbeats."""

    def __init__(self, dsn: str, worker: str, pool_size: int = POOL_SIZE) -> None:
        self._dsn = dsn
        self._name = f"statehold {worker}"[:63]
        self._pool_size = pool_size
        self._pool: Pool | None = None
        self._writer: Connection | None = None
        self._writing = asyncio.Lock()
        self._beater: Connection | None = None
        self._beating = asyncio.Lock()
        self._listens = False
        #: the store was open once: what refuses it from now on may change
        self.was_open = False

    async def open(self) -> None:
        """Raises ``StoreRefused`` where trying again would not help, ``StoreUnavailable`` else."""
        try:
            async with passing():
                writer = self._writer = await self._connect()
                major = writer.get_server_version().major
                if major < OLDEST_SERVER:
                    raise StoreRefused(
                        f"the server is PostgreSQL {major}; version {OLDEST_SERVER} or later works"
                    )
                self._pool = await asyncpg.create_pool(
                    self._dsn,
                    # with a floor, the pool logs a traceback at each attempt to restore it
                    min_size=0,
                    max_size=self._pool_size,
                    max_inactive_connection_lifetime=300,
                    timeout=CONNECT_SECONDS,
                    command_timeout=STATEMENT_SECONDS,
                    server_settings=self._settings(),
                    reset=_keep_as_it_is,
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
                yield connection
            except asyncpg.exceptions.ReadOnlySQLTransactionError:
                await pool.expire_connections()
                raise
            except asyncpg.InternalClientError:
                # in what state it is, nobody knows: it must not be lent again
                connection.terminate()
                raise
            finally:
                await pool.release(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """The writer's connection, for one transaction."""
        if self._pool is None:
            raise StoreUnavailable("it is closed; open the store first")
        async with self._writing, self._passing():
            writer = self._writer
            if writer is None or writer.is_closed():
                writer = self._writer = await self._connect()
            try:
                yield writer
            except asyncpg.UniqueViolationError:
                # an answer, not a fault: the statement was undone and the connection is sound
                raise
            except BaseException:
                # in what state it is, is not known; another one is made in no time
                self._writer = None
                writer.terminate()
                raise

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[Connection]:
        """The connection of heartbeats: what keeps this worker alive waits for nothing else."""
        if self._pool is None:
            raise StoreUnavailable("it is closed; open the store first")
        async with self._beating, self._passing():
            beater = self._beater
            if beater is None or beater.is_closed():
                self._listens = False
                beater = self._beater = await self._connect()
            try:
                yield beater
            except asyncpg.UniqueViolationError:
                # an answer, not a fault: the statement was undone and the connection is sound
                raise
            except BaseException:
                self._beater = None
                beater.terminate()
                raise

    async def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """``heard`` gets the payload of each notification; called again, it listens anew where the
        connection was lost."""
        async with self.beating() as beater:
            if not self._listens:
                await beater.add_listener(channel, lambda *told: heard(str(told[-1])))
                self._listens = True

    async def _connect(self) -> Connection:
        with self._connecting():
            return await connect(self._dsn, self._settings(), STATEMENT_SECONDS)

    @contextlib.contextmanager
    def _connecting(self) -> Iterator[None]:
        """No statement of ours is to blame for what a server says while it is connected to, in
        whatever class of errors that stands."""
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

    def _settings(self) -> dict[str, str]:
        milliseconds = str(int(SERVER_STATEMENT_SECONDS * 1000))
        return {
            **PLANNING,
            "application_name": self._name,
            "statement_timeout": milliseconds,
            "lock_timeout": str(int(LOCK_SECONDS * 1000)),
            "idle_in_transaction_session_timeout": milliseconds,
            "default_transaction_isolation": "read committed",
            # an address that leads to a server with another default must not weaken rule 1
            "synchronous_commit": "on",
        }


async def connect(
    dsn: str, settings: Mapping[str, str], statement_seconds: float | None = None
) -> Connection:
    """A connection of its own. Raises ``StoreRefused`` for an address that can't be read, and
    besides what the driver raises."""
    try:
        return await asyncpg.connect(
            dsn,
            timeout=CONNECT_SECONDS,
            command_timeout=statement_seconds,
            server_settings=dict(settings),
        )
    except ValueError:
        # the driver's words, and the error as a cause, may hold a part of the password
        raise StoreRefused(
            "the address can't be read; it looks like "
            "postgresql://user:password@host:port/database, with special characters as %XX"
        ) from None


@asynccontextmanager
async def passing() -> AsyncIterator[None]:
    """Tells what may go away by itself from what does not."""
    try:
        yield
    except _LASTING as error:
        raise StoreRefused(f"the server refuses: {error}") from error
    except _PASSING as error:
        # a driver's message may be empty, and never holds the password
        raise StoreUnavailable(str(error) or type(error).__name__) from error


async def _keep_as_it_is(connection: AnyConnection) -> None:
    """Between two uses of a pooled connection there is nothing to undo."""


async def _close(connection: Connection) -> None:
    with contextlib.suppress(*_PASSING):
        await connection.close(timeout=CONNECT_SECONDS)
