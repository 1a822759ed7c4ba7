"""Instances that can't be read are incidents, and keep no other from anything."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pydantic import BaseModel, field_validator

from statehold import (
    Engine,
    Event,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    effect,
    minutes,
    on,
    on_result,
)
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.engine.retention.policy import Retention
from statehold.errors import (
    ActRefused,
    InstanceUnreadable,
    InvalidPayload,
    UnknownIncident,
)
from statehold.records import Caller, Entry, Message, Ref, Row, Write
from statehold.store import Query, Store, Unwritable, WriteResult
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.world import PATIENCE, World, an_incident, journal, kinds, quiet

pytestmark = pytest.mark.anyio

ANN = Caller("ann")
#: bad rows of each kind
MANY = 1000
#: nested deeper than anything reads
DEEP = b"[" * 100_000


class Job(BaseModel):
    n: int = 0


class Go(Event):
    pass


@effect
async def work(job: Job) -> None: ...


class Jobs(Machine[Job], name="jobs", version=1):
    idle = State(initial=True)
    waiting = State()
    working = State(invoke=work)
    over = Final()
    go = on(Go, idle >> waiting)
    lapse = after(minutes(1), waiting >> over)
    done = on_result(work, working >> over)


class Other(Machine[Job], name="other", version=1):
    lit = State(initial=True)
    out = Final()
    lapse = after(minutes(1), lit >> out)


def broken(row: Row, kind: str) -> Row:
    """The same, as nobody can read it."""
    document = msgspec.json.decode(row.document)
    if kind == "no JSON":
        return replace(row, document=b"\xff{")
    if kind == "nested too deep":
        return replace(row, document=DEEP)
    if kind == "data of another type":
        return replace(row, document=msgspec.json.encode({**document, "data": {"n": "x"}}))
    if kind == "timers of another shape":
        return replace(row, document=msgspec.json.encode({**document, "timers": [{"id": 1}]}))
    if kind == "an unknown state":
        return replace(row, state=("gone",))
    assert kind == "no state"
    return replace(row, state=())


KINDS = [
    "no JSON",
    "nested too deep",
    "data of another type",
    "timers of another shape",
    "an unknown state",
    "no state",
]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes openings of one store, one after the other."""
    if request.param == "memory":
        memory = Memory()
        return lambda: MemoryStore(memory)
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "s.db")
    dsn = request.getfixturevalue("migrated_dsn")
    return lambda: PostgresStore(dsn)


async def spread(store: Store, worker: str, rows: list[Row], **parts: Any) -> None:
    """Writes rows that are new."""
    await store.open(worker)
    await store.join(worker, minutes(5))
    for first in range(0, len(rows), 500):
        await store.commit([Write(row, None, **parts) for row in rows[first : first + 500]])
    await store.close()


async def a_row(machine: type[Machine[Job]], clock: ManualClock) -> Row:
    """One that waits for its timer."""
    async with Engine(MemoryStore(), [Jobs, Other], clock=clock) as engine:
        await engine.start(machine, "one")
        if machine is Jobs:
            await engine.send(Jobs, "one", Go())
        (row,) = (await engine._parts.store.load([Ref(machine.definition.name, "one")])).values()
    return replace(row, rev=1)


async def until_over(engine: Engine, machine: str, ids: list[str]) -> None:
    """Waits until they are all done: in real time, while the engine's clock stands still."""
    async with asyncio.timeout(60):
        while True:
            rows = await engine._parts.store.load([Ref(machine, id) for id in ids])
            if all(row.status == "done" for row in rows.values()):
                return
            await asyncio.sleep(0)


async def test_among_thousands_that_cannot_be_read_every_good_instance_is_on_time(
    stores: Any,
) -> None:
    clock = ManualClock()
    jobs, other = await a_row(Jobs, clock), await a_row(Other, clock)
    bad = [
        replace(broken(jobs, kind), id=f"bad-{number}-{n}")
        for number, kind in enumerate(KINDS)
        for n in range(MANY if kind != "nested too deep" else 20)
    ]
    late = replace(jobs, wake_at=jobs.wake_at and jobs.wake_at + minutes(0.001))
    good = [replace(late, id=f"good-{n}") for n in range(20)]
    others = [replace(other, id=f"o-{n}") for n in range(20)]
    await spread(stores(), "w1", [*bad, *good, *others])
    clock.advance(minutes(1.1))
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2") as engine:
        await until_over(engine, "jobs", [row.id for row in good])
        await until_over(engine, "other", [row.id for row in others])
        assert (await engine.incidents()).count == min(1000, len(bad))
        page = await engine.incidents(limit=5)
        assert [one.kind for one in page.incidents] == ["unreadable"] * 5
        assert (await engine.list(Query("jobs", incidents=True, limit=7))).cursor is not None
        assert await engine._parts.store.next_wake(["jobs"]) is None


