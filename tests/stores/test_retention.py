"""What is over is forgotten: whole, out of sight at once, and never anything else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from statehold.errors import InvalidPayload
from statehold.records import Ref, Row
from statehold.store import Page, Query, Store
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from statehold.stores.sqlite import sweep
from tests.stores.build import (
    CONFLICT,
    LEASE,
    WRITTEN,
    a_message,
    a_row,
    an_entry,
    at,
    change,
    id_of,
    ids,
    mailbox,
    new,
    posted,
    read,
    started,
    written,
)
from tests.stores.conftest import SERVERS

pytestmark = pytest.mark.anyio

CLAIM = timedelta(seconds=60)
ORDER = Ref("order", "o-1")


def over(id: str = "o-1", seconds: float = 0, **fields: object) -> Row:
    """Ended so many seconds after the start of time."""
    moment = at(seconds)
    given = {"status": "done", "state": ("end",), "since": moment, "changed_at": moment}
    return a_row(id, **{**given, **fields})


async def all_finished(
    store: Store, before: datetime, limit: int = 100, machine: str = "order"
) -> list[Row]:
    """Every page's rows."""
    rows: list[Row] = []
    cursor: str | None = None
    while True:
        page = await store.finished(machine, before, limit, cursor)
        rows += page.rows
        cursor = page.cursor
        if cursor is None:
            return rows


async def with_journal(store: Store, row: Row, entries: int) -> Row:
    """An instance that is over, with that many lines, each with a key."""
    lines = [an_entry(row, seq=seq, key=f"k{seq}", reply=b"{}") for seq in range(1, entries + 1)]
    await written(store, replace(new(row), entries=lines))
    return row


async def swept(store: Store, limit: int) -> list[int]:
    """How many entries each transaction takes out, until none is left."""
    counts: list[int] = []
    while count := await store.sweep(limit):
        counts.append(count)
    return counts


# --- what is found --------------------------------------------------------------------------


async def test_what_is_over_long_enough_is_found_longest_ago_first(store: Store) -> None:
    await started(
        store,
        over("late", 11),
        over("third", 9, status="cancelled", state=("open",)),
        over("second", 8, version=2, state=("other",)),
        over("first", 7),
        over("at-once", 10),
    )
    found = await all_finished(store, at(10))
    assert ids(found) == ["first", "second", "third", "at-once"]
    assert found[0] == over("first", 7)


async def test_what_runs_or_is_paused_or_belongs_to_another_machine_is_not_found(
    store: Store,
) -> None:
    await started(
        store,
        a_row("runs"),
        a_row("paused", status="paused"),
        over("elsewhere", machine="parcel"),
    )
    assert await all_finished(store, at(1000)) == []


