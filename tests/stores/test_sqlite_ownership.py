"""A SQLite file has one owner, whatever becomes of its lock, its names and its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from statehold.errors import StoreInUse, StoreUnavailable
from statehold.stores import SqliteStore
from statehold.stores.sqlite import file as sqlite_file
from tests.stores.build import (
    a_row,
    read,
    started,
)
from tests.stores.sqlite_file import (
    everything_works_again,
    fails,
    nothing_was_written,
    refused,
)

pytestmark = pytest.mark.anyio


async def test_a_second_store_on_the_file_gets_the_name_of_its_owner(
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
