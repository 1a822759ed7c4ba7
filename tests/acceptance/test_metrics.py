"""``GET /metrics``: what a scrape of a running application gets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.errors import NotAllowed, StoreUnavailable
from statehold.observe.metrics import OTHER, STATES, Metrics
from statehold.observe.processes import Processes
from statehold.records import Status
from statehold.server import create_app
from statehold.store import Reads, StandbyState
from statehold.stores import Memory, MemoryStore
from tests.acceptance import parcels
from tests.acceptance.orders import OrderFlow
from tests.acceptance.parcels import Driver, Parcel, ParcelFlow, Ship, ShopFlow
from tests.unit.engine.world import PATIENCE, entry, kind, quiet, state

pytestmark = pytest.mark.anyio

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Counted(MemoryStore):
    """Counts what it is asked, and can be away."""

    def __init__(self, memory: Memory | None = None) -> None:
        super().__init__(memory)
        self.counts = 0
        self.away = False
        self.more: dict[tuple[int, Status, tuple[str, ...]], int] = {}

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        self.counts += 1
        if self.away:
            raise StoreUnavailable("the test has taken it away")
        return {**await super().count(machine), **self.more}


class Till:
    """A resource."""


class Following:
    """A standby that has everything that its store has."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def look(self) -> None: ...

    def state(self) -> StandbyState:
        return StandbyState(0.25)

    @asynccontextmanager
    async def reading(self, most_seconds: float) -> AsyncIterator[tuple[Reads, float]]:
        yield self._store, 0.25


