"""Both clients, against a real server behind a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from statehold.client import AsyncClient, Client, RefusedByServer
from statehold.client.transport import Backoff
from statehold.engine import Engine
from statehold.errors import (
    ActionFailed,
    InvalidPayload,
    NotAllowed,
    StaleSeq,
    StateholdError,
    Unavailable,
    UnknownInstance,
    UnknownMachine,
)
from statehold.wire import Problem, SendRequest
from tests.acceptance.orders import Accept, Arrived, Order, OrderFlow, Packed, Pay, Reject

pytestmark = pytest.mark.anyio

SOON = Backoff(tries=3, first_seconds=0.0, longest_seconds=0.0)


async def test_an_order_goes_its_way(address: str) -> None:
    async with AsyncClient(address, caller="ada") as client:
        started = await client.start(OrderFlow, "o-1", Order(items=["soup"]))
        assert (started.seq, started.view["items"]) == (1, ["soup"])
        accepted = await client.send("order", "o-1", Accept(prep_minutes=3), expected_seq=1)
        assert set(accepted.allowed) == {"Reject", "Packed", "Arrived"}
        await client.send(OrderFlow, "o-1", {"type": "Packed"})
        done = await client.send(OrderFlow, "o-1", Arrived())
        assert (done.status, done.state) == ("done", ["delivered"])
        assert await client.get(OrderFlow, "o-1") == done
        journal = await client.journal(OrderFlow, "o-1", data=True)
        assert [entry.seq for entry in journal.entries] == [1, 2, 3, 4]
        assert journal.entries[1].caller == "ada"
        assert (await client.explain(OrderFlow, "o-1")).instance.id == "o-1"
        assert [one.name for one in await client.machines()] == ["order"]
        assert (await client.machine(OrderFlow)).counts == {"delivered": 1}
        assert "stateDiagram" in await client.mermaid(OrderFlow, "o-1")
        assert (await client.upgrade(OrderFlow)).version == 1


async def test_a_list_goes_over_all_pages(address: str) -> None:
    async with AsyncClient(address) as client:
        for number in range(5):
            await client.start(OrderFlow, f"o-{number}", {"city": "Oslo"})
        found = [one.id async for one in client.list(OrderFlow, page_size=2)]
        assert sorted(found) == [f"o-{number}" for number in range(5)]
        assert [one async for one in client.list(OrderFlow, where={"city": "Rome"})] == []


async def test_many_events_are_answered_with_replies_and_errors(address: str) -> None:
    async with AsyncClient(address) as client:
        await client.start(OrderFlow, "o-1")
        event = {"type": "Accept", "prep_minutes": 1}
        moved, refused = await client.send_many(
            [
                SendRequest(machine="order", id="o-1", event=event),
                SendRequest(machine="order", id="o-2", event=event),
            ]
        )
        assert not isinstance(moved, StateholdError)
        assert moved.seq == 2
        assert isinstance(refused, UnknownInstance)


async def test_a_person_settles_and_pauses(engine: Engine, address: str) -> None:
    async with AsyncClient(address) as client:
        await client.start(OrderFlow, "o-1")
        await client.send(OrderFlow, "o-1", Pay())
        async for entry in client.watch(OrderFlow, "o-1"):
            if entry.kind == "incident":
                break
        (incident,) = (await client.incidents(OrderFlow)).incidents
        assert (await client.resolve(incident.id, "ch_1", reason="by hand")).status == "done"
        await client.start(OrderFlow, "o-2")
        assert (await client.pause(OrderFlow, "o-2")).status == "paused"
        assert (await client.send(OrderFlow, "o-2", Accept(prep_minutes=1))).held
        assert (await client.resume(OrderFlow, "o-2")).id == "o-2"
        assert (await client.cancel(OrderFlow, "o-2", reason="enough")).status == "cancelled"


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda c: c.get("none", "o-1"), UnknownMachine),
        (lambda c: c.get("order", "nobody"), UnknownInstance),
        (lambda c: c.send("order", "o-1", Packed()), NotAllowed),
        (lambda c: c.send("order", "o-1", {"type": "Accept"}), InvalidPayload),
        (lambda c: c.send("order", "o-1", {"type": "Break"}), ActionFailed),
        (lambda c: c.send("order", "o-1", Packed(), expected_seq=9), StaleSeq),
        (lambda c: c.send("order", "o-1", Packed(), key="ü"), InvalidPayload),
        (lambda c: c.get("order", ".."), InvalidPayload),
    ],
)
async def test_a_problem_comes_back_as_the_engines_error(
    engine: Engine,
    address: str,
    ask: Callable[[AsyncClient], Any],
    kind: type[StateholdError],
) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address) as client:
        with pytest.raises(kind) as caught:
            await ask(client)
    assert caught.value.code == kind.code
    assert str(caught.value)


async def test_the_errors_details_are_the_engines(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    with pytest.raises(NotAllowed) as here:
        await engine.send(OrderFlow, "o-1", Packed())
    async with AsyncClient(address) as client:
        with pytest.raises(NotAllowed) as there:
            await client.send(OrderFlow, "o-1", Packed())
    assert str(there.value) == str(here.value)
    assert there.value.details() == here.value.details()


async def test_a_missing_role_is_forbidden_there_too(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, roles=["courier"]) as client:
        with pytest.raises(NotAllowed) as caught:
            await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
    assert caught.value.forbidden


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
    async with AsyncClient(address, backoff=SOON, transport=flaky) as client:
        assert (await client.send(OrderFlow, "o-1", Accept(prep_minutes=1))).seq == 2
    assert len(flaky.keys) == 3
    assert len(set(flaky.keys)) == 1
    assert flaky.keys[0]
    assert (await engine.read(OrderFlow, "o-1")).seq == 2


async def test_tries_are_bounded(address: str) -> None:
    flaky = Flaky(99, "503")
    async with AsyncClient(address, backoff=SOON, transport=flaky) as client:
        with pytest.raises(Unavailable) as caught:
            await client.send(OrderFlow, "o-1", Packed())
    assert (len(flaky.keys), caught.value.code, str(caught.value)) == (3, "overloaded", "too many")


async def test_what_has_no_key_is_not_sent_again_once_it_may_have_been_taken(
    engine: Engine, address: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    flaky = Flaky(1, "answer lost")
    async with AsyncClient(address, backoff=SOON, transport=flaky) as client:
        with pytest.raises(Unavailable, match="cut off"):
            await client.cancel(OrderFlow, "o-1")
    assert len(flaky.keys) == 1


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with AsyncClient("http://127.0.0.1:1", backoff=SOON) as client:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
            await client.machines()


async def test_a_server_that_is_none_of_ours_is_told_as_such() -> None:
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
    async with AsyncClient(address, backoff=SOON, transport=cut) as client:
        seen = [entry.seq async for entry in client.watch(OrderFlow, "o-1")]
    assert seen == [1, 2, 3, 4]
    assert len(cut.resumed) > 1
    assert cut.resumed[0] is None


async def test_a_watch_that_gets_nothing_gives_up(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with AsyncClient(address, backoff=SOON, transport=CutStreams(chunks=0)) as client:
        with pytest.raises(Unavailable, match="cut off"):
            await anext(client.watch(OrderFlow, "o-1"))


# --- for code without an event loop -------------------------------------------------------------


async def test_plain_code_has_the_same_client(engine: Engine, address: str) -> None:
    def work() -> list[int]:
        with Client(address, caller="ada") as client:
            client.start(OrderFlow, "o-1")
            client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
            with pytest.raises(NotAllowed):
                client.send(OrderFlow, "o-1", Accept(prep_minutes=1))
            assert [one.id for one in client.list(OrderFlow)] == ["o-1"]
            first = next(client.watch(OrderFlow, "o-1"))
            client.send(OrderFlow, "o-1", Reject(reason="dropped"))
            return [first.seq, *(e.seq for e in client.watch(OrderFlow, "o-1", after=1))]

    assert await asyncio.to_thread(work) == [1, 2, 3]


async def test_plain_iterators_raise_what_is_wrong(address: str) -> None:
    def work() -> None:
        with Client(address) as client:
            with pytest.raises(UnknownInstance):
                next(client.watch(OrderFlow, "nobody"))
            with pytest.raises(UnknownMachine):
                list(client.list("none"))

    await asyncio.to_thread(work)


def test_both_clients_have_the_same_methods() -> None:
    public = {name for name in vars(AsyncClient) if not name.startswith("_")}
    assert public <= set(vars(Client))
