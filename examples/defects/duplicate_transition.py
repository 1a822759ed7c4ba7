"""The same transition twice."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Closed(Event): ...


class Ticket(Machine[None, Closed], name="duplicate-transition", version=1):
    open = State(initial=True)
    closed = Final()

    close = on(Closed, open >> closed)
    end = on(Closed, open >> closed)


class Mended(Machine[None, Closed], name="duplicate-transition-mended", version=1):
    open = State(initial=True)
    closed = Final()

    close = on(Closed, open >> closed)
