"""Durable steps on SQLite, in process, beside the bare writes that they amount to.

The bare loops make the same writes by hand on tables of their own: in one transaction the
instance's row is moved by compare-and-set, with a document as long as ours, and an entry as long
as ours is added to a journal. They read nothing, check nothing and make no document: the bytes
are ready. ``sqlite3-loop`` commits each event, ``sqlite3-batched`` commits 64 at once.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from time import perf_counter

from benchmarks.parcel import Parcel, ParcelFlow, scan
from benchmarks.place import working_directory
from benchmarks.rounds import ROUNDS, Series, in_turns_async
from benchmarks.table import number, percent, print_ratio, print_table
from statehold.engine import Engine
from statehold.records import Ref
from statehold.stores import open_store

INSTANCES = 1000
LAP_SECONDS = 2.0
BATCH = 64
#: events of the instance whose row and entries are taken for the lengths; 65, so that one of
#: them is an entry with the whole data, as often as there is one
SAMPLE_EVENTS = 65


def main(*, quick: bool = False, directory: Path | None = None) -> None:
    print("\n== durable steps on SQLite ==\n")
    with working_directory(directory) as place:
        asyncio.run(_measure(place, LAP_SECONDS * (0.1 if quick else 1.0)))


async def _measure(place: Path, lap_seconds: float) -> None:
    document, entry = await lengths(f"sqlite:///{place / 'sample.db'}")
    print(f"{INSTANCES:,} instances, row document {document} bytes, journal entry {entry} bytes")
    bare = Bare(place / "loop.db", document, entry)
    batched = Bare(place / "batched.db", document, entry)
    async with Engine(f"sqlite:///{place / 'engine.db'}", machines=[ParcelFlow]) as engine:
        ids = await start_parcels(engine, INSTANCES)
        contenders: dict[str, Callable[[], Awaitable[float]]] = {
            "durable-64": lambda: drive(engine, ids, 64, lap_seconds),
            "durable-1": lambda: drive(engine, ids, 1, lap_seconds),
            "sqlite3-loop": lambda: bare.lap(1, lap_seconds),
            "sqlite3-batched": lambda: batched.lap(BATCH, lap_seconds),
        }
        for warm_up in contenders.values():
            await warm_up()
        taken = await in_turns_async(contenders, ROUNDS)
    bare.close()
    batched.close()
    _report(taken)


def _report(taken: dict[str, Series]) -> None:
    print_table(
        f"durable steps, median of {ROUNDS} laps",
        ["who", "events/s", "µs/event", "spread"],
        [
            [name, number(series.median), number(1e6 / series.median), percent(series.spread)]
            for name, series in taken.items()
        ],
    )
    for what, peer in (
        ("durable-64", "sqlite3-loop"),
        ("durable-1", "sqlite3-loop"),
        ("durable-64", "sqlite3-batched"),
    ):
        print_ratio(what, peer, taken[what].median / taken[peer].median)


async def start_parcels(engine: Engine, instances: int) -> list[str]:
    ids = [f"parcel-{n}" for n in range(instances)]
    for first in range(0, instances, 256):
        await asyncio.gather(
            *(engine.start(ParcelFlow, id=id, data=Parcel()) for id in ids[first : first + 256])
        )
    return ids


async def drive(engine: Engine, ids: list[str], callers: int, seconds: float) -> float:
    """Events a second that so many callers get through, each sending when it has its reply."""
    done = 0
    end = perf_counter() + seconds

    async def call(own: list[str]) -> None:
        nonlocal done
        turn = 0
        while perf_counter() < end:
            await engine.send(ParcelFlow, own[turn % len(own)], scan(turn))
            turn += 1
        done += turn

    began = perf_counter()
    await asyncio.gather(*(call(ids[n::callers]) for n in range(callers)))
    return done / (perf_counter() - began)


async def lengths(address: str) -> tuple[int, int]:
    """Bytes of a row's document, and of a journal entry on the average, in an empty store."""
    async with Engine(address, machines=[ParcelFlow]) as engine:
        await engine.start(ParcelFlow, id="sample", data=Parcel())
        for n in range(SAMPLE_EVENTS):
            await engine.send(ParcelFlow, "sample", scan(n))
    store = open_store(address)
    await store.open("benchmark")
    try:
        ref = Ref("parcel", "sample")
        rows, entries = await store.load([ref]), await store.journal(ref, (2, -1))
    finally:
        await store.close()
    return len(rows[ref].document), sum(len(entry.body) for entry in entries) // len(entries)


class Bare:
    """The loop that a person would write over ``sqlite3``, with the settings that we use too."""

    def __init__(self, path: Path, document: int, entry: int) -> None:
        self._document, self._entry = b"x" * document, b"x" * entry
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA cache_size = -65536;
            CREATE TABLE instances (
                machine TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
                state TEXT NOT NULL, changed_at INTEGER NOT NULL, document BLOB NOT NULL,
                PRIMARY KEY (machine, id)
            ) STRICT;
            CREATE TABLE journal (
                machine TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,
                at INTEGER NOT NULL, body BLOB NOT NULL,
                UNIQUE (machine, id, seq)
            ) STRICT;
            """
        )
        self._db.executemany(
            "INSERT INTO instances VALUES ('parcel', ?, 1, 'standing', 0, ?)",
            [(f"parcel-{n}", self._document) for n in range(INSTANCES)],
        )
        self._numbers = count()

    async def lap(self, batch: int, seconds: float) -> float:
        """Events a second, so many to a commit."""
        done = 0
        began = perf_counter()
        end = began + seconds
        while perf_counter() < end:
            self._commit(batch)
            done += batch
        return done / (perf_counter() - began)

    def _commit(self, batch: int) -> None:
        moves = []
        for _ in range(batch):
            number = next(self._numbers)
            moves.append((f"parcel-{number % INSTANCES}", number // INSTANCES + 1))
        self._db.execute("BEGIN IMMEDIATE")
        changed = self._db.executemany(
            "UPDATE instances SET seq = ?, state = ?, changed_at = ?, document = ? "
            "WHERE machine = 'parcel' AND id = ? AND seq = ?",
            [
                (seq + 1, "moving" if seq % 2 else "standing", seq, self._document, id, seq)
                for id, seq in moves
            ],
        ).rowcount
        if changed != batch:
            raise RuntimeError(f"{batch - changed} of {batch} rows were not at the expected seq")
        self._db.executemany(
            "INSERT INTO journal VALUES ('parcel', ?, ?, ?, ?)",
            [(id, seq + 1, seq, self._entry) for id, seq in moves],
        )
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()
