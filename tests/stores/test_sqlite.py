"""What is SQLite's alone while its file is open: how it fails, and how values are kept."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from statehold.errors import StoreUnavailable
from statehold.store import Query, Unwritable
from statehold.stores import SqliteStore, columns
from statehold.stores.sqlite import file as sqlite_file
from statehold.stores.sqlite import writer as sqlite_writer
from tests.stores.build import (
    OURS,
    WRITTEN,
    a_message,
    a_row,
    at,
    change,
    posted,
    read,
    started,
    written,
)
from tests.stores.sqlite_file import (
    connection,
    everything_works_again,
    fails,
    nothing_was_written,
)

pytestmark = pytest.mark.anyio


# --- trouble while it is open ----------------------------------------------------------------


async def test_a_full_database_takes_nothing_until_there_is_room(sqlite: SqliteStore) -> None:
    await started(sqlite, a_row())
    pages = connection(sqlite).execute("PRAGMA page_count").fetchone()[0]
    connection(sqlite).execute(f"PRAGMA max_page_count = {pages}")
    assert "full" in await fails(sqlite)
    with pytest.raises(StoreUnavailable, match="raise max_page_count"):
        await sqlite.ping()
    await nothing_was_written(sqlite)
    connection(sqlite).execute("PRAGMA max_page_count = 1000000")
    await everything_works_again(sqlite)


async def test_a_full_disk_is_noticed_before_it_fails(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "FREE_BYTES", 1 << 62)
    with pytest.raises(StoreUnavailable, match="bytes left"):
        await sqlite.ping()


async def test_a_database_turned_read_only_takes_nothing_until_it_is_writable(
    sqlite: SqliteStore,
) -> None:
    await started(sqlite, a_row())
    connection(sqlite).execute("PRAGMA query_only = ON")
    assert "can't be written" in await fails(sqlite)
    with pytest.raises(StoreUnavailable, match="can't be written"):
        await sqlite.ping()
    await nothing_was_written(sqlite)
    connection(sqlite).execute("PRAGMA query_only = OFF")
    await everything_works_again(sqlite)


async def test_another_program_s_transaction_holds_up_commits_but_no_reading(
    sqlite: SqliteStore, tmp_path: Path
) -> None:
    await started(sqlite, a_row())
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "another program" in await fails(sqlite)
        with pytest.raises(StoreUnavailable, match="another program"):
            await sqlite.ping()
        await nothing_was_written(sqlite)
    await everything_works_again(sqlite)


async def test_a_file_that_was_deleted_takes_nothing(sqlite: SqliteStore, tmp_path: Path) -> None:
    await started(sqlite, a_row())
    (tmp_path / "s.db").rename(tmp_path / "away.db")
    assert "s.db" in await fails(sqlite)
    with pytest.raises(StoreUnavailable, match="restore it"):
        await sqlite.ping()
    (tmp_path / "s.db").write_bytes(b"")
    assert "replaced by another file" in await fails(sqlite)
    (tmp_path / "away.db").replace(tmp_path / "s.db")
    await nothing_was_written(sqlite)
    await everything_works_again(sqlite)


async def test_a_damaged_file_is_reported_as_damaged(sqlite: SqliteStore) -> None:
    await started(sqlite, a_row())
    db = connection(sqlite)
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_schema SET rootpage = 9999 WHERE name = 'instances'")
    db.execute("PRAGMA writable_schema = RESET")
    with pytest.raises(StoreUnavailable, match="damaged; restore it"):
        await sqlite.commit([change(a_row())])


SMALL_FILES = """
import asyncio, resource, sys
from statehold.errors import StoreUnavailable
from statehold.stores import SqliteStore
from tests.stores.build import a_row, change, read, started, written

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open("w1")
    await started(store, a_row())
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    big = change(a_row(), document=b"x" * 1_000_000)
    try:
        await store.commit([big])
    except StoreUnavailable as error:
        print(error)
    assert await read(store) == a_row()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    (after,) = await written(store, big)
    assert await read(store) == after
    await store.close()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of resources")
