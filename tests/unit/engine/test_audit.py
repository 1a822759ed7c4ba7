"""Refusals are in the audit log, a flood of them is counted, and nothing waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from pydantic import BaseModel

from statehold import Event, Machine, State, on
from statehold.chart.access import Access, ServerAccess, role
from statehold.engine import Engine
from statehold.engine.audit import BEYOND
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.errors import Forbidden, NotAllowed, StoreUnavailable
from statehold.records import AuditEntry, Caller, Write
from statehold.security import AuditQuery
from statehold.store import Query, WriteResult
from statehold.stores import MemoryStore
from statehold.wire.operations import SendRequest

pytestmark = pytest.mark.anyio

SERVER = ServerAccess(audit=role("auditor"))


def a_caller(name: str = "bob", *roles: str, address: str = "192.0.2.9") -> Caller:
    return Caller(name, frozenset(roles), proved=True, server=SERVER, address=address)


class Away(MemoryStore):
    """One whose audit log can't be written for a while."""

    is_away = False

    async def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        if self.is_away:
            raise StoreUnavailable("the test has taken it away")
        await super().add_audit(entries)


class Box(BaseModel):
    n: int = 0


class Go(Event):
    pass


class DoorFlow(Machine[Box], name="door", version=1):
    access = Access(start="clerk", read="clerk", inspect="clerk", send="clerk", act="clerk")

    shut = State(initial=True)
    open = State()

    going = on(Go, shut >> open, by="clerk")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def kept() -> Away:
    return Away()


@pytest.fixture
async def engine(kept: Away, clock: ManualClock, anyio_backend: str) -> AsyncIterator[Engine]:
    made = Engine(kept, [DoorFlow], clock=clock, limits=Limits(audit_lines=10, audit_waiting=25))
    async with made:
        yield made


async def log_of(engine: Engine) -> list[AuditEntry]:
    """What is in the log once all that was refused is written, oldest first."""
    engine._parts.audit._seal()
    await engine._parts.audit._writer.walk_once()
    return list((await engine.audit(AuditQuery(limit=1000, oldest_first=True))).entries)


async def test_a_refusal_of_any_method_is_recorded_with_its_caller_and_its_place(
    engine: Engine,
) -> None:
    bob, eve, tom = a_caller(), a_caller("eve"), a_caller("tom")
    await engine.start(DoorFlow, id="d-1")
    with pytest.raises((Forbidden, NotAllowed)):
        await engine.send(DoorFlow, "d-1", Go(), caller=bob)
    with pytest.raises(Forbidden):
        await engine.read("door", "d-2", caller=bob)
    with pytest.raises(Forbidden):
        await engine.list(Query("door"), caller=eve)
    with pytest.raises(Forbidden):
        await engine.journal(DoorFlow, "d-3", caller=eve)
    entries = engine.watch(DoorFlow, "d-4", caller=tom)
    with pytest.raises(Forbidden):
        await anext(entries)
    with pytest.raises(Forbidden):
        await engine.audit(AuditQuery(), caller=tom)
    found = await log_of(engine)
    # those of one moment are in no order
    assert {(one.caller, one.action, one.machine, one.id) for one in found} == {
        ("bob", "send", "door", "d-1"),
        ("bob", "read", "door", "d-2"),
        ("eve", "list", "door", ""),
        ("eve", "journal", "door", "d-3"),
        ("tom", "watch", "door", "d-4"),
        ("tom", "audit", "", ""),
    }
    assert {(one.proved, one.address, one.outcome, one.times) for one in found} == {
        (True, "192.0.2.9", "refused", 1)
    }
    assert all(one.detail for one in found)


async def test_each_of_many_events_is_recorded(engine: Engine) -> None:
    for id in ("d-1", "d-9"):
        await engine.start(DoorFlow, id=id)
    requests = [SendRequest(machine="door", id=id, event={"type": "Go"}) for id in ("d-1", "d-9")]
    answers = await engine.send_many(requests, caller=a_caller())
    assert all(isinstance(one, Forbidden | NotAllowed) for one in answers)
    assert {(one.action, one.id) for one in await log_of(engine)} == {
        ("send", "d-1"),
        ("send", "d-9"),
    }


