"""Machines that come as data are put into an engine that runs: checked, versioned, upgraded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold import Final, Machine, State, effect, on
from statehold.chart.event import Event
from statehold.engine import Deployments, Engine, Retention
from statehold.engine.limits import Limits
from statehold.errors import (
    DefinitionError,
    DocumentRefused,
    MachineUnserved,
    PutRefused,
    Refused,
    StoreUnavailable,
    TooLarge,
    UnknownEvent,
    UnknownMachine,
)
from statehold.formats.notation import Imported, Offered
from statehold.records import Caller
from statehold.store import Store, StoredChart
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore

pytestmark = pytest.mark.anyio

ADA = Caller("ada")

FIRST = """
statehold: 1
name: ticket
version: 1
data:
  properties:
    votes: {type: integer, default: 0}
events:
  Vote: {}
  Close: {}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  vote: {on: Vote, from: open, do: {set: {votes: data.votes + 1}}}
  close: {on: Close, from: open, to: closed}
"""
SECOND = (
    FIRST.replace("version: 1", "version: 2").replace("open", "waiting").replace("Vote", "Agree")
    + "upgrades:\n  - from: 1\n    states: {open: waiting}\n"
)
THIRD = (
    SECOND.replace("version: 2", "version: 3")
    .replace("from: 1", "from: 2")
    .replace("states: {open: waiting}", "states: {}")
)
WITH_EFFECT = """
statehold: 1
name: parcel
version: 1
data: {properties: {}}
effects:
  ship: {offered: ship}
states:
  shipping: {initial: true, invoke: ship}
  shipped: {final: true}
  lost: {final: true}
transitions:
  done: {on_result: ship, from: shipping, to: shipped}
  failed: {on_failure: ship, from: shipping, to: lost}
"""


class Ping(Event):
    pass


class Coded(Machine[dict[str, Any]], name="ticket", version=1):
    open = State(initial=True)
    closed = Final()
    close = on(Ping, open >> closed)


@effect
async def ship(data: Any) -> None:
    return None


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Openings of one store, one after another."""
    if request.param == "memory":
        kept = MemoryStore()
        return lambda: kept
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "put.db")
    dsn = request.getfixturevalue("migrated_dsn")
    return lambda: PostgresStore(dsn)


@pytest.fixture(params=["memory", "postgres"])
async def pair(
    request: pytest.FixtureRequest, anyio_backend: str
) -> AsyncIterator[tuple[Engine, Engine]]:
    """Two workers on one store."""
    if request.param == "memory":
        memory = Memory()
        stores: list[Store] = [MemoryStore(memory), MemoryStore(memory)]
    else:
        dsn = request.getfixturevalue("migrated_dsn")
        stores = [PostgresStore(dsn), PostgresStore(dsn)]
    async with (
        Engine(stores[0], [], deployments=Deployments()) as one,
        Engine(stores[1], [], deployments=Deployments()) as two,
    ):
        yield one, two


async def test_a_machine_that_was_put_runs_at_once(make_store: Callable[[], Store]) -> None:
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        report = await engine.put(FIRST, reason="a first try", caller=ADA)
        assert (report.machine, report.version, report.added) == ("ticket", 1, True)
        await engine.start("ticket", "t-1")
        answer = await engine.send("ticket", "t-1", {"type": "Vote"})
        assert answer.view == {"votes": 1}
        detail = await engine.machine_detail("ticket")
        assert (detail.notation, detail.put_by, detail.reason) == ("native", "ada", "a first try")
        assert (await engine.document("ticket")).text == FIRST.encode()


async def test_what_was_put_is_there_after_a_restart(make_store: Callable[[], Store]) -> None:
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        assert list(engine.machines) == ["ticket"]
        assert (await engine.send("ticket", "t-1", {"type": "Vote"})).view == {"votes": 1}


async def test_instances_go_to_the_version_that_is_put_while_they_run(
    make_store: Callable[[], Store],
) -> None:
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        for id in ("t-1", "t-2"):
            await engine.start("ticket", id)
            await engine.send("ticket", id, {"type": "Vote"})
        report = await engine.put(SECOND)
        (plan,) = report.upgrades
        assert (plan.from_version, plan.living, plan.complete) == (1, True, True)
        assert [(m.before, m.after) for m in plan.moved] == [(["open"], ["waiting"])]
        lazily = await engine.send("ticket", "t-1", {"type": "Agree"})
        assert (lazily.version, lazily.state, lazily.view) == (2, ["waiting"], {"votes": 2})
        assert (await engine.upgrade("ticket")).upgraded == 1
        at_once = await engine.read("ticket", "t-2")
        assert (at_once.version, at_once.state, at_once.view) == (2, ["waiting"], {"votes": 1})


