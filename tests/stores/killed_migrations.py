"""Kills migrations of a SQLite file at their statements, and goes on with each.

``python -m tests.stores.killed_migrations FOLDER 7``: at each 7th. A process of its own, since it
forks. Prints how often it has killed one, and how often the one that gets no further than a
transaction at a time.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from statehold.stores.sqlite import file, migrate
from statehold.stores.sqlite.file import SqliteFile
from tests.stores.old_sqlite import make_old

INSTANCES = 260
LINES = 2


def main(folder: Path, stride: int) -> None:
    # a process is killed, not the system: what it has written is not lost
    file._SETTINGS = ()
    logging.disable()
    # several transactions for each kind of rows
    migrate.BATCH_ROWS = 100
    make_old(folder / "old.db", INSTANCES, LINES)
    whole = _copied(folder, "whole.db")
    assert _in_child(lambda: _open(whole)) == 0
    expected = contents(whole)
    kills = 0
    path = _copied(folder, "killed.db")
    while _is_killed(_in_child(_killed_at(path, kills * stride + 1))):
        kills += 1
        assert _in_child(lambda: _open(path)) == 0, kills
        assert contents(path) == expected, kills
        _copied(folder, "killed.db")
    assert contents(path) == expected
    # one file whose migration gets no further than one transaction at a time
    often = _copied(folder, "often.db")
    times = 0
    while _is_killed(_in_child(_killed_after_commit(often))):
        times += 1
    assert contents(often) == expected
    sys.stdout.write(f"{kills} {times}\n")


def contents(path: Path) -> dict[str, Any]:
    """Everything that is in it."""
    with closing(sqlite3.connect(path)) as db:
        schema = db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        tables = [name for name, sql in schema if (sql or "").startswith("CREATE TABLE")]
        found: dict[str, Any] = {
            # a text is stored in the order of no index, and each row once
            name: sorted(map(repr, db.execute(f"SELECT * FROM {name}").fetchall()))
            for name in tables
        }
        number = db.execute("PRAGMA user_version").fetchone()[0]
        state = db.execute("PRAGMA integrity_check").fetchall()
    return {**found, "schema": schema, "user_version": number, "state": state}


def _copied(folder: Path, name: str) -> Path:
    path = folder / name
    for end in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    shutil.copy(folder / "old.db", path)
    return path


def _in_child(work: Callable[[], None]) -> int:
    """How a forked process ended that has done it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must not go on as its parent does
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def _is_killed(status: int) -> bool:
    assert status == 0 or os.WIFSIGNALED(status), status
    return status != 0


def _open(path: Path) -> None:
    SqliteFile(path, "w1").close()


def _killed_at(path: Path, statement: int) -> Callable[[], None]:
    def work() -> None:
        left = statement

        def trace(sql: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        _traced(trace)
        _open(path)

    return work


def _killed_after_commit(path: Path) -> Callable[[], None]:
    def work() -> None:
        has_committed = False

        def trace(sql: str) -> None:
            nonlocal has_committed
            # the statement after a commit: what was committed is in the file
            if has_committed:
                os.kill(os.getpid(), signal.SIGKILL)
            has_committed = sql == "COMMIT"

        _traced(trace)
        _open(path)

    return work


def _traced(trace: Callable[[str], None]) -> None:
    """From now on, each statement of a new connection is told before it runs."""
    connect = sqlite3.connect

    def connected(*args: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connect(*args, **options)
        db.set_trace_callback(trace)
        return db

    sqlite3.connect = connected  # type: ignore[assignment]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
