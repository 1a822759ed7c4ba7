"""Events over HTTP: one server process on loopback, 64 connections from this process.

The connections speak plain HTTP/1.1 over asyncio's streams on uvloop, keep-alive, one request at
a time each: a client library would cost more than the server and be what is measured.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import uvloop

from benchmarks.parcel import scan
from benchmarks.place import working_directory
from benchmarks.rounds import ROUNDS, Series
from benchmarks.table import number, percent, print_table

HOST = "127.0.0.1"
CONNECTIONS = 64
INSTANCES = 1000
LAP_SECONDS = 3.0
READY_SECONDS = 30.0
PATH = "/api/machines/parcel/instances"


class BadAnswer(Exception):
    """The server answered otherwise than 200 or 201, so the numbers would mean nothing."""


def main(*, quick: bool = False, directory: Path | None = None) -> None:
    print("\n== events over HTTP ==\n")
    with (
        working_directory(directory) as place,
        serving(place / "http.db") as port,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_measure(port, LAP_SECONDS * (0.1 if quick else 1.0)))


async def _measure(port: int, lap_seconds: float) -> None:
    await _until_ready(port)
    connections = [await Connection.to(port) for _ in range(CONNECTIONS)]
    try:
        await _start_parcels(connections)
        await _lap(connections, lap_seconds / 2)
        laps = [await _lap(connections, lap_seconds) for _ in range(ROUNDS)]
    finally:
        for connection in connections:
            connection.close()
    rates = Series(tuple(lap.rate for lap in laps))
    p50 = Series(tuple(lap.quantile(0.50) for lap in laps))
    p99 = Series(tuple(lap.quantile(0.99) for lap in laps))
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


@dataclass(frozen=True, slots=True)
class Lap:
    """Requests a second, and how long each took, in seconds, sorted."""

    rate: float
    waits: list[float]

    def quantile(self, share: float) -> float:
        return self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))]


async def _lap(connections: list[Connection], seconds: float) -> Lap:
    waits: list[float] = []
    end = perf_counter() + seconds

    async def send(connection: Connection, first: int) -> None:
        own = [
            request("POST", f"{PATH}/parcel-{n}/events", {"type": "Scan", **scan(n).model_dump()})
            for n in range(first, INSTANCES, CONNECTIONS)
        ]
        turn = 0
        while (began := perf_counter()) < end:
            await connection.ask(own[turn % len(own)])
            waits.append(perf_counter() - began)
            turn += 1

    began = perf_counter()
    await asyncio.gather(*(send(c, first) for first, c in enumerate(connections)))
    return Lap(len(waits) / (perf_counter() - began), sorted(waits))


async def _start_parcels(connections: list[Connection]) -> None:
    async def start(connection: Connection, first: int) -> None:
        for n in range(first, INSTANCES, CONNECTIONS):
            await connection.ask(request("POST", PATH, {"id": f"parcel-{n}"}))

    await asyncio.gather(*(start(c, first) for first, c in enumerate(connections)))


# --- a client that costs little --------------------------------------------------------------


def request(method: str, path: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


@dataclass(frozen=True, slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection(HOST, port))

    async def ask(self, raw: bytes) -> bytes:
        """The body of the answer; raises ``BadAnswer`` unless it is a success."""
        self.writer.write(raw)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        at = head.index(b"content-length:") + 15
        body = await self.reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
        if not head.startswith((b"http/1.1 200", b"http/1.1 201")):
            raise BadAnswer(f"{head.decode()}{body.decode()}")
        return body

    def close(self) -> None:
        self.writer.close()


# --- the server ------------------------------------------------------------------------------


@contextmanager
def serving(database: Path) -> Iterator[int]:
    """The command line's own server in a process of its own; gives its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    command = [
        *(sys.executable, "-c", "from statehold.cli import main; main()"),
        *("serve", "benchmarks.parcel:ParcelFlow"),
        *("--store", f"sqlite:///{database}", "--host", HOST, "--port", str(port)),
    ]
    # what it logs goes beside its database: it tells why, should it not start
    with database.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield port
        except BaseException:
            process.terminate()
            process.wait(timeout=30)
            print(database.with_suffix(".log").read_text(encoding="utf-8")[-4000:])
            raise
        else:
            process.terminate()
            process.wait(timeout=30)


async def _until_ready(port: int) -> None:
    end = perf_counter() + READY_SECONDS
    while True:
        try:
            connection = await Connection.to(port)
            await connection.ask(f"GET /ready HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            connection.close()
            return
        except (OSError, BadAnswer, asyncio.IncompleteReadError) as error:
            if perf_counter() > end:
                raise TimeoutError(f"no server after {READY_SECONDS} s: {error}") from error
            await asyncio.sleep(0.1)
