"""What callers may read, asked of the engine: each question by callers with each right."""

from __future__ import annotations

import base64
import inspect as inspection
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from statehold import Access, Final, Machine, State, child, index, on, role
from statehold.engine import Engine
from statehold.errors import (
    Forbidden,
    InstanceUnreadable,
    InvalidPayload,
    StepFailed,
    UnknownInstance,
)
from statehold.records import ANYONE, Caller
from statehold.store import Query
from statehold.stores import MemoryStore, SqliteStore
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
    find,
)

pytestmark = pytest.mark.anyio

#: each question about one instance, and the right that it needs
ON_ONE: dict[str, tuple[str, Callable[[Engine, str, Caller], Any]]] = {
    "read": ("read", lambda e, id, c: e.read("delivery", id, caller=c)),
    "journal": ("inspect", lambda e, id, c: e.journal("delivery", id, caller=c)),
    "at": ("inspect", lambda e, id, c: e.at("delivery", id, 1, caller=c)),
    "explain": ("inspect", lambda e, id, c: e.explain("delivery", id, caller=c)),
    "watch": ("inspect", lambda e, id, c: first(e.watch("delivery", id, caller=c))),
    "watch_view": ("read", lambda e, id, c: first(e.watch_view("delivery", id, caller=c))),
}
#: each question about all instances of a machine
ON_ALL: dict[str, tuple[str, Callable[[Engine, str, Caller], Any]]] = {
    "flows": ("read", lambda e, m, c: e.flows(m, caller=c)),
    "watch_machine": ("read", lambda e, m, c: e.watch_machine(m, caller=c)),
    "document": ("inspect", lambda e, m, c: e.document(m, caller=c)),
}
#: those that show each caller what is its own, with a test of each below
ITS_OWN = {
    "list", "incidents", "machine_list", "machine_detail", "chart", "search", "watch_machines",
}  # fmt: skip
#: what changes something (asked inside the turn), and what only the program itself asks
OTHERS = {
    # by the server's own grants, which its routes ask for
    "audit", "tokens",
    "open", "close", "check_ready", "start", "send", "send_many", "pause", "resume", "cancel",
    "retry", "repair", "skip", "resolve", "fire_timer", "cancel_timer", "reschedule_timer",
    "retry_effect", "skip_effect", "resolve_effect", "upgrade", "put", "purge", "unserved",
    "troubles", "stats", "store_counts", "definition", "now", "refused",
}  # fmt: skip


async def first(items: AsyncIterator[Any]) -> Any:
    async with aclosing(items):  # type: ignore[type-var]
        return await anext(items)


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    store: Any = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "e.db")
    async with Engine(store, [DeliveryFlow]) as engine:
        for id, customer, depot in (
            ("d-1", "ann", "north"), ("d-2", "bob", "north"), ("d-3", "ann", "south"),
        ):  # fmt: skip
            data = Delivery(customer=customer, depot=depot, price=7)
            await engine.start(DeliveryFlow, id, data)
        yield engine


def ids(found: Any) -> list[str]:
    return [one.id for one in found.instances]


def test_every_question_of_the_engine_is_one_of_these() -> None:
    public = {name for name, _ in inspection.getmembers(Engine) if not name.startswith("_")}
    assert public == {*ON_ONE, *ON_ALL, *ITS_OWN, *OTHERS}
    for name in {*ON_ONE, *ON_ALL, *ITS_OWN}:
        caller = inspection.signature(getattr(Engine, name)).parameters["caller"]
        assert caller.default is ANYONE


@pytest.mark.parametrize("name", ON_ONE)
async def test_a_question_about_one_needs_its_right(engine: Engine, name: str) -> None:
    right, ask = ON_ONE[name]
    await ask(engine, "d-1", ANYONE)
    await ask(engine, "d-1", OPS)
    for caller in (ANN, NORTH, SUPPORT):
        if right == "read":
            await ask(engine, "d-1", caller)
            continue
        with pytest.raises(Forbidden, match="may not inspect"):
            await ask(engine, "d-1", caller)


