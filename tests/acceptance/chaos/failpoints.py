"""Numbered moments at which a process may die: around every statement that writes.

They are counted from outside of the package, in ``sqlite3``'s and asyncpg's connections: before
each ``BEGIN``, after each statement of a transaction, before and after each ``COMMIT``; before and
after each statement that is a transaction by itself. Effects count theirs themselves.
"""

from __future__ import annotations

import functools
import os
import re
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

import asyncpg

#: dies nowhere
NEVER = 0

_COMMENT = re.compile(r"--.*")
#: a statement that writes, outside of a transaction; heartbeats come whenever they like and are not
#: counted
_WRITES = re.compile(r"(INSERT|UPDATE|DELETE|WITH fence)\b")
#: asked all the time, mostly in vain
_CLAIMS = re.compile(r"UPDATE instances AS i SET claimed_until")


class Failpoints:
    """Every moment's name goes to ``record``, a line each; at number ``at`` the process dies."""

    def __init__(self, at: int, record: Path) -> None:
        self._at = at
        self._count = 0
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def reach(self, moment: str) -> None:
        self._count += 1
        os.write(self._record, f"{moment}\n".encode())
        if self._count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def _plain(sql: str) -> str:
    return " ".join(_COMMENT.sub("", sql).split())


# --- SQLite ---------------------------------------------------------------------------------------


def watch_sqlite(points: Failpoints) -> None:
    """Every connection that this process makes to write counts its moments from now on."""

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return self._watched(sql, lambda: super(Watched, self).execute(sql, *parameters))

        def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
            return self._watched(sql, lambda: super(Watched, self).executemany(sql, parameters))

        def executescript(self, script: str) -> sqlite3.Cursor:
            self.set_trace_callback(lambda sql: points.reach(f"before {_plain(sql)[:60]}"))
            try:
                return super().executescript(script)
            finally:
                self.set_trace_callback(None)
                points.reach("after a script")

        def _watched(self, sql: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
            text = _plain(sql)[:60]
            ends = text == "COMMIT"
            if ends or text.startswith("BEGIN"):
                points.reach(f"before {text}")
            cursor = run()
            if ends or self.in_transaction:
                points.reach(f"after {text}")
            return cursor

    real = sqlite3.connect

    @functools.wraps(real)
    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        # an auditor's only reads
        watched = {} if options.get("uri") else {"factory": Watched}
        made: sqlite3.Connection = real(*arguments, **watched, **options)  # type: ignore[call-overload]
        return made

    sqlite3.connect = connect  # type: ignore[assignment]


# --- PostgreSQL -----------------------------------------------------------------------------------


def watch_postgres(points: Failpoints) -> None:
    """Every asyncpg connection of this process counts its moments from now on."""
    writing: WeakSet[Any] = WeakSet()

    def watched(run: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(run)
        async def ask(connection: Any, sql: str, *arguments: Any, **options: Any) -> Any:
            text = _plain(sql)[:60]
            if text == "BEGIN;":
                writing.add(connection)
                points.reach("before BEGIN")
            is_within = connection in writing
            is_alone = not is_within and _WRITES.match(text) is not None
            is_claim = is_alone and _CLAIMS.match(text) is not None
            ends = is_within and text in ("COMMIT;", "ROLLBACK;")
            if ends or (is_alone and not is_claim):
                points.reach(f"before {text}")
            answer = await run(connection, sql, *arguments, **options)
            if is_within or (is_alone and (answer or not is_claim)):
                points.reach(f"after {text}")
            if ends:
                writing.discard(connection)
            return answer

        return ask

    for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
        setattr(asyncpg.Connection, name, watched(getattr(asyncpg.Connection, name)))
