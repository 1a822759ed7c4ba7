"""Events that only machines send, as callers over HTTP meet them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from statehold import AnyEvent, Context, Event, Machine, State, on
from statehold.engine import Engine
from statehold.server import create_app
from statehold.stores import MemoryStore
from tests.acceptance.http_orders import problem
from tests.access import OPEN
from tests.unit.engine.world import quiet

pytestmark = pytest.mark.anyio

ONE = "/api/machines/order/instances/o-1"


class Note(Event):
    pass


class PaymentFailed(Event, internal=True):
    """Of the payment alone."""

    why: str = ""


class Fail(Event):
    pass


def report(data: Any, event: Fail, context: Context) -> None:
    context.send("order", "o-1", PaymentFailed(why="no money"))


class Order(Machine[dict[str, Any]], name="order", version=1):
    open = State(initial=True)
    unpaid = State()

    note = on(Note, open)
    failed = on(PaymentFailed, open >> unpaid)
    rest = on(AnyEvent, unpaid)


class Payment(Machine[dict[str, Any]], name="payment", version=1):
    here = State(initial=True)
    failing = on(Fail, here, do=report)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with Engine(MemoryStore(), [Order, Payment]) as engine:
        app = create_app(engine, owns_engine=False, access=OPEN)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
                await http.post("/api/machines/order/instances", json={"id": "o-1", "data": {}})
                await http.post("/api/machines/payment/instances", json={"id": "p-1", "data": {}})
                yield http


FAILED = {"type": "PaymentFailed", "why": "I say so"}


@pytest.mark.parametrize("headers", [{}, {"Statehold-Roles": "ops,admin"}])
async def test_they_are_refused_in_every_way_in_and_nothing_changes(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    before = (await http.get(ONE)).json()
    for more in ({}, {"Idempotency-Key": "k-1"}):
        answer = await http.post(f"{ONE}/events", json=FAILED, headers=headers | more)
        problem(answer, 403, "forbidden")
    absent = await http.post(f"{ONE}-none/events", json=FAILED, headers=headers)
    assert absent.status_code == 403
    many = [
        {"machine": "order", "id": "o-1", "event": {"type": "Note"}},
        {"machine": "order", "id": "o-1", "event": FAILED},
    ]
    answer = await http.post("/api/events", json=many, headers=headers)
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["answers"]
    assert first["reply"]["status"] == "running"
    assert (second["problem"]["status"], second["problem"]["type"]) == (
        403,
        "urn:statehold:problem:forbidden",
    )
    await http.post(f"{ONE}/pause", json={})
    problem(await http.post(f"{ONE}/events", json=FAILED, headers=headers), 403, "forbidden")
    await http.post(f"{ONE}/resume", json={})
    after = (await http.get(ONE)).json()
    assert (before["state"], after["state"]) == (["open"], ["open"])
    assert "PaymentFailed" not in (await http.get(f"{ONE}/journal")).text


async def test_they_are_in_no_list_of_what_callers_may_send(http: httpx.AsyncClient) -> None:
    assert (await http.get(ONE)).json()["allowed"] == ["Note"]
    machine = (await http.get("/api/machines/order")).json()
    assert list(machine["events"]) == ["Note"]
    machines = (await http.get("/api/machines")).json()["machines"]
    assert {one["name"]: one["events"] for one in machines}["order"] == ["Note"]
    explained = (await http.get(f"{ONE}/explain")).json()
    (failed,) = [one for one in explained["next"] if one["event"] == "PaymentFailed"]
    assert failed["possible"] is False
    assert failed["stopped_by"] == ["only other instances may send it"]
    # the drawing shows what leads where
    assert any(one["name"] == "PaymentFailed" for one in machine["chart"]["events"])


async def test_a_machines_message_takes_them(http: httpx.AsyncClient) -> None:
    await http.post("/api/machines/payment/instances/p-1/events", json={"type": "Fail"})
    await quiet()
    assert (await http.get(ONE)).json()["state"] == ["unpaid"]
    # also where a transition for any event would take it
    problem(await http.post(f"{ONE}/events", json=FAILED), 403, "forbidden")
