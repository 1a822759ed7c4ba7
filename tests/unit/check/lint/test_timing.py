"""Checks of timers."""

from __future__ import annotations

import pytest

from statehold import (
    Compound,
    Final,
    Machine,
    State,
    after,
    minutes,
    on,
)
from statehold.chart.event import TimerFired
from statehold.check.lint.findings import findings
from statehold.errors import ActionFailed
from statehold.interpreter.step import start, step
from tests.unit.check.lint.flows import NOON, Data, Go, Stop, add, is_big, only


def test_a_timer_is_outlived_by_that_of_a_state_around_it() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class outer(Compound, initial=True):
            one = State(initial=True)
            two = State()
            onward = after(minutes(10), one >> two)

        over = Final()
        lapse = after(minutes(5), outer >> over)
        skip = on(Go, outer.one >> outer.two)

    assert [(f.code, f.place) for f in findings(Flow)] == [("timer-never-fires", "outer.onward")]


def test_a_timer_is_not_outlived_by_that_of_a_state_that_stays() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class outer(Compound, initial=True):
            one = State(initial=True)
            two = State()
            onward = after(minutes(10), one >> two)

        over = Final()
        again = after(minutes(5), outer >> outer.one)
        end = on(Stop, outer >> over)

    assert findings(Flow) == ()


def test_a_timer_with_a_guard_or_without_a_target_leaves_nothing() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        remind = after(minutes(1), here, do=add)
        early = after(minutes(2), here >> over, when=is_big)
        late = after(minutes(3), here >> over)

    assert findings(Flow) == ()


def test_of_two_timers_at_one_moment_the_second_never_fires() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = Final()
        two = Final()
        first = after(minutes(1), here >> one)
        second = after(minutes(1), here >> two)
        end = on(Stop, here >> two)

    assert [(f.code, f.place) for f in findings(Flow)] == [("timer-never-fires", "second")]


def test_a_shorter_timer_whose_step_may_raise_refuses_no_start() -> None:
    def refuse(data: Data) -> None:
        raise ValueError("not today")

    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        there = State(entry=refuse)
        over = Final()
        first = after(minutes(1), here >> there)
        second = after(minutes(2), here >> over)
        end = on(Stop, there >> over)

    found = only(Flow)
    assert (found.code, found.severity, found.place) == ("timer-never-fires", "warning", "second")
    assert "unless a function raises" in found.message
    # and it is so: the step of the first is dropped, the second fires
    begun = start(Flow, Data(total=0), NOON).snapshot
    with pytest.raises(ActionFailed):
        step(Flow, begun, TimerFired("first"), NOON + minutes(1))
    late = step(Flow, begun, TimerFired("second"), NOON + minutes(2))
    assert late.snapshot.state == ("over",)


def test_a_shorter_timer_whose_step_calls_nothing_is_certain() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        first = after(minutes(1), here >> over)
        second = after(minutes(2), here >> over)
        remind = on(Go, here, do=add)

    found = only(Flow)
    assert (found.code, found.severity) == ("timer-never-fires", "error")
    assert "unless" not in found.message
