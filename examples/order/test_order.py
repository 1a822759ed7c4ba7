"""Every path of an order, its refusals and its timer; then the same on an engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from examples.order.flow import (
    CourierAccepted,
    CourierRejected,
    Delivered,
    Order,
    OrderFlow,
    RestaurantAccepted,
    RestaurantRejected,
    offer_to_courier,
    offer_to_restaurant,
)
from examples.outside import resources
from statehold import InvalidPayload, Permanent, minutes
from statehold.testing import EngineKit, Harness, fail, succeed

PIZZA = {"items": ["pizza"], "restaurant": "napoli", "customer": "ann", "address": "Main St 1"}


@pytest.fixture
def order(harness: Callable[..., Harness[Order]]) -> Harness[Order]:
    return harness(OrderFlow, PIZZA, resources=resources)


def accepted(order: Harness[Order], prep_minutes: float = 12) -> Harness[Order]:
    return order.send(RestaurantAccepted(prep_minutes=prep_minutes), roles="restaurant")


def ready(order: Harness[Order]) -> Harness[Order]:
    return accepted(order).jump()


def on_the_way(order: Harness[Order]) -> Harness[Order]:
    return ready(order).send(CourierAccepted(courier="zoe"), roles="courier")


# --- the paths -------------------------------------------------------------------------------


def test_a_new_order_is_offered_to_the_restaurant_alone(order: Harness[Order]) -> None:
    order.assert_state(OrderFlow.creating)
    order.assert_running(offer_to_restaurant)
    order.assert_not_asked(offer_to_courier)
    assert order.owners == ["restaurant"]
    assert order.tags == ["open"]


def test_an_accepted_order_is_ready_once_the_preparation_time_is_over(
    order: Harness[Order],
) -> None:
    accepted(order, prep_minutes=12)
    order.advance(minutes(11))
    order.assert_state(OrderFlow.accepted)
    order.advance(minutes(1))
    order.assert_state(OrderFlow.ready)
    order.assert_running(offer_to_courier)


def test_an_order_is_complete_once_the_courier_has_delivered_it(order: Harness[Order]) -> None:
    on_the_way(order).send(Delivered(), roles="courier")
    order.assert_state(OrderFlow.complete)
    order.assert_done(output=None)
    order.assert_data(courier="zoe", prep_minutes=12)
    assert order.tags == ["closed"]


@pytest.mark.parametrize("reach", [lambda order: order, accepted], ids=["creating", "accepted"])
def test_the_restaurant_may_reject_until_the_order_is_ready(
    order: Harness[Order], reach: Callable[[Harness[Order]], Harness[Order]]
) -> None:
    reach(order).send(RestaurantRejected(reason="no dough"), roles="restaurant")
    order.assert_state(OrderFlow.cancelled)
    order.assert_done(output="no dough")
    assert order.timers == []


def test_a_ready_order_that_no_courier_wants_is_cancelled(order: Harness[Order]) -> None:
    ready(order).send(CourierRejected(reason="too far"), roles="courier")
    order.assert_done(output="too far")


def test_the_offer_is_withdrawn_when_its_answer_comes_first(order: Harness[Order]) -> None:
    accepted(order)
    assert order.assert_asked(offer_to_restaurant, times=1).status == "cancelled"


# --- refusals --------------------------------------------------------------------------------


def test_nobody_but_the_restaurant_accepts_for_it(order: Harness[Order]) -> None:
    error = order.refuses(RestaurantAccepted(prep_minutes=5), roles="customer")
    assert error.forbidden
    assert error.reasons == ("only restaurant may do this",)
    order.assert_allowed(RestaurantAccepted, RestaurantRejected, roles="restaurant", only=True)
    order.assert_allowed(roles="customer", only=True)


def test_an_order_on_its_way_can_not_be_rejected_any_more(order: Harness[Order]) -> None:
    on_the_way(order)
    error = order.refuses(RestaurantRejected(reason="changed our mind"), roles="restaurant")
    assert error.reasons == ()
    assert not error.forbidden
    order.assert_allowed(Delivered, only=True)


def test_a_courier_can_not_take_what_is_not_ready(order: Harness[Order]) -> None:
    order.refuses(CourierAccepted(courier="zoe"), roles="courier")
    accepted(order).refuses(CourierAccepted(courier="zoe"), roles="courier")


def test_a_delivered_order_takes_nothing_more(order: Harness[Order]) -> None:
    on_the_way(order).send(Delivered(), roles="courier")
    assert order.refuses(Delivered(), roles="courier").reasons == ("it is done",)


def test_a_preparation_time_of_nothing_is_no_preparation_time(order: Harness[Order]) -> None:
    with pytest.raises(InvalidPayload, match="prep_minutes"):
        order.send({"type": "RestaurantAccepted", "prep_minutes": 0})
    assert order.seq == 1


def test_an_order_of_nothing_is_none() -> None:
    with pytest.raises(InvalidPayload, match="items"):
        Harness(OrderFlow, {**PIZZA, "items": []})


def test_what_customers_see_does_not_tell_the_address(order: Harness[Order]) -> None:
    assert "address" not in order.view
    assert order.view["items"] == ["pizza"]


# --- the offers ------------------------------------------------------------------------------


@pytest.fixture
def partners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDER_EFFECTS_URL", "http://partners.test")


def answered(status: int, requests: list[httpx.Request]) -> Harness[Order]:
    """An order whose restaurant answers with this status; ``requests`` are those that it gets."""

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Harness(OrderFlow, PIZZA, resources=[client])


@pytest.mark.usefixtures("partners")
def test_an_offer_carries_its_key_so_that_a_second_one_is_recognised() -> None:
    requests: list[httpx.Request] = []
    answered(202, requests).run(offer_to_restaurant)
    assert requests[0].url == "http://partners.test/restaurants/napoli/offers"
    assert requests[0].headers["Idempotency-Key"] == "order/test/1.1"
    assert json.loads(requests[0].content)["items"] == ["pizza"]


@pytest.mark.usefixtures("partners")
def test_an_offer_that_the_restaurant_can_not_read_is_not_made_again() -> None:
    order = answered(422, [])
    with pytest.raises(Permanent, match="422"):
        order.run(offer_to_restaurant)
    assert [asked.name for asked in order.incidents] == ["offer_to_restaurant"]


@pytest.mark.usefixtures("partners")
def test_an_offer_to_a_system_that_is_down_is_made_again() -> None:
    order = answered(503, [])
    with pytest.raises(httpx.HTTPStatusError):
        order.run(offer_to_restaurant)
    assert order.assert_running(offer_to_restaurant).attempt == 2
    assert order.incidents == []


def test_without_an_address_an_offer_is_only_logged(order: Harness[Order]) -> None:
    order.run(offer_to_restaurant)
    assert order.assert_asked(offer_to_restaurant).status == "succeeded"


# --- on an engine ----------------------------------------------------------------------------


@pytest.mark.anyio
async def test_on_an_engine_the_offer_is_made_until_it_is_taken() -> None:
    offers = fail(times=2)
    async with EngineKit(
        OrderFlow, fakes={offer_to_restaurant: offers}, resources=resources
    ) as kit:
        await kit.start(OrderFlow, "o-1", PIZZA)
        await kit.advance(timedelta(seconds=30))
        assert offers.keys == ["order/o-1/1.1"] * 3
        assert (await kit.engine.incidents()).incidents == []
        answer = await kit.read(OrderFlow, "o-1")
        assert answer.state == ["creating"]


@pytest.mark.anyio
async def test_on_an_engine_an_order_gets_from_the_checkout_to_the_doorstep() -> None:
    fakes = {offer_to_restaurant: succeed(), offer_to_courier: succeed()}
    async with EngineKit(OrderFlow, fakes=fakes, resources=resources) as kit:
        await kit.start(OrderFlow, "o-1", PIZZA)
        accept = RestaurantAccepted(prep_minutes=12)
        await kit.send(OrderFlow, "o-1", accept, roles="restaurant")
        await kit.advance(minutes(12))
        await kit.send(OrderFlow, "o-1", CourierAccepted(courier="zoe"), roles="courier")
        answer = await kit.send(OrderFlow, "o-1", Delivered(), roles="courier")
        assert (answer.state, answer.status, answer.seq) == (["complete"], "done", 5)
