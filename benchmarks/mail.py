"""How fast workers deliver messages between instances on PostgreSQL, and what claims cost.

::

    python -m benchmarks.mail                  # one worker and four, each five times
    python -m benchmarks.mail --quick          # a tenth of the messages, twice

Senders post all messages first, to a machine that nobody runs. Then workers, each a process of its
own, open an engine that runs it. A lap lasts from that moment until no message is left. Beside it
stand the calls of ``mail``, in which a store claims and reads them, and their time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any

import asyncpg

from benchmarks.database import server
from benchmarks.machine import print_machine
from benchmarks.parcel import Parcel, Scan, note_scan
from benchmarks.table import number, percent, print_table
from statehold import Context, Event, Machine, State, on
from statehold.engine import Engine
from statehold.stores.postgres.store import PostgresStore
from tests.servers.postgres import PostgresServer

RECEIVERS = 1_000
SENDERS = 200
MESSAGES = 20_000
ROUNDS = 5
#: that one sender posts at once
BURST = 20
POLL_SECONDS = 0.01
PATIENCE_SECONDS = 300.0


class Post(Event):
    first: int
    count: int


class ReceiverFlow(Machine[Parcel], name="receiver", version=1):
    """Counts what arrives."""

    idle = State(initial=True)

    arrive = on(Scan, idle >> idle, do=note_scan)


def post(parcel: Parcel, event: Post, context: Context) -> None:
    for n in range(event.first, event.first + event.count):
        context.send("receiver", f"r-{n * 7919 % RECEIVERS}", Scan(place="here", reading=n))


class SenderFlow(Machine[Parcel], name="sender", version=1):
    """Sends events to receivers."""

    idle = State(initial=True)

    posts = on(Post, idle >> idle, do=post)


async def fill(dsn: str, messages: int) -> None:
    """Receivers, and messages to them that wait."""
    async with Engine(dsn, machines=[ReceiverFlow]) as engine:
        for first in range(0, RECEIVERS, 250):
            starts = (
                engine.start(ReceiverFlow, id=f"r-{first + n}", data=Parcel()) for n in range(250)
            )
            await asyncio.gather(*starts)
    async with Engine(dsn, machines=[SenderFlow]) as engine:
        await asyncio.gather(
            *(engine.start(SenderFlow, id=f"s-{n}", data=Parcel()) for n in range(SENDERS))
        )
        bursts = range(0, messages, BURST)
        for first in range(0, len(bursts), SENDERS):
            posts = (
                engine.send(SenderFlow, f"s-{n}", Post(first=at, count=BURST))
                for n, at in enumerate(bursts[first : first + SENDERS])
            )
            await asyncio.gather(*posts)


async def lap(dsn: str, workers: int) -> tuple[float, int, float]:
    """Seconds until none is left; calls of ``mail`` of all workers, and milliseconds of each."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.mail", "--worker", dsn,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(workers)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        await process.stdout.readline()
    began = perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    db = await asyncpg.connect(dsn)
    try:
        while await db.fetchval("SELECT EXISTS (SELECT 1 FROM mailbox)"):
            if perf_counter() - began > PATIENCE_SECONDS:
                raise TimeoutError(f"messages are left after {PATIENCE_SECONDS:g} s")
            await asyncio.sleep(POLL_SECONDS)
        seconds = perf_counter() - began
    finally:
        await db.close()
    said = [json.loads((await process.communicate(b"end\n"))[0]) for process in processes]
    calls = sum(one["calls"] for one in said)
    return seconds, calls, sum(one["seconds"] for one in said) / calls * 1e3


async def work(dsn: str) -> None:
    """A worker: says that it is there, delivers, and says at the end what its calls cost."""
    took = {"calls": 0, "seconds": 0.0}
    mail = PostgresStore.mail

    async def timed(self: PostgresStore, *arguments: Any, **named: Any) -> Any:
        began = perf_counter()
        try:
            return await mail(self, *arguments, **named)
        finally:
            took["calls"] += 1
            took["seconds"] += perf_counter() - began

    PostgresStore.mail = timed  # type: ignore[method-assign]
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    async with Engine(dsn, machines=[ReceiverFlow]):
        await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(took), flush=True)


async def measure(postgres: PostgresServer, messages: int, rounds: int) -> None:
    rows = []
    for workers in (1, 4):
        laps = []
        for round_ in range(rounds):
            dsn = postgres.create_database(f"mail_{workers}_{round_}")
            await fill(dsn, messages)
            laps.append(await lap(dsn, workers))
            postgres.drop_database(dsn)
        rates = [messages / seconds for seconds, _, _ in laps]
        rows.append(
            [
                str(workers),
                number(median(rates)),
                percent((max(rates) - min(rates)) / median(rates)),
                number(median(calls for _, calls, _ in laps)),
                number(median(each for _, _, each in laps)),
            ]
        )
    print_table(
        f"{messages:,} messages to {RECEIVERS:,} instances, median of {rounds} laps",
        ["workers", "messages/s", "spread", "calls of mail", "ms each"],
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mail", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short laps: does it run at all?")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="of each lap")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        asyncio.run(work(chosen.worker))
        return
    print_machine()
    with server() as postgres:
        messages, rounds = chosen.messages, chosen.rounds
        if chosen.quick:
            messages, rounds = messages // 10, 2
        asyncio.run(measure(postgres, messages, rounds))


if __name__ == "__main__":
    main()