@pytest.mark.parametrize("name", ON_ONE)
async def test_one_of_others_is_refused_as_one_that_does_not_exist(
    engine: Engine, name: str
) -> None:
    right, ask = ON_ONE[name]
    for caller in (ANN, BOB, NORTH, NOBODY):
        words = set()
        for id in ("d-2", "d-3", "d-0"):
            mine = await engine.list(Query("delivery"), caller=ANYONE)
            row = next((one for one in mine.instances if one.id == id), None)
            if right == "read" and row is not None and caller.name in row.indexes.values():
                continue
            if right == "read" and row is not None and caller.teams & {*row.indexes.values()}:
                continue
            with pytest.raises(Forbidden) as refused:
                await ask(engine, id, caller)
            words.add(str(refused.value))
        assert len(words) == 1, words
    with pytest.raises(UnknownInstance):
        await ask(engine, "d-0", OPS)


@pytest.mark.parametrize("name", ON_ALL)
async def test_a_question_about_all_needs_the_right_on_all(engine: Engine, name: str) -> None:
    right, ask = ON_ALL[name]
    for caller in (ANN, NORTH, NOBODY, *((SUPPORT,) if right == "inspect" else ())):
        with pytest.raises(Forbidden):
            await ask(engine, "delivery", caller)
    if name != "document":
        await ask(engine, "delivery", OPS)
    else:
        with pytest.raises(InvalidPayload, match="given by code"):
            await ask(engine, "delivery", OPS)


async def test_a_machine_that_is_not_the_callers_is_refused_as_one_that_does_not_exist(
    engine: Engine,
) -> None:
    limited = replace(OPS, machines=("other",))
    for ask in (*(ask for _, ask in ON_ALL.values()), _detail, _chart, _list):
        words = set()
        for name in ("delivery", "nothing"):
            with pytest.raises(Forbidden) as refused:
                await ask(engine, name, limited)
            words.add(str(refused.value).replace(name, "…"))
        assert len(words) == 1
    assert (await engine.machine_list(caller=limited)).machines == []
    found = await engine.search("d", caller=limited)
    assert [found.machines, found.states, found.events, found.instances] == [[]] * 4


def _detail(engine: Engine, name: str, caller: Caller) -> Any:
    return engine.machine_detail(name, caller=caller)


def _chart(engine: Engine, name: str, caller: Caller) -> Any:
    return engine.chart(name, caller=caller)


def _list(engine: Engine, name: str, caller: Caller) -> Any:
    return engine.list(Query(name), caller=caller)


# --- lists -------------------------------------------------------------------------------------


async def test_a_list_has_what_is_the_callers_each_once(engine: Engine) -> None:
    assert ids(await engine.list(Query("delivery"), caller=ANN)) == ["d-3", "d-1"]
    assert ids(await engine.list(Query("delivery"), caller=NORTH)) == ["d-2", "d-1"]
    both = replace(ANN, teams=frozenset({"north", "west"}))
    assert ids(await engine.list(Query("delivery"), caller=both)) == ["d-3", "d-2", "d-1"]
    assert ids(await engine.list(Query("delivery"), caller=SUPPORT)) == ["d-3", "d-2", "d-1"]
    with pytest.raises(Forbidden):
        await engine.list(Query("delivery"), caller=NOBODY)
    assert ids(await engine.list(Query("delivery"), caller=replace(BOB, name="eve"))) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_pages_of_merged_lists_have_everything_once_in_order(
    engine: Engine, limit: int
) -> None:
    for number in range(40):
        depot = ("north", "east", "west", "south")[number % 4]
        customer = "ann" if number % 3 == 0 else "carl"
        await engine.start(DeliveryFlow, f"m-{number}", Delivery(customer=customer, depot=depot))
    caller = replace(ANN, teams=frozenset({"north", "east", "west"}))
    everything = await engine.list(Query("delivery", limit=1000))
    mine = [
        one.id
        for one in everything.instances
        if one.indexes["customer"] == "ann" or one.indexes["depot"] != "south"
    ]
    found: list[str] = []
    query = Query("delivery", limit=limit)
    while True:
        page = await engine.list(query, caller=caller)
        assert len(page.instances) == min(limit, len(mine) - len(found))
        found += ids(page)
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    assert found == mine


