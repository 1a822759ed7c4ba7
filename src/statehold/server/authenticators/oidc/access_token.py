"""One access token: a JWT (RFC 9068, RFC 8725) that the provider signed for this server.

What a token costs before its signature is checked is bounded by its length. Keys that a token
brings or points to (``jwk``, ``jku``, ``x5c``, ``x5u``) are not looked at.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from statehold.plain.json_reader import read_json
from statehold.plain.values import TextRefused
from statehold.server.authenticators.oidc.documents import KID_LENGTH, ProviderKey
from statehold.server.authenticators.oidc.settings import OidcSettings

#: characters of a token, and of its header
TOKEN_LENGTH = 16_000
HEADER_LENGTH = 4_000
#: seconds since 1970, at the end of the year 9999
_LAST_TIME = 253_402_300_799

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_PLAIN_TYPES = frozenset({"jwt", "application/jwt"})
#: claims that only other kinds of tokens have: an ID token, a logout token, one that is bound to a
#: key that its bearer has to prove
_OF_OTHERS = ("nonce", "at_hash", "c_hash", "s_hash", "sid_hash", "events", "cnf")


class TokenRefused(Exception):
    """The token is not good here; the message says why, without the token."""


class _Registry(JWSRegistry):
    max_header_length = HEADER_LENGTH
    max_payload_length = TOKEN_LENGTH
    max_signature_length = 2_000

    def get_alg(self, name: str) -> Any:
        # as the library's, but for a warning at each token: EdDSA is an old name for Ed25519
        if self.allowed is None or name not in self.allowed:
            raise TokenRefused(f"alg {name!r:.40} is not allowed")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class Unverified:
    """The parts of a token that say by which key it is to be verified."""

    token: str
    algorithm: str
    kid: str | None
    #: whether its header says that it is an access token
    typed: bool


def parse_header(token: str, settings: OidcSettings) -> Unverified:
    """Raises ``TokenRefused``."""
    if len(token) > TOKEN_LENGTH:
        raise TokenRefused(f"it has {len(token)} characters, the limit is {TOKEN_LENGTH}")
    if _COMPACT.fullmatch(token) is None:
        raise TokenRefused("it is no signed JWT in compact form, three parts joined by dots")
    part = token.partition(".")[0]
    if len(part) > HEADER_LENGTH:
        raise TokenRefused(f"its header is longer than {HEADER_LENGTH} characters")
    header = _object("its header", part)
    algorithm = header.get("alg")
    if algorithm not in settings.algorithms:
        raise TokenRefused(
            f"alg {algorithm!r:.40} is not allowed; allowed are {', '.join(settings.algorithms)}"
        )
    if "crit" in header or "b64" in header:
        raise TokenRefused("its header demands extensions (crit, b64), of which there are none")
    kid = header.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= KID_LENGTH):
        raise TokenRefused(f"kid is no text of 1 to {KID_LENGTH} characters")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _ACCESS_TYPES | _PLAIN_TYPES:
        raise TokenRefused(f"typ {kind!r:.40} is no access token's; send at+jwt or JWT")
    return Unverified(token, algorithm, kid, kind.lower() in _ACCESS_TYPES)


def verify(
    unverified: Unverified, key: ProviderKey, settings: OidcSettings, now: float
) -> tuple[Mapping[str, Any], float]:
    """The claims, and when they end in seconds since 1970. ``now`` is in those. Raises
    ``TokenRefused``."""
    registry = _Registry(algorithms=[unverified.algorithm], strict_check_header=False)
    try:
        jws.deserialize_compact(unverified.token, key.key, registry=registry)
    except (JoseError, ValueError, TypeError) as error:
        raise TokenRefused("its signature is not the provider's") from error
    claims = _object("its payload", unverified.token.split(".")[1])
    _check_issuer(claims, settings)
    _check_kind(unverified, claims, settings)
    return claims, _check_times(claims, settings.leeway_seconds, now)


def _check_issuer(claims: Mapping[str, Any], settings: OidcSettings) -> None:
    if claims.get("iss") != settings.issuer:
        raise TokenRefused(f"iss {claims.get('iss')!r:.200} is not {settings.issuer!r}")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(one, str) for one in audiences) or settings.audience not in audiences:
        raise TokenRefused(f"aud {audience!r:.200} is not {settings.audience!r}")


def _check_kind(unverified: Unverified, claims: Mapping[str, Any], settings: OidcSettings) -> None:
    """An ID token says who somebody is to one client; it is no permission to use this server."""
    other = [name for name in _OF_OTHERS if name in claims]
    if other and not (unverified.typed and other == ["nonce"]):
        raise TokenRefused(f"it has {', '.join(other)}, so it is no access token for a bearer")
    # what Keycloak and Cognito say of their tokens' kinds
    stated = [claims[name] for name in ("typ", "token_use") if name in claims]
    if any(one not in ("Bearer", "bearer", "access", "JWT", "at+jwt") for one in stated):
        raise TokenRefused(f"it says that it is {stated[0]!r:.40}, no access token")
    if settings.audience == settings.client_id and not (unverified.typed or stated):
        # an ID token's audience is its client, so this one may be one
        raise TokenRefused(
            "it can't be distinguished from an ID token, as the audience is the studio's client: "
            "have the provider give access tokens an audience of this server's, or the typ at+jwt"
        )


def _check_times(claims: Mapping[str, Any], leeway: float, now: float) -> float:
    """The token's end."""
    times: dict[str, float] = {}
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is None:
            continue
        # true is an int to Python
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TokenRefused(f"{name} is no number")
        if not 0 <= value <= _LAST_TIME:
            raise TokenRefused(f"{name} is no time between 1970 and 9999")
        times[name] = value
    if "exp" not in times:
        raise TokenRefused("it has no exp; a token without an end is not taken")
    if now >= times["exp"] + leeway:
        raise TokenRefused("it has expired")
    for name, why in (("nbf", "is not good yet"), ("iat", "was issued in the future")):
        if times.get(name, 0) > now + leeway:
            raise TokenRefused(f"it {why} ({name}); compare the clocks of provider and server")
    return times["exp"] + leeway


def _object(what: str, part: str) -> dict[str, Any]:
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        value = read_json(text).value
    except (ValueError, TextRefused) as error:
        raise TokenRefused(f"{what} is no JSON in base64url: {error}") from None
    if not isinstance(value, dict):
        raise TokenRefused(f"{what} is no JSON object")
    return value
