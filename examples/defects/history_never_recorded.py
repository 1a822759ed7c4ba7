"""A history state that is used before its parent was ever left: it remembers nothing."""

from __future__ import annotations

from statehold import Compound, Event, Final, History, Machine, State, on


class Started(Event): ...


class Next(Event): ...


class Work(Machine[None, Next | Started], name="history-never-recorded", version=1):
    waiting = State(initial=True)

    class working(Compound):
        first = State(initial=True)
        second = State()
        before = History()

        onward = on(Next, first >> second)

    done = Final()

    begin = on(Started, waiting >> working.before)
    finish = on(Next, working.second >> done)


class Mended(Machine[None, Next | Started], name="history-never-recorded-mended", version=1):
    waiting = State(initial=True)

    class working(Compound):
        first = State(initial=True)
        second = State()

        onward = on(Next, first >> second)

    done = Final()

    begin = on(Started, waiting >> working)
    finish = on(Next, working.second >> done)
