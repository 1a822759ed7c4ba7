"""Looks into a SQLite store's file beside the process that owns it, and leaves no trace."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from statehold.errors import StoreRefused
from statehold.stores.sqlite.file import APPLICATION_ID, readable


@contextmanager
def looking_at(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing. A -wal or -shm file made by it would belong to whoever
    looks, and the owner might not be able to write it.

    Where no log is left, nobody has the file open and it is whole in itself, so SQLite is told that
    it does not change; else the log's own files are there already.
    """
    log = path.with_name(path.name + "-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    db = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, isolation_level=None)
    db.text_factory = readable
    with contextlib.closing(db):
        yield db


def schema_number(path: Path) -> int:
    """The number of the last migration. Raises ``StoreRefused`` where it is no file of ours."""
    if path.exists() and not path.is_file():
        raise StoreRefused(f"{path} is not a file; choose another path")
    if not path.is_file():
        raise StoreRefused(f"there is no file {path}; a server that is started on it makes it")
    try:
        with looking_at(path) as db:
            program = db.execute("PRAGMA application_id").fetchone()[0]
            number = int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreRefused(f"{path} can't be read: {error}") from error
    if program != APPLICATION_ID:
        raise StoreRefused(f"{path} is a database of another program")
    return number
