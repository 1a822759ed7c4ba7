"""Another client, in a process of its own, that looks whether the server still answers.

``python -m tests.fuzz.sockets.look PORT``: until its stdin is closed; then it writes a line of
JSON, ``{"looks": …, "slowest": …, "wrong": […]}``.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from typing import Any

from tests.fuzz.sockets.requests import request

#: seconds between two looks
EVERY_SECONDS = 0.2
#: how long one is waited for; longer is as if it had not been answered
PATIENCE = 30.0


def main() -> None:
    port = int(sys.argv[1])
    found: dict[str, Any] = {"looks": 0, "slowest": 0.0, "wrong": []}
    while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
        started = time.monotonic()
        answer = look(port)
        found["looks"] += 1
        found["slowest"] = max(found["slowest"], time.monotonic() - started)
        if not answer.startswith(b"HTTP/1.1 200"):
            found["wrong"].append(repr(answer[:200]))
    sys.stdout.write(json.dumps(found) + "\n")


def look(port: int) -> bytes:
    """The answer to a request for ``/health``; what went wrong, where there is none."""
    answer = b""
    try:
        # from an address that attacks nobody, whose share is its own
        with socket.create_connection(("127.0.0.1", port), PATIENCE, ("127.0.0.2", 0)) as end:
            end.sendall(request(b"GET", b"/health", b"Connection: close"))
            while piece := end.recv(65_536):
                answer += piece
    except OSError as error:
        return f"{error!r} after {answer[:100]!r}".encode()
    return answer


if __name__ == "__main__":
    main()
