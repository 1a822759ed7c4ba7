"""Finished instances are purged when they were kept long enough, and nothing else ever is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from statehold import (
    days,
)
from statehold.engine import Engine, Retention
from statehold.engine.limits import Limits
from statehold.engine.retention import purge
from statehold.errors import (
    UnknownInstance,
    UnknownMachine,
)
from statehold.records import AuditEntry, Ref, Row
from statehold.store import Store
from statehold.stores import SqliteStore
from tests.unit.engine.retention.tickets import (
    MONTH,
    NOW,
    Close,
    CloseAndBill,
    DeskFlow,
    Leave,
    TicketFlow,
    Write,
    closed,
    fold,
    ids,
    lines,
    names_in,
    there,
    until_there,
)
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

        async def counted(rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
            sizes.append(len(rows))
            return await forget(rows, audit)

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

        async def late(rows: Sequence[Row], audit: Sequence[AuditEntry] = ()) -> list[bool]:
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
