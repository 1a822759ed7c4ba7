"""A timer that is set in a step that a timer caused is due a tenth of a second later at least."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statehold import Event, Machine, State, TimerFired, after, always, on, seconds
from statehold.interpreter import start, step
from statehold.interpreter.plan import TIMER_AFTER_TIMER

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Kick(Event): ...


def long_ago(data: Any) -> datetime:
    return NOW - timedelta(days=1)


def at_once(data: Any) -> timedelta:
    return timedelta()


def machine_with(delay: timedelta | Callable[[Any], Any]) -> type[Machine[None]]:
    class Ring(Machine[None], name="ring", version=1):
        here = State(initial=True)
        between = State()
        there = State()

        go = after(delay, here >> between)
        on_ = always(between >> there)
        back = after(delay, there >> here)
        kick = on(Kick, there >> here)

    return Ring


@pytest.mark.parametrize("delay", [seconds(0), seconds(0.099), at_once, long_ago])
def test_moments_and_functions_are_no_way_around_the_least_delay(delay: Any) -> None:
    ring = machine_with(delay)
    first = start(ring, None, NOW)
    (timer,) = first.snapshot.timers
    # the start is no timer's
    assert timer.due < NOW + TIMER_AFTER_TIMER
    second = step(ring, first.snapshot, TimerFired("go"), NOW)
    # by an immediate transition, in the same step
    assert second.snapshot.state == ("there",)
    (timer,) = second.snapshot.timers
    assert timer.due == NOW + TIMER_AFTER_TIMER
    assert [getattr(one, "due", None) for one in second.commands] == [NOW + TIMER_AFTER_TIMER]


def test_a_longer_delay_and_a_step_of_another_event_are_as_they_were() -> None:
    ring = machine_with(seconds(5))
    first = start(ring, None, NOW)
    second = step(ring, first.snapshot, TimerFired("go"), NOW)
    assert [timer.due for timer in second.snapshot.timers] == [NOW + seconds(5)]
    quick = machine_with(seconds(0))
    there = step(quick, start(quick, None, NOW).snapshot, TimerFired("go"), NOW)
    kicked = step(quick, there.snapshot, Kick(), NOW)
    assert [timer.due for timer in kicked.snapshot.timers] == [NOW]
