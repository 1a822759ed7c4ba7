"""A small play that walks every kind of write, and can be begun again wherever it was broken off.

Whatever is answered goes to a file at once, so that it outlives the process: what was acknowledged,
under which key, with which reply; which calls an effect's endpoint saw.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Final,
    Machine,
    Permanent,
    Result,
    State,
    Upgrade,
    after,
    child,
    effect,
    on,
    on_cancel,
    on_result,
)
from statehold.chart.machine import AMachine
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import InstanceOver, NotAllowed, Unavailable, UnknownIncident
from statehold.wire.journal import JournalEntry
from tests.acceptance.chaos.bugs import store_of
from tests.acceptance.chaos.failpoints import Failpoints, watch_postgres, watch_sqlite
from tests.simulation.images import Image, read_postgres, read_sqlite

LIMITS = Limits(
    heartbeat_seconds=0.2,
    lease_seconds=0.8,
    claim_seconds=0.3,
    poll_seconds=0.05,
    idle_seconds=0.05,
    grace_seconds=0.0,
)
#: seconds in which the play has to come to its end, the dead one's lease included
PATIENCE = 60.0


def milliseconds(n: float) -> timedelta:
    return timedelta(milliseconds=n)


# --- the outside world --------------------------------------------------------------------------


class Outside:
    """Notes each call before and after it, and is where a process may die in between."""

    points: Failpoints
    calls: Path

    @classmethod
    def begin(cls, call: Call) -> None:
        cls.points.reach(f"before effect {call.key} is performed")
        append(cls.calls, {"key": call.key, "ended": False, "at": _now()})

    @classmethod
    def end(cls, call: Call) -> str:
        append(cls.calls, {"key": call.key, "ended": True, "at": _now()})
        cls.points.reach(f"after effect {call.key} was performed")
        return call.key


def append(path: Path, line: Mapping[str, Any]) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, json.dumps(line).encode() + b"\n")
    finally:
        os.close(file)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _now() -> str:
    return datetime.now(UTC).isoformat()


# --- the machines -------------------------------------------------------------------------------


class Order(BaseModel):
    slow: bool = False
    receipt: str | None = None
    verdict: object = None
    notes: list[str] = []


class Accept(Event):
    pass


class Delivered(Event):
    pass


class Note(Event):
    text: str


class Heard(Event):
    what: str


@effect(attempts=3, first=milliseconds(5), longest=milliseconds(5))
async def charge(order: Order, call: Call) -> str:
    Outside.begin(call)
    if call.attempt == 1:
        raise RuntimeError("not at the first try")
    return Outside.end(call)


@effect(attempts=1)
async def inspect(order: Order, call: Call) -> str:
    Outside.begin(call)
    raise Permanent("only a person can tell")


@effect
async def send_receipt(order: Order, call: Call) -> None:
    Outside.begin(call)
    Outside.end(call)


@effect(attempts=3, first=milliseconds(5), longest=milliseconds(5))
async def refund(order: Order, call: Call) -> str:
    Outside.begin(call)
    if call.attempt == 1:
        raise RuntimeError("not at the first try")
    return Outside.end(call)


class Case(BaseModel):
    slow: bool = False


@effect
async def tidy(case: Case, call: Call) -> None:
    Outside.begin(call)
    Outside.end(call)


@effect
async def look(case: Case, call: Call) -> str:
    Outside.begin(call)
    if case.slow:
        await asyncio.Event().wait()
    return Outside.end(call)


def looked(case: Case) -> str:
    return "fine"


class CheckFlow(Machine[Case], name="check", version=1):
    looking = State(initial=True, invoke=look, exit=tidy)
    known = Final(output=looked)
    see = on_result(look, looking >> known)


def as_slow(order: Order) -> dict[str, bool]:
    return {"slow": order.slow}


def keep_receipt(order: Order, event: Result[str]) -> None:
    order.receipt = event.value


def keep_verdict(order: Order, event: Result[object]) -> None:
    order.verdict = event.value


def keep_judgement(order: Order, event: Result[str]) -> None:
    order.verdict = event.value


def undo(order: Order) -> None:
    order.notes.append("undone")


def note(order: Order, event: Note) -> None:
    order.notes.append(event.text)


def promise(order: Order, event: object, context: Context) -> None:
    context.send("hub", "hub-1", Heard(what="never"), delay=timedelta(hours=1), id="never")
    context.send("hub", "hub-1", Heard(what="offered"))


def take_back(order: Order, event: object, context: Context) -> None:
    context.cancel("never")


def tell(order: Order, event: object, context: Context) -> None:
    context.send("hub", "hub-1", Heard(what="delivered"), delay=milliseconds(10))


class OrderFlow(Machine[Order], name="order", version=1):
    indexes = ("receipt",)

    paying = State(initial=True, invoke=charge)
    offered = State(entry=promise)
    checking = State(invoke=child(CheckFlow, input=as_slow))
    cooking = State()
    inspected = State(invoke=inspect)
    shipping = State()
    undoing = State(invoke=refund)
    delivered = Final()
    refunded = Final()

    undo = on_cancel(checking >> undoing, do=undo)
    returned = on_result(refund, undoing >> refunded)
    paid = on_result(charge, paying >> offered, do=keep_receipt)
    accept = on(Accept, offered >> checking, do=take_back)
    checked = on_result(CheckFlow, checking >> cooking, do=keep_verdict)
    cooked = after(milliseconds(15), cooking >> inspected)
    judged = on_result(inspect, inspected >> shipping, do=keep_judgement)
    noting = on(Note, shipping, do=note)
    deliver = on(Delivered, shipping >> delivered, do=(tell, send_receipt))


class Hub(BaseModel):
    heard: list[str] = []


def hear(hub: Hub, event: Heard) -> None:
    hub.heard.append(event.what)


class HubFlow(Machine[Hub], name="hub", version=1):
    open = State(initial=True)
    hearing = on(Heard, open, do=hear)


class Parcel(BaseModel):
    weight: str | None = None


@effect(attempts=3, first=milliseconds(150), longest=milliseconds(150))
async def weigh(parcel: Any, call: Call) -> str:
    Outside.begin(call)
    if call.attempt == 1:
        raise RuntimeError("not at the first try")
    return Outside.end(call)


def keep_weight(parcel: Parcel, event: Result[str]) -> None:
    parcel.weight = event.value


class ParcelFlow(Machine[Parcel], name="parcel", version=1):
    """The old version: its instance is on its way, with an effect and a timer."""

    packing = State(initial=True, invoke=weigh)
    packed = State()
    gone = Final()

    weighed = on_result(weigh, packing >> packed, do=keep_weight)
    go = after(milliseconds(20), packed >> gone)
    late = after(timedelta(seconds=30), packing >> gone)


class NewParcel(BaseModel):
    weight: str | None = None
    label: str = ""


def keep_new_weight(parcel: NewParcel, event: Result[str]) -> None:
    parcel.weight = event.value


def label(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "label": "from version 1"}


class NewParcelFlow(Machine[NewParcel], name="parcel", version=2):
    wrapping = State(initial=True, invoke=weigh)
    packed = State()
    gone = Final()

    weighed = on_result(weigh, wrapping >> packed, do=keep_new_weight)
    go = after(milliseconds(20), packed >> gone)
    late = after(timedelta(seconds=30), wrapping >> gone)

    upgrades = (Upgrade(from_version=1, states={"packing": wrapping}, data=label),)


OLD: tuple[AMachine, ...] = (OrderFlow, HubFlow, ParcelFlow)
NEW: tuple[AMachine, ...] = (OrderFlow, HubFlow, NewParcelFlow)
#: events whose actions take messages back
RECALLS = ("Accept",)


# --- the play -----------------------------------------------------------------------------------


def perform(dsn: str, folder: Path, at: int, name: str) -> None:
    """The process: dies at the moment ``at``, or plays to the end and returns."""
    logging.basicConfig(
        filename=folder / "play.log", format=f"%(asctime)s {name} %(levelname)s %(message)s"
    )
    points = Failpoints(at, folder / f"moments-{name}")
    Outside.points, Outside.calls = points, folder / "calls"
    (watch_sqlite if dsn.startswith("sqlite:") else watch_postgres)(points)
    asyncio.run(_bounded(Play(dsn, folder, name)))


async def _bounded(play: Play) -> None:
    async with asyncio.timeout(PATIENCE):
        await play.run()


class Play:
    def __init__(self, dsn: str, folder: Path, name: str) -> None:
        self._dsn = dsn
        self._told = folder / "told"
        self._name = name
        self._done = {line["what"] for line in lines_of(self._told)}
        self._engine: Engine

    async def run(self) -> None:
        if "old" not in self._done:
            async with self._opened(OLD, "old"):
                await self._start("hub", "hub-1")
                await self._start("parcel", "p-1")
                await self._reached("parcel", "p-1", lambda line: line.kind == "tried")
            self._note("old")
        async with self._opened(NEW, "new"):
            await self._once("upgrade", lambda: self._engine.upgrade("parcel"))
            await self._deliver_an_order()
            await self._cancel_an_order()
            await self._reached("parcel", "p-1", lambda line: line.state == ["gone"])
            await self._rest()

    async def _deliver_an_order(self) -> None:
        await self._start("order", "o-1")
        await self._reached("order", "o-1", lambda line: line.state == ["offered"])
        await self._send("o-1", Accept(), "o-1/accept")
        await self._settle("retry", lambda id: self._engine.retry(id))
        await self._settle("resolve", lambda id: self._engine.resolve(id, "by hand"))
        await self._reached("order", "o-1", lambda line: line.state == ["shipping"])
        if "resumed" not in self._done:
            await self._once("paused", lambda: self._engine.pause("order", "o-1"))
        await self._send("o-1", Note(text="held"), "o-1/note")
        await self._once("resumed", lambda: self._engine.resume("order", "o-1"))
        await self._send("o-1", Delivered(), "o-1/delivered")
        await self._refused("o-1", Accept(), "o-1/refused")

    async def _cancel_an_order(self) -> None:
        await self._start("order", "o-2", {"slow": True})
        await self._reached("order", "o-2", lambda line: line.state == ["offered"])
        await self._send("o-2", Accept(), "o-2/accept")
        await self._once("cancel", lambda: self._engine.cancel("order", "o-2"))

    @asynccontextmanager
    async def _opened(self, machines: tuple[AMachine, ...], name: str) -> AsyncIterator[None]:
        engine = Engine(
            store_of(self._dsn), machines, limits=LIMITS, seed=1, worker=f"{self._name}-{name}"
        )
        async with engine:
            self._engine = engine
            yield

    # --- what is asked ---

    async def _start(self, machine: str, id: str, data: Any = None) -> None:
        await self._keyed(
            f"{id}/start", lambda: self._engine.start(machine, id, data, key=f"{id}/start")
        )

    async def _send(self, id: str, event: Event, key: str) -> None:
        await self._keyed(key, lambda: self._engine.send("order", id, event, key=key))

    async def _keyed(self, key: str, ask: Callable[[], Awaitable[Any]]) -> None:
        """Asked again at each performance, whether or not it was answered before."""
        answer = await _insist(ask)
        self._note("acknowledged", key, json.loads(answer.json()))

    async def _refused(self, id: str, event: Event, key: str) -> None:
        try:
            await _insist(lambda: self._engine.send("order", id, event, key=key))
        except NotAllowed:
            self._note("refused", key)

    async def _once(self, what: str, ask: Callable[[], Awaitable[Any]]) -> None:
        """What has no key; if its answer was lost, it may be told the next time that it is done."""
        if what in self._done:
            return
        try:
            await _insist(ask)
        except InstanceOver:
            assert what == "cancel"
        self._note(what)

    async def _settle(self, what: str, ask: Callable[[str], Awaitable[Any]]) -> None:
        """Does it to each incident of the order, until one was done so."""
        if what in self._done:
            return
        async for line in self._engine.watch("order", "o-1"):
            if line.kind == what:
                break
            if line.kind == "incident":
                for incident in (await self._engine.incidents("order")).incidents:
                    await self._try(ask, incident.id)
        self._note(what)

    async def _try(self, ask: Callable[[str], Awaitable[Any]], incident: str) -> None:
        try:
            await _insist(lambda: ask(incident))
        except UnknownIncident:
            # settled in the performance before, whose answer was lost
            return

    async def _reached(self, machine: str, id: str, fits: Callable[[JournalEntry], bool]) -> None:
        """Once the journal has a line like that."""
        async for line in self._engine.watch(machine, id):
            if fits(line):
                return

    async def _rest(self) -> None:
        # asked of the store itself, which has no news to wait for
        while not is_at_rest(await image_of(self._dsn)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def _note(self, what: str, key: str = "", reply: Any = None) -> None:
        append(self._told, {"what": what, "key": key, "reply": reply})


async def _insist(ask: Callable[[], Awaitable[Any]]) -> Any:
    """A worker that was slow may have lost its lease; then it is asked again."""
    while True:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(0.05)


def is_at_rest(image: Image) -> bool:
    """Nothing is left to do for anybody, and nobody holds anything."""
    return not image.mail and not any(one.wake_at or one.held_by for one in image.instances)


async def image_of(dsn: str) -> Image:
    if dsn.startswith("sqlite:///"):
        return read_sqlite(Path(dsn.removeprefix("sqlite:///")))
    return await read_postgres(dsn)
