"""Orders are taken while there is stock, and shipped once they are paid."""

from __future__ import annotations

from pydantic import BaseModel

from statehold import Event, Final, Machine, State, always, on


class Order(BaseModel):
    stock: int = 10
    items: int = 0
    paid: int = 0


class Add(Event):
    count: int


class Pay(Event):
    count: int


class Ship(Event): ...


def change(order: Order, event: Add | Pay) -> None:
    if isinstance(event, Pay):
        order.paid += event.count
    else:
        order.items += event.count


def is_there(order: Order, event: Add | Pay) -> bool:
    return isinstance(event, Pay) or order.items + event.count <= order.stock


def is_paid(order: Order) -> bool:
    return 0 < order.items <= order.paid


class OrderControl(Machine[Order, Add | Pay | Ship], name="order-control", version=1):
    waiting, shipping, completed = State(initial=True), State(), Final()
    change = on((Add, Pay), waiting, do=change, when=is_there)
    paid = always(waiting >> shipping, when=is_paid)
    ship = on(Ship, shipping >> completed)
