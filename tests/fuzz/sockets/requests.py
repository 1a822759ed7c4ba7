"""Requests as bytes: sound ones, ones made at random, and these changed."""

from __future__ import annotations

import random

from tests.fuzz.mutate import mutate
from tests.fuzz.target import Target

_EVENT = b'{"type":"Accept","prep_minutes":3}'
_BATCH = b'[{"machine":"order","id":"o-1","event":{"type":"Accept","prep_minutes":1}}]'
_INSTANCES = b"/api/machines/order/instances"
_HOST = b"Host: 127.0.0.1"


def request(
    method: bytes,
    path: bytes,
    *headers: bytes,
    body: bytes | None = None,
    length: int | None = None,
) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (method, path), _HOST, *headers]
    if body is not None:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
        lines.append(b"Content-Type: application/json")
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunked(path: bytes, body: bytes, size: int, *, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    json = b"Content-Type: application/json"
    return request(b"POST", path, json, b"Transfer-Encoding: chunked") + chunks + end


SOUND = (
    request(b"GET", b"/health"),
    request(b"GET", b"/api/machines"),
    request(b"GET", _INSTANCES + b"?limit=5&where=city%3DOslo"),
    request(b"GET", _INSTANCES + b"/o-1/journal?data=true"),
    request(b"POST", _INSTANCES, body=b"{}"),
    request(b"POST", _INSTANCES + b"/o-1/events", b"Idempotency-Key: k", body=_EVENT),
    request(b"POST", b"/api/events", body=_BATCH),
    request(b"POST", b"/api/machines", b"Statehold-Roles: operator", body=b'{"statehold":1}'),
    chunked(_INSTANCES + b"/o-1/events", _EVENT, 7),
    chunked(b"/api/events", _BATCH, 1, end=b"0\r\nStatehold-Roles: operator\r\n\r\n"),
    request(b"GET", b"/health", b"Connection: upgrade", b"Upgrade: websocket"),
    request(b"POST", b"/api/events", b"Expect: 100-continue", body=_BATCH),
)

#: streams; the answer to one does not end
STREAMS = (b"/api/stream", b"/api/machines/order/stream", _INSTANCES + b"/o-1/stream")

_WORDS = (
    "Transfer-Encoding: chunked", "Content-Length: 0", "Content-Length: -1", "Content-Length: 5",
    "Content-Length: 99999999999999999999", "Connection: close", "Connection: keep-alive",
    "Upgrade: h2c", "Expect: 100-continue", "Host:", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "GET",
    "HEAD", "OPTIONS", "CONNECT", "PRI", "TRACE", "DELETE", "\r\n", "\n", "\r", "0\r\n\r\n",
    "ffffffffffffffff\r\n", "1;ext=1\r\n", "%00", "%ff", "..", "//", "\t", " ", "\x00",
    "Statehold-Roles: operator", "Statehold-Left-Out: {", "Last-Event-ID: 0", "If-Match: *",
    "Content-Type: application/json", "Content-Encoding: gzip", "Range: bytes=0-",
)  # fmt: skip
_TARGET = Target("http", lambda _: None, lambda: SOUND, "text", _WORDS)


def rubbish(chance: random.Random) -> bytes:
    """Bytes that are a request, or nearly."""
    chosen = chance.random()
    if chosen < 0.25:
        return chance.choice(SOUND)
    if chosen < 0.75:
        return mutate(_TARGET, SOUND, chance)[: chance.choice((2_000, 20_000, 200_000))]
    return _built(chance)


def _built(chance: random.Random) -> bytes:
    method = chance.choice((b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"X" * 30))
    path = chance.choice((
        b"/health", b"/" + b"a" * chance.choice((10, 10_000, 70_000)), b"*", b"http://x/health",
        b"/api/search?q=" + b"%41" * 50, _INSTANCES + b"?" + b"where=a%3Db&" * 40, b"", b"/%ff%00",
    ))  # fmt: skip
    count = chance.choice((0, 1, 5, 99, 101, 5000))
    size = chance.choice((1, 100, 1000))
    headers = [b"A%d: %b" % (number, b"v" * size) for number in range(count)]
    headers += [chance.choice(_WORDS).encode() for _ in range(chance.randrange(4))]
    body: bytes | None = None
    if chance.random() < 0.6:
        times = chance.choice((1, 1000, 120_000, 400_000))
        body = chance.choice((b"{}", b"[{}" + b",{}" * times + b"]", b"[" * times, b'"' * times))
    length = None if body is None or chance.random() < 0.6 else chance.randrange(10**7)
    return request(method, path, *headers, body=body, length=length)
