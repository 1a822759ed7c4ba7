"""A timer that leads back to itself at once: it waits longer than it says."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, after, on, seconds


class Stopped(Event): ...


class Poll(Machine[None, Stopped], name="timer-too-short", version=1):
    asking = State(initial=True)
    resting = State()
    over = Final()

    rest = after(seconds(5), asking >> resting)
    again = after(seconds(0.01), resting >> asking)
    stop = on(Stopped, (asking | resting) >> over)


class Mended(Machine[None, Stopped], name="timer-too-short-mended", version=1):
    asking = State(initial=True)
    resting = State()
    over = Final()

    rest = after(seconds(5), asking >> resting)
    again = after(seconds(1), resting >> asking)
    stop = on(Stopped, (asking | resting) >> over)
