"""A request's headers, read within their bounds."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request

from statehold.server.bounds import Bounds
from statehold.server.problems import BadRequest

_READ = "statehold.headers"


def header(request: Request, name: bytes) -> str | None:
    """The first header of this name, which is given in lower case."""
    # A dictionary made once: Starlette's own searches all headers each time, and a request with an
    # event reads eight.
    read: dict[bytes, bytes] | None = request.scope.get(_READ)
    if read is None:
        read = request.scope[_READ] = dict(reversed(request.scope["headers"]))
    value = read.get(name)
    return None if value is None else value.decode("latin-1")


def key_of(request: Request, bounds: Bounds) -> str | None:
    """``Idempotency-Key``, plain or as the quoted string of the IETF's draft."""
    key = header(request, b"idempotency-key")
    if key is None:
        return None
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 1 <= len(key) <= bounds.key_length:
        raise BadRequest(
            "Idempotency-Key", f"it has {len(key)} characters, 1 to {bounds.key_length} are taken"
        )
    return key


def left_out_of(request: Request) -> dict[str, Any]:
    """``Statehold-Left-Out``: members of the body that the sender filled in, as a JSON object."""
    given = header(request, b"statehold-left-out")
    if given is None:
        return {}
    try:
        return msgspec.json.decode(given, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        why = 'it is no JSON object of names, as in {"note":null,"parts":{"0":{"size":null}}}'
        raise BadRequest("Statehold-Left-Out", why) from None


_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"|(\d{1,18})', re.ASCII)


def expected_seq_of(request: Request) -> int | None:
    """``If-Match``: ``3``, ``"3"`` or ``W/"3"``; ``*`` matches any."""
    given = header(request, b"if-match")
    if given is None or given.strip() == "*":
        return None
    match = _ETAG.fullmatch(given.strip())
    if match is None:
        raise BadRequest(
            "If-Match", f'{given[:50]!r} is not one seq; send the one you saw, as in If-Match: "3"'
        )
    return int(match[1] or match[2])


#: seconds, to the microsecond; far longer than any bound of an operator
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def max_lag_of(request: Request) -> float | None:
    """``Statehold-Max-Lag``: by how many seconds a list or a count may be behind."""
    given = header(request, b"statehold-max-lag")
    if given is None:
        return None
    if _SECONDS.fullmatch(given.strip()) is None:
        raise BadRequest(
            "Statehold-Max-Lag", f"{given[:50]!r} is no number of seconds; send 0, 2.5 or 10, say"
        )
    return float(given)


def last_event_id_of(request: Request) -> int | None:
    given = header(request, b"last-event-id")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= 15):
        raise BadRequest("Last-Event-ID", f"{given[:50]!r} is not a seq")
    return int(given)
