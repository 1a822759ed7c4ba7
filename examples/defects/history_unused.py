"""A history state that no transition leads to: work always starts from the beginning."""

from __future__ import annotations

from statehold import Compound, Event, Final, History, Machine, State, on


class Paused(Event): ...


class Resumed(Event): ...


class Next(Event): ...


class Work(Machine[None, Next | Paused | Resumed], name="history-unused", version=1):
    class working(Compound, initial=True):
        first = State(initial=True)
        second = State()
        before = History()

        onward = on(Next, first >> second)

    paused = State()
    done = Final()

    pause = on(Paused, working >> paused)
    resume = on(Resumed, paused >> working)
    finish = on(Next, working.second >> done)


class Mended(Machine[None, Next | Paused | Resumed], name="history-unused-mended", version=1):
    class working(Compound, initial=True):
        first = State(initial=True)
        second = State()
        before = History()

        onward = on(Next, first >> second)

    paused = State()
    done = Final()

    pause = on(Paused, working >> paused)
    resume = on(Resumed, paused >> working.before)
    finish = on(Next, working.second >> done)
