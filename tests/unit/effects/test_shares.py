"""Calls that a host answers slowly, or not at all, keep nobody else waiting."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from statehold.chart.effect import Call
from statehold.effects import Hosts, Requests
from statehold.effects import names as names_module
from statehold.effects.http import CALL_LIMIT, RequestFailed
from statehold.effects.names import Names
from statehold.errors import Permanent
from statehold.formats.notation import HttpCall
from tests.unit.effects.answering import Reply, answering

pytestmark = pytest.mark.anyio

#: real seconds after which a test has failed
PATIENCE = 20


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Host:
    """Answers ``/fast`` at once, and everything else once it is ``released``."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.asked: list[str] = []
        self.changed = asyncio.Event()
        self.origin = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked.append(head.split()[1].decode())
                self.changed.set()
                if b"/fast" not in head:
                    await self.released.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.asked) < times:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0, backlog=1000)
    made.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    made.released.set()
    server.close()


def call_of(machine: str) -> Call:
    return Call("1.0", machine, "i-1", 1, datetime(2026, 1, 1, tzinfo=UTC))


async def ask(requests: Requests, machine: str, url: str) -> Any:
    return await requests(HttpCall("GET", url))(None, call_of(machine))


async def test_slow_calls_of_one_machine_do_not_delay_those_of_another(host: Host) -> None:
    requests = Requests(Hosts([host.origin]))
    slow = [
        asyncio.create_task(ask(requests, "slow", f"{host.origin}/slow/{n}")) for n in range(130)
    ]
    await host.until_asked(CALL_LIMIT)
    async with asyncio.timeout(PATIENCE):
        assert await ask(requests, "other", f"{host.origin}/fast") == "ok"
    assert len(host.asked) == CALL_LIMIT + 1
    host.released.set()
    async with asyncio.timeout(PATIENCE):
        assert await asyncio.gather(*slow) == ["ok"] * 130
    assert requests._slots == {}
    await requests.close()


async def test_slow_calls_to_one_host_do_not_delay_calls_to_another(host: Host) -> None:
    requests = Requests(Hosts([host.origin, host.origin.replace("127.0.0.1", "localhost")]))
    slow = [asyncio.create_task(ask(requests, "a", f"{host.origin}/slow")) for _ in range(130)]
    await host.until_asked(CALL_LIMIT)
    other = host.origin.replace("127.0.0.1", "localhost")
    async with asyncio.timeout(PATIENCE):
        assert await ask(requests, "a", f"{other}/fast") == "ok"
    for one in slow:
        one.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert requests._slots == {}
    await requests.close()


async def test_a_name_that_is_resolved_slowly_keeps_no_other_host_waiting(host: Host) -> None:
    answered = threading.Event()
    asked: list[str] = []

    def look_up(name: str, *rest: Any, **more: Any) -> Any:
        asked.append(name)
        if name.startswith("slow"):
            answered.wait(PATIENCE)
        return socket.getaddrinfo("127.0.0.1", *rest, **more)

    port = host.origin.rpartition(":")[2]
    slow_hosts = [f"http://slow{n}.example:{port}" for n in range(10)]
    fast = f"http://fast.example:{port}"
    requests = Requests(Hosts([*slow_hosts, fast]), names=Names(look_up))
    waiting = [
        asyncio.create_task(ask(requests, "a", f"{one}/fast")) for one in slow_hosts for _ in "abc"
    ]
    async with asyncio.timeout(PATIENCE):
        assert await ask(requests, "a", f"{fast}/fast") == "ok"
        answered.set()
        assert await asyncio.gather(*waiting) == ["ok"] * 30
    # one lookup for each name, whoever waits for it
    assert len(asked) == 11
    await requests.close()


async def test_a_lookup_that_does_not_end_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "LOOKUP_SECONDS", 0.01)
    answered = threading.Event()
    requests = Requests(
        Hosts(["http://pay.example"]), names=Names(lambda *a, **k: answered.wait(PATIENCE) and [])
    )
    with pytest.raises(RequestFailed, match=r"pay\.example was not resolved within"):
        await ask(requests, "a", "http://pay.example/")
    answered.set()
    await requests.close()


async def test_a_name_that_is_unknown_fails_and_is_looked_up_again() -> None:
    asked: list[str] = []

    def look_up(name: str, *_: Any, **__: Any) -> Any:
        asked.append(name)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    requests = Requests(Hosts(["http://pay.example"]), names=Names(look_up))
    for _ in range(2):
        with pytest.raises(RequestFailed, match="Name or service not known"):
            await ask(requests, "a", "http://pay.example/")
    assert asked == ["pay.example"] * 2
    await requests.close()


async def test_the_next_address_is_tried_where_one_can_not_be_reached(host: Host) -> None:
    def look_up(name: str, *_: Any, **__: Any) -> Any:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.255.255.254", 0)), (*kind, ("127.0.0.1", 0))]

    origin = host.origin.replace("127.0.0.1", "pay.example")
    requests = Requests(Hosts([origin]), names=Names(look_up))
    assert await ask(requests, "a", f"{origin}/fast") == "ok"
    await requests.close()


async def test_a_hosts_cookie_is_not_sent_with_a_later_call() -> None:
    with answering(Reply(200, "ok", {"set-cookie": "session=of-machine-a; Path=/"})) as it:
        requests = Requests(Hosts([it.origin]))
        for machine in ("a", "b"):
            await ask(requests, machine, f"{it.origin}/")
        assert "cookie" not in it.asked[1].headers
        await requests.close()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" + b"{}," * 60_000 + b"{}]", "the answer has 120003 values; the limit is 100000"),
        (b"[" * 101 + b"]" * 101, "nested more than 100 deep"),
        (b"[" * 101 + b'"' + b'\\"' * 400_000, "called JSON and is not"),
    ],
)
async def test_an_answer_that_is_large_once_it_is_parsed_is_refused(body: bytes, why: str) -> None:
    with answering(Reply(200, body)) as it:
        requests = Requests(Hosts([it.origin]))
        with pytest.raises(Permanent, match=why):
            await ask(requests, "a", f"{it.origin}/")
        await requests.close()


async def test_an_answer_of_many_brackets_in_texts_is_taken() -> None:
    body = json.dumps(["[{,"] * 40_000).encode()
    with answering(Reply(200, body)) as it:
        requests = Requests(Hosts([it.origin]))
        assert len(await ask(requests, "a", f"{it.origin}/")) == 40_000
        await requests.close()


async def test_a_redirect_to_another_host_is_not_followed(host: Host) -> None:
    with answering(Reply(302, None, {"location": f"{host.origin}/fast"})) as it:
        requests = Requests(Hosts([it.origin]))
        with pytest.raises(Permanent, match="answered 302"):
            await ask(requests, "a", f"{it.origin}/")
        await requests.close()
    assert host.asked == []
