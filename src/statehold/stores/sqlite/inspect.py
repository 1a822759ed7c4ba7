"""Reads a SQLite store's file beside the process that owns it, and changes nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from statehold.errors import StoreRefused
from statehold.stores.sqlite.file import readable
from statehold.stores.sqlite.migrate import APPLICATION_ID, is_unfinished


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing, and creates no -wal or -shm file: such a file would belong
    to this process's user, and the owner of the store might not be able to write it.

    Without a log, no process has the file open and it is complete, so SQLite may treat it as
    immutable; else the log's files exist already.
    """
    log = path.with_name(path.name + "-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    db = sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, isolation_level=None)
    db.text_factory = readable
    with contextlib.closing(db):
        yield db


def schema_number(path: Path) -> int:
    """The number of the last migration that is finished. Raises ``StoreRefused`` for a file of
    another program."""
    if path.exists() and not path.is_file():
        raise StoreRefused(f"{path} is not a file; choose another path")
    if not path.is_file():
        raise StoreRefused(f"there is no file {path}; a server creates it when it starts")
    try:
        with open_read_only(path) as db:
            program = db.execute("PRAGMA application_id").fetchone()[0]
            number = int(db.execute("PRAGMA user_version").fetchone()[0])
            number -= is_unfinished(db)
    except sqlite3.Error as error:
        raise StoreRefused(f"{path} can't be read: {error}") from error
    if program != APPLICATION_ID:
        raise StoreRefused(f"{path} is a database of another program")
    return number
