"""Which of several equal processes takes a connection that waits in their common socket.

1. Each process has a slot in shared memory: how many connections it has open, and when it last
   wrote that. The slots are hints: nothing is lost if one is wrong.
2. A process accepts while it has no more connections than the one that has fewest, and a little.
   Above that it leaves a waiting connection to the others for ``YIELD_SECONDS`` before it accepts
   it. A process that has not written its slot for ``FRESH_SECONDS`` is ignored.
3. Connections that are open already are moved by their owners: a process that has many more than
   its share answers some requests with ``Connection: close``, and the client connects again. No
   request is lost by that (RFC 9112, section 9.6).

The kernel wakes every process for each connection, and an event loop accepts all that wait: without
this, the process that wakes first has them all, for as long as clients keep them alive.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import mmap
import os
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # the supervisor does without the server's libraries
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from statehold.cli.processes.tls import Encrypted

log = logging.getLogger(__name__)

#: a waiting connection is left to others for so long, and checked after each pause
YIELD_SECONDS, PAUSE_SECONDS = 0.02, 0.002
#: a process that has been silent for longer is busy, or gone
FRESH_SECONDS = 0.5
#: connections above the fewest, besides a share of them, that are no reason to wait or to move
SLACK, SLACK_SHARE = 1, 8
#: out of file descriptors or memory: the next attempt
EXHAUSTED_SECONDS = 1.0
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

#: when it was written, on the system's monotonic clock, and the connections
_SLOT = struct.Struct("dd")


def new_slots(count: int) -> int | None:
    """A file descriptor of so many slots; None where the system has no place for them."""
    try:
        if hasattr(os, "memfd_create"):
            file = os.memfd_create("statehold-slots")
        else:
            with tempfile.TemporaryFile() as made:
                file = os.dup(made.fileno())
        os.ftruncate(file, count * _SLOT.size)
    except OSError as error:
        log.warning("connections are not spread evenly over the workers: %s", error)
        return None
    return file


class Slots:
    """All slots, as process number ``own`` sees them."""

    def __init__(self, file: int, own: int) -> None:
        size = os.fstat(file).st_size
        self._memory = mmap.mmap(file, size)
        self._count = size // _SLOT.size
        self._own = own

    def write(self, connections: int) -> None:
        self._put(time.monotonic(), connections)

    def clear(self) -> None:
        """Nobody waits for this process any more."""
        self._put(0.0, 0)

    def others(self) -> list[int]:
        """The connections of each other process that has written lately."""
        since = time.monotonic() - FRESH_SECONDS
        read = [_SLOT.unpack_from(self._memory, i * _SLOT.size) for i in range(self._count)]
        return [int(n) for i, (at, n) in enumerate(read) if i != self._own and at >= since]

    def _put(self, at: float, connections: int) -> None:
        _SLOT.pack_into(self._memory, self._own * _SLOT.size, at, connections)


class Acceptor:
    """Accepts from ``listener``, which others accept from too. ``connections`` are those that are
    open; ``protocol`` makes one for each that is taken."""

    def __init__(
        self,
        listener: socket.socket,
        slots: Slots,
        connections: Sized,
        protocol: Callable[[], asyncio.BaseProtocol],
        encrypted: Encrypted | None = None,
    ) -> None:
        self._listener = listener
        self._slots = slots
        self._connections = connections
        self._protocol = protocol
        self._encrypted: Encrypted = encrypted or {}
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._yielding_since: float | None = None
        #: responses that are to close their connection
        self.surplus = 0

    def start(self) -> None:
        self._listener.setblocking(False)
        self.beat()
        self._loop.add_reader(self._listener, self._accept)

    def stop(self) -> None:
        """What waits in the socket is for others."""
        if self._pause is None:
            self._loop.remove_reader(self._listener)
        else:
            self._pause.cancel()
        self._slots.clear()

    def beat(self) -> None:
        """To be called several times in ``FRESH_SECONDS``."""
        own = self._open()
        self._slots.write(own)
        others = self._slots.others()
        share = -(-(own + sum(others)) // (len(others) + 1))
        # no slack of one here: three on one of two processes would stay there for ever
        most = share + share // SLACK_SHARE
        crowded = bool(others) and own > most and own > _allowed(min(others))
        self.surplus = own - share if crowded else 0

    def _open(self) -> int:
        return len(self._connections) + len(self._opening)

    def _accept(self) -> None:
        fewest = min(self._slots.others(), default=None)
        while True:
            own = self._open()
            if fewest is not None and own >= _allowed(fewest) and not self._has_yielded():
                self._resume_in(PAUSE_SECONDS)
                return
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                self._yielding_since = None
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                log.error("no connection can be accepted: %s", error)
                self._resume_in(EXHAUSTED_SECONDS)
                return
            self._yielding_since = None
            connection.setblocking(False)
            opening = self._loop.create_task(self._open_connection(connection))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)
            self._slots.write(own + 1)

    async def _open_connection(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection, **self._encrypted)
        except OSError as error:
            log.info("a connection was lost as it was accepted: %s", error)
            connection.close()

    def _has_yielded(self) -> bool:
        now = self._loop.time()
        if self._yielding_since is None:
            self._yielding_since = now
        return now - self._yielding_since >= YIELD_SECONDS

    def _resume_in(self, seconds: float) -> None:
        # while it is registered the loop would come back at once
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._accept)


class Moving:
    """Lets clients of surplus connections connect again, and find another process."""

    def __init__(self, app: ASGIApp, surplus: Callable[[], bool]) -> None:
        """``surplus``: whether this response is to close its connection."""
        self._app = app
        self._surplus = surplus

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and self._surplus():
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, closing)


def _allowed(fewest: int) -> int:
    return fewest + SLACK + fewest // SLACK_SHARE
