"""A food order: offered to the restaurant, then to couriers, then delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from pydantic import BaseModel, Field

from examples.outside import post
from statehold import (
    Access,
    Call,
    Event,
    Final,
    Machine,
    State,
    after,
    effect,
    index,
    minutes,
    on,
    role,
    seconds,
    silence,
)

# --- the data --------------------------------------------------------------------------------


class Order(BaseModel):
    items: list[str] = Field(min_length=1)
    restaurant: str
    customer: str
    address: str = ""
    prep_minutes: float | None = None
    courier: str | None = None
    reason: str | None = None


# --- what can happen -------------------------------------------------------------------------


class RestaurantAccepted(Event):
    """The restaurant cooks it, and says how long that takes."""

    prep_minutes: float = Field(gt=0, le=240)


class RestaurantRejected(Event):
    reason: str = Field(min_length=1, max_length=500)


class CourierAccepted(Event):
    courier: str


class CourierRejected(Event):
    reason: str = Field(min_length=1, max_length=500)


class Delivered(Event):
    """The customer has it."""


# --- what is asked of others -----------------------------------------------------------------


@effect(attempts=6, timeout=seconds(15), first=seconds(1))
async def offer_to_restaurant(order: Order, call: Call, http: httpx.AsyncClient) -> None:
    """Sends the order to the restaurant, which answers by an event at any time."""
    await post(http, f"/restaurants/{order.restaurant}/offers", offer(order, call), call)


@effect(attempts=6, timeout=seconds(15), first=seconds(1))
async def offer_to_courier(order: Order, call: Call, http: httpx.AsyncClient) -> None:
    """Sends the order to the couriers nearby; one of them answers by an event."""
    await post(http, "/couriers/offers", offer(order, call), call)


def offer(order: Order, call: Call) -> dict[str, Any]:
    return {
        "order": call.instance,
        "items": order.items,
        "restaurant": order.restaurant,
        "address": order.address,
    }


# --- what changes ----------------------------------------------------------------------------


def note_prep_time(order: Order, event: RestaurantAccepted) -> None:
    order.prep_minutes = event.prep_minutes


def note_courier(order: Order, event: CourierAccepted) -> None:
    order.courier = event.courier


def note_reason(order: Order, event: RestaurantRejected | CourierRejected) -> None:
    order.reason = event.reason


def preparation_time(order: Order) -> timedelta:
    # every transition to `accepted` sets the preparation time
    assert order.prep_minutes is not None
    return minutes(order.prep_minutes)


def reason(order: Order) -> str | None:
    return order.reason


def for_couriers(order: Order) -> dict[str, Any]:
    return {"restaurant": order.restaurant, "address": order.address, "courier": order.courier}


# --- the chart -------------------------------------------------------------------------------


class OrderFlow(
    Machine[
        Order,
        RestaurantAccepted | RestaurantRejected | CourierAccepted | CourierRejected | Delivered,
    ],
    name="order",
    version=1,
):
    """One food order, from checkout to doorstep."""

    creating = State(
        initial=True,
        invoke=offer_to_restaurant,
        owner="restaurant",
        tags=("open",),
        deadline=minutes(10),
        doc="Create order: the restaurant has to say whether it takes it.",
    )
    accepted = State(
        owner="restaurant",
        tags=("open",),
        doc="Order accepted: the restaurant is cooking.",
    )
    ready = State(
        invoke=offer_to_courier,
        owner="courier",
        tags=("open",),
        deadline=minutes(15),
        doc="Order ready: a courier has to take it.",
    )
    on_the_way = State(
        owner="courier",
        tags=("open",),
        deadline=minutes(45),
        doc="Courier on the way to the customer.",
    )
    complete = Final(tags=("closed",), doc="Delivery complete.")
    cancelled = Final(output=reason, tags=("closed",), doc="Order cancelled.")

    accept = on(RestaurantAccepted, creating >> accepted, do=note_prep_time, by="restaurant")
    reject = on(
        RestaurantRejected, (creating | accepted) >> cancelled, do=note_reason, by="restaurant"
    )
    cooked = after(preparation_time, accepted >> ready)
    take = on(CourierAccepted, ready >> on_the_way, do=note_courier, by="courier")
    refuse = on(CourierRejected, ready >> cancelled, do=note_reason, by="courier")
    deliver = on(Delivered, on_the_way >> complete, by="courier")

    indexes = ("customer", "restaurant")

    # customers see their own orders, restaurants theirs by their teams, couriers a part of all;
    # who may send what is at the transitions
    access = Access(
        start="shop",
        read=index("customer", of="caller")
        | index("restaurant", of="teams")
        | role("courier")
        | role("support"),
        inspect="support",
        act="support",
    )
    views = {"courier": for_couriers}  # noqa: RUF012 - as users write it

    silences = (
        silence(
            "unhandled-failure",
            because="an offer that can't be made is an incident: a person looks at it",
        ),
    )

    @staticmethod
    def view(order: Order) -> dict[str, Any]:
        """What customers see: all but the address."""
        return order.model_dump(mode="json", exclude={"address"})