async def test_one_that_was_running_is_found_once_it_has_ended(store: Store) -> None:
    (row,) = await written(store, new(a_row()))
    await written(store, change(row, status="cancelled", since=at(5), changed_at=at(5)))
    assert await all_finished(store, at(4)) == []
    assert ids(await all_finished(store, at(5))) == ["o-1"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_the_pages_give_each_once_though_many_ended_at_one_moment(
    store: Store, limit: int
) -> None:
    rows = [over(f"o-{n}", n // 4, state=("end", "stop")[n % 2 :][:1]) for n in range(7)]
    await started(store, *rows)
    found = await all_finished(store, at(100), limit)
    assert sorted(ids(found)) == sorted(ids(rows))
    assert [row.since for row in found] == sorted(row.since for row in rows)


async def test_a_walk_goes_on_where_what_it_found_was_forgotten(store: Store) -> None:
    await started(store, *(over(f"o-{n}", n) for n in range(6)))
    page = await store.finished("order", at(100), 2)
    await store.forget([page.rows[0]])
    page = await store.finished("order", at(100), 2, page.cursor)
    assert ids(page.rows) == ["o-2", "o-3"]


async def test_a_cursor_of_something_else_is_refused(store: Store) -> None:
    with pytest.raises(InvalidPayload, match="cursor"):
        await store.finished("order", at(0), 10, "nonsense")


async def test_what_is_on_its_way_to_or_from_an_instance_is_known(store: Store) -> None:
    sender = a_row("s-1")
    await posted(
        store,
        a_message("held", held=True),
        a_message("late", due_at=at(1_000_000)),
        a_message("told", sender=Ref("order", "teller")),
        sender=sender,
    )
    names = ["held", "late", "told", "teller", "s-1", "nobody"]
    mailed = await store.mailed([Ref("order", name) for name in names])
    assert {ref.id for ref in mailed} == {"held", "late", "told", "teller"}
    assert await store.mailed([Ref("parcel", "held")]) == set()


# --- what is forgotten ----------------------------------------------------------------------


async def test_what_is_forgotten_is_nowhere_to_be_seen_before_anything_is_swept(
    store: Store,
) -> None:
    row = await with_journal(store, over(indexes={"city": "Bergen"}, tags=("red",)), 5)
    await started(store, over("o-2", indexes={"city": "Bergen"}))
    assert await store.forget([row]) == [True]
    assert await read(store) is None
    assert await store.journal(ORDER) == []
    assert await store.journal_before(ORDER, 9) == []
    assert await store.replies([(ORDER, "k3")]) == {}
    assert await store.count("order") == {(1, "done", ("end",)): 1}
    for query in (
        Query("order"),
        Query("order", where={"city": "Bergen"}),
        Query("order", tag="red"),
    ):
        assert ORDER.id not in ids((await store.list(query)).rows)
    assert ids(await all_finished(store, at(100))) == ["o-2"]
    assert await store.journal(Ref("order", "o-2")) == [an_entry(over("o-2"))]


async def test_only_what_is_over_and_unchanged_and_unmailed_is_forgotten(store: Store) -> None:
    running, paused = a_row("running"), a_row("paused", status="paused")
    changed, told, teller = over("changed"), over("told"), over("teller")
    await started(store, running, paused, changed, told, teller, over("free"))
    await written(store, replace(change(changed), entries=[an_entry(changed, part=1)]))
    await posted(store, a_message("told", sender=teller.ref))
    asked = [running, paused, changed, told, teller, over("never-was"), over("free")]
    assert await store.forget(asked) == [False] * 6 + [True]
    assert len(await store.load([row.ref for row in asked])) == 5
    assert len(await store.journal(changed.ref)) == 2
    assert len(await mailbox(store)) == 1


async def test_a_message_that_was_taken_out_keeps_nothing(store: Store) -> None:
    await started(store, over())
    (message,) = await posted(store, a_message("o-1"))
    assert await store.forget([over()]) == [False]
    await store.discard([id_of(message)])
    assert await store.forget([over()]) == [True]


async def test_it_is_forgotten_once(store: Store) -> None:
    await started(store, over())
    assert await store.forget([over()]) == [True]
    assert await store.forget([over()]) == [False]
    assert await store.forget([]) == []


async def test_a_write_that_meets_it_is_a_conflict(store: Store) -> None:
    await started(store, over())
    await store.forget([over()])
    assert await store.commit([change(over())]) == [CONFLICT]


async def test_its_id_begins_again_with_a_journal_of_its_own(store: Store) -> None:
    row = await with_journal(store, over(), 5)
    await store.forget([row])
    again = a_row(created_at=at(50), since=at(50))
    assert await store.commit([new(again, key="k3")]) == [WRITTEN]
    assert await store.journal(ORDER) == [an_entry(again, key="k3")]
    await swept(store, 2)
    assert await store.journal(ORDER) == [an_entry(again, key="k3")]
    assert await store.count("order") == {(1, "running", ("open",)): 1}
    (after,) = await written(store, change(again, key="k4"))
    assert await read(store) == after


async def test_one_that_began_again_and_came_as_far_is_another(store: Store) -> None:
    await started(store, over())
    await store.forget([over()])
    again = over(created_at=at(50))
    await started(store, again)
    assert await store.forget([over()]) == [False]
    assert await read(store) == again


# --- what is swept --------------------------------------------------------------------------


async def test_nothing_is_swept_that_was_not_forgotten(store: Store) -> None:
    await with_journal(store, over(), 5)
    assert await swept(store, 100) == []
    assert len(await store.journal(ORDER)) == 5


async def test_a_long_journal_is_swept_in_pieces(sqlite: SqliteStore) -> None:
    rows = [await with_journal(sqlite, over(f"o-{n}"), 10) for n in range(3)]
    await with_journal(sqlite, over("kept"), 10)
    await sqlite.forget(rows)
    assert await swept(sqlite, 8) == [8, 8, 8, 6]
    assert journal_rows(sqlite) == 10
    assert await swept(sqlite, 8) == []


async def test_what_ends_with_a_piece_leaves_nothing_behind(sqlite: SqliteStore) -> None:
    await sqlite.forget([await with_journal(sqlite, over(), 8)])
    assert await swept(sqlite, 8) == [8]
    assert rows_of(sqlite, "forgotten") == 0


async def test_large_entries_make_smaller_pieces(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "PIECE_BYTES", 25)
    row = over()
    lines = [replace(an_entry(row, seq=n), body=b"0123456789") for n in range(1, 6)]
    lines.append(replace(an_entry(row, seq=6), body=b"0" * 100))
    await written(sqlite, replace(new(row), entries=lines))
    await sqlite.forget([row])
    assert await swept(sqlite, 100) == [2, 2, 1, 1]


async def test_sweeping_goes_on_after_it_was_broken_off(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w1")
    await store.forget([await with_journal(store, over(), 10)])
    assert await store.sweep(4) == 4
    await store.close()
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w2")
    # what begins meanwhile must not be given the place of what is still being taken out
    again = a_row(created_at=at(50))
    await started(store, again)
    assert await store.journal(ORDER) == [an_entry(again)]
    assert await swept(store, 4) == [4, 2]
    assert await store.journal(ORDER) == [an_entry(again)]
    assert journal_rows(store) == 1
    await store.close()


# --- workers that share a store -------------------------------------------------------------


@pytest.fixture(params=["memory", *SERVERS])
async def workers(
    request: pytest.FixtureRequest, anyio_backend: str
) -> AsyncIterator[tuple[Store, Store]]:
    """Two openings of what workers share."""
    memory = Memory()
    opened: list[Store] = []
    for worker in ("w1", "w2"):
        store: Store
        if request.param == "memory":
            store = MemoryStore(memory)
        else:
            store = PostgresStore(
                request.getfixturevalue("migrated_dsn"), spread=SERVERS[request.param]
            )
        await store.open(worker)
        await store.join(worker, LEASE)
        opened.append(store)
    yield opened[0], opened[1]
    for store in opened:
        await store.close()


async def claimed(store: Store, now: datetime, limit: int, cursor: str | None = None) -> Page:
    return await store.finished("order", at(50), limit, cursor, now, now + CLAIM)


async def test_what_one_worker_has_claimed_the_others_leave_alone(
    workers: tuple[Store, Store],
) -> None:
    first, second = workers
    await started(first, *(over(f"o-{n}", n) for n in range(3)))
    assert ids((await claimed(first, at(100), 2)).rows) == ["o-0", "o-1"]
    found: list[Row] = []
    page = await claimed(second, at(101), 2)
    while True:
        found += page.rows
        if page.cursor is None:
            break
        page = await claimed(second, at(101), 2, page.cursor)
    assert ids(found) == ["o-2"]
    assert ids(await all_finished(second, at(50))) == ["o-0", "o-1", "o-2"]
    assert ids((await claimed(second, at(161), 3)).rows) == ["o-0", "o-1", "o-2"]


async def test_a_claim_keeps_nothing_from_being_done(workers: tuple[Store, Store]) -> None:
    first, second = workers
    waiting = over("waiting", 1, wake_at=at(5))
    held = over("held", 2, held_by=("w1",))
    await started(first, over("o-1"), waiting, held, over("stuck", 3, incidents=1))
    assert ids((await claimed(first, at(100), 10)).rows) == ["o-1"]
    assert len(await all_finished(first, at(50))) == 4
    due = await second.due(["order"], at(101), 10, at(105))
    assert due == [waiting]


async def test_of_two_that_forget_one_instance_one_does(workers: tuple[Store, Store]) -> None:
    rows = [over(f"o-{n}") for n in range(20)]
    await started(workers[0], *rows)
    results = await asyncio.gather(*(store.forget(rows) for store in workers))
    assert [sum(both) for both in zip(*results, strict=True)] == [1] * 20
    assert await workers[0].count("order") == {}


async def test_a_worker_that_joined_nowhere_may_forget(store: Store) -> None:
    await started(store, over())
    await store.leave()
    assert await store.forget([over()]) == [True]


@pytest.mark.parametrize("workers", SERVERS, indirect=True)
async def test_several_sweep_at_once_and_each_entry_goes_once(
    workers: tuple[Store, Store],
) -> None:
    first, second = workers
    rows = [await with_journal(first, over(f"o-{n}"), 10) for n in range(6)]
    await first.forget(rows)
    total = 0
    while counts := [n for n in await asyncio.gather(first.sweep(7), second.sweep(7)) if n]:
        assert max(counts) <= 7
        total += sum(counts)
    assert total == 60


def journal_rows(store: SqliteStore) -> int:
    return rows_of(store, "journal")


def rows_of(store: SqliteStore, table: str) -> int:
    assert store._open is not None
    found: Sequence[int] = store._open.db.execute(f"SELECT count(*) FROM {table}").fetchone()
    return found[0]
