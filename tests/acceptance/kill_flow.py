"""The machines that are run while their process is killed again and again."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache

import httpx
from pydantic import BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Final,
    Machine,
    Result,
    State,
    after,
    effect,
    on,
    on_result,
)


class Order(BaseModel):
    items: list[str] = ["pizza"]
    receipt: str | None = None
    courier: str | None = None
    notes: list[str] = []


class Accept(Event):
    pass


class Delivered(Event):
    pass


class Note(Event):
    text: str


class Sold(Event):
    order: str


@cache
def http() -> httpx.AsyncClient:
    """One for the whole process: making one reads the system's certificates each time."""
    return httpx.AsyncClient(base_url=os.environ["STATEHOLD_TEST_ENDPOINT"])


async def outside(call: Call, what: str) -> str:
    """Asks the test's own endpoint, which counts what it is asked under which key."""
    answer = await http().post(f"/{what}", headers={"Idempotency-Key": call.key})
    answer.raise_for_status()
    return answer.text


@effect(attempts=100, first=timedelta(milliseconds=10), longest=timedelta(milliseconds=100))
async def charge(order: Order, call: Call) -> str:
    return await outside(call, "charge")


@effect(attempts=100, first=timedelta(milliseconds=10), longest=timedelta(milliseconds=100))
async def find_courier(order: Order, call: Call) -> str:
    return await outside(call, "courier")


@effect(attempts=100, first=timedelta(milliseconds=10), longest=timedelta(milliseconds=100))
async def send_receipt(order: Order, call: Call) -> None:
    await outside(call, "receipt")


def keep_receipt(order: Order, event: Result[str]) -> None:
    order.receipt = event.value


def keep_courier(order: Order, event: Result[str]) -> None:
    order.courier = event.value


def note(order: Order, event: Note) -> None:
    order.notes.append(event.text)


def tell_stock(order: Order, event: Delivered, context: Context) -> None:
    context.send(
        "stock", f"stock-{sum(context.instance.encode()) % 3}", Sold(order=context.instance)
    )


class OrderFlow(Machine[Order], name="order", version=1):
    """Pay, be accepted, be cooked, find a courier, be delivered."""

    paying = State(initial=True, invoke=charge)
    offered = State(owner="restaurant")
    cooking = State()
    packed = State(invoke=find_courier)
    shipping = State()
    delivered = Final()

    noting = on(Note, paying | offered | cooking | packed | shipping, do=note)
    paid = on_result(charge, paying >> offered, do=keep_receipt)
    accept = on(Accept, offered >> cooking)
    cooked = after(timedelta(milliseconds=40), cooking >> packed)
    courier = on_result(find_courier, packed >> shipping, do=keep_courier)
    deliver = on(Delivered, shipping >> delivered, do=(tell_stock, send_receipt))


class Stock(BaseModel):
    sold: list[str] = []


def sold(stock: Stock, event: Sold) -> None:
    stock.sold.append(event.order)


class StockFlow(Machine[Stock], name="stock", version=1):
    """Hears of each order that was delivered."""

    open = State(initial=True)
    selling = on(Sold, open, do=sold)
