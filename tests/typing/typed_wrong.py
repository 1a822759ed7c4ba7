"""What type checkers have to refuse of machines whose classes name their events, input and output:
each marked line, and no other, is an error for both."""

# ruff: noqa: B018
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from statehold import (
    Context,
    Engine,
    Event,
    Final,
    Machine,
    Result,
    State,
    child,
    effect,
    on,
    on_result,
    start,
    step,
)
from statehold.client import AsyncClient, Client
from statehold.testing import EngineKit, Harness
from statehold.wire.operations import SendRequest


class NewOrder(BaseModel):
    items: list[str]


class Order(BaseModel):
    items: list[str] = []


class Other(BaseModel):
    pass


class Shown(BaseModel):
    count: int


class Accept(Event):
    minutes: int


class Reject(Event):
    pass


class Paid(Event, internal=True):
    cents: int


class Receipt(BaseModel):
    number: str


@effect
async def charge(order: Order) -> Receipt:
    return Receipt(number="1")


def receipt_of(order: Order) -> Receipt:
    return Receipt(number="1")


class Plain(Machine[Order], name="plain", version=1):
    one = State(initial=True)
    accept = on(Accept, one)


class Named(Machine[Order, Accept], name="named", version=1):
    one = State(initial=True)
    accept = on(Accept, one)
    paid = on(Paid, one)


class Both(Machine[Order, Accept | Reject], name="both", version=1):
    one = State(initial=True)
    accept = on(Accept, one)
    reject = on(Reject, one)


class Payment(Machine[Order, Accept, NewOrder, Receipt], name="payment", version=1):
    one = State(initial=True, invoke=charge)
    done = Final(output=receipt_of)
    accept = on(Accept, one >> done)


class Viewed(Machine[Order, Reject], name="viewed", version=1):
    one = State(initial=True)
    reject = on(Reject, one)

    @staticmethod
    def view(order: Order) -> Shown:
        return Shown(count=len(order.items))


class Data(Machine[Order, Order], name="data", version=1):  # E: mypy,pyright
    one = State(initial=True)


class Texts(Machine[Order, Accept | str], name="texts", version=1):  # E: mypy,pyright
    one = State(initial=True)


class Five(Machine[Order, Accept, Order, None, int], name="five"):  # E: mypy,pyright
    one = State(initial=True)


def note_text(order: Order, event: Result[str]) -> None: ...


def note_receipt(order: Order, event: Result[Receipt]) -> None: ...


def order_of(order: Order) -> Order:
    return order


def pay(order: Order, event: Accept, context: Context) -> None:
    context.send(Payment, "p-1", Accept(minutes=1))
    context.send(Payment, "p-1", Reject())  # E: mypy,pyright
    context.send(Named, "p-1", Paid(cents=1))  # E: mypy,pyright
    context.send(Payment, "p-1", Accept)  # E: mypy,pyright
    context.send(Order, "p-1", Accept(minutes=1))  # E: mypy,pyright


class Parent(Machine[Order, Accept], name="parent", version=1):
    one = State(initial=True, invoke=child(Payment, input=order_of))  # E: mypy,pyright
    two = Final()
    nothing = State(invoke=child(Order))  # E: mypy,pyright
    accept = on(Accept, one, do=pay)
    fine = on_result(Payment, one >> two, do=note_receipt)
    text = on_result(Payment, one >> two, do=note_text)  # E: mypy,pyright
    among = on_result(Payment, one >> two, do=(note_receipt, note_text))  # E: mypy,pyright


def later(*things: object) -> None: ...


left = child(Payment, id="left")


class Sides(Machine[Order, Accept], name="sides", version=1):
    one = State(initial=True, invoke=left)
    two = Final()
    fine = on_result(left, one >> two, do=note_receipt)
    text = on_result(left, one >> two, do=note_text)  # E: mypy,pyright


async def engines(engine: Engine) -> None:
    await engine.send(Named, "1", Reject())  # E: mypy,pyright
    await engine.send(Named, "1", Paid(cents=1))  # E: mypy,pyright
    await engine.send(Named, "1", Accept)  # E: mypy,pyright
    await engine.send(Named, "1", "Accept")  # E: mypy,pyright
    await engine.send(Named, "1", Order())  # E: mypy,pyright
    await engine.send(Named, "1", None)  # E: mypy,pyright
    await engine.send(Named, Accept(minutes=1), "1")  # E: mypy,pyright
    await engine.send(Named, "1")  # E: mypy,pyright
    await engine.send(Named, "1", Accept(minutes="1"))  # E: mypy,pyright
    await engine.send(Named, "1", Accept(minutes=1), kye="k")  # E: mypy,pyright
    await engine.send(Both, "1", Paid(cents=1))  # E: mypy,pyright
    await engine.send(Viewed, "1", Accept(minutes=1))  # E: mypy,pyright
    await engine.send(Order, "1", Accept(minutes=1))  # E: mypy,pyright
    await engine.start(Named, "1", NewOrder(items=[]))  # E: mypy,pyright
    await engine.start(Payment, "1", Order())  # E: mypy,pyright
    await engine.start(Payment, "1", [])  # E: mypy,pyright
    await engine.start(Plain, "1", Other())  # E: mypy,pyright
    await engine.start(Plain, "1", Accept(minutes=1))  # E: mypy,pyright
    await engine.start(Other, "1")  # E: mypy,pyright
    (await engine.send(Named, "1", Accept(minutes=1))).view.count  # E: mypy,pyright
    (await engine.send(Viewed, "1", Reject())).view.items  # E: mypy,pyright
    (await engine.start(Payment, "1")).view.itmes  # E: mypy,pyright
    (await engine.read(Viewed, "1")).view.items  # E: mypy,pyright
    (await engine.pause(Viewed, "1")).view.items  # E: mypy,pyright
    shown: Order = (await engine.read(Viewed, "1")).view  # E: mypy,pyright
    async for reply in engine.watch_view(Viewed, "1"):
        later(reply.view.items, shown)  # E: mypy,pyright


