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
    #: bytes of a request's line and headers; more is ``head-too-large`` (431)
    head_bytes: int = 64 * 1024
    #: headers of a request; more is ``head-too-large`` (431)
    headers: int = 100
    #: seconds for a request's line and headers to arrive; later is ``too-slow`` (408)
    head_seconds: float = 10.0
    #: seconds for a body to arrive, besides those for its bytes at ``slowest_rate``; later is
    #: ``too-slow`` (408)
    body_seconds: float = 20.0
    #: bytes a second that a client sends of a body, and takes of an answer, at the least
    slowest_rate: int = 4096
    #: seconds that a connection without a request stays open
    idle_seconds: float = 5.0
    #: requests that wait on a connection behind the one that is at work; the connection ends after
    #: the answers to these
    pipelined: int = 16
    #: connections open at once, of one process; one more is ``overloaded`` (503)
    connections: int = 10_000
    #: bytes of answers that clients have not taken yet, of one process; beyond it, those with the
    #: most are cut off
    unsent_bytes: int = 64 * 1024 * 1024
    #: requests at work at once, of one process; one more is ``overloaded`` (503)
    requests: int = 4000
    #: reads at work at once, of which one caller has its share; more of it wait for these
    reads: int = 16
    #: events of batches at work at once, of one process; one more is ``overloaded`` (503)
    events: int = 20_000
    #: bytes of bodies at work at once, of one process, and 100 for each of their values; more is
    #: ``overloaded`` (503)
    bodies_bytes: int = 256 * 1024 * 1024
    #: what one caller may have of connections, streams, requests, events and bodies: more is
    #: ``too-many-requests`` (429). A caller is a proved name; without one, and for connections, an
    #: address, which behind a proxy is the proxy's
    caller_share: float = 0.25
    #: event streams open at once, of one process; one more is ``overloaded`` (503)
    streams: int = 1000
    #: the longest silence on a stream, before a comment is sent
    heartbeat_seconds: float = 15.0
    #: how often the caller of an open stream is authenticated again: a stream goes on for so long
    #: after the caller's token has expired or was revoked
    caller_seconds: float = 15.0
    #: how long a stream waits for a client that does not read, before it is closed
    stall_seconds: float = 30.0
    #: characters of an ``Idempotency-Key``; more is ``bad-request`` (400)
    key_length: int = KEY_LIMIT
    #: bytes of a header that names the caller; more is ``bad-request`` (400). As many characters
    #: may be in its name, and in each of its roles and teams; more is ``forbidden`` (403)
    claim_length: int = 1000
    #: roles of a caller, and teams; more is ``forbidden`` (403)
    caller_roles: int = 250

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a share that is none."""
        if not 0 < self.caller_share <= 1:
            raise ValueError(
                f"caller_share is {self.caller_share:g}; it is more than 0, and at most 1 for all"
            )

    def share_of(self, total: int) -> int:
        """What one caller may have of so many."""
        return max(1, int(total * self.caller_share))
