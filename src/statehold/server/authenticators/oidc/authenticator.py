"""The authenticator: the access token of a request, verified, as its caller."""

from __future__ import annotations

import hashlib
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
from starlette.requests import Request

from statehold.records import Caller
from statehold.server.authenticators.base import Authenticator
from statehold.server.authenticators.oidc.access_token import TokenRefused, parse_header, verify
from statehold.server.authenticators.oidc.claims import caller_of_claims
from statehold.server.authenticators.oidc.provider import Provider
from statehold.server.authenticators.oidc.settings import (
    OidcSettings,
    WrongSettings,
    origin_of,
)
from statehold.server.problems import Unauthorized
from statehold.wire.operations import OidcSignIn, SignIn

if TYPE_CHECKING:
    from statehold.engine import Engine

#: tokens whose callers are remembered; each was signed by the provider
REMEMBERED = 10_000
#: connections to the provider; one request is on its way at a time
_CONNECTIONS = httpx.Limits(max_connections=2, max_keepalive_connections=1)

_REFUSED = 'Bearer error="invalid_token"'


class Oidc(Authenticator):
    """Access tokens of an OpenID provider: ``create_app(engine, authenticate=Oidc(settings))``.

    ``open`` has to be awaited before the first request, and ``close`` after the last, which the
    lifespan of :func:`.create_app` does. A request without a good token is refused with
    :class:`.problems.Unauthorized`, and where the provider can't be asked about a new key, with
    :class:`.provider.ProviderUnavailable`. ``http`` asks the provider, by default directly, through
    no proxy of the environment. ``now`` gives seconds since 1970, ``monotonic`` seconds that never
    go back. Raises ``WrongSettings`` for certificates that can't be read.
    """

    def __init__(
        self,
        settings: OidcSettings,
        *,
        http: httpx.AsyncClient | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._now = now
        self._http = http
        self._certificates = _certificates(settings.ca_file)
        self.provider = Provider(settings.issuer, monotonic)
        self._known: OrderedDict[bytes, tuple[Caller, float, str]] = OrderedDict()

    async def open(self, engine: Engine | None = None) -> None:
        """Raises ``WrongSettings`` where the provider takes itself for another issuer; one that
        does not answer is asked again when the first token comes."""
        http = self._http or httpx.AsyncClient(
            limits=_CONNECTIONS, trust_env=False, verify=self._certificates
        )
        try:
            await self.provider.open(http)
        except BaseException:
            await self.provider.close()
            raise

    async def close(self) -> None:
        await self.provider.close()

    async def sign_in(self) -> SignIn:
        """How the studio comes by a token. Raises ``ProviderUnavailable``."""
        settings = self.settings
        if not settings.client_id:
            return SignIn(kind="token")
        found = await self.provider.metadata_now()
        if not found.authorization_endpoint or not found.token_endpoint:
            return SignIn(kind="token")
        return SignIn(
            kind="oidc",
            oidc=OidcSignIn(
                issuer=found.issuer,
                client_id=settings.client_id,
                scopes=[*settings.scopes],
                resource=settings.resource or None,
                authorization_endpoint=found.authorization_endpoint,
                token_endpoint=found.token_endpoint,
                end_session_endpoint=found.end_session_endpoint or None,
                revocation_endpoint=found.revocation_endpoint or None,
                names_issuer=found.names_issuer,
            ),
        )

    def connects_to(self) -> frozenset[str]:
        """The origins that the studio has to reach beside the server's: the issuer's, and that of
        an endpoint which the provider has elsewhere."""
        if not self.settings.client_id:
            return frozenset()
        found = self.provider.metadata
        endpoints = () if found is None else (found.token_endpoint, found.revocation_endpoint)
        addresses = (self.settings.issuer, *filter(None, endpoints))
        return frozenset(origin_of(address) for address in addresses)

    async def __call__(self, request: Request) -> Caller:
        token = token_of(request)
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None:
            caller, ends, thumbprint = known
            if self._now() < ends and self.provider.has(thumbprint):
                return caller
            del self._known[digest]
        try:
            return await self._verified(token, digest)
        except TokenRefused as error:
            raise Unauthorized(f"the access token was refused: {error}", _REFUSED) from error

    async def _verified(self, token: str, digest: bytes) -> Caller:
        unverified = parse_header(token, self.settings)
        key = await self.provider.keys_for(unverified.kid, unverified.algorithm)
        if key is None:
            raise TokenRefused(f"the provider has no key {unverified.kid!r:.100} for it")
        claims, ends = verify(unverified, key, self.settings, self._now())
        caller = caller_of_claims(claims, self.settings)
        while len(self._known) >= REMEMBERED:
            self._known.popitem(last=False)
        self._known[digest] = (caller, ends, key.thumbprint)
        return caller


def token_of(request: Request) -> str:
    """The token of the one ``Authorization`` header. Raises ``Unauthorized``."""
    given: list[bytes] = [
        value for name, value in request.scope["headers"] if name == b"authorization"
    ]
    if not given:
        raise Unauthorized("send an access token, as in Authorization: Bearer eyJhbGciOi…")
    if len(given) > 1:
        raise Unauthorized("the Authorization header is there twice", _REFUSED)
    scheme, _, token = given[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("the Authorization header has no Bearer token")
    return token.strip()


def _certificates(ca_file: str | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise WrongSettings(f"the certificates in {ca_file!r} can't be read: {error}") from error
