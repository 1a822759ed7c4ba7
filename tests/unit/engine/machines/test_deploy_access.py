"""Who may do what in a machine that was put changes without a new version; what it sends is bounded
by the right of whoever put it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from statehold import Event, Final, Machine, State, on
from statehold.chart.access import Access, HasRole, ServerAccess, anyone, nobody
from statehold.engine import Deployments, Engine
from statehold.errors import DocumentRefused, Forbidden, NotAllowed, PutRefused
from statehold.formats.native.access_alone import needs_no_version
from statehold.records import Caller
from statehold.store import Store
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.world import quiet

pytestmark = pytest.mark.anyio

OPEN = """
statehold: 1
name: ticket
version: 1
data: {properties: {votes: {type: integer, default: 0}}}
events:
  Vote:
  Close: {}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  vote: {on: Vote, from: open, do: {set: {votes: data.votes + 1}}}
  close: {on: Close, from: open, to: closed}
"""
CLOSED = (
    OPEN.replace("close: {on: Close,", "close: {on: Close, by: [clerk, {machine: lead}],")
    .replace("Vote:\n", "Vote: {internal: true}\n")
    .replace("states:", "access: {read: clerk, start: clerk}\nviews: {clerk: data.votes}\nstates:")
)
GUEST, CLERK = Caller("ann", frozenset()), Caller("bob", frozenset({"clerk"}))


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


def opened(store: Store, *machines: Any) -> Engine:
    return Engine(store, machines, deployments=Deployments())


async def test_who_may_do_what_changes_without_a_version_and_for_running_instances(
    make_store: Callable[[], Store],
) -> None:
    async with opened(make_store()) as engine:
        await engine.put(OPEN)
        await engine.start("ticket", "t-1")
        await engine.start("ticket", "t-2")
        await engine.send("ticket", "t-1", {"type": "Vote"}, caller=GUEST)
        dry = await engine.put(CLOSED, dry_run=True)
        assert (dry.added, dry.there) == (False, False)
        report = await engine.put(CLOSED, reason="tighter")
        assert (report.added, report.there, report.version) == (True, False, 1)
        assert report.changes == dry.changes == [
            "transition close: by was none and is clerk or machine lead",
            "event Vote: internal was false and is true",
            'access.read was left out and is "clerk"',
            'access.start was left out and is "clerk"',
            'views.clerk was left out and is "data.votes"',
        ]  # fmt: skip
        with pytest.raises(Forbidden):
            await engine.send("ticket", "t-1", {"type": "Vote"}, caller=CLERK)
        with pytest.raises((Forbidden, NotAllowed)):
            await engine.send("ticket", "t-1", {"type": "Close"}, caller=GUEST)
        await engine.send("ticket", "t-1", {"type": "Close"}, caller=CLERK)
    # and after a restart
    async with opened(make_store()) as engine:
        with pytest.raises((Forbidden, NotAllowed)):
            await engine.send("ticket", "t-2", {"type": "Close"}, caller=GUEST)
        kept = await engine.document("ticket")
        assert (kept.text, kept.reason) == (CLOSED.encode(), "tighter")
        assert (await engine.put(CLOSED)).there
        # and back again
        assert (await engine.put(OPEN)).added
        await engine.send("ticket", "t-2", {"type": "Close"}, caller=GUEST)


@pytest.mark.parametrize(
    "changed",
    [
        CLOSED.replace("data.votes + 1", "data.votes + 2"),
        CLOSED.replace("to: closed", "to: open"),
        CLOSED.replace("default: 0", "default: 1"),
        CLOSED.replace("closed: {final: true}", "closed: {final: true, doc: x}"),
        CLOSED.replace("Close: {}", "Close: {doc: x}"),
        OPEN + "# the same, with a comment\n",
    ],
)
async def test_any_other_change_needs_a_version_though_access_changes_too(changed: str) -> None:
    async with opened(MemoryStore()) as engine:
        await engine.put(OPEN)
        with pytest.raises(PutRefused, match="another text"):
            await engine.put(changed)
        assert (await engine.document("ticket")).text == OPEN.encode()


async def test_access_of_a_version_that_is_not_the_newest_stays() -> None:
    second = OPEN.replace("version: 1", "version: 2") + "upgrades: [{from: 1}]\n"
    async with opened(MemoryStore()) as engine:
        await engine.put(OPEN)
        await engine.put(second)
        with pytest.raises(PutRefused):
            await engine.put(CLOSED)


def test_the_order_of_transitions_is_no_access() -> None:
    lines = OPEN.encode().splitlines(keepends=True)
    shuffled = b"".join([*lines[:-2], lines[-1], lines[-2]])
    assert not needs_no_version(OPEN.encode(), shuffled)
    assert not needs_no_version(OPEN.encode(), OPEN.encode())
    assert not needs_no_version(b"[", CLOSED.encode())
    for odd in (b"states: {a: states}", b"states: {a: 5}", b"states: {a: [states]}"):
        assert not needs_no_version(odd, CLOSED.encode())
    assert needs_no_version(OPEN.encode(), CLOSED.encode())


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
    async with opened(stores[0]) as one, opened(stores[1]) as other:
        yield one, other


async def test_another_worker_takes_the_access_that_was_put_again(
    pair: tuple[Engine, Engine],
) -> None:
    one, other = pair
    await one.put(OPEN)
    await one.start("ticket", "t-1")
    await other.put(OPEN)
    await other.send("ticket", "t-1", {"type": "Vote"}, caller=GUEST)
    await one.put(CLOSED)
    # what a hint or a heartbeat makes it do
    await other._parts.loader.load_new()
    with pytest.raises(Forbidden):
        await other.send("ticket", "t-1", {"type": "Vote"}, caller=GUEST)
    assert other.machines["ticket"].definition.access.read == HasRole("clerk")


class Finish(Event):
    pass


def shut(by: Any = (), access: Access | None = None) -> Any:
    class Shut(Machine[None], name="shut", version=1):
        here = State(initial=True)
        over = Final()
        finish = on(Finish, here >> over, by=by)

    if access is not None:
        Shut.definition.access = access
    return Shut


async def test_workers_of_one_version_with_other_roles_and_access_run_side_by_side() -> None:
    memory = Memory()
    tight = shut("clerk", Access(read="clerk"))
    async with (
        Engine(MemoryStore(memory), [shut()]) as before,
        Engine(MemoryStore(memory), [tight]) as after,
    ):
        await before.start("shut", "s-1")
        await after.start("shut", "s-2")
        with pytest.raises((Forbidden, NotAllowed)):
            await after.send("shut", "s-1", Finish(), caller=GUEST)
        await before.send("shut", "s-2", Finish(), caller=GUEST)
        await after.send("shut", "s-1", Finish(), caller=CLERK)


@pytest.mark.parametrize("first", [0, 1])
async def test_a_class_changes_its_roles_and_its_access_without_a_version(
    make_store: Callable[[], Store], first: int
) -> None:
    versions = [shut(), shut("clerk", Access(read="clerk", start="clerk"))]
    for machine in (versions[first], versions[1 - first], versions[first]):
        async with Engine(make_store(), [machine]) as engine:
            assert engine.machines["shut"].definition.version == 1


# --- what it may send to ---


SENDING = """
statehold: 1
name: {name}
version: 1
data: {{properties: {{}}}}
events: {{Go: {{}}}}
states: {{a: {{initial: true, {state}}}}}
transitions: {{go: {{on: Go, from: a, {transition}}}}}
"""
TO_DOOR = "do: {send: Finish, to: {machine: shut, instance: \"'s-1'\"}}"
SERVER = ServerAccess(unstated=Access(put="operator", start=anyone, send=anyone))


def operator(*machines: str) -> Caller:
    return Caller("op", frozenset({"operator"}), machines=machines or None, server=SERVER)


def sending(name: str = "shop.order", *, state: str = "doc: x", transition: str = "doc: x") -> str:
    return SENDING.format(name=name.replace(".", "-"), state=state, transition=transition)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (sending(transition=TO_DOOR), "transition go"),
        (sending(state="entry: {send: Finish, to: {machine: shut, instance: \"'s'\"}}"), "state a"),
        (sending(state="exit: {send: Finish, to: {machine: shut, instance: \"'s'\"}}"), "state a"),
        (sending(state="invoke: {machine: shut}"), "state a"),
    ],
)
async def test_a_document_that_sends_past_its_callers_right_is_refused_at_its_place(
    text: str, place: str
) -> None:
    coded = shut("restaurant")
    async with opened(MemoryStore(), coded) as engine:
        for caller in (operator("shop-*"), operator("shop-order")):
            with pytest.raises(DocumentRefused) as refused:
                await engine.put(text, caller=caller)
            (problem,) = (p for p in refused.value.problems if "does not cover" in p.message)
            assert problem.place == place
            assert "'shut'" in problem.message
            assert problem.hint
        assert "shop-order" not in engine.machines
        for caller in (operator("shop-*", "shut"), operator()):
            report = await engine.put(text, caller=caller, dry_run=True)
            assert not report.there


async def test_a_machine_that_lets_others_put_it_is_covered_by_their_right_alone() -> None:
    coded = shut("restaurant", Access(put="owner"))
    async with opened(MemoryStore(), coded) as engine:
        with pytest.raises(DocumentRefused, match="does not cover"):
            await engine.put(sending(transition=TO_DOOR), caller=operator())


async def test_the_coverage_is_stored_with_the_document(make_store: Callable[[], Store]) -> None:
    text = sending(transition="do: {send: Go, to: {machine: later, instance: \"'x'\"}}")
    async with opened(make_store(), shut()) as engine:
        await engine.put(text, caller=operator("shop-*", "later"))
        assert (await engine.document("shop-order")).covers == ("later", "shop-order")
        assert engine.machines["shop-order"].definition.covers == ("later", "shop-order")
        await engine.put(sending("mine"))
        assert (await engine.document("mine")).covers is None
    async with opened(make_store(), shut()) as engine:
        assert engine.machines["shop-order"].definition.covers == ("later", "shop-order")
        assert engine.machines["mine"].definition.covers is None


async def test_a_document_moves_no_instance_past_by_with_a_role_of_its_putter() -> None:
    coded = shut("restaurant")
    async with opened(MemoryStore(), coded) as engine:
        await engine.start("shut", "s-1")
        await engine.put(sending(transition=TO_DOOR), caller=operator())
        await engine.start("shop-order", "o-1")
        caller = Caller("eve", frozenset({"restaurant"}), server=SERVER)
        await engine.send("shop-order", "o-1", {"type": "Go"}, caller=caller)
        await quiet()
        assert (await engine.read("shut", "s-1")).state == ["here"]
        (incident,) = (await engine.explain("shop-order", "o-1")).incidents
        assert "does not accept Finish" in (incident.error or "")


@pytest.mark.parametrize("pattern", ["*", "shu*"])
async def test_a_receiver_is_a_name_and_covers_no_other(pattern: str) -> None:
    both = (
        "do: [{send: Finish, to: {machine: shut, instance: \"'s-1'\"}}, "
        f"{{send: Finish, to: {{machine: '{pattern}', instance: \"'s-1'\"}}}}]"
    )
    async with opened(MemoryStore(), shut((), Access(put=nobody))) as engine:
        for text in (sending(transition=both), sending(transition=both.replace("shut", "a"))):
            with pytest.raises(DocumentRefused) as refused:
                await engine.put(text, caller=operator())
            assert f"it sends to machine {pattern!r}" in str(refused.value)


async def test_a_machine_that_runs_elsewhere_or_could_not_be_put_is_not_covered() -> None:
    memory = Memory()
    async with opened(MemoryStore(memory), shut((), Access(put=nobody))):
        pass
    # here it does not run, and what it states is not known
    async with opened(MemoryStore(memory)) as engine:
        with pytest.raises(DocumentRefused, match="sends to machine 'shut'"):
            await engine.put(sending(transition=TO_DOOR), caller=operator())
    # who may put a next version of one machine may put no new one
    text = sending(transition=TO_DOOR)
    async with opened(MemoryStore()) as engine:
        await engine.put(sending() + "access: {put: mover}\n")
        mover = Caller("mo", frozenset({"mover"}), server=SERVER)
        later = text.replace("version: 1", "version: 2") + "upgrades: [{from: 1}]\n"
        with pytest.raises(DocumentRefused, match="sends to machine 'shut'"):
            await engine.put(later, caller=mover)


@pytest.mark.parametrize(
    ("put", "permitted"),
    [
        ("", {"operator"}),
        ("access: {read: mover}\n", {"operator"}),
        ("access: {put: mover}\n", {"mover"}),
        ("access: {put: [nobody, {role: mover}]}\n", {"mover"}),
        ("access: {put: nobody}\n", set()),
        ("access: {put: []}\n", set()),
        ("access: {put: anyone}\n", {"operator", "mover"}),
    ],
)
async def test_one_that_can_not_run_here_says_who_may_put_its_next_version(
    put: str, permitted: set[str]
) -> None:
    memory = Memory()
    async with opened(MemoryStore(memory), shut()) as engine:
        await engine.put(sending(state="invoke: {machine: shut}") + put)
    later = sending().replace("version: 1", "version: 2") + "upgrades: [{from: 1}]\n"
    # without the machine that it starts, it can't run
    async with opened(MemoryStore(memory)) as engine:
        await engine.put(OPEN + "access: {put: mover}\n")
        assert "shop-order" in engine.unserved()
        for role in ("operator", "mover"):
            caller = Caller(role, frozenset({role}), server=SERVER)
            asked = engine.put(later, caller=caller, dry_run=True)
            if role in permitted:
                assert (await asked).version == 2
            else:
                with pytest.raises(Forbidden):
                    await asked
