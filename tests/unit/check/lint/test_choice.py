"""Checks of the choice between transitions."""

from __future__ import annotations

from typing import Any

import msgspec

from statehold import (
    AnyEvent,
    Compound,
    Event,
    Final,
    Machine,
    State,
    on,
)
from statehold.chart.machine import Function, Uses
from statehold.chart.model import Guard
from statehold.check.lint.findings import findings
from tests.unit.check.lint.flows import Data, Go, Stop, as_data, codes, expression, only


def test_an_event_that_a_deeper_state_always_takes_never_comes_to_the_outer_one() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class outer(Compound, initial=True):
            one = State(initial=True)
            two = State()
            there = on(Go, one >> two)
            back = on(Go, two >> one)

        over = Final()
        never = on(Go, outer >> over)
        end = on(Stop, outer >> over)

    found = only(Flow)
    assert (found.code, found.place) == ("never-chosen", "never")
    assert "outer.there, outer.back comes first" in found.message


def test_the_same_guard_twice_lets_the_second_never_be_chosen() -> None:
    def is_big(data: Data) -> bool:
        return data.total > 10

    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = Final()
        two = Final()
        first = on(Go, here >> one, when=is_big)
        second = on(Go, here >> two, when=is_big)
        rest = on(Go, here >> two)

    found = only(Flow)
    assert (found.code, found.place) == ("never-chosen", "second")
    assert "first comes first and requires no more" in found.message


def test_any_event_is_no_rival_of_an_exact_one() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        other = on(AnyEvent, here, do=lambda data: None)
        end = on(Stop, here >> over)

    assert findings(Flow) == ()


class Paid(Event):
    amount: int


def is_enough(data: Data, event: Paid) -> bool:
    return event.amount >= 100


def is_little(data: Data, event: Paid) -> bool:
    return event.amount <= 100


def is_a_lot(data: Data, event: Paid) -> bool:
    return event.amount > 1_000


def breaks(data: Data, event: Paid) -> bool:
    raise RuntimeError(data)


def deciding(first: Any, second: Any) -> Any:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        one = Final()
        two = Final()
        go = on(Paid, here >> one, when=first)
        stop = on(Paid, here >> two, when=second)
        end = on(Stop, here >> two)

    return Flow


def test_guards_on_the_event_overlap_with_a_witness() -> None:
    found = only(deciding(is_enough, is_little))
    assert found.code == "overlapping-guards"
    assert found.severity == "warning"
    assert "amount = 100" in found.message


def test_a_special_case_before_the_general_one_is_worth_a_remark_only() -> None:
    assert only(deciding(is_a_lot, is_enough)).severity == "info"


def test_a_general_case_before_the_special_one_is_a_mistake() -> None:
    found = only(deciding(is_enough, is_a_lot))
    assert (found.severity, found.place) == ("warning", "stop")
    assert "no data was found for which only is_a_lot is true" in found.message


def test_guards_that_exclude_each_other_or_can_not_answer_are_left_alone() -> None:
    assert findings(deciding(is_little, is_a_lot)) == ()
    assert findings(deciding(is_enough, breaks)) == ()


def test_guards_are_not_called_unless_asked_for() -> None:
    asked = []

    def watches(data: Data) -> bool:
        asked.append(data)
        return data.total > 10

    def is_bigger(data: Data) -> bool:
        return data.total > 11

    findings(deciding(watches, is_bigger), ask=False)
    assert asked == []
    findings(deciding(watches, is_bigger))
    assert asked != []


def test_a_schema_that_holds_itself_is_followed_within_bounds() -> None:
    fields = {f"f{n}": {"$ref": "#"} for n in range(200)}
    itself = {"type": "object", "anyOf": [{"$ref": "#"}], "properties": fields, "required": ["f1"]}
    machine = as_data(data_schema=itself)
    chart = machine.chart
    one, two = (
        msgspec.structs.replace(chart.transitions[1], id=name, guards=(Guard(name),), targets=to)
        for name, to in (("a > 1", ("over",)), ("a > 2", ("here",)))
    )
    machine.chart = msgspec.structs.replace(chart, transitions=(chart.transitions[0], one, two))
    machine.functions = {
        "note:set": expression(""),
        "a > 1": Function(lambda data: bool(data), 1, Uses()),
        "a > 2": Function(lambda data: "f1" in data, 1),
    }
    assert codes(machine) == ["overlapping-guards"]