async def test_among_many_that_dead_workers_hold_every_good_one_is_rescued(stores: Any) -> None:
    clock = ManualClock()
    jobs = await a_row(Jobs, clock)
    document = msgspec.json.decode(jobs.document)
    begun = jobs.changed_at.isoformat()
    document |= {
        "timers": [],
        "effects": [{"key": "2.1", "invoke": "working.work", "name": "work", "kind": "effect",
                     "state": "working", "asked_at": begun}],
        "tries": {"2.1": {"worker": "w0"}},
    }  # fmt: skip
    invoke = Jobs.definition.chart.states
    (one,) = [state.invokes[0] for state in invoke if state.invokes]
    document["effects"][0] |= {"invoke": one.id, "name": one.name}
    held = replace(
        jobs,
        state=("working",),
        wake_at=None,
        held_by=("w0",),
        document=msgspec.json.encode(document),
    )
    bad = [
        replace(broken(held, kind), id=f"bad-{number}-{n}")
        for number, kind in enumerate(KINDS)
        for n in range(MANY // 5 if kind != "nested too deep" else 5)
    ]
    #: a row that says that it is held, and a document that knows of nothing
    bad += [replace(jobs, id=f"wrong-{n}", wake_at=None, held_by=("w0",)) for n in range(50)]
    good = [replace(held, id=f"good-{n}") for n in range(20)]
    await spread(stores(), "w1", [*bad, *good])
    limits = Limits(page=50)
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2", limits=limits) as engine:
        await until_over(engine, "jobs", [row.id for row in good])
        assert await engine._parts.store.orphans(["jobs"], None, 10) == []


async def test_messages_to_many_that_cannot_be_read_keep_no_other_message(stores: Any) -> None:
    clock = ManualClock()
    jobs = await a_row(Jobs, clock)
    idle = replace(jobs, state=("idle",), wake_at=None)
    bad = [replace(broken(idle, "no JSON"), id=f"bad-{n}") for n in range(200)]
    good = [replace(idle, id=f"good-{n}") for n in range(5)]
    body = b'{"event":{"type":"Go"}}'
    store = stores()
    await store.open("w1")
    await store.join("w1", minutes(5))
    for row in [*bad, *good]:
        message = Message(row.ref, "event", body)
        assert await store.commit([Write(row, None, messages=[message])])
    garbage = [Message(one.ref, "event", b"\xff{") for one in good]
    await store.commit([Write(replace(idle, id="s"), None, messages=garbage)])
    await store.close()
    limits = Limits(page=50)
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2", limits=limits) as engine:
        refs = [row.ref for row in good]
        async with asyncio.timeout(PATIENCE):
            while True:
                rows = (await engine._parts.store.load(refs)).values()
                are_there = all(row.state == ("waiting",) for row in rows)
                if are_there and not await engine._parts.store.mailed(refs):
                    break
                await asyncio.sleep(0)


@pytest.fixture
async def spoilt(world: World) -> AsyncIterator[Engine]:
    """An engine with one instance that can't be read, ``bad``, and one that can, ``good``."""
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "good")
        await engine.start(Jobs, "bad", {"n": 7})
        await engine.send(Jobs, "bad", Go())
    await spoil(world, "bad", "data of another type")
    async with world.running(Jobs, Other) as engine:
        yield engine


async def spoil(world: World, id: str, kind: str) -> None:
    """What a release that wrote otherwise has left."""
    store = world.store()
    await store.open("spoiler")
    row = (await store.load([Ref("jobs", id)]))[Ref("jobs", id)]
    await store.commit([Write(replace(broken(row, kind), rev=row.rev + 1), row.rev)])
    await store.close()


