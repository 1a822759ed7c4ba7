"""Checks of fields of the data, and of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from statehold import (
    Context,
    Definition,
    Final,
    Machine,
    State,
    on,
)
from statehold.chart.event import NamedEvent
from statehold.chart.model import EventShape
from statehold.check.lint.findings import findings
from tests.unit.check.lint.flows import (
    Data,
    Go,
    Stop,
    add,
    as_data,
    codes,
    expression,
    helped,
    makes_another,
    noting,
    only,
)


@dataclass
class Remembering:
    """It has more attributes than fields."""

    total: int = 0

    def __post_init__(self) -> None:
        self.seen: set[int] = set()


def test_attributes_that_code_of_the_data_type_makes_are_no_unknown_fields() -> None:
    class Flow(Machine[Remembering], name="flow", version=1):
        here = State(initial=True)
        over = Final()
        end = on(Stop, here >> over, when=lambda data: not data.seen)

    assert findings(Flow) == ()


def test_a_field_that_a_function_makes_sure_of_is_no_error() -> None:
    def asks_first(data: Data) -> bool:
        return hasattr(data, "former") and bool(data.former)

    def is_ready(data: Data) -> bool:
        try:
            return data.former is None  # type: ignore[attr-defined]
        except AttributeError:
            return True

    def trusts(data: Data) -> bool:
        return data.former is None  # type: ignore[attr-defined]

    for guard, severity in ((asks_first, "warning"), (is_ready, "warning"), (trusts, "error")):

        class Flow(Machine[Data], name="flow", version=1):
            here = State(initial=True)
            over = Final()
            end = on(Stop, here >> over, when=guard)

        found = only(Flow)
        assert (found.code, found.severity) == ("unknown-field", severity)


def test_a_field_is_called_never_set_only_where_every_action_is_understood() -> None:
    assert codes(noting(add)) == ["never-set"]
    assert findings(noting(makes_another)) == ()
    assert findings(noting(helped)) == ()


def test_an_event_that_an_expression_raises_and_no_transition_takes_is_unheard() -> None:
    assert [(f.code, f.place) for f in findings(as_data())] == [("unheard-event", "lost")]


def test_a_declared_event_that_no_transition_takes_is_unheard() -> None:
    events = tuple(map(EventShape, ("go", "stop", "never")))
    found = findings(as_data(events=events).chart)
    assert [(f.code, f.place) for f in found] == [("unheard-event", "never")]


def test_an_event_that_is_waited_for_and_not_declared_is_reported() -> None:
    machine = as_data(events=(EventShape("go"),))
    machine.functions = {"note:set": expression("")}
    assert [(f.code, f.place) for f in findings(machine)] == [("undeclared-event", _stop(machine))]


def _stop(machine: Definition[Any]) -> str:
    return machine.chart.transitions[1].id


def test_named_events_are_known_by_what_they_are_given() -> None:
    def raise_named(data: Data, event: Go, context: Context) -> None:
        context.raise_(NamedEvent("Nobody"))

    assert "Nobody" in [f.place for f in findings(noting(raise_named))]