async def test_filters_narrow_a_merged_list(engine: Engine) -> None:
    await engine.send(DeliveryFlow, "d-3", Close())

    async def found(caller: Caller = ANN, **filters: Any) -> list[str]:
        return ids(await engine.list(Query("delivery", **filters), caller=caller))

    assert await found(state="waiting") == ["d-1"]
    assert await found(status="done") == ["d-3"]
    assert await found(where={"depot": "north"}) == ["d-1"]
    assert await found(where={"customer": "bob"}) == []
    assert await found(prefix="d-") == ["d-3", "d-1"]
    assert await found(prefix="d-2") == []
    assert await found(prefix="d-3", state="waiting") == []
    assert await found(NORTH, prefix="d-", where={"customer": "ann"}) == ["d-1"]


@pytest.mark.parametrize(
    "filters",
    [
        {"where": {"price": "7"}},
        {"where": {"nothing": "7"}},
        {"order": "since"},
        {"incidents": True},
    ],
)
@pytest.mark.parametrize("caller", [ANN, NORTH, SUPPORT])
async def test_what_would_show_more_than_a_view_needs_inspect(
    engine: Engine, caller: Caller, filters: dict[str, Any]
) -> None:
    with pytest.raises(Forbidden, match="may inspect all instances of the list"):
        await engine.list(Query("delivery", **filters), caller=caller)
    if "nothing" not in filters.get("where", {}):
        await engine.list(Query("delivery", **filters), caller=OPS)


async def test_an_index_that_may_not_be_asked_for_is_refused_as_one_that_does_not_exist(
    engine: Engine,
) -> None:
    words = set()
    for name in ("price", "nothing"):
        with pytest.raises(Forbidden) as refused:
            await engine.list(Query("delivery", where={name: "7"}), caller=SUPPORT)
        words.add(str(refused.value).replace(name, "…"))
    assert len(words) == 1


async def test_a_cursor_grants_nothing_and_has_the_last_id_alone(engine: Engine) -> None:
    for caller, last in ((ANN, "d-3"), (SUPPORT, "d-3"), (NORTH, "d-2")):
        page = await engine.list(Query("delivery", limit=1), caller=caller)
        assert ids(page) == [last]
        assert page.cursor is not None
        text = base64.urlsafe_b64decode(page.cursor.removeprefix("i.") + "==").decode()
        assert text == last
    own = (await engine.list(Query("delivery", limit=1), caller=ANN)).cursor
    theirs = (await engine.list(Query("delivery", limit=1), caller=NORTH)).cursor
    whole = (await engine.list(Query("delivery", limit=1), caller=OPS)).cursor
    unknown = "i." + base64.urlsafe_b64encode(b"d-0").decode()
    words = set()
    for cursor in (theirs, whole, unknown, "i.", "i.///", "", "nonsense"):
        with pytest.raises(InvalidPayload) as refused:
            await engine.list(Query("delivery", cursor=cursor), caller=ANN)
        words.add(str(refused.value))
    assert len(words) == 1
    assert ids(await engine.list(Query("delivery", cursor=own), caller=ANN)) == ["d-1"]


async def test_too_many_lists_are_refused_before_any_is_read(engine: Engine) -> None:
    teams = frozenset(f"t-{number}" for number in range(32))
    with pytest.raises(InvalidPayload, match=r"67 lists .* the limit is 32"):
        await engine.list(Query("delivery"), caller=replace(ANN, teams=teams | {"north"}))


async def test_an_entry_of_a_list_has_what_a_reader_may_see(engine: Engine) -> None:
    for caller in (ANN, SUPPORT):
        one = (await engine.list(Query("delivery", limit=1), caller=caller)).instances[0]
        assert one.indexes == {"customer": "ann", "depot": "south"}
        assert (one.created_at, one.since, one.changed_at, one.next_at) == (None, None, None, None)
    one = (await engine.list(Query("delivery", limit=1), caller=OPS)).instances[0]
    assert one.indexes["price"] == "7"
    assert one.created_at is not None


async def test_a_search_has_what_is_the_callers(engine: Engine) -> None:
    async def found(text: str, caller: Caller) -> list[str]:
        return sorted(ids(await engine.search(text, caller=caller)))

    assert await found("d-", ANN) == ["d-1", "d-3"]
    assert await found("d-2", ANN) == []
    assert await found("north", ANN) == ["d-1"]
    assert await found("bob", ANN) == []
    assert await found("7", ANN) == []
    assert await found("7", SUPPORT) == []
    assert await found("7", OPS) == ["d-1", "d-2", "d-3"]