class Served:
    """An application with its metrics, and a way to scrape it."""

    def __init__(
        self, engine: Engine, store: Counted, clock: ManualClock, metrics: Metrics
    ) -> None:
        self.engine = engine
        self.store = store
        self.clock = clock
        self.metrics = metrics
        self.app = create_app(engine, owns_engine=False, metrics=metrics)

    async def get(self, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            return await http.get("/metrics", headers=headers)

    async def scrape(self) -> Series:
        return parsed((await self.get()).text)


def parsed(text: str) -> Series:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float:
    return series.get((name, frozenset(labels.items())), 0.0)


def names(series: Series) -> set[str]:
    return {name for name, _ in series}


@asynccontextmanager
async def serving(
    *machines: Any, store: Counted | None = None, clock: ManualClock | None = None, **how: Any
) -> AsyncIterator[Served]:
    metrics = Metrics(**how)
    store, clock = store or Counted(), clock or ManualClock()
    limits = Limits(grace_seconds=0.0)
    async with Engine(
        store, machines, clock=clock, limits=limits, observer=metrics, resources=[Till()]
    ) as engine:
        served = Served(engine, store, clock, metrics)
        async with served.app.router.lifespan_context(served.app):
            yield served


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(ParcelFlow, ShopFlow) as served:
        yield served


@pytest.fixture(autouse=True)
def driver() -> Driver:
    parcels.driver.__init__()  # type: ignore[misc]
    return parcels.driver


async def deliver(engine: Engine, id: str, shop: str = "s-1") -> None:
    """A parcel from the start to the end, and the message that comes of it."""
    await engine.start(ParcelFlow, id, Parcel(shop=shop))
    await engine.send(ParcelFlow, id, Ship())
    await state(engine, ParcelFlow, id, "delivered")
    before = (await engine.read(ShopFlow, shop)).seq
    if before == 1:
        await kind(engine, ShopFlow, shop, "event")


# --- what moves -----------------------------------------------------------------------------------


async def test_traffic_changes_the_counters(served: Served) -> None:
    engine = served.engine
    before = await served.scrape()
    assert value(before, "statehold_steps_total", machine="parcel", kind="event") == 0
    await engine.start(ShopFlow, "s-1")
    await deliver(engine, "p-1")
    with pytest.raises(NotAllowed):
        await engine.send(ParcelFlow, "p-1", Ship())
    seen = await served.scrape()
    for machine, step, count in [
        ("parcel", "start", 1), ("parcel", "event", 1), ("parcel", "result", 1),
        ("shop", "start", 1), ("shop", "event", 1),
    ]:  # fmt: skip
        assert value(seen, "statehold_steps_total", machine=machine, kind=step) == count
    assert (
        value(seen, "statehold_effects_total", machine="parcel", effect="carry", outcome="done")
        == 1
    )
    assert (
        value(seen, "statehold_effects_total", machine="parcel", effect="carry", outcome="asked")
        == 1
    )
    assert value(
        seen, "statehold_effect_duration_seconds_count", machine="parcel", effect="carry"
    ) == 1  # fmt: skip
    assert value(
        seen, "statehold_refusals_total", machine="parcel", request="send", code="not-allowed"
    ) == 1  # fmt: skip
    for request, count in [("start", 2), ("send", 2), ("outcome", 1), ("deliver", 1)]:
        assert value(seen, "statehold_request_duration_seconds_count", request=request) == count
        last = {"request": request, "le": "+Inf"}
        assert value(seen, "statehold_request_duration_seconds_bucket", **last) == count
    commits = value(seen, "statehold_commit_duration_seconds_count")
    assert commits == value(seen, "statehold_commit_writes_count")
    assert 1 <= commits <= value(seen, "statehold_commit_writes_sum")


async def test_failures_incidents_and_lateness_are_counted(served: Served, driver: Driver) -> None:
    engine = served.engine
    driver.failures = 3
    await engine.start(ParcelFlow, "p-1")
    await engine.send(ParcelFlow, "p-1", Ship())
    await entry(engine, ParcelFlow, "p-1", lambda line: line.kind == "tried")
    await quiet()
    served.clock.advance(timedelta(seconds=13))
    await entry(engine, ParcelFlow, "p-1", lambda line: line.kind == "tried" and line.part == 2)
    await quiet()
    served.clock.advance(timedelta(minutes=1))
    await kind(engine, ParcelFlow, "p-1", "incident")
    seen = await served.scrape()
    for outcome, count in [("tried", 2), ("incident", 1), ("done", 0)]:
        labels = {"machine": "parcel", "effect": "carry", "outcome": outcome}
        assert value(seen, "statehold_effects_total", **labels) == count
    assert value(seen, "statehold_incidents_total", machine="parcel") == 1
    assert value(seen, "statehold_incidents_open", machine="parcel") == 1
    assert value(seen, "statehold_due_lag_seconds_count", machine="parcel") == 2
    # due after 10 s and woken at 13 s; then due 20 s later and woken after a minute
    assert value(seen, "statehold_due_lag_seconds_sum", machine="parcel") == pytest.approx(43)


async def test_gauges_have_the_present_values(served: Served, driver: Driver) -> None:
    engine = served.engine
    driver.there.clear()
    await engine.start(ParcelFlow, "p-1")
    await engine.start(ParcelFlow, "p-2")
    await engine.send(ParcelFlow, "p-1", Ship())
    async with asyncio.timeout(PATIENCE):
        await driver.called.wait()
    seen = await served.scrape()
    assert value(seen, "statehold_effects_running") == 1
    assert value(seen, "statehold_instances_cached") == 2
    assert value(seen, "statehold_requests_waiting") == 0
    assert value(seen, "statehold_workers") == 1
    assert value(seen, "statehold_store_up") == 1
    for name, count in [("under_way", 1), ("packed", 1)]:
        labels = {"machine": "parcel", "version": "1", "status": "running", "state": name}
        assert value(seen, "statehold_instances", **labels) == count
    assert value(seen, "statehold_machine_info", machine="parcel", version="1") == 1
    assert "statehold_build_info" in names(seen)
    # a store that is owned alone has no lease
    assert "statehold_lease_age_seconds" not in names(seen)


# --- what a scrape may cost -----------------------------------------------------------------------


async def test_the_store_is_not_counted_again_for_each_scrape(served: Served) -> None:
    served.store.counts = 0
    await asyncio.gather(*(served.get() for _ in range(5)))
    assert served.store.counts == 2, "one for each machine"


async def test_an_unavailable_store_does_not_hide_other_metrics(
    served: Served,
) -> None:
    served.store.away = True
    await served.engine.start(ShopFlow, "s-1")
    seen = await served.scrape()
    assert value(seen, "statehold_store_up") == 0
    assert value(seen, "statehold_steps_total", machine="shop", kind="start") == 1
    assert "statehold_instances" not in names(seen)


# --- what it looks like ---------------------------------------------------------------------------

UNITS = ("_seconds", "_bytes", "_total", "_info")
#: counts of things, which have no unit
THINGS = {
    "statehold_commit_writes", "statehold_effects_running", "statehold_incidents_open",
    "statehold_instances", "statehold_instances_cached", "statehold_read_store_used",
    "statehold_requests_waiting", "statehold_resource_open",
    "statehold_store_up", "statehold_workers",
    "process_max_fds", "process_open_fds",
}  # fmt: skip


async def test_names_and_units_follow_the_conventions_of_prometheus(served: Served) -> None:
    await served.engine.start(ShopFlow, "s-1")
    await deliver(served.engine, "p-1")
    text = (await served.get()).text
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.documentation, family.name
        assert re.fullmatch(r"(statehold|process)_[a-z_]+", family.name)
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name
            assert not sample.name.endswith("_created")
        ends = family.name + ("_total" if family.type == "counter" else "")
        assert ends.endswith(UNITS) or family.name in THINGS, family.name


async def test_the_guide_lists_every_metric_and_no_other(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "operating.md").read_text()
    answer = set(re.findall(r"^\| `(statehold_\w+)` \|", guide, re.MULTILINE))
    memory = Memory(lambda: datetime.now(UTC))
    shared = Counted(memory)
    shared.standby = Following(shared)
    async with serving(ParcelFlow, store=shared, process="0", directory=tmp_path) as served:
        families = list(text_string_to_metric_families((await served.get()).text))
    shown = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("statehold_")
    }
    assert shown == answer


