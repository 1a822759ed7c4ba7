"""The engine over HTTP, with a real engine behind it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.errors import StoreUnavailable
from statehold.records import Caller
from statehold.server import Bounds, Unauthorized, create_app, router
from statehold.stores import MemoryStore
from tests.acceptance.http_orders import ACCEPT, INSTANCES, ONE, problem
from tests.acceptance.orders import OrderFlow
from tests.access import OPEN

pytestmark = pytest.mark.anyio


# --- instances ----------------------------------------------------------------------------------


async def test_a_started_instance_is_created_at_a_place(order: httpx.Response) -> None:
    assert order.headers["location"] == ONE
    assert order.headers["etag"] == '"1"'
    reply = order.json()
    assert (reply["id"], reply["seq"], reply["state"]) == ("o-1", 1, ["offering"])
    assert reply["allowed"] == ["Accept", "Reject", "Break", "Pay"]
    assert reply["view"]["items"] == ["pizza"]


async def test_a_start_without_a_body_generates_an_id_and_takes_defaults(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.post(INSTANCES)
    assert answer.status_code == 201
    made = answer.json()["id"]
    assert (await http.get(answer.headers["location"])).json()["id"] == made


async def test_the_same_key_starts_once_and_answers_the_same(http: httpx.AsyncClient) -> None:
    first, again = [
        await http.post(INSTANCES, json={"id": "o-9"}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()


async def test_an_event_moves_the_instance(http: httpx.AsyncClient, order: httpx.Response) -> None:
    answer = await http.post(f"{ONE}/events", json=ACCEPT)
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["state"] == ["fulfilling.kitchen.cooking", "fulfilling.courier.waiting"]
    assert (await http.get(ONE)).json() == answer.json()


async def test_the_same_key_is_applied_once(http: httpx.AsyncClient, order: httpx.Response) -> None:
    headers = {"Idempotency-Key": '"k1"'}
    first = await http.post(f"{ONE}/events", json=ACCEPT, headers=headers)
    again = await http.post(f"{ONE}/events", json=ACCEPT, headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert (await http.get(ONE)).json()["seq"] == 2


async def test_a_key_used_for_another_event_is_refused(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    headers = {"Idempotency-Key": "k1"}
    await http.post(f"{ONE}/events", json=ACCEPT, headers=headers)
    other = {"type": "Accept", "prep_minutes": 13}
    shown = problem(
        await http.post(f"{ONE}/events", json=other, headers=headers), 409, "key-reused"
    )
    assert shown["key"] == "k1"


@pytest.mark.parametrize("given", ["1", '"1"', 'W/"1"', "*"])
async def test_if_match_takes_each_way_to_write_a_seq(
    http: httpx.AsyncClient, order: httpx.Response, given: str
) -> None:
    answer = await http.post(f"{ONE}/events", json=ACCEPT, headers={"If-Match": given})
    assert answer.status_code == 200


async def test_a_seq_that_moved_on_is_refused_and_nothing_changes(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    answer = await http.post(f"{ONE}/events", json=ACCEPT, headers={"If-Match": '"7"'})
    shown = problem(answer, 409, "stale-seq")
    assert (shown["expected"], shown["seq"]) == (7, 1)
    assert (await http.get(ONE)).json() == order.json()


@pytest.mark.parametrize("given", ["x", '"1", "2"', "-1", "", '"', "1.0", "9" * 30])
async def test_an_if_match_that_is_no_seq_is_refused(
    http: httpx.AsyncClient, order: httpx.Response, given: str
) -> None:
    answer = await http.post(f"{ONE}/events", json=ACCEPT, headers={"If-Match": given})
    assert problem(answer, 400, "bad-request")["where"] == "If-Match"


@pytest.mark.parametrize("key", ["", '""', "k" * 201])
async def test_a_key_of_no_or_too_many_characters_is_refused(
    http: httpx.AsyncClient, order: httpx.Response, key: str
) -> None:
    answer = await http.post(f"{ONE}/events", json=ACCEPT, headers={"Idempotency-Key": key})
    assert problem(answer, 400, "bad-request")["where"] == "Idempotency-Key"


async def test_an_event_for_a_paused_instance_is_held_until_it_is_resumed(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    paused = await http.post(f"{ONE}/pause", json={"reason": "stocktaking"})
    assert paused.json()["status"] == "paused"
    held = await http.post(f"{ONE}/events", json=ACCEPT)
    assert (held.status_code, held.json()["held"]) == (202, True)
    assert (await http.post(f"{ONE}/resume")).status_code == 200
    assert (await http.post(f"{ONE}/cancel")).json()["status"] == "cancelled"


async def test_the_journal_has_each_step_and_the_data_if_requested(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    await http.post(f"{ONE}/events", json=ACCEPT, headers={"Statehold-Caller": "ada"})
    journal = (await http.get(f"{ONE}/journal", params={"data": "true"})).json()
    start, step = [entry for entry in journal["entries"] if entry["part"] == 0]
    assert (start["kind"], step["kind"], step["caller"]) == ("start", "event", "ada")
    assert step["change"] == {"set": {"prep_minutes": 12}}
    assert step["data"]["prep_minutes"] == 12
    assert (await http.get(f"{ONE}/journal", params={"after": 2})).json()["entries"] == []


async def test_the_past_can_be_read(http: httpx.AsyncClient, order: httpx.Response) -> None:
    await http.post(f"{ONE}/events", json=ACCEPT)
    past = (await http.get(f"{ONE}/at/1")).json()
    assert (past["seq"], past["state"], past["data"]["prep_minutes"]) == (1, ["offering"], None)
    problem(await http.get(f"{ONE}/at/3"), 422, "invalid-payload")


async def test_an_instance_is_explained(http: httpx.AsyncClient, order: httpx.Response) -> None:
    shown = (await http.get(f"{ONE}/explain")).json()
    assert shown["instance"]["id"] == "o-1"
    assert [timer["id"] for timer in shown["timers"]] == ["lapse"]
    assert {one["event"] for one in shown["next"] if one["event"]} >= {"Accept", "Reject"}


async def test_instances_are_listed_by_what_narrows_them(http: httpx.AsyncClient) -> None:
    for id, city in (("a", "Oslo"), ("b", "Bergen"), ("c", "Oslo")):
        await http.post(INSTANCES, json={"id": id, "data": {"city": city}})
    await http.post(f"{INSTANCES}/c/events", json=ACCEPT)

    async def ids(**params: Any) -> list[str]:
        answer = await http.get(INSTANCES, params=params)
        assert answer.status_code == 200, answer.text
        return sorted(one["id"] for one in answer.json()["instances"])

    assert await ids() == ["a", "b", "c"]
    assert await ids(where="city=Oslo") == ["a", "c"]
    assert await ids(where="city=Oslo", state="offering") == ["a"]
    assert await ids(state="fulfilling") == ["c"]
    assert await ids(tag="waiting") == ["a", "b"]
    assert await ids(owner="restaurant") == ["a", "b"]
    assert await ids(status="done") == []
    first = (await http.get(INSTANCES, params={"limit": 2})).json()
    rest = (await http.get(INSTANCES, params={"limit": 2, "cursor": first["cursor"]})).json()
    assert len(first["instances"]) == 2
    assert len(rest["instances"]) == 1
    assert rest["cursor"] is None


async def test_many_events_are_answered_each_for_itself_in_order(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    body = [
        {"machine": "order", "id": "o-1", "event": ACCEPT, "key": "k"},
        {"machine": "order", "id": "nobody", "event": ACCEPT},
        {"machine": "none", "id": "o-1", "event": ACCEPT},
        {"machine": "order", "id": "o-1", "event": {"type": "Packed"}},
    ]
    answer = await http.post("/api/events", json=body)
    assert answer.status_code == 200
    moved, unknown, no_machine, packed = answer.json()["answers"]
    assert moved["reply"]["seq"] == 2
    assert unknown["problem"]["type"] == "urn:statehold:problem:unknown-instance"
    assert no_machine["problem"]["status"] == 404
    assert packed["reply"]["seq"] == 3


async def test_one_item_that_does_not_fit_refuses_the_whole_batch(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    body = [
        {"machine": "order", "id": "o-1", "event": ACCEPT},
        {"machine": "order", "id": "not an id", "event": ACCEPT},
    ]
    shown = problem(await http.post("/api/events", json=body), 422, "invalid-payload")
    assert list(shown["fields"]) == ["1.id"]
    assert (await http.get(ONE)).json()["seq"] == 1


# --- machines, incidents ------------------------------------------------------------------------


async def test_a_machine_has_its_chart_and_its_counts_by_state(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    (summary,) = (await http.get("/api/machines")).json()["machines"]
    assert (summary["name"], summary["version"]) == ("order", 1)
    detail = (await http.get("/api/machines/order")).json()
    assert detail["counts"] == {"offering": 1}
    assert detail["chart"]["name"] == "order"
    shown = problem(
        await http.get("/api/machines/order", params={"version": 9}), 422, "invalid-payload"
    )
    assert shown["fields"]


async def test_the_diagram_marks_where_an_instance_is(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    plain = await http.get("/api/machines/order/diagram", params={"format": "mermaid"})
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"
    assert plain.text.startswith("stateDiagram-v2")
    marked = await http.get("/api/machines/order/diagram", params={"instance": "o-1"})
    assert marked.text != plain.text
    problem(
        await http.get("/api/machines/order/diagram", params={"format": "png"}),
        422,
        "invalid-payload",
    )


@pytest.fixture
async def incident(http: httpx.AsyncClient, order: httpx.Response, engine: Engine) -> str:
    """The address of an effect that failed for good: the chart has no transition for it."""
    watching = engine.watch("order", "o-1", after=2)
    await http.post(f"{ONE}/events", json={"type": "Pay"})
    async for entry in watching:
        if entry.kind == "incident":
            break
    (found,) = (await http.get("/api/incidents")).json()["incidents"]
    assert found["error"]
    return f"/api/incidents/{found['id']}"


async def test_an_incident_is_resolved_by_hand(http: httpx.AsyncClient, incident: str) -> None:
    answer = await http.post(f"{incident}/resolve", json={"result": "ch_1", "reason": "by hand"})
    assert answer.json()["state"] == ["delivered"]
    assert (await http.get("/api/incidents")).json()["incidents"] == []
    problem(await http.post(f"{incident}/skip"), 404, "unknown-incident")


async def test_an_incident_is_skipped(http: httpx.AsyncClient, incident: str) -> None:
    assert (await http.post(f"{incident}/skip")).json()["state"] == ["paying"]
    assert (await http.get("/api/incidents")).json()["incidents"] == []


async def test_an_incident_is_found_with_its_slashes_escaped(
    http: httpx.AsyncClient, incident: str
) -> None:
    escaped = "/api/incidents/" + incident.removeprefix("/api/incidents/").replace("/", "%2F")
    assert (await http.post(f"{escaped}/skip")).status_code == 200


async def test_an_upgrade_reports_what_it_did(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    one = (await http.post(f"{ONE}/upgrade")).json()
    assert (one["upgraded"], one["already"], one["failed"]) == (0, 1, {})
    assert (await http.post("/api/machines/order/upgrade")).json()["version"] == 1


# --- around it ----------------------------------------------------------------------------------


async def test_the_process_is_healthy_and_ready(http: httpx.AsyncClient) -> None:
    assert (await http.get("/health")).json()["status"] == "ok"
    assert (await http.get("/ready")).json()["status"] == "ok"


class _Away(MemoryStore):
    async def ping(self) -> None:
        raise StoreUnavailable("the disk is gone")


async def test_a_store_that_is_away_makes_it_unready_with_a_reason() -> None:
    app = create_app(lambda: Engine(_Away(), [OrderFlow], clock=ManualClock()))
    async with app.router.lifespan_context(app), client_of(app) as http:
        answer = await http.get("/ready")
        shown = problem(answer, 503, "store-unavailable")
        assert "the disk is gone" in shown["detail"]
        assert answer.headers["retry-after"] == "1"
        assert (await http.get("/health")).status_code == 200


async def test_before_and_after_its_lifespan_the_application_is_unavailable() -> None:
    app = create_app(Engine(MemoryStore(), [OrderFlow], clock=ManualClock()))
    async with client_of(app) as http:
        problem(await http.get("/api/machines"), 503, "stopping")
        async with app.router.lifespan_context(app):
            assert (await http.get("/api/machines")).status_code == 200
        problem(await http.get("/api/machines"), 503, "stopping")


async def test_without_the_studio_the_front_page_lists_machines_and_loads_nothing(
    engine: Engine, order: httpx.Response
) -> None:
    app = create_app(engine, owns_engine=False, studio=False)
    async with app.router.lifespan_context(app), client_of(app) as http:
        answer = await http.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "offering: 1" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "://" not in answer.text


async def test_an_application_authenticates_the_caller(engine: Engine) -> None:
    async def authenticate(request: Any) -> Caller:
        if request.headers.get("authorization") != "Bearer ada":
            raise Unauthorized("no token")
        return Caller("ada", frozenset({"courier"}))

    app = create_app(
        engine, authenticate=authenticate, access=OPEN, owns_engine=False, studio=False
    )
    async with app.router.lifespan_context(app), client_of(app) as http:
        for path in ("/api/machines", "/"):
            answer = await http.get(path)
            problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert (await http.get("/health")).status_code == 200
        token = {"Authorization": "Bearer ada"}
        assert (await http.post(INSTANCES, json={"id": "o-1"}, headers=token)).status_code == 201
        refused = await http.post(f"{ONE}/events", json=ACCEPT, headers=token)
        problem(refused, 403, "not-allowed")


async def test_the_dependencies_of_an_application_stand_before_every_route(
    engine: Engine,
) -> None:
    def closed() -> None:
        raise HTTPException(402, "pay first")

    app = FastAPI()
    app.include_router(router(engine), dependencies=[Depends(closed)])
    async with client_of(app) as http:
        for method, path in (("POST", f"{ONE}/events"), ("GET", INSTANCES), ("GET", ONE)):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.json()["detail"]) == (402, "pay first")


async def test_an_internal_error_is_logged_and_not_shown(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def authenticate(request: Any) -> Caller:
        raise RuntimeError("the secret is 42")

    app = create_app(engine, authenticate=authenticate, owns_engine=False)
    async with app.router.lifespan_context(app), client_of(app) as http:
        answer = await http.get("/api/machines")
        problem(answer, 500, "internal")
        assert "42" not in answer.text
        assert "the secret is 42" in caplog.text


async def test_smaller_bounds_are_kept(engine: Engine) -> None:
    app = create_app(engine, bounds=Bounds(body_bytes=10, page=2, json_depth=1), owns_engine=False)
    async with app.router.lifespan_context(app), client_of(app) as http:
        problem(await http.post(INSTANCES, json={"id": "o-1"}), 413, "too-large")
        problem(await http.get(INSTANCES), 422, "invalid-payload")
        assert (await http.get(INSTANCES, params={"limit": 2})).status_code == 200


def client_of(app: FastAPI) -> httpx.AsyncClient:
    # the error's answer is looked at, not the error itself, which the server's log has
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420")
