"""An instance watched over HTTP, through a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from starlette.requests import Request

from statehold.client.events import ServerEvent, read_events
from statehold.engine import Engine
from statehold.records import Caller
from statehold.server import Bounds, create_app
from tests.acceptance.orders import Accept, OrderFlow, Packed, Pay, Reject
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio

STREAM = "/api/machines/order/instances/o-1/stream"


@asynccontextmanager
async def streaming(
    address: str, headers: dict[str, str] | None = None, **params: Any
) -> AsyncIterator[AsyncIterator[ServerEvent]]:
    async with (
        httpx.AsyncClient(base_url=address) as http,
        http.stream("GET", STREAM, params=params, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read_events(answer.aiter_bytes())


async def take(events: AsyncIterator[ServerEvent], count: int) -> list[ServerEvent]:
    return [await anext(events) for _ in range(count)]


async def test_a_stream_has_past_entries_and_then_new_ones(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with streaming(address) as events:
        (start,) = await take(events, 1)
        assert (start.event, start.id) == ("step", "1")
        await engine.send(OrderFlow, "o-1", Accept(prep_minutes=3))
        (accepted,) = await take(events, 1)
        assert accepted.id == "2"
        entry = json.loads(accepted.data)
        assert entry["event"] == {"type": "Accept", "prep_minutes": 3}
        assert (entry["seq"], entry["part"]) == (2, 0)


async def test_a_stream_goes_on_where_the_client_stopped(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    await engine.send(OrderFlow, "o-1", Accept(prep_minutes=3))
    await engine.send(OrderFlow, "o-1", Packed())
    async with streaming(address, headers={"Last-Event-ID": "1"}) as events:
        assert [event.id for event in await take(events, 2)] == ["2", "3"]
    async with streaming(address, after=2) as events:
        assert [event.id for event in await take(events, 1)] == ["3"]


async def test_notes_have_no_id_of_their_own(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    await engine.send(OrderFlow, "o-1", Pay())
    async with streaming(address, after=1) as events:
        step, note = await take(events, 2)
        assert (step.event, note.event) == ("step", "note")
        # the id is the stream's last one: a note did not change it
        assert note.id == step.id == "2"
        assert (json.loads(note.data)["seq"], json.loads(note.data)["part"]) == (2, 1)
    # and one that came after the last step that the client has comes again
    async with streaming(address, headers={"Last-Event-ID": "2"}) as events:
        assert (await take(events, 1))[0].data == note.data


async def test_a_stream_ends_when_the_instance_is_over(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with streaming(address) as events:
        await take(events, 1)
        await engine.send(OrderFlow, "o-1", Reject(reason="closed"))
        assert [event.event async for event in events] == ["step", "end"]
    async with streaming(address, headers={"Last-Event-ID": "2"}) as events:
        assert [event.event async for event in events] == ["end"]


async def test_a_last_event_id_that_is_no_seq_is_refused(engine: Engine, address: str) -> None:
    await engine.start(OrderFlow, "o-1")
    async with httpx.AsyncClient(base_url=address) as http:
        answer = await http.get(STREAM, headers={"Last-Event-ID": "later"})
        assert answer.status_code == 400
        assert answer.json()["where"] == "Last-Event-ID"


async def test_a_silent_stream_beats(engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    app = create_app(engine, bounds=Bounds(heartbeat_seconds=0.01), owns_engine=False)
    async with (
        listening(app) as address,
        httpx.AsyncClient(base_url=address) as http,
        http.stream("GET", STREAM, params={"after": 1}) as answer,
    ):
        beats = b""
        async for chunk in answer.aiter_bytes():
            beats += chunk
            if beats.count(b": \n\n") >= 2:
                break
        assert b"data" not in beats


async def test_an_application_that_is_started_again_streams_again(engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    app = create_app(engine, owns_engine=False, access=OPEN)
    for _ in range(2):
        async with listening(app) as address, streaming(address) as events:
            assert (await take(events, 1))[0].id == "1"


async def test_a_stream_above_the_bound_is_refused_until_one_ends(engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    app = create_app(engine, bounds=Bounds(streams=1), owns_engine=False)
    async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
        async with http.stream("GET", STREAM) as first:
            await anext(first.aiter_bytes())
            refused = await http.get(STREAM)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["type"] == "urn:statehold:problem:overloaded"
        # that the client is gone is seen by the server at one of its next turns
        with anyio.fail_after(10):
            while app.state.streams.share.used:
                await http.get("/health")
        async with http.stream("GET", STREAM) as again:
            assert again.status_code == 200


async def test_one_caller_has_its_share_of_the_streams_and_others_find_the_rest(
    engine: Engine,
) -> None:
    await engine.start(OrderFlow, "o-1")
    bounds = Bounds(streams=4)
    app = create_app(
        engine, bounds=bounds, authenticate=named_by_header, access=OPEN, owns_engine=False
    )
    async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
        greedy, other = {"who": "greedy"}, {"who": "other"}
        async with http.stream("GET", STREAM, headers=greedy) as first:
            await anext(first.aiter_bytes())
            refused = await http.get(STREAM, headers=greedy)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["type"] == "urn:statehold:problem:too-many-requests"
            async with http.stream("GET", STREAM, headers=other) as theirs:
                assert theirs.status_code == 200


def named_by_header(request: Request) -> Caller:
    return Caller(request.headers["who"], frozenset({"support"}))


async def test_a_server_that_stops_ends_its_streams_without_saying_that_the_instance_is_over(
    engine: Engine,
) -> None:
    await engine.start(OrderFlow, "o-1")
    found: list[str] = []
    begun = asyncio.Event()

    async def watch(address: str) -> None:
        async with streaming(address) as events:
            async for event in events:
                found.append(event.event)
                begun.set()

    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        watching = asyncio.create_task(watch(address))
        await begun.wait()
    await asyncio.wait_for(watching, 5)
    assert found == ["step"]


async def test_a_client_that_does_not_read_is_hung_up_on(engine: Engine) -> None:
    """The socket's buffers take some, so the test fills them: nothing is read from it."""
    await engine.start(OrderFlow, "o-1", {"items": ["x" * 100_000]})
    bounds = Bounds(stall_seconds=0.05, heartbeat_seconds=0.001)
    app = create_app(engine, bounds=bounds, owns_engine=False)
    sent = asyncio.Event()
    scope = {
        "type": "http", "method": "GET", "path": STREAM, "raw_path": STREAM.encode(),
        "query_string": b"", "headers": [(b"host", b"127.0.0.1")],
        "http_version": "1.1", "scheme": "http",
        "server": ("127.0.0.1", 1), "client": ("127.0.0.1", 2), "root_path": "",
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        if sent.is_set():
            await asyncio.Event().wait()
        sent.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    written = 0

    async def send(message: Any) -> None:
        nonlocal written
        written += 1
        if written == 4:
            await asyncio.Event().wait()

    async with app.router.lifespan_context(app):
        await asyncio.wait_for(app(scope, receive, send), 5)
        assert app.state.streams.share.used == 0
    assert written == 4
