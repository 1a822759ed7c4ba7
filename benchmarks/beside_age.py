"""The cost of one more event after 10, 1,000 and 10,000 of them, without and after a restart.

Ours: one caller, an engine that has the instance in memory, and one that has just been opened and
has to load it. DBOS: a workflow that takes its events by ``recv`` and answers by ``set_event``;
after a restart, DBOS runs its function again from the top over what is recorded, and only then
does it take the next event. The restart's time begins when the engine is open, or DBOS launched.

DBOS is measured after 10, 100 and 1,000 events. After 10,000 only with ``--long``: the events
alone take it minutes.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.age import grown
from benchmarks.durable import lengths
from benchmarks.left_out import LeftOut
from benchmarks.parcel import ParcelFlow, scan
from benchmarks.peers import dbos_
from benchmarks.rounds import ROUNDS, Series, in_turns_async
from benchmarks.scene import Scene
from benchmarks.table import number, percent, print_ratio, print_table
from statehold.engine import Engine

#: age in events, and how many instances of ours there are of that age
OURS = {10: 200, 1_000: 4, 10_000: 1}
OURS_QUICK = {10: 20, 100: 2, 1_000: 1}
EVENTS_A_LAP = 400
DBOS = (10, 100, 1_000)
DBOS_QUICK = (10, 50)
DBOS_LONG = (*DBOS, 10_000)
DBOS_EVENTS_A_LAP = 10
#: laps of DBOS's restart end here, after one at least
RESTARTS_SECONDS = 30.0


async def measure(scene: Scene) -> None:
    await _ours(scene)
    document, _ = await lengths(scene.fresh_ours("sample_age"))
    try:
        await _dbos(scene, document)
    except LeftOut as why:
        print(f"dbos left out: {why}")


async def _ours(scene: Scene) -> None:
    ages = OURS_QUICK if scene.quick else OURS
    events = EVENTS_A_LAP // 10 if scene.quick else EVENTS_A_LAP
    address = scene.fresh_ours("ours_age")
    async with Engine(address, machines=[ParcelFlow]) as engine:
        groups = {age: await grown(engine, age, instances) for age, instances in ages.items()}
        for ids in groups.values():
            await _lap(engine, ids, events // 10)
        warm = await in_turns_async(
            {str(age): partial(_lap, engine, ids, events) for age, ids in groups.items()}, ROUNDS
        )
    cold = await in_turns_async(
        {str(age): partial(_first, address, ids[0]) for age, ids in groups.items()}, ROUNDS
    )
    _print("statehold", warm, cold, f"{ROUNDS} laps")


async def _lap(engine: Engine, ids: list[str], events: int) -> float:
    """Milliseconds an event, one after the other."""
    began = perf_counter()
    for n in range(events):
        await engine.send(ParcelFlow, ids[n % len(ids)], scan(n))
    return (perf_counter() - began) / events * 1e3


async def _first(address: str, id: str) -> float:
    """Milliseconds of the first event that a new engine is sent."""
    async with Engine(address, machines=[ParcelFlow]) as engine:
        began = perf_counter()
        await engine.send(ParcelFlow, id, scan(0))
        return (perf_counter() - began) * 1e3


async def _dbos(scene: Scene, document: int) -> None:
    """A database for each age, so that a restart recovers that one workflow alone."""
    ages = DBOS_QUICK if scene.quick else DBOS_LONG if scene.long else DBOS
    warm: dict[str, Series] = {}
    cold: dict[str, Series] = {}
    for age in ages:
        dsn, log = scene.fresh(f"dbos_age_{age}"), scene.place / f"dbos-age-{age}.log"
        async with dbos_.running(dsn, log, document) as peer:
            await peer.grow("parcel", age)
            laps = [
                await peer.more("parcel", age + n * DBOS_EVENTS_A_LAP, DBOS_EVENTS_A_LAP) * 1e3
                for n in range(ROUNDS)
            ]
            warm[str(age)] = Series(tuple(laps))
        first = age + ROUNDS * DBOS_EVENTS_A_LAP
        cold[str(age)] = await _restarts(dsn, log, document, first)
    _print("dbos", warm, cold, f"{ROUNDS} laps, of the restart as many as take half a minute")


async def _restarts(dsn: str, log: Path, document: int, first: int) -> Series:
    """Milliseconds of the first event after each start, which DBOS takes once it has recovered."""
    laps: list[float] = []
    began = perf_counter()
    while len(laps) < ROUNDS and (not laps or perf_counter() - began < RESTARTS_SECONDS):
        async with dbos_.running(dsn, log, document) as peer:
            laps.append(await peer.more("parcel", first + len(laps), 1) * 1e3)
    return Series(tuple(laps))


def _print(who: str, warm: dict[str, Series], cold: dict[str, Series], laps: str) -> None:
    print_table(
        f"one more event, {who}, one caller, median of {laps}",
        ["after", "ms/event", "spread", "ms, first after a restart", "spread"],
        [
            [
                f"{int(age):,}",
                number(warm[age].median),
                percent(warm[age].spread),
                number(cold[age].median),
                percent(cold[age].spread),
            ]
            for age in warm
        ],
    )
    youngest, *older = warm
    oldest = older[-1]
    grows = (cold[oldest].median - cold[youngest].median) / (int(oldest) - int(youngest))
    print(f"{who}: each event that was makes a restart {number(max(0.0, grows))} ms longer")
    for age in older:
        for what, taken in (("event", warm), ("restart", cold)):
            ratio = taken[age].median / taken[youngest].median
            print_ratio(f"{who}-{what}-after-{age}", f"{who}-{what}-after-{youngest}", ratio)
