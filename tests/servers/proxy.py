"""Stands between a program and PostgreSQL, and cuts connections at the worst moments.

It reads the server's messages (protocol 3.0: a type, a length, a body), so it knows when a commit
is done. Only for connections without TLS: ``sslmode=disable``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: statements that have something of these in them count as writes
_WRITES = (b"INSERT INTO journal", b"INSERT INTO mailbox")


class Proxy:
    """``lose_next_commit()``: the next transaction is committed, and its client is cut off without
    an answer. ``cut()``: every connection is closed now; ``silent``: nothing is passed on."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self.commits_lost = 0
        #: set while everything is passed on
        self.passing = asyncio.Event()
        self.passing.set()
        self._losing = False
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Proxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.passing.set()
            self.cut()
            await server.wait_closed()

    def dsn(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def lose_next_commit(self) -> None:
        self._losing = True

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection()
        ends = {writer, onward}
        self._writers |= ends
        try:
            passing = [
                asyncio.create_task(self._pass_questions(reader, onward, connection)),
                asyncio.create_task(self._pass_answers(there, writer, connection)),
            ]
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for task in passing:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass_questions(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        # the first message has no type
        writer.write(await _message(reader, typed=False))
        while True:
            message = await _message(reader)
            await self.passing.wait()
            connection.ask(message)
            writer.write(message)
            await writer.drain()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while True:
            message = await _message(reader)
            await self.passing.wait()
            connection.answer += message
            if connection.is_commit(message):
                if self._losing:
                    self._losing = False
                    self.commits_lost += 1
                    return
            elif message[:1] in b"CD2":
                # kept until it is known whether this is the end of a transaction
                continue
            writer.write(connection.answer)
            connection.answer = b""
            await writer.drain()


class _Connection:
    """What is known of one: which of its statements write, and whether one of them is under way."""

    def __init__(self) -> None:
        self._names: set[bytes] = set()
        self._writes = False
        #: messages that wait for the one that says how they end
        self.answer = b""

    def ask(self, message: bytes) -> None:
        if message[:1] == b"P":
            name, _, query = message[5:].partition(b"\0")
            if any(write in query for write in _WRITES):
                self._names.add(name)
        elif message[:1] == b"B":
            _, name, _ = message[5:].split(b"\0", 2)
            self._writes = self._writes or name in self._names

    def is_commit(self, message: bytes) -> bool:
        """Whether something was written, and this says that it is for good."""
        if message[:1] != b"Z" or message[5:] != b"I":
            return False
        wrote, self._writes = self._writes, False
        return wrote


async def _message(reader: asyncio.StreamReader, *, typed: bool = True) -> bytes:
    """A message whole: its type, if it has one, four bytes of length, the rest."""
    head = await reader.readexactly(5 if typed else 4)
    return head + await reader.readexactly(int.from_bytes(head[-4:], "big") - 4)