async def test_what_cannot_be_read_is_an_incident_that_says_why_and_what_to_do(
    spoilt: Engine,
) -> None:
    with pytest.raises(InstanceUnreadable, match="repair"):
        await spoilt.read(Jobs, "bad")
    incident = await an_incident(spoilt)
    assert (incident.id, incident.kind) == ("jobs/bad/unreadable", "unreadable")
    assert "valid integer" in incident.error
    assert (await spoilt.list(Query("jobs", incidents=True))).instances[0].id == "bad"
    assert (await spoilt.read(Jobs, "good")).state == ["idle"]


async def test_it_refuses_its_own_requests_and_no_other_of_its_turn(spoilt: Engine) -> None:
    refused, taken = await asyncio.gather(
        spoilt.send(Jobs, "bad", Go()), spoilt.send(Jobs, "good", Go()), return_exceptions=True
    )
    assert isinstance(refused, InstanceUnreadable)
    assert not isinstance(taken, BaseException)
    assert taken.state == ["waiting"]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_can_be_cancelled_and_purged(world: World, kind: str) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad", {"n": 7})
    await spoil(world, "bad", kind)
    async with world.running(Jobs, Other) as engine:
        with pytest.raises(InstanceUnreadable):
            await engine.send(Jobs, "bad", Go())
        answer = await engine.cancel(Jobs, "bad", reason="beyond help", caller=ANN)
        assert answer.status == "cancelled"
        assert (await engine.read(Jobs, "bad")).status == "cancelled"
        assert (await engine.incidents()).incidents == []
        line = (await journal(engine, Jobs, "bad"))[-1]
        assert (line.kind, line.caller, line.reason) == ("cancel", "ann", "beyond help")
        world.clock.advance(minutes(5))
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 1


async def test_what_is_over_is_shown_as_it_was_stored_whatever_the_type_says(world: World) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad", {"n": 7})
        await engine.cancel(Jobs, "bad")
    await spoil(world, "bad", "data of another type")
    async with world.running(Jobs, Other) as engine:
        answer = await engine.read(Jobs, "bad")
        assert (answer.status, answer.view) == ("cancelled", {"n": "x"})
        assert (await engine.explain(Jobs, "bad")).instance.status == "cancelled"
        assert (await engine.incidents()).count == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_over_is_purged_and_archived_whatever_is_left_of_it(
    world: World, kind: str, tmp_path: Path
) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad", {"n": 7})
        await engine.cancel(Jobs, "bad")
    await spoil(world, "bad", kind)
    async with world.running(Jobs, Other) as engine:
        world.clock.advance(minutes(5))
        archive = tmp_path / "archive"
        archive.mkdir()
        assert (await engine.purge(Jobs, Retention(minutes(1), archive))).purged == 1
        (file,) = archive.iterdir()
        (line,) = file.read_text().splitlines()
        assert msgspec.json.decode(line)["id"] == "bad"


async def test_it_is_repaired_with_new_data_and_goes_on(spoilt: Engine, world: World) -> None:
    answer = await spoilt.repair(Jobs, "bad", {"n": 8}, reason="typo", caller=ANN)
    assert (answer.state, answer.view) == (["waiting"], Job(n=8))
    assert (await spoilt.incidents()).count == 0
    line = (await journal(spoilt, Jobs, "bad"))[-1]
    assert (line.kind, line.caller, line.reason) == ("repair", "ann", "typo")
    assert "valid integer" in line.event["why"]
    assert (await spoilt.at(Jobs, "bad", line.seq)).data == {"n": 8}
    # the timer that was running still is
    world.clock.advance(minutes(1))
    await quiet()
    assert (await spoilt.read(Jobs, "bad")).status == "done"


async def test_a_repair_with_data_of_another_type_or_to_no_configuration_changes_nothing(
    spoilt: Engine,
) -> None:
    for data, state in (({"n": "x"}, ()), ({"n": 1}, ["nowhere"]), ({"n": 1}, ["idle", "over"])):
        with pytest.raises(InvalidPayload):
            await spoilt.repair(Jobs, "bad", data, state=state)
    assert (await an_incident(spoilt)).kind == "unreadable"
    assert len(await spoilt._parts.store.journal(Ref("jobs", "bad"))) == 2