async def test_openmetrics_is_answered_if_requested(served: Served) -> None:
    plain = await served.get()
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    asked = await served.get(accept="application/openmetrics-text; version=1.0.0")
    assert asked.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    read = openmetrics.text_string_to_metric_families
    families = list(read(asked.text))  # type: ignore[no-untyped-call]
    assert "statehold_steps" in {family.name for family in families}


async def test_there_are_no_more_series_for_more_instances(served: Served) -> None:
    engine = served.engine
    await engine.start(ShopFlow, "s-1")
    await deliver(engine, "p-1")
    few = (await served.scrape()).keys()
    for number in range(2, 30):
        await engine.start(ShopFlow, f"s-{number}")
        await deliver(engine, f"p-{number}", f"s-{number}")
    many = (await served.scrape()).keys()
    assert many == few
    assert not any("p-1" in value or "s-1" in value for _, labels in many for _, value in labels)


async def test_configurations_beyond_the_bound_are_one_series(served: Served) -> None:
    served.store.more = {(1, "running", (f"a{n}", f"b{n}")): n for n in range(1, STATES + 51)}
    seen = await served.scrape()
    of_parcels = {
        dict(labels)["state"]: count
        for (name, labels), count in seen.items()
        if name == "statehold_instances" and dict(labels)["machine"] == "parcel"
    }
    assert len(of_parcels) == STATES + 1
    assert of_parcels[f"a{STATES + 50} b{STATES + 50}"] == STATES + 50
    assert of_parcels[OTHER] == sum(range(1, 51))
    assert sum(of_parcels.values()) == sum(range(1, STATES + 51))


async def test_who_may_not_ask_is_shown_no_metrics() -> None:
    from statehold.server import Unauthorized

    def nobody(request: object) -> Any:
        raise Unauthorized("send a token")

    metrics = Metrics()
    engine = Engine(MemoryStore(), [OrderFlow], observer=metrics)
    app = create_app(engine, metrics=metrics, authenticate=nobody)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            assert (await http.get("/metrics")).status_code == 401


