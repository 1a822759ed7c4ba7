"""What the studio asks for and does, over HTTP and through both clients and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from statehold import minutes, seconds
from statehold.chart.access import Access, ServerAccess, anyone
from statehold.client import AsyncClient, Client
from statehold.client.events import ServerEvent, read_events
from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.errors import ActRefused, InstanceUnreadable, UnknownEffect, UnknownTimer
from statehold.records import Ref, Write
from statehold.server import create_app
from tests.acceptance.command_line import Cli
from tests.acceptance.http_orders import INSTANCES, ONE, problem
from tests.acceptance.orders import Accept, Order, OrderFlow, Pay

pytestmark = pytest.mark.anyio

WHY = {"reason": "the customer called"}
ANN = {"Statehold-Caller": "ann"}
LAPSE = "lapse"
TIMER = f"{ONE}/timers/{LAPSE}"


async def an_incident_of(engine: Engine, id: str) -> None:
    """Waits until its effect has failed for good."""
    async for line in engine.watch(OrderFlow, id):
        if line.kind == "incident":
            return


async def last(http: httpx.AsyncClient) -> dict[str, Any]:
    journal = await http.get(f"{ONE}/journal")
    line: dict[str, Any] = journal.json()["entries"][-1]
    return line


async def test_a_timer_is_fired_cancelled_and_rescheduled_with_who_and_why(
    http: httpx.AsyncClient, clock: ManualClock
) -> None:
    await http.post(INSTANCES, json={"id": "o-1"})
    assert [t["id"] for t in (await http.get(f"{ONE}/explain")).json()["timers"]] == [LAPSE]
    answer = await http.post(f"{TIMER}/reschedule", json={**WHY, "seconds": 90}, headers=ANN)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    line = await last(http)
    assert (line["kind"], line["caller"], line["reason"]) == ("reschedule", "ann", WHY["reason"])
    assert line["timers"] == {LAPSE: "2026-01-01T00:01:30Z"}
    answer = await http.post(f"{TIMER}/reschedule", json={"due": "2026-01-01T02:00:00+01:00"})
    (timer,) = (await http.get(f"{ONE}/explain")).json()["timers"]
    assert timer["due"] == "2026-01-01T01:00:00Z"
    answer = await http.post(f"{TIMER}/fire", json=WHY, headers=ANN)
    assert (answer.json()["state"], answer.json()["status"]) == (["cancelled"], "done")
    line = await last(http)
    assert (line["kind"], line["caller"], line["reason"]) == ("timer", "ann", WHY["reason"])
    problem(await http.post(f"{TIMER}/cancel"), 409, "instance-over")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"seconds": 1, "due": "2026-01-01T00:00:00Z"}, ""),
        ({"seconds": -1}, "seconds"),
        ({"seconds": 1e18}, "seconds"),
        ({"seconds": "soon"}, "seconds"),
        ({"due": "2026-01-01T00:00:00"}, "due"),
        ({"due": "tomorrow"}, "due"),
        ({"due": "2526-01-01T00:00:00Z"}, "due"),
        ({"seconds": 1, "why": "no"}, "why"),
        ({"seconds": 1, "reason": "x" * 2001}, "reason"),
    ],
)
async def test_an_invalid_time_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    await http.post(INSTANCES, json={"id": "o-1"})
    answer = await http.post(f"{TIMER}/reschedule", json=body)
    assert field in problem(answer, 422, "invalid-payload")["fields"]
    assert (await last(http))["kind"] == "start"


async def test_an_unknown_timer_or_effect_is_a_problem_that_names_the_known_ones(
    http: httpx.AsyncClient,
) -> None:
    await http.post(INSTANCES, json={"id": "o-1"})
    shown = problem(await http.post(f"{ONE}/timers/a/b/fire"), 404, "unknown-timer")
    assert (shown["timer"], shown["known"]) == ("a/b", [LAPSE])
    shown = problem(await http.post(f"{ONE}/effects/9.9/retry"), 404, "unknown-effect")
    assert shown["known"] == []
    problem(await http.post(f"{INSTANCES}/o-2/timers/{LAPSE}/fire"), 404, "unknown-instance")


async def test_an_effect_is_resolved_and_skipped(http: httpx.AsyncClient, engine: Engine) -> None:
    for id in ("o-1", "o-2"):
        await engine.start(OrderFlow, id)
        await engine.send(OrderFlow, id, Pay())
        await an_incident_of(engine, id)
    assert (await http.get("/api/incidents")).json()["count"] == 2
    (effect,) = (await http.get(f"{ONE}/explain")).json()["effects"]
    problem(
        await http.post(f"{ONE}/effects/{effect['key']}/resolve", json={"result": 7}),
        422, "invalid-payload",
    )  # fmt: skip
    answer = await http.post(
        f"{ONE}/effects/{effect['key']}/resolve", json={**WHY, "result": "ch_1"}, headers=ANN
    )
    assert answer.json()["state"] == ["delivered"]
    assert (await last(http))["caller"] == "ann"
    answer = await http.post(f"{INSTANCES}/o-2/effects/{effect['key']}/skip", json=WHY)
    assert answer.json()["state"] == ["paying"]
    assert (await http.get("/api/incidents")).json()["incidents"] == []


async def test_the_permission_to_act_is_reported_and_enforced(engine: Engine) -> None:
    acting = Access(start=anyone, read=anyone, inspect=anyone, send=anyone, act="support")
    app = create_app(engine, owns_engine=False, access=ServerAccess(unstated=acting))
    await engine.start(OrderFlow, "o-1")
    acts = [
        f"{ONE}/pause", f"{ONE}/resume", f"{ONE}/cancel", f"{ONE}/upgrade",
        "/api/machines/order/upgrade", f"{TIMER}/fire", f"{TIMER}/cancel", f"{TIMER}/reschedule",
        f"{ONE}/effects/1.0/retry", f"{ONE}/effects/1.0/skip", f"{ONE}/effects/1.0/resolve",
        *(f"/api/incidents/order/o-1/1.0/{act}" for act in ("retry", "skip", "resolve")),
    ]  # fmt: skip
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http,
    ):
        cook = {"Statehold-Caller": "bo", "Statehold-Roles": "restaurant"}
        for act in acts:
            body = {"seconds": 1} if act.endswith("reschedule") else {}
            problem(await http.post(act, json=body, headers=cook), 403, "forbidden")
        assert (await last(http))["kind"] == "start"
        me = (await http.get("/api/me", headers=cook)).json()
        assert (me["name"], me["proved"], me["roles"]) == ("bo", False, ["restaurant"])
        assert me["may"] == {"put": False, "act": False, "audit": False, "metrics": False}
        assert me["rights"] == {"order": ["start", "read", "inspect", "send"]}
        support = {"Statehold-Roles": "support, a"}
        me = (await http.get("/api/me", headers=support)).json()
        assert (me["name"], me["roles"], me["teams"]) == ("", ["a", "support"], [])
        assert (me["machines"], me["may"]["put"], me["may"]["act"]) == (None, False, True)
        assert me["rights"] == {"order": ["start", "read", "inspect", "send", "act"]}
        assert (await http.get("/api/me")).json()["roles"] == []
        assert (await http.post(f"{ONE}/pause", headers=support)).status_code == 200
        assert (await http.post(f"{ONE}/resume", headers=support)).status_code == 200
        # an event is no act: its chart says who may send it
        answer = await http.post(
            f"{ONE}/events", json={"type": "Accept", "prep_minutes": 3}, headers=cook
        )
        assert answer.status_code == 200


async def test_a_machine_has_the_schemas_that_forms_need(http: httpx.AsyncClient) -> None:
    await http.post(INSTANCES, json={"id": "o-1"})
    shown = (await http.get("/api/machines/order")).json()
    accept = shown["events"]["Accept"]["schema"]
    assert accept["required"] == ["prep_minutes"]
    assert accept["properties"]["prep_minutes"]["type"] == "integer"
    assert shown["events"]["Break"]["doc"] == "Its action raises."
    assert shown["data_schema"]["properties"]["items"]["type"] == "array"
    assert shown["results"] == {"charge": {"type": "string"}}
    assert (shown["tags"], shown["owners"], shown["indexes"]) == (
        ["waiting"], ["restaurant"], ["city"],
    )  # fmt: skip
    assert (shown["by_tag"], shown["by_owner"]) == ({"waiting": 1}, {"restaurant": 1})
    assert (shown["by_status"]["running"], shown["by_version"]) == (1, {"1": 1})


async def test_throughput_is_counted_by_transition_and_state(
    http: httpx.AsyncClient, engine: Engine, clock: ManualClock
) -> None:
    await engine.start(OrderFlow, "o-1")
    clock.advance(minutes(2))
    await engine.send(OrderFlow, "o-1", Accept(prep_minutes=3))
    flows = (await http.get("/api/machines/order/flows", params={"window": "1h"})).json()
    assert (flows["started"], flows["ended"], flows["steps"]) == (1, 0, 2)
    assert flows["transitions"]["accept"] == 1
    offering = flows["states"]["offering"]
    assert (offering["entered"], offering["left"], offering["now"]) == (1, 1, 0)
    assert offering["dwell"]["median_seconds"] == pytest.approx(120, rel=0.046)
    assert flows["since"] == "2025-12-31T23:02:00Z"
    answer = await http.get("/api/machines/order/flows", params={"window": "1y"})
    assert "query.window" in problem(answer, 422, "invalid-payload")["fields"]
    problem(await http.get("/api/machines/nothing/flows"), 404, "unknown-machine")


async def test_a_text_leads_to_machines_states_events_and_instances(
    http: httpx.AsyncClient, engine: Engine
) -> None:
    for id, city in (("o-1", "Oslo"), ("o-12", "Bergen"), ("p-1", "Oslo")):
        await engine.start(OrderFlow, id, Order(city=city))

    async def found(q: str, **more: Any) -> dict[str, list[Any]]:
        shown = (await http.get("/api/search", params={"q": q, **more})).json()
        return {
            kind: [one.get("id") or one["name"] for one in those]
            for kind, those in shown.items()
            if kind != "lag_seconds"
        }

    assert (await found("o-1"))["instances"] == ["o-1", "o-12"]
    assert (await found("o-1", limit=1))["instances"] == ["o-1"]
    assert sorted((await found("Oslo"))["instances"]) == ["o-1", "p-1"]
    assert await found("ORDE") == {
        "machines": ["order"], "states": [], "events": [], "instances": [],
    }  # fmt: skip
    assert (await found("kitchen"))["states"] == [
        "fulfilling.kitchen", "fulfilling.kitchen.cooking", "fulfilling.kitchen.packed",
    ]  # fmt: skip
    assert (await found("acc"))["events"] == ["Accept"]
    assert not any((await found("%' OR 1")).values())
    bads: list[dict[str, Any]] = [{"q": ""}, {"q": "x" * 201}, {"q": "a", "limit": 101}, {}]
    for bad in bads:
        problem(await http.get("/api/search", params=bad), 422, "invalid-payload")


async def test_instances_are_listed_by_the_beginning_of_their_id_and_by_age_in_state(
    http: httpx.AsyncClient, engine: Engine, clock: ManualClock
) -> None:
    for id in ("o-2", "o-1", "p-1"):
        await engine.start(OrderFlow, id)
        clock.advance(seconds(1))
    await engine.send(OrderFlow, "o-2", Accept(prep_minutes=3))

    async def ids(**params: Any) -> list[str]:
        answer = await http.get(INSTANCES, params=params)
        return [one["id"] for one in answer.json()["instances"]]

    assert await ids(q="o-") == ["o-1", "o-2"]
    for no_id in ("-", "ö", "o\0", "%", "o-1 "):
        assert await ids(q=no_id) == []
    assert await ids(order="since") == ["o-1", "p-1", "o-2"]
    assert await ids(order="created") == ["p-1", "o-1", "o-2"]
    problem(await http.get(INSTANCES, params={"order": "age"}), 422, "invalid-payload")


# --- a machine's changes ------------------------------------------------------------------------


@asynccontextmanager
async def watching(
    address: str, path: str = "/api/machines/order/stream"
) -> AsyncIterator[AsyncIterator[ServerEvent]]:
    async with (
        httpx.AsyncClient(base_url=address) as http,
        http.stream("GET", path) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read_events(answer.aiter_bytes())


async def test_a_machine_is_watched(engine: Engine, address: str, clock: ManualClock) -> None:
    async with watching(address) as events:
        assert (await anext(events)).event == "hello"
        await engine.start(OrderFlow, "o-1")
        event = await anext(events)
        assert (event.event, event.id) == ("change", None)
        summary = json.loads(event.data)
        assert (summary["id"], summary["seq"], summary["state"]) == ("o-1", 1, ["offering"])
        for n in range(101):
            await engine.start(OrderFlow, f"p-{n}")
        clock.advance(seconds(1))
        assert (await anext(events)).event == "more"


async def test_all_machines_are_watched_by_one_stream(engine: Engine, address: str) -> None:
    async with watching(address, "/api/stream") as events:
        assert (await anext(events)).event == "hello"
        await engine.start(OrderFlow, "o-1")
        summary = json.loads((await anext(events)).data)
        assert (summary["machine"], summary["id"]) == ("order", "o-1")


async def test_an_unknown_machine_is_a_problem_and_no_stream(http: httpx.AsyncClient) -> None:
    problem(await http.get("/api/machines/nothing/stream"), 404, "unknown-machine")


# --- an instance that can't be read -----------------------------------------------------------


async def spoilt(engine: Engine, id: str) -> None:
    """What a release that wrote otherwise has left of an instance."""
    ref = Ref("order", id)
    row = (await engine._parts.store.load([ref]))[ref]
    broken = replace(row, rev=row.rev + 1, document=b'{"data":{"items":"pizza"}}')
    await engine._parts.store.commit([Write(broken, row.rev)])
    engine._parts.cache.drop([ref])


async def test_what_cannot_be_read_is_listed_and_repaired_with_who_and_why(
    http: httpx.AsyncClient, engine: Engine
) -> None:
    await http.post(INSTANCES, json={"id": "o-1", "data": {"items": ["pizza"]}})
    await spoilt(engine, "o-1")
    answer = await http.get(ONE)
    problem(answer, 409, "instance-unreadable")
    (incident,) = (await http.get("/api/incidents")).json()["incidents"]
    assert (incident["id"], incident["kind"]) == ("order/o-1/unreadable", "unreadable")
    assert "items" in incident["error"]
    wrong = await http.post(f"{ONE}/repair", json={"data": {"items": 5}})
    problem(wrong, 422, "invalid-payload")
    given = {"data": {"items": ["soup"]}, "state": ["offering"], **WHY}
    answer = await http.post(f"{ONE}/repair", json=given, headers=ANN)
    assert (answer.status_code, answer.json()["state"]) == (200, ["offering"])
    line = await last(http)
    assert (line["kind"], line["caller"], line["reason"]) == ("repair", "ann", WHY["reason"])
    assert (await http.get("/api/incidents")).json()["count"] == 0
    problem(await http.post(f"{ONE}/repair", json=given), 409, "act-refused")


async def test_clients_and_the_command_line_repair(
    cli: Cli, engine: Engine, address: str, anyio_backend: str
) -> None:
    for id in ("o-1", "o-2", "o-3"):
        await engine.start(OrderFlow, id)
        await spoilt(engine, id)
    async with AsyncClient(address) as client:
        with pytest.raises(InstanceUnreadable, match="items"):
            await client.get(OrderFlow, "o-1")
        answer = await client.repair(OrderFlow, "o-1", {"items": []}, state=["offering"])
        assert answer.state == ["offering"]

    def repair() -> list[str]:
        with Client(address) as client:
            return client.repair(OrderFlow, "o-2", {"items": []}, reason="by hand").state

    assert await asyncio.to_thread(repair) == ["offering"]
    assert "repair it" in (await cli("show", "order", "o-3")).err
    assert "order/o-3/unreadable" in (await cli("incidents", "--json")).out
    repaired = await cli("repair", "order", "o-3", "--data", '{"items": []}', "--state", "offering")
    assert (repaired.code, "offering" in repaired.out) == (0, True)
    assert (await cli("repair", "order", "o-3", "--data", "{}")).code != 0
    assert (await engine.incidents()).count == 0


# --- the clients and the command line -----------------------------------------------------------


async def test_a_client_acts_reads_and_watches(
    engine: Engine, address: str, clock: ManualClock
) -> None:
    async with AsyncClient(address, caller="ann", roles=["restaurant"]) as client:
        assert (await client.me()).name == "ann"
        changes = client.watch_machine(OrderFlow)
        first = await anext(changes)
        assert (first.instances, first.more) == ([], False)
        everywhere = client.watch_machines()
        assert (await anext(everywhere)).instances == []
        await client.start(OrderFlow, "o-1")
        for watched in (changes, everywhere):
            assert [one.id for one in (await anext(watched)).instances] == ["o-1"]
        await client.reschedule_timer(OrderFlow, "o-1", LAPSE, seconds=60, reason="slow")
        with pytest.raises(UnknownTimer):
            await client.cancel_timer(OrderFlow, "o-1", "nothing")
        assert [one.id async for one in client.list(OrderFlow, q="o-", order="since")] == ["o-1"]
        await client.cancel_timer(OrderFlow, "o-1", LAPSE)
        with pytest.raises(UnknownTimer):
            await client.fire_timer(OrderFlow, "o-1", LAPSE)
        await client.send(OrderFlow, "o-1", Pay())
        await an_incident_of(engine, "o-1")
        await client.pause(OrderFlow, "o-1")
        with pytest.raises(ActRefused, match="resume it first"):
            await client.resolve_effect(OrderFlow, "o-1", "2.1", "ch_1")
        await client.retry_effect(OrderFlow, "o-1", "2.1")
        await client.skip_effect(OrderFlow, "o-1", "2.1")
        with pytest.raises(UnknownEffect):
            await client.skip_effect(OrderFlow, "o-1", "2.1")
        assert (await client.flows(OrderFlow, "1h")).started == 1
        assert [one.id for one in (await client.search("o-1")).instances] == ["o-1"]


async def test_the_blocking_client_does_the_same(engine: Engine, address: str) -> None:
    def acts() -> tuple[str, list[str]]:
        with Client(address, caller="ann") as client:
            client.start(OrderFlow, "o-1")
            client.reschedule_timer(OrderFlow, "o-1", LAPSE, seconds=5)
            return client.me().name, client.fire_timer(OrderFlow, "o-1", LAPSE).state

    assert await asyncio.to_thread(acts) == ("ann", ["cancelled"])


async def test_the_command_line_acts_on_timers_and_effects(cli: Cli, engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    at = "2026-01-01T05:00:00+00:00"
    assert (await cli("timer", "reschedule", "order", "o-1", LAPSE, "--in", "15m")).code == 0
    assert (await cli("timer", "reschedule", "order", "o-1", LAPSE, "--at", at)).code == 0
    (timer,) = (await engine.explain(OrderFlow, "o-1")).timers
    assert timer.due.isoformat() == at
    for wrong in ([], ["--in", "5m", "--at", at], ["--at", "noon"], ["--at", "2026-01-01T05:00"]):
        assert (await cli("timer", "reschedule", "order", "o-1", LAPSE, *wrong)).code == 2
    gone = await cli("timer", "fire", "order", "o-1", "nothing")
    assert (gone.code, LAPSE in gone.err) == (3, True)
    assert (await cli("effect", "retry", "order", "o-1", "9.9")).code == 3
    fired = await cli("timer", "fire", "order", "o-1", LAPSE, "--reason", "late")
    assert (fired.code, "cancelled" in fired.out) == (0, True)
    assert (await engine.journal(OrderFlow, "o-1")).entries[-1].reason == "late"
