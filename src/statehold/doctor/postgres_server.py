"""Checks of the PostgreSQL server: settings, clock, transactions, connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from statehold.doctor.finding import Finding, size, span
from statehold.engine.background.membership import SKEW_SECONDS
from statehold.stores.postgres.connections import OLDEST_SERVER, POOL_SIZE
from statehold.stores.queries import load_queries

if TYPE_CHECKING:
    import asyncpg

#: what the pool, the writer and the listener of one worker take at most
CONNECTIONS = POOL_SIZE + 2
#: of all connections; beyond it a restart of everything at once does not fit
USED_SHARE = 0.8
#: our own transactions take milliseconds
LONG_TRANSACTION = timedelta(minutes=5)
#: an idle one was forgotten by its program
IDLE_TRANSACTION = timedelta(minutes=1)
#: write-ahead log that an unused replication slot keeps from being removed
SLOT_BYTES = 1 << 30
#: transactions; the server stops accepting writes at about 2,100,000,000
FROZEN_AGE = 1_000_000_000


async def examine_server(
    db: asyncpg.Connection[Any], local_now: Callable[[], datetime]
) -> list[Finding]:
    q = load_queries("postgres", "doctor.sql")
    asked_at = local_now()
    server = await db.fetchrow(q["server"])
    answered_at = local_now()
    assert server is not None
    settings = {row["name"]: row["setting"] for row in await db.fetch(q["settings"])}
    found = [
        Finding(
            "note",
            "database",
            f"PostgreSQL {settings['server_version']}, {size(server['bytes'])} in this database",
        )
    ]
    found += _of_settings(settings)
    found += _of_clock(asked_at, server["now"], answered_at)
    found += _of_writing(is_standby=server["is_standby"], is_read_only=server["is_read_only"])
    if server["encoding"] != "UTF8":
        found.append(
            Finding(
                "error",
                "encoding",
                f"the database's encoding is {server['encoding']}",
                "text outside this encoding can't be stored",
                "make a database with ENCODING 'UTF8' and move there",
            )
        )
    if server["frozen_age"] > FROZEN_AGE:
        found.append(
            Finding(
                "error",
                "wraparound",
                f"the oldest row is {server['frozen_age']:,} transactions old",
                "at about 2,100,000,000 the server accepts no more writes",
                "end what blocks vacuum, see below, and run VACUUM",
            )
        )
    found += await _of_transactions(db, q, sees_all=server["sees_all"])
    if not server["is_standby"]:
        found += await _of_slots(db, q)
    return found


def _of_settings(settings: Mapping[str, str]) -> list[Finding]:
    found = []
    if int(settings["server_version_num"]) < OLDEST_SERVER * 10_000:
        found.append(
            Finding(
                "error",
                "server-version",
                f"the server is PostgreSQL {settings['server_version']}",
                f"{OLDEST_SERVER} is the oldest that works",
                "upgrade it",
            )
        )
    for name, code, means in _MUST_BE_ON:
        if settings[name] == "off":
            found.append(
                Finding("error", code, f"{name} is off", means, f"set {name} = on and reload")
            )
    if settings["synchronous_commit"] == "off":
        found.append(
            Finding(
                "note",
                "synchronous-commit",
                "synchronous_commit is off for this role or database",
                "workers set it for their own sessions, so their commits are durable; those of "
                "other programs are not",
            )
        )
    return found


def _of_clock(asked_at: datetime, theirs: datetime, answered_at: datetime) -> list[Finding]:
    """The database read its clock at some moment between the two."""
    if theirs < asked_at:
        skew = asked_at - theirs
    elif theirs > answered_at:
        skew = theirs - answered_at
    else:
        return []
    if skew.total_seconds() <= SKEW_SECONDS:
        return []
    side = "ahead of" if theirs < asked_at else "behind"
    return [
        Finding(
            "warning",
            "clock",
            f"this machine's clock is {span(skew)} {side} the database's",
            "timers fire by each worker's own clock: a timer that this machine sets fires early or "
            "late by that much on others",
            "keep both on time with NTP",
        )
    ]


def _of_writing(*, is_standby: bool, is_read_only: bool) -> list[Finding]:
    if is_standby:
        return [
            Finding(
                "error",
                "standby",
                "the address names a standby, which accepts no writes",
                "no commit succeeds",
                "name all hosts in the address, with target_session_attrs=read-write",
            )
        ]
    if is_read_only:
        return [
            Finding(
                "error",
                "read-only",
                "default_transaction_read_only is on for this role or database",
                "no commit succeeds",
                "ALTER ROLE or ALTER DATABASE, RESET default_transaction_read_only",
            )
        ]
    return []


async def examine_connections(db: asyncpg.Connection[Any], workers: int) -> list[Finding]:
    """``workers``: how many have a lease."""
    q = load_queries("postgres", "doctor.sql")
    settings = {row["name"]: row["setting"] for row in await db.fetch(q["settings"])}
    used = await db.fetchval(q["connections"])
    most = int(settings["max_connections"]) - int(settings["superuser_reserved_connections"])
    used_now = (
        f"{used} of {most} connections are in use; a worker takes up to {CONNECTIONS}, and "
        f"{workers} are alive"
    )
    if used < USED_SHARE * most and workers * CONNECTIONS <= most:
        return [Finding("note", "connections", used_now)]
    return [
        Finding(
            "warning",
            "connections",
            used_now,
            "at the next peak workers or other programs are refused",
            "raise max_connections, run fewer workers, or put a pooler before other programs",
        )
    ]


async def _of_transactions(
    db: asyncpg.Connection[Any], q: Mapping[str, str], *, sees_all: bool
) -> list[Finding]:
    found = []
    for row in await db.fetch(q["old_transactions"], IDLE_TRANSACTION):
        is_idle = (row["state"] or "").startswith("idle in transaction")
        if not is_idle and row["age"] < LONG_TRANSACTION:
            continue
        who = f"process {row['pid']} ({row['usename']}, {row['application_name'] or 'no name'})"
        found.append(
            Finding(
                "warning",
                "idle-transaction" if is_idle else "long-transaction",
                f"{who} has had a transaction open for {span(row['age'])}"
                + (f" and been idle in it for {span(row['state_age'])}" if is_idle else ""),
                "until it ends, vacuum can't remove dead rows: tables grow and get slower",
                f"end it: SELECT pg_terminate_backend({row['pid']}); and set "
                "idle_in_transaction_session_timeout for its role",
            )
        )
    for row in await db.fetch(q["prepared_transactions"], IDLE_TRANSACTION):
        found.append(
            Finding(
                "warning",
                "prepared-transaction",
                f"the prepared transaction {row['gid']!r} has waited for {span(row['age'])}",
                "until it ends, vacuum can't remove dead rows, and its locks are held",
                "COMMIT PREPARED it, or ROLLBACK PREPARED",
            )
        )
    if not sees_all:
        found.append(
            Finding(
                "note",
                "sees-less",
                "this role can't see other roles' transactions",
                "",
                "to check them too: GRANT pg_read_all_stats to it",
            )
        )
    return found


async def _of_slots(db: asyncpg.Connection[Any], q: Mapping[str, str]) -> list[Finding]:
    return [
        Finding(
            "warning",
            "idle-slot",
            f"the replication slot {row['slot_name']} is not used and keeps {size(row['bytes'])} "
            "of write-ahead log",
            "it grows until the disk is full, and then the server stops",
            f"start its replica, or SELECT pg_drop_replication_slot('{row['slot_name']}')",
        )
        for row in await db.fetch(q["idle_slots"])
        if row["bytes"] > SLOT_BYTES
    ]


_MUST_BE_ON = (
    (
        "fsync",
        "fsync",
        "committed data is lost, or the database damaged, when the machine fails",
    ),
    (
        "full_page_writes",
        "full-page-writes",
        "the database may be damaged when the machine fails, unless its disks write whole pages",
    ),
    ("autovacuum", "autovacuum", "dead rows are not removed: tables grow and get slower"),
    ("track_counts", "track-counts", "autovacuum does not know where it is needed"),
)
