"""What a person would write by hand for exactly these two charts: a table and a loop.

No errors, no timers, no history, no snapshots: the data is changed in place. The floor that
anything more general is measured against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from benchmarks.peers import COUNT_LIMIT, CYCLE, Lap, Run


@dataclass
class Data:
    count: int = 0


def below_limit(data: Data) -> bool:
    return data.count < COUNT_LIMIT


def count_one(data: Data) -> None:
    data.count += 1


Guard = Callable[[Data], bool]
Action = Callable[[Data], None]

RING: dict[tuple[str, str], tuple[Guard, Action, str]] = {
    ("a", "Tick"): (below_limit, count_one, "b"),
    ("b", "Tick"): (below_limit, count_one, "c"),
    ("c", "Tick"): (below_limit, count_one, "d"),
    ("d", "Tick"): (below_limit, count_one, "a"),
}

#: for each leaf: exit it, exit its parent, enter the other parent, enter the other leaf
REGION: dict[tuple[str, str], tuple[tuple[Action, ...], str]] = {
    (f"{a}.{b}", "Flip"): ((count_one, count_one, count_one, count_one), f"{c}.{d}")
    for a, b, c, d in CYCLE
}


def flat() -> Run:
    data, state = Data(), "a"

    def run(events: int) -> Lap:
        nonlocal state
        began = perf_counter()
        for _ in range(events):
            guard, action, target = RING[state, "Tick"]
            if guard(data):
                action(data)
                state = target
        return Lap(perf_counter() - began, data.count)

    return run


def parallel() -> Run:
    data, left, right = Data(), "one.x", "one.x"

    def run(events: int) -> Lap:
        nonlocal left, right
        began = perf_counter()
        for _ in range(events):
            actions, left = REGION[left, "Flip"]
            for action in actions:
                action(data)
            actions, right = REGION[right, "Flip"]
            for action in actions:
                action(data)
        return Lap(perf_counter() - began, data.count)

    return run
