"""Opening a SQLite file: the schema that it gets, and files that can't be opened."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from statehold.errors import SchemaMismatch, StoreUnavailable
from statehold.stores import SqliteStore
from statehold.stores.queries import load_migrations, load_schema
from statehold.stores.sqlite import migrate as sqlite_migrate
from tests.stores.build import (
    a_row,
    read,
    started,
)
from tests.stores.sqlite_file import (
    connection,
    everything_works_again,
    nothing_was_written,
    refused,
)

pytestmark = pytest.mark.anyio


def schema_of(script: str) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(script)
        found = db.execute(
            # sqlite_sequence stays for ever where a table once had a column that counts
            "SELECT type, name, sql FROM sqlite_schema "
            "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return sorted((kind, name, _normal(sql)) for kind, name, sql in found)


def _normal(sql: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()


def test_the_schema_is_what_all_migrations_make() -> None:
    migrated = "\n".join(migration.sql for migration in load_migrations("sqlite"))
    assert schema_of(load_schema("sqlite")) == schema_of(migrated)


async def test_a_new_file_has_the_newest_schema_and_our_mark(sqlite: SqliteStore) -> None:
    db = connection(sqlite)
    assert db.execute("PRAGMA user_version").fetchone() == (len(load_migrations("sqlite")),)
    assert db.execute("PRAGMA application_id").fetchone() == (sqlite_migrate.APPLICATION_ID,)


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
        patched.setattr(sqlite_migrate, "load_migrations", lambda dialect: (*known, bad))
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
    monkeypatch.setattr(sqlite_migrate, "load_migrations", lambda dialect: (*known, more))
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
    assert f"{tmp_path / 'none'} is not a directory" in await refused(tmp_path / "none" / "s.db")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a directory nobody can write")
async def test_a_directory_that_can_t_be_written_is_refused() -> None:
    said = await refused(Path("/proc/self/s.db"))
    assert "can't be written" in said or "check that this user may write there" in said


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
