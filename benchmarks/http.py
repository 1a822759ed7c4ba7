"""Events over HTTP: one server process on loopback, 64 connections from this process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from benchmarks.callers import LapResult
from benchmarks.load import (
    HOST,
    Connection,
    connected,
    free_port,
    lap,
    request,
    serving,
    until_ready,
)
from benchmarks.parcel import scan
from benchmarks.place import working_directory
from benchmarks.rounds import ROUNDS, Series
from benchmarks.table import number, percent, print_table

CONNECTIONS = 64
INSTANCES = 1000
LAP_SECONDS = 3.0
PATH = "/api/machines/parcel/instances"


def main(*, quick: bool = False, directory: Path | None = None) -> None:
    print("\n== events over HTTP ==\n")
    with (
        working_directory(directory) as place,
        serving_parcels(f"sqlite:///{place / 'http.db'}", place / "http.log") as port,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_measure(port, LAP_SECONDS * (0.1 if quick else 1.0)))


async def _measure(port: int, lap_seconds: float) -> None:
    await until_ready(port, "/ready")
    await start_parcels(port)
    requests = scans()
    await lap(port, requests, CONNECTIONS, lap_seconds / 2)
    _report([await lap(port, requests, CONNECTIONS, lap_seconds) for _ in range(ROUNDS)])


def _report(laps: list[LapResult]) -> None:
    rates = Series(tuple(lap.rate for lap in laps))
    p50 = Series(tuple(lap.p50 for lap in laps))
    p99 = Series(tuple(lap.p99 for lap in laps))
    print_table(
        f"POST events, {CONNECTIONS} connections, {INSTANCES:,} instances, SQLite, "
        f"median of {ROUNDS} laps",
        ["what", "median", "spread"],
        [
            ["events/s", number(rates.median), percent(rates.spread)],
            ["p50 ms", number(p50.median * 1e3), percent(p50.spread)],
            ["p99 ms", number(p99.median * 1e3), percent(p99.spread)],
        ],
    )


def scans() -> list[bytes]:
    """A request for each parcel."""
    return [
        request("POST", f"{PATH}/parcel-{n}/events", {"type": "Scan", **scan(n).model_dump()})
        for n in range(INSTANCES)
    ]


async def start_parcels(port: int) -> None:
    async def start(connection: Connection, first: int) -> None:
        for n in range(first, INSTANCES, CONNECTIONS):
            await connection.ask(request("POST", PATH, {"id": f"parcel-{n}"}))

    async with connected(port, CONNECTIONS) as connections:
        await asyncio.gather(*(start(c, first) for first, c in enumerate(connections)))


@contextmanager
def serving_parcels(store: str, log: Path) -> Iterator[int]:
    """The command line's own server in a process of its own; gives its port."""
    port = free_port()
    command = [
        *(sys.executable, "-c", "from statehold.cli import main; main()"),
        *("serve", "benchmarks.parcel:ParcelFlow"),
        *("--store", store, "--host", HOST, "--port", str(port)),
    ]
    with serving(command, log):
        yield port
