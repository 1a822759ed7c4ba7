"""A machine whose instances are their customers' and their depots', for tests of what callers may
read. Every value that only those may see who inspect it begins with ``hidden``."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel

from statehold import Access, Event, Final, Machine, Permanent, State, effect, index, on, role
from statehold.chart.access import CLOSED
from statehold.records import Caller


class Delivery(BaseModel):
    customer: str
    depot: str = "north"
    price: int = 0
    note: str = "hidden-note"
    breaks: str = ""


class HandOver(Event):
    to: str


class Pack(Event):
    box: str = "hidden-box"


class Lose(Event):
    pass


class Close(Event):
    pass


def hand_over(data: Delivery, event: HandOver) -> None:
    data.customer = event.to


def shown(data: Delivery) -> dict[str, Any]:
    if data.breaks == "view":
        raise ValueError(data.note)
    return {"depot": data.depot}


def for_couriers(data: Delivery) -> dict[str, Any]:
    if data.breaks == "courier":
        raise ValueError(data.note)
    return {"depot": data.depot, "customer": data.customer}


def for_billing(data: Delivery) -> dict[str, Any]:
    return {"price": data.price}


def break_views(data: Delivery, event: Pack) -> None:
    data.breaks = event.box if event.box in ("view", "courier") else ""


@effect(attempts=1)
async def find(data: Delivery) -> None:
    raise Permanent("hidden-reason")


class DeliveryFlow(Machine[Delivery], name="delivery", version=1):
    """Goods on their way."""

    access = Access(
        start=role("clerk"),
        read=index("customer") | index("depot", of="teams") | role("support"),
        inspect=role("ops"),
        send=role("clerk"),
    )
    indexes = ("customer", "depot", "price")
    view = shown
    views: ClassVar = {"courier": for_couriers, "billing": for_billing}

    waiting = State(initial=True)
    lost = State(invoke=find)
    closed = Final()

    packing = on(Pack, waiting, do=break_views)
    handing = on(HandOver, waiting, do=hand_over)
    losing = on(Lose, waiting >> lost)
    closing = on(Close, waiting >> closed)
    giving_up = on(Close, lost >> closed)


OPS = Caller("olga", frozenset({"ops"}), server=CLOSED)
SUPPORT = Caller("sam", frozenset({"support"}), server=CLOSED)
ANN = Caller("ann", frozenset(), server=CLOSED)
BOB = Caller("bob", frozenset(), server=CLOSED)
NORTH = Caller("nina", frozenset(), teams=frozenset({"north"}), server=CLOSED)
NOBODY = Caller("", frozenset(), server=CLOSED)
