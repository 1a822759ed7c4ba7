"""What the provider publishes: its addresses and its keys, fetched within bounds and checked."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from statehold.plain.json_reader import read_json
from statehold.plain.values import TextRefused
from statehold.server.authenticators.oidc.settings import WrongSettings, check_address

#: bytes of one document
DOCUMENT_BYTES = 256_000
#: seconds for one document, from connecting to its last byte
FETCH_SECONDS = 5.0
#: keys that are looked at, and characters of a key's id
KEYS_LIMIT = 100
KID_LENGTH = 300
#: bits of an RSA key: fewer are broken, more cost each signature too much
RSA_BITS = (2048, 8192)

_log = logging.getLogger("statehold.server")

PublicKey = RSAKey | ECKey | OKPKey

#: which public members each type of key has; nothing else of a key is read
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_ALGORITHMS = {"RSA": ("RS256", "PS256"), "EC": ("ES256",), "OKP": ("EdDSA", "Ed25519")}
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}


class NotFetched(Exception):
    """The provider did not answer, or with something that is not what it should be."""


class NotThere(NotFetched):
    """The provider has no such document."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the provider's endpoints are; those that only the studio needs may be empty."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    #: whether its answers to browsers name it (RFC 9207)
    names_issuer: bool = False


_ADDRESSES = (
    "jwks_uri",
    "authorization_endpoint",
    "token_endpoint",
    "end_session_endpoint",
    "revocation_endpoint",
)


@dataclass(frozen=True, slots=True)
class ProviderKey:
    #: of its public members: the same key has the same
    thumbprint: str
    algorithms: tuple[str, ...]
    key: PublicKey


async def fetch_metadata(http: httpx.AsyncClient, issuer: str) -> Metadata:
    """By OpenID Connect Discovery, else by RFC 8414. Raises ``NotFetched``, and ``WrongSettings``
    where the provider takes itself for another issuer."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    openid = urlunsplit(parts._replace(path=f"{path}/.well-known/openid-configuration"))
    oauth = urlunsplit(parts._replace(path=f"/.well-known/oauth-authorization-server{path}"))
    try:
        found = await fetch_json(http, openid)
    except NotThere:
        found = await fetch_json(http, oauth)
    if found.get("issuer") != issuer:
        raise WrongSettings(
            f"the provider at {issuer!r} says that it is {found.get('issuer')!r:.300}; the two are "
            "to be equal in every character"
        )
    addresses: dict[str, str] = {}
    for name in _ADDRESSES:
        address = found.get(name, "")
        if address != "" or name == "jwks_uri":
            if not isinstance(address, str):
                raise NotFetched(f"{name} of {issuer} is no text")
            check_address(f"{name} of {issuer}", address)
        addresses[name] = address
    names_issuer = found.get("authorization_response_iss_parameter_supported") is True
    return Metadata(issuer, **addresses, names_issuer=names_issuer)


async def fetch_keys(
    http: httpx.AsyncClient, metadata: Metadata
) -> Mapping[tuple[str, str], ProviderKey]:
    """The keys by id (empty: it has none) and type, but for those that can't be used. Raises
    ``NotFetched``."""
    document = await fetch_json(http, metadata.jwks_uri)
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise NotFetched(f"{metadata.jwks_uri} has no list of keys")
    if len(listed) > KEYS_LIMIT:
        raise NotFetched(f"{metadata.jwks_uri} has {len(listed)} keys; the limit is {KEYS_LIMIT}")
    found: dict[tuple[str, str], ProviderKey] = {}
    for one in listed:
        try:
            kid, key = _key_of(one)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            _log.debug("a key of %s is left out: %s", metadata.jwks_uri, error)
            continue
        # of two with the same id and type, the first counts
        found.setdefault((kid, key.key.key_type), key)
    return found


def _key_of(given: Any) -> tuple[str, ProviderKey]:
    """Raises ``ValueError`` and the like for a key that verifies no token."""
    if not isinstance(given, dict):
        raise ValueError("it is no object")
    kind = given.get("kty")
    if kind not in _MEMBERS:
        raise ValueError(f"kty {kind!r:.40} is not used")
    kid = given.get("kid", "")
    if not isinstance(kid, str) or len(kid) > KID_LENGTH:
        raise ValueError("its kid is no short text")
    if given.get("use", "sig") != "sig":
        raise ValueError("it is not for signatures")
    if "key_ops" in given and "verify" not in given["key_ops"]:
        raise ValueError("it is not to verify with")
    if kind in _CURVES and given.get("crv") != _CURVES[kind]:
        raise ValueError(f"crv {given.get('crv')!r:.40} is not used")
    public = {"kty": kind, **{name: given[name] for name in _MEMBERS[kind]}}
    key: PublicKey
    if kind == "RSA":
        bits = _bits_of(given["n"])
        if not RSA_BITS[0] <= bits <= RSA_BITS[1]:
            raise ValueError(f"an RSA key of {bits} bits is not used")
        key = RSAKey.import_key(public)
    else:
        key = (ECKey if kind == "EC" else OKPKey).import_key(public)
        # the point is checked when the key itself is made
        _ = key.raw_value
    stated = given.get("alg")
    algorithms = _ALGORITHMS[kind]
    if stated is not None:
        if stated not in algorithms:
            raise ValueError(f"alg {stated!r:.40} is not used")
        # an OKP key's two names are of one algorithm
        algorithms = algorithms if kind == "OKP" else (stated,)
    return kid, ProviderKey(key.thumbprint(), algorithms, key)


def _bits_of(number: str) -> int:
    padded = number + "=" * (-len(number) % 4)
    return int.from_bytes(base64.urlsafe_b64decode(padded)).bit_length()


async def fetch_json(http: httpx.AsyncClient, address: str) -> dict[str, Any]:
    """Raises ``NotFetched``. Redirects are not followed: nobody has named their targets."""
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            body = await _body(http, address)
    except TimeoutError:
        raise NotFetched(f"{address} has not answered within {FETCH_SECONDS:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotFetched(f"{address}: {error or type(error).__name__}") from error
    try:
        value = read_json(body.decode()).value
    except (UnicodeDecodeError, TextRefused) as error:
        raise NotFetched(f"{address} answered with what is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise NotFetched(f"{address} answered with JSON that is no object")
    return value


async def _body(http: httpx.AsyncClient, address: str) -> bytes:
    # compressed, a small answer may be a huge one
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    async with http.stream("GET", address, headers=headers, follow_redirects=False) as response:
        if response.status_code == 404:
            raise NotThere(f"{address} answered with status 404")
        if response.status_code != 200:
            raise NotFetched(f"{address} answered with status {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise NotFetched(f"{address} answered compressed, which was not asked for")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > DOCUMENT_BYTES:
                raise NotFetched(f"{address} has more than {DOCUMENT_BYTES} bytes")
    return bytes(body)
