"""Uses of a connection that a pooler lends for one transaction at a time, such as PgBouncer's.

1. Nothing is left on the session: the next transaction may be on another one. So each use is a
   transaction that sets for itself what a connection to a server has from its start, and no
   statement is prepared under a name.
2. ``BEGIN`` and the settings are one message. A use with one statement takes four round trips to
   the pooler, where a server's own connection takes one.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from statehold.errors import StoreUnavailable

if TYPE_CHECKING:
    #: one of our own, or one of the driver's pool
    DriverConnection: TypeAlias = (
        asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    )
else:
    DriverConnection = Any


class InTransaction:
    """A connection within a transaction, used as the driver's."""

    def __init__(self, db: DriverConnection) -> None:
        self.fetch = db.fetch
        self.fetchrow = db.fetchrow
        self.fetchval = db.fetchval
        self.execute = db.execute

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """Everything here is one transaction already."""
        return contextlib.nullcontext()


@asynccontextmanager
async def in_transaction(db: DriverConnection, beginning: str) -> AsyncIterator[InTransaction]:
    """``beginning`` is what :func:`beginning_of` makes. Commits at the end. After an error of a
    statement it is rolled back; after any other, or where that fails, the connection is cut, and
    with it the transaction ends."""
    try:
        await db.execute(beginning)
        yield InTransaction(db)
        done = await db.execute("COMMIT")
        if done != "COMMIT":
            # the server says so where a statement has failed, whatever was made of the error
            raise StoreUnavailable(f"a transaction ended with {done} instead of COMMIT")
    except asyncpg.PostgresError:
        await _roll_back(db)
        raise
    except BaseException:
        cut(db)
        raise


def cut(db: DriverConnection) -> None:
    """Closes a connection whose state is unknown."""
    # the pool has taken back what the other end has closed
    with contextlib.suppress(asyncpg.InterfaceError):
        db.terminate()


async def _roll_back(db: DriverConnection) -> None:
    try:
        await db.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - the error that led here is the one to raise
        cut(db)
    except BaseException:
        cut(db)
        raise


def beginning_of(settings: Mapping[str, str]) -> str:
    """What begins a transaction with these settings, for its time alone."""
    set_all = ", ".join(
        f"set_config({_literal(name)}, {_literal(value)}, true)" for name, value in settings.items()
    )
    return f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {set_all}"


def quoted(name: str) -> str:
    """A name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
