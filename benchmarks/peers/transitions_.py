"""transitions: a ``Machine`` for the ring, a ``HierarchicalMachine`` for the regions.

The model is a plain object with the callbacks; no queue, no event data, no auto transitions.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from transitions import Machine
from transitions.extensions import HierarchicalMachine

from benchmarks.peers import COUNT_LIMIT, CYCLE, Lap, Run


class Model:
    def __init__(self) -> None:
        self.count = 0

    def below_limit(self) -> bool:
        return self.count < COUNT_LIMIT

    def count_one(self) -> None:
        self.count += 1


def flat() -> Run:
    model: Any = Model()
    Machine(
        model,
        states=["a", "b", "c", "d"],
        initial="a",
        auto_transitions=False,
        transitions=[
            {
                "trigger": "tick",
                "source": source,
                "dest": dest,
                "conditions": "below_limit",
                "after": "count_one",
            }
            for source, dest in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"))
        ],
    )

    def run(events: int) -> Lap:
        tick = model.tick
        began = perf_counter()
        for _ in range(events):
            tick()
        return Lap(perf_counter() - began, model.count)

    return run


def parallel() -> Run:
    model: Any = Model()
    HierarchicalMachine(
        model,
        states=[{"name": "top", "parallel": [_region("left"), _region("right")]}],
        initial="top",
        auto_transitions=False,
    )
    model.count = 0  # the first states' entry actions counted too

    def run(events: int) -> Lap:
        flip = model.flip
        began = perf_counter()
        for _ in range(events):
            flip()
        return Lap(perf_counter() - began, model.count)

    return run


def _region(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "initial": "one",
        "children": [
            _counting(outer, initial="x", children=[_counting("x"), _counting("y")])
            for outer in ("one", "two")
        ],
        "transitions": [["flip", f"{a}_{b}", f"{c}_{d}"] for a, b, c, d in CYCLE],
    }


def _counting(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "on_enter": "count_one", "on_exit": "count_one", **more}
