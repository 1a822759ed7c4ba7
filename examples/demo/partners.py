"""Simulated external systems: restaurants, couriers and a mail server, at one loopback address.

They fail now and then: sometimes they are unavailable, and the engine retries; sometimes they
refuse a request, which becomes an incident.
"""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

#: of a hundred requests: how many are answered by 503, and how many by 422
AWAY_PERCENT = 15
UNREADABLE_PERCENT = 3
#: idempotency keys that are remembered
KEY_LIMIT = 10_000
BODY_LIMIT_BYTES = 100_000

#: called for each accepted offer, with its path and body
Heard = Callable[[str, dict[str, Any]], None]


class Partners:
    """Listens at ``url`` from its creation on; ``heard`` is called from other threads."""

    def __init__(self, heard: Heard, chance: random.Random) -> None:
        self._heard = heard
        self._chance = chance
        self._lock = threading.Lock()
        self._seen: dict[str, None] = {}
        self._order: deque[str] = deque()
        #: answers so far that made the engine retry
        self.failures = 0
        partners = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                partners._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Logs nothing: the journals of the instances have every request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="partners")
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        size = int(request.headers.get("Content-Length") or 0)
        if size > BODY_LIMIT_BYTES:
            return _reply(request, 413)
        body = json.loads(request.rfile.read(size))
        key = request.headers.get("Idempotency-Key", "")
        with self._lock:
            roll = self._chance.randrange(100)
            if roll < AWAY_PERCENT:
                self.failures += 1
                return _reply(request, 503)
            if roll < AWAY_PERCENT + UNREADABLE_PERCENT:
                return _reply(request, 422)
            first = self._remember(key)
        if first:
            # an offer that is sent again is answered, and handled once
            self._heard(request.path, body)
        if request.path == "/channels":
            with self._lock:
                channel = self._chance.choice(["direct", "friend", "advert"])
            return _reply(request, 200, {"channel": channel})
        return _reply(request, 202)

    def _remember(self, key: str) -> bool:
        if key in self._seen:
            return False
        self._seen[key] = None
        self._order.append(key)
        if len(self._order) > KEY_LIMIT:
            del self._seen[self._order.popleft()]
        return True


def _reply(request: BaseHTTPRequestHandler, status: int, body: Any = None) -> None:
    raw = b"" if body is None else json.dumps(body).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(raw)))
    request.end_headers()
    request.wfile.write(raw)
