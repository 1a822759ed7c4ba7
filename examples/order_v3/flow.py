"""The order machine, version 3: three kinds of delivery.

The `standard` flow has the states of version 1, so running orders of version 1 continue there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import httpx
from pydantic import BaseModel, Field

from examples.outside import post
from statehold import (
    Call,
    Compound,
    Event,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    always,
    effect,
    minutes,
    on,
    seconds,
    silence,
)

Delivery = Literal["standard", "courier", "restaurant"]

# --- the data --------------------------------------------------------------------------------


class Order(BaseModel):
    items: list[str] = Field(min_length=1)
    restaurant: str
    customer: str
    address: str = ""
    delivery: Delivery = "standard"
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


# --- questions and changes -------------------------------------------------------------------


def has_no_contract(order: Order) -> bool:
    """A shop like any other, where the courier buys what was ordered."""
    return order.delivery == "courier"


def delivers_itself(order: Order) -> bool:
    return order.delivery == "restaurant"


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


def from_version_1(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew one kind of delivery."""
    return {**old, "delivery": "standard"}


# --- the chart -------------------------------------------------------------------------------


class OrderFlow(
    Machine[
        Order,
        RestaurantAccepted | CourierAccepted | RestaurantRejected | CourierRejected | Delivered,
    ],
    name="order",
    version=3,
):
    """One food order, in one of three flows."""

    choosing = State(initial=True, doc="Left at once, for one of the three flows.")

    class standard(Compound):
        """The restaurant cooks, one of our couriers delivers."""

        creating = State(
            initial=True, invoke=offer_to_restaurant, owner="restaurant", tags=("open",),
            deadline=minutes(10), doc="Create order.",
        )  # fmt: skip
        accepted = State(owner="restaurant", tags=("open",), doc="Order accepted.")
        ready = State(
            invoke=offer_to_courier, owner="courier", tags=("open",), deadline=minutes(15),
            doc="Order ready.",
        )  # fmt: skip
        on_the_way = State(
            owner="courier", tags=("open",), deadline=minutes(45), doc="Courier on the way."
        )

        accept = on(RestaurantAccepted, creating >> accepted, do=note_prep_time, by="restaurant")
        cooked = after(preparation_time, accepted >> ready)
        take = on(CourierAccepted, ready >> on_the_way, do=note_courier, by="courier")

    class courier_driven(Compound):
        """A shop without a contract: the courier goes and buys."""

        creating = State(
            initial=True, invoke=offer_to_courier, owner="courier", tags=("open",),
            deadline=minutes(15), doc="Create order.",
        )  # fmt: skip
        on_the_way = State(
            owner="courier", tags=("open",), deadline=minutes(60), doc="Courier on the way."
        )

        take = on(CourierAccepted, creating >> on_the_way, do=note_courier, by="courier")

    class restaurant_driven(Compound):
        """The restaurant delivers itself."""

        creating = State(
            initial=True, invoke=offer_to_restaurant, owner="restaurant", tags=("open",),
            deadline=minutes(10), doc="Create order.",
        )  # fmt: skip
        accepted = State(owner="restaurant", tags=("open",), doc="Order accepted.")
        on_the_way = State(
            owner="restaurant", tags=("open",), deadline=minutes(45), doc="Restaurant on the way."
        )

        accept = on(RestaurantAccepted, creating >> accepted, do=note_prep_time, by="restaurant")
        cooked = after(preparation_time, accepted >> on_the_way)

    complete = Final(tags=("closed",), doc="Delivery complete.")
    cancelled = Final(output=reason, tags=("closed",), doc="Order cancelled.")

    # the last one has no guard: whatever the data says, an order never stays here
    choose_courier = always(choosing >> courier_driven, when=has_no_contract)
    choose_restaurant = always(choosing >> restaurant_driven, when=delivers_itself)
    choose_standard = always(choosing >> standard)

    reject = on(
        RestaurantRejected,
        (
            standard.creating
            | standard.accepted
            | courier_driven.on_the_way
            | restaurant_driven.creating
            | restaurant_driven.accepted
        )
        >> cancelled,
        do=note_reason,
        by="restaurant",
    )
    refuse = on(
        CourierRejected,
        (standard.ready | courier_driven.creating) >> cancelled,
        do=note_reason,
        by="courier",
    )
    deliver = on(
        Delivered, (standard.on_the_way | courier_driven.on_the_way) >> complete, by="courier"
    )
    hand_over = on(Delivered, restaurant_driven.on_the_way >> complete, by="restaurant")

    indexes = ("customer", "restaurant", "delivery")
    upgrades = (
        Upgrade(
            from_version=1,
            states={
                "creating": standard.creating,
                "accepted": standard.accepted,
                "ready": standard.ready,
                "on_the_way": standard.on_the_way,
            },
            data=from_version_1,
        ),
    )

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