# --- machines and incidents --------------------------------------------------------------------


async def test_a_machine_has_counts_for_those_who_may_read_all_instances(engine: Engine) -> None:
    for caller, is_counted in ((ANN, False), (SUPPORT, True), (OPS, True)):
        (one,) = (await engine.machine_list(caller=caller)).machines
        detail = await engine.machine_detail("delivery", caller=caller)
        assert (one.counted, detail.counted) == (is_counted, is_counted)
        assert one.counts.running == detail.by_status.running == (3 if is_counted else 0)
        assert bool(detail.counts) == bool(detail.by_version) == is_counted
        assert (one.steps_per_minute is None) or is_counted
        inspects = caller is OPS
        assert one.incidents == detail.incidents == (0 if inspects else None)
        assert detail.indexes == ["customer", "depot", *(["price"] if inspects else [])]
        assert bool(detail.results) == inspects
    assert (await engine.machine_list(caller=NOBODY)).machines == []


async def _lost(engine: Engine, *lost: str) -> None:
    for id in lost:
        await engine.send(DeliveryFlow, id, Lose())
        async for entry in engine.watch(DeliveryFlow, id):
            if entry.kind == "incident":
                break


async def test_incidents_are_those_of_what_may_be_inspected(engine: Engine) -> None:
    await _lost(engine, "d-1", "d-2")
    for caller in (ANN, NORTH, SUPPORT, NOBODY):
        found = await engine.incidents(caller=caller)
        assert (found.incidents, found.count, found.cursor) == ([], 0, None)
        with pytest.raises(Forbidden):
            await engine.incidents("delivery", caller=caller)
    assert (await engine.incidents(caller=OPS)).count == 2


class Shared(Delivery):
    pass


class SharedFlow(Machine[Shared], name="shared", version=1):
    """Who reads an instance of it may inspect it."""

    access = Access(inspect=index("customer") | index("depot", of="teams"), start=role("clerk"))
    indexes = ("customer", "depot")

    waiting = State(initial=True, invoke=find)
    closed = Final()
    closing = on(Close, waiting >> closed)


async def test_incidents_of_ones_own_instances_come_machine_by_machine(tmp_path: Path) -> None:
    async with Engine(SqliteStore(tmp_path / "i.db"), [DeliveryFlow, SharedFlow]) as engine:
        for number in range(5):
            customer = "ann" if number % 2 == 0 else "bob"
            await engine.start(SharedFlow, f"s-{number}", Shared(customer=customer))
            async for entry in engine.watch(SharedFlow, f"s-{number}"):
                if entry.kind == "incident":
                    break
        await engine.start(DeliveryFlow, "d-1", Delivery(customer="ann"))
        await _lost(engine, "d-1")

        async def found(caller: Caller, limit: int) -> tuple[list[str], int]:
            ids: list[str] = []
            cursor = None
            while True:
                page = await engine.incidents(limit=limit, cursor=cursor, caller=caller)
                assert len(page.incidents) <= limit
                ids += [one.instance for one in page.incidents]
                cursor = page.cursor
                if cursor is None:
                    return ids, page.count

        for limit in (1, 2, 50):
            assert await found(ANN, limit) == (["s-4", "s-2", "s-0"], 3)
            assert await found(BOB, limit) == (["s-3", "s-1"], 2)
            assert await found(replace(ANN, roles=frozenset({"ops"})), limit) == (
                ["d-1", "s-4", "s-2", "s-0"], 4,
            )  # fmt: skip
            assert await found(replace(BOB, machines=("delivery",)), limit) == ([], 0)
        for cursor in ("nonsense", "i.cy0x", ""):
            with pytest.raises(InvalidPayload):
                await engine.incidents(cursor=cursor, caller=ANN)
        mine = await engine.list(Query("shared", incidents=True, order="created"), caller=ANN)
        assert ids(mine) == ["s-4", "s-2", "s-0"]
        explained = await engine.explain("shared", "s-0", caller=ANN)
        assert explained.incidents[0].instance == "s-0"
        with pytest.raises(Forbidden):
            await engine.explain("shared", "s-1", caller=ANN)


class Trip(BaseModel):
    customer: str


def for_delivery(data: Trip) -> Delivery:
    return Delivery(customer="bob" if data.customer == "ann" else "ann")