async def test_what_is_permitted_or_wrong_otherwise_is_no_refusal(engine: Engine) -> None:
    clerk = a_caller("ann", "clerk")
    await engine.start(DoorFlow, id="d-1", caller=clerk)
    await engine.send(DoorFlow, "d-1", Go(), caller=clerk)
    with pytest.raises(NotAllowed):
        await engine.send(DoorFlow, "d-1", Go(), caller=clerk)
    await engine.audit(AuditQuery(), caller=a_caller("eve", "auditor"))
    assert await log_of(engine) == []


async def test_an_act_is_in_the_log_with_what_it_changed(engine: Engine) -> None:
    clerk = a_caller("ann", "clerk")
    await engine.start(DoorFlow, id="d-1")
    await engine.pause(DoorFlow, "d-1", reason="a strike\nforged", caller=clerk)
    # changes nothing
    await engine.pause(DoorFlow, "d-1", caller=clerk)
    # by the program itself
    await engine.resume(DoorFlow, "d-1")
    await engine.cancel(DoorFlow, "d-1", caller=clerk)
    found = (await engine.audit(AuditQuery(machine="door", id="d-1"))).entries
    assert {(one.caller, one.action, one.outcome, one.detail) for one in found} == {
        ("ann", "pause", "done", "a strike\nforged"),
        ("ann", "cancel", "done", ""),
        ("", "resume", "done", ""),
    }
    assert len(found) == 3
    assert all(one.proved and one.address == "192.0.2.9" for one in found if one.caller)


class Unaudited(MemoryStore):
    """One in which no entry of the audit log can be kept."""

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        if any(write.audit for write in writes):
            raise StoreUnavailable("the audit log is full")
        return await super().commit(writes)


async def test_where_the_log_can_not_be_written_acts_are_refused_and_nothing_else() -> None:
    clerk = a_caller("ann", "clerk")
    async with Engine(Unaudited(), [DoorFlow]) as engine:
        await engine.start(DoorFlow, id="d-1", caller=clerk)
        with pytest.raises(StoreUnavailable):
            await engine.pause(DoorFlow, "d-1", caller=clerk)
        assert (await engine.read(DoorFlow, "d-1", caller=clerk)).status == "running"
        assert (await engine.send(DoorFlow, "d-1", Go(), caller=clerk)).seq == 2


async def test_equal_refusals_of_a_second_are_one_line(engine: Engine, clock: ManualClock) -> None:
    for second in range(2):
        for _ in range(1_000):
            engine.refused(a_caller(), "send", "door", "d-1", "no")
        engine.refused(a_caller("eve"), "send", "door", "d-1", "no")
        clock.advance(timedelta(seconds=1))
        assert len(await log_of(engine)) == 2 * (second + 1)
    assert sorted(one.times for one in await log_of(engine)) == [1, 1, 1000, 1000]


async def test_a_flood_of_one_caller_hides_no_other_and_is_counted(engine: Engine) -> None:
    for n in range(10_000):
        engine.refused(a_caller(), "read", "door", f"d-{n}", "no")
    engine.refused(a_caller("eve"), "read", "door", "d-1", "no")
    found = await log_of(engine)
    bob = [one for one in found if one.caller == "bob"]
    assert len(bob) == 3
    assert sum(one.times for one in bob) == 10_000
    assert [one.action for one in bob].count(BEYOND) == 1
    assert [one.times for one in found if one.caller == "eve"] == [1]


async def test_a_flood_of_many_callers_fills_no_disk_and_is_counted(engine: Engine) -> None:
    for n in range(10_000):
        engine.refused(a_caller(f"c-{n}"), "read", "door", "d-1", "no")
    found = await log_of(engine)
    assert len(found) == 11
    assert sum(one.times for one in found) == 10_000
    assert [one.action for one in found if one.caller == ""] == [BEYOND]


