"""Mistakes in a rule: its functions, its event, its arrow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    AnyEvent,
    Compound,
    Event,
    Final,
    Machine,
    active,
    minutes,
)
from tests.unit.define.mistakes import (
    Case,
    Go,
    Order,
    Other,
    State,
    Stop,
    after,
    always,
    by_text,
    charge,
    check_mistake,
    four,
    none,
    note,
    of_go,
    of_other_data,
    of_timer,
    on,
    on_done,
    on_failure,
    on_result,
    unused,
    waits,
)

#: builders of classes with one mistake, each with a part of its message
cases: list[Case] = []


def rule_case(expected: str, make: Callable[[Any, Any, Any], Any]) -> None:
    """A machine with states a, b and c (which holds d), and one rule that is made of them."""

    def build() -> None:
        class Wrong(Machine[Order], name="wrong", version=1):
            a = State(initial=True, invoke=charge)
            b = Final()

            class c(Compound):
                d = State(initial=True)

            rule = make(a, b, c)

    cases.append((build, expected))


rule_case("async function", lambda a, b, c: on(Go, a >> b, do=waits))
rule_case("put @effect|make it an @effect", lambda a, b, c: on(Go, a >> b, when=waits))
rule_case("effect charge is used as a guard", lambda a, b, c: on(Go, a >> b, when=charge))
rule_case("wrong parameters", lambda a, b, c: on(Go, a >> b, do=four))
rule_case("wrong parameters", lambda a, b, c: on(Go, a >> b, when=none))
rule_case("takes Go, but the machine's data is Order", lambda a, b, c: on(Go, a, do=of_other_data))
rule_case("takes the event Go, but the transition's is Stop", lambda a, b, c: on(Stop, a, do=of_go))
rule_case("takes the event Go", lambda a, b, c: on(AnyEvent, a, do=of_go))
rule_case("takes the event Go", lambda a, b, c: after(minutes(1), a >> b, do=of_go))
rule_case("takes the event TimerFired", lambda a, b, c: on_done(c >> b, do=of_timer))
rule_case("takes the event TimerFired", lambda a, b, c: on_result(charge, a >> b, do=of_timer))
rule_case("'note' is used as an action", lambda a, b, c: on(Go, a >> b, do="note"))
rule_case("Order is not an event", lambda a, b, c: on(Order, a >> b))
rule_case("Event itself is never sent", lambda a, b, c: on(Event, a >> b))
rule_case("'b' is not a state", lambda a, b, c: on(Go, a >> "b"))
rule_case("state of another machine, Other", lambda a, b, c: on(Go, a >> Other.elsewhere))
rule_case(
    "state of another machine, Other", lambda a, b, c: on(Go, a, when=active(Other.elsewhere))
)
rule_case("has no name in this machine", lambda a, b, c: on(Go, a >> State()))
rule_case("no state in or around a asks for unused", lambda a, b, c: on_result(unused, a >> b))
rule_case("invoked by a: start the arrow there", lambda a, b, c: on_result(charge, c >> b))
rule_case("no state in or around a asks for other", lambda a, b, c: on_failure(Other, a >> b))
rule_case("neither an effect nor a machine", lambda a, b, c: on_result(note, a >> b))
rule_case("-60.0 seconds", lambda a, b, c: after(timedelta(minutes=-1), a >> b))
rule_case("delay is the number 10", lambda a, b, c: after(10, a >> b))
rule_case("never done", lambda a, b, c: on_done(a >> b))
rule_case("starts from b, which is final", lambda a, b, c: on(Go, b >> a))
rule_case("can't be active together", lambda a, b, c: on(Go, a >> (b, c)))
rule_case("for ever", lambda a, b, c: always(a, do=note))
rule_case("for ever", lambda a, b, c: always(c >> c.d))
rule_case("names the role 'a,b'", lambda a, b, c: on(Go, a >> b, by="a,b"))
rule_case("names the role ''", lambda a, b, c: on(Go, a >> b, by=("",)))


@pytest.mark.parametrize(("build", "expected"), cases, ids=by_text(cases))
def test_a_mistake_is_reported_with_its_place_and_a_hint(
    build: Callable[[], Any], expected: str
) -> None:
    check_mistake(build, expected)
