"""The uses of data and events that are read from a function's source."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from statehold.chart.machine import Function, Uses
from statehold.check.lint.function_uses import FunctionUses, read


def reading_of(call: Callable[..., Any]) -> FunctionUses:
    return read(Function(call, call.__code__.co_argcount))


def sets(order: Any) -> None:
    order.reason = "late"
    order.tries += 1


def sets_inside(order: Any) -> None:
    order.address.street = "Main St"
    order.items.append("pizza")
    order["note"]["text"] = "x"


def copies(order: Any) -> Any:
    return order.model_copy(update={"reason": "late"})


def replaces(order: Any) -> Any:
    return replace(order, reason="late")


def makes_another(order: Any) -> Any:
    return dict(items=order.items)  # noqa: C408 - as any class is called


def hands_on(order: Any) -> None:
    sets(order)


def renames(order: Any) -> None:
    other = order
    other.reason = "late"


def rebinds(order: Any) -> None:
    order = order.inner
    order.reason = "late"


def raises(order: Any, event: Any, context: Any) -> None:
    context.raise_(Packed())
    if order.late:
        context.raise_(Lost())
    context.send(None, None, Called(), delay=None)
    context.send("other", "o-1", Elsewhere())


def raises_something(order: Any, event: Any, context: Any) -> None:
    context.raise_(event)


class Packed: ...


class Lost: ...


class Called: ...


class Elsewhere: ...


def looks_at_the_clock(order: Any) -> None:
    order.at = datetime.datetime.now(datetime.UTC)


def asks_the_context(order: Any, event: Any, context: Any) -> None:
    order.at = context.now
    order.time = event.time()


def is_constant(order: Any) -> bool:
    """Whatever it is asked."""
    return True


def test_fields_that_are_assigned_to_are_written() -> None:
    found = reading_of(sets)
    assert found.writes == found.stores == {"reason", "tries"}
    assert found.reads == {"tries"}
    assert found.known


def test_a_field_that_is_changed_from_within_is_written() -> None:
    found = reading_of(sets_inside)
    assert found.writes == {"address", "items", "note"}
    assert found.stores == {"address", "note"}


@pytest.mark.parametrize("function", [copies, replaces])
def test_a_changed_copy_writes_the_fields_that_it_names(function: Callable[..., Any]) -> None:
    found = reading_of(function)
    assert (found.writes, found.known, found.gives) == ({"reason"}, True, False)


def test_a_new_value_is_known_to_replace_the_data() -> None:
    assert reading_of(makes_another).gives


@pytest.mark.parametrize("function", [hands_on, renames, rebinds, raises_something])
def test_what_can_not_be_followed_is_unknown(function: Callable[..., Any]) -> None:
    assert not reading_of(function).known


def test_raised_events_are_distinguished_from_those_raised_under_a_condition() -> None:
    found = reading_of(raises)
    assert found.raises == {"Packed", "Lost", "Called"}
    assert found.surely == {"Packed"}


def test_a_clock_is_outside_and_the_context_is_not() -> None:
    assert reading_of(looks_at_the_clock).outside == ["datetime.datetime.now"]
    assert reading_of(asks_the_context).outside == []


def test_a_guard_that_gives_a_literal_is_constant() -> None:
    assert reading_of(is_constant).constant == (True,)
    assert reading_of(sets).constant is None


def test_lambdas_are_read_unless_two_of_a_line_could_be_meant() -> None:
    one = lambda order: order.total > 100  # noqa: E731
    found = reading_of(one)
    assert (found.reads, found.constants) == ({"total"}, {100})
    two = (lambda order: order.a, lambda order: order.b)
    assert not reading_of(two[0]).known


def test_functions_without_source_are_unknown() -> None:
    scope: dict[str, Any] = {}
    exec("def made(order): order.reason = 1", scope)
    assert not reading_of(scope["made"]).known
    assert not read(Function(len, 1)).known


def test_an_expression_says_itself_what_it_uses() -> None:
    uses = Uses(frozenset({"a.b", "c"}), frozenset({"d.e"}), frozenset({"go"}))
    found = read(Function(lambda data: None, 1, uses))
    assert (found.reads, found.writes, found.raises) == ({"a", "c"}, {"d"}, {"go"})