async def test_what_can_be_read_is_not_repaired(spoilt: Engine) -> None:
    with pytest.raises(ActRefused, match="it can be read"):
        await spoilt.repair(Jobs, "good", {"n": 1})
    assert await kinds(spoilt, Jobs, "good") == ["start"]


@pytest.mark.parametrize("kind", ["no JSON", "an unknown state", "no state"])
async def test_a_repair_to_given_states_starts_what_belongs_to_them(
    world: World, kind: str
) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad")
    await spoil(world, "bad", kind)
    async with world.running(Jobs, Other) as engine:
        answer = await engine.repair(Jobs, "bad", {"n": 1}, state=["waiting"])
        assert answer.state == ["waiting"]
        world.clock.advance(minutes(1))
        await quiet()
        assert (await engine.read(Jobs, "bad")).status == "done"


class Lax(BaseModel):
    n: int = 0


class Strict(BaseModel):
    n: int = 0

    @field_validator("n")
    @classmethod
    def positive(cls, n: int) -> int:
        if n <= 0:
            raise ZeroDivisionError("a validator may raise anything")
        return n


def _jobs_of(data: type[BaseModel]) -> type[Machine[Any]]:
    """The same chart over another type, as a release changes it without a new version."""

    class Made(Machine[data], name="jobs", version=1):  # type: ignore[valid-type]
        idle = State(initial=True)
        waiting = State()
        over = Final()
        go = on(Go, idle >> waiting)
        lapse = after(minutes(1), waiting >> over)

    return Made


async def test_it_goes_on_by_itself_where_a_release_runs_that_can_read_it(world: World) -> None:
    LaxJobs, StrictJobs = _jobs_of(Lax), _jobs_of(Strict)
    async with world.running(LaxJobs) as engine:
        await engine.start(LaxJobs, "j")
        await engine.send(LaxJobs, "j", Go())
    world.clock.advance(minutes(1))
    async with world.running(StrictJobs) as engine:
        await quiet()
        assert (await an_incident(engine)).kind == "unreadable"
        with pytest.raises(InstanceUnreadable):
            await engine.retry("jobs/j/unreadable")
    async with world.running(StrictJobs) as engine:
        # it survives a restart
        assert (await an_incident(engine)).kind == "unreadable"
    async with world.running(LaxJobs) as engine:
        await quiet()
        assert (await engine.incidents()).count == 0
        assert (await engine.read(LaxJobs, "j")).status == "done"


async def test_its_journal_can_be_read(spoilt: Engine) -> None:
    with pytest.raises(InstanceUnreadable):
        await spoilt.read(Jobs, "bad")
    assert await kinds(spoilt, Jobs, "bad") == ["start", "event"]
    assert (await spoilt.at(Jobs, "bad", 1)).data == {"n": 7}


@pytest.mark.parametrize("entry", [b"\xff{", b"5", DEEP], ids=["no JSON", "a number", "too deep"])
async def test_a_line_of_a_journal_that_cannot_be_read_refuses_nobody_else(
    world: World, entry: bytes
) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        await engine.start(Jobs, "good")
        row = (await engine._parts.store.load([Ref("jobs", "bad")]))[Ref("jobs", "bad")]
        line = Entry("jobs", "bad", 2, 0, row.changed_at, "event", entry, "k", b"{}")
        after = replace(row, seq=2, rev=row.rev + 1)
        assert await engine._parts.store.commit([Write(after, row.rev, [line])]) == [
            WriteResult.WRITTEN
        ]
        engine._parts.cache.drop([row.ref])
        repeated, taken = await asyncio.gather(
            engine.send(Jobs, "bad", Go(), key="k"),
            engine.send(Jobs, "good", Go()),
            return_exceptions=True,
        )
        assert isinstance(repeated, InstanceUnreadable)
        assert not isinstance(taken, BaseException)
        with pytest.raises(InstanceUnreadable, match=r"2\.0"):
            await engine.journal(Jobs, "bad")


