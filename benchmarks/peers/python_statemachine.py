"""python-statemachine: a ``StateMachine`` for the ring, a ``StateChart`` for the regions.

Callbacks are methods without parameters, no listeners, so the synchronous engine runs them and
its injection of arguments has nothing to inject.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from statemachine import State, StateChart, StateMachine

from benchmarks.peers import COUNT_LIMIT, Lap, Run


class Ring(StateMachine):
    a = State(initial=True)
    b = State()
    c = State()
    d = State()
    tick = (
        a.to(b, cond="below_limit", on="count_one")
        | b.to(c, cond="below_limit", on="count_one")
        | c.to(d, cond="below_limit", on="count_one")
        | d.to(a, cond="below_limit", on="count_one")
    )

    count = 0

    def below_limit(self) -> bool:
        return self.count < COUNT_LIMIT

    def count_one(self) -> None:
        self.count += 1


def counting(**options: Any) -> dict[str, Any]:
    return {"enter": "count_one", "exit": "count_one", **options}


class Regions(StateChart[Any]):
    class top(State.Parallel):
        class left(State.Compound):
            class left_one(State.Compound, **counting(initial=True)):
                left_one_x = State(**counting(initial=True))
                left_one_y = State(**counting())

            class left_two(State.Compound, **counting()):
                left_two_x = State(**counting(initial=True))
                left_two_y = State(**counting())

            flip = (
                left_one.left_one_x.to(left_two.left_two_y)
                | left_two.left_two_y.to(left_one.left_one_y)
                | left_one.left_one_y.to(left_two.left_two_x)
                | left_two.left_two_x.to(left_one.left_one_x)
            )

        class right(State.Compound):
            class right_one(State.Compound, **counting(initial=True)):
                right_one_x = State(**counting(initial=True))
                right_one_y = State(**counting())

            class right_two(State.Compound, **counting()):
                right_two_x = State(**counting(initial=True))
                right_two_y = State(**counting())

            flip = (
                right_one.right_one_x.to(right_two.right_two_y)
                | right_two.right_two_y.to(right_one.right_one_y)
                | right_one.right_one_y.to(right_two.right_two_x)
                | right_two.right_two_x.to(right_one.right_one_x)
            )

    count = 0

    def count_one(self) -> None:
        self.count += 1


def flat() -> Run:
    machine = Ring()

    def run(events: int) -> Lap:
        tick = machine.tick
        began = perf_counter()
        for _ in range(events):
            tick()
        return Lap(perf_counter() - began, machine.count)

    return run


def parallel() -> Run:
    machine = Regions()
    machine.count = 0  # the first states' entry actions counted too

    def run(events: int) -> Lap:
        flip = machine.flip
        began = perf_counter()
        for _ in range(events):
            flip()
        return Lap(perf_counter() - began, machine.count)

    return run
