"""Rows, documents and journals in which a part is damaged refuse nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from statehold import (
    Engine,
    minutes,
)
from statehold.engine.clock import ManualClock
from statehold.engine.commit import lookup
from statehold.engine.limits import Limits
from statehold.engine.retention.policy import Retention
from statehold.errors import InstanceUnreadable
from statehold.records import Entry, Message, Ref, Write
from statehold.store import Unwritable, WriteResult
from statehold.stores import SqliteStore
from tests.unit.engine.requests.unreadable import ANN, DEEP, Go, Job, Jobs, Other, a_row, spread
from tests.unit.engine.world import PATIENCE, World, an_incident, kinds, quiet

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("entry", [b"\xff{", b"5", DEEP], ids=["no JSON", "a number", "too deep"])
async def test_a_line_of_a_journal_that_cannot_be_read_refuses_no_other(
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
async def test_counts_that_have_no_room_refuse_no_other_and_are_mended(
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
        (row,) = (await engine._parts.store.load([Ref("jobs", "bad")])).values()
        # ids of messages that still wait may have any lower one
        assert ("rev" not in counts) or 2**50 < row.rev < 2**53
        assert (await engine.cancel(Jobs, "worse", force=True)).status == "cancelled"
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


async def test_a_step_of_another_worker_between_two_questions_is_no_damage(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "good")
        store, ref = engine._parts.store, Ref("jobs", "good")
        ask = store.journal

        async def journal_after_a_step(*given: Any) -> Sequence[Entry]:
            monkeypatch.undo()
            row = (await store.load([ref]))[ref]
            line = Entry("jobs", "good", 2, 0, row.changed_at, "event", b"{}")
            await store.commit([Write(replace(row, seq=2, rev=row.rev + 1), row.rev, [line])])
            return await ask(*given)

        # as for a request that has met conflicts
        monkeypatch.setattr(lookup, "CHECKED_AFTER", 0)
        monkeypatch.setattr(store, "journal", journal_after_a_step)
        assert (await engine.send(Jobs, "good", Go())).seq == 3
        assert (await engine.incidents()).count == 0


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
        cancelled = await engine.cancel(Jobs, "bad", force=True)
        assert msgspec.json.decode(cancelled.json())["status"] == "cancelled"
        clock.advance(minutes(5))
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 2


async def test_an_incident_of_an_unknown_kind_hides_no_other(world: World) -> None:
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


async def test_a_line_of_the_archive_can_be_read_whatever_was_stored(
    world: World, tmp_path: Path
) -> None:
    async with world.running(Jobs) as engine:
        for id in ("bad", "empty"):
            await engine.start(Jobs, id)
            await engine.cancel(Jobs, id, force=True)
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


async def test_incidents_that_only_the_row_has_are_ended_by_a_retry(world: World) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        row = (await engine._parts.store.load([Ref("jobs", "bad")]))[Ref("jobs", "bad")]
        await engine._parts.store.commit([Write(replace(row, rev=2, incidents=5), row.rev)])
        engine._parts.cache.drop([row.ref])
        incident = await an_incident(engine)
        await engine.retry(incident.id, reason="the row was wrong", caller=ANN)
        assert (await engine.incidents()).incidents == []
        assert await kinds(engine, Jobs, "bad") == ["start", "retry"]


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
