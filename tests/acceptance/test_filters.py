"""A filter or a query parameter that nothing has is an error that lists what there is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from statehold import Event, Final, Machine, State, Upgrade, on
from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.errors import InvalidPayload
from statehold.server import create_app, router
from statehold.server.routes import ROUTES
from statehold.store import Query
from statehold.stores import MemoryStore
from tests.acceptance.orders import OrderFlow

pytestmark = pytest.mark.anyio

INSTANCES = "/api/machines/order/instances"


def wrong(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["type"].endswith(":invalid-payload")
    fields: dict[str, str] = body["fields"]
    return fields


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("state", "cooked", ["offering", "fulfilling.kitchen.cooking", "cancelled"]),
        ("state", "fulfilling.", ["fulfilling"]),
        ("tag", "urgent", ["waiting"]),
        ("owner", "nobody", ["restaurant"]),
        ("version", "7", ["1"]),
        ("where", "town=Oslo", ["city"]),
        ("status", "finished", ["running", "paused", "done", "cancelled"]),
        ("order", "id", ["created", "since"]),
    ],
)
@pytest.mark.parametrize("started", [False, True])
async def test_a_filter_by_an_unknown_name_lists_those_that_are_known(
    name: str, value: str, known: list[str], started: bool, http: httpx.AsyncClient, engine: Engine
) -> None:
    if started:
        await engine.start(OrderFlow, "o-1")
    ((place, why),) = wrong(await http.get(INSTANCES, params={name: value})).items()
    assert name in place
    for one in known:
        assert one in why
    assert value.partition("=")[0] in why


async def test_a_filter_by_a_known_name_that_finds_nothing_is_an_empty_list(
    http: httpx.AsyncClient,
) -> None:
    for params in (
        {"state": "fulfilling"}, {"state": "cancelled"}, {"tag": "waiting"}, {"version": "1"},
        {"owner": "restaurant"}, {"where": "city=Oslo"}, {"status": "done"}, {"q": "o-"},
    ):  # fmt: skip
        answer = await http.get(INSTANCES, params=params)
        assert (answer.status_code, answer.json()["instances"]) == (200, []), params


@pytest.mark.parametrize(
    "query",
    [
        Query("order", state="x"), Query("order", tag="x"), Query("order", owner="x"),
        Query("order", version=9), Query("order", where={"x": "1"}), Query("order", limit=0),
        Query("order", limit=10**9), Query("order", status="x"),  # type: ignore[arg-type]
        Query("order", order="x"), Query("order", prefix="o-", state="x"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
async def test_an_engine_refuses_the_same(query: Query, engine: Engine) -> None:
    with pytest.raises(InvalidPayload):
        await engine.list(query)


class Old(BaseModel):
    town: str = "Oslo"


class Go(Event):
    pass


class First(Machine[Old], name="trip", version=1):
    indexes = ("town",)
    packing = State(initial=True, tags=("early",), owner="traveller")
    away = Final()
    go = on(Go, packing >> away)


class New(BaseModel):
    city: str = "Oslo"


class Second(Machine[New], name="trip", version=2):
    indexes = ("city",)
    planning = State(initial=True, tags=("late",), owner="agency")
    away = Final()
    go = on(Go, planning >> away)
    upgrades = (
        Upgrade(from_version=1, states={"packing": planning}, data=lambda old: {"city": "Rome"}),
    )


async def test_names_of_an_older_version_that_instances_have_can_be_filtered_by() -> None:
    store = MemoryStore()
    async with Engine(store, [First], clock=ManualClock()) as engine:
        await engine.start(First, "t-1")
    async with Engine(store, [Second], clock=ManualClock()) as engine:
        old: list[dict[str, Any]] = [
            {"state": "packing"}, {"tag": "early"}, {"owner": "traveller"}, {"version": 1},
            {"where": {"town": "Oslo"}},
        ]  # fmt: skip
        for narrowed in old:
            found = await engine.list(Query("trip", **narrowed))
            assert [one.id for one in found.instances] == ["t-1"], narrowed
        await engine.upgrade("trip")
        # a saved filter goes on to work, and finds nothing
        for narrowed in old[:-1]:
            assert (await engine.list(Query("trip", **narrowed))).instances == [], narrowed
        with pytest.raises(InvalidPayload, match="no index is called 'town'; there are city"):
            await engine.list(Query("trip", where={"town": "Oslo"}))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_every_route_refuses_a_query_parameter_that_it_does_not_read(
    route: Any, http: httpx.AsyncClient, engine: Engine
) -> None:
    await engine.start(OrderFlow, "o-1")
    path = route.path
    for name, value in {
        "machine": "order", "id": "o-1", "incident:path": "order/o-1/3.0", "timer:path": "lapse",
        "key:path": "1.0", "seq": "1",
    }.items():  # fmt: skip
        path = path.replace(f"{{{name}}}", value)
    answer = await http.request(route.method, path, params={"stauts": "running", "q": "o"}, json={})
    fields = wrong(answer)
    assert "query.stauts" in fields
    assert "known here" in fields["query.stauts"]
    before = await engine.read(OrderFlow, "o-1")
    assert (before.seq, before.status) == (1, "running")


async def test_a_parameter_that_is_given_twice_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{INSTANCES}?limit=1&limit=2&state=offering&state=cancelled")
    assert wrong(answer) == {
        "query.limit": "is given 2 times; give it once",
        "query.state": "is given 2 times; give it once",
    }
    assert "city is given twice" in str(
        wrong(await http.get(f"{INSTANCES}?where=city=Oslo&where=city=Rome"))
    )
    fine = await http.get(f"{INSTANCES}?where=city=Oslo&where=city=Oslo")
    assert fine.status_code == 200


async def test_parameters_of_the_applications_own_dependencies_are_known(engine: Engine) -> None:
    def tenant(tenant: str = "") -> str:
        return tenant

    app = FastAPI(dependencies=[Depends(tenant)])
    around = APIRouter()
    around.include_router(router(engine, extra_query=("token",)))
    app.include_router(around)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as http:
        known = await http.get(f"{INSTANCES}?tenant=a&token=b&limit=3")
        assert known.status_code == 200, known.text
        sent = await http.post(f"{INSTANCES}?tenant=a&token=b", json={"id": "o-1"})
        assert sent.status_code == 201, sent.text
        assert list(wrong(await http.get(f"{INSTANCES}?tenent=a"))) == ["query.tenent"]


async def test_probes_and_pages_take_any_parameters(http: httpx.AsyncClient) -> None:
    for path in ("/health", "/ready", "/"):
        assert (await http.get(f"{path}?cache=buster")).status_code == 200


async def test_an_authenticator_may_read_a_parameter_of_its_own(engine: Engine) -> None:
    app = create_app(engine, owns_engine=False, extra_query=["token"])
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            assert (await http.get(f"{INSTANCES}?token=x")).status_code == 200
            started = await http.post(f"{INSTANCES}?token=x", json={"id": "o-1"})
            assert started.status_code == 201
            path = f"{INSTANCES}/o-1/events"
            event = {"type": "Reject", "reason": "x"}
            assert "query.tokens" in wrong(await http.post(f"{path}?tokens=x", json=event))
            assert (await http.post(f"{path}?token=x", json=event)).status_code == 200
