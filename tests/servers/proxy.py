"""Stands between a program and PostgreSQL, and cuts connections at the worst moments.

It reads the server's messages (protocol 3.0: a type, a length, a body), so it knows when a commit
is done. Only for connections without TLS: ``sslmode=disable``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: what a connection's client has to have asked for the connection to count as one that writes
_WRITES = b"INSERT INTO journal"
_CHUNK = 65_536


class Proxy:
    """``lose_next_commit()``: the next transaction is committed, and its client is cut off instead
    of being told. ``cut()``: every connection is closed now; ``silent``: nothing is passed on."""

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
        tail = b""
        while chunk := await reader.read(_CHUNK):
            await self.passing.wait()
            connection.writes = connection.writes or _WRITES in tail + chunk
            tail = chunk[-len(_WRITES) :]
            writer.write(chunk)
            await writer.drain()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
            await self.passing.wait()
            connection.answer += head + body
            connection.completed = connection.completed or head[:1] == b"C"
            if head[:1] == b"Z":
                if self._losing and connection.writes and connection.completed and body == b"I":
                    self._losing = False
                    self.commits_lost += 1
                    return
                connection.completed = False
            elif head[:1] in b"CD2" and connection.writes:
                # kept until it is known whether this was the end of a transaction
                continue
            writer.write(connection.answer)
            connection.answer = b""
            await writer.drain()


class _Connection:
    def __init__(self) -> None:
        self.writes = False
        self.completed = False
        #: messages that wait for the one that says how they end
        self.answer = b""
