"""The machine that the tests of the interfaces serve: one of each thing that can happen."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from statehold import (
    Call,
    Compound,
    Event,
    Final,
    Machine,
    Parallel,
    Permanent,
    State,
    after,
    effect,
    minutes,
    on,
    on_done,
    on_result,
)


class Order(BaseModel):
    items: list[str] = ["pizza"]
    city: str = "Oslo"
    prep_minutes: int | None = None
    reason: str | None = None


class Accept(Event):
    prep_minutes: int


class Reject(Event):
    reason: str


class Packed(Event):
    pass


class Arrived(Event):
    pass


class Break(Event):
    """Its action raises."""


class Pay(Event):
    pass


@effect(attempts=1, timeout=timedelta(seconds=5))
async def charge(order: Order, call: Call) -> str:
    raise Permanent("the card was declined")


def note_prep_time(order: Order, event: Accept) -> None:
    order.prep_minutes = event.prep_minutes


def note_reason(order: Order, event: Reject) -> None:
    order.reason = event.reason


def fall_over(order: Order) -> None:
    raise ValueError("the kitchen is on fire")


def kitchen_is_open(order: Order) -> bool:
    return "closed" not in order.items


class OrderFlow(Machine[Order], name="order", version=1):
    """One food order, from checkout to doorstep."""

    indexes = ("city",)

    offering = State(initial=True, owner="restaurant", tags=("waiting",))
    paying = State(invoke=charge)
    cancelled = Final()
    delivered = Final()

    class fulfilling(Parallel):
        class kitchen(Compound):
            cooking = State(initial=True)
            packed = Final()
            pack = on(Packed, cooking >> packed)

        class courier(Compound):
            waiting = State(initial=True)
            there = Final()
            arrive = on(Arrived, waiting >> there)

    accept = on(
        Accept, offering >> fulfilling, when=kitchen_is_open, do=note_prep_time, by="restaurant"
    )
    reject = on(Reject, (offering | fulfilling) >> cancelled, do=note_reason)
    break_ = on(Break, offering >> cancelled, do=fall_over)
    pay = on(Pay, offering >> paying)
    paid = on_result(charge, paying >> delivered)
    lapse = after(minutes(10), offering >> cancelled)
    finish = on_done(fulfilling >> delivered)
