"""Checks of a SQLite deployment: file, disk, owner and content."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sqlite3
import stat
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from statehold.chart.machine import Definition
from statehold.doctor.finding import Finding, size, some
from statehold.doctor.sqlite_queries import SqliteQueries
from statehold.doctor.tokens import TOKENS, examine_tokens
from statehold.doctor.work import Pause, examine_work
from statehold.stores.queries import load_migrations, load_queries
from statehold.stores.sqlite.file import FREE_BYTES, holder_of
from statehold.stores.sqlite.inspect import open_read_only
from statehold.stores.sqlite.migrate import APPLICATION_ID, is_unfinished
from statehold.stores.token_columns import token_of

#: so much room, or as much as the database has, should be left on the disk
FREE_WANTED = 1 << 30
#: SQLite reuses a log once it is checkpointed; one that grows has a reader that never ends
LOG_BYTES = 256 << 20
#: larger files are not checked for damage, which reads them whole
CHECKED_BYTES = 256 << 20


async def examine_sqlite(
    path: Path,
    definitions: Mapping[str, Definition[Any]],
    served: Collection[str],
    now: datetime | None = None,
    pause: Pause = asyncio.sleep,
) -> list[Finding]:
    found = _of_file(path)
    if any(finding.code == "no-file" for finding in found):
        return found
    try:
        with open_read_only(path) as db:
            found += _of_schema(path, db)
            if any(f.code in ("other-program", "schema", "no-schema") for f in found):
                return found
            found += _of_damage(path, db)
            queries = SqliteQueries(db)
            found += await examine_work(
                queries, now or datetime.now(UTC), definitions, served, pause
            )
            tokens = db.execute(load_queries("sqlite")["tokens"], ("", TOKENS)).fetchall()
            found += examine_tokens([*map(token_of, tokens)], now or datetime.now(UTC))
    except sqlite3.Error as error:
        found.append(
            Finding(
                "error",
                "unreadable",
                f"{path} can't be read: {error}",
                "a server can't use it either, or it is being changed",
                "run the doctor again; if it still fails, restore a backup",
            )
        )
    return found


def _of_file(path: Path) -> list[Finding]:
    if path.exists() and not path.is_file():
        return [
            Finding(
                "error",
                "no-file",
                f"{path} is not a file",
                "a server that is started on it refuses",
                "correct the address: sqlite:///FILE",
            )
        ]
    if not path.is_file():
        return [
            Finding(
                "error",
                "no-file",
                f"there is no file {path}",
                "nothing has run on it yet, or the address is wrong",
                "check the address, and the folder that it is relative to; if it is right, start a "
                "server",
            )
        ]
    found = [*_of_disk(path), *_of_rights(path)]
    found.append(_of_lock(path))
    return found


def _of_lock(path: Path) -> Finding:
    lock = path.with_name(path.name + ".lock")
    try:
        holder = holder_of(lock) if lock.exists() else None
    except OSError as error:
        return Finding(
            "error",
            "no-rights",
            f"{lock} can't be read: {error.strerror}",
            "whether a process has the database open was not checked",
            "run the doctor as the user that the server runs as",
        )
    if holder:
        return Finding("note", "in-use", f"{path} is in use by {holder}")
    return Finding(
        "error",
        "no-worker",
        f"no process has {path} open",
        "no timer fires, no effect runs, no message is delivered",
        "start one: statehold serve, or statehold worker",
    )


def _of_disk(path: Path) -> list[Finding]:
    used = path.stat().st_size
    free = shutil.disk_usage(path.parent).free
    found = []
    room = f"{path} has {size(used)}, its disk has {size(free)} left"
    if free < FREE_BYTES:
        found.append(
            Finding("error", "disk-full", room, "commits fail", "make room on the disk, now")
        )
    elif free < max(FREE_WANTED, used):
        found.append(
            Finding(
                "warning",
                "disk-space",
                room,
                "when it is full no commit succeeds; a backup or VACUUM needs as much room again "
                "as the database",
                "make room, or move the database to a larger disk",
            )
        )
    else:
        found.append(Finding("note", "database", room))
    log = path.with_name(path.name + "-wal")
    log_size = log.stat().st_size if log.exists() else 0
    if log_size > LOG_BYTES:
        found.append(
            Finding(
                "warning",
                "log-size",
                f"{log} has {size(log_size)}",
                "a program never ends its reading transaction, so the log can't be checkpointed; "
                "reads get slower and the disk fills",
                "find that program (fuser, lsof) and end it",
            )
        )
    return found


def _of_rights(path: Path) -> list[Finding]:
    found = []
    owner = path.stat().st_uid
    files = [
        file
        for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", ".lock")))
        if file.exists()
    ]
    for file in files:
        status = file.stat()
        if status.st_uid != owner:
            found.append(
                Finding(
                    "error",
                    "owner",
                    f"{file} belongs to user {status.st_uid}, {path.name} to {owner}",
                    "the server may not be able to write it: another user has had it open",
                    f"with the server stopped: chown {owner} {file}",
                )
            )
        if not status.st_mode & stat.S_IWUSR:
            found.append(
                Finding(
                    "error",
                    "read-only",
                    f"{file} can't be written by its owner",
                    "a server that is started on it refuses",
                    f"chmod u+w {file}",
                )
            )
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        found.append(
            Finding(
                "warning",
                "world-writable",
                f"{path} can be written by everybody on this machine",
                "any user can change instances",
                f"chmod o-w {path}",
            )
        )
    wide = [file for file in files if file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)]
    if wide and os.name != "nt":
        found.append(
            Finding(
                "warning",
                "readable",
                f"other users of this machine can read {some([str(file) for file in wide])}",
                "the data of every instance is in it",
                f"chmod go-rwx {' '.join(shlex.quote(str(file)) for file in wide)}",
            )
        )
    if not os.access(path, os.R_OK):
        found.append(
            Finding(
                "error",
                "no-rights",
                f"this user can't read {path}",
                "what is in it was not checked",
                "run the doctor as the user that the server runs as",
            )
        )
    return found


def _of_schema(path: Path, db: sqlite3.Connection) -> list[Finding]:
    program = db.execute("PRAGMA application_id").fetchone()[0]
    number = db.execute("PRAGMA user_version").fetchone()[0]
    known = len(load_migrations("sqlite"))
    if program != APPLICATION_ID:
        return [
            Finding(
                "error",
                "other-program",
                f"{path} is not a database of Statehold",
                "a server that is started on it refuses",
                "correct the address",
            )
        ]
    if number > known:
        return [
            Finding(
                "error",
                "schema",
                f"{path} has schema {number}, this release knows up to {known}",
                "a server of this release does not start on it",
                "run the release that made it, or a newer one",
            )
        ]
    if is_unfinished(db):
        return [
            Finding(
                "error",
                "schema",
                f"{path} has begun to be migrated to schema {number}",
                "while that goes on nothing runs, and what is in it was not checked",
                "if no process has it open, start a server of this release, which goes on with it",
            )
        ]
    if number < known:
        return [
            Finding(
                "error",
                "schema",
                f"{path} has schema {number}, this release has {known}",
                "what is in it was not checked",
                "copy the file, then start a server of this release, which migrates it",
            )
        ]
    return []


def _of_damage(path: Path, db: sqlite3.Connection) -> list[Finding]:
    if path.stat().st_size > CHECKED_BYTES:
        return []
    result = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if result == "ok":
        return []
    return [
        Finding(
            "error",
            "damaged",
            f"{path} is damaged: {result}",
            "some instances can't be read, and writes may make it worse",
            "stop the server and restore the file from a backup",
        )
    ]
