"""A streaming standby of the store's server, from which lists and counts are read.

1. About every half second the primary is asked how far its log is flushed; the answer is kept with
   the time, by this process's monotonic clock, just before it was asked. Whatever was acknowledged
   by then is in the log up to there. So a standby that has replayed up to there is behind by the
   time since then at most. Clocks of servers, and how long ago the standby replayed something, do
   not matter: the lag is right on an idle primary, and it grows while either can't be reached.
2. Each reading has one connection, and asks on it first how far that server has replayed: there
   may be several behind the address. What it reads after that is not older.
3. A server is read only if it is a standby, of the same server (by its identifier, which a copy
   keeps), with the same database and schema, on the primary's timeline, and has every migration
   that this release needs. Another server is refused while the store is opened. All else may pass:
   the primary answers until then.
4. The writer believes nothing that was read here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import asyncpg

from statehold.errors import StoreRefused, StoreUnavailable, Unavailable
from statehold.store import StandbyState
from statehold.stores.postgres.configurations import Configurations
from statehold.stores.postgres.connections import AnyConnection, Connections, Pool
from statehold.stores.postgres.migrate import state_of
from statehold.stores.postgres.reader import ConnectionReader
from statehold.stores.postgres.reads import PostgresReads
from statehold.stores.postgres.statements import Statements
from statehold.stores.queries import load_queries

log = logging.getLogger(__name__)

#: seconds that a connection to the standby may take, and each statement there: the primary answers
#: after that
PATIENCE_SECONDS = 4.0
#: the standby cancels a statement a little before this side does, with a reason
SERVER_PATIENCE_SECONDS = 3.0
#: how long a read waits for a connection of the pool
POOL_SECONDS = 1.0
#: how often it is logged at most whether the standby is read
LOG_SECONDS = 60.0
#: positions of the primary that are kept; of an hour and more, at two in a second
SAMPLES = 8_192


class _Sample(NamedTuple):
    """What was acknowledged at ``at`` is in the log up to ``position``."""

    position: int
    at: float


class _Identity(NamedTuple):
    server: int
    database: int
    #: None: it is not there, or not there yet
    schema: int | None


class StandbyUnfit(StoreUnavailable):
    """The standby can't answer this reading; the primary can."""

    def __init__(self, why: str) -> None:
        self.why = why
        Unavailable.__init__(self, f"the standby can't be read now: {why}")


class _Other(StoreRefused):
    """It is no copy of the store's server, and will never be."""


