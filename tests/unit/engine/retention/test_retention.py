"""Finished instances are purged when they were kept long enough, and nothing else ever is."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Failure,
    Final,
    Machine,
    State,
    child,
    days,
    effect,
    on,
    on_failure,
    on_result,
    seconds,
)
from statehold.engine import Engine, Retention
from statehold.engine.limits import Limits
from statehold.engine.retention import archive, purge
from statehold.errors import (
    ArchiveFailed,
    Stopping,
    StoreUnavailable,
    UnknownInstance,
    UnknownMachine,
)
from statehold.instance.data_diff import apply_change
from statehold.records import Ref, Row
from statehold.store import Store
from statehold.stores import SqliteStore
from tests.unit.engine.works import lever
from tests.unit.engine.world import (
    PATIENCE,
    World,
    an_incident,
    journal,
    kind,
    quiet,
    signal,
    state,
)

pytestmark = pytest.mark.anyio

MONTH = Retention(days(30))
NOW = Retention(timedelta())


class Ticket(BaseModel):
    notes: list[str] = []


class Write(Event):
    text: str


class Close(Event):
    pass


class CloseAndBill(Event):
    pass


def write(ticket: Ticket, event: Write) -> None:
    ticket.notes.append(event.text)


@effect(attempts=2, first=seconds(1), jitter=0)
async def bill(ticket: Ticket, call: Call) -> None:
    await lever.pull(ticket, call)


class TicketFlow(Machine[Ticket], name="ticket", version=1):
    open = State(initial=True)
    closed = Final()

    writing = on(Write, open, do=write)
    closing = on(Close, open >> closed)
    billing = on(CloseAndBill, open >> closed, do=bill)


class Desk(BaseModel):
    outcome: str = ""


class Leave(Event):
    pass


def keep_failure(desk: Desk, event: Failure) -> None:
    desk.outcome = event.error


class DeskFlow(Machine[Desk], name="desk", version=1):
    """Waits for its ticket to be closed."""

    waiting = State(initial=True, invoke=child(TicketFlow))
    served = State()
    failed = State()
    left = Final()

    serve = on_result(TicketFlow, waiting >> served)
    fail = on_failure(TicketFlow, waiting >> failed, do=keep_failure)
    leave = on(Leave, (waiting | served | failed) >> left)


async def closed(engine: Engine, *ids: str, notes: int = 1) -> None:
    for id in ids:
        await engine.start(TicketFlow, id)
        for n in range(notes):
            await engine.send(TicketFlow, id, Write(text=f"{id} {n}"))
        await engine.send(TicketFlow, id, Close())


async def there(engine: Engine, machine: str = "ticket") -> set[str]:
    rows = await engine._parts.store.load([Ref(machine, f"t-{n}") for n in range(1, 10)])
    return {ref.id for ref in rows}


async def until_there(engine: Engine, *ids: str) -> None:
    """The task has come so far; what it does in threads takes real time."""
    async with asyncio.timeout(PATIENCE):
        while await there(engine) != set(ids):
            await quiet()
    # and asleep again
    await quiet()


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def text_of(directory: Path) -> str:
    return "".join((directory / name).read_text("utf-8") for name in names_in(directory))


def lines(directory: Path) -> list[dict[str, Any]]:
    """Every line of every file, in the order of the files' names."""
    return [json.loads(line) for line in text_of(directory).splitlines()]


def ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [line["id"] for line in found]


def fold(line: dict[str, Any]) -> tuple[int, list[str], Any]:
    """What an archived journal comes to."""
    data: Any = None
    steps = [entry for entry in line["journal"] if entry["part"] == 0]
    for entry in steps:
        body = entry["body"]
        if "data" in body:
            data = body["data"]
        elif body.get("change"):
            data = apply_change(data, body["change"])
    assert [entry["seq"] for entry in steps] == list(range(1, len(steps) + 1))
    return steps[-1]["seq"], steps[-1]["body"]["state"], data


