"""Two guards that both say yes at their border: 100 is small, and large."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Order(BaseModel):
    total: int


class Placed(Event): ...


def is_small(order: Order) -> bool:
    return order.total <= 100


def is_large(order: Order) -> bool:
    return order.total >= 100


def is_larger(order: Order) -> bool:
    return order.total > 100


class Shop(Machine[Order, Placed], name="overlapping-guards", version=1):
    basket = State(initial=True)
    sent = Final()
    reviewed = Final()

    send = on(Placed, basket >> sent, when=is_small)
    review = on(Placed, basket >> reviewed, when=is_large)


class Mended(Machine[Order, Placed], name="overlapping-guards-mended", version=1):
    basket = State(initial=True)
    sent = Final()
    reviewed = Final()

    send = on(Placed, basket >> sent, when=is_small)
    review = on(Placed, basket >> reviewed, when=is_larger)
