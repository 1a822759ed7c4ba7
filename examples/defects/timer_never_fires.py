"""A reminder that comes after the state was left."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, after, days, hours, on


class Answered(Event): ...


class Asked(Event): ...


class Offer(Machine[None, Answered | Asked], name="timer-never-fires", version=1):
    open = State(initial=True)
    reminded = State()
    accepted = Final()
    lapsed = Final()

    accept = on(Answered, (open | reminded) >> accepted)
    lapse = after(days(1), (open | reminded) >> lapsed)
    remind = after(days(2), open >> reminded)
    ask = on(Asked, open >> reminded)


class Mended(Machine[None, Answered], name="timer-never-fires-mended", version=1):
    open = State(initial=True)
    reminded = State()
    accepted = Final()
    lapsed = Final()

    accept = on(Answered, (open | reminded) >> accepted)
    remind = after(hours(12), open >> reminded)
    lapse = after(days(1), reminded >> lapsed)
