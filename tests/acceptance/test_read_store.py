"""Lists and counts over HTTP from a standby: their lag, its bounds, and a caller's own writes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from statehold.client import AsyncClient, Client
from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.errors import InvalidPayload
from statehold.observe.metrics import Metrics
from statehold.server import create_app
from statehold.store import Query
from statehold.store import Standby as StandbyOfStore
from statehold.stores.postgres.store import PostgresStore
from tests.acceptance.command_line import ORDERS, run
from tests.acceptance.http_orders import ACCEPT, INSTANCES, RESTAURANT, problem
from tests.acceptance.orders import OrderFlow, Pay
from tests.acceptance.processes import Command
from tests.acceptance.serving import listening
from tests.servers.postgres import PostgresServer
from tests.servers.standby import Standby

pytestmark = pytest.mark.anyio

MAX_LAG, LAG = "Statehold-Max-Lag", "Statehold-Lag"

#: the answers that consist of lists and counts, and where in each an order that was started and
#: has an incident is counted
LISTS: Mapping[str, Callable[[Any], int]] = {
    INSTANCES: lambda answer: len(answer["instances"]),
    "/api/incidents": lambda answer: answer["count"],
    "/api/machines": lambda answer: answer["machines"][0]["counts"]["running"],
    "/api/machines/order": lambda answer: sum(answer["counts"].values()),
    "/api/machines/order/flows": lambda answer: answer["states"]["paying"]["now"],
    "/api/search?q=o-": lambda answer: len(answer["instances"]),
}


class Served:
    """An application whose store has a standby, which is looked at when a test says so."""

    def __init__(self, dsn: str, there: str, server: Standby) -> None:
        self.dsn, self.there, self.server = dsn, there, server
        self.store = PostgresStore(dsn, read_store=there)
        self.metrics = Metrics()
        # slow tests are not to go beyond the bound
        limits = Limits(read_lag_seconds=3600)
        self.clock = ManualClock()
        self.engine = Engine(self.store, [OrderFlow], clock=self.clock, limits=limits)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Served]:
        self.app = create_app(self.engine, metrics=self.metrics)
        transport, address = httpx.ASGITransport(self.app), "http://127.0.0.1:8420"
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url=address) as self.http,
        ):
            yield self

    @property
    def standby(self) -> StandbyOfStore:
        assert self.store.standby is not None
        return self.store.standby

    async def start(self, *ids: str) -> None:
        for id in ids:
            assert (await self.http.post(INSTANCES, json={"id": id})).status_code == 201

    async def fail(self, id: str) -> None:
        """Starts an order whose payment has an incident."""
        await self.start(id)
        await self.engine.send(OrderFlow, id, Pay())
        async for entry in self.engine.watch(OrderFlow, id):
            if entry.kind == "incident":
                return

    async def ids(self, max_lag: str | None = None, path: str = INSTANCES) -> list[str]:
        return [one["id"] for one in (await self.get(path, max_lag)).json()["instances"]]

    async def get(self, path: str, max_lag: str | None = None) -> httpx.Response:
        answer = await self.http.get(path, headers={} if max_lag is None else {MAX_LAG: max_lag})
        assert answer.status_code == 200, answer.text
        return answer

    async def pause(self) -> None:
        """The standby is behind from now on."""
        await asyncio.to_thread(self.server.pause_replay)
        await self.standby.look()

    async def resume(self) -> None:
        await asyncio.to_thread(self.server.resume_replay)
        await self.standby.look()


@pytest.fixture
async def served(
    replicated: tuple[PostgresServer, Standby], anyio_backend: str
) -> AsyncIterator[Served]:
    primary, standby = replicated
    dsn = await asyncio.to_thread(primary.create_database)
    async with Engine(dsn, [OrderFlow]):
        """Makes the schema."""
    await asyncio.to_thread(standby.catch_up)
    async with Served(dsn, standby.dsn(dsn.rpartition("/")[2]), standby).serving() as served:
        yield served
        await asyncio.to_thread(standby.resume_replay)
    await asyncio.to_thread(primary.drop_database, dsn)


# --- what an answer says --------------------------------------------------------------------------


async def test_an_answer_from_the_standby_says_how_far_it_may_be_behind(served: Served) -> None:
    await served.start("o-1")
    await served.resume()
    for path in LISTS:
        answer = await served.get(path)
        lag = answer.json()["lag_seconds"]
        assert 0 < lag < 3600, path
        assert float(answer.headers[LAG]) == lag


async def test_a_caller_that_refuses_a_stale_answer_gets_none(served: Served) -> None:
    await served.pause()
    await served.fail("o-1")
    for path, value in LISTS.items():
        stale, fresh = await served.get(path), await served.get(path, "0")
        assert (value(stale.json()), value(fresh.json())) == (0, 1), path
        assert stale.json()["lag_seconds"] > 0
        assert fresh.json()["lag_seconds"] == 0
        assert LAG not in fresh.headers


async def test_an_instance_itself_is_never_read_from_the_standby(served: Served) -> None:
    await served.pause()
    await served.start("o-1")
    assert await served.ids() == []
    for path in ("", "/journal", "/explain"):
        answer = await served.get(f"{INSTANCES}/o-1{path}")
        assert LAG not in answer.headers


async def test_beyond_the_operators_bound_the_store_answers(served: Served) -> None:
    await served.pause()
    await served.start("o-1")
    store = PostgresStore(served.dsn, read_store=served.there)
    async with Engine(store, [OrderFlow], limits=Limits(read_lag_seconds=0)) as engine:
        found = await engine.list(Query("order"), max_lag_seconds=60)
        assert ([one.id for one in found.instances], found.lag_seconds) == (["o-1"], 0)
        reads = engine.stats().read_store
        assert reads is not None
        assert (reads.used, reads.by_standby, reads.by_store) == (False, 0, 1)


async def test_counts_of_a_window_are_complete_only_up_to_what_the_standby_has(
    served: Served,
) -> None:
    await served.pause()
    stale = (await served.get("/api/machines/order/flows")).json()
    fresh = (await served.get("/api/machines/order/flows", "0")).json()
    late = datetime.fromisoformat(fresh["until_complete"]) - datetime.fromisoformat(
        stale["until_complete"]
    )
    # the engine's clock stands still between the two
    assert late.total_seconds() == pytest.approx(stale["lag_seconds"])


@pytest.mark.parametrize("given", ["-1", "soon", "1e3", "nan", "", "1,5", "9" * 12])
async def test_a_bound_that_is_none_is_refused(http: httpx.AsyncClient, given: str) -> None:
    answer = await http.get(INSTANCES, headers={MAX_LAG: given})
    assert problem(answer, 400, "bad-request")["where"] == MAX_LAG


async def test_an_engine_refuses_a_bound_that_is_none(engine: Engine) -> None:
    for wrong in (-1.0, float("nan")):
        with pytest.raises(InvalidPayload, match="max_lag_seconds"):
            await engine.machine_list(max_lag_seconds=wrong)


async def test_the_openapi_document_has_the_header_of_the_request_and_of_the_answer(
    http: httpx.AsyncClient,
) -> None:
    paths = (await http.get("/api/openapi.json")).json()["paths"]
    bounded = {
        path
        for path, methods in paths.items()
        if any(one["name"] == MAX_LAG for one in methods.get("get", {}).get("parameters", ()))
    }
    told = {
        path
        for path, methods in paths.items()
        if LAG in methods.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})
    }
    expected = {path.partition("?")[0].replace("order", "{machine}") for path in LISTS}
    assert bounded == told == expected


# --- a caller's own writes ------------------------------------------------------------------------


async def test_a_client_lists_what_it_has_written_itself(served: Served) -> None:
    await served.pause()
    async with client_of(served) as writer, client_of(served) as other:
        assert (await writer.page(OrderFlow)).lag_seconds > 0
        await writer.start(OrderFlow, "o-1")
        mine, theirs = await writer.page(OrderFlow), await other.page(OrderFlow)
        assert ([one.id for one in mine.instances], mine.lag_seconds) == (["o-1"], 0)
        assert theirs.instances == []
        assert theirs.lag_seconds > 0
        assert [one async for one in other.list(OrderFlow)] == []
        assert [one.id async for one in other.list(OrderFlow, max_lag_seconds=0)] == ["o-1"]
        assert (await writer.machine(OrderFlow)).counts == {"offering": 1}
        assert (await other.machine(OrderFlow)).counts == {}
        assert (await other.machine(OrderFlow, max_lag_seconds=0)).counts == {"offering": 1}
        # once the standby has it, and had a while for it, it is read again
        await served.resume()
        async with asyncio.timeout(60):
            while (found := await writer.page(OrderFlow)).lag_seconds == 0:
                await served.standby.look()
        assert [one.id for one in found.instances] == ["o-1"]


async def test_a_client_that_was_refused_also_asks_for_what_is_there_now(served: Served) -> None:
    async with client_of(served) as client:
        await served.pause()
        await served.start("o-1")
        with pytest.raises(InvalidPayload):
            await client.send(OrderFlow, "o-1", {"type": "Accept"})
        assert [one.id for one in (await client.page(OrderFlow)).instances] == ["o-1"]


async def test_the_blocking_client_shows_the_lag_and_bounds_it(served: Served) -> None:
    await served.resume()

    def ask(address: str) -> tuple[float, float]:
        with Client(address) as client:
            stale, fresh = client.page("order"), client.incidents(max_lag_seconds=0)
            with pytest.raises(InvalidPayload, match="0 seconds or more"):
                client.search("o", max_lag_seconds=-1)
            return stale.lag_seconds, fresh.lag_seconds

    async with listening(create_app(served.engine, owns_engine=False)) as address:
        stale, fresh = await asyncio.to_thread(ask, address)
    assert stale > 0
    assert fresh == 0


def client_of(served: Served) -> AsyncClient:
    return AsyncClient("http://127.0.0.1:8420", transport=httpx.ASGITransport(served.app))


# --- pages of one list ----------------------------------------------------------------------------


async def test_a_list_by_creation_loses_nothing_where_its_pages_come_from_both(
    served: Served,
) -> None:
    await served.start("o-1", "o-2", "o-3", "o-4", "o-5")
    await served.pause()
    for bounds in ((None, "0", None, "0", None), ("0", None, "0", None, "0")):
        seen: list[str] = []
        path = f"{INSTANCES}?limit=1"
        for bound in bounds:
            page = (await served.get(path, bound)).json()
            assert (page["lag_seconds"] > 0) == (bound is None)
            seen += [one["id"] for one in page["instances"]]
            path = f"{INSTANCES}?limit=1&cursor={page['cursor']}"
        assert seen == ["o-5", "o-4", "o-3", "o-2", "o-1"]


async def test_a_list_that_instances_move_in_never_goes_on_with_an_older_page(
    served: Served,
) -> None:
    """On the standby o-1 still stands before the page that the store has given: it would be on
    none."""
    for id in ("o-1", "o-2", "o-3"):
        await served.start(id)
        served.clock.advance(timedelta(seconds=1))
    await served.pause()
    assert (
        await served.http.post(f"{INSTANCES}/o-1/events", json=ACCEPT, headers=RESTAURANT)
    ).status_code == 200
    path = f"{INSTANCES}?order=since&limit=1"
    first = (await served.get(path, "0")).json()
    seen, cursor = [one["id"] for one in first["instances"]], first["cursor"]
    while cursor is not None:
        page = (await served.get(f"{path}&cursor={quote(cursor)}")).json()
        assert page["lag_seconds"] == 0
        seen += [one["id"] for one in page["instances"]]
        cursor = page["cursor"]
    assert seen == ["o-2", "o-3", "o-1"]
    assert (await served.get(path)).json()["lag_seconds"] > 0, "the first page may be stale"


async def test_a_list_of_incidents_never_goes_on_with_an_older_page(served: Served) -> None:
    await served.resume()
    first = (await served.get("/api/incidents")).json()
    assert first["lag_seconds"] > 0
    # the place of an incident on 1 January 1970
    cursor = "WzAsIm9yZGVyIiwibyJd"
    assert (await served.get(f"/api/incidents?cursor={cursor}")).json()["lag_seconds"] == 0


# --- what an operator sees ------------------------------------------------------------------------


async def test_a_broken_standby_leaves_the_server_ready_and_its_lists_answered(
    served: Served,
) -> None:
    await served.start("o-1")
    await served.resume()
    assert await served.ids() == ["o-1"]
    ready = (await served.get("/ready")).json()
    assert ready["read_store"]["used"] is True
    assert 0 <= ready["read_store"]["lag_seconds"] < 3600
    assert ready["detail"] is None
    metrics = (await served.get("/metrics")).text
    assert "statehold_read_store_used 1.0" in metrics
    assert 'statehold_reads_total{by="standby"} 1.0' in metrics
    assert 'statehold_reads_total{by="store"} 0.0' in metrics
    assert "statehold_read_store_lag_seconds" in metrics
    await asyncio.to_thread(served.server.stop)
    try:
        await served.standby.look()
        assert await served.ids() == ["o-1"]
        ready = (await served.get("/ready")).json()
        assert ready["status"] == "ok"
        assert (ready["read_store"]["used"], ready["read_store"]["lag_seconds"]) == (False, None)
        assert ready["read_store"]["why"]
        assert "not read from the standby" in ready["detail"]
        metrics = (await served.get("/metrics")).text
        assert "statehold_read_store_used 0.0" in metrics
        assert 'statehold_reads_total{by="store"} 1.0' in metrics
        assert "statehold_read_store_lag_seconds" not in metrics
    finally:
        await asyncio.to_thread(served.server.start)
    await served.resume()
    assert (await served.get("/ready")).json()["read_store"]["used"] is True


async def test_without_a_standby_there_is_no_lag_anywhere(http: httpx.AsyncClient) -> None:
    for path in LISTS:
        answer = await http.get(path, headers={MAX_LAG: "5"})
        assert (answer.status_code, answer.json()["lag_seconds"]) == (200, 0)
        assert LAG not in answer.headers
    assert (await http.get("/ready")).json()["read_store"] is None


async def test_a_server_process_reads_from_the_standby_that_its_variable_names(
    served: Served, tmp_path: Path
) -> None:
    await served.start("o-1")
    await served.resume()

    def serve() -> None:
        with Command(
            "serve", ORDERS, "--port", "0", "--read-lag", "3600",
            cwd=tmp_path, store=served.dsn,
            environment={"STATEHOLD_READ_STORE": served.there},
        ) as command:  # fmt: skip
            address = command.address()
            assert httpx.get(f"{address}/ready").json()["read_store"]["used"] is True
            assert httpx.get(f"{address}{INSTANCES}").json()["lag_seconds"] > 0
            # the command before may have been another client's write
            listed = run("list", "order", "--url", address, "--json")
            assert '"o-1"' in listed.out
            command.signal(signal.SIGTERM)
            assert command.ended() == 0

    await asyncio.to_thread(serve)


@pytest.mark.parametrize("given", ["sqlite:///x.db", "memory:", "nonsense"])
async def test_a_read_store_that_is_no_postgresql_is_refused(given: str) -> None:
    ran = run("serve", ORDERS, "--store", "postgresql://u@h/d", "--read-store", given)
    assert ran.code != 0
    assert "--read-store" in ran.err
