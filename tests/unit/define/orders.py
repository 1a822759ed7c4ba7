"""Events, effects and functions that the tests of the notation share."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Machine,
    State,
    effect,
)
from statehold.chart.model import Transition


class Order(BaseModel):
    items: list[str] = []
    reason: str | None = None


class Go(Event):
    n: int = 0


class Stop(Event):
    """It has to end."""

    reason: str = ""


@effect
async def charge(order: Order, call: Call) -> int:
    return len(order.items)


@effect
def refund(order: Order) -> None: ...


def note(order: Order) -> None:
    order.reason = "noted"


def is_open(order: Order) -> bool:
    return True


class Kid(Machine[Order], name="kid", version=1):
    only = State(initial=True)


def transition(machine: type[Machine[Any]], id: str) -> Transition:
    (found,) = [t for t in machine.chart.transitions if t.id == id]
    return found