async def test_what_an_instance_accepts_is_what_its_next_event_finds_in_the_new_version() -> None:
    async with Engine("memory:", [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
        await engine.put(SECOND)
        read = await engine.read("ticket", "t-1")
        explained = await engine.explain("ticket", "t-1")
        assert (read.version, read.state, read.allowed) == (1, ["open"], ["Agree", "Close"])
        assert explained.instance == read.wire()
        assert [one.event for one in explained.next if one.possible] == ["Agree", "Close"]
        assert "It accepts Agree, Close (to closed)." in explained.summary


async def test_a_finished_instance_stays_of_the_version_that_it_ended_in(
    make_store: Callable[[], Store],
) -> None:
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
        await engine.send("ticket", "t-1", {"type": "Close"})
        await engine.put(SECOND)
        before = await engine.read("ticket", "t-1")
        assert (before.version, before.state, before.status) == (1, ["closed"], "done")
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        after = (await engine.explain("ticket", "t-1")).instance
        assert after == before.wire()
        assert (await engine.read("ticket", "t-1")).wire() == after


async def test_a_dry_run_changes_nothing(make_store: Callable[[], Store]) -> None:
    store = make_store()
    async with Engine(store, [], deployments=Deployments()) as engine:
        report = await engine.put(FIRST, dry_run=True)
        assert (report.added, report.dry_run, report.there) == (False, True, False)
        assert await store.documents() == {}
        assert await store.charts("ticket") == []
        with pytest.raises(UnknownMachine):
            await engine.start("ticket", "t-1")


async def test_the_same_text_again_is_no_change(make_store: Callable[[], Store]) -> None:
    store = make_store()
    async with Engine(store, [], deployments=Deployments()) as engine:
        await engine.put(FIRST, caller=ADA)
        again = await engine.put(FIRST, caller=Caller("bob"))
        assert (again.added, again.there) == (False, True)
        kept = await store.document("ticket", 1)
        assert kept is not None
        assert kept.put_by == "ada"


async def test_another_text_under_a_version_is_refused_with_the_difference() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST, caller=ADA)
        with pytest.raises(PutRefused, match=r"by ada .* version 2") as refused:
            await engine.put(FIRST.replace("closed", "shut"))
        assert "state shut was added" in refused.value.differences
        with pytest.raises(PutRefused) as refused:
            await engine.put(FIRST + "# a comment\n")
        assert refused.value.differences == ("line 17 was '' and is '# a comment'",)
        assert (await engine.document("ticket")).text == FIRST.encode()


async def test_an_older_version_is_refused_with_the_way_out() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(SECOND)
        with pytest.raises(PutRefused, match=r"version 2 is there already; .* as version 3"):
            await engine.put(FIRST)


async def test_a_document_with_mistakes_is_refused_with_all_of_them_and_changes_nothing(
    make_store: Callable[[], Store],
) -> None:
    store = make_store()
    broken = FIRST.replace("from: open, do", "from: opne, do").replace("to: closed", "to: clsoed")
    async with Engine(store, [], deployments=Deployments()) as engine:
        with pytest.raises(DocumentRefused) as refused:
            await engine.put(broken)
        text = str(refused.value)
        assert "opne" in text
        assert "clsoed" in text
        assert await store.documents() == {}
        assert not engine.machines


async def test_an_error_of_the_static_checks_refuses_and_a_warning_is_logged() -> None:
    dead = FIRST.replace("  closed: {final: true}", "  closed: {final: true}\n  dead: {}")
    endless = (
        FIRST.replace("  closed: {final: true}", "  closed: {}")
        + "  there: {always: true, from: open, to: closed}\n"
        + "  back: {always: true, from: closed, to: open}\n"
    )
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        with pytest.raises(DocumentRefused, match="endless"):
            await engine.put(endless)
        assert not engine.machines
        report = await engine.put(dead)
        assert ("warning", "state dead") in {(f.severity, f.place) for f in report.findings}


async def test_a_version_that_does_not_say_how_the_one_before_becomes_it_is_refused() -> None:
    without = SECOND.partition("upgrades:")[0]
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        with pytest.raises(DocumentRefused, match="an upgrade from version 1"):
            await engine.put(without)
        assert engine.machines["ticket"].version == 1


async def test_an_upgrade_that_leaves_instances_nowhere_is_refused() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
        await engine.start("ticket", "t-1")
        with pytest.raises(DocumentRefused, match="instances can be in open"):
            await engine.put(SECOND.replace("states: {open: waiting}", "states: {}"))
        assert (await engine.send("ticket", "t-1", {"type": "Vote"})).version == 1


async def test_a_machine_given_by_code_is_never_replaced_by_one_that_is_put() -> None:
    store = MemoryStore()
    async with Engine(store, [Coded], deployments=Deployments()) as engine:
        with pytest.raises(PutRefused, match="given by code"):
            await engine.put(SECOND)
    # nor by a worker that does not have the code
    async with Engine(store, [], deployments=Deployments()) as engine:
        with pytest.raises(PutRefused, match="given by code before"):
            await engine.put(SECOND)


async def test_a_machine_that_was_put_is_never_replaced_by_code() -> None:
    store = MemoryStore()
    async with Engine(store, [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
    with pytest.raises(DefinitionError, match="was put into the store"):
        await Engine(store, [Coded]).open()


async def test_an_engine_without_puts_takes_none_and_says_what_it_leaves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    async with Engine(store, []) as engine:
        with pytest.raises(Refused, match="deployments=Deployments"):
            await engine.put(FIRST)
    async with Engine(store, [], deployments=Deployments()) as engine:
        await engine.put(FIRST)
    async with Engine(store, []) as engine:
        assert not engine.machines
    assert "not run here: ticket" in caplog.text


async def test_one_that_can_not_be_read_here_keeps_no_other_from_going_on(
    make_store: Callable[[], Store], caplog: pytest.LogCaptureFixture
) -> None:
    lending = Deployments(Offered(effects={"ship": ship}))
    async with Engine(make_store(), [], deployments=lending) as engine:
        await engine.put(FIRST)
        await engine.put(WITH_EFFECT)
    async with Engine(make_store(), [], deployments=Deployments()) as engine:
        await engine.start("ticket", "t-1")
        assert list(engine.unserved()) == ["parcel"]
        assert "parcel, version 1, was put and can't be run here" in caplog.text
        with pytest.raises(MachineUnserved, match="ship"):
            await engine.start("parcel", "p-1")
        await engine.check_ready()
    async with Engine(make_store(), [], deployments=lending) as engine:
        await engine.start("parcel", "p-1")


async def test_a_version_that_can_not_run_here_is_reported_while_the_one_before_goes_on() -> None:
    needs = "close: {on: Close, from: waiting, to: closed, when: {function: is_open}}"
    second = SECOND.replace("close: {on: Close, from: waiting, to: closed}", needs)
    memory = Memory()
    lending = Deployments(Offered(functions={"is_open": lambda data: True}))
    async with (
        Engine(MemoryStore(memory), [], deployments=lending) as one,
        Engine(MemoryStore(memory), [], deployments=Deployments()) as two,
    ):
        await one.put(FIRST)
        await two.start("ticket", "t-1")
        await one.put(second)
        with pytest.raises(UnknownEvent):
            # it looks for a newer version, in which the event may be known
            await two.send("ticket", "t-1", {"type": "Agree"})
        version, why = two.unserved()["ticket"]
        assert version == 2
        assert "no function 'is_open' is offered" in why
        assert (await two.send("ticket", "t-1", {"type": "Vote"})).version == 1
        assert not one.unserved()


async def test_a_document_that_is_too_large_is_refused() -> None:
    limits = Limits(document_bytes=len(FIRST))
    async with Engine(MemoryStore(), [], deployments=Deployments(), limits=limits) as engine:
        await engine.put(FIRST)
        with pytest.raises(TooLarge, match="the document"):
            await engine.put(FIRST + "#")


async def test_no_more_machines_are_put_than_are_allowed() -> None:
    limits = Limits(documents=1)
    async with Engine(MemoryStore(), [], deployments=Deployments(), limits=limits) as engine:
        await engine.put(FIRST)
        with pytest.raises(TooLarge, match="machines"):
            await engine.put(FIRST.replace("ticket", "other"))
        await engine.put(SECOND)


async def test_a_document_that_takes_too_long_is_refused() -> None:
    go_on = threading.Event()

    def slow(raw: bytes, offered: Offered) -> Imported:
        go_on.wait(60)
        raise AssertionError("nobody waits for this")

    deployments = Deployments()
    readers = {**deployments.readers, "slow": slow}
    limits = Limits(put_seconds=0.05)
    async with Engine(
        MemoryStore(), [], deployments=Deployments(readers=readers), limits=limits
    ) as engine:
        with pytest.raises(DocumentRefused, match=r"took longer than 0\.05 s"):
            await engine.put(FIRST, "slow")
        go_on.set()
        assert not engine.machines


async def test_an_unknown_notation_is_refused() -> None:
    async with Engine(MemoryStore(), [], deployments=Deployments()) as engine:
        with pytest.raises(DocumentRefused, match="'bpmn' is none that is read here"):
            await engine.put(FIRST, "bpmn")


async def test_a_put_that_broke_off_after_it_was_kept_is_finished_at_the_next_look() -> None:
    class Breaking(MemoryStore):
        broken = True

        async def add_chart(self, chart: StoredChart) -> None:
            if self.broken:
                raise StoreUnavailable("away")
            await super().add_chart(chart)

    store = Breaking()
    async with Engine(store, [], deployments=Deployments()) as engine:
        with pytest.raises(StoreUnavailable):
            await engine.put(FIRST)
        assert (await store.documents())["ticket"].version == 1
        store.broken = False
        assert (await engine.put(FIRST)).there
        await engine.start("ticket", "t-1")


async def test_retention_is_for_machines_that_are_put_too() -> None:
    async with Engine(
        MemoryStore(),
        [],
        deployments=Deployments(),
        retention={"ticket": Retention(timedelta(days=1))},
    ) as engine:
        await engine.put(FIRST)


# --- beside other workers -------------------------------------------------------------------------


async def test_another_worker_serves_it_from_the_first_request_on(
    pair: tuple[Engine, Engine],
) -> None:
    one, two = pair
    await one.put(FIRST)
    await two.start("ticket", "t-1")
    assert (await two.send("ticket", "t-1", {"type": "Vote"})).view == {"votes": 1}


async def test_a_worker_that_has_not_heard_of_a_version_goes_on_with_its_instances(
    pair: tuple[Engine, Engine],
) -> None:
    one, two = pair
    await one.put(FIRST)
    await two.start("ticket", "t-1")
    await one.put(SECOND)
    await one.upgrade("ticket", "t-1")
    # known to both versions, then known to the newer one alone
    assert (await two.read("ticket", "t-1")).version == 2
    answer = await two.send("ticket", "t-1", {"type": "Agree"})
    assert (answer.version, answer.state) == (2, ["waiting"])


async def test_a_version_is_put_by_a_worker_that_has_not_heard_of_the_one_before(
    pair: tuple[Engine, Engine],
) -> None:
    one, two = pair
    await one.put(FIRST)
    await one.start("ticket", "t-1")
    await two.put(SECOND)
    # it does not know version 2 when it is asked, and some instance is still of version 1
    with pytest.raises(DocumentRefused, match="running instances of version 1"):
        await one.put(THIRD)
    await one.upgrade("ticket")
    await one.put(THIRD)
    await one.start("ticket", "t-2")
    assert (await two.upgrade("ticket", "t-2")).version == 3
    assert two.machines["ticket"].version == 3


async def test_of_two_that_put_one_version_differently_one_wins(
    pair: tuple[Engine, Engine],
) -> None:
    one, two = pair
    await one.put(FIRST)
    texts = [SECOND, SECOND.replace("Agree", "Consent")]
    ended = await asyncio.gather(one.put(texts[0]), two.put(texts[1]), return_exceptions=True)
    lost = [n for n, end in enumerate(ended) if isinstance(end, PutRefused)]
    assert len(lost) == 1, ended
    winner = texts[1 - lost[0]].encode()
    for engine in pair:
        await engine.upgrade("ticket")
        assert (await engine.document("ticket")).text == winner
        assert engine.machines["ticket"].version == 2
    assert one.machines["ticket"].chart == two.machines["ticket"].chart