async def test_an_application_without_metrics_has_no_such_page(http: httpx.AsyncClient) -> None:
    assert (await http.get("/metrics")).status_code == 404


async def test_a_worker_among_others_reports_its_lease() -> None:
    clock = ManualClock()
    memory = Memory(clock.now)
    async with (
        serving(ShopFlow, store=Counted(memory), clock=clock) as one,
        serving(ShopFlow, store=Counted(memory), clock=clock) as other,
    ):
        await quiet()
        clock.advance(timedelta(seconds=2))
        seen = await one.scrape()
        assert value(seen, "statehold_lease_age_seconds") == 2
        assert value(await other.scrape(), "statehold_workers") == 2
        clock.advance(timedelta(seconds=3))
        await quiet()
        seen = await one.scrape()
        assert value(seen, "statehold_lease_age_seconds") == 0
        assert value(seen, "statehold_workers") == 2


async def test_two_applications_in_one_process_count_for_themselves() -> None:
    async with serving(ShopFlow) as one, serving(ShopFlow) as other:
        await one.engine.start(ShopFlow, "s-1")
        for served, count in [(one, 1), (other, 0)]:
            seen = await served.scrape()
            assert value(seen, "statehold_steps_total", machine="shop", kind="start") == count


# --- several processes behind one address ---------------------------------------------------------


async def test_a_scrape_of_one_process_answers_for_all_of_them(tmp_path: Path) -> None:
    async with (
        serving(ShopFlow, process="0", directory=tmp_path) as one,
        serving(ShopFlow, process="1", directory=tmp_path) as other,
    ):
        await one.engine.start(ShopFlow, "s-1")
        for number in range(3):
            await other.engine.start(ShopFlow, f"s-{number}")
        for served in (one, other):
            seen = await served.scrape()
            for process, count in [("0", 1), ("1", 3)]:
                labels = {"machine": "shop", "kind": "start", "process": process}
                assert value(seen, "statehold_steps_total", **labels) == count
            assert value(seen, "statehold_processes") == 2
            # of the store there is one, and who is asked has looked
            assert value(seen, "statehold_store_up") == 1


async def test_a_process_that_ended_takes_its_series_with_it(tmp_path: Path) -> None:
    async with serving(ShopFlow, process="0", directory=tmp_path) as one:
        async with serving(ShopFlow, process="1", directory=tmp_path):
            assert value(await one.scrape(), "statehold_processes") == 2
        # what one that was killed leaves behind
        (tmp_path / "2.sock").touch()
        seen = await one.scrape()
        assert value(seen, "statehold_processes") == 1
        assert {dict(labels).get("process", "0") for _, labels in seen} == {"0"}
        async with serving(ShopFlow, process="2", directory=tmp_path):
            assert value(await one.scrape(), "statehold_processes") == 2


async def test_a_successor_that_is_there_already_keeps_its_place(tmp_path: Path) -> None:
    async with serving(ShopFlow, process="0", directory=tmp_path) as one:
        before = serving(ShopFlow, process="1", directory=tmp_path)
        await before.__aenter__()
        async with serving(ShopFlow, process="1", directory=tmp_path) as after:
            await before.__aexit__(None, None, None)
            await after.engine.start(ShopFlow, "s-1")
            seen = await one.scrape()
            labels = {"machine": "shop", "kind": "start", "process": "1"}
            assert value(seen, "statehold_steps_total", **labels) == 1


async def test_nonsense_from_a_neighbour_is_left_out(tmp_path: Path) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"not what was asked for")
        writer.close()

    async with serving(ShopFlow, process="0", directory=tmp_path) as one:
        neighbour = await asyncio.start_unix_server(babble, tmp_path / "9.sock")
        async with neighbour:
            assert value(await one.scrape(), "statehold_processes") == 1


@pytest.mark.parametrize("name", ["", "../1", "a b"])
def test_a_process_has_a_name_that_can_be_a_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="can't name a process"):
        Processes(tmp_path, name)
