"""Effects that take the event that asked for them, checked against all that may ask for them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    AnyEvent,
    Call,
    Compound,
    Effect,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    State,
    after,
    always,
    effect,
    on,
    on_result,
    seconds,
)
from statehold.errors import DefinitionError
from statehold.testing import Harness


class Order(BaseModel):
    cents: int = 0


class Money(Event):
    cents: int


class Pay(Money):
    pass


class Refund(Money):
    pass


class Go(Event):
    pass


@effect
async def charge(order: Order, event: Pay, call: Call) -> int:
    return event.cents


@effect
async def maybe(order: Order, call: Call, event: Pay | None) -> int:
    return 0 if event is None else event.cents


@effect
async def money(order: Order, event: Money) -> int:
    return event.cents


@effect
async def anything(order: Order, event: Event | None) -> str:
    return "" if event is None else event.__event__


def refused(make: Any) -> str:
    with pytest.raises(DefinitionError) as error:
        make()
    return str(error.value)


def test_a_transition_gives_its_event_to_what_it_asks_for() -> None:
    class M(Machine[Order], name="m", version=1):
        a = State(initial=True)
        b = State(invoke=money)
        c = State()
        pay = on(Pay, a >> b, do=charge)
        refund = on(Refund, a >> b)
        done = on_result(charge, b >> c)

    harness = Harness(M, Order()).send(Pay(cents=7))
    assert harness.asked[0].event == Pay(cents=7)
    assert harness.run(money) == 7
    assert harness.run(charge) == 7
    assert harness.state == ["c"]
    assert Harness(M, Order()).send(Refund(cents=3)).run(money) == 3


def test_nothing_is_given_where_no_event_asks() -> None:
    class M(Machine[Order], name="m", version=1):
        a = State(initial=True, invoke=anything)
        b = State(invoke=anything)
        c = State(invoke=anything)
        go = on(Go, a >> b)
        on_ = always(b >> c)
        late = after(seconds(1), c >> a)

    harness = Harness(M, Order())
    assert harness.run(anything) == ""
    harness.send(Go())
    # the immediate transition has gone on before anything was invoked
    assert (harness.state, harness.run(anything)) == (["c"], "")
    assert harness.advance(seconds(1)).run(anything) == ""


def test_an_event_that_is_raised_asks_like_any_other() -> None:
    def pay(order: Order, event: Go, context: Any) -> None:
        context.raise_(Pay(cents=4))

    class M(Machine[Order], name="m", version=1):
        a = State(initial=True)
        b = State(invoke=charge)
        go = on(Go, a, do=pay)
        paid = on(Pay, a >> b)

    assert Harness(M, Order()).send(Go()).run(charge) == 4


@pytest.mark.parametrize("how", ["do", "entry", "exit", "invoke"])
def test_another_event_is_refused_wherever_it_asks(how: str) -> None:
    def make() -> None:
        options: dict[str, Any] = {how: charge}
        first: dict[str, Any] = options if how == "exit" else {}
        second: dict[str, Any] = options if how in ("entry", "invoke") else {}

        class M(Machine[Order], name="m", version=1):
            a = State(initial=True, **first)
            b = State(**second)
            pay = on(Pay, a >> b)
            go = on(Go, a >> b, do=charge if how == "do" else None)

    found = refused(make)
    assert "effect charge takes Pay, and is asked for here by Go" in found
    assert "test_effect_events.py" in found


def test_a_start_and_a_timer_ask_without_an_event() -> None:
    def start() -> None:
        class M(Machine[Order], name="m", version=1):
            a = State(initial=True, invoke=charge)

    def timer() -> None:
        class M(Machine[Order], name="m", version=1):
            a = State(initial=True)
            b = State(invoke=charge)
            late = after(seconds(1), a >> b)

    assert "without an event" in refused(start)
    assert "without an event" in refused(timer)

    class Fits(Machine[Order], name="m", version=1):
        a = State(initial=True, invoke=maybe)
        late = after(seconds(1), a, do=maybe)


def test_a_cancellation_asks_without_an_event() -> None:
    def make() -> None:
        class M(Machine[Order], name="m", version=1):
            a = State(initial=True, exit=charge)
            b = State()
            pay = on(Pay, a >> b)

    assert "takes Pay, and is asked for here without an event" in refused(make)


def test_any_event_is_every_event_of_the_machine() -> None:
    def make() -> None:
        class M(Machine[Order], name="m", version=1):
            a = State(initial=True)
            pay = on(Pay, a)
            go = on(Go, a)
            rest = on(AnyEvent, a, do=money)

    assert "money takes Money, and is asked for here by Go" in refused(make)


def test_states_around_and_below_the_target_are_entered_too() -> None:
    def inner() -> None:
        class M(Machine[Order], name="m", version=1):
            a = State(initial=True)

            class both(Parallel):
                class left(Compound):
                    x = State(initial=True)
                    y = State()

                class right(Compound):
                    z = State(initial=True, invoke=charge)

            go = on(Go, a >> both.left.y)

    def remembered() -> None:
        class M(Machine[Order], name="m", version=1):
            a = State(initial=True)

            class box(Compound):
                x = State(initial=True)
                y = State(invoke=charge)
                pay = on(Pay, x >> y)
                last = History()

            pause = on(Go, box >> a)
            resume = on(Go, a >> box.last)

    assert "by Go" in refused(inner)
    assert "by Go" in refused(remembered)


def test_what_is_not_entered_asks_for_nothing() -> None:
    class M(Machine[Order], name="m", version=1):
        class box(Compound, initial=True):
            x = State(initial=True)
            y = State(invoke=charge, exit=anything)
            z = Final()
            pay = on(Pay, x >> y)
            go = on(Go, x >> z)

        over = Final()
        again = on(Go, box >> over)

    assert isinstance(M.definition.effects["charge"], Effect)


def test_a_use_takes_the_event_too() -> None:
    deposit = charge.use("deposit")

    class M(Machine[Order], name="m", version=1):
        a = State(initial=True)
        pay = on(Pay, a, do=deposit)

    assert Harness(M, Order()).send(Pay(cents=2)).run(deposit) == 2