class PostgresStandby:
    """``link`` are the connections to the primary; ``address`` and ``settings`` those of sessions
    on the standby, ``pool_size`` of them at most. ``statements`` take rows of any partitions: it is
    one server, whatever the primary is asked."""

    def __init__(
        self,
        link: Connections,
        address: str,
        settings: Mapping[str, str],
        pool_size: int,
        statements: Statements,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link = link
        self._address = address
        self._settings = {
            **settings,
            "statement_timeout": str(int(SERVER_PATIENCE_SECONDS * 1000)),
            "default_transaction_read_only": "on",
        }
        self._pool_size = pool_size
        self._q = statements
        self._own = load_queries("postgres", "standby.sql")
        self._monotonic = monotonic
        self._configurations = Configurations()
        self._samples: deque[_Sample] = deque(maxlen=SAMPLES)
        #: of the primary, as of the newest sample
        self._timeline = 0
        self._identity: _Identity | None = None
        #: the newest sample that the standby is known to have replayed
        self._seen: _Sample | None = None
        self._why: str | None = "it was not looked at yet"
        #: whether it was read when that was logged last, and when that was
        self._was_read: bool | None = None
        self._logged_at = float("-inf")
        self._pool: Pool | None = None
        #: readings have all connections but one, which is for looking
        self._free = asyncio.Semaphore(pool_size)

    async def open(self) -> None:
        """Raises ``StoreRefused`` for an address that can't be read, and for a server that is no
        copy of the primary."""
        async with self._link.reading() as db:
            self._identity = await self._identity_of(db)
        self._pool = await asyncpg.create_pool(
            self._address,
            min_size=0,
            max_size=self._pool_size + 1,
            max_inactive_connection_lifetime=300,
            timeout=PATIENCE_SECONDS,
            command_timeout=PATIENCE_SECONDS,
            server_settings=self._settings,
            init=self._check,
            reset=_keep_as_it_is,
        )
        try:
            await self._sample()
            await self._measure()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), PATIENCE_SECONDS)
            except _FAILURES:
                pool.terminate()

    # --- how far it is behind -------------------------------------------------------------------

    async def look(self) -> None:
        try:
            await self._sample()
        except (StoreUnavailable, StoreRefused) as error:
            # without new samples the lag grows by itself
            log.debug("the primary's position is not known: %s", error)
        try:
            await self._measure()
        except _Other as error:
            self._note(str(error))

    def state(self) -> StandbyState:
        if self._why is not None or self._seen is None:
            return StandbyState(None, self._why or "how far it is behind is not known")
        return StandbyState(self._monotonic() - self._seen.at)

    async def _sample(self) -> None:
        """Keeps the primary's position."""
        at = self._monotonic()
        async with self._link.reading() as db:
            ((position, timeline),) = await db.fetch(self._own["flushed"])
        if self._timeline != (number := int(timeline, 16)):
            # after a failover: positions of two timelines can't be compared
            self._samples.clear()
            self._seen, self._timeline = None, number
            # until the standby's own is known
            self._why = f"the primary is on timeline {number}, and the standby's is not known"
        if self._samples and self._samples[-1].position == position:
            self._samples.pop()
        self._samples.append(_Sample(position, at))

    async def _measure(self) -> None:
        """Asks the standby how far it is. Raises ``_Other``."""
        try:
            async with self._connection() as db:
                seen = await self._seen_by(db)
                await self._check_timeline(db)
        except StandbyUnfit as error:
            self._note(error.why)
            return
        self._seen = seen
        self._note(None if seen else "it has replayed nothing since the first look at it")

    async def _seen_by(self, db: AnyConnection) -> _Sample | None:
        """The newest sample that this server has replayed."""
        ((is_standby, position),) = await db.fetch(self._own["replayed"])
        if not is_standby:
            if self._pool is not None:
                # the next connection resolves the address anew
                await self._pool.expire_connections()
            raise StandbyUnfit("it is no standby: it was promoted, or is the primary itself")
        if position is None:
            raise StandbyUnfit("it does not say how far it has replayed")
        return next((one for one in reversed(self._samples) if one.position <= position), None)

    async def _check_timeline(self, db: AnyConnection) -> None:
        ((timeline,),) = await db.fetch(self._own["timeline"])
        if self._timeline and timeline != self._timeline:
            raise StandbyUnfit(
                f"it is on timeline {timeline}, and the primary on {self._timeline}: after a "
                "failover it has to follow the new primary, and shows it at its next restart point"
            )

    def _note(self, why: str | None) -> None:
        """Why it can't be read (None: it can). Logged where that has changed, once a minute: what
        lasts is logged then."""
        self._why = why
        now, is_read = self._monotonic(), why is None
        if is_read == self._was_read or now - self._logged_at < LOG_SECONDS:
            return
        self._was_read, self._logged_at = is_read, now
        if is_read:
            log.info("lists and counts are read from the standby")
        else:
            log.warning("lists and counts are read from the primary, not from the standby: %s", why)

    # --- reading --------------------------------------------------------------------------------

    @asynccontextmanager
    async def reading(self, most_seconds: float) -> AsyncIterator[tuple[PostgresReads, float]]:
        if self._why is not None:
            raise StandbyUnfit(self._why)
        newest = self._samples[-1].at if self._samples else float("-inf")
        if self._monotonic() - newest >= most_seconds:
            # whatever it has replayed
            raise StandbyUnfit("the primary's position was asked for too long ago")
        async with self._place(), self._connection() as db:
            seen = await self._seen_by(db)
            lag = float("inf") if seen is None else self._monotonic() - seen.at
            # not even as much: a clock may stand still from an acknowledgement to the next sample
            if lag >= most_seconds:
                raise StandbyUnfit(
                    f"it may be behind by {lag:.3f} s, and less than {most_seconds:g} is wanted"
                )
            yield PostgresReads(ConnectionReader(db, self._q), self._configurations), lag

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(POOL_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise StandbyUnfit(f"all connections to it were busy for {POOL_SECONDS:g} s") from None
        try:
            yield
        finally:
            self._free.release()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AnyConnection]:
        """One to a server that was checked. Raises ``_Other``, else ``StandbyUnfit``; where the
        server is at fault, and not one statement, nothing is read until the next look."""
        pool = self._pool
        if pool is None:
            raise StandbyUnfit("it is closed; open the store first")
        try:
            async with _lent(pool) as connection:
                yield connection
        except _FAILURES as error:
            why = str(error) or type(error).__name__
            if isinstance(error, _BROKEN):
                self._note(f"it does not answer: {why}")
            raise StandbyUnfit(why) from error

    async def _check(self, db: AnyConnection) -> None:
        """Whether the server at the other end is one to be read from, once for each connection."""
        there, here = await self._identity_of(db), self._identity
        if here is None or there[:2] != here[:2] or there.schema not in (None, here.schema):
            raise _Other(
                "read_store (--read-store) is no standby of the store: it is another server, or "
                "another database or schema there. Name a streaming standby, with the database "
                "and the schema of the store"
            )
        try:
            state = await state_of(db)
        except StoreRefused as error:
            # as where the schema itself was not replayed yet
            raise StandbyUnfit(str(error)) from error
        if not state.can_run:
            missing = ", ".join(state.pending) or f"those after {state.known} need a newer release"
            raise StandbyUnfit(f"its schema is not the one that runs here: {missing}")

    async def _identity_of(self, db: AnyConnection) -> _Identity:
        ((server, database, schema),) = await db.fetch(self._own["identity"])
        return _Identity(server, database, schema)


#: whatever a server or the driver says of one that can't answer
_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
#: those of them of which a server, or the way to it, is at fault, and not one statement
_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.OperatorInterventionError,
    OSError,
    TimeoutError,
)


async def _keep_as_it_is(connection: AnyConnection) -> None:
    """Nothing to reset between two uses: sessions are never changed."""


@asynccontextmanager
async def _lent(pool: Pool) -> AsyncIterator[AnyConnection]:
    try:
        connection = await pool.acquire(timeout=PATIENCE_SECONDS)
    except ValueError:
        # the driver's message, and the error as a cause, may hold a part of the password
        raise _Other(
            "the address of read_store (--read-store) can't be read; it looks like "
            "postgresql://user:password@host:port/database, with special characters as %XX"
        ) from None
    try:
        yield connection
    except asyncpg.InternalClientError:
        # its state is unknown: it must not be used again
        connection.terminate()
        raise
    finally:
        await pool.release(connection)
