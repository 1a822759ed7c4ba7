"""Rule 11: a row is given out whatever is in it, and one that can't be read is set aside."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from statehold.chart.moment import FIRST, LAST
from statehold.records import Ref, Row, Write
from statehold.store import Aside, Query, Store, Unwritable, partition_of
from statehold.stores import SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.stores.build import (
    LEASE,
    OURS,
    a_message,
    a_row,
    at,
    change,
    id_in,
    ids,
    posted,
    read,
    started,
    written,
)
from tests.stores.conftest import SERVERS, Shared

pytestmark = pytest.mark.anyio

WHY = Aside(at(100), "its data is \0 none")


# --- set aside ------------------------------------------------------------------------------


async def test_what_is_set_aside_is_an_incident_and_nothing_that_work_is_asked_of(
    store: Store,
) -> None:
    row, other = a_row(wake_at=at(1), held_by=("w0",)), a_row("o-2", wake_at=at(2))
    await started(store, row, other)
    await store.set_aside([(row, WHY)])
    assert ids(await store.due(OURS, at(9), 10)) == ["o-2"]
    assert await store.orphans(OURS, ["w1"], 10) == []
    assert await store.next_wake(OURS) == at(2)
    assert ids((await store.incidents(None, 10, None)).rows) == ["o-1"]
    assert ids((await store.list(Query("order", incidents=True))).rows) == ["o-1"]
    assert await store.count_incidents("order") == 1
    assert await store.asides([row.ref, other.ref]) == {row.ref: WHY}
    assert ids(await store.set_aside_rows(OURS, None, 10)) == ["o-1"]
    kept = await read(store)
    assert kept is not None
    assert (kept.rev, kept.seq, kept.document) == (row.rev, row.seq, row.document)


async def test_the_next_write_ends_it(store: Store) -> None:
    row = a_row(wake_at=at(1), incidents=2)
    await started(store, row)
    await store.set_aside([(row, WHY)])
    assert (await store.incidents(None, 10, None)).rows[0].incidents == 3
    await written(store, change(row, wake_at=at(5), incidents=0))
    assert await store.asides([row.ref]) == {}
    assert await store.set_aside_rows(OURS, None, 10) == []
    assert (await store.incidents(None, 10, None)).rows == ()
    assert ids(await store.due(OURS, at(9), 10)) == ["o-1"]


async def test_a_row_that_was_written_meanwhile_is_not_set_aside(store: Store) -> None:
    row = a_row(wake_at=at(1))
    await started(store, row)
    await written(store, change(row, wake_at=at(2)))
    await store.set_aside([(row, WHY), (a_row("none"), WHY)])
    assert await store.asides([row.ref]) == {}
    assert await store.next_wake(OURS) == at(2)


async def test_what_is_set_aside_again_stays_as_it_is(store: Store) -> None:
    row = a_row()
    await started(store, row)
    await store.set_aside([(row, WHY)])
    await store.set_aside([(row, Aside(at(200), "another"))])
    assert await store.asides([row.ref]) == {row.ref: WHY}
    assert await store.count_incidents("order") == 1
    # as it is now, another time
    after = change(row, incidents=0)
    await written(store, after)
    await store.set_aside([(after.row, Aside(at(300), "now"))])
    assert await store.asides([row.ref]) == {row.ref: Aside(at(300), "now")}


async def test_what_is_set_aside_comes_in_pages_of_some_machines(store: Store) -> None:
    rows = [a_row(f"o-{n}", machine="courier" if n % 2 else "order") for n in range(6)]
    await started(store, *rows)
    await store.set_aside([(row, WHY) for row in rows])
    assert ids(await store.set_aside_rows(OURS, None, 2)) == ["o-0", "o-2"]
    assert ids(await store.set_aside_rows(OURS, Ref("order", "o-2"), 2)) == ["o-4"]
    both = await store.set_aside_rows(("order", "courier"), None, 10)
    assert ids(both) == ["o-1", "o-3", "o-5", "o-0", "o-2", "o-4"]


async def test_what_was_set_aside_is_forgotten_with_its_row(store: Store) -> None:
    row = a_row(status="done")
    await started(store, row)
    await store.set_aside([(row, WHY)])
    assert await store.forget([row]) == [True]
    await started(store, a_row())
    assert await store.asides([row.ref]) == {}


async def test_a_removed_worker_may_set_aside(shared: Shared) -> None:
    first = await shared.hire("w1")
    second = await shared.hire("w2")
    row = a_row(wake_at=at(1))
    await started(first, row)
    await first.leave()
    await first.set_aside([(row, WHY)])
    assert await second.due(OURS, at(9), 10, at(20)) == []


# --- what is claimed, and what comes next ---------------------------------------------------


async def test_what_is_claimed_is_passed_over_until_then_or_a_write(store: Store) -> None:
    rows = [a_row(f"o-{n}", wake_at=at(n)) for n in range(4)]
    await started(store, *rows)
    assert ids(await store.due(OURS, at(9), 2, at(20))) == ["o-0", "o-1"]
    assert ids(await store.due(OURS, at(9), 2, at(20))) == ["o-2", "o-3"]
    assert await store.due(OURS, at(9), 2, at(20)) == []
    await written(store, change(rows[1], wake_at=at(5)))
    assert ids(await store.due(OURS, at(9), 9, at(20))) == ["o-1"]
    assert ids(await store.due(OURS, at(20), 9, at(30))) == ["o-0", "o-2", "o-3", "o-1"]
    # who claims nothing sees all
    assert len(await store.due(OURS, at(9), 9)) == 4


async def test_what_comes_after_a_moment_is_found_behind_what_is_due(store: Store) -> None:
    await started(store, a_row("o-1", wake_at=at(1)), a_row("o-2", wake_at=at(7)))
    await posted(store, a_message(due_at=at(2)), a_message(due_at=at(5)))
    assert await store.next_wake(OURS) == at(1)
    assert await store.next_wake(OURS, at(1)) == at(2)
    assert await store.next_wake(OURS, at(2)) == at(5)
    assert await store.next_wake(OURS, at(5)) == at(7)
    assert await store.next_wake(OURS, at(7)) is None


# --- rows that were damaged -----------------------------------------------------------------

Run = Callable[[str], Awaitable[Any]]


@pytest.fixture(params=["sqlite", *SERVERS])
async def spoilt(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[tuple[Store, Run]]:
    """A store with some rows, and a way to change what is in its tables by hand."""
    made: Store
    run: Run
    if request.param == "sqlite":
        path = tmp_path / "s.db"
        made, run = SqliteStore(path), partial(_run_in_file, path)
    else:
        dsn = request.getfixturevalue("migrated_dsn")
        made = PostgresStore(dsn, spread=SERVERS[request.param])
        run = partial(_run_on_server, dsn)
    await made.open("w1")
    await made.join("w1", LEASE)
    rows = [a_row(f"o-{n}", wake_at=at(1), held_by=("w0",), incidents=1) for n in range(3)]
    await started(made, *rows)
    yield made, run
    await made.close()


async def _run_in_file(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as beside:
        beside.execute(statement)
        beside.commit()


async def _run_on_server(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


DAMAGE = {
    "its wake is far in the future": "UPDATE instances SET wake_at = 9000000000000000000",
    "its wake is far in the past": "UPDATE instances SET wake_at = -9000000000000000000",
    "all its times are": "UPDATE instances SET since = -9000000000000000000, "
    "changed_at = 9000000000000000000, created_at = 9000000000000000000, "
    "deadline = 9000000000000000000",
    "its holders are no list": "UPDATE instances SET held_by = 'w0'",
    "its indexes are no JSON": "UPDATE instances SET indexes = '{'",
    "its configuration is gone": "UPDATE instances SET configuration = 77",
    "its state is no JSON": "UPDATE configurations SET state = '['",
    "its status is unknown": "UPDATE configurations SET status = 'asleep'",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_damaged_row_is_given_out_as_far_as_it_can_be_read(
    spoilt: tuple[Store, Run], damage: str
) -> None:
    store, run = spoilt
    where = "" if "configurations SET" in DAMAGE[damage] else " WHERE id = 'o-1'"
    await run(DAMAGE[damage] + where)
    if "configurations SET" in DAMAGE[damage]:
        # what was remembered of it would hide what is there now
        await store.close()
        await store.open("w2")
        await store.join("w2", LEASE)
    everything = await store.load([Ref("order", f"o-{n}") for n in range(3)])
    assert len(everything) == 3
    row = everything[Ref("order", "o-1")]
    is_moment = "wake" in damage or "times" in damage
    assert (row.damage is None) == is_moment
    assert FIRST <= row.since <= row.changed_at <= LAST
    assert set(ids(await store.due(OURS, at(9), 10))) >= {"o-0", "o-2"}
    assert len(await store.orphans(OURS, ["w1", "w2"], 10)) == 3
    assert await store.next_wake(OURS) in (FIRST, at(1))
    assert len((await store.list(Query("order"))).rows) in (2, 3)
    first = await store.incidents(None, 2, None)
    second = await store.incidents(None, 2, first.cursor)
    assert len(first.rows) + len(second.rows) == 3
    assert sum((await store.count("order")).values()) == 3
    assert sum((await store.groups("order")).values()) == 3
    await store.set_aside([(row, WHY)])
    assert row.ref in await store.asides([row.ref])
    assert "o-1" not in ids(await store.due(OURS, at(9), 10))


async def test_a_damaged_row_can_be_written_anew(spoilt: tuple[Store, Run]) -> None:
    store, run = spoilt
    await run("UPDATE instances SET held_by = 'w0', indexes = '{', configuration = 77")
    row: Row = (await store.load([Ref("order", "o-1")]))[Ref("order", "o-1")]
    mended = a_row("o-1", rev=row.rev + 1, seq=2, status="cancelled")
    await written(store, Write(mended, row.rev))
    assert await read(store, "o-1") == mended


async def test_what_is_set_aside_and_was_made_due_by_hand_is_taken_from_the_work_again(
    spoilt: tuple[Store, Run],
) -> None:
    store, run = spoilt
    row = (await store.load([Ref("order", "o-1")]))[Ref("order", "o-1")]
    await store.set_aside([(row, WHY)])
    await run("UPDATE instances SET wake_at = 1, held_by = '[\"w0\"]' WHERE id = 'o-1'")
    await store.set_aside([(row, Aside(at(200), "another"))])
    assert sorted(ids(await store.due(OURS, at(9), 10))) == ["o-0", "o-2"]
    assert sorted(ids(await store.orphans(OURS, ["w1"], 10))) == ["o-0", "o-2"]
    assert await store.asides([row.ref]) == {row.ref: WHY}
    assert sum(one.incidents for one in (await store.incidents(None, 10, None)).rows) == 4


@pytest.mark.parametrize("incidents", [2**31 - 1, -7])
async def test_a_damaged_number_of_incidents_hides_none(
    spoilt: tuple[Store, Run], incidents: int
) -> None:
    store, run = spoilt
    await run(f"UPDATE instances SET incidents = {incidents} WHERE id = 'o-1'")
    rows = await store.load([Ref("order", "o-1"), Ref("order", "o-2")])
    await store.set_aside([(row, WHY) for row in rows.values()])
    assert ids((await store.incidents(None, 10, None)).rows) == ["o-0", "o-1", "o-2"]
    assert await store.asides(list(rows)) == dict.fromkeys(rows, WHY)


async def test_damaged_indexes_keep_no_write_from_being_taken(spoilt: tuple[Store, Run]) -> None:
    store, run = spoilt
    row = a_row("o-9", indexes={"city": "Ghent"})
    await started(store, row)
    await run("UPDATE instances SET indexes = '{' WHERE id = 'o-9'")
    # as an opening finds it that has remembered nothing of it
    await store.close()
    await store.open("w2")
    await store.join("w2", LEASE)
    await written(store, change(row), change(a_row("o-0")))
    assert ids((await store.list(Query("order", where={"city": "Ghent"}))).rows) == ["o-9"]


async def test_what_has_no_room_is_refused_with_nothing_written(spoilt: tuple[Store, Run]) -> None:
    store, _ = spoilt
    near = id_in(partition_of("order", "o-0"))
    await started(store, a_row(near))
    rows = [a_row("o-0", rev=2), a_row(near, rev=2, seq=2**70)]
    with pytest.raises(Unwritable):
        await store.commit([Write(row, 1) for row in rows])
    assert [row.rev for row in (await store.load([row.ref for row in rows])).values()] == [1, 1]
    await written(store, Write(rows[0], 1))


@pytest.mark.parametrize("until", ["infinity", "-infinity", "4000-01-01 BC", "200000-01-01"])
async def test_a_damaged_lease_of_another_worker_stops_no_heartbeat(
    migrated_dsn: str, until: str
) -> None:
    store = PostgresStore(migrated_dsn)
    await store.open("w1")
    await store.join("w1", LEASE)
    await _run_on_server(migrated_dsn, f"INSERT INTO workers VALUES ('x', 9, now(), '{until}')")
    assert "w1" in (await store.beat(LEASE)).alive
    assert "w1" in (await store.beat(LEASE)).alive
    await store.close()