class TripFlow(Machine[Trip], name="trip", version=1):
    access = Access(inspect=index("customer"))
    indexes = ("customer",)

    waiting = State(initial=True, invoke=child(DeliveryFlow, input=for_delivery))


async def test_an_explanation_has_the_children_alone_that_the_caller_may_read() -> None:
    async with Engine(MemoryStore(), [DeliveryFlow, TripFlow]) as engine:
        await engine.start(TripFlow, "t-1", Trip(customer="ann"))
        changes = await engine.watch_machine("delivery")
        async with aclosing(changes):  # type: ignore[type-var]
            await anext(changes)
            if not (await engine.list(Query("delivery"))).instances:
                await anext(changes)
        (of_child,) = (await engine.explain("trip", "t-1", caller=ANN)).effects
        assert of_child.child is None
        summary = (await engine.explain("trip", "t-1", caller=ANN)).summary
        assert "not started" not in summary
        (whole,) = (await engine.explain("trip", "t-1")).effects
        assert whole.child is not None
        assert whole.child.since is not None
        assert whole.child.id not in summary


# --- views -------------------------------------------------------------------------------------


async def test_a_view_is_that_of_the_first_role_there_that_the_caller_has(engine: Engine) -> None:
    courier = replace(ANN, roles=frozenset({"courier"}))
    both = replace(ANN, roles=frozenset({"billing", "courier"}))

    async def view(caller: Caller, name: str | None = None) -> Any:
        return (await engine.read("delivery", "d-1", view=name, caller=caller)).wire().view

    assert await view(ANN) == {"depot": "north"}
    assert await view(courier) == {"depot": "north", "customer": "ann"}
    assert await view(both) == await view(courier)
    assert await view(both, "billing") == {"price": 7}
    assert await view(ANYONE, "billing") == {"price": 7}
    words = set()
    for name in ("billing", "nothing"):
        with pytest.raises(InvalidPayload) as refused:
            await view(courier, name)
        words.add(str(refused.value).replace(name, "…"))
    assert len(words) == 1


async def test_a_step_whose_sender_could_not_be_shown_it_is_refused(engine: Engine) -> None:
    courier = Caller("cora", frozenset({"courier", "clerk", "support"}))
    with pytest.raises(StepFailed):
        await engine.send("delivery", "d-1", Pack(box="courier"), caller=courier)
    assert (await engine.read("delivery", "d-1")).seq == 1
    # of others it is not known whether anyone will look
    await engine.send("delivery", "d-1", Pack(box="courier"))
    with pytest.raises(InstanceUnreadable) as refused:
        (await engine.read("delivery", "d-1", caller=courier)).json()
    assert "hidden" not in str(refused.value)
    assert (await engine.read("delivery", "d-1", caller=SUPPORT)).wire().view == {"depot": "north"}


# --- while it is watched -----------------------------------------------------------------------


async def test_a_watch_ends_when_the_instance_changes_hands(engine: Engine) -> None:
    async with aclosing(engine.watch_view("delivery", "d-1", caller=ANN)) as views:  # type: ignore[type-var]
        assert (await anext(views)).seq == 1
        await engine.send("delivery", "d-1", Pack())
        assert (await anext(views)).seq == 2
        await engine.send("delivery", "d-1", HandOver(to="bob"))
        with pytest.raises(Forbidden):
            await anext(views)


async def test_a_watched_view_ends_with_the_instance(engine: Engine) -> None:
    async with aclosing(engine.watch_view("delivery", "d-1", caller=ANN)) as views:  # type: ignore[type-var]
        await anext(views)
        await engine.send("delivery", "d-1", Close())
        assert (await anext(views)).status == "done"
        with pytest.raises(StopAsyncIteration):
            await anext(views)


async def test_changes_of_all_machines_are_of_those_that_may_be_read(engine: Engine) -> None:
    with pytest.raises(Forbidden):
        await engine.watch_machines(caller=ANN)
    changes = await engine.watch_machines(caller=SUPPORT)
    async with aclosing(changes):  # type: ignore[type-var]
        await anext(changes)
        await engine.send("delivery", "d-1", Pack())
        (one,) = (await anext(changes)).instances
        assert (one.id, one.created_at) == ("d-1", None)
