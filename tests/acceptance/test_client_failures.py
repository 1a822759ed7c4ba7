"""The client where servers, proxies and connections fail."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from statehold.client import AsyncClient, RefusedByServer
from statehold.client.transport import Backoff
from statehold.engine import Engine
from statehold.errors import (
    BeyondEnd,
    StateholdError,
    Unavailable,
)
from statehold.server import create_app
from statehold.stores import MemoryStore
from statehold.wire.base import Problem
from statehold.wire.operations import SendRequest
from tests.acceptance.orders import Accept, Order, OrderFlow, Packed, Reject
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio

SOON = Backoff(tries=3, first_seconds=0.0, longest_seconds=0.0)


# --- what goes wrong on the way -----------------------------------------------------------------


class Flaky(httpx.AsyncBaseTransport):
    """Fails so many times, in one way or after the server has answered, and then no more."""

    def __init__(self, times: int, fail: str) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.times = times
        self.fail = fail
        self.keys: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers.get("idempotency-key"))
        failing = len(self.keys) <= self.times
        if failing and self.fail == "unreached":
            raise httpx.ConnectError("no route")
        if failing and self.fail == "503":
            problem = Problem(
                type="urn:statehold:problem:overloaded", title="t", status=503, detail="too many"
            )
            return httpx.Response(
                503, content=problem.model_dump_json(), headers={"Retry-After": "0"}
            )
        answer = await self.inner.handle_async_request(request)
        if failing:
            await answer.aclose()
            raise httpx.ReadError("cut off")
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.mark.parametrize("fail", ["unreached", "503", "answer lost"])
async def test_an_event_is_sent_again_with_its_key_and_applied_once(
    engine: Engine, address: str, fail: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    flaky = Flaky(2, fail)
    async with AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=flaky) as client:
        assert (await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))).seq == 2
    assert len(flaky.keys) == 3
    assert len(set(flaky.keys)) == 1
    assert flaky.keys[0]
    assert (await engine.read(OrderFlow, "o-1")).seq == 2


async def test_attempts_are_bounded(address: str) -> None:
    flaky = Flaky(99, "503")
    async with AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=flaky) as client:
        with pytest.raises(Unavailable) as caught:
            await client.send(OrderFlow, "o-1", Packed())
    assert (len(flaky.keys), caught.value.code, str(caught.value)) == (3, "overloaded", "too many")


async def test_what_has_no_key_is_not_sent_again_once_it_may_have_been_taken(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    flaky = Flaky(1, "answer lost")
    async with AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=flaky) as client:
        with pytest.raises(Unavailable, match="cut off"):
            await client.cancel(OrderFlow, "o-1")
    assert len(flaky.keys) == 1


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with AsyncClient("http://127.0.0.1:1", backoff=SOON) as client:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
            await client.machines()


async def test_an_answer_of_another_program_is_reported_as_such() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, text="<html>")

    async with AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(StateholdError, match="not as a Statehold server does"):
            await client.machines()


async def test_an_unknown_problem_keeps_its_code_and_members() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        problem = {
            "type": "urn:statehold:problem:teapot", "title": "t", "status": 418, "detail": "short",
            "handle": "left",
        }  # fmt: skip
        return httpx.Response(418, json=problem)

    async with AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(RefusedByServer, match="short") as caught:
            await client.machines()
    assert caught.value.code == "teapot"
    assert caught.value.details() == {"handle": "left"}


class CutStreams(httpx.AsyncBaseTransport):
    """Cuts every stream after some bytes, so that it has to be taken up again."""

    def __init__(self, chunks: int) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.chunks = chunks
        self.resumed: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.resumed.append(request.headers.get("last-event-id"))
        answer = await self.inner.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=_Cut(answer, self))

    async def aclose(self) -> None:
        await self.inner.aclose()


class _Cut(httpx.AsyncByteStream):
    def __init__(self, answer: httpx.Response, transport: CutStreams) -> None:
        self.answer = answer
        self.left = transport.chunks

    async def __aiter__(self) -> Any:
        assert isinstance(self.answer.stream, httpx.AsyncByteStream)
        async for chunk in self.answer.stream:
            if self.left == 0:
                raise httpx.ReadError("cut off")
            self.left -= 1
            yield chunk

    async def aclose(self) -> None:
        await self.answer.aclose()


async def test_a_watch_survives_lost_connections_without_gap_or_repetition(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    await engine.send(OrderFlow, "o-1", Accept(prep_minutes=1))
    await engine.send(OrderFlow, "o-1", Packed())
    await engine.send(OrderFlow, "o-1", Reject(reason="dropped"))
    cut = CutStreams(chunks=2)
    async with AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=cut) as client:
        seen = [entry.seq async for entry in client.watch(OrderFlow, "o-1")]
    assert seen == [1, 2, 3, 4]
    assert len(cut.resumed) > 1
    assert cut.resumed[0] is None


async def test_a_watch_that_gets_nothing_gives_up(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(
        address, roles=["restaurant"], backoff=SOON, transport=CutStreams(chunks=0)
    ) as client:
        with pytest.raises(Unavailable, match="cut off"):
            await anext(client.watch(OrderFlow, "o-1"))


class LostAnswers(httpx.AsyncBaseTransport):
    """Passes requests on, and gives no answer back while ``losing``."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.losing = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        if self.losing:
            await answer.aclose()
            raise httpx.RemoteProtocolError("the proxy went away")
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()


