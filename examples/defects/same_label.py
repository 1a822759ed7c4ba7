"""Two states with one label: people can't see which of them an instance is in."""

from __future__ import annotations

from statehold import Event, Final, Machine, State, on


class Offered(Event): ...


class Answered(Event): ...


class Order(Machine[None, Offered | Answered], name="same-label", version=1):
    offering = State(initial=True, label="Waiting")
    asking = State(label="Waiting")
    over = Final()

    offer = on(Offered, offering >> asking)
    answer = on(Answered, asking >> over)


class Mended(Machine[None, Offered | Answered], name="same-label-mended", version=1):
    offering = State(initial=True, label="Waiting for an offer")
    asking = State(label="Waiting for an answer")
    over = Final()

    offer = on(Offered, offering >> asking)
    answer = on(Answered, asking >> over)
