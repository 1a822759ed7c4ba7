"""A server behind an OpenID provider: npm's ``oidc-provider`` and ``statehold``, both on loopback.

::

    python -m tests.studio.provided PORT STORE ISSUER       the server alone
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from joserfc.jwk import ECKey, RSAKey

import hatch_build
from examples.onboarding.v2 import Onboarding
from examples.order_v3.flow import OrderFlow
from examples.outside import resources
from statehold.chart.access import Access, ServerAccess, anyone, role
from statehold.engine import Engine
from statehold.server import create_app
from statehold.server.authenticators.oidc import Oidc, OidcSettings
from tests.studio.served import ROOT, free_port

PROGRAM = ROOT / "studio" / "tests" / "provider" / "main.js"
AUDIENCE = "https://statehold.example/api"
#: real seconds for a process to listen
PATIENCE = 60.0

#: everybody signs in under a name of these; what a machine leaves out is permitted by role
USERS: dict[str, dict[str, list[str]]] = {
    "olga": {"roles": ["operator", "staff", "restaurant"]},
    "rita": {"roles": ["reader"]},
    "nobody": {"roles": []},
}
ACCESS = ServerAccess(
    unstated=Access(
        start=role("staff"),
        read=role("staff") | role("reader"),
        inspect=role("staff"),
        send=role("staff"),
        act=role("operator"),
    ),
    metrics=anyone,
)


def new_keys() -> list[dict[str, Any]]:
    """Made here: Node.js 20 can stand still for ever as it exports a key that it has just made."""
    found: list[dict[str, Any]] = []
    for made, algorithm in (
        (RSAKey.generate_key(2048), "RS256"),
        (ECKey.generate_key("P-256"), "ES256"),
    ):
        more = {"kid": secrets.token_hex(8), "alg": algorithm, "use": "sig"}
        found.append({**made.as_dict(private=True), **more})
    return found


class Provider:
    """The provider, up from the beginning of a ``with`` statement to its end."""

    def __init__(self, page: str, seconds: int = 300) -> None:
        client = {"redirect_uris": [f"{page}/"], "post_logout_redirect_uris": [f"{page}/"]}
        self._given = {
            "client": client, "users": USERS, "seconds": seconds, "keys": new_keys()
        }  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        npm = hatch_build.npm()
        self._process = subprocess.Popen(
            [npm.node, str(PROGRAM), json.dumps(self._given)],
            env=npm.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        try:
            self.url = self._process.stdout.readline().strip()
            assert self.url.startswith("http://127.0.0.1:"), "the provider did not start"
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def control(self, **said: Any) -> dict[str, int]:
        """Tells it what befalls it; how often it was asked at which path."""
        answer = httpx.post(f"{self.url}/control", json=said, timeout=PATIENCE)
        found: dict[str, int] = answer.raise_for_status().json()["asked"]
        return found


class Provided:
    """A provider, and a server that takes its tokens."""

    def __init__(self, folder: Path, seconds: int = 300) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.provider = Provider(self.url, seconds)
        self._store = f"sqlite:///{folder / 'studio.db'}"
        self._port = port
        self._up = ExitStack()

    def __enter__(self) -> Self:
        self._up.enter_context(self.provider)
        process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.studio.provided",
                str(self._port), self._store, self.provider.url,
            ],
            cwd=ROOT, env={**os.environ}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self._up.callback(process.wait)
        self._up.callback(process.kill)
        transport = httpx.HTTPTransport(retries=10)
        with httpx.Client(transport=transport, timeout=PATIENCE) as http:
            while process.poll() is None:
                try:
                    http.get(f"{self.url}/ready")
                    break
                except httpx.ConnectError:
                    continue
        assert process.poll() is None, "the server did not start"
        return self

    @contextmanager
    def forgotten(self, user: str) -> Iterator[None]:
        """The provider has thrown a user out, with all that the user was given, and lets the user
        in again afterwards."""
        self.provider.control(forget=user)
        try:
            yield
        finally:
            self.provider.control(remember=user)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._up.close()


def main(port: int, store: str, issuer: str) -> None:
    settings = OidcSettings(
        issuer=issuer,
        audience=AUDIENCE,
        client_id="studio",
        resource=AUDIENCE,
        leeway_seconds=0,
    )
    app = create_app(
        lambda: Engine(store, machines=[OrderFlow, Onboarding], resources=resources),
        authenticate=Oidc(settings),
        access=ACCESS,
    )
    uvicorn.run(app, port=port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
