"""Durable steps a second, of 64 callers and of one, over 1,000 instances.

In process for ours and for the steps by hand; DBOS in a process of its own, with its callers; to
Restate, which has no other way in, over its HTTP ingress.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

from benchmarks import load
from benchmarks.callers import (
    LapResult,
    SendOne,
    TakeLap,
    drive,
    laps_in_turns,
    median_rate,
    print_laps,
)
from benchmarks.durable import lengths, start_parcels
from benchmarks.left_out import LeftOut, entered
from benchmarks.parcel import ParcelFlow, Scan, scan
from benchmarks.peers import by_hand, dbos_, interpreter, pgbench, restate_
from benchmarks.peers.by_hand import BATCH, INSTANCES, ByHand
from benchmarks.scene import Scene
from benchmarks.table import print_ratio
from statehold.engine import Engine
from tests.servers.pgbouncer import PgBouncer
from tests.servers.programs import PostgresError

CALLERS = 64
LAP_SECONDS = 2.0
#: connections of the steps by hand that are tried
POOLS = (16, 32, 64)
OURS = "statehold"
POOLED = "statehold-pooled"

Way = Callable[[ByHand, str, Scan], Awaitable[object]]


async def measure(scene: Scene) -> None:
    document, entry = await lengths(scene.fresh_ours("sample"))
    print(f"{INSTANCES:,} instances, row document {document} bytes, journal entry {entry} bytes")
    async with AsyncExitStack() as stack:
        contenders = {
            **await _ours(stack, scene),
            **await _pooled(stack, scene),
            **await _by_hand(stack, scene, document, entry),
            **await _dbos(stack, scene, document),
            **await _restate(stack, scene),
        }
        taken = await laps_in_turns(contenders)
    print_laps("durable steps", taken)
    for name, laps in taken.items():
        peer, _, callers = name.rpartition("-")
        if callers == "batched":
            peer, callers = name, str(CALLERS)
        if peer != OURS:
            ours = median_rate(taken[f"{OURS}-{callers}"])
            print_ratio(f"steps-{callers}", peer, ours / median_rate(laps))


async def _ours(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    engine = Engine(scene.fresh_ours("ours"), machines=[ParcelFlow])
    return _many_and_one(OURS, await _stepping(stack, engine), scene)


async def _pooled(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    """Ours on PostgreSQL, its commits and reads through PgBouncer."""
    if scene.sqlite:
        return {}
    try:
        pooler = stack.enter_context(PgBouncer(scene.postgres))
    except PostgresError as why:
        print(f"{POOLED} left out: {why}")
        return {}
    direct = scene.fresh("pooled")
    engine = Engine(pooler.before(direct), machines=[ParcelFlow], direct_store=direct)
    return _many_and_one(POOLED, await _stepping(stack, engine), scene)


async def _stepping(stack: AsyncExitStack, engine: Engine) -> SendOne:
    await stack.enter_async_context(engine)
    ids = await start_parcels(engine, INSTANCES)

    async def send(number: int, turn: int) -> None:
        await engine.send(ParcelFlow, ids[number], scan(turn))

    return send


async def _by_hand(
    stack: AsyncExitStack, scene: Scene, document: int, entry: int
) -> dict[str, TakeLap]:
    contenders: dict[str, TakeLap] = {}
    for name, way in (("asyncpg-step", ByHand.step), ("asyncpg-two-trips", ByHand.two_trips)):
        dsn = scene.fresh(name)
        await by_hand.make_tables(dsn, document)
        connections = await _fastest_pool(scene, dsn, way, document, entry)
        print(f"{name}: {connections} connections, of {POOLS} the fastest", flush=True)
        peer = await stack.enter_async_context(by_hand.over(dsn, document, entry, connections))
        contenders |= _many_and_one(name, _sending(peer, way), scene)
    batched_dsn = scene.fresh("asyncpg-batched")
    await by_hand.make_tables(batched_dsn, document)
    batched = await stack.enter_async_context(by_hand.over(batched_dsn, document, entry, 1))
    contenders["asyncpg-batched"] = partial(_batches, batched, scene.seconds(LAP_SECONDS))
    bench_dsn = scene.fresh("pgbench")
    await by_hand.make_tables(bench_dsn, document)
    try:
        bench = pgbench.on(bench_dsn, scene.place, INSTANCES, document, entry)
    except LeftOut as why:
        print(f"pgbench left out: {why}")
        return contenders
    for callers in (CALLERS, 1):
        contenders[f"pgbench-{callers}"] = partial(bench.lap, callers, scene.seconds(LAP_SECONDS))
    return contenders


async def _fastest_pool(scene: Scene, dsn: str, way: Way, document: int, entry: int) -> int:
    rates: dict[int, float] = {}
    for connections in POOLS:
        async with by_hand.over(dsn, document, entry, connections) as peer:
            send = _sending(peer, way)
            for share in (0.1, 0.5):
                seconds = scene.seconds(LAP_SECONDS) * share
                lap = await drive([send] * CALLERS, INSTANCES, seconds)
                rates[connections] = lap.rate
    return max(rates, key=rates.__getitem__)


def _sending(peer: ByHand, way: Way) -> SendOne:
    async def send(number: int, turn: int) -> None:
        await way(peer, f"parcel-{number}", scan(turn))

    return send


async def _dbos(stack: AsyncExitStack, scene: Scene, document: int) -> dict[str, TakeLap]:
    opening = dbos_.running(scene.fresh("dbos"), scene.place / "dbos.log", document)
    peer = await entered(stack, "dbos", opening)
    if peer is None:
        return {}
    print(f"dbos {interpreter.version('dbos')}", flush=True)
    await peer.make(INSTANCES)
    return {
        f"dbos-{way}-{callers}": partial(
            peer.lap, way, callers, INSTANCES, scene.seconds(LAP_SECONDS)
        )
        for way in dbos_.WAYS
        for callers in (CALLERS, 1)
    }


async def _restate(stack: AsyncExitStack, scene: Scene) -> dict[str, TakeLap]:
    port = await entered(stack, "restate", restate_.running(scene.place))
    if port is None:
        return {}
    requests = restate_.scans(INSTANCES)
    return {
        f"restate-{callers}": partial(load.lap, port, requests, callers, scene.seconds(LAP_SECONDS))
        for callers in (CALLERS, 1)
    }


def _many_and_one(name: str, send: SendOne, scene: Scene) -> dict[str, TakeLap]:
    return {
        f"{name}-{callers}": partial(drive, [send] * callers, INSTANCES, scene.seconds(LAP_SECONDS))
        for callers in (CALLERS, 1)
    }


async def _batches(peer: ByHand, seconds: float) -> LapResult:
    """The events' rate; the waits are those of a batch."""

    async def send(number: int, turn: int) -> None:
        await peer.batch()

    lap = await drive([send], INSTANCES, seconds)
    return replace(lap, rate=lap.rate * BATCH)
