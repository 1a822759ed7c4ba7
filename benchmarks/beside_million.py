"""A million instances that stand still: what they cost, and what a list and the counts do.

Every second one waits for a timer that is due in a day. The rows and their journals are written
through the store, from those of two instances that the engine has made.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import asyncpg
import msgspec

from benchmarks.reminder import Arm, Reminder, ReminderFlow
from benchmarks.scene import Scene
from benchmarks.table import number, print_table
from statehold.engine import Engine
from statehold.records import Entry, Ref, Row, Write
from statehold.store import Query, Store, WriteResult
from statehold.stores import open_store

INSTANCES = 1_000_000
QUICK_INSTANCES = 20_000
WRITES_A_COMMIT = 1_000
IDLE_SECONDS = 30.0
QUICK_IDLE_SECONDS = 3.0
CALLS = 20
PAGE = 50


async def measure(scene: Scene) -> None:
    instances = QUICK_INSTANCES if scene.quick else INSTANCES
    address = scene.fresh_ours("million")
    began = perf_counter()
    await _fill(address, instances)
    await settle(address)
    print(f"{instances:,} instances written in {perf_counter() - began:.0f} s", flush=True)
    seconds = QUICK_IDLE_SECONDS if scene.quick else IDLE_SECONDS
    await _idle(scene, address, seconds)
    await _questions(address, instances)


# --- filling it ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Model:
    """An instance to make others of."""

    row: Row
    entries: list[Entry]

    def copy(self, id: str, created_at: datetime) -> Write:
        row = msgspec.structs.replace(self.row, id=id, created_at=created_at)
        entries = [msgspec.structs.replace(entry, id=id) for entry in self.entries]
        return Write(row, None, entries)


async def _fill(address: str, instances: int) -> None:
    now = datetime.now(UTC)
    async with Engine(address, machines=[ReminderFlow]) as engine:
        await engine.start(ReminderFlow, id="model-idle", data=Reminder())
        await engine.start(ReminderFlow, id="model-waiting", data=Reminder())
        await engine.send(ReminderFlow, "model-waiting", Arm(due=now + timedelta(days=1)))
    store = open_store(address)
    await store.open("benchmark")
    try:
        await store.join("benchmark", timedelta(hours=1))
        models = [await _model(store, f"model-{state}") for state in ("idle", "waiting")]
        for first in range(2, instances, WRITES_A_COMMIT):
            writes = [
                models[n % 2].copy(f"reminder-{n}", now + timedelta(microseconds=n))
                for n in range(first, min(first + WRITES_A_COMMIT, instances))
            ]
            outcomes = await store.commit(writes)
            if any(outcome is not WriteResult.WRITTEN for outcome in outcomes):
                raise RuntimeError(f"rows from {first} on were not written: {set(outcomes)}")
        await store.leave()
    finally:
        await store.close()


async def _model(store: Store, id: str) -> Model:
    ref = Ref("reminder", id)
    rows = await store.load([ref])
    return Model(rows[ref], await store.journal(ref))


async def settle(address: str) -> None:
    """What autovacuum and the checkpointer would do in the minutes to come, done now."""
    if address.startswith("sqlite:"):
        return
    connection = await asyncpg.connect(address)
    try:
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


# --- what standing still costs ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds of this process and of the database server, and its transactions."""

    own: float
    server: float
    transactions: int

    def since(self, before: Spent) -> Spent:
        return Spent(
            self.own - before.own,
            self.server - before.server,
            self.transactions - before.transactions,
        )


async def _idle(scene: Scene, address: str, seconds: float) -> None:
    """The same time without an engine and with one, each measured for a minute."""
    without = await _window(scene, address, seconds)
    async with Engine(address, machines=[ReminderFlow]):
        # what it does when it opens is no idleness
        await asyncio.sleep(1.0)
        with_engine = await _window(scene, address, seconds)
    print_table(
        f"standing still, for a minute, from {seconds:.0f} s",
        ["", "processor s, engine", "processor s, PostgreSQL", "transactions"],
        [
            [
                name,
                number(spent.own * 60 / seconds),
                number(spent.server * 60 / seconds),
                number(spent.transactions * 60 / seconds),
            ]
            for name, spent in (("no engine", without), ("one engine", with_engine))
        ],
    )


async def _window(scene: Scene, address: str, seconds: float) -> Spent:
    before = await _spent(scene, address)
    await asyncio.sleep(seconds)
    return (await _spent(scene, address)).since(before)


async def _spent(scene: Scene, address: str) -> Spent:
    own = sum(os.times()[:2])
    pid = scene.postgres.pid
    assert pid is not None
    return Spent(own, _processor_seconds(pid), await _transactions(address))


async def _transactions(address: str) -> int:
    """Of the database, without those of this question, which is asked in another one."""
    if address.startswith("sqlite:"):
        return 0
    base, _, name = address.rpartition("/")
    connection = await asyncpg.connect(f"{base}/postgres")
    try:
        return int(
            await connection.fetchval(
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", name
            )
        )
    finally:
        await connection.close()


def _processor_seconds(postmaster: int) -> float:
    """Of the server and all its processes that are there; 0 where there is no /proc."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="ascii", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            # it has ended meanwhile
            continue
        # the name, in brackets, may have spaces and brackets
        fields = text.rpartition(")")[2].split()
        if int(stat.parent.name) == postmaster:
            # its children's too, of those that have ended
            ticks += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) == postmaster:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


# --- what is asked of them -------------------------------------------------------------------


async def _questions(address: str, instances: int) -> None:
    async with Engine(address, machines=[ReminderFlow]) as engine:
        far = await _far_cursor(engine)
        questions: dict[str, Callable[[], Awaitable[object]]] = {
            "counts for the board": lambda: engine.machine_detail(ReminderFlow),
            "first page": lambda: engine.list(Query("reminder", limit=PAGE)),
            "first page of a state": lambda: engine.list(
                Query("reminder", state="waiting", limit=PAGE)
            ),
            "page after 10,000": lambda: engine.list(Query("reminder", limit=PAGE, cursor=far)),
        }
        rows = []
        for name, ask in questions.items():
            await ask()
            waits = sorted([await _timed(ask) for _ in range(CALLS)])
            rows.append([name, number(median(waits) * 1e3), number(waits[-1] * 1e3)])
    print_table(
        f"questions about {instances:,} instances, {CALLS} calls each",
        ["what", "p50 ms", "slowest ms"],
        rows,
    )


async def _timed(ask: Callable[[], Awaitable[object]]) -> float:
    began = perf_counter()
    await ask()
    return perf_counter() - began


async def _far_cursor(engine: Engine) -> str | None:
    """Of the page after ten of a thousand."""
    cursor: str | None = None
    for _ in range(10):
        cursor = (await engine.list(Query("reminder", limit=1_000, cursor=cursor))).cursor
    return cursor
