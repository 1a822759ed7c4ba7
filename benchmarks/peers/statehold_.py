"""Statehold itself: the class notation, stepped by the interpreter, on two types of data.

``Data`` is a plain dataclass, ``Model`` a pydantic model; the charts are the same. Each step
copies the data and leaves the snapshot before it as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Protocol

from pydantic import BaseModel

from benchmarks.peers import COUNT_LIMIT, Lap, Run
from statehold.chart.event import Event
from statehold.chart.machine import AMachine
from statehold.define import Compound, Machine, Parallel, State, on
from statehold.interpreter import start, step


@dataclass
class Data:
    count: int = 0


class Model(BaseModel):
    count: int = 0


class Counts(Protocol):
    count: int


class Tick(Event):
    """The ring's event."""


class Flip(Event):
    """The regions' event."""


def below_limit(data: Counts) -> bool:
    return data.count < COUNT_LIMIT


def count_one(data: Counts) -> None:
    data.count += 1


class Ring(Machine[Data], name="ring", version=1):
    a = State(initial=True)
    b = State()
    c = State()
    d = State()

    ab = on(Tick, a >> b, when=below_limit, do=count_one)
    bc = on(Tick, b >> c, when=below_limit, do=count_one)
    cd = on(Tick, c >> d, when=below_limit, do=count_one)
    da = on(Tick, d >> a, when=below_limit, do=count_one)


class ModelRing(Machine[Model], name="model-ring", version=1):
    a = State(initial=True)
    b = State()
    c = State()
    d = State()

    ab = on(Tick, a >> b, when=below_limit, do=count_one)
    bc = on(Tick, b >> c, when=below_limit, do=count_one)
    cd = on(Tick, c >> d, when=below_limit, do=count_one)
    da = on(Tick, d >> a, when=below_limit, do=count_one)


class Regions(Machine[Data], name="regions", version=1):
    class top(Parallel, initial=True):
        class left(Compound):
            class one(Compound, initial=True, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            class two(Compound, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            to_two_y = on(Flip, one.x >> two.y)
            to_one_y = on(Flip, two.y >> one.y)
            to_two_x = on(Flip, one.y >> two.x)
            to_one_x = on(Flip, two.x >> one.x)

        class right(Compound):
            class one(Compound, initial=True, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            class two(Compound, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            to_two_y = on(Flip, one.x >> two.y)
            to_one_y = on(Flip, two.y >> one.y)
            to_two_x = on(Flip, one.y >> two.x)
            to_one_x = on(Flip, two.x >> one.x)


class ModelRegions(Machine[Model], name="model-regions", version=1):
    class top(Parallel, initial=True):
        class left(Compound):
            class one(Compound, initial=True, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            class two(Compound, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            to_two_y = on(Flip, one.x >> two.y)
            to_one_y = on(Flip, two.y >> one.y)
            to_two_x = on(Flip, one.y >> two.x)
            to_one_x = on(Flip, two.x >> one.x)

        class right(Compound):
            class one(Compound, initial=True, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            class two(Compound, entry=count_one, exit=count_one):
                x = State(initial=True, entry=count_one, exit=count_one)
                y = State(entry=count_one, exit=count_one)

            to_two_y = on(Flip, one.x >> two.y)
            to_one_y = on(Flip, two.y >> one.y)
            to_two_x = on(Flip, one.y >> two.x)
            to_one_x = on(Flip, two.x >> one.x)


def flat() -> Run:
    return _runner(Ring, Data(), Tick())


def flat_pydantic() -> Run:
    return _runner(ModelRing, Model(), Tick())


def parallel() -> Run:
    return _runner(Regions, Data(), Flip())


def parallel_pydantic() -> Run:
    return _runner(ModelRegions, Model(), Flip())


def _runner(machine: AMachine, data: Any, event: Event) -> Run:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    definition = machine.definition
    snapshot = start(definition, data, now).snapshot
    before = snapshot.data.count

    def run(events: int) -> Lap:
        nonlocal snapshot
        current = snapshot
        began = perf_counter()
        for _ in range(events):
            current = step(definition, current, event, now).snapshot
        seconds = perf_counter() - began
        snapshot = current
        return Lap(seconds, current.data.count - before)

    return run
