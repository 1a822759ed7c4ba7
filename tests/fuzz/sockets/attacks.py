"""Hostile clients: each opens connections, does its harm, and is gone after a while.

An attack gets its ``Random`` and the ``Aim``, and returns when it is done; what it holds open ends
when its task is cancelled.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.fuzz.sockets.requests import SOUND, STREAMS, request, rubbish

#: seconds that an attack holds what it holds; longer than some of the server's own times
HOLD_SECONDS = 3.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass
class Aim:
    """The server, and what it answered: ``failed`` are requests that were answered with 500."""

    port: int
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def connect(self) -> Peer | None:
        """None where the system lets no more be open."""
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except (OSError, TimeoutError):
            return None
        self.connections += 1
        return Peer(self, reader, writer)


class Peer:
    """The hostile end of one connection."""

    def __init__(
        self, aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.aim, self.reader, self.writer = aim, reader, writer
        self.sent = b""

    async def send(self, data: bytes) -> bool:
        """Whether the connection still takes it."""
        self.sent = (self.sent + data)[-100_000:]
        try:
            self.writer.write(data)
            async with asyncio.timeout(HOLD_SECONDS):
                await self.writer.drain()
        except (OSError, TimeoutError):
            return False
        return True

    async def read(self, seconds: float) -> None:
        """What the server says, for as long as that."""
        answers = b""
        try:
            async with asyncio.timeout(seconds):
                while piece := await self.reader.read(65_536):
                    answers = (answers + piece)[-200_000:]
        except (OSError, TimeoutError):
            self.end()
        for status in map(int, _STATUS.findall(answers)):
            self.aim.statuses[status] += 1
            if status == 500:
                self.aim.failed.append(self.sent)

    def end(self, *, reset: bool = False) -> None:
        end = self.writer.get_extra_info("socket")
        if reset and end is not None and end.fileno() >= 0:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Attack = Callable[[Aim, random.Random], Awaitable[None]]


async def send_rubbish(aim: Aim, chance: random.Random) -> None:
    """One connection, one or several requests, in pieces; then it reads, closes or is cut."""
    peer = await aim.connect()
    if peer is None:
        return
    data = b"".join(rubbish(chance) for _ in range(chance.choice((1, 1, 2, 5))))
    size = chance.choice((1_000_000, 1000, 100, 17))
    for at in range(0, min(len(data), size * 300), size):
        if not await peer.send(data[at : at + size]):
            break
    if chance.random() < 0.7:
        await peer.read(chance.choice((0.05, 0.3, 1.0)))
    peer.end(reset=chance.random() < 0.5)


async def pipeline(aim: Aim, chance: random.Random) -> None:
    peer = await aim.connect()
    if peer is None:
        return
    first = request(b"GET", chance.choice((*STREAMS, b"/health")))
    await peer.send(first + chance.choice(SOUND) * chance.choice((3, 30, 3000)))
    await peer.read(chance.choice((0.1, 1.0)))
    peer.end(reset=True)


async def write_slowly(aim: Aim, chance: random.Random) -> None:
    """Many connections that stop in the middle of a request."""
    peers = [peer for _ in range(20) if (peer := await aim.connect()) is not None]
    data = chance.choice(SOUND)
    for peer in peers:
        await peer.send(data[: chance.randrange(len(data))])
    try:
        await asyncio.sleep(chance.random() * HOLD_SECONDS)
    finally:
        for peer in peers:
            peer.end(reset=chance.random() < 0.5)


async def read_slowly(aim: Aim, chance: random.Random) -> None:
    """Asks for much and reads nothing of it."""
    peer = await aim.connect()
    if peer is None:
        return
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    path = chance.choice((b"/api/openapi.json", b"/api/machines/order/instances?limit=1000"))
    await peer.send(request(b"GET", path) * 15)
    try:
        await asyncio.sleep(chance.random() * HOLD_SECONDS)
    finally:
        peer.end(reset=True)


async def hold_streams(aim: Aim, chance: random.Random) -> None:
    peers = [peer for _ in range(30) if (peer := await aim.connect()) is not None]
    for peer in peers:
        await peer.send(request(b"GET", chance.choice(STREAMS)))
    try:
        await asyncio.sleep(chance.random() * HOLD_SECONDS)
    finally:
        for peer in peers:
            peer.end(reset=chance.random() < 0.5)


async def connect_often(aim: Aim, chance: random.Random) -> None:
    for _ in range(50):
        peer = await aim.connect()
        if peer is not None:
            peer.end(reset=chance.random() < 0.5)


async def start_instances(aim: Aim, chance: random.Random) -> None:
    """What streams and lists are about."""
    peer = await aim.connect()
    if peer is None:
        return
    for _ in range(5):
        await peer.send(request(b"POST", b"/api/machines/order/instances", body=b"{}"))
    await peer.read(0.3)
    peer.end()


ATTACKS: tuple[Attack, ...] = (
    *[send_rubbish] * 12, pipeline, pipeline, write_slowly, read_slowly, hold_streams,
    connect_often, start_instances,
)  # fmt: skip
