"""An issuer for tests: it signs what it is told to, and answers over httpx's transport."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.requests import Request

from statehold.server.authenticators.oidc import Oidc, OidcSettings

ISSUER = "https://id.example/realm"
AUDIENCE = "statehold"
START = 1_800_000_000.0

RSA = RSAKey.generate_key(2048)
OTHER_RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
ED = OKPKey.generate_key("Ed25519")

GOOD: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "ada",
    "exp": START + 300,
    "iat": START,
    "roles": ["ops"],
    "groups": ["kitchen"],
}


class AnyRegistry(jws.JWSRegistry):
    """Signs with every algorithm and header, as attackers do."""

    max_header_length = 1_000_000
    max_payload_length = 10_000_000

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]

    def check_header(self, header: dict[str, Any]) -> None:
        pass


def signed(payload: Any = GOOD, key: Any = RSA, **header: Any) -> str:
    """A token; ``payload`` as bytes is signed as it is."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    full = {"alg": "RS256", "kid": "rsa", "typ": "at+jwt", **header}
    full = {name: value for name, value in full.items() if value is not None}
    return jws.serialize_compact(full, body, key, registry=AnyRegistry())


def public(key: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **({} if kid is None else {"kid": kid}), **more}


class Issuer:
    """``answers`` has the document of each path, or bytes, a response, an error; ``asked`` counts
    requests. ``gate``, where set, holds every answer back, and ``held_back`` says that it does."""

    def __init__(self) -> None:
        self.wall = START
        self.steady = 1000.0
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        self.held_back = asyncio.Event()
        self.answers: dict[str, Any] = {
            "/realm/.well-known/openid-configuration": {
                "issuer": ISSUER,
                "jwks_uri": f"{ISSUER}/keys",
            },
            "/realm/keys": {
                "keys": [
                    public(RSA, "rsa"),
                    public(EC, "ec", use="sig", alg="ES256"),
                    public(ED, "ed"),
                ]
            },
        }

    @property
    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.answers["/realm/keys"]["keys"]
        return found

    def oidc(self, **settings: Any) -> Oidc:
        return Oidc(
            OidcSettings(**{"issuer": ISSUER, "audience": AUDIENCE, **settings}),
            http=httpx.AsyncClient(transport=httpx.MockTransport(self._answer)),
            now=lambda: self.wall,
            monotonic=lambda: self.steady,
        )

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.gate is not None:
            self.held_back.set()
            await self.gate.wait()
        answer = self.answers.get(request.url.path)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None:
            return httpx.Response(404)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return httpx.Response(200, stream=_Parts(body))


class _Parts(httpx.AsyncByteStream):
    """A body without a length, as one of 10 MB may come."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 64_000):
            yield self._body[start : start + 64_000]


def request_with(*authorizations: str) -> Request:
    headers = [(b"authorization", value.encode("latin-1")) for value in authorizations]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def bearing(token: str) -> Request:
    return request_with(f"Bearer {token}")
