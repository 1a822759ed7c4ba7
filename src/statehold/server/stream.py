"""Server-sent events (the HTML standard, 9.2): an instance's journal, a machine's changes.

Rules:

1.  A step's event has ``id: <seq>``; a note under it has none. A client that reconnects with
    ``Last-Event-ID: n`` receives every entry after step ``n``, including the notes under ``n``: a
    note may be sent twice, but is never lost. ``(seq, part)`` identifies it.
2.  Nothing is buffered for a client that does not read: entries are taken from the engine only as
    fast as they are written, and after ``stall_seconds`` without progress the server closes the
    connection.
3.  A stream ends when the instance is over (``event: end``), the client disconnects or the server
    stops. It ends without ``end`` after an error: the client reconnects. Servers wait for open
    requests before they stop an application, so the signal that stops one is the last moment to
    end them (:func:`_follow_signals`).
4.  The caller is authenticated again every ``caller_seconds``, with the same request: the stream
    ends without ``end`` when its token has expired or was revoked, or when its rights have become
    others. The engine asks for the caller's right on the instance before everything that it shows.
5.  Changes of a machine have no ids and are not stored: from ``event: hello`` on all are reported,
    and a client that reconnects fetches again what it shows. ``event: change`` has an instance as
    it is now; after ``event: more`` others may have changed, too.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from types import FrameType
from typing import Any, cast

import anyio
from anyio.abc import ObjectSendStream
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from statehold.errors import StateholdError, Stopping, name_of
from statehold.instance.reply import InstanceReply
from statehold.records import Caller
from statehold.server.bounds import Bounds
from statehold.server.guard import admitted_again, caller_of
from statehold.server.shares import Share, hold_of
from statehold.wire.instances import Changes
from statehold.wire.journal import JournalEntry

_log = logging.getLogger("statehold.server")


async def _is_let_in(request: Request, before: Caller) -> bool:
    try:
        return await admitted_again(request) == before
    except Exception as error:  # noqa: BLE001 - of an authenticator; the client's next request shows it
        _log.info("an event stream ended: its caller is not let in any more (%s)", name_of(error))
        return False


#: events that wait between the engine and the socket: one, since each may have the changes of many
#: instances, and a slow client has as many streams as it may
_BUFFER = 1

_OVER = frozenset({"done", "cancelled"})


class Streams:
    """The open streams of one server: counts them, and ends them all when it stops. ``share`` is
    what each caller may have of them."""

    def __init__(self, bounds: Bounds, share: Share) -> None:
        self.bounds = bounds
        self.share = share
        self.stopped = False
        #: ends those that were opened until it is set
        self.ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Accepts streams (again), in the running loop."""
        self.stopped = False
        self.ending = asyncio.Event()

    def stop(self) -> None:
        """Ends every stream soon and refuses new ones."""
        self.stopped = True
        self.ending.set()

    def end_from_signal(self) -> None:
        """Ends every open stream; whether the server stops, it decides itself."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        ending, self.ending = self.ending, asyncio.Event()
        ending.set()

    def respond(self, events: AsyncGenerator[bytes], request: Request) -> EventStream:
        """The stream of a request's caller, which ends when it is not let in any more.

        Raises ``TooManyRequests`` and ``Overloaded`` if the caller or all have too many open,
        ``Stopping`` after :meth:`stop`.
        """
        if self.stopped:
            raise Stopping()
        who = hold_of(request).who
        self.share.check(who)
        self._loop = asyncio.get_running_loop()
        _follow_signals(self)
        return EventStream(self, who, events, partial(_is_let_in, request, caller_of(request)))


#: the signals that stop servers; Gunicorn forwards SIGINT to its workers as SIGQUIT
_STOPPING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGQUIT") if hasattr(signal, name)
]

#: those that a signal ends
_streams: weakref.WeakSet[Streams] = weakref.WeakSet()

_Handler = Callable[[int, FrameType | None], Any]


class _Ending:
    """Ends the streams, then calls the server's own handler."""

    def __init__(self, then: _Handler) -> None:
        self._then = then

    def __call__(self, sig: int, frame: FrameType | None) -> None:
        for streams in _streams:
            streams.end_from_signal()
        self._then(sig, frame)


def _follow_signals(streams: Streams) -> None:
    """Wraps the signal handlers that the server has installed, whichever server it is. A server
    without one is ended by the signal itself, with its streams. Servers restore the previous
    handlers when they end."""
    _streams.add(streams)
    if threading.current_thread() is not threading.main_thread():
        return
    for sig in _STOPPING:
        then = signal.getsignal(sig)
        if callable(then) and not isinstance(then, _Ending):
            signal.signal(sig, _Ending(then))