async def kits(kit: EngineKit) -> None:
    await kit.send(Named, "1", Reject())  # E: mypy,pyright
    await kit.start(Payment, "1", Order())  # E: mypy,pyright
    (await kit.read(Viewed, "1")).view.items  # E: mypy,pyright


def harnesses() -> None:
    named = Harness(Named)
    named.send(Reject())  # E: mypy,pyright
    named.send(Accept)  # E: mypy,pyright
    named.refuses(Reject())  # E: mypy,pyright
    named.data.count  # E: mypy,pyright
    Harness(Viewed).view.items  # E: mypy,pyright
    Harness(Payment, Order())  # E: mypy,pyright
    Harness(Plain, Other())  # E: mypy,pyright
    payment = Harness(Payment, NewOrder(items=[]))
    payment.succeed(charge, Order())  # E: mypy,pyright
    payment.succeed(charge, 5)  # E: mypy,pyright
    payment.succeed(charge)  # E: mypy,pyright
    payment.run(charge).cents  # E: mypy,pyright
    Harness(Parent).succeed_child(Payment, Order())  # E: mypy,pyright


def stepped() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    start(Payment, Order(), now)  # E: mypy,pyright
    start(Plain, Other(), now)  # E: mypy,pyright
    begun = start(Named, Order(), now)
    step(Named, begun.snapshot, Reject(), now)  # E: mypy,pyright
    step(Named, begun.snapshot, "Accept", now)  # E: mypy,pyright
    begun.snapshot.data.count  # E: mypy,pyright


async def clients(client: AsyncClient) -> None:
    await client.send(Named, "1", Reject())  # E: mypy,pyright
    await client.send(Named, "1", "Accept")  # E: mypy,pyright
    await client.send("named", "1", 5)  # E: mypy,pyright
    await client.start(Payment, "1", Order())  # E: mypy,pyright
    await client.start(Plain, "1", Other())  # E: mypy,pyright
    (await client.send(Viewed, "1", Reject())).view.items  # E: mypy,pyright
    (await client.get(Plain, "1")).view.count  # E: mypy,pyright
    (await client.resume(Viewed, "1")).view.items  # E: mypy,pyright
    await client.send_many([SendRequest.of(Named, "1", Reject())])  # E: mypy,pyright
    async for reply in client.watch_view(Viewed, "1"):
        reply.view.items  # E: mypy,pyright


def blocking_clients(client: Client) -> None:
    client.send(Named, "1", Reject())  # E: mypy,pyright
    client.send(Named, "1", "Accept")  # E: mypy,pyright
    client.send("named", "1", 5)  # E: mypy,pyright
    client.start(Payment, "1", Order())  # E: mypy,pyright
    client.start(Plain, "1", Other())  # E: mypy,pyright
    client.send(Viewed, "1", Reject()).view.items  # E: mypy,pyright
    client.get(Plain, "1").view.count  # E: mypy,pyright
    client.resume(Viewed, "1").view.items  # E: mypy,pyright
    for reply in client.watch_view(Viewed, "1"):
        reply.view.items  # E: mypy,pyright


D = TypeVar("D")
E = TypeVar("E", bound=Event)


async def of_orders(engine: Engine, machine: type[Machine[Order, Accept]]) -> None: ...


async def of_any(engine: Engine, machine: type[Machine[D, E, Any, Any]], event: E) -> D:
    return (await engine.send(machine, "1", event)).view


async def helpers(engine: Engine, event: Event, either: Accept | Reject) -> None:
    await of_orders(engine, Both)  # E: mypy,pyright
    await of_any(engine, Named, Reject())  # E: mypy,pyright
    await engine.send(Named, "1", event)  # E: mypy,pyright
    await engine.send(Named, "1", either)  # E: mypy,pyright
    for one in (Accept(minutes=1), Reject()):
        await engine.send(Named, "1", one)  # E: mypy,pyright
