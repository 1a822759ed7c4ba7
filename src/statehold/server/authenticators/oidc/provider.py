"""The provider's keys, kept and renewed: nobody who sends tokens makes this server ask more often.

Rules:

1. At most one request is on its way to the provider; all who need its answer wait for that one.
2. Between two, at least ``ASK_EVERY`` seconds pass, whatever is sent here and whatever came back.
3. A token with an unknown key is reason to ask: the provider may have begun to use it just now.
4. Keys older than ``RENEW_AFTER`` are renewed while tokens are checked against them; a key that
   the provider has withdrawn is gone then.
5. Keys older than ``KEEP_FOR``, as those of a provider that is down become, verify nothing.
6. What can't be decided as the provider does not answer is no refusal: ``ProviderUnavailable``.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

import httpx

from statehold.errors import Unavailable
from statehold.server.authenticators.oidc.documents import (
    Metadata,
    NotFetched,
    ProviderKey,
    fetch_keys,
    fetch_metadata,
)
from statehold.server.authenticators.oidc.settings import WrongSettings

#: seconds; the length of a rotation that comes without notice
ASK_EVERY = 5.0
RENEW_AFTER = 600.0
KEEP_FOR = 3600.0

_log = logging.getLogger("statehold.server")


class ProviderUnavailable(Unavailable):
    """The identity provider can't be asked now whether a token is good."""

    code = "identity-provider-unavailable"
    retry_after_seconds: ClassVar[int] = int(ASK_EVERY)

    def __init__(self, issuer: str) -> None:
        super().__init__(f"the identity provider {issuer} does not answer")


class Provider:
    """One issuer. ``now`` gives seconds that never go back."""

    def __init__(self, issuer: str, now: Callable[[], float] = time.monotonic) -> None:
        self.issuer = issuer
        self._http: httpx.AsyncClient | None = None
        self._now = now
        self.metadata: Metadata | None = None
        self._metadata_at = -math.inf
        self._keys: Mapping[tuple[str, str], ProviderKey] = {}
        self._thumbprints: frozenset[str] = frozenset()
        self._keys_at = -math.inf
        self._asked_at = -math.inf
        self._failed = False
        self._wrong: WrongSettings | None = None
        self._asking: asyncio.Task[None] | None = None

    async def open(self, http: httpx.AsyncClient) -> None:
        """Asks for the first time, through a client that ``close`` closes. A provider that does
        not answer is asked again when the first token comes; one that is another issuer raises
        ``WrongSettings``."""
        self._http = http
        self._asked_at = -math.inf
        await self._ask()
        if self._wrong is not None:
            raise self._wrong

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def keys_for(self, kid: str | None, algorithm: str) -> ProviderKey | None:
        """The key that a token names; None: there is none. A token without ``kid`` means the only
        key that there is for its algorithm. Raises ``ProviderUnavailable``."""
        found = self._find(kid, algorithm)
        if found is None or self._age() > KEEP_FOR:
            await self._ask()
            found = self._find(kid, algorithm)
            if self._age() > KEEP_FOR or (found is None and self._failed):
                raise ProviderUnavailable(self.issuer)
        elif self._age() > RENEW_AFTER:
            self._begin()
        return found

    async def metadata_now(self) -> Metadata:
        """Raises ``ProviderUnavailable``."""
        if self.metadata is None:
            await self._ask()
        if self.metadata is None:
            raise ProviderUnavailable(self.issuer)
        return self.metadata

    def has(self, thumbprint: str) -> bool:
        """Whether a key is still the provider's; costs nothing. Begins to renew old keys."""
        age = self._age()
        if age > RENEW_AFTER:
            self._begin()
        return age <= KEEP_FOR and thumbprint in self._thumbprints

    def _find(self, kid: str | None, algorithm: str) -> ProviderKey | None:
        fitting = [
            key
            for (id, _), key in self._keys.items()
            if algorithm in key.algorithms and (kid is None or id == kid)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _age(self) -> float:
        return self._now() - self._keys_at

    async def _ask(self) -> None:
        """Asks, or waits for the request that is on its way; where it is too early, it does not."""
        asking = self._begin()
        if asking is not None:
            # a request that is given up takes nobody else's answer with it
            await asyncio.shield(asking)

    def _begin(self) -> asyncio.Task[None] | None:
        if self._http is None:
            # not open, so there is nothing to ask with
            return None
        if self._asking is None and self._now() - self._asked_at >= ASK_EVERY:
            self._asking = asyncio.create_task(self._renew(self._http))
            self._asking.add_done_callback(self._ended)
        return self._asking

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled() and (error := task.exception()) is not None:
            # a request that waits for it raises it too; where none does, it is seen here
            _log.error("the keys of %s were not renewed", self.issuer, exc_info=error)

    async def _renew(self, http: httpx.AsyncClient) -> None:
        failed, self._wrong = True, None
        try:
            if self.metadata is None or self._now() - self._metadata_at > KEEP_FOR:
                self.metadata = await fetch_metadata(http, self.issuer)
                self._metadata_at = self._now()
            keys = await fetch_keys(http, self.metadata)
            failed = False
        except WrongSettings as error:
            _log.error("the identity provider can't be used: %s", error)
            self._wrong = error
        except NotFetched as error:
            _log.warning("the identity provider's keys can't be renewed: %s", error)
            # it may have moved them
            self._metadata_at = -math.inf
        else:
            self._keys = keys
            self._thumbprints = frozenset(key.thumbprint for key in keys.values())
            self._keys_at = self._now()
        finally:
            self._failed = failed
            self._asked_at = self._now()
