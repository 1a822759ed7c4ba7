"""The three flows of version 3, and what becomes of orders of version 1."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from examples.order import flow as v1
from examples.order_v3.flow import (
    CourierAccepted,
    CourierRejected,
    Delivered,
    Delivery,
    Order,
    OrderFlow,
    RestaurantAccepted,
    RestaurantRejected,
    offer_to_courier,
    offer_to_restaurant,
)
from examples.outside import resources
from statehold import minutes
from statehold.testing import EngineKit, Harness, hold, succeed

PIZZA: dict[str, Any] = {"items": ["pizza"], "restaurant": "napoli", "customer": "ann"}

ACCEPTED = RestaurantAccepted(prep_minutes=12)
NO_DOUGH = RestaurantRejected(reason="no dough")


@pytest.fixture
def order(harness: Callable[..., Harness[Order]]) -> Callable[[Delivery], Harness[Order]]:
    return lambda delivery: harness(OrderFlow, {**PIZZA, "delivery": delivery})


Make = Callable[[Delivery], Harness[Order]]

# --- the chooser -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delivery", "state"),
    [
        ("standard", "standard.creating"),
        ("courier", "courier_driven.creating"),
        ("restaurant", "restaurant_driven.creating"),
    ],
)
def test_each_order_starts_in_the_flow_of_its_shop(
    order: Make, delivery: Delivery, state: str
) -> None:
    assert order(delivery).state == [state]


def test_an_order_that_says_nothing_takes_the_standard_flow() -> None:
    assert Harness(OrderFlow, PIZZA).state == ["standard.creating"]


# --- standard --------------------------------------------------------------------------------


def test_the_standard_flow_is_that_of_version_1(order: Make) -> None:
    one = order("standard")
    one.assert_running(offer_to_restaurant)
    one.send(ACCEPTED, roles="restaurant").advance(minutes(12))
    one.assert_running(offer_to_courier)
    one.send(CourierAccepted(courier="zoe"), roles="courier")
    one.refuses(Delivered(), roles="restaurant")
    one.send(Delivered(), roles="courier")
    one.assert_state(OrderFlow.complete)


def test_a_standard_order_may_be_rejected_until_it_is_ready(order: Make) -> None:
    order("standard").send(NO_DOUGH, roles="restaurant").assert_done(output="no dough")
    one = order("standard").send(ACCEPTED, roles="restaurant")
    one.send(NO_DOUGH, roles="restaurant").assert_done(output="no dough")
    one = order("standard").send(ACCEPTED, roles="restaurant").jump()
    one.refuses(NO_DOUGH, roles="restaurant")
    one.send(CourierRejected(reason="rain"), roles="courier").assert_done(output="rain")


# --- driven by the courier -------------------------------------------------------------------


def test_a_shop_without_a_contract_is_never_asked(order: Make) -> None:
    one = order("courier")
    one.assert_running(offer_to_courier)
    one.send(CourierAccepted(courier="zoe"), roles="courier")
    one.assert_state(OrderFlow.courier_driven.on_the_way)
    one.send(Delivered(), roles="courier").assert_state(OrderFlow.complete)
    one.assert_not_asked(offer_to_restaurant)


def test_the_courier_may_refuse_to_go(order: Make) -> None:
    one = order("courier").send(CourierRejected(reason="too far"), roles="courier")
    one.assert_state(OrderFlow.cancelled)
    one.assert_done(output="too far")


def test_the_shop_may_turn_the_courier_away(order: Make) -> None:
    one = order("courier")
    one.refuses(NO_DOUGH, roles="restaurant")
    one.send(CourierAccepted(courier="zoe"), roles="courier")
    one.send(NO_DOUGH, roles="restaurant").assert_done(output="no dough")


# --- driven by the restaurant ----------------------------------------------------------------


def test_a_restaurant_that_delivers_itself_needs_no_courier(order: Make) -> None:
    one = order("restaurant").send(ACCEPTED, roles="restaurant")
    one.advance(minutes(12))
    one.assert_state(OrderFlow.restaurant_driven.on_the_way)
    one.refuses(Delivered(), roles="courier")
    one.send(Delivered(), roles="restaurant").assert_state(OrderFlow.complete)
    one.assert_not_asked(offer_to_courier)


def test_a_restaurant_that_delivers_itself_may_reject_until_it_sets_out(order: Make) -> None:
    order("restaurant").send(NO_DOUGH, roles="restaurant").assert_done(output="no dough")
    one = order("restaurant").send(ACCEPTED, roles="restaurant")
    one.send(NO_DOUGH, roles="restaurant").assert_done(output="no dough")
    one = order("restaurant").send(ACCEPTED, roles="restaurant").jump()
    one.refuses(NO_DOUGH, roles="restaurant")


# --- from version 1 --------------------------------------------------------------------------

pytestmark = pytest.mark.anyio


async def test_orders_of_version_1_go_on_in_the_standard_flow(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'orders.db'}"
    fakes = {"offer_to_restaurant": succeed(), "offer_to_courier": succeed()}
    async with EngineKit(v1.OrderFlow, fakes=fakes, store=store, resources=resources) as old:
        for id in ("creating", "accepted", "ready", "on_the_way", "complete"):
            await old.start("order", id, PIZZA)
        for id in ("ready", "on_the_way", "complete"):
            await old.send("order", id, v1.RestaurantAccepted(prep_minutes=1))
        await old.advance(minutes(1))
        for id in ("on_the_way", "complete"):
            await old.send("order", id, v1.CourierAccepted(courier="zoe"))
        await old.send("order", "complete", v1.Delivered())
        await old.send("order", "accepted", v1.RestaurantAccepted(prep_minutes=30))
        await old.settle()

    fakes = {"offer_to_restaurant": succeed(), "offer_to_courier": succeed()}
    clock = old.clock
    async with EngineKit(
        OrderFlow, fakes=fakes, store=store, clock=clock, resources=resources
    ) as new:
        report = await new.engine.upgrade("order")
        assert (report.upgraded, report.failed) == (4, {})
        await new.settle()
        found = {id: await new.read("order", id) for id in ("creating", "accepted", "ready")}
        assert {id: a.state for id, a in found.items()} == {
            "creating": ["standard.creating"],
            "accepted": ["standard.accepted"],
            "ready": ["standard.ready"],
        }
        assert all(a.version == 3 and a.view["delivery"] == "standard" for a in found.values())
        # what was offered was offered: the states are not entered again
        assert [fake.calls for fake in fakes.values()] == [[], []]

        # the preparation that began before the upgrade ends when it was to end
        await new.advance(timedelta(minutes=29, seconds=59))
        assert (await new.read("order", "accepted")).state == ["standard.accepted"]
        await new.advance(timedelta(seconds=1))
        assert (await new.read("order", "accepted")).state == ["standard.ready"]

        await new.send("order", "on_the_way", Delivered(), roles="courier")
        assert (await new.read("order", "on_the_way")).status == "done"
        assert (await new.read("order", "complete")).version == 1


async def test_an_offer_under_way_is_made_again_under_its_own_key(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'orders.db'}"
    first = hold()
    async with EngineKit(
        v1.OrderFlow, fakes={"offer_to_restaurant": first}, store=store, resources=resources
    ) as old:
        await old.start("order", "o-1", PIZZA)
        await old.settle()
    second = succeed()
    async with EngineKit(
        OrderFlow,
        fakes={"offer_to_restaurant": second},
        store=store,
        clock=old.clock,
        resources=resources,
    ) as new:
        await new.settle()
        assert (await new.read("order", "o-1")).state == ["standard.creating"]
        assert second.keys == first.keys == ["order/o-1/1.1"]


async def test_an_order_is_brought_along_by_its_next_event(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'orders.db'}"
    offered = {"offer_to_restaurant": succeed()}
    async with EngineKit(v1.OrderFlow, fakes=offered, store=store, resources=resources) as old:
        await old.start("order", "o-1", PIZZA)
        await old.settle()
    async with EngineKit(
        OrderFlow, fakes=offered, store=store, clock=old.clock, resources=resources
    ) as new:
        answer = await new.send("order", "o-1", ACCEPTED, roles="restaurant")
        assert (answer.version, answer.state) == (3, ["standard.accepted"])
