"""Brings a SQLite file to the schema of this release, when it is opened.

A new file gets the schema as it is now, an older one is migrated. Most migrations are one
transaction each. One that copies tables has steps, and a step as many transactions as it needs,
each of a bounded number of rows; what is done is recorded in the same transaction. So a process
that ends in between leaves a file that the next opening goes on with, and that ends as if nothing
had happened. The schema's number is set by the first transaction: older releases refuse the file
from then on.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from statehold.errors import SchemaMismatch, StoreRefused, StoreUnavailable
from statehold.store import PARTITIONS
from statehold.stores.columns import (
    DamagedConfiguration,
    configuration_columns,
    configuration_number,
    configuration_of,
    is_intact,
)
from statehold.stores.queries import Migration, load_migrations, load_queries, load_schema

log = logging.getLogger(__name__)

#: "Sthd", at a fixed position in the file's header: marks a database of Statehold
APPLICATION_ID = 0x53746864

#: what one transaction copies at most, beyond its first row
BATCH_ROWS = 5_000
BATCH_BYTES = 8_000_000
#: how often the log says how far a migration is
SAY_SECONDS = 10.0
#: beside what is copied: the write-ahead log, and what copies are longer than their originals
SPARE_BYTES = 128 << 20

#: numbers that a row may have, if only by hand
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1

_STEP = re.compile(r"^-- step: (.+)$", re.MULTILINE)
#: configurations are left out: two that are the same become one
_DROP = re.compile(r"DROP TABLE (instances|mailbox)_of_5")
_UNFINISHED = "SELECT 1 FROM sqlite_schema WHERE name = 'unfinished_migration'"


def check_schema(path: Path, db: sqlite3.Connection) -> int:
    """The number of the last migration, 0 for a new file. Changes nothing. Raises
    ``SchemaMismatch`` for a newer schema, ``StoreRefused`` for a file of another program."""
    number = int(db.execute("PRAGMA user_version").fetchone()[0])
    program = db.execute("PRAGMA application_id").fetchone()[0]
    tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    is_new = (number, program, tables) == (0, 0, 0)
    if program != APPLICATION_ID and not is_new:
        raise StoreRefused(
            f"{path} is a database of another program; give Statehold a file of its own"
        )
    known = len(load_migrations("sqlite"))
    if number > known:
        raise SchemaMismatch(str(path), number, known)
    return number


def migrate(path: Path, db: sqlite3.Connection) -> None:
    """Applies what is missing; goes on with a migration that was interrupted. Raises as
    :func:`check_schema`, ``StoreUnavailable`` where the disk has too little room, and
    ``sqlite3.Error``."""
    found = check_schema(path, db)
    known = load_migrations("sqlite")
    if is_unfinished(db):
        _go_on(path, db, known[found - 1])
    if found == 0:
        _apply(db, known[-1]._replace(sql=load_schema("sqlite")))
        return
    for migration in known[found:]:
        if _STEP.search(migration.sql):
            _begin(path, db, migration)
            _go_on(path, db, migration)
        else:
            _apply(db, migration)


def add_functions(db: sqlite3.Connection) -> None:
    """``partition_of(CAST(machine || '/' || id AS BLOB))``, as :func:`statehold.store.partition_of`
    has it. Of bytes, as damaged text must not stop a query."""
    db.create_function("partition_of", 1, _partition_of, deterministic=True)


def _partition_of(name: bytes | None) -> int | None:
    return None if name is None else sha256(name).digest()[0] % PARTITIONS


def is_unfinished(db: sqlite3.Connection) -> bool:
    """Whether a migration has begun and not ended."""
    return db.execute(_UNFINISHED).fetchone() is not None


def _apply(db: sqlite3.Connection, migration: Migration) -> None:
    """In one transaction, with the schema's number: applied whole or not at all."""
    _run(db, f"{migration.sql}\n{_stamp(migration)}")


def _stamp(migration: Migration) -> str:
    return f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {migration.number};\n"


def _run(db: sqlite3.Connection, script: str) -> None:
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


# --- in steps -------------------------------------------------------------------------------


class _Step(Struct, frozen=True):
    """``statements`` are each a transaction of their own, or ``copy`` copies rows."""

    name: str
    statements: tuple[str, ...]
    copy: Callable[[sqlite3.Connection, int], tuple[int, int]] | None

    @property
    def first(self) -> int:
        """Where it begins: at the lowest number of a row, or at the first statement."""
        return 0 if self.copy is None else _LOWEST


def _steps(migration: Migration) -> list[_Step]:
    """All but the first, which :func:`_begin` does."""
    parts = _STEP.split(migration.sql)[1:]
    steps = []
    for name, text in list(zip(parts[::2], parts[1::2], strict=True))[1:]:
        statements = tuple(one.strip() for one in text.split(";\n") if one.strip())
        steps.append(_Step(name, statements, _COPIES.get(name)))
    return steps


def _begin(path: Path, db: sqlite3.Connection, migration: Migration) -> None:
    _check_room(path, db)
    _, first = _STEP.split(migration.sql)[1:3]
    record = (
        "CREATE TABLE unfinished_migration (step INTEGER NOT NULL, next INTEGER NOT NULL) STRICT;"
        f"INSERT INTO unfinished_migration VALUES (0, {_steps(migration)[0].first});"
    )
    log.warning(
        "%s is migrated to schema %d; older releases refuse it from now on", path, migration.number
    )
    _run(db, f"{first}\n{record}\n{_stamp(migration)}")