async def test_a_flood_that_goes_on_gets_few_lines_and_none_of_it_is_uncounted(
    engine: Engine, clock: ManualClock
) -> None:
    seconds, each = 2_000, 30
    for second in range(seconds):
        for n in range(each):
            engine.refused(a_caller(f"c-{second}-{n}"), "read", "door", "d-1", "no")
        clock.advance(timedelta(seconds=1))
        await engine._parts.audit._writer.walk_once()
    engine._parts.audit._seal()
    await engine._parts.audit._writer.walk_once()
    times = lines = 0
    cursor: str | None = None
    while True:
        page = await engine.audit(AuditQuery(limit=1_000, cursor=cursor))
        lines += len(page.entries)
        times += sum(one.times for one in page.entries)
        cursor = page.cursor
        if cursor is None:
            break
    assert times == seconds * each
    # those of a minute, and in each second one and the one that counts
    assert lines <= 10 * 60 + 2 * seconds + 11


async def test_lines_wait_for_the_store_and_what_has_no_room_is_counted(
    engine: Engine, kept: Away, clock: ManualClock
) -> None:
    kept.is_away = True
    for second in range(5):
        for n in range(8):
            engine.refused(a_caller(f"c-{n}"), "read", "door", f"d-{second}", "no")
        clock.advance(timedelta(seconds=1))
    assert await log_of(engine) == []
    kept.is_away = False
    found = await log_of(engine)
    assert len(found) == 26
    assert sum(one.times for one in found) == 40
    assert "could not be written" in next(one.detail for one in found if one.action == BEYOND)


async def test_an_export_that_is_further_on_does_not_miss_lines_that_had_to_wait(
    engine: Engine, kept: Away, clock: ManualClock
) -> None:
    kept.is_away = True
    began = clock.now()
    for second in range(5):
        for n in range(8):
            engine.refused(a_caller(f"c-{n}"), "read", "door", f"d-{second}", "no")
        clock.advance(timedelta(seconds=1))
    for minutes in (0, 10, 20):
        clock.advance(timedelta(minutes=minutes))
        # another attempt, which fails but for the last
        kept.is_away = minutes < 20
        found = await log_of(engine)
    written = clock.now()
    # their time is that of writing, and their own is said once
    assert {one.at for one in found} == {written}
    assert sum(one.times for one in found) == 40
    own = f"at {began:%Y-%m-%dT%H:%M:%SZ}: no"
    assert [one.detail for one in found if one.id == "d-0"] == [own] * 8


async def test_what_was_refused_is_written_when_the_engine_closes(kept: Away) -> None:
    async with Engine(kept, [DoorFlow]) as engine:
        engine.refused(a_caller(), "send", "door", "d-1", "no")
    async with Engine(kept, [DoorFlow]) as engine:
        assert [one.id for one in (await engine.audit(AuditQuery())).entries] == ["d-1"]


async def test_texts_of_a_refusal_are_cut_and_storable(engine: Engine) -> None:
    engine.refused(a_caller("b" * 5_000), "a" * 999, "m" * 9_999, "\ud800" * 9_999, "d\n" * 9_999)
    (found,) = await log_of(engine)
    assert [len(t) for t in (found.caller, found.action, found.machine)] == [200, 60, 200]
    assert found.id.encode() == b"?" * 299 + "…".encode()
    assert len(found.detail) == 500


async def test_the_log_is_kept_for_its_days(engine: Engine, clock: ManualClock) -> None:
    engine.refused(a_caller(), "send", "door", "old", "no")
    await log_of(engine)
    clock.advance(timedelta(days=400, seconds=-1))
    engine.refused(a_caller(), "send", "door", "new", "no")
    await engine._parts.audit._purger.walk_once()
    assert [one.id for one in await log_of(engine)] == ["old", "new"]
    clock.advance(timedelta(seconds=2))
    await engine._parts.audit._purger.walk_once()
    assert [one.id for one in await log_of(engine)] == ["new"]
