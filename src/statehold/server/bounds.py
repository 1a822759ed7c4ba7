"""How much one server takes, and from how much on it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from statehold.formats.notation import DOCUMENT_LIMIT
from statehold.store import PAGE_LIMIT
from statehold.wire import KEY_LIMIT


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every bound of the HTTP server; what goes over one is refused with a named problem.

    ``body_bytes``: a request's body, ``batch_bytes``: the body of ``POST /api/events``,
    ``document_bytes``: a machine that is put; all refused with ``too-large`` (413), as is more than
    ``batch_events`` events in one request.
    ``page``: entries or instances in one answer, at most 1000. ``json_depth``: objects and lists
    within each other. ``streams``: event streams open at once, refused with ``overloaded`` (503).
    ``heartbeat_seconds``: the longest silence on a stream; ``stall_seconds``: how long a stream
    waits for a client that does not read before it hangs up. ``key_length``, ``claim_length``:
    characters of an ``Idempotency-Key`` and of a header that names the caller. How long an id may
    be is a rule of instances (:data:`.wire.ID_PATTERN`), not of one server.
    """

    document_bytes: int = DOCUMENT_LIMIT
    body_bytes: int = 1024 * 1024
    batch_bytes: int = 8 * 1024 * 1024
    batch_events: int = 1000
    page: int = PAGE_LIMIT
    json_depth: int = 64
    streams: int = 1000
    heartbeat_seconds: float = 15.0
    stall_seconds: float = 30.0
    key_length: int = KEY_LIMIT
    claim_length: int = 1000
