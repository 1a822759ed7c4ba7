"""Tokens and the audit log of a SQLite file, also while another process owns it.

The owner keeps nothing of these tables in memory, so that a second program may change them: a token
must be revocable while its server runs.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from types import TracebackType

from statehold.errors import StoreRefused, StoreUnavailable
from statehold.stores.queries import load_migrations, load_queries
from statehold.stores.sqlite.file import is_condition, readable
from statehold.stores.sqlite.inspect import schema_number
from statehold.stores.sqlite.security import SqliteSecurity
from statehold.stores.sqlite.store import SqliteStore

#: how long a statement waits for the owner's commits
BUSY_SECONDS = 10.0


class SqliteBeside(SqliteSecurity):
    """The file at ``path``; one that is not there, or of an older release, is made ready first, as
    a server would, which needs that no process has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._q = load_queries("sqlite")
        self._connection: _Connection | None = None

    async def open(self) -> None:
        """Raises ``StoreRefused`` and ``StoreUnavailable``."""
        last = len(load_migrations("sqlite"))
        if not self._path.exists() or schema_number(self._path) < last:
            store = SqliteStore(self._path)
            await store.open("command line")
            await store.close()
        if schema_number(self._path) > last:
            raise StoreRefused(f"{self._path} is of a newer release; use that release's command")
        self._connection = _Connection(self._path)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.db.close()

    def _file(self) -> _Connection:
        if self._connection is None:
            raise StoreUnavailable(f"{self._path} is closed; open it first")
        return self._connection


class _Connection:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        self.db.text_factory = readable
        self.db.execute("PRAGMA synchronous = FULL")

    def check_in_place(self) -> None:
        """It was opened just now."""

    def __enter__(self) -> sqlite3.Connection:
        return self.db

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return
        if self.db.in_transaction:
            with contextlib.suppress(sqlite3.OperationalError):
                self.db.execute("ROLLBACK")
        if is_condition(error):
            raise StoreUnavailable(f"{self._path}: {error}") from error