# --- when ----------------------------------------------------------------------------------------


async def test_what_was_kept_long_enough_is_purged_by_itself(world: World) -> None:
    async with world.running(TicketFlow, retention=MONTH) as engine:
        await closed(engine, "t-1")
        world.clock.advance(days(1))
        await closed(engine, "t-2")
        world.clock.advance(days(29) - timedelta(seconds=1))
        await quiet()
        assert await there(engine) == {"t-1", "t-2"}
        world.clock.advance(timedelta(minutes=2))
        await quiet()
        assert await there(engine) == {"t-2"}
        with pytest.raises(UnknownInstance):
            await engine.read(TicketFlow, "t-1")
        world.clock.advance(days(1))
        await quiet()
        assert await there(engine) == set()


async def test_without_a_retention_nothing_is_ever_purged(world: World) -> None:
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1")
        world.clock.advance(days(36_500))
        await quiet()
        assert await there(engine) == {"t-1"}


async def test_each_machine_is_kept_for_its_own_time(world: World) -> None:
    async with world.running(TicketFlow, DeskFlow, retention={"desk": NOW}) as engine:
        await closed(engine, "t-1")
        await engine.start(DeskFlow, "t-1")
        await quiet()
        await engine.send(DeskFlow, "t-1", Leave())
        await quiet()
        world.clock.advance(timedelta(minutes=2))
        await quiet()
        assert await there(engine, "desk") == set()
        assert await there(engine) == {"t-1"}


async def test_what_waited_while_no_engine_ran_is_purged_at_the_next_opening(world: World) -> None:
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1", "t-2")
    world.clock.advance(days(31))
    async with world.running(TicketFlow, retention=MONTH) as engine:
        await quiet()
        assert await there(engine) == set()


async def test_more_than_one_page_is_purged_in_one_walk(world: World) -> None:
    async with world.running(TicketFlow, limits=Limits(purge_page=2, purge_entries=1)) as engine:
        await closed(engine, *(f"t-{n}" for n in range(1, 8)))
        assert (await engine.purge(TicketFlow, NOW)).purged == 7
        assert await there(engine) == set()


async def test_large_documents_are_purged_in_smaller_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "BATCH_BYTES", 1)
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1", "t-2", "t-3")
        sizes: list[int] = []
        forget = engine._parts.store.forget

        async def counted(rows: Sequence[Row]) -> list[bool]:
            sizes.append(len(rows))
            return await forget(rows)

        monkeypatch.setattr(engine._parts.store, "forget", counted)
        assert (await engine.purge(TicketFlow, NOW)).purged == 3
        assert sizes == [1, 1, 1]


# --- what stays ----------------------------------------------------------------------------------


async def test_what_is_younger_or_running_or_paused_stays(world: World) -> None:
    async with world.running(TicketFlow) as engine:
        await engine.start(TicketFlow, "t-1")
        await engine.start(TicketFlow, "t-2")
        await engine.pause(TicketFlow, "t-2")
        world.clock.advance(days(31))
        await closed(engine, "t-3")
        report = await engine.purge(TicketFlow, MONTH)
        assert (report.purged, report.kept) == (0, 0)
        assert report.before == world.clock.now() - days(30)
        assert await there(engine) == {"t-1", "t-2", "t-3"}


async def test_a_cancelled_one_is_purged_like_one_that_is_done(world: World) -> None:
    async with world.running(TicketFlow) as engine:
        await engine.start(TicketFlow, "t-1")
        await engine.cancel(TicketFlow, "t-1")
        assert (await engine.purge(TicketFlow, NOW)).purged == 1


