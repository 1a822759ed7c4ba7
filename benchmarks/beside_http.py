"""Events a second over HTTP: one server process, 64 connections of this one.

Ours is served by its command line: single events, and 64 of them in one request. Beside it the
step by hand behind a FastAPI endpoint, and Restate's ingress.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from benchmarks import http, load
from benchmarks.callers import (
    LapResult,
    SendOne,
    TakeLap,
    drive,
    laps_in_turns,
    median_rate,
    print_laps,
)
from benchmarks.durable import lengths
from benchmarks.left_out import entered
from benchmarks.load import BadAnswer, Connection
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
        contenders = {
            **await _ours(stack, scene),
            **await _by_hand(stack, scene),
            **await _restate(stack, scene),
        }
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
    await load.until_ready(port, "/ready")
    await http.start_parcels(port)
    return {
        "statehold": _single(port, http.scans(), scene),
        "statehold-batch": partial(_batches, port, scene.seconds(LAP_SECONDS)),
    }


async def _by_hand(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    document, entry = await lengths(scene.fresh_ours("sample_http"))
    contenders: dict[str, TakeLap] = {}
    for way in ("step", "two-trips"):
        name, port = f"fastapi-{way}", load.free_port()
        dsn = scene.fresh(name)
        await by_hand.make_tables(dsn, document)
        command = [sys.executable, "-m", "benchmarks.peers.endpoint", dsn, str(port)]
        stack.enter_context(
            load.serving([*command, str(document), str(entry)], scene.place / f"{name}.log")
        )
        await load.until_ready(port, "/ready")
        requests = [
            load.request("POST", f"/parcels/parcel-{n}/{way}", scan(n).model_dump())
            for n in range(INSTANCES)
        ]
        contenders[name] = _single(port, requests, scene)
    return contenders


async def _restate(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    port = await entered(stack, "restate", restate_.running(scene.place))
    return {} if port is None else {"restate": _single(port, restate_.scans(INSTANCES), scene)}


def _single(port: int, requests: list[bytes], scene: Scene) -> TakeLap:
    return partial(load.lap, port, requests, CONNECTIONS, scene.seconds(LAP_SECONDS))


async def _batches(port: int, seconds: float) -> LapResult:
    """The events' rate; the waits are those of a request."""
    batches = INSTANCES // BATCH
    requests = [load.request("POST", "/api/events", _batch(number)) for number in range(batches)]

    def batching(connection: Connection) -> SendOne:
        async def send(number: int, turn: int) -> None:
            answer = await connection.ask(requests[number])
            if b'{"problem":' in answer:
                raise BadAnswer(answer.decode())

        return send

    async with load.connected(port, BATCH_CONNECTIONS) as connections:
        lap = await drive([batching(one) for one in connections], batches, seconds)
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
