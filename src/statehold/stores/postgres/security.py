"""The audit log and tokens in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from statehold.records import AuditEntry
from statehold.security import AuditPage, AuditQuery, StoredToken
from statehold.store import partition_of
from statehold.stores.audit import about, audit_columns, looked_of, page_of, walk_of
from statehold.stores.paging import microseconds, page_size
from statehold.stores.postgres.columns import turned
from statehold.stores.postgres.connections import AnyConnection, Connections
from statehold.stores.postgres.reader import Reader
from statehold.stores.postgres.statements import Partition, Statements
from statehold.stores.token_columns import rotation_columns, token_columns, token_of

_AUDIT_WIDTH = 12


class PostgresSecurity:
    """A part of the store (:mod:`statehold.security`)."""

    _q: Statements
    _reader: Reader
    _link: Callable[[], Connections]

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        async with self._link().reading() as db, db.transaction():
            await add_audit(db, self._q, entries)

    async def audit(self, query: AuditQuery) -> AuditPage:
        walk = walk_of(query)
        name, arguments = walk.statement, tuple(walk.arguments.values())
        if query.machine is not None and query.id is not None:
            place = partition_of(query.machine, query.id)
            pieces = [await self._reader.fetch(name, *arguments, partition=place)]
        else:
            pieces = await self._reader.of_each(name, *arguments)
        looked = [[*map(looked_of, piece)] for piece in pieces]
        return page_of(looked, walk, oldest_first=query.oldest_first)

    async def purge_audit(self, before: datetime, limit: int) -> int:
        places = len(self._q.partitions)
        wanted = (microseconds(before), max(1, page_size(limit) // places))
        return sum(gone for (gone,) in await self._reader.everywhere("purge_audit", *wanted))

    async def add_token(
        self, token: StoredToken, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        return bool(await self._change("add_token", *token_columns(token), most, audit=audit))

    async def tokens(self, after: str, limit: int) -> list[StoredToken]:
        return [token_of(one) for one in await self._reader.fetch("tokens", after, limit)]

    async def tokens_of(self, ids: Sequence[str]) -> dict[str, StoredToken]:
        found = map(token_of, await self._reader.fetch("tokens_of", list(ids)))
        return {token.id: token for token in found}

    async def revoke_token(
        self, id: str, at: datetime, audit: Sequence[AuditEntry] = ()
    ) -> StoredToken | None:
        found = await self._change("revoke_token", id, microseconds(at), audit=audit)
        return token_of(found[0]) if found else None

    async def rotate_token(
        self, token: StoredToken, was: bytes, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        return bool(await self._change("rotate_token", *rotation_columns(token, was), audit=audit))

    async def tokens_used(self, used: Mapping[str, datetime]) -> None:
        # in one order, so that two workers do not wait for each other
        rows = [(id_, microseconds(at)) for id_, at in sorted(used.items())]
        await self._reader.fetch("tokens_used", *turned(rows, 2))

    async def purge_tokens(self, before: datetime) -> int:
        return len(await self._reader.fetch("purge_tokens", microseconds(before)))

    async def _change(
        self, name: str, *arguments: Any, audit: Sequence[AuditEntry] = ()
    ) -> list[Any]:
        """The rows that a statement has changed; if any, ``audit`` is added with it."""
        async with self._link().reading() as db, db.transaction():
            changed: list[Any] = await db.fetch(self._q[name], *arguments)
            if changed:
                await add_audit(db, self._q, audit)
        return changed


async def add_audit(
    db: AnyConnection,
    statements: Statements,
    entries: Sequence[AuditEntry],
    partition: Partition = None,
) -> None:
    """In the caller's transaction; ``partition``: that of all of them, where it is known."""
    groups = statements.grouped(entries, about) if partition is None else [(partition, entries)]
    for place, group in groups:
        if group:
            rows = sorted((*audit_columns(one), about(one)) for one in group)
            arrays = turned(rows, _AUDIT_WIDTH)
            await db.fetch(*statements.with_arguments("add_audit", tuple(arrays), place))
