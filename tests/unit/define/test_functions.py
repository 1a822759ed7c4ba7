"""The functions and effects of a class, by the names that the chart has for them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from statehold import (
    AnyEvent,
    Context,
    DefinitionError,
    Effect,
    Event,
    Machine,
    State,
    active,
    after,
    effect,
    minutes,
    on,
    seconds,
)
from statehold.chart.model import Guard
from tests.unit.define.orders import Go, Order, Stop, charge, is_open, note, refund, transition


def with_event(order: Order, event: Go) -> None: ...


def with_base(order: BaseModel, event: Event) -> None: ...


def with_union(order: Order | None, event: Go | Stop) -> None: ...


def with_context(order: Any, event: Any, context: Context) -> None: ...


def bare(order, event):  # type: ignore[no-untyped-def]
    return None


D = TypeVar("D")


def generic(data: D) -> D:
    return data


@dataclass
class Callable_:
    n: int

    def __call__(self, order: Order) -> None: ...


class Helper:
    def method(self, order: Order, event: Go) -> None: ...


class Functions(Machine[Order], name="functions", version=1):
    a = State(initial=True)
    b = State()
    one = on(Go, a >> b, when=(is_open, active(a)), by="cook", do=(note, with_event))
    two = on(Go, a >> b, when=lambda order: True, by=("cook", "courier"), do=(with_base, bare))
    three = on(Go, a >> b, when=lambda order, event: event.n > 0, do=(with_union, with_context))
    four = on(Go, a >> b, do=(generic, Callable_(1), Helper().method))
    five = on(Go, a >> b, do=(functools.partial(with_event), lambda order, n=3: None))
    six = on(AnyEvent, a >> b, do=(with_base, with_context))
    seven = after(minutes(1), a >> b, when=is_open, do=lambda order, event: None)


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("is_open", 1),
        ("note", 1),
        ("with_event", 2),
        ("with_base", 2),
        ("bare", 2),
        ("with_context", 3),
        ("generic", 1),
        ("Callable_", 1),
        ("method", 2),
        ("with_event#2", 2),
        ("lambda", 1),
        ("lambda#2", 2),
        ("lambda#3", 1),
        ("lambda#4", 2),
    ],
)
def test_a_function_is_bound_with_the_number_of_arguments_it_takes(name: str, takes: int) -> None:
    assert Functions.definition.functions[name].takes == takes


def test_guards_are_asked_in_order_and_the_role_last() -> None:
    assert transition(Functions, "one").guards == (
        Guard("is_open"),
        Guard("a", "in"),
        Guard("cook", "by"),
    )
    assert transition(Functions, "two").guards == (Guard("lambda"), Guard("cook,courier", "by"))


def test_one_function_used_twice_has_one_name() -> None:
    assert Functions.definition.functions["is_open"].call is is_open
    assert "is_open#2" not in Functions.definition.functions


def test_an_effect_keeps_its_policy_and_result() -> None:
    @effect(attempts=3, timeout=seconds(5), heartbeat=seconds(1), first=seconds(2), jitter=0)
    async def ship(order: Order) -> str:
        """Sends it off."""
        return "sent"

    assert isinstance(ship, Effect)
    assert (ship.name, ship.is_async, ship.takes_call, ship.doc) == (
        "ship",
        True,
        False,
        "Sends it off.",
    )
    assert (ship.retry.attempts, ship.retry.first, ship.retry.jitter) == (3, seconds(2), 0)
    assert (ship.timeout, ship.heartbeat, ship.result_type) == (seconds(5), seconds(1), str)
    assert (charge.is_async, charge.takes_call, charge.result_type) == (True, True, int)
    assert (refund.is_async, refund.takes_call, refund.result_type) == (False, False, type(None))


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"timeout": timedelta(0)},
        {"heartbeat": timedelta(0)},
        {"first": timedelta(seconds=-1)},
        {"factor": 0.5},
        {"longest": timedelta(milliseconds=1)},
        {"jitter": 1.5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_an_effect_with_an_impossible_policy_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match=next(iter(options))):
        effect(**options)(note)


def test_an_effect_that_takes_the_context_of_a_step_is_refused() -> None:
    with pytest.raises(DefinitionError, match="the context of a step"):
        effect(with_context)