@pytest.mark.parametrize(
    "counts", [{"rev": 2**63 - 1}, {"rev": -5}, {"seq": -1}, {"seq": 2**60}], ids=str
)
async def test_counts_that_have_no_room_refuse_nobody_else_and_are_mended(
    world: World, counts: dict[str, int]
) -> None:
    async with world.running(Jobs) as engine:
        for id in ("bad", "worse", "good"):
            await engine.start(Jobs, id)
        rows = await engine._parts.store.load([Ref("jobs", "bad"), Ref("jobs", "worse")])
        for row in rows.values():
            changed = replace(replace(row, rev=2), **counts)
            await engine._parts.store.commit([Write(changed, row.rev)])
            engine._parts.cache.drop([row.ref])
        refused, taken = await asyncio.gather(
            engine.send(Jobs, "bad", Go()),
            engine.send(Jobs, "good", Go()),
            return_exceptions=True,
        )
        assert isinstance(refused, InstanceUnreadable)
        assert not isinstance(taken, BaseException)
        repaired = await engine.repair(Jobs, "bad", {"n": 8})
        assert (repaired.seq, repaired.view) == (2, Job(n=8))
        assert (await engine.send(Jobs, "bad", Go())).seq == 3
        assert (await engine.cancel(Jobs, "worse")).status == "cancelled"
        assert (await engine.incidents()).count == 0
        world.clock.advance(minutes(5))
        # the other one's timer has come, too
        await quiet()
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 1


@pytest.mark.parametrize("place", [(2, 0), (1, 1)], ids=["a step", "a note"])
async def test_a_journal_that_goes_on_beyond_its_row_is_an_incident_that_can_be_repaired(
    world: World, place: tuple[int, int]
) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        row = (await engine._parts.store.load([Ref("jobs", "bad")]))[Ref("jobs", "bad")]
        line = Entry("jobs", "bad", *place, row.changed_at, "event", b"{}")
        await engine._parts.store.commit([Write(replace(row, rev=2), row.rev, [line])])
        engine._parts.cache.drop([row.ref])
        if place == (2, 0):
            with pytest.raises(InstanceUnreadable, match=r"line 2\.0, and its last is to be 1\.0"):
                await engine.send(Jobs, "bad", Go())
            assert (await an_incident(engine)).kind == "unreadable"
        answer = await engine.repair(Jobs, "bad", {"n": 8})
        assert answer.seq == place[0] + 1
        assert (await engine.send(Jobs, "bad", Go())).state == ["waiting"]


async def test_what_the_store_has_no_room_for_is_refused_alone(world: World) -> None:
    def check(writes: Sequence[Write]) -> None:
        if any(write.row.id == "bad" for write in writes):
            raise Unwritable("it is too long")

    ids = ("good-0", "good-1", "bad", "good-2", "good-3")
    async with world.running(Jobs) as engine:
        for id in ids:
            await engine.start(Jobs, id)
        world.gate.before = check
        answers = await asyncio.gather(
            *(engine.send(Jobs, id, Go()) for id in ids), return_exceptions=True
        )
        refused = answers.pop(2)
        assert isinstance(refused, InstanceUnreadable)
        assert "it is too long" in str(refused)
        assert not any(isinstance(answer, BaseException) for answer in answers)
        world.gate.before = lambda writes: None
        assert (await engine.read(Jobs, "bad")).state == ["idle"]
        assert (await engine.send(Jobs, "bad", Go())).seq == 2


@pytest.mark.parametrize(
    "part",
    [
        b'"parent":{"ref":{"machine":"a","id":"\\u0000"},"key":"1.0","invoke":"x"}',
        b'"tries":{"1.0":{"child":{"machine":"\\u0000","id":"c"}}}',
        b'"parts":9223372036854775807',
        b'"data":"\xff"',
    ],
    ids=["parent", "child", "notes", "text"],
)
async def test_a_document_with_what_there_cannot_be_is_no_document(
    stores: Any, part: bytes
) -> None:
    clock = ManualClock()
    row = replace(await a_row(Jobs, clock), state=("idle",), wake_at=None)
    document = row.document[:-1] + b"," + part + b"}"
    over = replace(row, id="over", status="cancelled", document=document)
    await spread(stores(), "w1", [replace(row, id="bad", document=document), over])
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2") as engine:
        for id in ("bad", "over"):
            with pytest.raises(InstanceUnreadable):
                await engine.explain(Jobs, id)
        cancelled = await engine.cancel(Jobs, "bad")
        assert msgspec.json.decode(cancelled.json())["status"] == "cancelled"
        clock.advance(minutes(5))
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 2


