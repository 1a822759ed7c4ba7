"""What a machine that was put shows of its document, and what a batch shows where a view raises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from statehold.chart.access import Access, ServerAccess, anyone
from statehold.chart.machine import Definition
from statehold.engine import Deployments, Engine
from statehold.records import Caller
from statehold.server import create_app
from statehold.stores import MemoryStore
from tests.deliveries import Delivery, DeliveryFlow

pytestmark = pytest.mark.anyio

#: a constant of the document
LIMIT = "424242"
WORD = "open-sesame"
DOCUMENT = f"""
statehold: 1
name: loan
version: 1
data:
  properties: {{owner: {{type: string}}, sum: {{type: integer, default: 1}}}}
  required: [owner]
events: {{Ask: {{properties: {{word: {{type: string}}}}, required: [word]}}, Skip: {{}}}}
states:
  here: {{initial: true, entry: {{set: {{sum: data.sum + {LIMIT} - {LIMIT}}}}}}}
  there: {{final: true, output: data.sum * {LIMIT}}}
transitions:
  ask: {{on: Ask, from: here, to: there, when: "event.word == '{WORD}' && data.sum < {LIMIT}"}}
  skip: {{on: Skip, from: here, to: there, by: boss, do: {{set: {{sum: "{LIMIT}"}}}}}}
indexes: [owner]
access:
  start: [starter, {{when: "caller.id == '{WORD}'"}}]
  read: [reader, {{index: owner}}]
  inspect: [auditor, {{index: owner, of: teams}}]
  send: {{when: "data.sum == {LIMIT}"}}
  put: deployer
view: {{sum: data.sum * {LIMIT} + 1}}
""".replace(f'"{LIMIT}"', LIMIT)

ONE = "/api/machines/loan/instances/l-1"
ROUTES = [
    "/api/machines", "/api/machines/loan", "/api/machines/loan?version=1",
    "/api/machines/loan/diagram", "/api/machines/loan/diagram?instance=l-1",
    "/api/machines/loan/document", "/api/machines/loan/instances", "/api/machines/loan/flows",
    "/api/search?q=s", "/api/search?q=424", "/api/incidents", "/api/me",
    ONE, f"{ONE}/explain", f"{ONE}/journal?data=true", f"{ONE}/at/1",
]  # fmt: skip


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(MemoryStore(), [DeliveryFlow], deployments=Deployments()) as engine:
        await engine.put(DOCUMENT)
        await engine.start("loan", "l-1", {"owner": "ann"})
        yield engine


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    def known(request: Any) -> Caller:
        name, _, role = request.headers.get("authorization", "").partition(":")
        teams = frozenset({"ann"}) if role == "team" else frozenset()
        return Caller(name, frozenset({role}) if role else frozenset(), teams=teams)

    app = create_app(engine, owns_engine=False, authenticate=known)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("who", ["", "eve:starter", "eve:reader", "ann:", "eve:boss"])
async def test_constants_of_a_document_are_shown_to_nobody_who_may_not_inspect(
    http: httpx.AsyncClient, route: str, who: str
) -> None:
    answer = await http.get(route, headers={"authorization": who})
    assert LIMIT not in answer.text
    assert WORD not in answer.text


async def test_an_inspector_sees_guards_and_whoever_reads_the_document_all(
    http: httpx.AsyncClient,
) -> None:
    for who, guards, conditions in (
        ("eve:team", True, False), ("eve:auditor", True, True), ("eve:deployer", True, True),
    ):  # fmt: skip
        answer = await http.get("/api/machines/loan", headers={"authorization": who})
        assert answer.status_code == 200
        assert (f"data.sum < {LIMIT}" in answer.text) == guards
        assert ("caller.id ==" in answer.text) == conditions
        diagram = await http.get("/api/machines/loan/diagram", headers={"authorization": who})
        assert (LIMIT in diagram.text) == guards
        document = await http.get("/api/machines/loan/document", headers={"authorization": who})
        assert document.status_code == (200 if conditions else 403)


async def test_an_answer_to_a_batch_has_a_problem_where_a_view_raises() -> None:
    fine: Definition[Delivery] = DeliveryFlow.definition

    def breaks(data: Delivery) -> Any:
        raise ValueError(data.note)

    store = MemoryStore()
    async with Engine(store, [fine]) as engine:
        for id in ("d-1", "d-2"):
            await engine.start("delivery", id, Delivery(customer="ann"))
        await engine.pause("delivery", "d-1")
    # stored under an earlier view; what is held is answered with the instance as it is
    async with Engine(store, [replace(fine, view=breaks, program=None)]) as engine:
        access = ServerAccess(unstated=Access(read=anyone))
        caller = Caller("sam", frozenset({"support", "clerk"}))
        app = create_app(
            engine, owns_engine=False, authenticate=lambda request: caller, access=access
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            sent = [
                {"machine": "delivery", "id": id, "event": {"type": "Lose"}}
                for id in ("d-1", "d-2", "d-0")
            ]
            answer = await http.post("/api/events", json=sent)
            assert answer.status_code == 200, answer.text
            held, refused, unknown = answer.json()["answers"]
            assert "unreadable" in held["problem"]["type"]
            assert "step-failed" in refused["problem"]["type"]
            assert "problem" in unknown
            assert "hidden" not in answer.text
