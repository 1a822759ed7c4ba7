"""``Machine[Data, Events]``: the class names its events, and they are those of its rules."""

from __future__ import annotations

from typing import Any, Never, NoReturn, Union

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

import statehold
from statehold import AnyEvent, DefinitionError, Event, Machine, State, Undeliverable

# which events a machine names is chosen at run time here
on: Any = statehold.on


class Order(BaseModel):
    reason: str | None = None


class NewOrder(BaseModel):
    reason: str


class Accept(Event):
    pass


class Reject(Event):
    reason: str


def order_of(new: NewOrder) -> Order:
    return Order()


class Note(Event):
    pass


class Paid(Event, internal=True):
    pass


def namesake() -> type[Event]:
    class Accept(Event):
        pass

    return Accept


def made(*parameters: Any, rules: tuple[Any, ...]) -> Any:
    """A machine with these parameters, and a rule for each of these events."""
    generic: Any = Machine
    base = generic[parameters]

    class Flow(base, name="flow", version=1):  # type: ignore[misc, valid-type, call-arg]
        only = State(initial=True)
        input = order_of if NewOrder in parameters else None
        for event in rules:
            vars()[f"rule_{event.__name__}"] = on(event, only)

    return Flow


def problem(*parameters: Any, rules: tuple[Any, ...]) -> tuple[str, str]:
    """The message and the hint of the one problem of such a machine."""
    with pytest.raises(DefinitionError) as caught:
        made(*parameters, rules=rules)
    (found,) = caught.value.problems
    assert found.place.startswith("Flow (test_named_events.py:")
    return found.message, found.hint


Both = TypeAliasType("Both", Accept | Reject)
Nested = TypeAliasType("Nested", Both | Note)


@pytest.mark.parametrize(
    "events",
    [
        Accept | Reject,
        Reject | Accept,
        Union[Accept, Reject],  # noqa: UP007 - another object at run time
        Both,
        Accept | Both,
        Any,
    ],
)
def test_a_union_of_the_events_of_the_rules_is_taken_however_it_is_written(events: Any) -> None:
    machine = made(Order, events, rules=(Accept, Reject))
    assert list(machine.definition.events) == ["Accept", "Reject"]
    assert machine.definition.data.type is Order


def test_an_alias_in_an_alias_is_read() -> None:
    machine = made(Order, Nested, rules=(Accept, Reject, Note))
    assert list(machine.definition.events) == ["Accept", "Reject", "Note"]


def test_a_machine_that_names_none_takes_those_of_its_rules() -> None:
    assert list(made(Order, rules=(Accept, Paid)).definition.events) == ["Accept", "Paid"]


@pytest.mark.parametrize("nothing", [Never, NoReturn])
def test_never_stands_for_no_events(nothing: Any) -> None:
    assert made(Order, nothing, rules=()).definition.events == {}
    message, hint = problem(Order, nothing, rules=(Accept,))
    assert message.endswith(": missing is Accept")
    assert hint == "write Machine[Order, Accept]"


def test_events_that_are_missing_are_named_with_the_line_to_write() -> None:
    message, hint = problem(Order, Accept, rules=(Accept, Reject, Note))
    assert message == (
        "its second parameter names other events than its rules: missing is Reject, Note"
    )
    assert hint == "write Machine[Order, Accept | Reject | Note]"


def test_events_that_no_rule_takes_are_named() -> None:
    message, hint = problem(Order, Accept | Reject | Note, rules=(Reject,))
    assert message.endswith(": no rule takes Accept, Note")
    assert hint == "write Machine[Order, Reject], or rules for the others"


def test_missing_and_surplus_events_are_one_problem() -> None:
    message, hint = problem(Order, Reject, NewOrder, rules=(Accept,))
    assert message.endswith(": missing is Accept; no rule takes Reject")
    assert hint == "write Machine[Order, Accept, NewOrder], or rules for the others"


def test_where_no_event_is_left_the_line_to_write_says_never() -> None:
    _, hint = problem(Order, Accept, rules=())
    assert hint == "write Machine[Order, Never], or rules for the others"


@pytest.mark.parametrize("events", [Accept, Accept | Paid])
def test_internal_events_may_be_named_or_not(events: Any) -> None:
    machine = made(Order, events, rules=(Accept, Paid))
    assert list(machine.definition.events) == ["Accept", "Paid"]


def test_an_internal_event_that_no_rule_takes_is_surplus() -> None:
    message, _ = problem(Order, Accept | Paid, rules=(Accept,))
    assert message.endswith(": no rule takes Paid")


def test_with_a_rule_for_any_event_further_ones_become_the_machines_own() -> None:
    machine = made(Order, Note | Accept | Paid, rules=(Accept, AnyEvent))
    assert list(machine.definition.events) == ["Accept", "Note", "Paid"]
    assert [event.name for event in machine.chart.events] == ["Accept", "Note", "Paid"]
    assert machine.definition.internal == {"Paid"}


def test_with_a_rule_for_any_event_those_of_the_other_rules_are_still_named() -> None:
    message, hint = problem(Order, Note, rules=(Accept, AnyEvent))
    assert message.endswith(": missing is Accept")
    assert hint == "write Machine[Order, Note | Accept]"


def test_what_comes_back_undelivered_is_not_named() -> None:
    machine = made(Order, Accept, rules=(Accept, Undeliverable))
    assert list(machine.definition.events) == ["Accept"]


@pytest.mark.parametrize(
    ("events", "named"),
    [
        (None, "None"),
        (Accept | None, "None"),
        (Accept | int, "int"),
        (Order, "Order"),
        (Event, "Event"),
        (AnyEvent, "AnyEvent"),
        ("Accept", "'Accept'"),
        (Undeliverable, "Undeliverable"),
    ],
)
def test_what_is_not_the_class_of_an_event_is_refused(events: Any, named: str) -> None:
    message, hint = problem(Order, events, rules=(Accept,))
    assert message.startswith("the second parameter of Machine names ")
    assert named in message
    assert message.endswith(", which is not the class of an event")
    assert "Machine[Data, First | Second]" in hint


@pytest.mark.parametrize("rules", [(Accept,), (Accept, AnyEvent)])
def test_two_classes_of_one_name_are_refused(rules: tuple[Any, ...]) -> None:
    message, hint = problem(Order, namesake(), rules=rules)
    assert message.startswith("two event classes are called Accept, in ")
    assert hint == "rename one of them"


def test_the_other_problems_of_a_class_are_listed_beside_it() -> None:
    with pytest.raises(DefinitionError) as caught:

        class Flow(Machine[Order, Reject], name="flow", version=1):
            only = State(initial=True)
            other = State(initial=True)
            accept: Any = on(Accept, only)

    messages = [problem.message for problem in caught.value.problems]
    assert any("second initial state" in message for message in messages)
    assert any("no rule takes Reject" in message for message in messages)


def test_the_chart_is_the_same_with_and_without_names() -> None:
    plain = made(Order, rules=(Accept, Reject))
    named = made(Order, Accept | Reject, rules=(Accept, Reject))
    assert plain.chart == named.chart
