"""Events a second over HTTP: one server process, 64 connections of this one.

Ours is served by its command line: single events, and 64 of them in one request. Beside it the
step by hand behind a FastAPI endpoint, and Restate's ingress.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from benchmarks import http
from benchmarks.callers import (
    Lap,
    Send,
    TakeLap,
    drive,
    laps_in_turns,
    median_rate,
    print_laps,
)
from benchmarks.durable import lengths
from benchmarks.left_out import entered
from benchmarks.load import BadAnswer, Connection, free_port, request, serving, until_ready
from benchmarks.parcel import scan
from benchmarks.peers import by_hand, restate_
from benchmarks.peers.by_hand import INSTANCES
from benchmarks.scene import Scene
from benchmarks.table import print_ratio

CONNECTIONS = 64
LAP_SECONDS = 2.0
#: events of one batch request, and connections that send such
BATCH = 64
BATCH_CONNECTIONS = 4


async def measure(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        contenders: dict[str, TakeLap] = {
            **await _ours(stack, scene),
            **await _by_hand(stack, scene),
        }
        port = await entered(stack, "restate", restate_.running(scene.place))
        if port is not None:
            senders = await stack.enter_async_context(restate_.connected(port, CONNECTIONS))
            contenders["restate"] = partial(drive, senders, INSTANCES, scene.seconds(LAP_SECONDS))
        taken = await laps_in_turns(contenders)
    print_laps(f"events over HTTP, {CONNECTIONS} connections, {INSTANCES:,} instances", taken)
    for ours in ("statehold", "statehold-batch"):
        for peer in taken:
            if not peer.startswith("statehold"):
                ratio = median_rate(taken[ours]) / median_rate(taken[peer])
                print_ratio(ours.replace("statehold", "http"), peer, ratio)


async def _ours(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    port = stack.enter_context(
        http.serving_parcels(scene.fresh_ours("ours_http"), scene.place / "ours.log")
    )
    await until_ready(port, "/ready")
    connections = await stack.enter_async_context(_connected(port))
    await http.start_parcels(connections)
    return {
        "statehold": partial(
            drive,
            [http.scans(connection) for connection in connections],
            INSTANCES,
            scene.seconds(LAP_SECONDS),
        ),
        "statehold-batch": partial(
            _batches, connections[:BATCH_CONNECTIONS], scene.seconds(LAP_SECONDS)
        ),
    }


async def _by_hand(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    document, entry = await lengths(scene.fresh_ours("sample_http"))
    contenders: dict[str, TakeLap] = {}
    for way in ("step", "two-trips"):
        name, port = f"fastapi-{way}", free_port()
        dsn = scene.fresh(name)
        async with by_hand.over(dsn, document, entry, 1):
            # it has made the tables
            pass
        command = [sys.executable, "-m", "benchmarks.peers.endpoint", dsn, str(port)]
        stack.enter_context(
            serving([*command, str(document), str(entry)], scene.place / f"{name}.log")
        )
        await until_ready(port, "/ready")
        connections = await stack.enter_async_context(_connected(port))
        contenders[name] = partial(
            drive,
            [_scans(connection, way) for connection in connections],
            INSTANCES,
            scene.seconds(LAP_SECONDS),
        )
    return contenders


def _scans(connection: Connection, way: str) -> Send:
    """Sends scans to the endpoint over the connection; the requests are made once."""
    made: dict[int, bytes] = {}

    async def send(number: int, turn: int) -> None:
        raw = made.get(number)
        if raw is None:
            event = scan(number).model_dump()
            raw = made[number] = request("POST", f"/parcels/parcel-{number}/{way}", event)
        await connection.ask(raw)

    return send


async def _batches(connections: list[Connection], seconds: float) -> Lap:
    """The events' rate; the waits are those of a request."""
    batches = INSTANCES // BATCH
    requests = [request("POST", "/api/events", _batch(number)) for number in range(batches)]

    def batching(connection: Connection) -> Send:
        async def send(number: int, turn: int) -> None:
            answer = await connection.ask(requests[number])
            if b'{"problem":' in answer:
                raise BadAnswer(answer.decode())

        return send

    senders = [batching(connection) for connection in connections]
    lap = await drive(senders, batches, seconds)
    return replace(lap, rate=lap.rate * BATCH)


def _batch(number: int) -> list[dict[str, object]]:
    return [
        {
            "machine": "parcel",
            "id": f"parcel-{n}",
            "event": {"type": "Scan", **scan(n).model_dump()},
        }
        for n in range(number * BATCH, (number + 1) * BATCH)
    ]


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[list[Connection]]:
    made = await asyncio.gather(*(Connection.to(port) for _ in range(CONNECTIONS)))
    try:
        yield made
    finally:
        for connection in made:
            connection.close()
