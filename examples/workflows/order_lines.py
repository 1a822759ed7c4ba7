"""An order that is shipped line by line; what is not there is left out, and the rest still goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Never

from pydantic import BaseModel, Field

from statehold import (
    Call,
    Final,
    Machine,
    Result,
    Retry,
    State,
    always,
    effect,
    on_failure,
    on_result,
)


class Line(BaseModel):
    item: str
    count: int = Field(default=1, ge=1)
    parcel: str | None = None


class NewOrder(BaseModel):
    lines: list[Line] = Field(min_length=1, max_length=100)


class Order(BaseModel):
    lines: list[Line]
    at: int = 0


class OutOfStock(Exception): ...


class Depot(ABC):
    @abstractmethod
    async def ship(self, item: str, count: int, key: str) -> str: ...


@effect(attempts=5, errors={OutOfStock: Retry(attempts=1)})
async def ship(order: Order, call: Call, depot: Depot) -> str:
    line = order.lines[order.at]
    return await depot.ship(line.item, line.count, call.key)


def order_of(new: NewOrder) -> Order:
    return Order(lines=new.lines)


def shipped(order: Order, event: Result[str]) -> None:
    order.lines[order.at].parcel = event.value


def go_on(order: Order) -> None:
    order.at += 1


def is_over(order: Order) -> bool:
    return order.at == len(order.lines)


def missing(order: Order) -> list[str]:
    return [line.item for line in order.lines if line.parcel is None]


class OrderLines(Machine[Order, Never, NewOrder, list[str]], name="order-lines", version=1):
    shipping = State(initial=True, invoke=ship)
    over = Final(output=missing)

    ship_next = on_result(ship, shipping >> shipping, reenter=True, do=(shipped, go_on))
    leave_out = on_failure(ship, shipping >> shipping, reenter=True, do=go_on, error=OutOfStock)
    finish = always(shipping >> over, when=is_over)
    input = order_of