async def test_one_whose_last_effect_is_still_tried_stays_until_it_has_ended(world: World) -> None:
    held = asyncio.Event()
    lever.answers.append(held)
    async with world.running(TicketFlow) as engine:
        await engine.start(TicketFlow, "t-1")
        await engine.send(TicketFlow, "t-1", CloseAndBill())
        await signal(lever.called)
        report = await engine.purge(TicketFlow, NOW)
        assert (report.purged, report.kept) == (0, 1)
        held.set()
        await kind(engine, TicketFlow, "t-1", "done")
        assert (await engine.purge(TicketFlow, NOW)).purged == 1


async def test_one_with_an_incident_stays_until_a_person_has_seen_to_it(world: World) -> None:
    lever.answers.append(ValueError("no paper"))
    limits = Limits(grace_seconds=0.0)
    async with world.running(TicketFlow, limits=limits) as engine:
        await engine.start(TicketFlow, "t-1")
        await engine.send(TicketFlow, "t-1", CloseAndBill())
        for _ in range(10):
            await quiet()
            world.clock.advance(timedelta(hours=1))
        incident = await an_incident(engine)
        assert (await engine.purge(TicketFlow, NOW)).kept == 1
        await engine.skip(incident.id)
        assert (await engine.purge(TicketFlow, NOW)).purged == 1


async def test_a_child_stays_until_its_parent_has_heard_of_its_end(world: World) -> None:
    async with world.running(TicketFlow, DeskFlow) as engine:
        await engine.start(DeskFlow, "t-1")
        await quiet()
        await engine.pause(DeskFlow, "t-1")
        await engine.send(TicketFlow, "t-1:1.1", Close())
        await quiet()
        report = await engine.purge(TicketFlow, NOW)
        assert (report.purged, report.kept) == (0, 1)
        await engine.resume(DeskFlow, "t-1")
        await state(engine, DeskFlow, "t-1", "served")
        assert (await engine.purge(TicketFlow, NOW)).purged == 1
        assert (await engine.send(DeskFlow, "t-1", Leave())).status == "done"


async def test_one_that_changed_since_it_was_found_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1")
        forget = engine._parts.store.forget

        async def late(rows: Sequence[Row]) -> list[bool]:
            return await forget([replace(row, rev=row.rev - 1) for row in rows])

        monkeypatch.setattr(engine._parts.store, "forget", late)
        report = await engine.purge(TicketFlow, NOW)
        assert (report.purged, report.kept) == (0, 1)
        assert len(await journal(engine, TicketFlow, "t-1")) == 3


