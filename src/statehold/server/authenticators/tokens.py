"""Tokens of the store: ``Authorization: Bearer sth_…``.

1. A request whose token is known asks the store nothing. What is known of the tokens that are in
   use is read again every ``REFRESH_SECONDS``, all in one query; what was read longer than
   ``STALE_SECONDS`` ago is not believed. So a token that was revoked, by whichever process, is
   refused within ``STALE_SECONDS`` by every server, and where the store can't be asked, all are.
2. An unknown token is looked up together with all that came meanwhile, one query at a time,
   ``LOOKUPS`` a second at most. A flood delays tokens that are not known yet, and no others.
   Ids that no token has are remembered for as long.
3. Time does not go back: a token that has expired stays so when the clock is set back.
4. The secret is in no error, log or trace, and of no token is more kept in memory than its digest.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from starlette.requests import Request

from statehold.errors import Overloaded, StateholdError, name_of
from statehold.records import Caller
from statehold.security import StoredToken, TokenStore
from statehold.server.authenticators.base import Authenticator
from statehold.server.authenticators.token_text import LENGTH, digest_of, id_of
from statehold.server.problems import Unauthorized
from statehold.wire.operations import SignInKind

if TYPE_CHECKING:
    from statehold.engine import Engine

log = logging.getLogger("statehold.server")

#: between two readings of what is known
REFRESH_SECONDS = 2.0
#: after which what is known is not believed: the bound within which a revoked token is refused
STALE_SECONDS = 5.0
#: a token that was not seen for so long is not read again
IDLE_SECONDS = 60.0
#: between two notes of when a token was last seen
USED_EVERY = timedelta(minutes=1)
#: tokens, and ids that no token has, that are remembered
REMEMBERED = 10_000
#: queries for unknown tokens in a second, ids in one of them, and requests that wait for one
LOOKUPS = 20
LOOKED_UP = 200
WAITING = 1_000

_REFUSED = 'Bearer error="invalid_token"'
_NOT_KNOWN = "the token {} is not known, has expired or was revoked"
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class _Known(Struct):
    """A token as it was read at ``read_at``."""

    token: StoredToken
    caller: Caller
    read_at: float
    seen_at: float
    used_at: datetime


class Tokens(Authenticator):
    """``create_app(engine, authenticate=Tokens())``. ``monotonic`` gives seconds that never go
    back."""

    signs_in: ClassVar[SignInKind] = "token"

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._engine: Engine | None = None
        self._store: TokenStore | None = None
        self._known: OrderedDict[str, _Known] = OrderedDict()
        #: ids that no token has, and when that was read; apart, so that they push out no token
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._used: dict[str, datetime] = {}
        self._latest = _EARLIEST
        #: ids that are being looked up, with those that wait for them
        self._asked: dict[str, asyncio.Future[_Known | None]] = {}
        self._waiting = 0
        self._lookup: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        #: queries that were asked of the store, for tests and measurements
        self.queries = 0

    async def open(self, engine: Engine) -> None:
        self._engine, self._store = engine, engine.tokens
        self._known.clear()
        self._unknown.clear()
        self._used.clear()
        self._refreshing = asyncio.create_task(self._keep_fresh(), name="statehold tokens")

    async def close(self) -> None:
        """Stops, and notes which tokens were seen."""
        tasks = [task for task in (self._refreshing, self._lookup) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for waiting in self._asked.values():
            waiting.cancel()
        self._asked.clear()
        self._refreshing = self._lookup = None
        await self._note_used()
        self._store = None

    async def __call__(self, request: Request) -> Caller:
        token = _token_of(request)
        id = id_of(token)
        if id is None:
            raise Unauthorized("the Authorization header has no token of this server", _REFUSED)
        known = self._known.get(id)
        fresh = self._monotonic() - STALE_SECONDS
        if known is None and self._unknown.get(id, fresh) > fresh:
            raise Unauthorized(_NOT_KNOWN.format(id), _REFUSED)
        if known is None or known.read_at <= fresh:
            known = await self._looked_up(id)
        # with the same words for whatever is wrong with the token
        if known is None or not _is_good(known.token, digest_of(token), self._now()):
            raise Unauthorized(_NOT_KNOWN.format(id), _REFUSED)
        return self._seen(known)

    def _seen(self, known: _Known) -> Caller:
        now = self._now()
        known.seen_at = self._monotonic()
        if now - known.used_at >= USED_EVERY:
            known.used_at = self._used[known.token.id] = now
        return known.caller

    def _now(self) -> datetime:
        if self._engine is None:
            raise RuntimeError("the authenticator is not open; create_app's lifespan opens it")
        self._latest = max(self._latest, self._engine.now())
        return self._latest

    # --- unknown tokens ---------------------------------------------------------------------

    async def _looked_up(self, id: str) -> _Known | None:
        """Raises ``StoreUnavailable`` and ``Overloaded``."""
        if self._waiting >= WAITING:
            raise Overloaded(self._waiting, WAITING, "requests wait for their tokens to be found")
        future = self._asked.get(id)
        if future is None:
            future = self._asked[id] = asyncio.get_running_loop().create_future()
        if self._lookup is None:
            self._lookup = asyncio.create_task(self._look_up(), name="statehold token lookup")
        self._waiting += 1
        try:
            # one that hangs up must not take the answer from the others
            return await asyncio.shield(future)
        finally:
            self._waiting -= 1

    async def _look_up(self) -> None:
        """All that are asked for, in batches."""
        try:
            while self._asked:
                ids = list(self._asked)[:LOOKED_UP]
                error: Exception | None = None
                try:
                    await self._read(ids)
                except Exception as one:  # noqa: BLE001 - raised to each that waits for the answer
                    error = one
                for id in ids:
                    future = self._asked.pop(id)
                    if error is None:
                        future.set_result(self._known.get(id))
                    else:
                        future.set_exception(error)
                        # those that wait may all be gone
                        future.exception()
                await asyncio.sleep(1 / LOOKUPS)
        finally:
            self._lookup = None

    async def _read(self, ids: list[str]) -> None:
        """What the store has of these ids, as of the moment before it is asked."""
        if self._store is None:
            raise Unauthorized("the server stops", _REFUSED)
        read_at = self._monotonic()
        self.queries += 1
        found = await self._store.tokens_of(ids)
        for id in ids:
            token, before = found.get(id), self._known.pop(id, None)
            if token is None:
                self._unknown[id] = read_at
                continue
            seen_at = read_at if before is None else before.seen_at
            used_at = token.used_at or _EARLIEST
            if before is not None:
                used_at = max(used_at, before.used_at)
            self._known[id] = _Known(token, _caller_of(token), read_at, seen_at, used_at)
        for cache in (self._known, self._unknown):
            while len(cache) > REMEMBERED:
                cache.popitem(last=False)

    # --- in the background ------------------------------------------------------------------

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self.refresh()
            except StateholdError as error:
                log.warning("tokens can't be read, and none is let in soon: %s", error)
            except Exception as error:
                log.exception("tokens can't be read, and none is let in soon: %s", name_of(error))

    async def refresh(self) -> None:
        """Reads the tokens in use again, forgets the others, and notes which were seen."""
        since = self._monotonic() - IDLE_SECONDS
        stale = self._monotonic() - STALE_SECONDS
        for id, known in list(self._known.items()):
            if known.seen_at < since:
                del self._known[id]
        for id, read_at in list(self._unknown.items()):
            if read_at <= stale:
                del self._unknown[id]
        ids = list(self._known)
        for first in range(0, len(ids), 1_000):
            await self._read(ids[first : first + 1_000])
        await self._note_used()

    async def _note_used(self) -> None:
        used, self._used = self._used, {}
        if not used or self._store is None:
            return
        try:
            self.queries += 1
            await self._store.tokens_used(used)
        except StateholdError as error:
            self._used = {**used, **self._used}
            log.info("when tokens were last used is noted later: %s", error)


def _is_good(token: StoredToken, digest: bytes, now: datetime) -> bool:
    # each is compared, so that the time says nothing of which one is right
    is_new = hmac.compare_digest(token.digest, digest)
    is_old = hmac.compare_digest(token.old_digest or bytes(32), digest)
    is_old = is_old and token.old_digest is not None
    is_old = is_old and token.old_until is not None and now < token.old_until
    return (is_new or is_old) and token.revoked_at is None and now < token.expires_at


def _caller_of(token: StoredToken) -> Caller:
    return Caller(
        token.name,
        frozenset(token.roles),
        frozenset(token.teams),
        token.machines,
        proved=True,
    )


def _token_of(request: Request) -> bytes:
    """The token of the one ``Authorization`` header, not checked. Raises ``Unauthorized``."""
    given: list[bytes] = [
        value for name, value in request.scope["headers"] if name == b"authorization"
    ]
    if not given:
        raise Unauthorized("send a token, as in Authorization: Bearer sth_…")
    if len(given) > 1:
        raise Unauthorized("the Authorization header is given more than once", _REFUSED)
    # what is longer is no token; it is not even looked at
    scheme, space, token = given[0][: LENGTH + 100].partition(b" ")
    if scheme.lower() != b"bearer" or not space:
        raise Unauthorized("the Authorization header has no Bearer token", _REFUSED)
    return token.strip(b" ")
