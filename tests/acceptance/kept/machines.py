"""The machines of the kept databases. What ran there as version 1 must stay as it is here."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from pydantic import BaseModel

from statehold import (
    Call,
    Compound,
    Context,
    Event,
    Final,
    History,
    Machine,
    Permanent,
    Result,
    State,
    Upgrade,
    after,
    child,
    effect,
    hours,
    minutes,
    on,
    on_result,
    seconds,
)
from statehold.formats.scxml import read_scxml

#: what ``print_label`` does for an instance: hangs, fails, fails for good; else it succeeds
LABELS: dict[str, str] = {}
#: timers of these instances raise in their step
BROKEN: set[str] = set()


class Order(BaseModel):
    name: str = ""
    count: int = 0
    label: str | None = None
    verdict: str | None = None
    heard: list[str] = []


class Add(Event):
    n: int = 1


class Label(Event):
    pass


class Wait(Event):
    pass


class Risk(Event):
    pass


class Inspect(Event):
    pass


class Pack(Event):
    pass


class Tape(Event):
    pass


class Leave(Event):
    pass


class Return(Event):
    pass


class Tell(Event):
    to: str
    text: str
    seconds: float


class Hear(Event):
    text: str


class Close(Event):
    pass


class Judge(Event):
    verdict: str


class Inspection(BaseModel):
    subject: str = "nothing"
    verdict: str | None = None


def judge(inspection: Inspection, event: Judge) -> None:
    inspection.verdict = event.verdict


def verdict_of(inspection: Inspection) -> dict[str, str | None]:
    return {"subject": inspection.subject, "verdict": inspection.verdict}


class Inspecting(Machine[Inspection], name="inspecting", version=1):
    looking = State(initial=True)
    judged = Final(output=verdict_of)

    judging = on(Judge, looking >> judged, do=judge)


@effect(attempts=3, first=seconds(200), factor=1, jitter=0)
async def print_label(order: Order, call: Call) -> str:
    outcome = LABELS.get(call.instance)
    if outcome == "hang":
        await asyncio.Event().wait()
    if outcome == "fail":
        raise RuntimeError("no paper")
    if outcome == "fail for good":
        raise Permanent("no printer")
    return f"label of {order.name}"


def in_two_days(order: Order) -> timedelta:
    return timedelta(days=2)


def add(order: Order, event: Add) -> None:
    order.count += event.n


def keep_label(order: Order, event: Result[str]) -> None:
    order.label = event.value


def subject(order: Order) -> dict[str, str]:
    return {"subject": order.name}


def keep_verdict(order: Order, event: Result[dict[str, str | None]]) -> None:
    order.verdict = event.value["verdict"]


def tell(order: Order, event: Tell, context: Context) -> None:
    delay = timedelta(seconds=event.seconds)
    context.send("shop", event.to, Hear(text=event.text), delay=delay)


def hear(order: Order, event: Hear) -> None:
    order.heard.append(event.text)


def fragile(order: Order, event: object, context: Context) -> None:
    if context.instance in BROKEN:
        raise ValueError("it broke")


def total(order: Order) -> dict[str, int]:
    return {"count": order.count}


class Shop(Machine[Order], name="shop", version=1):
    indexes = ("name",)

    cart = State(initial=True, owner="customer", tags=("open",), deadline=in_two_days)
    labelling = State(invoke=print_label)
    labelled = State()
    waiting = State()
    risking = State()
    inspecting = State(invoke=child(Inspecting, input=subject))
    inspected = State()
    away = State()
    lapsed = Final(output=total)
    closed = Final(output=total)

    class packing(Compound):
        before = History()
        picking = State(initial=True)
        taping = State()
        tape = on(Tape, picking >> taping)

    adding = on(Add, cart, do=add)
    telling = on(Tell, cart, do=tell)
    hearing = on(Hear, cart, do=hear)
    label = on(Label, cart >> labelling)
    printed = on_result(print_label, labelling >> labelled, do=keep_label)
    wait = on(Wait, cart >> waiting)
    lapse = after(hours(1), waiting >> lapsed)
    risk = on(Risk, cart >> risking)
    break_ = after(minutes(1), risking >> labelled, do=fragile)
    inspect = on(Inspect, cart >> inspecting)
    found = on_result(Inspecting, inspecting >> inspected, do=keep_verdict)
    pack = on(Pack, cart >> packing)
    leave = on(Leave, packing >> away)
    return_ = on(Return, away >> packing.before)
    close = on(Close, cart >> closed)


class Route(BaseModel):
    stops: int = 0


class Parked(Event):
    pass


class Driven(BaseModel):
    stops: int = 0
    city: str = ""


def with_city(route: dict[str, int]) -> dict[str, object]:
    return {**route, "city": "Graz"}


class RouteV1(Machine[Route], name="route", version=1):
    """In the kept databases."""

    driving = State(initial=True)
    late = State()
    overdue = after(hours(2), driving >> late)
    park = on(Parked, driving >> late)


class RouteV2(Machine[Driven], name="route", version=2):
    """Runs what is kept there."""

    upgrades = (Upgrade(from_version=1, states={"driving": "rolling"}, data=with_city),)

    rolling = State(initial=True)
    late = State()
    overdue = after(hours(2), rolling >> late)
    park = on(Parked, rolling >> late)


#: what it sends for later ends with it, so its document says what that is
BELL = read_scxml(
    """
    <scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="bell" initial="quiet">
      <state id="quiet">
        <onentry><send event="ring" delay="3600s"/></onentry>
        <transition event="ring" target="rung"/>
      </state>
      <final id="rung"/>
    </scxml>
    """
).definition
