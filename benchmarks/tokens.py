"""What tokens cost: events over HTTP with ``--auth tokens`` and with headers that are believed.

Two servers run the same machine, which states who may send. Each lap goes to one of them, in turns:
``python -m benchmarks.tokens [--quick]``.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import uvloop

from benchmarks.callers import TakeLap, laps_in_turns, median_rate, print_laps
from benchmarks.load import HOST, Connection, connected, free_port, lap, serving, until_ready
from benchmarks.load import request as plain_request
from benchmarks.parcel import Parcel, Scan, note_scan, scan
from benchmarks.place import working_directory
from benchmarks.table import print_ratio
from statehold import Machine, State, on
from statehold.chart.access import Access

CONNECTIONS = 64
INSTANCES = 1000
LAP_SECONDS = 3.0
PATH = "/api/machines/parcel/instances"
_CLI = (sys.executable, "-c", "from statehold.cli import main; main()")


class GuardedParcelFlow(Machine[Parcel], name="parcel", version=1):
    """As the parcel of the other benchmarks, for those who have the role."""

    access = Access(start="gate", read="gate", send="gate", inspect="gate")

    standing = State(initial=True)
    moving = State()

    depart = on(Scan, standing >> moving, do=note_scan)
    arrive = on(Scan, moving >> standing, do=note_scan)


def main() -> None:
    print("\n== events over HTTP, with and without tokens ==\n")
    seconds = LAP_SECONDS * (0.1 if "--quick" in sys.argv else 1.0)
    with (
        working_directory(None) as place,
        ExitStack() as stack,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_measure(place, stack, seconds))


async def _measure(place: Path, stack: ExitStack, seconds: float) -> None:
    contenders: dict[str, TakeLap] = {}
    for name in ("loopback", "tokens"):
        store = f"sqlite:///{place / f'{name}.db'}"
        sent = {"Statehold-Caller": "gate-1", "Statehold-Roles": "gate"}
        if name == "tokens":
            sent = {"Authorization": f"Bearer {await asyncio.to_thread(_token, store)}"}
        port = free_port()
        command = ["serve", "benchmarks.tokens:GuardedParcelFlow", "--store", store]
        command += ["--host", HOST, "--port", str(port), "--auth", name]
        stack.enter_context(serving([*_CLI, *command], place / f"{name}.log"))
        await until_ready(port, "/ready")
        await _start(port, sent)
        contenders[name] = partial(lap, port, _scans(sent), CONNECTIONS, seconds)
    taken = await laps_in_turns(contenders)
    print_laps(f"events over HTTP, {CONNECTIONS} connections, {INSTANCES:,} instances", taken)
    print_ratio(
        "http-tokens", "loopback", median_rate(taken["tokens"]) / median_rate(taken["loopback"])
    )


def _token(store: str) -> str:
    command = ["token", "create", "gate-1", "--role", "gate", "--store", store]
    made = subprocess.run([*_CLI, *command], capture_output=True, text=True, check=True)
    return made.stdout.strip()


def _scans(sent: Mapping[str, str]) -> Sequence[bytes]:
    return [
        _request(sent, f"{PATH}/parcel-{n}/events", {"type": "Scan", **scan(n).model_dump()})
        for n in range(INSTANCES)
    ]


async def _start(port: int, sent: Mapping[str, str]) -> None:
    async def start(connection: Connection, first: int) -> None:
        for n in range(first, INSTANCES, CONNECTIONS):
            await connection.ask(_request(sent, PATH, {"id": f"parcel-{n}"}))

    async with connected(port, CONNECTIONS) as connections:
        await asyncio.gather(*(start(c, first) for first, c in enumerate(connections)))


def _request(sent: Mapping[str, str], path: str, body: object) -> bytes:
    head, end, content = plain_request("POST", path, body).partition(b"\r\n\r\n")
    more = "".join(f"\r\n{name}: {value}" for name, value in sent.items())
    return head + more.encode() + end + content


if __name__ == "__main__":
    main()
