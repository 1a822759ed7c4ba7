"""What type checkers have to accept: machines whose classes name their events, input and output."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Never, TypeAlias, TypeVar, assert_type

from pydantic import BaseModel

from statehold import (
    AMachine,
    AnyEvent,
    Context,
    Definition,
    Engine,
    Event,
    Final,
    Machine,
    Result,
    State,
    Step,
    child,
    effect,
    on,
    on_result,
    start,
    step,
)
from statehold.client import AsyncClient, Client
from statehold.instance.reply import InstanceReply
from statehold.testing import EngineKit, Harness, succeed
from statehold.wire.instances import Reply
from statehold.wire.operations import SendRequest


class NewOrder(BaseModel):
    items: list[str]


class Order(BaseModel):
    items: list[str] = []
    paid: int = 0


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


@effect
async def look(order: Order) -> int | None:
    return None


@effect
async def note(order: Order) -> None: ...


def shown_of(order: Order) -> Shown:
    return Shown(count=len(order.items))


def receipt_of(order: Order) -> Receipt:
    return Receipt(number=str(order.paid))


def note_receipt(order: Order, event: Result[Receipt]) -> None:
    order.items.append(event.value.number)


class Plain(Machine[Order], name="plain", version=1):
    one = State(initial=True)
    accept = on(Accept, one)


class Named(Machine[Order, Accept | Reject], name="named", version=1):
    one = State(initial=True)
    accept = on(Accept, one)
    reject = on(Reject, one)
    paid = on(Paid, one)


def order_of(new: NewOrder) -> Order:
    return Order(items=new.items)


class Payment(Machine[Order, Accept | Paid, NewOrder, Receipt], name="payment", version=1):
    input = order_of
    one = State(initial=True, invoke=(charge, look, note))
    done = Final(output=receipt_of)
    accept = on(Accept, one >> done)
    paid = on(Paid, one)


class Viewed(Machine[Order, Reject], name="viewed", version=1):
    one = State(initial=True)
    reject = on(Reject, one)

    @staticmethod
    def view(order: Order) -> Shown:
        return shown_of(order)


class Assigned(Machine[Order, Reject], name="assigned", version=1):
    one = State(initial=True)
    reject = on(Reject, one)
    view = staticmethod(shown_of)


class Loosely(Machine[Order, Reject], name="loosely", version=1):
    one = State(initial=True)
    reject = on(Reject, one)
    view = lambda order: shown_of(order)  # noqa: E731


class Silent(Machine[None, Never], name="silent", version=1):
    one = State(initial=True)


class Anything(Machine[Order, Any, NewOrder], name="anything", version=1):
    one = State(initial=True)
    rest = on(AnyEvent, one)


class Kinds(Machine[dict[str, int], Accept], name="kinds", version=1):
    one = State(initial=True)
    accept = on(Accept, one)


def pay(order: Order, event: Accept, context: Context) -> None:
    context.send(Payment, "p-1", Paid(cents=3))
    context.send(Payment, "p-1", Accept(minutes=3), id="once")
    context.send(Plain, None, Reject())
    context.send("payment", "p-1", Reject())
    context.send(Payment.definition, "p-1", Reject())
    context.send(None, None, Accept(minutes=3))


def input_of(order: Order) -> NewOrder:
    return NewOrder(items=order.items)


class Parent(Machine[Order, Accept], name="parent", version=1):
    one = State(initial=True, invoke=(child(Payment, input=input_of), child(Plain)))
    two = Final()
    accept = on(Accept, one, do=pay)
    paid = on_result(Payment, one >> two, do=note_receipt)
    read = on_result(Payment, one >> two, do=lambda order, event: None)
    loose = on_result(Plain, one >> two, do=note_receipt)


left = child(Payment, id="left", input=lambda order: {"items": order.items})
right = child(Payment.definition, id="right", input=lambda order: order)


class Sides(Machine[Order, Accept], name="sides", version=1):
    one = State(initial=True, invoke=(left, right))
    two = Final()
    first = on_result(left, one >> two, do=note_receipt)
    second = on_result(right, one >> two, do=note_receipt)


async def engines(engine: Engine, machine: AMachine, either: AMachine | str) -> None:
    order = Order()
    assert_type(await engine.start(Plain, "1", order), InstanceReply[Order])
    assert_type(await engine.start(Plain, "1"), InstanceReply[Order])
    assert_type(await engine.start(Plain, data={"items": []}), InstanceReply[Order])
    assert_type(await engine.start(Plain, "1", b"{}", key="k"), InstanceReply[Order])
    assert_type(await engine.start(Payment, "1", NewOrder(items=[])), InstanceReply[Order])
    assert_type(await engine.start(Anything, "1", NewOrder(items=[])), InstanceReply[Order])
    assert_type(await engine.start(Kinds, "1", {"one": 1}), InstanceReply[dict[str, int]])
    assert_type(await engine.start(Silent, "1"), InstanceReply[None])
    assert_type(await engine.start(Viewed, "1", order), InstanceReply[Shown])
    assert_type(await engine.start("plain", "1", order), InstanceReply[Any])
    assert_type(await engine.start(machine, "1", order), InstanceReply[Any])
    assert_type(await engine.send(Plain, "1", Reject()), InstanceReply[Order])
    assert_type(await engine.send(Plain, "1", {"type": "Reject"}), InstanceReply[Order])
    assert_type(await engine.send(Named, "1", Reject(), key="k"), InstanceReply[Order])
    assert_type(await engine.send(Named, "1", Accept(minutes=1)), InstanceReply[Order])
    assert_type(await engine.send(Named, "1", {"type": "Accept"}), InstanceReply[Order])
    assert_type(await engine.send(Named, "1", b'{"type": "Accept"}'), InstanceReply[Order])
    assert_type(await engine.send(Payment, "1", Paid(cents=1)), InstanceReply[Order])
    assert_type(await engine.send(Anything, "1", Reject()), InstanceReply[Order])
    assert_type(await engine.send(Viewed, "1", Reject()), InstanceReply[Shown])
    assert_type(await engine.send(Assigned, "1", Reject()), InstanceReply[Shown])
    assert_type(await engine.send(Loosely, "1", Reject()), InstanceReply[Any])
    assert_type(await engine.send("named", "1", '{"type": "Accept"}'), InstanceReply[Any])
    assert_type(await engine.send(machine, "1", Reject()), InstanceReply[Any])
    assert_type(await engine.send(either, "1", {"type": "Reject"}), InstanceReply[Any])
    assert_type(await engine.read(Viewed, "1"), InstanceReply[Shown])
    assert_type(await engine.read("viewed", "1"), InstanceReply[Any])
    assert_type(await engine.read(either, "1"), InstanceReply[Any])
    assert_type(await engine.pause(Viewed, "1"), InstanceReply[Shown])
    assert_type(await engine.cancel(Named, "1"), InstanceReply[Order])
    assert_type(await engine.cancel(Named, "1", force=True, reason="x"), InstanceReply[Order])
    assert_type(await engine.fire_timer(Named, "1", "t"), InstanceReply[Order])
    assert_type(engine.watch_view(Viewed, "1"), AsyncIterator[InstanceReply[Shown]])
    accepted = Accept(minutes=1) if order.paid else Reject()
    reply = await engine.send(Named, "1", accepted)
    items: list[str] = reply.view.items
    count: int = (await engine.read(Viewed, "1")).view.count
    reply = await engine.read(Plain, "1")
    items.append(str(count))


async def kits(kit: EngineKit) -> None:
    assert_type(await kit.start(Payment, "1", {"items": []}), InstanceReply[Order])
    assert_type(await kit.start(Payment, "1", NewOrder(items=[])), InstanceReply[Order])
    assert_type(await kit.send(Viewed, "1", Reject(), roles="clerk"), InstanceReply[Shown])
    assert_type(await kit.send("viewed", "1", Accept(minutes=1)), InstanceReply[Any])
    assert_type(await kit.read(Viewed, "1"), InstanceReply[Shown])


def harnesses(given: Harness[Order], definition: Definition[Order]) -> None:
    payment = Harness(Payment, NewOrder(items=[]))
    assert_type(payment, Harness[Order, Accept | Paid, Order])
    assert_type(payment.data, Order)
    payment.send(Paid(cents=1)).send({"type": "Accept", "minutes": 1}).refuses(Paid(cents=2))
    payment.succeed(charge, Receipt(number="1")).succeed(charge, {"number": "1"})
    payment.succeed(look, 3).succeed(look, None).succeed(look).succeed(note)
    payment.succeed("charge", 5)
    assert_type(payment.run(charge), Receipt)
    assert_type(Harness(Viewed, id="v").view, Shown)
    assert_type(Harness(definition, {"items": []}), Harness[Order, Any, Any])
    assert_type(Harness(Plain), Harness[Order, Any, Order])
    given.send(Reject()).send(Accept(minutes=1))
    parent = Harness(Parent)
    parent.succeed_child(Payment, Receipt(number="1"))
    parent.succeed_child(Payment, {"number": "1"}).succeed_child(Plain, 5).succeed_child(Plain)
    parent.succeed_child("payment", 5)
    Harness(Sides).succeed_child(left, Receipt(number="1"))


def stepped() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    begun = start(Payment, NewOrder(items=[]), now)
    assert_type(begun, Step[Order])
    assert_type(step(Payment, begun.snapshot, Paid(cents=1), now), Step[Order])
    assert_type(step(Plain, begun.snapshot, Reject(), now), Step[Order])
    step(Payment, begun.snapshot, Result("one/charge", "1.1", Receipt(number="1")), now)
    step(Payment.definition, begun.snapshot, Reject(), now)
    start(Payment.definition, Order(), now)


def machines() -> list[AMachine]:
    some: list[AMachine] = [Plain, Payment, Viewed, Silent, Plain.definition]
    Engine("memory:", [Plain, Payment, Silent, Kinds])
    EngineKit(Plain, Payment, fakes={charge: succeed(5)})
    return some


async def clients(client: AsyncClient, either: AMachine | str) -> None:
    assert_type(await client.start(Plain, "1", Order()), Reply[Order])
    assert_type(await client.start(Plain), Reply[Order])
    assert_type(await client.start(Payment, "1", {"items": []}, key="k"), Reply[Order])
    assert_type(await client.start("plain", "1", 5), Reply[Any])
    assert_type(await client.send(Viewed, "1", Reject(), expected_seq=3), Reply[Shown])
    assert_type(await client.send(Viewed, "1", {"type": "Reject"}), Reply[Shown])
    assert_type(await client.send("viewed", "1", Accept(minutes=1)), Reply[Any])
    assert_type(await client.send(either, "1", Accept(minutes=1)), Reply[Any])
    assert_type(await client.get(Viewed, "1"), Reply[Shown])
    assert_type(await client.get("viewed", "1"), Reply[Any])
    assert_type(await client.pause(Viewed, "1"), Reply[Shown])
    assert_type(await client.fire_timer(Plain, "1", "t"), Reply[Order])
    await client.send_many([SendRequest.of(Named, "1", Accept(minutes=1), key="k")])
    await client.send_many([SendRequest.of("named", "1", {"type": "Accept"}, expected_seq=1)])
    async for reply in client.watch_view(Viewed, "1"):
        assert_type(reply, Reply[Shown])


def blocking_clients(client: Client, either: AMachine | str) -> None:
    assert_type(client.start(Plain, "1", Order()), Reply[Order])
    assert_type(client.start(Plain), Reply[Order])
    assert_type(client.start(Payment, "1", {"items": []}, key="k"), Reply[Order])
    assert_type(client.start("plain", "1", 5), Reply[Any])
    assert_type(client.send(Viewed, "1", Reject(), expected_seq=3), Reply[Shown])
    assert_type(client.send(Viewed, "1", {"type": "Reject"}), Reply[Shown])
    assert_type(client.send("viewed", "1", Accept(minutes=1)), Reply[Any])
    assert_type(client.send(either, "1", Accept(minutes=1)), Reply[Any])
    assert_type(client.get(Viewed, "1"), Reply[Shown])
    assert_type(client.get("viewed", "1"), Reply[Any])
    assert_type(client.pause(Viewed, "1"), Reply[Shown])
    assert_type(client.fire_timer(Plain, "1", "t"), Reply[Order])
    for reply in client.watch_view(Viewed, "1"):
        assert_type(reply, Reply[Shown])


Either: TypeAlias = Accept | Reject


class Aliased(Machine[Order, Either], name="aliased", version=1):
    one = State(initial=True)
    either = on((Accept, Reject), one)


D = TypeVar("D")
E = TypeVar("E", bound=Event)


async def of_orders(engine: Engine, machine: type[Machine[Order]]) -> Order:
    return (await engine.read(machine, "1")).view


async def of_any(
    engine: Engine, machine: type[Machine[D, E, Any, Any]], event: E
) -> InstanceReply[D]:
    return await engine.send(machine, "1", event)


async def helpers(engine: Engine, either: Either) -> None:
    await of_orders(engine, Plain)
    await of_orders(engine, Aliased)
    assert_type(await of_any(engine, Aliased, Accept(minutes=1)), InstanceReply[Order])
    await engine.send(Aliased, "1", either)
    for event in (Accept(minutes=1), Reject()):
        await engine.send(Aliased, "1", event)