def _go_on(path: Path, db: sqlite3.Connection, migration: Migration) -> None:
    began = said = time.monotonic()
    steps = _steps(migration)
    # an index of a large table is sorted, which memory may not have the room for
    (store,) = db.execute("PRAGMA temp_store").fetchone()
    db.execute("PRAGMA temp_store = FILE")
    add_functions(db)
    number, next_ = db.execute("SELECT step, next FROM unfinished_migration").fetchone()
    if (number, next_) != (0, steps[0].first):
        log.warning(
            "the migration of %s to schema %d was interrupted at the step %r and goes on",
            path, migration.number, steps[number].name,
        )  # fmt: skip
    copied = 0
    while number < len(steps):
        if time.monotonic() - said >= SAY_SECONDS:
            said = time.monotonic()
            log.info("%s: %s, %d rows in %.0f s", path, steps[number].name, copied, said - began)
        number, next_, rows = _advance(db, steps, number, next_)
        copied += rows
    db.execute(f"PRAGMA temp_store = {store}")
    log.warning(
        "%s has schema %d after %.1f s; %d rows were copied",
        path, migration.number, time.monotonic() - began, copied,
    )  # fmt: skip


def _advance(
    db: sqlite3.Connection, steps: list[_Step], number: int, next_: int
) -> tuple[int, int, int]:
    """One transaction: a piece of a step. Returns which step is next, where in it, and how many
    rows were copied. The caller closes the database if it raises."""
    step, rows = steps[number], 0
    db.execute("BEGIN IMMEDIATE")
    if step.copy is not None:
        last, rows = step.copy(db, next_)
        is_done = rows == 0 or last == _HIGHEST
        next_ = last + 1
    else:
        if match := _DROP.match(step.statements[next_]):
            _check_copied(db, match[1])
        db.execute(step.statements[next_])
        next_ += 1
        is_done = next_ == len(step.statements)
    if is_done:
        number += 1
        next_ = steps[number].first if number < len(steps) else 0
    if number == len(steps):
        db.execute("DROP TABLE unfinished_migration")
    else:
        db.execute("UPDATE unfinished_migration SET step = ?, next = ?", (number, next_))
    db.execute("COMMIT")
    return number, next_, rows


def _check_copied(db: sqlite3.Connection, table: str) -> None:
    """Before a table is removed. Raises ``StoreRefused`` where its copy does not have all of it."""
    counting = "SELECT (SELECT count(*) FROM {0}), (SELECT count(*) FROM {0}_of_5)"
    copied, old = db.execute(counting.format(table)).fetchone()
    if copied != old:
        raise StoreRefused(
            f"the new table {table} has {copied} rows, the old one {old}: another program has "
            "changed them during the migration; restore the file from a backup, and migrate it "
            "with no other program using it"
        )


def _last_of_batch(db: sqlite3.Connection, sizes: str, next_: int) -> tuple[int, int]:
    """Up to which number a transaction copies, and how many rows these are."""
    rows = size = 0
    last = next_
    for number, length in db.execute(sizes, (next_, BATCH_ROWS)):
        size += length
        if rows and size > BATCH_BYTES:
            break
        last, rows = number, rows + 1
    return last, rows


def _copy_configurations(db: sqlite3.Connection, next_: int) -> tuple[int, int]:
    """One that can't be read keeps its number: it has no content of which to make another."""
    q = load_queries("sqlite", "migrate.sql")
    found = db.execute(q["old_configurations"], (next_, BATCH_ROWS)).fetchall()
    for old, instances, *columns in found:
        content = configuration_of(*columns)
        if isinstance(content, DamagedConfiguration):
            db.execute(q["keep_configuration"], (old,))
            continue
        number = configuration_number(content)
        # as a step writes it: one that was edited by hand may be written otherwise
        db.execute(q["new_configuration"], (number, *configuration_columns(content), instances))
        there = configuration_of(*db.execute(q["new_content"], (number,)).fetchone())
        # refuses another one that has the number
        is_intact(number, there, content)
        db.execute(q["renumber"], (old, number))
    return (found[-1][0] if found else next_), len(found)


def _copy_instances(db: sqlite3.Connection, next_: int) -> tuple[int, int]:
    q = load_queries("sqlite", "migrate.sql")
    last, rows = _last_of_batch(db, q["sizes_of_instances"], next_)
    db.execute(q["copy_instances"], (next_, last))
    return last, rows


def _copy_messages(db: sqlite3.Connection, next_: int) -> tuple[int, int]:
    q = load_queries("sqlite", "migrate.sql")
    last, rows = _last_of_batch(db, q["sizes_of_messages"], next_)
    db.execute(q["copy_messages"], (next_, last))
    return last, rows


_COPIES = {
    "copy configurations": _copy_configurations,
    "copy instances": _copy_instances,
    "copy messages": _copy_messages,
}


def _check_room(path: Path, db: sqlite3.Connection) -> None:
    """Raises ``StoreUnavailable`` where copies would not fit on the disk: better before than
    after half of them."""
    if not hasattr(os, "statvfs"):
        return
    q = load_queries("sqlite", "migrate.sql")
    pages = ("freelist_count", "page_size")
    unused, page = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in pages)
    needed = int(db.execute(q["bytes_to_copy"]).fetchone()[0]) + SPARE_BYTES - unused * page
    disk = os.statvfs(path)
    free = disk.f_bavail * disk.f_frsize
    if free < needed:
        raise StoreUnavailable(
            f"{path}: its migration needs up to {needed} bytes of its disk, which has {free} left; "
            "free some, then start again. Nothing was changed"
        )