async def test_an_incident_of_a_kind_that_nobody_knows_hides_no_other(world: World) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        row = (await engine._parts.store.load([Ref("jobs", "bad")]))[Ref("jobs", "bad")]
        begun = row.changed_at.isoformat()
        document = msgspec.json.decode(row.document)
        document["tries"] = {"x": {"kind": "omen", "incident_at": begun}}
        raw = msgspec.json.encode(document)
        changed = replace(row, rev=2, incidents=1, document=raw)
        await engine._parts.store.commit([Write(changed, row.rev)])
        engine._parts.cache.drop([row.ref])
        with pytest.raises(InstanceUnreadable, match="omen"):
            await engine.read(Jobs, "bad")
        assert [one.kind for one in (await engine.incidents()).incidents] == ["unreadable"]


@pytest.mark.parametrize("status", ["paused", "cancelled"])
async def test_a_row_that_is_due_for_nothing_is_mended(world: World, status: Any) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        await (engine.pause if status == "paused" else engine.cancel)(Jobs, "bad")
        ref = Ref("jobs", "bad")
        row = (await engine._parts.store.load([ref]))[ref]
        await engine._parts.store.commit([Write(replace(row, rev=3, wake_at=row.since), row.rev)])
        engine._parts.cache.drop([ref])
        world.clock.advance(minutes(5))
        await quiet()
        assert await engine._parts.store.next_wake(["jobs"]) is None
        mended = (await engine._parts.store.load([ref]))[ref]
        assert (mended.rev, mended.seq, mended.status) == (4, row.seq, status)


async def test_what_is_over_and_was_set_aside_can_be_cancelled_and_purged(world: World) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        await engine.cancel(Jobs, "bad")
        ref = Ref("jobs", "bad")
        row = (await engine._parts.store.load([ref]))[ref]
        odd = replace(row, rev=3, wake_at=row.since, document=b"x")
        await engine._parts.store.commit([Write(odd, row.rev)])
        engine._parts.cache.drop([ref])
        world.clock.advance(minutes(5))
        await quiet()
        assert (await an_incident(engine)).kind == "unreadable"
        await engine.cancel(Jobs, "bad")
        assert (await engine.incidents()).count == 0
        world.clock.advance(minutes(5))
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 1


async def test_a_line_of_the_archive_can_be_read_whatever_was_stored(
    world: World, tmp_path: Path
) -> None:
    async with world.running(Jobs) as engine:
        for id in ("bad", "empty"):
            await engine.start(Jobs, id)
            await engine.cancel(Jobs, id)
        rows = await engine._parts.store.load([Ref("jobs", "bad"), Ref("jobs", "empty")])
        bad, empty = rows.values()
        broken_line = Entry("jobs", "bad", 3, 0, bad.changed_at, "event", b"\xff{", None, b"{\n}")
        odd = replace(bad, seq=3, rev=bad.rev + 1, document=b'{"data":"\xff"}')
        none = replace(empty, rev=empty.rev + 1, document=b"")
        writes = [Write(odd, bad.rev, [broken_line]), Write(none, empty.rev)]
        assert await engine._parts.store.commit(writes) == [WriteResult.WRITTEN] * 2
        engine._parts.cache.drop(rows)
        world.clock.advance(minutes(5))
        archive = tmp_path / "archive"
        archive.mkdir()
        assert (await engine.purge(Jobs, Retention(minutes(1), archive))).purged == 2
        (file,) = archive.iterdir()
        lines = map(msgspec.json.decode, file.read_text("utf-8").splitlines())
        read = {line["id"]: line for line in lines}
        assert read["bad"]["data"] == {"unreadable": '{"data":"\\xff"}'}
        assert read["bad"]["journal"][-1]["body"] == {"unreadable": "\\xff{"}
        assert read["bad"]["journal"][-1]["reply"] == {}
        assert read["empty"]["data"] == {"unreadable": ""}