async def test_a_lost_answer_leaves_the_key_with_the_caller(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    lossy = LostAnswers()
    accept = Accept(prep_minutes=1)
    batch = [SendRequest(machine="order", id="o-1", event={"type": "Packed"})]
    async with AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=lossy) as client:
        with pytest.raises(Unavailable) as start:
            await client.start(OrderFlow, data=Order(items=["soup"]))
        with pytest.raises(Unavailable) as send:
            await client.send(OrderFlow, "o-1", accept)
        with pytest.raises(Unavailable) as many:
            await client.send_many(batch)
        lossy.losing = False
        started = await client.start(OrderFlow, data=Order(items=["soup"]), key=start.value.key)
        assert (await client.send(OrderFlow, "o-1", accept, key=send.value.key)).seq == 2
        (key,) = many.value.keys
        again = [batch[0].model_copy(update={"key": key})]
        (answer,) = await client.send_many(again)
        assert not isinstance(answer, StateholdError)
        assert answer.seq == 3
        # the steps that were committed before the answers were lost are the only ones
        assert (await client.get(OrderFlow, "o-1")).seq == 3
        listed = {one.id async for one in client.list(OrderFlow)}
        assert listed == {"o-1", started.id}


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_an_event_is_sent_again_where_a_proxy_has_no_server(
    engine: Engine, address: str, status: int
) -> None:
    await engine.start(OrderFlow, "o-1")
    pages = [httpx.Response(status, text="<html>"), httpx.Response(200, text="<html>")]
    inner = httpx.AsyncHTTPTransport()

    class Proxy(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return pages.pop(0) if pages else await inner.handle_async_request(request)

    async with (
        inner,
        AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=Proxy()) as client,
    ):
        # a page in the place of an answer says nothing of the event
        with pytest.raises(Unavailable, match="is not a Statehold server's") as caught:
            await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
        assert pages == []
        again = await client.send(OrderFlow, "o-1", Accept(prep_minutes=1), key=caught.value.key)
    assert again.seq == 2


def test_the_default_backoff_outlasts_a_restart_of_five_seconds() -> None:
    backoff = Backoff()
    shortest = sum(
        min(backoff.first_seconds * 2**n, backoff.longest_seconds) / 2
        for n in range(backoff.tries - 1)
    )
    waited = [sum(backoff.delay_seconds(n) for n in range(1, backoff.tries)) for _ in range(200)]
    assert 5 < 2 * 5 <= shortest <= min(waited)
    assert max(waited) < backoff.total_seconds


