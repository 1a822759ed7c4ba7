"""The bounds of one server: of requests, connections and streams."""

from __future__ import annotations

from dataclasses import dataclass

from statehold.formats.notation import DOCUMENT_LIMIT
from statehold.store import PAGE_LIMIT
from statehold.wire.base import KEY_LIMIT


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every bound of the HTTP server. A request beyond one is refused with a named problem."""

    #: bytes of a machine that is put; more is ``too-large`` (413)
    document_bytes: int = DOCUMENT_LIMIT
    #: bytes of any other request's body; more is ``too-large`` (413)
    body_bytes: int = 1024 * 1024
    #: bytes of the body of ``POST /api/events``; more is ``too-large`` (413)
    batch_bytes: int = 8 * 1024 * 1024
    #: events in one ``POST /api/events``; more is ``too-large`` (413)
    batch_events: int = 1000
    #: entries or instances in one answer, at most 1000; a larger ``limit`` is ``invalid-payload``
    #: (422)
    page: int = PAGE_LIMIT
    #: objects and lists within each other in a body; deeper is ``not-json`` (400)
    json_depth: int = 64
    #: values in a body of JSON, counted by its commas and brackets before it is parsed; more is
    #: ``too-large`` (413). Parsed, a value takes up to a hundred times its bytes, and each wrong
    #: one about a kilobyte
    json_values: int = 100_000
    #: event streams open at once; one more is ``overloaded`` (503)
    streams: int = 1000
    #: the longest silence on a stream, before a comment is sent
    heartbeat_seconds: float = 15.0
    #: how long a stream waits for a client that does not read, before it is closed
    stall_seconds: float = 30.0
    #: characters of an ``Idempotency-Key``; more is ``bad-request`` (400)
    key_length: int = KEY_LIMIT
    #: characters of a header that names the caller; more is ``bad-request`` (400)
    claim_length: int = 1000