async def test_a_timer_that_its_machine_does_not_have_keeps_no_other_waiting(world: World) -> None:
    """It can be read, and still nothing can be done with it."""
    limits = Limits(page=3, grace_seconds=0.0)
    async with world.running(Jobs, Other, limits=limits) as engine:
        for n in range(6):
            await engine.start(Jobs, f"bad-{n}")
            await engine.send(Jobs, f"bad-{n}", Go())
        await engine.start(Other, "o")
        rows = await engine._parts.store.load([Ref("jobs", f"bad-{n}") for n in range(6)])
        for row in rows.values():
            document = row.document.replace(b'"lapse"', b'"gone"')
            changed = replace(row, rev=row.rev + 1, document=document)
            await engine._parts.store.commit([Write(changed, row.rev)])
            engine._parts.cache.drop([row.ref])
        world.clock.advance(minutes(1))
        await quiet()
        assert (await engine.read(Other, "o")).status == "done"
        assert await engine._parts.store.next_wake(["jobs"]) is None


async def test_many_messages_to_one_machine_keep_those_to_another_waiting_for_two_pages(
    world: World,
) -> None:
    store = world.store()
    await store.open("w1")
    clock = ManualClock()
    row = replace(await a_row(Jobs, clock), state=("idle",), wake_at=None)
    twin = replace(await a_row(Other, clock), wake_at=None)
    await store.commit([Write(replace(row, id=f"j-{n}"), None) for n in range(40)])
    mail = [Message(Ref("jobs", f"j-{n}"), "event", b'{"event":{"type":"Go"}}') for n in range(40)]
    mail.append(Message(Ref("other", "o"), "cancel", b"{}"))
    await store.commit([Write(replace(twin, id="o"), None, messages=mail)])
    await store.close()
    world.gate.commits.clear()
    limits = Limits(page=5, grace_seconds=0.0)
    async with world.running(Jobs, Other, limits=limits) as engine:
        await quiet()
        assert (await engine.read(Other, "o")).status == "cancelled"
        assert (await engine.read(Jobs, "j-39")).state == ["waiting"]
        order = [write.row.machine for writes in world.gate.commits for write in writes]
        assert order.index("other") <= 10


async def test_incidents_that_only_the_row_tells_of_are_ended_by_a_retry(world: World) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        row = (await engine._parts.store.load([Ref("jobs", "bad")]))[Ref("jobs", "bad")]
        await engine._parts.store.commit([Write(replace(row, rev=2, incidents=5), row.rev)])
        engine._parts.cache.drop([row.ref])
        incident = await an_incident(engine)
        await engine.retry(incident.id, reason="the row was wrong", caller=ANN)
        assert (await engine.incidents()).incidents == []
        assert await kinds(engine, Jobs, "bad") == ["start", "retry"]


async def test_only_what_is_set_aside_is_read_again_by_hand(spoilt: Engine) -> None:
    with pytest.raises(UnknownIncident):
        await spoilt.retry("jobs/good/unreadable")


async def test_a_bulk_upgrade_tells_of_what_cannot_be_read(world: World) -> None:
    class Jobs2(Machine[Job], name="jobs", version=2):
        upgrades = (Upgrade(from_version=1),)
        idle = State(initial=True)
        waiting = State()
        working = State(invoke=work)
        over = Final()
        go = on(Go, idle >> waiting)
        lapse = after(minutes(1), waiting >> over)
        done = on_result(work, working >> over)

    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        await engine.start(Jobs, "good")
    await spoil(world, "bad", "no JSON")
    async with world.running(Jobs2) as engine:
        report = await engine.upgrade(Jobs2)
        assert (report.upgraded, set(report.failed)) == (1, {"bad"})


async def test_a_row_that_is_held_though_it_is_set_aside_keeps_no_engine_shut(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "s.db", ManualClock()
    row = replace(await a_row(Jobs, clock), held_by=("w0",), document=b"x")
    await spread(SqliteStore(path), "w1", [row])
    async with Engine(SqliteStore(path), [Jobs], clock=clock) as engine:
        assert (await an_incident(engine)).kind == "unreadable"
    with contextlib.closing(sqlite3.connect(path)) as beside:
        beside.execute("UPDATE instances SET wake_at = 1, held_by = '[\"w0\"]'")
        beside.commit()
    async with asyncio.timeout(PATIENCE), Engine(SqliteStore(path), [Jobs], clock=clock) as engine:
        await quiet()
        assert (await an_incident(engine)).kind == "unreadable"
        assert await engine._parts.store.next_wake(["jobs"]) is None
