"""HTTP/1.1 connections within bounds, for uvicorn with httptools: the parser bounds nothing itself.

1. A request's line, path and headers have bounds of bytes and of number, and a time to arrive in;
   a body has a time to arrive in, and more of it for each byte that came. What is beyond is
   answered with a problem (431, 408, 400), and the connection ends.
2. Nothing is answered out of order: where an earlier request still waits for its answer, the
   connection ends after that answer, without one to what came later.
3. So many requests may wait behind one that is at work; of more, none is read.
4. A client that reads its answer too slowly is cut off, and so are those with the largest answers
   where all unread answers together are too large.
5. Connections are counted, in all and for each address; one more is answered with 503 or 429.
6. Trailers of a chunked body are dropped: merged into the headers, they would pass every check.

All times are looked at together, once a second (:class:`Connections`): a timer for each request
would cost more than the rest of this.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Any, Never

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from statehold.errors import Overloaded, StateholdError, TooManyRequests
from statehold.server.authority import authority_of
from statehold.server.bounds import Bounds
from statehold.server.problems import BadRequest, HeadTooLarge, TooSlow, response_of
from statehold.server.shares import network_of

_log = logging.getLogger("statehold.server")

#: seconds between two looks at all connections
SWEEP_SECONDS = 1.0
#: how long what a client still sends is thrown away after its last answer: closed at once, the
#: connection would be reset, and the answer with it
LINGER_SECONDS = 2.0
#: how long a connection that was accepted just before the server stops may take to send a request
FIRST_REQUEST_SECONDS = 0.5
#: bytes of a chunked body's framing for each byte of it that came: chunks of one byte have five
FRAMING = 8


class Phase(Enum):
    """What a connection waits for."""

    #: the first byte of a request
    IDLE = auto()
    #: the rest of its line and headers
    HEAD = auto()
    #: the rest of its body
    BODY = auto()
    #: its answer
    WORK = auto()
    #: the rest of a body that is answered already
    REST = auto()
    #: the client's end: nothing is read any more
    OVER = auto()


class Connection(HttpToolsProtocol):
    """One connection. ``connections`` are all of the server."""

    def __init__(self, *arguments: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._all = connections
        self._bounds = connections.bounds
        self.phase = Phase.IDLE
        self.address = ""
        #: since when it is in its phase
        self._since = self.loop.time()
        #: requests whose answer is not complete, oldest first
        self._cycles: deque[RequestResponseCycle] = deque()
        #: bytes of the head as parsed, and as received, where that is known to be of the head
        self._head, self._received = 0, 0
        #: bytes of a piece that begins with a head
        self._fresh = 0
        #: bytes of the body, and of all that came in its place
        self._body, self._wire = 0, 0
        self._refusal: StateholdError | None = None
        #: the server stops: its next request is its last one
        self._is_last = False
        #: whether it has sent the head of a request
        self._has_begun = False
        #: whether the next request waits until the answer before it was taken
        self._is_behind = False
        #: what was unsent when it was looked at last, and for how long too little was taken
        self._unsent, self._stalled = 0, 0.0

    # --- the server ---

    def shutdown(self) -> None:
        """The server stops. A connection that was just accepted may have its first request on the
        way, which would be lost: it has a moment for it."""
        if not self._has_begun and self.phase in (Phase.IDLE, Phase.HEAD):
            self._is_last = True
            self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)
        else:
            super().shutdown()

    def _close_unused(self) -> None:
        if not self._has_begun:
            self.transport.close()

    # --- the transport ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        refusal = self._all.add(self)
        if refusal is not None:
            self._enter(Phase.OVER)
            self._write(refusal)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.discard(self)
        super().connection_lost(exc)
        # the library marks the newest only
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()
        self._cycles.clear()
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        if self.phase is Phase.OVER:
            return
        self._unset_keepalive_if_required()
        self._fresh = len(data) if self.phase is Phase.IDLE else 0
        if self.phase is Phase.HEAD:
            self._received += len(data)
        elif self.phase is Phase.BODY:
            self._wire += len(data)
        # it goes with the connection, and nothing is received after that
        assert self.parser is not None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # no other protocol is spoken here: the request is answered as it is, and is the last
            self._end_after_answers()
        except httptools.HttpParserError as error:
            self._fail(self._refusal or BadRequest("the request", f"it is no HTTP/1.1: {error}"))
        else:
            if self.phase is Phase.HEAD and self._received > self._bounds.head_bytes:
                self._fail(HeadTooLarge("bytes", self._bounds.head_bytes))
            elif self._wire - self._body > self._bounds.head_bytes + FRAMING * self._body:
                self._fail(BadRequest("the body", "its chunks are mostly framing"))

    # --- the parser ---

    def on_message_begin(self) -> None:
        if len(self._cycles) > self._bounds.pipelined:
            self._refuse(Overloaded(len(self._cycles), self._bounds.pipelined))
        super().on_message_begin()
        self._enter(Phase.HEAD)
        self._head = self._body = self._wire = 0
        self._received, self._fresh = self._fresh, 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is not Phase.HEAD:
            # a trailer
            return
        self._count_head(len(name) + len(value) + 4)
        if len(self.headers) >= self._bounds.headers:
            self._refuse(HeadTooLarge("headers", self._bounds.headers))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.url.startswith((b"/", b"*")):
            self._check_target()
        super().on_headers_complete()
        self._has_begun = True
        if self._is_last:
            self.cycle.keep_alive = False
        self._cycles.append(self.cycle)
        self._enter(Phase.BODY)

    def _check_target(self) -> None:
        """A target with an authority of its own counts instead of ``Host`` (RFC 9112, 3.2.2), which
        alone is looked at later: they have to be the same."""
        try:
            target = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            self._refuse(BadRequest("the request's target", "it is no URL"))
        host = (target.host or b"").decode("latin-1")
        port = f":{target.port}" if target.port else ""
        named = authority_of((f"[{host}]" if ":" in host else host) + port)
        hosts = [authority_of(v.decode("latin-1")) for n, v in self.headers if n == b"host"]
        if named is None or hosts != [named] or target.userinfo is not None:
            self._refuse(BadRequest("the request's target", "it names another host than Host"))

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._enter(Phase.WORK if self._cycles else Phase.IDLE)

    def on_response_complete(self) -> None:
        if self._cycles:
            self._cycles.popleft()
        if self.flow.write_paused and not self.transport.is_closing():
            # the next request is not begun before the client has taken this answer: else as many
            # answers as it has requests would wait here
            self._is_behind = True
            self._unset_keepalive_if_required()
            self.flow.pause_reading()
        else:
            super().on_response_complete()
        if self._cycles or self.phase is Phase.OVER:
            return
        if self.phase is Phase.BODY:
            self._enter(Phase.REST)
        elif self.phase is Phase.WORK:
            self._enter(Phase.IDLE)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._all.count_unsent(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._all.count_unsent(self, 0)
        if self._is_behind:
            self._is_behind = False
            super().on_response_complete()

    def _should_upgrade_to_ws(self) -> bool:
        return False

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > self._bounds.head_bytes:
            self._refuse(HeadTooLarge("bytes", self._bounds.head_bytes))

    def _refuse(self, error: StateholdError) -> Never:
        """Stops the parser, which says of an exception only that there was one."""
        self._refusal = error
        raise error

    # --- the end ---

    def _fail(self, error: StateholdError) -> None:
        """Nothing more is read, and the connection ends after what is still to be answered."""
        self._all.why[error.code] += 1
        was = self.phase
        unfinished = self._cycles.pop() if was is Phase.BODY and self._cycles else None
        if unfinished is not None:
            # its application waits for the rest
            unfinished.disconnected = True
            unfinished.message_event.set()
            self.pipeline = deque(one for one in self.pipeline if one[0] is not unfinished)
        if self._cycles:
            self._end_after_answers()
            return
        self._enter(Phase.OVER)
        if was is Phase.REST or (unfinished is not None and unfinished.response_started):
            self.transport.close()
            return
        self._write(error)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _end_after_answers(self) -> None:
        self._enter(Phase.OVER)
        if not self._cycles:
            self.transport.close()
            return
        newest = self._cycles[-1]
        newest.keep_alive = False
        if newest.more_body:
            # none comes
            newest.more_body = False
            newest.message_event.set()
        self.flow.resume_reading()

    def _write(self, error: StateholdError) -> None:
        response = response_of(error)
        lines = [STATUS_LINE[response.status_code]]
        for name, value in response.raw_headers:
            lines.append(b"%b: %b\r\n" % (name, value))
        lines += [b"connection: close\r\n\r\n", bytes(response.body)]
        self.transport.write(b"".join(lines))

    # --- time ---

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._since = self.loop.time()

    def look(self, now: float, passed: float) -> None:
        """Ends the connection if its time is over. ``passed``: seconds since it was looked at
        last."""
        bounds = self._bounds
        unsent = self.transport.get_write_buffer_size()
        taken, self._unsent = self._unsent - unsent, unsent
        if unsent and taken < bounds.slowest_rate * passed:
            self._stalled += passed
        else:
            self._stalled = max(0.0, self._stalled - passed) if unsent else 0.0
        if self._stalled > bounds.stall_seconds:
            self.cut_off()
            return
        if self.flow.read_paused:
            # it waits for us
            self._since = now
            return
        waited = now - self._since
        if self.phase is Phase.HEAD and waited > bounds.head_seconds:
            self._fail(TooSlow("the headers", f"{bounds.head_seconds:g} s"))
        elif self.phase is Phase.BODY and waited > self._body_seconds():
            rate = f"{bounds.body_seconds:g} s and {bounds.slowest_rate} bytes/s"
            self._fail(TooSlow("the body", rate))
        elif (
            (self.phase is Phase.IDLE and waited > max(bounds.idle_seconds, bounds.head_seconds))
            or (self.phase is Phase.REST and waited > LINGER_SECONDS)
            or (self.phase is Phase.OVER and waited > LINGER_SECONDS and not self._cycles)
        ):
            self._all.why[self.phase.name.lower()] += 1
            self.transport.close()

    def _body_seconds(self) -> float:
        return self._bounds.body_seconds + self._body / self._bounds.slowest_rate

    def cut_off(self) -> None:
        """Its client does not read."""
        self._all.why["unread"] += 1
        self.transport.abort()


class Connections:
    """The connections of one server, of its own process."""

    def __init__(self, bounds: Bounds, *, most: int | None = None) -> None:
        """``most``: how many the system lets it have open, if that is fewer than the bound."""
        self.bounds = bounds
        self._most = bounds.connections if most is None else min(most, bounds.connections)
        self.open: set[Connection] = set()
        self._of_address: Counter[str] = Counter()
        #: why connections were ended since that was logged last
        self.why: Counter[str] = Counter()
        #: bytes that clients have not taken yet, of those that are behind, and in all
        self._unsent: dict[Connection, int] = {}
        self._total = 0
        self._looked_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def protocol(self) -> Callable[..., Connection]:
        """For ``uvicorn.Config(app, http=connections.protocol)``."""
        return partial(Connection, connections=self)

    def add(self, one: Connection) -> StateholdError | None:
        """The error where there are too many."""
        address = one.address = network_of(one.client[0] if one.client else "")
        self.open.add(one)
        self._of_address[address] += 1
        if self._timer is None:
            self._looked_at = one.loop.time()
            self._timer = one.loop.call_later(SWEEP_SECONDS, self._look, one.loop)
        refusal: StateholdError | None = None
        if len(self.open) > self._most:
            refusal = Overloaded(len(self.open), self._most, "connections are open")
        elif self._of_address[address] > self.bounds.share_of(self._most):
            refusal = TooManyRequests("connections", self.bounds.share_of(self._most))
        if refusal is not None:
            self.why[refusal.code] += 1
        return refusal

    def discard(self, one: Connection) -> None:
        if one not in self.open:
            return
        self.open.discard(one)
        self._total -= self._unsent.pop(one, 0)
        address = one.address
        self._of_address[address] -= 1
        if self._of_address[address] <= 0:
            del self._of_address[address]

    @property
    def unsent(self) -> int:
        """Bytes of answers that clients have not taken yet."""
        return self._total

    def count_unsent(self, one: Connection, size: int) -> None:
        """So much of its answer has this one's client not taken. Where all have too much, the
        largest answers of the address with the most are cut off."""
        self._total += size - self._unsent.pop(one, 0)
        if size:
            self._unsent[one] = size
        while self._total > self.bounds.unsent_bytes and self._unsent:
            of_address: Counter[str] = Counter()
            for other, unsent in self._unsent.items():
                of_address[other.address] += unsent
            most = of_address.most_common(1)[0][0]
            there = (other for other in self._unsent if other.address == most)
            largest = max(there, key=self._unsent.__getitem__)
            self._total -= self._unsent.pop(largest)
            largest.cut_off()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Looks at all, ends those whose time is over, and says how many that were."""
        now = loop.time()
        passed, self._looked_at = now - self._looked_at, now
        for one in tuple(self.open):
            one.look(now, passed)
        if self.why:
            counts = ", ".join(f"{count} {why}" for why, count in sorted(self.why.items()))
            _log.info("connections ended by their bounds: %s", counts)
            self.why.clear()
        self._timer = loop.call_later(SWEEP_SECONDS, self._look, loop) if self.open else None
