"""What is SQLite's alone: one owner, the schema, and a file that can fail in many ways."""

from __future__ import annotations

import errno
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from statehold.errors import SchemaMismatch, StoreInUse, StoreRefused, StoreUnavailable
from statehold.store import Query, Store, Unwritable
from statehold.stores import SqliteStore
from statehold.stores.queries import load_migrations, load_schema
from statehold.stores.sqlite import file as sqlite_file
from statehold.stores.sqlite import writer as sqlite_writer
from tests.stores.build import (
    OURS,
    WRITTEN,
    a_message,
    a_row,
    at,
    change,
    mailbox,
    new,
    posted,
    read,
    started,
    written,
)

pytestmark = pytest.mark.anyio

BIG = b"x" * 200_000


def connection(store: SqliteStore) -> sqlite3.Connection:
    """The store's own connection, to bring about what can't be had from outside."""
    assert store._open is not None
    return store._open.db


async def refused(path: Path, error: type[Exception] = StoreRefused) -> str:
    store = SqliteStore(path)
    with pytest.raises(error) as raised:
        await store.open("w1")
    return str(raised.value)


# --- one owner -------------------------------------------------------------------------------


async def test_a_second_store_on_the_file_is_told_who_has_it(
    sqlite: SqliteStore, tmp_path: Path
) -> None:
    said = await refused(tmp_path / "s.db", StoreInUse)
    assert f"process {os.getpid()}, worker w1" in said
    await sqlite.ping()


async def test_opening_a_store_that_is_open_is_refused(sqlite: SqliteStore) -> None:
    with pytest.raises(StoreInUse, match="worker w1"):
        await sqlite.open("w2")
    await sqlite.ping()


async def test_another_name_of_the_file_is_the_same_file(
    sqlite: SqliteStore, tmp_path: Path
) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "s.db")
    await refused(tmp_path / "other.db", StoreInUse)


linux = pytest.mark.skipif(sys.platform != "linux", reason="the database itself is locked there")


@linux
async def test_a_hard_link_to_the_file_is_the_same_file(
    sqlite: SqliteStore, tmp_path: Path
) -> None:
    (tmp_path / "other.db").hardlink_to(tmp_path / "s.db")
    await refused(tmp_path / "other.db", StoreInUse)


@linux
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_lock_that_is_deleted_or_replaced_makes_no_second_owner(
    owner: subprocess.Popen[str], tmp_path: Path, replaced: bool
) -> None:
    (tmp_path / "s.db.lock").unlink()
    if replaced:
        (tmp_path / "s.db.lock").write_text("")
    await refused(tmp_path / "s.db", StoreInUse)
    owner.kill()
    owner.wait()
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w1")
    await store.close()


async def test_a_lock_that_was_deleted_is_taken_again(sqlite: SqliteStore, tmp_path: Path) -> None:
    lock = tmp_path / "s.db.lock"
    lock.unlink()
    await sqlite.ping()
    assert "worker w1" in lock.read_text()
    await started(sqlite, a_row())
    await refused(tmp_path / "s.db", StoreInUse)


async def test_a_store_whose_lock_another_has_taken_writes_nothing(
    sqlite: SqliteStore, tmp_path: Path
) -> None:
    await started(sqlite, a_row())
    (tmp_path / "s.db.lock").unlink()
    with (tmp_path / "s.db.lock").open("wb") as other:
        sqlite_file._lock(other.fileno())
        assert "not its only owner" in await fails(sqlite)
        with pytest.raises(StoreUnavailable, match="not its only owner"):
            await sqlite.ping()
        await nothing_was_written(sqlite)
    await everything_works_again(sqlite)


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_a_log_that_was_deleted_takes_nothing(
    sqlite: SqliteStore, tmp_path: Path, suffix: str
) -> None:
    await started(sqlite, a_row())
    log, away = tmp_path / f"s.db{suffix}", tmp_path / "away"
    log.rename(away)
    assert f"s.db{suffix} was deleted" in await fails(sqlite)
    log.write_bytes(b"")
    assert "replaced by another file" in await fails(sqlite)
    away.replace(log)
    await nothing_was_written(sqlite)
    await everything_works_again(sqlite)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
