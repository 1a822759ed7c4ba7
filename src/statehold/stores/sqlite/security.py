"""The audit log and tokens in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

from statehold.records import AuditEntry
from statehold.security import AuditPage, AuditQuery, StoredToken
from statehold.stores.audit import audit_columns, looked_of, page_of, walk_of
from statehold.stores.paging import microseconds, page_size
from statehold.stores.token_columns import rotation_columns, token_columns, token_of


class File(Protocol):
    """An open database, as a context within which ``sqlite3`` may be called."""

    def check_in_place(self) -> None: ...

    def __enter__(self) -> sqlite3.Connection: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class SqliteSecurity:
    """A part of the store (:mod:`statehold.security`)."""

    _q: Mapping[str, str]

    def _file(self) -> File:
        raise NotImplementedError

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        file = self._file()
        with file as db:
            file.check_in_place()
            db.execute("BEGIN IMMEDIATE")
            add_audit(db, self._q, entries)
            db.execute("COMMIT")

    async def audit(self, query: AuditQuery) -> AuditPage:
        walk = walk_of(query)
        with self._file() as db:
            found = db.execute(self._q[walk.statement], walk.arguments).fetchall()
        return page_of([[*map(looked_of, found)]], walk, oldest_first=query.oldest_first)

    async def purge_audit(self, before: datetime, limit: int) -> int:
        return self._changed("purge_audit", (microseconds(before), page_size(limit)))

    async def add_token(
        self, token: StoredToken, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        return self._changed("add_token", (*token_columns(token), most), audit=audit) == 1

    async def tokens(self, after: str, limit: int) -> list[StoredToken]:
        with self._file() as db:
            return [token_of(one) for one in db.execute(self._q["tokens"], (after, limit))]

    async def tokens_of(self, ids: Sequence[str]) -> dict[str, StoredToken]:
        found: dict[str, StoredToken] = {}
        with self._file() as db:
            for id_ in ids:
                columns = db.execute(self._q["token"], (id_,)).fetchone()
                if columns is not None:
                    found[id_] = token_of(columns)
        return found

    async def revoke_token(
        self, id: str, at: datetime, audit: Sequence[AuditEntry] = ()
    ) -> StoredToken | None:
        if self._changed("revoke_token", (id, microseconds(at)), audit=audit) == 0:
            return None
        return (await self.tokens_of([id])).get(id)

    async def rotate_token(
        self, token: StoredToken, was: bytes, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        return self._changed("rotate_token", rotation_columns(token, was), audit=audit) == 1

    async def tokens_used(self, used: Mapping[str, datetime]) -> None:
        file = self._file()
        with file as db:
            file.check_in_place()
            db.execute("BEGIN IMMEDIATE")
            columns = [(id_, microseconds(at)) for id_, at in used.items()]
            db.executemany(self._q["token_used"], columns)
            db.execute("COMMIT")

    async def purge_tokens(self, before: datetime) -> int:
        return self._changed("purge_tokens", (microseconds(before),))

    def _changed(
        self,
        name: str,
        columns: tuple[Any, ...] | dict[str, Any],
        audit: Sequence[AuditEntry] = (),
    ) -> int:
        """How many rows a statement has changed; if any, ``audit`` is added with it."""
        file = self._file()
        with file as db:
            file.check_in_place()
            db.execute("BEGIN IMMEDIATE")
            changed = db.execute(self._q[name], columns).rowcount
            if changed:
                add_audit(db, self._q, audit)
            db.execute("COMMIT")
        return changed


def add_audit(
    db: sqlite3.Connection, queries: Mapping[str, str], entries: Sequence[AuditEntry]
) -> None:
    """In the caller's transaction."""
    if entries:
        db.executemany(queries["add_audit"], map(audit_columns, entries))
