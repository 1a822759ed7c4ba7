"""What a reply shows reaches both clients as the type that the machine's class gives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from statehold import Event, Final, Machine, State, on
from statehold.client import AsyncClient, Client
from statehold.engine import Engine
from statehold.errors import NotAllowed
from statehold.server import create_app
from statehold.wire.instances import Reply
from statehold.wire.operations import SendRequest
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio

PLACED = datetime(2026, 1, 1, 12, tzinfo=UTC)


class NewOrder(BaseModel):
    items: list[str]


class Order(BaseModel):
    items: list[str]
    placed_at: datetime = PLACED
    note: str | None = None


class Shown(BaseModel):
    count: int
    placed_at: datetime


class Add(Event):
    item: str


class Close(Event):
    pass


def order_of(new: NewOrder) -> Order:
    return Order(items=new.items)


def add(order: Order, event: Add) -> None:
    order.items.append(event.item)


def items_alone(order: Order) -> dict[str, list[str]]:
    return {"items": order.items}


class Basket(Machine[Order, Add | Close, NewOrder], name="basket", version=1):
    input = order_of
    open = State(initial=True)
    closed = Final()
    more = on(Add, open, do=add)
    close = on(Close, open >> closed)
    views = {"clerk": items_alone}  # noqa: RUF012 - as users write it


class Counted(Machine[Order, Add | Close, NewOrder], name="counted", version=1):
    input = order_of
    open = State(initial=True)
    closed = Final()
    more = on(Add, open, do=add)
    close = on(Close, open >> closed)

    @staticmethod
    def view(order: Order) -> Shown:
        return Shown(count=len(order.items), placed_at=order.placed_at)


@pytest.fixture
async def address() -> AsyncIterator[str]:
    engine = Engine("memory:", [Basket, Counted])
    async with listening(create_app(engine, access=OPEN)) as address:
        yield address


async def test_the_data_and_the_view_are_values_of_their_types(address: str) -> None:
    async with AsyncClient(address, caller="ada") as client:
        started = await client.start(Basket, "b-1", NewOrder(items=["tea"]))
        assert started.view == Order(items=["tea"])
        assert (await client.send(Basket, "b-1", Add(item="milk"))).view.items == ["tea", "milk"]
        assert (await client.pause(Basket, "b-1")).view.placed_at == PLACED
        assert (await client.get(Basket, "b-1")).view == Order(items=["tea", "milk"])
        assert (await client.get("basket", "b-1")).view["items"] == ["tea", "milk"]
        await client.start(Counted, "c-1", NewOrder(items=["tea"]))
        seen: list[Reply[Shown]] = []
        async for reply in client.watch_view(Counted, "c-1"):
            seen.append(reply)
            if len(seen) == 1:
                await client.send(Counted, "c-1", Close())
        assert [one.view for one in seen] == [Shown(count=1, placed_at=PLACED)] * 2


async def test_the_blocking_client_reads_them_too(address: str) -> None:
    def work() -> tuple[Order, Shown, int]:
        with Client(address, caller="ada") as client:
            order = client.start(Basket, "b-1", NewOrder(items=["tea"])).view
            client.start(Counted, "c-1", NewOrder(items=["tea"]), key="k")
            again = client.send(Counted, "c-1", Add(item="milk"), expected_seq=1)
            return order, again.view, client.get(Counted, "c-1").view.count

    order, shown, count = await asyncio.to_thread(work)
    assert (order, shown, count) == (Order(items=["tea"]), Shown(count=2, placed_at=PLACED), 2)


async def test_the_view_of_a_role_stays_as_it_was_sent(address: str) -> None:
    async with AsyncClient(address, caller="ada", roles=["clerk"]) as client:
        started: Reply = await client.start(Basket, "b-1", NewOrder(items=["tea"]))
        # as an order it would have no note, which nobody may know here
        assert started.view == {"items": ["tea"]}


async def test_requests_of_a_batch_are_made_of_events(address: str) -> None:
    async with AsyncClient(address, caller="ada") as client:
        await client.start(Basket, "b-1", NewOrder(items=["tea"]))
        first, second, third = await client.send_many(
            [
                SendRequest.of(Basket, "b-1", Add(item="milk"), key="k", expected_seq=1),
                SendRequest.of("basket", "b-1", {"type": "Close"}),
                SendRequest.of(Basket.definition, "b-1", Add(item="salt")),
            ]
        )
        assert isinstance(first, Reply)
        assert first.view["items"] == ["tea", "milk"]
        assert isinstance(second, Reply)
        assert second.status == "done"
        assert isinstance(third, NotAllowed)
