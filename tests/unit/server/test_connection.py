"""Connections at their bounds: real sockets, and an application that shows what it is given."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
import uvicorn

from statehold.server import Bounds
from statehold.server import connection as module
from statehold.server.connection import Connections, Phase

pytestmark = pytest.mark.anyio

#: real seconds after which a test has failed
PATIENCE = 20
#: bytes of an answer that no system keeps for a client that does not read
BIG = 16 * 1024 * 1024
SHORT = Bounds(head_seconds=0.2, body_seconds=0.2, idle_seconds=0.2, stall_seconds=0.2)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.1)


class App:
    """Answers with what it was sent; ``/big`` with much, ``/hold`` not before the client is gone,
    ``/early`` without a look at the body, ``/wait`` once ``released`` is set."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.held = asyncio.Event()
        self.released = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        path = scope["path"]
        self.asked.append(path)
        body = b""
        if path == "/hold":
            self.held.set()
            while (await receive())["type"] != "http.disconnect":
                continue
            self.gone.set()
        elif path == "/wait":
            await self.released.wait()
        elif path != "/early":
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.gone.set()
                    return
                body += message["body"]
                if not message["more_body"]:
                    break
        answer = b"x" * BIG if path == "/big" else b"%d" % len(body)
        if path == "/headers":
            answer = json.dumps([n.decode() for n, _ in scope["headers"]]).encode()
        length = str(len(answer)).encode()
        await send({
            "type": "http.response.start", "status": 200, "headers": [(b"content-length", length)],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": answer})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def rest(self) -> bytes:
        """All until the server ends the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return int(head.split()[1]), await self.reader.readexactly(length)

    async def problem(self) -> dict[str, Any]:
        """The problem that is answered, after which the server ends the connection."""
        head, _, body = (await self.rest()).partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert b"application/problem+json" in head
        found: dict[str, Any] = json.loads(body)
        assert int(head.split()[1]) == found["status"]
        return found


class Server:
    def __init__(self, app: App, connections: Connections, port: int) -> None:
        self.app, self.connections, self._port = app, connections, port
        self._clients: list[asyncio.StreamWriter] = []

    async def client(self) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._clients.append(writer)
        return Client(reader, writer)

    def close(self) -> None:
        for writer in self._clients:
            writer.transport.abort()


@asynccontextmanager
async def server(bounds: Bounds) -> AsyncIterator[Server]:
    app, connections = App(), Connections(bounds)
    http = cast("type[asyncio.Protocol]", connections.protocol)
    config = uvicorn.Config(app, log_config=None, http=http, ws="none", timeout_graceful_shutdown=1)
    listener = socket.create_server(("127.0.0.1", 0))
    uvicorn_server, up = uvicorn.Server(config), asyncio.Event()
    startup = uvicorn_server.startup

    async def started(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        up.set()

    uvicorn_server.startup = started  # type: ignore[method-assign]
    task = asyncio.create_task(uvicorn_server.serve([listener]))
    await up.wait()
    made = Server(app, connections, listener.getsockname()[1])
    try:
        yield made
    finally:
        made.close()
        uvicorn_server.should_exit = True
        await task


GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\nA: ", *[b"a" * 10_000] * 8],
        [b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"],
        [b"GET /", *[b"a" * 10_000] * 8],
        [b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n"],
    ],
)
async def test_more_of_a_head_than_the_bound_is_refused(pieces: list[bytes]) -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(*pieces)
        found = await client.problem()
        assert (found["status"], found["type"]) == (431, "urn:statehold:problem:head-too-large")
        assert it.app.asked == []


async def test_a_head_that_is_too_large_is_refused_behind_another_request_too() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        large = b"GET /large HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n"
        await client.send(GET % b"wait" + large)
        it.app.released.set()
        assert (await client.rest()).count(b"HTTP/1.1 200") == 1
        assert it.app.asked == ["/wait"]


async def test_a_head_below_the_bound_is_taken_in_whatever_pieces_it_comes() -> None:
    async with server(Bounds(head_bytes=1000, headers=3)) as it:
        client = await it.client()
        head = b"POST / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 880 + b"\r\nContent-Length: 3\r\n\r\n"
        for byte in head + b"abc":
            await client.send(bytes([byte]))
        assert await client.answer() == (200, b"3")
        # on the same connection, behind a long body
        await client.send(b"POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + b"b" * 9000)
        assert await client.answer() == (200, b"9000")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"G"],
        [b"GET / HTTP/1.1\r\nHost: x\r\n"],
        [b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"a", b"a"],
    ],
)
async def test_a_head_that_does_not_end_is_refused(pieces: list[bytes]) -> None:
    async with server(SHORT) as it:
        client = await it.client()
        await client.send(*pieces)
        found = await client.problem()
        assert (found["status"], found["type"]) == (408, "urn:statehold:problem:too-slow")


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2"],
)
async def test_a_body_that_does_not_end_is_refused_and_its_application_told(framing: bytes) -> None:
    async with server(SHORT) as it:
        client = await it.client()
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + framing)
        assert (await client.problem())["status"] == 408
        await asyncio.wait_for(it.app.gone.wait(), PATIENCE)


async def test_a_body_that_comes_fast_enough_may_take_longer() -> None:
    async with server(replace(SHORT, slowest_rate=10)) as it:
        client = await it.client()
        await client.send(b"POST / HTTP/1.1\r\nContent-Length: 31\r\n\r\n" + b"a" * 30)
        # longer than its bound without the bytes that came
        (one,) = it.connections.open
        await until(lambda: one._since + 0.4 < one.loop.time())
        await client.send(b"a")
        assert await client.answer() == (200, b"31")


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
async def test_a_connection_without_a_request_ends(sent: bytes) -> None:
    async with server(SHORT) as it:
        client = await it.client()
        await client.send(sent)
        assert await client.rest() == b""
        client = await it.client()
        await client.send(GET % b"" + sent)
        assert await client.answer() == (200, b"0")
        assert await client.rest() == b""


async def test_of_many_pipelined_requests_some_are_answered_and_then_the_connection_ends() -> None:
    async with server(Bounds(pipelined=4)) as it:
        client = await it.client()
        await client.send(GET % b"wait" * 1000)
        it.app.released.set()
        assert (await client.rest()).count(b"HTTP/1.1 200") == 5
        assert len(it.app.asked) == 5


async def test_what_can_t_be_parsed_is_refused_after_the_answers_that_are_due() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(b"\x16\x03\x01 rubbish\r\n\r\n")
        found = await client.problem()
        assert (found["status"], found["type"]) == (400, "urn:statehold:problem:bad-request")
        client = await it.client()
        await client.send(GET % b"wait" + b"rubbish \r\n\r\n")
        it.app.released.set()
        answers = await client.rest()
        assert answers.startswith(b"HTTP/1.1 200")
        assert answers.count(b"HTTP/1.1") == 1


async def test_a_broken_chunk_is_refused_and_its_application_told() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await client.problem())["status"] == 400
        await asyncio.wait_for(it.app.gone.wait(), PATIENCE)


async def test_framing_without_a_body_is_refused() -> None:
    async with server(Bounds(head_bytes=1000)) as it:
        client = await it.client()
        await client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        # what comes with the headers is not counted
        await until(lambda: it.app.asked == ["/"])
        await client.send(b"1;" + b"e" * 9000)
        assert (await client.problem())["status"] == 400


async def test_trailers_are_not_taken_for_headers() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(
            b"POST /headers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await client.send(b"0\r\nStatehold-Roles: admin\r\n\r\n")
        status, names = await client.answer()
        assert (status, json.loads(names)) == (200, ["host", "transfer-encoding"])


async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    async with server(SHORT) as it:
        client = await it.client()
        client.writer.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 4096
        )
        cast(asyncio.Transport, client.writer.transport).pause_reading()
        await client.send(GET % b"big")
        await until(lambda: it.app.asked == ["/big"] and not it.connections.open)


async def test_the_largest_answers_that_nobody_reads_are_cut_off_first() -> None:
    async with server(replace(Bounds(), unsent_bytes=BIG)) as it:
        clients = [await it.client() for _ in range(3)]
        for client in clients:
            cast(asyncio.Transport, client.writer.transport).pause_reading()
            await client.send(GET % b"big")
        await until(lambda: len(it.app.asked) == 3 and len(it.connections.open) == 1)


async def test_the_next_request_is_not_begun_before_the_answer_before_it_is_taken() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        cast(asyncio.Transport, client.writer.transport).pause_reading()
        await client.send(GET % b"big" * 3)
        await until(lambda: it.app.asked == ["/big"] and bool(it.connections.unsent))
        # what else comes is not read before that either
        await client.send(GET % b"")
        cast(asyncio.Transport, client.writer.transport).resume_reading()
        for _ in range(3):
            status, body = await client.answer()
            assert (status, len(body)) == (200, BIG)
        assert await client.answer() == (200, b"0")
        await until(lambda: not it.connections.unsent)


async def test_one_address_has_its_share_of_the_connections() -> None:
    async with server(Bounds(connections=8)) as it:
        mine = [await it.client() for _ in range(2)]
        await until(lambda: len(it.connections.open) == 2)
        found = await (await it.client()).problem()
        assert (found["status"], found["type"]) == (429, "urn:statehold:problem:too-many-requests")
        mine[0].writer.transport.abort()
        await until(lambda: len(it.connections.open) == 1)
        client = await it.client()
        await client.send(GET % b"")
        assert await client.answer() == (200, b"0")


async def test_one_connection_more_than_the_bound_is_refused() -> None:
    async with server(Bounds(connections=2, caller_share=1)) as it:
        for _ in range(2):
            await it.client()
        await until(lambda: len(it.connections.open) == 2)
        found = await (await it.client()).problem()
        assert (found["status"], found["type"]) == (503, "urn:statehold:problem:overloaded")


async def test_a_request_behind_one_that_is_held_does_not_hide_that_the_client_is_gone() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(GET % b"hold" + GET % b"")
        await asyncio.wait_for(it.app.held.wait(), PATIENCE)
        await until(lambda: next(iter(it.connections.open)).phase is Phase.WORK)
        # the server sees no more of this than a failed write
        next(iter(it.connections.open)).transport.abort()
        await asyncio.wait_for(it.app.gone.wait(), PATIENCE)
        assert it.app.asked == ["/hold"]


async def test_what_is_sent_of_a_body_after_its_answer_is_thrown_away_for_a_while() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(b"POST /early HTTP/1.1\r\nContent-Length: 9000000\r\n\r\nabc")
        assert await client.answer() == (200, b"0")
        await client.send(b"b" * 1000)
        assert await client.rest() == b""


async def test_the_rest_of_a_body_may_come_after_its_answer() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(b"POST /early HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc")
        assert await client.answer() == (200, b"0")
        await client.send(b"d" + GET % b"")
        assert await client.answer() == (200, b"0")


async def test_an_upgrade_is_answered_as_if_it_were_none_and_ends_the_connection() -> None:
    async with server(Bounds()) as it:
        client = await it.client()
        await client.send(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nmore"
        )
        answers = await client.rest()
        assert answers.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answers


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
