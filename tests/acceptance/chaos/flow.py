"""The machines that run while their workers are killed: small, and everything in them can be cut
off in the middle."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache

import httpx
from pydantic import BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Failure,
    Final,
    Machine,
    Permanent,
    Result,
    State,
    after,
    child,
    effect,
    on,
    on_failure,
    on_result,
)
from tests.simulation.machines import LedgerFlow

#: the address that effects go to
ENDPOINT_VARIABLE = "STATEHOLD_TEST_ENDPOINT"
HUBS = 3


def milliseconds(n: float) -> timedelta:
    return timedelta(milliseconds=n)


# --- the outside world --------------------------------------------------------------------------


@cache
def http() -> httpx.AsyncClient:
    """One for the whole process: making one reads the system's certificates each time."""
    return httpx.AsyncClient(base_url=os.environ[ENDPOINT_VARIABLE], timeout=5)


async def ask_endpoint(call: Call, what: str) -> str:
    answer = await http().post(f"/{what}", headers={"Idempotency-Key": call.key})
    if answer.status_code == 410:
        raise Permanent(f"{call.key} is gone")
    answer.raise_for_status()
    return answer.text


class Outside:
    """Whom effects ask; a test within one process puts itself there."""

    ask: Callable[[Call, str], Awaitable[str]] = staticmethod(ask_endpoint)


# --- an order: paid, offered, checked by a child, cooked, carried, told to a hub ----------------


class Order(BaseModel):
    receipt: str | None = None
    courier: str | None = None
    verdict: object = None
    failures: int = 0
    notes: list[str] = []


class Accept(Event):
    pass


class Delivered(Event):
    pass


class Note(Event):
    text: str


class Heard(Event):
    order: str
    what: str


@effect(attempts=100, first=milliseconds(10), longest=milliseconds(100))
async def charge(order: Order, call: Call) -> str:
    return await Outside.ask(call, "charge")


@effect(attempts=100, first=milliseconds(10), longest=milliseconds(100))
async def find_courier(order: Order, call: Call) -> str:
    return await Outside.ask(call, "courier")


@effect(attempts=100, first=milliseconds(10), longest=milliseconds(100))
async def send_receipt(order: Order, call: Call) -> None:
    await Outside.ask(call, "receipt")


def keep_receipt(order: Order, event: Result[str]) -> None:
    order.receipt = event.value


def keep_courier(order: Order, event: Result[str]) -> None:
    order.courier = event.value


def keep_verdict(order: Order, event: Result[object]) -> None:
    order.verdict = event.value


def count_failure(order: Order, event: Failure) -> None:
    order.failures += 1


def hub_of(order: str) -> str:
    return f"hub-{sum(order.encode()) % HUBS}"


def note(order: Order, event: Note, context: Context) -> None:
    order.notes.append(event.text)
    context.send("hub", hub_of(context.instance), Heard(order=context.instance, what=event.text))


def promise(order: Order, event: object, context: Context) -> None:
    """Two messages that come later; the second is taken back if it is accepted first."""
    to = hub_of(context.instance)
    context.send("hub", to, Heard(order=context.instance, what="soon"), delay=milliseconds(30))
    late = Heard(order=context.instance, what="late")
    context.send("hub", to, late, delay=milliseconds(300), id="late")


def take_back(order: Order, event: Accept, context: Context) -> None:
    context.cancel("late")


def tell(order: Order, event: object, context: Context) -> None:
    context.send("hub", hub_of(context.instance), Heard(order=context.instance, what="over"))


class Case(BaseModel):
    seen: str | None = None


@effect(attempts=100, first=milliseconds(10), longest=milliseconds(100))
async def look(case: Case, call: Call) -> str:
    return await Outside.ask(call, "look")


def keep_seen(case: Case, event: Result[str]) -> None:
    case.seen = event.value


def seen(case: Case) -> str:
    return case.seen or ""


class CheckFlow(Machine[Case], name="check", version=1):
    """A child of an order; it gives up after a while."""

    looking = State(initial=True, invoke=look)
    known = Final(output=seen)
    unknown = Final(output=seen)

    looked = on_result(look, looking >> known, do=keep_seen)
    gone = on_failure(look, looking >> unknown)
    late = after(milliseconds(2500), looking >> unknown)


class OrderFlow(Machine[Order], name="order", version=1):
    """Everything that can be interrupted."""

    indexes = ("receipt",)

    paying = State(initial=True, invoke=charge)
    unpaid = State()
    offered = State(owner="restaurant", entry=promise)
    checking = State(invoke=child(CheckFlow))
    cooking = State()
    packed = State(invoke=find_courier)
    shipping = State()
    delivered = Final()
    lapsed = Final()

    noting = on(Note, paying | unpaid | offered | checking | cooking | packed | shipping, do=note)
    paid = on_result(charge, paying >> offered, do=keep_receipt)
    declined = on_failure(charge, paying >> unpaid, do=count_failure)
    again = after(milliseconds(50), unpaid >> paying)
    accept = on(Accept, offered >> checking, do=take_back)
    lapse = after(milliseconds(6000), offered >> lapsed, do=tell)
    checked = on_result(CheckFlow, checking >> cooking, do=keep_verdict)
    unchecked = on_failure(CheckFlow, checking >> cooking, do=count_failure)
    cooked = after(milliseconds(250), cooking >> packed)
    courier = on_result(find_courier, packed >> shipping, do=keep_courier)
    uncarried = on_failure(find_courier, packed >> cooking, do=count_failure)
    deliver = on(Delivered, shipping >> delivered, do=(tell, send_receipt))


class Hub(BaseModel):
    heard: list[str] = []


def hear(hub: Hub, event: Heard) -> None:
    hub.heard = [*hub.heard[-19:], f"{event.order} {event.what}"]


class HubFlow(Machine[Hub], name="hub", version=1):
    """Hears of orders."""

    open = State(initial=True)
    hearing = on(Heard, open, do=hear)


MACHINES = (OrderFlow, HubFlow, LedgerFlow)
#: events whose actions take messages back
RECALLS = ("Accept",)
