"""The part of the store's contract that is about callers: the audit log, and tokens.

Rules of every store, beside those of :mod:`statehold.store`:

1.  An audit entry is never changed, and removed only by its age. What a write, a document, a token
    or an erasure brings with it is in the same commit: both are there, or neither.
2.  ``(at, number)`` orders the log. An entry without a number gets a random one, above 0; one
    that is added again under its number is there once.
3.  An entry is in the partition of the instance that it is about, or of that without a name.
4.  A token's secret is not kept, only its digest. No two tokens have one id, and an id is not
    given again while the token is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from statehold.records import AuditEntry


class AuditQuery(Struct, frozen=True, kw_only=True):
    """Which entries. Each field that is not ``None`` is a condition: ``since`` up to, but not
    including, ``until``; an ``id`` goes with its ``machine``. Newest first, or ``oldest_first``."""

    machine: str | None = None
    id: str | None = None
    caller: str | None = None
    action: str | None = None
    outcome: Literal["done", "refused"] | None = None
    since: datetime | None = None
    until: datetime | None = None
    oldest_first: bool = False
    limit: int = 100
    cursor: str | None = None


class AuditPage(Struct, frozen=True):
    """``cursor`` is None on the last page."""

    entries: tuple[AuditEntry, ...]
    cursor: str | None


class StoredToken(Struct, frozen=True, kw_only=True):
    """A token: who has it, and what it permits.

    ``digest`` is the SHA-256 of its secret. After a rotation ``old_digest`` is that of the secret
    before, which is good until ``old_until``. ``machines`` None: any. ``used_at`` is when it was
    last seen, to about a minute.
    """

    id: str
    name: str
    digest: bytes
    roles: tuple[str, ...]
    teams: tuple[str, ...]
    machines: tuple[str, ...] | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    old_digest: bytes | None = None
    old_until: datetime | None = None


class AuditStore(Protocol):
    """All coroutines may raise ``StoreUnavailable``."""

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Adds what no other commit brings with it. It needs no lease."""

    async def audit(self, query: AuditQuery) -> AuditPage:
        """A page may have fewer entries than ``limit``, or none, before the last one. Raises
        ``InvalidPayload`` for a cursor of another list."""
        ...

    async def purge_audit(self, before: datetime, limit: int) -> int:
        """Removes entries that are older, oldest first, about ``limit`` at most in one call, and
        returns how many; 0: none are left, or another worker is at them."""
        ...


class TokenStore(Protocol):
    """All coroutines may raise ``StoreUnavailable``."""

    async def add_token(
        self, token: StoredToken, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        """Keeps it if no other has its id, and if fewer than ``most`` are kept. False: nothing was
        kept. Of several callers at once, each may be the last one that is let in."""
        ...

    async def tokens(self, after: str, limit: int) -> list[StoredToken]:
        """Those with an id above ``after``, in the order of their ids."""
        ...

    async def tokens_of(self, ids: Sequence[str]) -> dict[str, StoredToken]:
        """Those of these ids that are kept."""
        ...

    async def revoke_token(
        self, id: str, at: datetime, audit: Sequence[AuditEntry] = ()
    ) -> StoredToken | None:
        """The token that is revoked from ``at`` on; None: there is none, or it was revoked
        before."""
        ...

    async def rotate_token(
        self, token: StoredToken, was: bytes, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        """Gives a token the digests, ``old_until`` and ``expires_at`` of this one, unless it is
        revoked or its digest is not ``was`` any more. False: nothing was changed."""
        ...

    async def tokens_used(self, used: Mapping[str, datetime]) -> None:
        """When tokens were last seen; an earlier time than the one that is kept changes nothing."""

    async def purge_tokens(self, before: datetime) -> int:
        """Removes those that expired earlier, and returns how many."""
        ...
