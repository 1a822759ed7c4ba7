"""The cost of one more event for an instance that has had 10, 1,000 or 10,000 of them.

One caller on SQLite. The instances of an age share its laps, so that all laps have the same
number of events and no instance becomes much older while it is measured.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.parcel import Parcel, ParcelFlow, scan
from benchmarks.place import working_directory
from benchmarks.rounds import ROUNDS, in_turns_async
from benchmarks.table import number, percent, print_ratio, print_table
from statehold.engine import Engine

#: age in events, and how many instances of that age there are
INSTANCES = {10: 200, 1_000: 4, 10_000: 1}
QUICK = {10: 20, 1_000: 1, 10_000: 1}
EVENTS_A_LAP = 400


def main(*, quick: bool = False, directory: Path | None = None) -> None:
    print("\n== the cost of one more event ==\n")
    with working_directory(directory) as place:
        asyncio.run(_measure(place / "age.db", quick))


async def _measure(path: Path, quick: bool) -> None:
    ages = QUICK if quick else INSTANCES
    events = EVENTS_A_LAP // 10 if quick else EVENTS_A_LAP
    async with Engine(f"sqlite:///{path}", machines=[ParcelFlow]) as engine:
        groups = {age: await grown(engine, age, instances) for age, instances in ages.items()}
        for ids in groups.values():
            await _lap(engine, ids, events // 10)
        taken = await in_turns_async(
            {str(age): partial(_lap, engine, ids, events) for age, ids in groups.items()}, ROUNDS
        )
    print_table(
        f"one more event, SQLite, one caller, median of {ROUNDS} laps of {events} events",
        ["after", "µs/event", "spread"],
        [[f"{int(age):,}", number(s.median), percent(s.spread)] for age, s in taken.items()],
    )
    young = taken["10"].median
    for age in (1_000, 10_000):
        print_ratio(f"event-after-{age}", "event-after-10", taken[str(age)].median / young)


async def grown(engine: Engine, age: int, instances: int) -> list[str]:
    """Instances that have had that many events."""
    ids = [f"age-{age}-{n}" for n in range(instances)]

    async def grow(id: str) -> None:
        await engine.start(ParcelFlow, id=id, data=Parcel())
        sent = 0
        while sent < age:
            # many at once, since what they cost is not measured
            share = min(256, age - sent)
            await asyncio.gather(
                *(engine.send(ParcelFlow, id, scan(sent + n)) for n in range(share))
            )
            sent += share

    await asyncio.gather(*map(grow, ids))
    return ids


async def _lap(engine: Engine, ids: list[str], events: int) -> float:
    """Microseconds an event, one after the other."""
    began = perf_counter()
    for n in range(events):
        await engine.send(ParcelFlow, ids[n % len(ids)], scan(n))
    return (perf_counter() - began) / events * 1e6
