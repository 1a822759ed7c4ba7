"""A SQLite file as the releases before partitions left it, filled by SQL alone; what is in it is as
in ``old_database.py``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import md5
from pathlib import Path
from typing import Any

from statehold.stores.queries import load_migrations
from statehold.stores.sqlite.migrate import APPLICATION_ID

#: the last migration of those releases
LAST = 5

#: instances whose journals grow at the same time
WINDOW = 20_000

SECOND = 1_900_000_000_000_000


def make_old(path: Path, instances: int, lines: int) -> None:
    """Each of the instances has so many journal lines and a lookup; a twentieth gets a message,
    every hundredth is forgotten."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for migration in load_migrations("sqlite")[:LAST]:
            db.executescript(migration.sql)
        db.executescript(
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAST};"
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"
        )
        db.execute("BEGIN")
        _insert(db, "configurations", _configurations(instances))
        for first in range(1, instances + 1, WINDOW):
            numbers = range(first, min(first + WINDOW, instances + 1))
            _insert(db, "instances", (_instance(n, lines) for n in numbers))
            _insert(db, "lookups", (_lookup(n) for n in numbers))
            # the lines of some instances alternate, as where these are worked on at the same time
            seqs = range(1, lines + 1)
            _insert(db, "journal", (_entry(n, seq) for seq in seqs for n in numbers))
        _insert(db, "mailbox", map(_message, range(1, instances // 20 + 1)))
        # not of an instance that is there
        gone = range(instances + 1, instances + instances // 100 + 1)
        _insert(db, "forgotten", ((n,) for n in gone))
        _insert(db, "journal", ((n, 1, 0, SECOND, "start", b"{}", None, None) for n in gone))
        db.execute(
            "INSERT INTO aside SELECT machine, id, rev, ?, 'of another release' FROM instances "
            "WHERE number % 503 = 0",
            (SECOND,),
        )
        _insert(db, "charts", [("order", 1, b"{}", SECOND)])
        db.execute("COMMIT")


def _insert(db: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    width = len(db.execute(f"SELECT * FROM {table} LIMIT 0").description)
    db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)


def _configurations(instances: int) -> Iterator[tuple[Any, ...]]:
    number = 0
    for version in range(1, 5):
        for status in ("running", "done", "paused"):
            for state in range(1, 17):
                number += 1
                owners = ["clerk"] if state % 2 == 0 else []
                names = ([f"step_{state}"], [f"tag_{state % 5}"], owners)
                texts = [json.dumps(one) for one in names]
                share = len(range((number - 1) or 192, instances + 1, 192))
                yield (number, "order", version, status, *texts, share)


def id_of_row(n: int) -> str:
    return f"o-{md5(str(n).encode()).hexdigest()}"


def _instance(n: int, seq: int) -> tuple[Any, ...]:
    document = (
        f'{{"data":{{"order":"o-{n}","items":[{n % 7},{n % 11},{n % 13}],"note":"'
        f'{"of the usual kind " * 15}"}},"timers":{{}}}}'
    )
    return (
        n, "order", id_of_row(n), 1 + n % 192, seq, seq, f'{{"customer":"c-{n % 1000}"}}',
        SECOND + n, SECOND + n, SECOND + n * 10, 2_000_000_000_000_000 + n if n % 2 == 0 else None,
        '["w1"]' if n % 97 == 0 else None, int(n % 101 == 0), None, document.encode(),
    )  # fmt: skip


def _lookup(n: int) -> tuple[Any, ...]:
    return ("order", "customer", f"c-{n % 1000}", SECOND + n, id_of_row(n))


def _entry(n: int, seq: int) -> tuple[Any, ...]:
    body = (
        f'{{"event":{{"type":"Moved","order":"o-{n}","step":{seq},"by":"clerk-{n % 50}"}},'
        f'"changes":{{"step":{seq},"note":"{"as it was agreed; " * (10 + n % 5)}"}},'
        f'"cause":"{n}","effects":[]}}'
    )
    keyed = seq % 3 == 0
    reply = b'{"seq":1,"state":["step_1"]}' if keyed else None
    key = f"key-{n}-{seq}" if keyed else None
    return (n, seq, 0, SECOND + n * 10 + seq, "event", body.encode(), key, reply)


def _message(n: int) -> tuple[Any, ...]:
    body = f'{{"event":{{"type":"Told","n":{n},"text":"{"as it was agreed; " * 5}"}}}}'
    sender = ("order", id_of_row(n * 7)) if n % 5 else (None, None)
    send_id = f"{n}.send" if n % 2 == 0 else None
    due_at = 2_000_000_000_000_000 + n if n % 2 == 0 else None
    held = n % 10 == 5
    key = f"key-{n}" if held else None
    return (n, "order", id_of_row(n), "event", body.encode(), due_at, *sender, send_id, held, key)