async def test_a_forked_child_does_not_keep_the_file_from_the_next(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w1")
    until, end = os.pipe()
    pid = os.fork()
    if pid == 0:
        # a pool's process, which does something else
        os.close(end)
        os.read(until, 1)
        os._exit(0)
    try:
        await it_stays_and_is_free_after_close(store, tmp_path)
    finally:
        os.close(end)
        os.close(until)
        # it has read the end by now, and is gone at once
        os.waitpid(pid, 0)  # noqa: ASYNC222


async def it_stays_and_is_free_after_close(store: SqliteStore, tmp_path: Path) -> None:
    await store.ping()
    await refused(tmp_path / "s.db", StoreInUse)
    await store.close()
    again = SqliteStore(tmp_path / "s.db")
    await again.open("w2")
    await again.close()


async def test_a_closed_file_is_free_for_the_next(tmp_path: Path) -> None:
    for worker in ("w1", "w2"):
        store = SqliteStore(tmp_path / "s.db")
        await store.open(worker)
        await store.close()


OWNER = """
import asyncio, sys
from statehold.stores import SqliteStore
from tests.stores.build import a_row, started

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open("other")
    await started(store, a_row())
    print("ready", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file, and has answered a commit."""
    child = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "s.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
        child.kill()


async def test_another_process_is_named_as_the_owner(
    owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert f"process {owner.pid}, worker other" in await refused(tmp_path / "s.db", StoreInUse)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_after_its_owner_was_killed_the_file_has_every_answered_write(
    owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w1")
    assert await read(store) == a_row()
    await store.close()


# --- the schema ------------------------------------------------------------------------------


def schema_of(script: str) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(script)
        found = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return sorted((kind, name, _normal(sql)) for kind, name, sql in found)


def _normal(sql: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()


def test_the_schema_is_what_all_migrations_make() -> None:
    migrated = "\n".join(migration.sql for migration in load_migrations("sqlite"))
    assert schema_of(load_schema("sqlite")) == schema_of(migrated)


async def test_a_new_file_has_the_newest_schema_and_our_mark(sqlite: SqliteStore) -> None:
    db = connection(sqlite)
    assert db.execute("PRAGMA user_version").fetchone() == (len(load_migrations("sqlite")),)
    assert db.execute("PRAGMA application_id").fetchone() == (sqlite_file.APPLICATION_ID,)


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore(path)
    await store.open("w1")
    await store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    assert "schema 99" in await refused(path, SchemaMismatch)
    assert path.read_bytes() == before


async def test_a_migration_that_fails_leaves_the_schema_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore(path)
    await store.open("w1")
    await started(store, a_row())
    await store.close()
    known = load_migrations("sqlite")
    bad = known[0]._replace(number=len(known) + 1, sql="CREATE TABLE t (a);\nSELECT nothing;")
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_file, "load_migrations", lambda dialect: (*known, bad))
        assert "nothing" in await refused(path)
    await store.open("w1")
    tables = connection(store).execute("SELECT name FROM sqlite_schema WHERE name = 't'")
    assert tables.fetchall() == []
    assert await read(store) == a_row()
    await store.close()


async def test_a_further_migration_is_applied_to_a_file_with_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w1")
    await started(store, a_row())
    await store.close()
    known = load_migrations("sqlite")
    more = known[0]._replace(number=len(known) + 1, sql="CREATE TABLE t (a);")
    monkeypatch.setattr(sqlite_file, "load_migrations", lambda dialect: (*known, more))
    await store.open("w1")
    assert connection(store).execute("PRAGMA user_version").fetchone() == (more.number,)
    assert connection(store).execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert await read(store) == a_row()
    await store.close()


# --- files that can't be opened --------------------------------------------------------------


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"minutes of the meeting\n" * 100)
    before = path.read_bytes()
    assert "not a SQLite database" in await refused(path)
    assert path.read_bytes() == before
    path.unlink()
    store = SqliteStore(path)
    await store.open("w1")
    await store.close()


async def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE accounts (id)")
    before = path.read_bytes()
    assert "another program" in await refused(path)
    assert path.read_bytes() == before


async def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "is not a file" in await refused(tmp_path)


async def test_a_path_below_no_directory_is_refused(tmp_path: Path) -> None:
    assert f"{tmp_path / 'none'} is no directory" in await refused(tmp_path / "none" / "s.db")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a directory nobody can write")
async def test_a_directory_that_can_t_be_written_is_refused() -> None:
    said = await refused(Path("/proc/self/s.db"))
    assert "can't be written" in said or "see that this user may write there" in said


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write every file"
)
@pytest.mark.parametrize("read_only", ["s.db", "."])
async def test_what_is_read_only_is_refused_until_it_is_writable(
    tmp_path: Path, read_only: str
) -> None:
    store = SqliteStore(tmp_path / "s.db")
    await store.open("w1")
    await started(store, a_row())
    await store.close()
    barred = tmp_path / read_only
    mode = barred.stat().st_mode
    barred.chmod(0o555)
    assert "can't be written" in await refused(tmp_path / "s.db")
    barred.chmod(mode)
    await store.open("w1")
    await nothing_was_written(store)
    await everything_works_again(store)
    await store.close()


@pytest.mark.parametrize("denied", ["s.db", "the directory"])
async def test_what_the_system_does_not_let_us_write_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, denied: str
) -> None:
    """The same for root, whom no mode stops."""
    path = tmp_path / "s.db"
    path.touch()
    barred = path if denied == "s.db" else tmp_path
    monkeypatch.setattr(os, "access", lambda asked, mode: asked != barred)
    assert f"{barred} can't be written" in await refused(path)
    assert os.listdir(tmp_path) == ["s.db"]


async def test_a_file_that_another_program_locks_can_be_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another program" in await refused(path, StoreUnavailable)
    await store.open("w1")
    await store.close()


async def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    assert "3.38.0 or newer" in await refused(tmp_path / "s.db")


# --- trouble while it is open ----------------------------------------------------------------


async def nothing_was_written(store: Store) -> None:
    assert await read(store) == a_row()
    assert len(await store.journal(a_row().ref)) == 1
    assert await mailbox(store) == []
    assert await store.count("order") == {(1, "running", ("open",)): 1}


async def everything_works_again(store: Store) -> None:
    await store.ping()
    parts = {"messages": [a_message()]}
    await written(store, change(a_row(), state=("new",), parts=parts), new(a_row("o-2")))
    assert await store.count("order") == {
        (1, "running", ("new",)): 1,
        (1, "running", ("open",)): 1,
    }
    assert len(await mailbox(store)) == 1


async def fails(store: Store) -> str:
    """A commit that touches every table, and needs room."""
    parts = {"messages": [a_message()]}
    with pytest.raises(StoreUnavailable) as raised:
        await store.commit([change(a_row(), state=("new",), document=BIG, parts=parts)])
    return str(raised.value)


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


async def test_a_damaged_file_is_told_as_such(sqlite: SqliteStore) -> None:
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
    assert len(await sqlite.mail(OURS, at(0), 0, 10)) == 1


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
