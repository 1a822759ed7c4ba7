"""Machines to be watched: an effect whose result makes a step, which sends a message to another
instance."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, State, after, effect, minutes, on, on_result


class Parcel(BaseModel):
    shop: str = "s-1"
    to: str = "the door"


class Shop(BaseModel):
    sent: int = 0


class Ship(Event):
    pass


class Sent(Event):
    pass


class Driver:
    """What carrying a parcel comes to, this time."""

    def __init__(self) -> None:
        self.failures = 0
        self.called = asyncio.Event()
        #: not set: it is on its way for ever
        self.there = asyncio.Event()
        self.there.set()


driver = Driver()


@effect(attempts=3, first=timedelta(seconds=10), jitter=0)
async def carry(parcel: Parcel) -> str:
    driver.called.set()
    if driver.failures:
        driver.failures -= 1
        raise RuntimeError("a flat tyre")
    await driver.there.wait()
    return "signed"


def tell_shop(parcel: Parcel, event: object, context: Context) -> None:
    context.send("shop", parcel.shop, Sent())


def count(shop: Shop) -> None:
    shop.sent += 1


class ParcelFlow(Machine[Parcel], name="parcel", version=1):
    packed = State(initial=True)
    under_way = State(invoke=carry)
    delivered = Final()
    forgotten = Final()

    ship = on(Ship, packed >> under_way)
    arrive = on_result(carry, under_way >> delivered, do=tell_shop)
    forget = after(minutes(10), packed >> forgotten)


class ShopFlow(Machine[Shop], name="shop", version=1):
    open = State(initial=True)

    noting = on(Sent, open, do=count)