async def test_a_dry_run_counts_and_changes_nothing(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1", "t-2")
        await engine.start(TicketFlow, "t-3")
        dry = await engine.purge(TicketFlow, Retention(timedelta(), folder), dry_run=True)
        assert (dry.purged, dry.dry_run) == (2, True)
        assert await there(engine) == {"t-1", "t-2", "t-3"}
        assert names_in(folder) == []


# --- afterwards ----------------------------------------------------------------------------------


async def test_an_id_that_is_used_again_begins_at_one_with_an_empty_journal(world: World) -> None:
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1", notes=70)
        await engine.purge(TicketFlow, NOW)
        assert (await engine.start(TicketFlow, "t-1")).seq == 1
        assert [line.kind for line in await journal(engine, TicketFlow, "t-1")] == ["start"]
        await engine.send(TicketFlow, "t-1", Write(text="again"))
        assert (await engine.at(TicketFlow, "t-1", 2)).data == {"notes": ["again"]}


async def test_a_key_is_remembered_as_long_as_its_instance(world: World) -> None:
    async with world.running(TicketFlow) as engine:
        first = await engine.start(TicketFlow, key="k")
        assert (await engine.start(TicketFlow, key="k")).id == first.id
        await engine.send(TicketFlow, first.id, Close())
        assert (await engine.start(TicketFlow, key="k")).status == "running"
        await engine.purge(TicketFlow, NOW)
        again = await engine.start(TicketFlow, key="k")
        assert (again.id, again.seq) == (first.id, 1)
        assert (await engine.read(TicketFlow, first.id)).status == "running"


async def test_a_child_that_was_kept_longer_than_its_parent_does_not_hold_up_the_next(
    world: World,
) -> None:
    async with world.running(TicketFlow, DeskFlow) as engine:
        await engine.start(DeskFlow, "t-1")
        await quiet()
        await engine.send(TicketFlow, "t-1:1.1", Close())
        await state(engine, DeskFlow, "t-1", "served")
        await engine.send(DeskFlow, "t-1", Leave())
        assert (await engine.purge(DeskFlow, NOW)).purged == 1
        await engine.start(DeskFlow, "t-1")
        await state(engine, DeskFlow, "t-1", "failed")
        assert (await engine.read(DeskFlow, "t-1")).view.outcome == "InstanceExists"


async def test_what_is_left_of_a_walk_that_was_broken_off_is_given_back_at_the_next_opening(
    tmp_path: Path, anyio_backend: str
) -> None:
    world = World("sqlite", tmp_path / "s.db")
    engine = await world.open(TicketFlow)
    await closed(engine, "t-1", notes=20)
    store: Store = engine._parts.store
    await store.forget(list((await store.load([Ref("ticket", "t-1")])).values()))
    await world.stop(engine)
    engine = await world.open(TicketFlow)
    await quiet()
    assert isinstance(engine._parts.store, SqliteStore)
    file = engine._parts.store._open
    assert file is not None
    assert file.db.execute("SELECT count(*) FROM journal").fetchone() == (0,)
    await world.close()


# --- the archive ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    made.mkdir()
    return made


async def test_what_is_purged_is_written_out_first_whole(world: World, folder: Path) -> None:
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1", notes=130)
        await engine.start(TicketFlow, "t-2", key="ours")
        await engine.send(TicketFlow, "t-2", Close(), key="theirs")
        told = await journal(engine, TicketFlow, "t-1")
        row = (await world.rows(engine, ("ticket", "t-1")))[Ref("ticket", "t-1")]
        assert (await engine.purge(TicketFlow, Retention(timedelta(), folder))).purged == 2
        assert await there(engine) == set()
    first, second = lines(folder)
    assert (first["format"], first["machine"], first["id"]) == (1, "ticket", "t-1")
    assert (first["status"], first["state"], first["rev"]) == ("done", ["closed"], row.rev)
    assert first["since"] == row.since.isoformat().replace("+00:00", "Z")
    assert first["data"] == {"notes": [f"t-1 {n}" for n in range(130)]}
    assert fold(first) == (132, ["closed"], first["data"])
    assert [(one["seq"], one["part"], one["kind"]) for one in first["journal"]] == [
        (line.seq, line.part, line.kind) for line in told
    ]
    assert [one["key"] for one in second["journal"]] == ["ours", "theirs"]
    assert second["journal"][1]["reply"]["seq"] == 2


async def test_the_task_writes_out_what_it_purges(world: World, folder: Path) -> None:
    retention = Retention(days(30), folder)
    async with world.running(TicketFlow, retention=retention) as engine:
        await closed(engine, "t-1")
        await quiet()
        world.clock.advance(days(31))
        await until_there(engine)
        await closed(engine, "t-2")
        world.clock.advance(timedelta(hours=1))
        await closed(engine, "t-3")
        await quiet()
        world.clock.advance(days(30))
        await until_there(engine)
    assert ids(lines(folder)) == ["t-1", "t-2", "t-3"]


async def test_a_crash_between_writing_out_and_purging_repeats_a_line_and_loses_nothing(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retention = Retention(timedelta(), folder)
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1")

        async def dies(rows: Sequence[Row]) -> list[bool]:
            raise StoreUnavailable("the test has taken it away")

        with monkeypatch.context() as patched:
            patched.setattr(engine._parts.store, "forget", dies)
            with pytest.raises(StoreUnavailable):
                await engine.purge(TicketFlow, retention)
        assert await there(engine) == {"t-1"}
        assert len(await journal(engine, TicketFlow, "t-1")) == 3
        assert (await engine.purge(TicketFlow, retention)).purged == 1
    first, second = lines(folder)
    assert first == second


@pytest.mark.parametrize("fails", ["write", "fsync"])
async def test_nothing_is_purged_that_could_not_be_written_out(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    retention = Retention(timedelta(), folder)
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1")

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            if fails == "write":
                patched.setattr(archive.Archive, "_begin", full)
            else:
                patched.setattr(os, "fsync", full)
            with pytest.raises(ArchiveFailed, match="No space left"):
                await engine.purge(TicketFlow, retention)
        assert await there(engine) == {"t-1"}
        assert names_in(folder) == []
        assert (await engine.purge(TicketFlow, retention)).purged == 1
    assert ids(lines(folder)) == ["t-1"]


async def test_a_line_that_is_broken_off_is_taken_back(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "GATHER_BYTES", 100)
    monkeypatch.setattr(purge, "ENTRIES", 5)
    limits = Limits(purge_page=1, grace_seconds=0.0)
    async with world.running(TicketFlow, limits=limits) as engine:
        await closed(engine, "t-1", "t-2", notes=20)
        store, read = engine._parts.store, engine._parts.store.journal

        async def away(ref: Ref, after: tuple[int, int] = (0, -1), limit: int = 100) -> Any:
            if ref.id == "t-2" and after[0] > 10:
                # half of it is in the file
                assert '"t-2"' in text_of(folder)
                raise StoreUnavailable("the test has taken it away")
            return await read(ref, after, limit)

        with monkeypatch.context() as patched:
            patched.setattr(store, "journal", away)
            with pytest.raises(StoreUnavailable):
                await engine.purge(TicketFlow, Retention(timedelta(), folder))
        assert await there(engine) == {"t-2"}
        assert ids(lines(folder)) == ["t-1"]
        await engine.purge(TicketFlow, Retention(timedelta(), folder))
    assert [fold(line)[0] for line in lines(folder)] == [22, 22]


class Midway:
    """Holds the thread that writes the line of an instance, once a part of it is in the file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, id: str) -> None:
        monkeypatch.setattr(archive, "GATHER_BYTES", 1)
        monkeypatch.setattr(purge, "ENTRIES", 5)
        self.reached = asyncio.Event()
        self.go_on = threading.Event()
        loop, flush = asyncio.get_running_loop(), archive.Archive._flush

        def held(writing: archive.Archive) -> None:
            ours = f'"id":"{id}"'.encode() in writing._buffer
            flush(writing)
            if ours:
                loop.call_soon_threadsafe(self.reached.set)
                assert self.go_on.wait(PATIENCE)

        monkeypatch.setattr(archive.Archive, "_flush", held)


async def test_an_engine_that_stops_ends_the_walk_and_leaves_whole_lines(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await world.open(TicketFlow, limits=Limits(purge_page=1, grace_seconds=0.0))
    await closed(engine, "t-1", "t-2", notes=20)
    midway = Midway(monkeypatch, "t-2")
    walk = asyncio.create_task(engine.purge(TicketFlow, Retention(timedelta(), folder)))
    await signal(midway.reached)
    assert await there(engine) == {"t-2"}
    stopping = asyncio.create_task(world.stop(engine))
    await quiet()
    midway.go_on.set()
    with pytest.raises(Stopping):
        await walk
    await stopping
    assert ids(lines(folder)) == ["t-1"]
    async with world.running(TicketFlow) as engine:
        assert await there(engine) == {"t-2"}


async def test_a_walk_that_is_cancelled_leaves_whole_lines(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running(TicketFlow, limits=Limits(purge_page=1)) as engine:
        await closed(engine, "t-1", "t-2", notes=20)
        midway = Midway(monkeypatch, "t-2")
        walk = asyncio.create_task(engine.purge(TicketFlow, Retention(timedelta(), folder)))
        await signal(midway.reached)
        walk.cancel()
        await quiet()
        assert '"t-2"' in text_of(folder)
        midway.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await walk
        assert ids(lines(folder)) == ["t-1"]
        assert await there(engine) == {"t-2"}


async def test_a_file_begins_each_day_and_beyond_its_size_and_at_each_opening(
    world: World, folder: Path
) -> None:
    retention = Retention(timedelta(), folder)
    limits = Limits(archive_bytes=1, purge_seconds=1.0)
    async with world.running(TicketFlow, limits=limits) as engine:
        await closed(engine, "t-1", "t-2")
        await engine.purge(TicketFlow, retention)
        await closed(engine, "t-3")
        await engine.purge(TicketFlow, retention)
        worker = engine._parts.runtime.worker
    numbered = [f"ticket.2026-01-01.{worker}.{n}.jsonl" for n in (1, 2, 3)]
    assert names_in(folder) == numbered
    # what instances were is for the server's user alone
    assert {os.stat(folder / name).st_mode & 0o777 for name in numbered} == {0o600}
    async with world.running(TicketFlow, retention=retention) as engine:
        for id in ("t-4", "t-5"):
            world.clock.advance(days(1))
            await closed(engine, id)
            await quiet()
            world.clock.advance(timedelta(minutes=1))
            await until_there(engine)
    names = [name.split(".")[1] for name in names_in(folder)]
    assert names == ["2026-01-01"] * 3 + ["2026-01-02", "2026-01-03"]
    assert sorted(ids(lines(folder))) == [f"t-{n}" for n in range(1, 6)]


async def test_an_archive_that_is_not_there_keeps_the_engine_from_opening(
    world: World, tmp_path: Path
) -> None:
    with pytest.raises(ArchiveFailed, match=r"nowhere is no directory; make it"):
        await world.open(TicketFlow, retention=Retention(days(1), tmp_path / "nowhere"))
    # and keeps nobody else out of the store
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1")


async def test_an_archive_that_is_lost_keeps_only_its_own_machine_from_being_purged(
    world: World, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    retention = {"ticket": Retention(days(1), folder), "desk": Retention(days(1))}
    async with world.running(TicketFlow, DeskFlow, retention=retention) as engine:
        await engine.start(DeskFlow, "t-1")
        await quiet()
        await engine.send(DeskFlow, "t-1", Leave())
        await closed(engine, "t-2")
        os.rmdir(folder)
        world.clock.advance(days(2))
        async with asyncio.timeout(PATIENCE):
            while await there(engine, "desk"):
                await quiet()
        await quiet()
        assert await there(engine) == {"t-2"}
        assert "nothing of ticket can be purged" in caplog.text
        os.mkdir(folder)
        world.clock.advance(timedelta(minutes=1))
        await until_there(engine)
    assert "t-2" in ids(lines(folder))


# --- beside traffic and other workers ------------------------------------------------------------


async def test_traffic_goes_on_while_old_instances_are_purged(world: World, folder: Path) -> None:
    limits = Limits(purge_page=3, purge_entries=7, grace_seconds=0.0)
    async with world.running(TicketFlow, limits=limits) as engine:
        old = [f"old-{n}" for n in range(20)]
        await closed(engine, *old, notes=10)
        live = [f"live-{n}" for n in range(10)]
        for id in live:
            await engine.start(TicketFlow, id)
        walk = asyncio.create_task(engine.purge(TicketFlow, Retention(timedelta(), folder)))
        sent = 0
        while not walk.done():
            text = f"{sent}"
            await asyncio.gather(*(engine.send(TicketFlow, i, Write(text=text)) for i in live))
            sent += 1
        assert (await walk).purged == 20
        assert sent > 1
        for id in live:
            told = await journal(engine, TicketFlow, id)
            assert [line.seq for line in told] == list(range(1, sent + 2))
            past = await engine.at(TicketFlow, id, sent + 1)
            assert past.data == {"notes": [str(n) for n in range(sent)]}
            assert past.data == json.loads((await engine.read(TicketFlow, id)).json())["view"]
    assert sorted(ids(lines(folder))) == sorted(old)


async def test_workers_that_share_a_store_write_out_each_instance_once(
    tmp_path: Path, folder: Path, anyio_backend: str
) -> None:
    world = World("memory", tmp_path / "unused")
    retention = Retention(days(30), folder)
    limits = Limits(purge_page=2, grace_seconds=0.0)
    first, second = [
        await world.open(TicketFlow, shared=True, retention=retention, limits=limits)
        for _ in range(2)
    ]
    names = [f"t-{n}" for n in range(1, 10)]
    await closed(first, *names)
    world.clock.advance(days(31))
    await until_there(first)
    assert sorted(ids(lines(folder))) == names
    assert await there(second) == set()
    await world.close()


async def test_workers_on_one_server_purge_beside_traffic(
    migrated_dsn: str, folder: Path, anyio_backend: str
) -> None:
    retention = Retention(timedelta(), folder)
    limits = Limits(purge_page=5, purge_entries=7, purge_seconds=0.01)
    first = Engine(migrated_dsn, [TicketFlow], limits=limits, retention=retention)
    second = Engine(migrated_dsn, [TicketFlow], limits=limits, retention=retention)
    async with first, second:
        await first.start(TicketFlow, "live")
        names = [f"t-{n}" for n in range(1, 10)]
        await asyncio.gather(*(closed(first, name, notes=12) for name in names))
        sent = 0
        async with asyncio.timeout(PATIENCE):
            while await there(first):
                await second.send(TicketFlow, "live", Write(text=f"{sent}"))
                sent += 1
        told = await journal(first, TicketFlow, "live")
        assert [line.seq for line in told] == list(range(1, sent + 2))
        assert (await first.machine_detail(TicketFlow)).counts == {"open": 1}
        assert (await second.start(TicketFlow, "t-1")).seq == 1
    found = lines(folder)
    assert sorted(ids(found)) == names
    assert {fold(line)[0] for line in found} == {14}


async def test_what_another_worker_has_purged_is_not_remembered(
    tmp_path: Path, anyio_backend: str
) -> None:
    world = World("memory", tmp_path / "unused")
    first, second = [await world.open(TicketFlow, shared=True) for _ in range(2)]
    await closed(first, "t-1")
    await second.purge(TicketFlow, NOW)
    await second.start(TicketFlow, "t-1")
    await second.send(TicketFlow, "t-1", Write(text="new"))
    await second.send(TicketFlow, "t-1", Write(text="newer"))
    answer = await first.send(TicketFlow, "t-1", Write(text="newest"))
    assert answer.view.notes == ["new", "newer", "newest"]
    await world.close()


async def test_what_is_purged_while_it_is_read_is_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running(TicketFlow) as engine:
        await closed(engine, "t-1")
        look = engine._parts.lookup.committed

        async def and_purged(refs: Sequence[Ref]) -> Any:
            found = await look(refs)
            await engine.purge(TicketFlow, NOW)
            return found

        monkeypatch.setattr(engine._parts.lookup, "committed", and_purged)
        for ask in (
            engine.at(TicketFlow, "t-1", 1),
            engine.explain(TicketFlow, "t-1"),
        ):
            with pytest.raises(UnknownInstance):
                await ask
            await closed(engine, "t-1")


# --- what is said wrong --------------------------------------------------------------------------


async def test_a_retention_of_an_unknown_machine_is_refused(world: World) -> None:
    with pytest.raises(UnknownMachine, match="tickets"):
        await world.open(TicketFlow, retention={"tickets": MONTH})


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or longer"):
        Retention(timedelta(seconds=-1))
