"""The audit log and tokens of a memory store."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from msgspec.structs import replace

from statehold.records import AuditEntry
from statehold.security import AuditPage, AuditQuery, StoredToken
from statehold.stores.audit import Looked, page_of, walk_of
from statehold.stores.memory.memory import Memory, audit_position
from statehold.stores.paging import page_size


class MemorySecurity:
    """A part of the store (:mod:`statehold.security`)."""

    _memory: Memory

    def _ready(self) -> None:
        raise NotImplementedError

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        self._ready()
        self._memory.add_audit(entries)

    async def audit(self, query: AuditQuery) -> AuditPage:
        self._ready()
        walk = walk_of(query)
        log = self._memory.audit
        begin = (walk.arguments["at"], walk.arguments["number"])
        place = bisect_left(log, begin, key=audit_position)
        if query.oldest_first:
            # behind the entry at which the page before ended
            place += place < len(log) and audit_position(log[place]) == begin
            found = islice(log, place, None)
        else:
            found = islice(reversed(log), len(log) - place, None)
        looked = [one for one in found if _is_inside(query, one)]
        fits = [Looked(one, _fits(query, one), 0, 0) for one in looked]
        return page_of([fits], walk._replace(looks=len(log) + 1), oldest_first=query.oldest_first)

    async def purge_audit(self, before: datetime, limit: int) -> int:
        self._ready()
        log = self._memory.audit
        old = bisect_left(log, before, key=lambda entry: entry.at)
        gone = min(old, page_size(limit))
        del log[:gone]
        return gone

    async def add_token(
        self, token: StoredToken, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        self._ready()
        kept = self._memory.tokens
        if token.id in kept or len(kept) >= most:
            return False
        kept[token.id] = token
        self._memory.add_audit(audit)
        return True

    async def tokens(self, after: str, limit: int) -> list[StoredToken]:
        self._ready()
        kept = self._memory.tokens
        return [kept[id_] for id_ in sorted(kept) if id_ > after][:limit]

    async def tokens_of(self, ids: Sequence[str]) -> dict[str, StoredToken]:
        self._ready()
        kept = self._memory.tokens
        return {id_: kept[id_] for id_ in ids if id_ in kept}

    async def revoke_token(
        self, id: str, at: datetime, audit: Sequence[AuditEntry] = ()
    ) -> StoredToken | None:
        self._ready()
        token = self._memory.tokens.get(id)
        if token is None or token.revoked_at is not None:
            return None
        revoked = self._memory.tokens[id] = replace(token, revoked_at=at)
        self._memory.add_audit(audit)
        return revoked

    async def rotate_token(
        self, token: StoredToken, was: bytes, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        self._ready()
        kept = self._memory.tokens.get(token.id)
        if kept is None or kept.revoked_at is not None or kept.digest != was:
            return False
        self._memory.tokens[token.id] = replace(
            kept,
            digest=token.digest,
            old_digest=token.old_digest,
            old_until=token.old_until,
            expires_at=token.expires_at,
        )
        self._memory.add_audit(audit)
        return True

    async def tokens_used(self, used: Mapping[str, datetime]) -> None:
        self._ready()
        kept = self._memory.tokens
        for id_, at in used.items():
            token = kept.get(id_)
            if token is not None and (token.used_at is None or token.used_at < at):
                kept[id_] = replace(token, used_at=at)

    async def purge_tokens(self, before: datetime) -> int:
        self._ready()
        kept = self._memory.tokens
        gone = [token.id for token in kept.values() if token.expires_at < before]
        for id_ in gone:
            del kept[id_]
        return len(gone)


def _is_inside(query: AuditQuery, entry: AuditEntry) -> bool:
    return (query.since is None or entry.at >= query.since) and (
        query.until is None or entry.at < query.until
    )


def _fits(query: AuditQuery, entry: AuditEntry) -> bool:
    return (
        query.machine in (None, entry.machine)
        and query.id in (None, entry.id)
        and query.caller in (None, entry.caller)
        and query.action in (None, entry.action)
        and query.outcome in (None, entry.outcome)
    )