def test_a_write_that_the_system_refuses_is_undone_and_succeeds_later(
    tmp_path: Path,
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SMALL_FILES, str(tmp_path / "s.db")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "the store can't be used now" in ran.stdout


async def test_a_value_that_can_t_be_stored_leaves_no_transaction_behind(
    sqlite: SqliteStore,
) -> None:
    await started(sqlite, a_row())
    with pytest.raises(Unwritable):
        await sqlite.commit([change(a_row(), state=("new",), incidents=2**70)])
    await nothing_was_written(sqlite)
    await everything_works_again(sqlite)


# --- what is remembered between commits ------------------------------------------------------


async def test_configurations_of_a_dropped_batch_are_not_remembered(sqlite: SqliteStore) -> None:
    await started(sqlite, a_row(), a_row("o-2"))
    connection(sqlite).execute("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable):
        await sqlite.commit([change(a_row(), state=("never seen",))])
    connection(sqlite).execute("PRAGMA query_only = OFF")
    late = change(a_row("o-9"), state=("of a loser",))
    first = change(a_row(), state=("never seen",))
    assert (await sqlite.commit([late, first]))[1] is WRITTEN
    assert [row.id for row in (await sqlite.list(Query("order", state="never seen"))).rows] == [
        "o-1"
    ]
    await written(sqlite, change(a_row("o-2"), state=("of a loser",)))
    assert await sqlite.count("order") == {
        (1, "running", ("never seen",)): 1,
        (1, "running", ("of a loser",)): 1,
    }


async def test_a_damaged_configuration_is_written_anew_by_the_next_step_into_it(
    sqlite: SqliteStore,
) -> None:
    await started(sqlite, a_row(), a_row("o-2"))
    connection(sqlite).execute("UPDATE configurations SET state = '['")
    await sqlite.close()
    await sqlite.open("w1")
    damaged = await read(sqlite, "o-2")
    assert damaged is not None
    assert damaged.damage is not None
    await written(sqlite, change(a_row()))
    assert await read(sqlite, "o-2") == a_row("o-2")
    assert await sqlite.count("order") == {(1, "running", ("open",)): 2}


async def test_a_configuration_whose_number_another_has_is_refused_with_nothing_written(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alike(content: bytes) -> hashlib._Hash:
        return hashlib.sha256(b"")

    monkeypatch.setattr(columns, "sha256", alike)
    await started(sqlite, a_row())
    with pytest.raises(Unwritable, match="two configurations have the number"):
        await sqlite.commit([change(a_row(), state=("new",))])
    await nothing_was_written(sqlite)
    await written(sqlite, change(a_row()))


async def test_forgetting_what_is_known_of_rows_changes_no_answer(
    sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "KNOWN_LIMIT", 3)
    monkeypatch.setattr("statehold.stores.sqlite.columns.CONFIGURATIONS_LIMIT", 2)
    rows = [a_row(f"o-{n}", indexes={"n": str(n)}) for n in range(5)]
    await started(sqlite, *rows)
    states = ["a", "b", "c", "a", "b"]
    await written(
        sqlite, *(change(row, state=(s,), indexes={}) for row, s in zip(rows, states, strict=True))
    )
    assert await sqlite.count("order") == {
        (1, "running", ("a",)): 2,
        (1, "running", ("b",)): 2,
        (1, "running", ("c",)): 1,
    }
    left = connection(sqlite).execute("SELECT count(*) FROM lookups").fetchone()
    assert left == (0,)


# --- how it is kept --------------------------------------------------------------------------


async def test_a_commit_is_on_the_disk_before_it_is_answered(sqlite: SqliteStore) -> None:
    settings = ["journal_mode", "synchronous"]
    db = connection(sqlite)
    assert [db.execute(f"PRAGMA {s}").fetchone()[0] for s in settings] == ["wal", 2]


async def test_times_are_kept_to_the_microsecond_in_any_century(sqlite: SqliteStore) -> None:
    times = [at(0.000001), at(-60 * 60 * 24 * 365 * 1000), at(60 * 60 * 24 * 365 * 7000)]
    await started(sqlite, *(a_row(f"o-{n}", created_at=t) for n, t in enumerate(times)))
    for n, time in enumerate(times):
        row = await read(sqlite, f"o-{n}")
        assert row is not None
        assert row.created_at == time


async def test_a_message_due_at_once_is_not_hidden_by_many_that_wait(sqlite: SqliteStore) -> None:
    await posted(sqlite, *(a_message(due_at=at(10**6)) for _ in range(50)), a_message())
    assert len(await sqlite.mail(OURS, at(0), None, 10)) == 1


async def test_an_opening_that_can_not_name_its_owner_leaves_the_file_free_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, text: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = SqliteStore(tmp_path / "s.db")
    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        with pytest.raises(StoreUnavailable, match="No space left"):
            await store.open("w1")
    await store.open("w2")
    await store.close()
