"""A misspelt field, in a function without type annotations."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on


class Order(BaseModel):
    total: int


class Placed(Event): ...


def is_cheap(order):  # type: ignore[no-untyped-def]
    return order.totl < 10


def is_small(order: Order) -> bool:
    return order.total < 10


class Shop(Machine[Order, Placed], name="unknown-field", version=1):
    basket = State(initial=True)
    placed = Final()

    place = on(Placed, basket >> placed, when=is_cheap)


class Mended(Machine[Order, Placed], name="unknown-field-mended", version=1):
    basket = State(initial=True)
    placed = Final()

    place = on(Placed, basket >> placed, when=is_small)
