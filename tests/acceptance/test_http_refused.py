"""What the server refuses, and with which problem."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.acceptance.http_orders import ACCEPT, INSTANCES, ONE, problem

pytestmark = pytest.mark.anyio


# --- what is refused ----------------------------------------------------------------------------


async def test_a_refused_event_names_the_allowed_ones(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    found = problem(await http.post(f"{ONE}/events", json={"type": "Packed"}), 409, "not-allowed")
    assert found["allowed"] == ["Accept", "Reject", "Break", "Pay"]
    assert found["state"] == ["offering"]
    assert (await http.get(ONE)).json() == order.json()


async def test_a_guard_that_says_no_is_named(http: httpx.AsyncClient) -> None:
    await http.post(INSTANCES, json={"id": "o-2", "data": {"items": ["closed"]}})
    answer = await http.post(f"{INSTANCES}/o-2/events", json=ACCEPT)
    assert "kitchen_is_open" in str(problem(answer, 409, "not-allowed")["reasons"])


async def test_a_missing_role_is_forbidden_and_a_given_one_is_enough(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    found = await http.post(f"{ONE}/events", json=ACCEPT, headers={"Statehold-Roles": "courier"})
    problem(found, 403, "not-allowed")
    roles = {"Statehold-Roles": "courier, restaurant"}
    assert (await http.post(f"{ONE}/events", json=ACCEPT, headers=roles)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/machines/none", 404, "unknown-machine"),
        ("GET", "/api/machines/none/instances", 404, "unknown-machine"),
        ("GET", f"{INSTANCES}/nobody", 404, "unknown-instance"),
        ("GET", f"{INSTANCES}/no%20body", 404, "unknown-instance"),
        ("GET", f"{INSTANCES}/{'x' * 300}", 404, "unknown-instance"),
        ("GET", f"{INSTANCES}/nobody/stream", 404, "unknown-instance"),
        ("GET", f"{INSTANCES}/nobody/journal", 404, "unknown-instance"),
        ("POST", "/api/incidents/order/o-1/9.9/retry", 404, "unknown-incident"),
        ("GET", "/api/nothing", 404, "no-such-route"),
        ("GET", "/api/machines/", 404, "no-such-route"),
        ("DELETE", INSTANCES, 405, "method-not-allowed"),
        ("GET", f"{INSTANCES}?limit=0", 422, "invalid-payload"),
        ("GET", f"{INSTANCES}?limit=1001", 422, "invalid-payload"),
        ("GET", f"{INSTANCES}?status=asleep&limit=x", 422, "invalid-payload"),
        ("GET", f"{INSTANCES}?where=city", 422, "invalid-payload"),
        ("GET", f"{INSTANCES}?in_state_since=2026-01-01T00:00:00", 422, "invalid-payload"),
    ],
)
async def test_an_unknown_or_invalid_request_is_a_problem(
    http: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    problem(await http.request(method, path), status, code)


async def test_every_wrong_parameter_is_named(http: httpx.AsyncClient) -> None:
    answer = await http.get(INSTANCES, params={"status": "asleep", "limit": "x"})
    assert set(problem(answer, 422, "invalid-payload")["fields"]) == {"query.status", "query.limit"}


async def test_every_allowed_method_is_named(http: httpx.AsyncClient) -> None:
    answer = await http.put("/api/machines")
    assert answer.headers["allow"] == "GET, POST"
    assert problem(answer, 405, "method-not-allowed")["methods"] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "not-json"),
        (b"nonsense", 400, "not-json"),
        (b'{"type": "Accept", "prep_minutes": NaN}', 400, "not-json"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, 400, "not-json"),
        (b"[" * 200_000, 400, "not-json"),
        (b'"Accept"', 422, "invalid-payload"),
        (b"", 422, "invalid-payload"),
        (b"[]", 422, "invalid-payload"),
        (b"{}", 422, "invalid-payload"),
        (b'{"type": 1}', 422, "invalid-payload"),
        (b'{"type": "Fly"}', 422, "unknown-event"),
        (b'{"type": "Accept"}', 422, "invalid-payload"),
        (b'{"type": "Accept", "prep_minutes": "\xff"}', 422, "invalid-payload"),
        (b'{"type": "Accept", "prep_minutes": 1, "x": 2}', 422, "invalid-payload"),
    ],
)
async def test_a_body_that_is_no_event_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, order: httpx.Response, body: bytes, status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"}
    problem(await http.post(f"{ONE}/events", content=body, headers=headers), status, code)
    assert (await http.get(ONE)).json() == order.json()


async def test_every_wrong_field_of_an_event_is_named(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    event = {"type": "Accept", "prep_minutes": "soon", "extra": 1}
    found = problem(await http.post(f"{ONE}/events", json=event), 422, "invalid-payload")
    assert set(found["fields"]) == {"prep_minutes", "extra"}


async def test_an_unknown_event_names_the_known_ones(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    found = problem(await http.post(f"{ONE}/events", json={"type": "Fly"}), 422, "unknown-event")
    assert "Accept" in found["known"]


async def test_an_action_that_raises_is_reported_and_changes_nothing(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    found = problem(await http.post(f"{ONE}/events", json={"type": "Break"}), 422, "action-failed")
    assert found["cause"] == "ValueError: the kitchen is on fire"
    assert (await http.get(ONE)).json() == order.json()


async def test_a_body_that_says_it_is_too_large_is_refused_unread(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    body = json.dumps({"type": "Accept", "x": "x" * (1024 * 1024)}).encode()
    headers = {"Content-Type": "application/json"}
    found = problem(
        await http.post(f"{ONE}/events", content=body, headers=headers), 413, "too-large"
    )
    assert (found["size"], found["limit"]) == (len(body), 1024 * 1024)


async def test_a_chunked_body_is_refused_once_it_is_too_large(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 65536

    headers = {"Content-Type": "application/json"}
    answer = await http.post(f"{ONE}/events", content=endless(), headers=headers)
    problem(answer, 413, "too-large")


async def test_more_events_than_the_bound_are_refused_whole(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    body = [{"machine": "order", "id": "o-1", "event": ACCEPT}] * 1001
    found = problem(await http.post("/api/events", json=body), 413, "too-large")
    assert (found["size"], found["limit"]) == (1001, 1000)
    assert (await http.get(ONE)).json()["seq"] == 1


async def test_a_form_is_not_taken_for_json(http: httpx.AsyncClient, order: httpx.Response) -> None:
    answer = await http.post(
        f"{ONE}/events", content=b'{"type":"Pay"}', headers={"Content-Type": "text/plain"}
    )
    problem(answer, 415, "unsupported-media-type")


async def test_a_page_of_another_site_can_change_nothing(
    http: httpx.AsyncClient, order: httpx.Response
) -> None:
    answer = await http.post(f"{ONE}/cancel", headers={"Sec-Fetch-Site": "cross-site"})
    problem(answer, 403, "forbidden")