async def test_no_attempt_begins_once_the_time_for_all_of_them_is_over() -> None:
    flaky = Flaky(99, "unreached")
    backoff = Backoff(tries=50, first_seconds=0.01, longest_seconds=0.01, total_seconds=0.05)
    async with AsyncClient(backoff=backoff, transport=flaky) as client:
        with pytest.raises(Unavailable):
            await client.machines()
    assert 2 <= len(flaky.keys) <= 11


# --- streams that come back ---------------------------------------------------------------------


class QuietStreams(httpx.AsyncBaseTransport):
    """Opens a stream, and ends it with nothing but a comment in it, until ``give`` is set."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.opened = 0
        self.give = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.give:
            return await self.inner.handle_async_request(request)
        self.opened += 1
        self.give = self.opened == 20
        return httpx.Response(200, content=b": stream\n\n")

    async def aclose(self) -> None:
        await self.inner.aclose()


@pytest.mark.parametrize("whole", [False, True])
async def test_streams_that_were_opened_do_not_count_as_failures(
    engine: Engine, address: str, whole: bool
) -> None:
    await engine.start(OrderFlow, "o-1")
    quiet = QuietStreams()
    async with AsyncClient(address, roles=["restaurant"], backoff=SOON, transport=quiet) as client:
        watching: Any = client.watch_machine(OrderFlow) if whole else client.watch(OrderFlow, "o-1")
        assert await anext(watching)
        await watching.aclose()
    assert quiet.opened == 20


async def _orders(count: int, minutes: int) -> Engine:
    """An engine with an order that has so many steps."""
    engine = Engine(MemoryStore(), [OrderFlow])
    await engine.open()
    await engine.start(OrderFlow, "o-1")
    if count > 1:
        await engine.send(OrderFlow, "o-1", Accept(prep_minutes=minutes))
    if count > 2:
        await engine.send(OrderFlow, "o-1", Packed())
    if count > 3:
        await engine.send(OrderFlow, "o-1", Reject(reason="dropped"))
    return engine


@pytest.mark.parametrize("restored_steps", [1, 2, 3, 4])
async def test_a_watch_begins_again_when_the_history_is_another_one(restored_steps: int) -> None:
    before, after = await _orders(3, 1), await _orders(restored_steps, 2)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    seen: list[int] = []
    patient = Backoff(tries=100, first_seconds=0.01, longest_seconds=0.05)
    try:
        async with AsyncClient(f"http://127.0.0.1:{port}", backoff=patient) as client:
            watching = client.watch(OrderFlow, "o-1")
            async with listening(create_app(before, owns_engine=False, access=OPEN), port=port):
                seen += [(await anext(watching)).seq for _ in range(3)]
            async with listening(create_app(after, owns_engine=False, access=OPEN), port=port):
                if restored_steps < 4:
                    # the next step may be the first sign of it
                    await after.cancel(OrderFlow, "o-1")
                async with asyncio.timeout(30):
                    rest = [entry.seq async for entry in watching]
    finally:
        await before.close()
        await after.close()
    assert seen == [1, 2, 3]
    last = 4 if restored_steps == 4 else restored_steps + 1
    assert rest == list(range(1, last + 1))


async def test_a_watch_from_beyond_the_end_is_refused_by_name(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, backoff=SOON) as client:
        with pytest.raises(BeyondEnd, match="at seq 1 and has no step 7") as caught:
            await anext(client.watch(OrderFlow, "o-1", after=7))
        assert caught.value.details() == {"machine": "order", "id": "o-1", "after": 7, "seq": 1}
        with pytest.raises(BeyondEnd):
            await client.journal(OrderFlow, "o-1", after=7)
    async with httpx.AsyncClient(base_url=address) as http:
        for headers, params in (({"Last-Event-ID": "7"}, {}), ({}, {"after": 7})):
            answer = await http.get(
                "/api/machines/order/instances/o-1/stream", headers=headers, params=params
            )
            assert answer.status_code == 409
            assert answer.json()["type"] == "urn:statehold:problem:beyond-end"
