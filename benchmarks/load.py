"""Load over HTTP/1.1 on loopback: connections that cost little, and a server to send to.

The load shares its cores with the server and the database, so it has to be cheap: asyncio's
streams on uvloop, requests made beforehand, keep-alive, one at a time on each connection. A
request costs 13 µs of processor time, a thirtieth of what the server takes for it; a client
library would cost more than the server and be what is measured. (A bare ``asyncio.Protocol``
saves 3 µs of them, which no result would show.)
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.callers import LapResult, SendOne, drive

HOST = "127.0.0.1"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
SUCCESSES = (b"http/1.1 200", b"http/1.1 201")


class BadAnswer(Exception):
    """The server answered otherwise than 200 or 201, so the numbers would mean nothing."""


def request(method: str, path: str, body: object = None) -> bytes:
    """The bytes of one request, with a body of JSON unless it is None."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    content = json.dumps(body).encode()
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@dataclass(frozen=True, slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection(HOST, port))

    async def ask(self, raw: bytes) -> bytes:
        """The body of the answer; raises ``BadAnswer`` unless it is a success."""
        self.writer.write(raw)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        at = head.index(b"content-length:") + 15
        body = await self.reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        if not head.startswith(SUCCESSES):
            raise BadAnswer(f"{head.decode()}{body.decode()}")
        return body

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def connected(port: int, connections: int) -> AsyncIterator[list[Connection]]:
    made = await asyncio.gather(*(Connection.to(port) for _ in range(connections)))
    try:
        yield made
    finally:
        for connection in made:
            connection.close()


async def lap(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> LapResult:
    """One lap of so many connections; a request for each instance, dealt out among them.

    The connections are new ones: a server closes those that are idle while others have their turn.
    """

    def sender(connection: Connection) -> SendOne:
        return lambda number, turn: connection.ask(requests[number])

    async with connected(port, connections) as made:
        return await drive([sender(one) for one in made], len(requests), seconds)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str | Path],
    log: Path,
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """A server in a process of its own, with what it starts itself, until the end of the block.

    What it logs goes into a file, whose end is shown if the block fails: it says why.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            yield
        except BaseException:
            _end(process)
            print(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise
        else:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It and its own children, which are of its session."""
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def until_ready(port: int, path: str | None) -> None:
    """Returns once the server answers there, or takes connections; raises ``TimeoutError``."""
    end = perf_counter() + READY_SECONDS
    while True:
        try:
            connection = await Connection.to(port)
            if path is not None:
                await connection.ask(request("GET", path))
            connection.close()
            return
        except (OSError, BadAnswer, asyncio.IncompleteReadError) as error:
            if perf_counter() > end:
                raise TimeoutError(f"no server after {READY_SECONDS} s: {error}") from error
            await asyncio.sleep(0.1)
