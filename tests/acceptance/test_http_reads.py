"""What callers may read over HTTP, tried by callers who look for more than is theirs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from msgspec.structs import replace
from starlette.requests import Request

from statehold.chart.access import ServerAccess, role
from statehold.client import AsyncClient
from statehold.client.events import ServerEvent, read_events
from statehold.engine import Engine
from statehold.errors import Forbidden, StoreUnavailable
from statehold.observe.metrics import Metrics
from statehold.records import Caller
from statehold.server import Bounds, create_app
from statehold.server.problems import Unauthorized
from statehold.server.routes import ROUTES
from statehold.stores import MemoryStore
from tests.acceptance.serving import listening
from tests.deliveries import (
    ANN,
    BOB,
    NOBODY,
    NORTH,
    OPS,
    SUPPORT,
    Close,
    Delivery,
    DeliveryFlow,
    HandOver,
    Lose,
    Pack,
)  # fmt: skip

pytestmark = pytest.mark.anyio

ONE = "/api/machines/delivery/instances/d-1"
#: of each route that reads, an address of what is there, and the right that it needs: on the
#: instance, on all instances, or none for what shows each caller what is its own
READS = {
    "list": ("/api/machines/delivery/instances", "own"),
    "read": (ONE, "read"),
    "at": (f"{ONE}/at/1", "inspect"),
    "explain": (f"{ONE}/explain", "inspect"),
    "journal": (f"{ONE}/journal", "inspect"),
    "stream": (f"{ONE}/stream", "read"),
    "machines": ("/api/machines", "own"),
    "document": ("/api/machines/delivery/document", "inspect all"),
    "machine": ("/api/machines/delivery", "own"),
    "diagram": ("/api/machines/delivery/diagram?instance=d-1", "read"),
    "flows": ("/api/machines/delivery/flows", "read all"),
    "stream_machines": ("/api/stream", "read all"),
    "stream_machine": ("/api/machines/delivery/stream", "read all"),
    "search": ("/api/search?q=d-", "own"),
    "incidents": ("/api/incidents", "own"),
    "me": ("/api/me", "own"),
    "audit": ("/api/audit", "the server's"),
}
STREAMS = {"stream", "stream_machines", "stream_machine"}

CALLERS = {one.name or "nobody": one for one in (ANN, BOB, NOBODY, NORTH, OPS, SUPPORT)} | {
    "cora": Caller("cora", frozenset({"courier", "support"}))
}


class Door:
    """Lets in those who are known, as long as they are."""

    def __init__(self) -> None:
        self.known = dict(CALLERS)

    def __call__(self, request: Request) -> Caller:
        name = request.headers.get("authorization", "nobody")
        if name not in self.known:
            raise Unauthorized("it is not known")
        return self.known[name]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def engine(store: MemoryStore) -> AsyncIterator[Engine]:
    async with Engine(store, [DeliveryFlow]) as engine:
        for id, customer, depot in (
            ("d-1", "ann", "north"), ("d-2", "bob", "north"), ("d-3", "bob", "south"),
        ):  # fmt: skip
            await engine.start(DeliveryFlow, id, Delivery(customer=customer, depot=depot, price=7))
        for id in ("d-1", "d-2"):
            await engine.send(DeliveryFlow, id, Pack())
            await engine.send(DeliveryFlow, id, Lose())
            async for entry in engine.watch(DeliveryFlow, id):
                if entry.kind == "incident":
                    break
        yield engine


@pytest.fixture
def app(engine: Engine, door: Door) -> FastAPI:
    access = ServerAccess(metrics=role("ops"))
    return create_app(
        engine,
        owns_engine=False,
        authenticate=door,
        access=access,
        metrics=Metrics(),
        bounds=Bounds(caller_seconds=0.02),
    )


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client,
    ):
        yield client


@pytest.fixture
async def address(app: FastAPI) -> AsyncIterator[str]:
    async with listening(app) as address:
        yield address


async def get(
    http: httpx.AsyncClient, path: str, who: str = "nobody", **headers: str
) -> httpx.Response:
    return await http.get(path, headers={"Authorization": who, **headers})


@asynccontextmanager
async def streaming(
    address: str, path: str, who: str
) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[ServerEvent]]]:
    async with (
        httpx.AsyncClient(base_url=address) as http,
        http.stream("GET", path, headers={"Authorization": who}) as answer,
    ):
        yield answer, read_events(answer.aiter_bytes())


# --- every route -------------------------------------------------------------------------------


def test_every_route_that_reads_is_one_of_these() -> None:
    assert {one.name for one in ROUTES if one.method == "GET"} == set(READS)


@pytest.mark.parametrize("name", READS)
async def test_a_caller_without_a_right_is_shown_nothing(
    http: httpx.AsyncClient, name: str
) -> None:
    path, _ = READS[name]
    answer = await get(http, path)
    if name in ("machines", "search", "incidents", "me"):
        assert answer.status_code == 200
        assert "delivery" not in answer.text
        assert "d-1" not in answer.text
        assert answer.json().get("count", 0) == 0
    else:
        assert answer.status_code == 403, answer.text
        assert answer.json()["type"] == "urn:statehold:problem:forbidden"
    assert "hidden" not in answer.text
    unknown = await get(http, path.replace("delivery", "nothing"))
    assert unknown.text.replace("nothing", "delivery") == answer.text.replace("nothing", "delivery")


@pytest.mark.parametrize("who", ["ann", "nina", "sam", "cora"])
@pytest.mark.parametrize("name", sorted(READS.keys() - STREAMS))
async def test_a_reader_is_shown_no_more_than_the_view(
    http: httpx.AsyncClient, name: str, who: str
) -> None:
    path, right = READS[name]
    answer = await get(http, path, who)
    reads_all = who in ("sam", "cora")
    permitted = right in ("own", "read") or (right == "read all" and reads_all)
    assert answer.status_code == (200 if permitted else 403), answer.text
    assert "hidden" not in answer.text
    assert '"price":' not in answer.text
    assert "traceback" not in answer.text
    if not reads_all and who != "nina":
        assert "d-2" not in answer.text
        assert "bob" not in answer.text


@pytest.mark.parametrize("who", ["ann", "nina", "nobody"])
@pytest.mark.parametrize("name", [name for name in READS if "d-1" in READS[name][0]])
async def test_one_of_others_answers_as_one_that_does_not_exist(
    http: httpx.AsyncClient, name: str, who: str
) -> None:
    path, _ = READS[name]
    for headers in ({}, {"If-None-Match": '"3"'}, {"If-None-Match": "*"}, {"Last-Event-ID": "3"}):
        theirs = await get(http, path.replace("d-1", "d-3"), who, **headers)
        unknown = await get(http, path.replace("d-1", "d-0"), who, **headers)
        assert theirs.status_code == unknown.status_code == 403
        assert theirs.content == unknown.content
        assert theirs.headers.items() == unknown.headers.items()
        assert "etag" not in theirs.headers
        assert "statehold-lag" not in theirs.headers


async def test_those_with_the_right_on_all_learn_what_does_not_exist(
    http: httpx.AsyncClient,
) -> None:
    assert (await get(http, ONE.replace("d-1", "d-0"), "sam")).status_code == 404
    assert (await get(http, ONE.replace("d-1", "d-0") + "/journal", "sam")).status_code == 403
    assert (await get(http, ONE.replace("d-1", "d-0") + "/journal", "olga")).status_code == 404


# --- lists -------------------------------------------------------------------------------------

LIST = "/api/machines/delivery/instances"


@pytest.mark.parametrize(
    "query",
    [
        "where=price=7", "where=nothing=7", "order=since", "incidents=true",
        "in_state_since=2026-01-01T00:00:00Z", "where=customer=ann&where=price=7",
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", ["ann", "nina", "sam"])
async def test_a_reader_can_not_ask_for_what_it_is_not_shown(
    http: httpx.AsyncClient, who: str, query: str
) -> None:
    assert (await get(http, f"{LIST}?{query}", who)).status_code == 403


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["d-1"]), ("q=d", ["d-1"]), ("q=d-2", []), ("q=d-3", []), ("limit=1", ["d-1"]),
        ("where=customer=bob", []), ("where=depot=south", []), ("where=depot=north", ["d-1"]),
        ("state=lost", ["d-1"]), ("state=waiting", []), ("version=1", ["d-1"]),
    ],
)  # fmt: skip
async def test_a_page_depends_on_nothing_of_others(
    http: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    answer = await get(http, f"{LIST}?{query}", "ann")
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["instances"]] == expected
    assert answer.json()["cursor"] is None


async def test_a_name_of_a_state_that_does_not_exist_shows_no_instances(
    http: httpx.AsyncClient,
) -> None:
    refused = await get(http, f"{LIST}?state=nowhere", "ann")
    assert refused.status_code == 422
    assert "waiting" in refused.text
    assert "hidden" not in refused.text


# --- views and streams -------------------------------------------------------------------------


async def test_a_view_by_role_may_be_chosen(http: httpx.AsyncClient) -> None:
    assert (await get(http, ONE, "cora")).json()["view"] == {"depot": "north", "customer": "ann"}
    assert (await get(http, ONE, "ann")).json()["view"] == {"depot": "north"}
    chosen = await get(http, f"{ONE}?view=courier", "cora")
    assert chosen.json()["view"]["customer"] == "ann"
    texts = set()
    for name in ("billing", "nothing"):
        refused = await get(http, f"{ONE}?view={name}", "cora")
        assert refused.status_code == 422
        texts.add(refused.text.replace(name, "…"))
    assert len(texts) == 1


async def test_a_view_that_raises_shows_a_reader_no_reason(
    http: httpx.AsyncClient, engine: Engine
) -> None:
    await engine.send(DeliveryFlow, "d-3", Pack(box="courier"))
    path = ONE.replace("d-1", "d-3")
    broken = await get(http, path, "cora")
    assert broken.status_code >= 400
    assert "hidden" not in broken.text
    assert (await get(http, path, "sam")).json()["view"] == {"depot": "south"}


async def test_a_reader_watches_views_and_an_inspector_the_journal(
    address: str, engine: Engine
) -> None:
    async with streaming(address, f"{ONE}/stream", "ann") as (_, events):
        first = await anext(events)
        assert (first.event, first.id) == ("view", "3")
        await engine.send(DeliveryFlow, "d-1", Close())
        last = await anext(events)
        assert (last.event, json.loads(last.data)["status"]) == ("view", "done")
        assert (await anext(events)).event == "end"
        assert "hidden" not in first.data + last.data
    async with streaming(address, f"{ONE}/stream", "olga") as (_, events):
        assert (await anext(events)).event == "step"
    async with streaming(address, f"{ONE}/stream?views=true", "olga") as (_, events):
        assert (await anext(events)).event == "view"


async def test_a_stream_ends_when_its_instance_changes_hands(address: str, engine: Engine) -> None:
    path = ONE.replace("d-1", "d-3")
    async with streaming(address, f"{path}/stream", "bob") as (_, events):
        await anext(events)
        await engine.send(DeliveryFlow, "d-3", HandOver(to="ann"))
        assert [event async for event in events] == []


@pytest.mark.parametrize("change", ["revoked", "other roles"])
@pytest.mark.parametrize("path", [f"{ONE}/stream", "/api/machines/delivery/stream", "/api/stream"])
async def test_a_stream_ends_when_its_caller_is_not_let_in_any_more(
    address: str, door: Door, path: str, change: str
) -> None:
    async with streaming(address, path, "sam") as (answer, events):
        assert answer.status_code == 200
        await anext(events)
        if change == "revoked":
            del door.known["sam"]
        else:
            door.known["sam"] = replace(SUPPORT, roles=frozenset())
        with anyio.fail_after(10):
            assert [event async for event in events] == []


async def test_changes_of_a_machine_have_what_a_reader_may_see(
    address: str, engine: Engine
) -> None:
    async with streaming(address, "/api/machines/delivery/stream", "sam") as (_, events):
        assert (await anext(events)).event == "hello"
        await engine.send(DeliveryFlow, "d-3", Pack())
        change = json.loads((await anext(events)).data)
        assert (change["id"], change["since"], change["next_at"]) == ("d-3", None, None)
        assert "price" not in change["indexes"]


async def test_a_client_watches_views(address: str, engine: Engine) -> None:
    async with AsyncClient(address, headers={"Authorization": "ann"}) as client:
        found = []
        async for reply in client.watch_view("delivery", "d-1"):
            found.append(reply.status)
            if len(found) == 1:
                await engine.send(DeliveryFlow, "d-1", Close())
        assert found == ["running", "done"]
        with pytest.raises(Forbidden):
            async for _ in client.watch("delivery", "d-1"):
                pass
    async with AsyncClient(address, headers={"Authorization": "cora"}) as client:
        assert (await client.get("delivery", "d-1", view="courier")).view["customer"] == "ann"


# --- the server itself -------------------------------------------------------------------------


async def test_metrics_are_for_those_whom_the_server_permits(http: httpx.AsyncClient) -> None:
    for who in ("nobody", "ann", "sam"):
        refused = await get(http, "/metrics", who)
        assert refused.status_code == 403
        assert "delivery" not in refused.text
    assert "delivery" in (await get(http, "/metrics", "olga")).text
    assert (await get(http, "/metrics", "stranger")).status_code == 401


async def test_probes_show_what_is_wrong_to_those_alone_who_may_read_the_metrics(
    http: httpx.AsyncClient, engine: Engine, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "troubles", lambda self: ["hidden-trouble"])
    for who in ("nobody", "ann", "stranger"):
        answer = await get(http, "/ready", who)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        assert "hidden" not in answer.text
    assert "hidden-trouble" in (await get(http, "/ready", "olga")).text

    async def away(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("hidden-address")

    monkeypatch.setattr(store, "ping", away)
    monkeypatch.setattr(store, "list", away)
    for path in ("/ready", LIST):
        for who, sees in (("sam", False), ("olga", True)):
            answer = await get(http, path, who)
            assert answer.status_code == 503
            assert ("hidden-address" in answer.text) == sees