class EventStream(Response):
    """One answer."""

    media_type = "text/event-stream"

    def __init__(
        self,
        streams: Streams,
        who: str,
        events: AsyncGenerator[bytes],
        is_let_in: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._who = who
        self._ending = streams.ending
        self._events = events
        self._is_let_in = is_let_in
        self._is_over = False
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.share.add(self._who)
        try:
            await send({
                "type": "http.response.start",
                "status": 200,
                "headers": self.raw_headers,
            })  # fmt: skip
            async with anyio.create_task_group() as tasks:

                async def until_gone() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    tasks.cancel_scope.cancel()

                async def until_stopped() -> None:
                    await self._ending.wait()
                    tasks.cancel_scope.cancel()

                async def until_let_out() -> None:
                    while True:
                        with anyio.move_on_after(self._streams.bounds.caller_seconds):
                            await anyio.sleep_forever()
                        if not await self._is_let_in():
                            break
                    self._is_over = True
                    tasks.cancel_scope.cancel()

                tasks.start_soon(until_let_out)
                tasks.start_soon(until_gone)
                tasks.start_soon(until_stopped)
                await self._write(send)
                tasks.cancel_scope.cancel()
            if (self._is_over or self._ending.is_set()) and not self._ended:
                await self._send(send, b"", more=False)
        except* TimeoutError:
            _log.info("an event stream's client did not read; connection closed")
        except* (ClientDisconnect, OSError):
            # the client disconnected during a write
            _log.debug("an event stream's client went away")
        finally:
            self._streams.share.give(self._who)

    async def _write(self, send: Send) -> None:
        # shows proxies and the client at once that the stream is open
        await self._send(send, b": stream\n\n")
        into, out = anyio.create_memory_object_stream[bytes](_BUFFER)
        async with anyio.create_task_group() as tasks, out:
            tasks.start_soon(self._pump, into)
            while True:
                chunk = b": \n\n"
                with anyio.move_on_after(self._streams.bounds.heartbeat_seconds):
                    try:
                        chunk = await out.receive()
                    except anyio.EndOfStream:
                        break
                await self._send(send, chunk)
        await self._send(send, b"", more=False)

    async def _pump(self, into: ObjectSendStream[bytes]) -> None:
        """A task of its own, since a heartbeat's timeout would cancel, and so end, the async
        generator."""
        try:
            # closed here, else the engine would feed it until it is collected
            async with into, aclosing(self._events):
                async for event in self._events:
                    await into.send(event)
        except StateholdError as error:
            _log.warning("an event stream ended early: %s", error)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        with anyio.fail_after(self._streams.bounds.stall_seconds):
            self._ended = not more
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def journal_events(
    entries: AsyncIterator[JournalEntry], status: str
) -> AsyncGenerator[bytes]:
    """``status`` is the instance's before the first entry."""
    async with aclosing(cast("AsyncGenerator[JournalEntry]", entries)):
        async for entry in entries:
            status = entry.status
            yield event_bytes(entry)
    # entries also end when the engine stops, while the instance goes on
    if status in _OVER:
        yield b"event: end\ndata: {}\n\n"


async def view_events(replies: AsyncIterator[InstanceReply]) -> AsyncGenerator[bytes]:
    status = ""
    async with aclosing(cast("AsyncGenerator[InstanceReply]", replies)):
        async for reply in replies:
            status = reply.status
            yield b"id: %d\nevent: view\ndata: %b\n\n" % (reply.seq, reply.json())
    if status in _OVER:
        yield b"event: end\ndata: {}\n\n"


async def change_events(changes: AsyncIterator[Changes]) -> AsyncGenerator[bytes]:
    async with aclosing(cast("AsyncGenerator[Changes]", changes)):
        await anext(changes)
        yield b"event: hello\ndata: {}\n\n"
        async for some in changes:
            events = [
                b"event: change\ndata: %b\n\n" % summary.model_dump_json().encode()
                for summary in some.instances
            ]
            if some.more:
                events.append(b"event: more\ndata: {}\n\n")
            if events:
                yield b"".join(events)


def event_bytes(entry: JournalEntry) -> bytes:
    # JSON has no raw line breaks, so one data line is always enough
    data = entry.model_dump_json().encode()
    if entry.part == 0:
        return b"id: %d\nevent: step\ndata: %b\n\n" % (entry.seq, data)
    return b"event: note\ndata: %b\n\n" % data
