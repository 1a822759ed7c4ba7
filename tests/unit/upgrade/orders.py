"""A machine before and after an upgrade, and the functions that carry its instances over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from pydantic import BaseModel

from statehold import (
    Compound,
    Event,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    effect,
    hours,
    minutes,
    on,
)
from statehold.errors import DefinitionError
from statehold.interpreter.configuration import Configuration
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import InFlight, Snapshot
from statehold.interpreter.step import start
from statehold.upgrade.carry import Carried, Stored, carry
from statehold.upgrade.plan import UpgradePlan, plan

NOW = datetime(2030, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=4)


class Go(Event):
    pass


class Back(Event):
    pass


class Note(Event):
    pass


class Order(BaseModel):
    n: int = 0
    note: str = ""


class Tipped(Order):
    tip: int = 0


def noted(order: Order) -> None:
    order.note = "noted"


def never_run(order: Tipped) -> None:
    raise AssertionError("an upgrade runs no action")


@effect
async def offer(order: Order) -> None: ...


@effect
async def offer_again(order: Tipped) -> None: ...


@effect
async def audit(order: Order) -> None: ...


class Helper(Machine[Order], name="helper", version=1):
    only = State(initial=True)


class One(Machine[Order], name="order", version=1):
    """The version that runs."""

    offering = State(initial=True, invoke=offer, deadline=hours(1))
    cooking = State()
    cancelled = Final()
    accept = on(Go, offering >> cooking, do=audit)
    jot = on(Note, offering, do=noted)
    lapse = after(minutes(10), offering >> cancelled)
    remind = after(minutes(3), offering)


def configuration_of(machine: Any) -> Callable[[Any], Configuration]:
    return compile_program(machine.definition).configuration


def stored(machine: Any, snapshot: Snapshot[Any], **changed: Any) -> Stored:
    """As the engine keeps it: data as JSON text, the rest as it is."""
    dump = machine.definition.data.dump
    effects = tuple(
        InFlight(
            e.key, e.invoke, e.name, e.kind, e.state, e.asked_at,
            None if e.data is None else Raw(dump(e.data)),
        )
        for e in snapshot.effects
    )  # fmt: skip
    found = Stored(
        snapshot.state,
        snapshot.seq,
        snapshot.instance,
        Raw(dump(snapshot.data)),
        dict(snapshot.history),
        snapshot.timers,
        effects,
        snapshot.deadlines,
    )
    return msgspec.structs.replace(found, **changed)


def planned(old: Any, new: Any) -> UpgradePlan:
    return plan(old.definition.chart, new.definition, new.definition.upgrades[0])


def carried(old: Any, new: Any, snapshot: Snapshot[Any] | None = None, **changed: Any) -> Carried:
    """The instance, by default as it is after its start, four minutes later."""
    if snapshot is None:
        snapshot = start(old, Order(), NOW, instance="o-1").snapshot
    document = stored(old, snapshot, **changed)
    return carry(planned(old, new), document, LATER, configuration_of(new))


def problems(old: Any, new: Any, **upgrade: Any) -> list[str]:
    chart = old.definition.chart
    with pytest.raises(DefinitionError) as raised:
        plan(chart, new.definition, Upgrade(chart.version, **upgrade))
    return [f"{p.place}: {p.message}" for p in raised.value.problems]


class Two(Machine[Tipped], name="order", version=2):
    class asking(Compound, initial=True, entry=never_run):
        offered = State(initial=True, invoke=offer, entry=never_run, deadline=hours(2))
        lapse = after(minutes(30), offered >> offered, do=never_run)
        escalate = after(minutes(5), offered, do=never_run)

    cooking = State()
    accept = on(Go, asking >> cooking, do=audit)
    upgrades = (
        Upgrade(1, states={"offering": asking.offered}, timers={"remind": asking.escalate}),
    )
