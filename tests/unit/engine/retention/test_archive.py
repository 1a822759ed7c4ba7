"""What is purged is written out first, whole."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statehold import (
    days,
)
from statehold.engine import Retention
from statehold.engine.limits import Limits
from statehold.engine.retention import archive, purge
from statehold.errors import (
    ArchiveFailed,
    Stopping,
    StoreUnavailable,
)
from statehold.records import AuditEntry, Ref, Row
from tests.unit.engine.retention.tickets import (
    Close,
    DeskFlow,
    Leave,
    TicketFlow,
    closed,
    fold,
    ids,
    lines,
    names_in,
    text_of,
    there,
    until_there,
)
from tests.unit.engine.world import (
    PATIENCE,
    World,
    journal,
    quiet,
    signal,
)

pytestmark = pytest.mark.anyio


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

        async def dies(rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
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
        worker = engine._parts.context.worker
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
