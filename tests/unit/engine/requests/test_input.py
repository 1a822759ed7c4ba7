"""A machine whose start takes an input, and makes its data of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Context,
    Event,
    Failure,
    Final,
    InvalidPayload,
    KeyReused,
    Machine,
    State,
    TooLarge,
    UnknownInstance,
    child,
    on,
    on_failure,
    on_result,
)
from statehold.engine.limits import Limits
from statehold.errors import ActionFailed
from tests.unit.engine.world import World, journal, kinds, quiet, state

pytestmark = pytest.mark.anyio


class NewParcel(BaseModel):
    to: str
    grams: int = 100


class Parcel(BaseModel):
    to: str
    price: int
    label: str
    log: list[str] = []


class Deliver(Event):
    pass


class Lost(Event):
    pass


def parcel_of(new: NewParcel, context: Context) -> Parcel:
    if new.grams > 1_000:
        raise ValueError("too heavy")
    new.to = new.to.upper()
    return Parcel(to=new.to, price=new.grams // 10, label=f"{context.instance} {context.now:%Y}")


def note(parcel: Parcel) -> None:
    parcel.log.append(f"waits for {parcel.price}")


class ParcelFlow(Machine[Parcel, Deliver, NewParcel], name="parcel", version=1):
    waiting = State(initial=True, entry=note)
    delivered = Final(output=lambda parcel: parcel.to)
    deliver = on(Deliver, waiting >> delivered)
    input = parcel_of


class Basket(BaseModel):
    to: str = "ann"
    grams: int = 500
    times: int = 1
    ended: str = ""


def parcel_for(basket: Basket) -> dict[str, Any]:
    return {"to": basket.to * basket.times, "grams": basket.grams}


def keep(basket: Basket, event: Failure) -> None:
    basket.ended = f"{event.error}: {event.message}"


class BasketFlow(Machine[Basket], name="basket", version=1):
    sending = State(initial=True, invoke=child(ParcelFlow, input=parcel_for))
    sent = Final()
    failed = State()
    done = on_result(ParcelFlow, sending >> sent)
    broken = on_failure(ParcelFlow, sending >> failed, do=keep)


async def test_the_data_is_made_of_the_input_before_any_state_is_entered(world: World) -> None:
    async with world.running(ParcelFlow) as engine:
        reply = await engine.start(ParcelFlow, "p-1", NewParcel(to="ann"))
        assert (reply.view.to, reply.view.price) == ("ANN", 10)
        assert (reply.view.label, reply.view.log) == ("p-1 2026", ["waits for 10"])


@pytest.mark.parametrize("given", [{"to": "ann"}, b'{"to": "ann"}', NewParcel(to="ann")])
async def test_it_is_given_as_the_data_is_otherwise(world: World, given: Any) -> None:
    async with world.running(ParcelFlow) as engine:
        assert (await engine.start("parcel", "p-1", given)).view.to == "ANN"


async def test_what_does_not_fit_is_named_by_the_paths_of_the_input(world: World) -> None:
    async with world.running(ParcelFlow) as engine:
        with pytest.raises(InvalidPayload, match="the input is not valid") as caught:
            await engine.start("parcel", "p-1", {"grams": "many", "price": 3})
        assert caught.value.fields.keys() == {"to", "grams"}
        with pytest.raises(InvalidPayload, match="the input"):
            await engine.start("parcel", "p-1")
        with pytest.raises(UnknownInstance):
            await engine.read("parcel", "p-1")


async def test_a_function_that_raises_is_named_and_nothing_is_started(world: World) -> None:
    async with world.running(ParcelFlow) as engine:
        with pytest.raises(ActionFailed, match="'parcel_of' raised ValueError: too heavy"):
            await engine.start("parcel", "p-1", {"to": "ann", "grams": 2_000})
        with pytest.raises(UnknownInstance):
            await engine.read("parcel", "p-1")
        # the id and the key are free
        await engine.start("parcel", "p-1", {"to": "ann"}, key="k")


def text_of(new: NewParcel) -> Any:
    return {"to": new.to, "price": "free"}


class Wrong(Machine[Parcel, Any, NewParcel], name="wrong", version=1):
    a = State(initial=True)
    input = text_of


async def test_data_that_is_not_of_its_type_names_the_function(world: World) -> None:
    async with world.running(Wrong) as engine:
        with pytest.raises(ActionFailed, match=r"'text_of' raised .*label: is missing"):
            await engine.start("wrong", "w-1", {"to": "ann"})
        with pytest.raises(UnknownInstance):
            await engine.read("wrong", "w-1")


async def test_a_request_is_the_same_by_its_input(world: World) -> None:
    async with world.running(ParcelFlow) as engine:
        first = await engine.start(ParcelFlow, None, NewParcel(to="ann"), key="k")
        again = await engine.start("parcel", None, {"to": "ann"}, key="k")
        assert (again.id, again.seq) == (first.id, first.seq)
        assert await kinds(engine, ParcelFlow, first.id) == ["start"]
        with pytest.raises(KeyReused):
            await engine.start("parcel", None, {"to": "bob"}, key="k")


async def test_a_start_that_another_worker_was_quicker_with_makes_its_data_anew(
    world: World,
) -> None:
    async with world.running(ParcelFlow) as engine:
        inputs = [NewParcel(to="ann") for _ in range(5)]
        given = await asyncio.gather(
            *(engine.start(ParcelFlow, f"p-{n}", one) for n, one in enumerate(inputs))
        )
        assert {reply.view.to for reply in given} == {"ANN"}
        # what the caller gave is the caller's
        assert {one.to for one in inputs} == {"ann"}


async def test_input_and_data_are_bounded(world: World) -> None:
    limits = Limits(grace_seconds=0.0, data_bytes=2_000)
    async with world.running(ParcelFlow, BasketFlow, limits=limits) as engine:
        for given in (
            {"to": "x" * 3_000},
            NewParcel(to="x" * 3_000),
            b'{"to": "%b"}' % (b"x" * 3000),
        ):
            with pytest.raises(TooLarge, match="the input"):
                await engine.start("parcel", "p-1", given)
        with pytest.raises(TooLarge, match="the data"):
            await engine.start("parcel", "p-1", {"to": "x" * 1_960})
        with pytest.raises(UnknownInstance):
            await engine.read("parcel", "p-1")


async def test_a_child_is_started_with_its_input(world: World) -> None:
    async with world.running(ParcelFlow, BasketFlow) as engine:
        await engine.start(BasketFlow, "b-1")
        await quiet()
        shown = await engine.read(ParcelFlow, "b-1:1.1")
        assert (shown.view.price, shown.view.label) == (50, "b-1:1.1 2026")
        assert (await journal(engine, ParcelFlow, "b-1:1.1"))[0].cause == "basket/b-1"
        await engine.send(ParcelFlow, "b-1:1.1", Deliver())
        await state(engine, BasketFlow, "b-1", "sent")


@pytest.mark.parametrize(
    ("basket", "why"),
    [
        (Basket(grams=5_000), "ActionFailed: action 'parcel_of' raised ValueError: too heavy"),
        (Basket(to="x" * 500, times=3), "TooLarge: the child's input"),
    ],
)
async def test_a_child_that_can_make_no_data_of_its_input_has_failed(
    world: World, basket: Basket, why: str
) -> None:
    limits = Limits(grace_seconds=0.0, data_bytes=1_037)
    async with world.running(ParcelFlow, BasketFlow, limits=limits) as engine:
        await engine.start(BasketFlow, "b-1", basket)
        await state(engine, BasketFlow, "b-1", "failed")
        assert (await engine.read(BasketFlow, "b-1")).view.ended.startswith(why)
