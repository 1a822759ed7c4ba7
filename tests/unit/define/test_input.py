"""``input`` in a machine's body: what it takes, and what has to agree with it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Context, DefinitionError, Event, Final, Machine, State, on


class NewOrder(BaseModel):
    items: list[str]


class Other(BaseModel):
    n: int


class Order(BaseModel):
    items: list[str]
    total: int = 0


class Go(Event):
    pass


def order_of(new: NewOrder) -> Order:
    return Order(items=new.items, total=len(new.items))


def bare(new):  # type: ignore[no-untyped-def] # what it takes is for the machine to say
    return Order(items=new.items)


class ByAnnotation(Machine[Order, Go], name="by-annotation", version=1):
    a = State(initial=True)
    b = Final()
    go = on(Go, a >> b)
    input = order_of


class ByParameter(Machine[Order, Go, NewOrder], name="by-parameter", version=1):
    a = State(initial=True)
    b = Final()
    go = on(Go, a >> b)
    input = staticmethod(bare)


class Neither(Machine[Order], name="neither", version=1):
    a = State(initial=True)


@pytest.mark.parametrize("machine", [ByAnnotation, ByParameter])
def test_its_type_is_the_annotation_or_the_third_parameter(machine: Any) -> None:
    definition = machine.definition
    assert definition.input.type is NewOrder
    assert definition.data.type is Order
    assert list(definition.chart.start_schema["properties"]) == ["items"]
    assert list(definition.chart.data_schema["properties"]) == ["items", "total"]


def test_the_chart_names_the_function_and_has_the_schema() -> None:
    assert ByAnnotation.chart.input == "order_of"
    assert ByAnnotation.chart.input_schema["required"] == ["items"]


def test_without_one_a_start_takes_the_data() -> None:
    assert (Neither.chart.input, Neither.chart.input_schema) == (None, {})
    assert Neither.definition.input is Neither.definition.data
    assert Neither.chart.start_schema == Neither.chart.data_schema


def test_a_state_of_that_name_is_a_state() -> None:
    class Asks(Machine[Order], name="asks", version=1):
        input = State(initial=True)

    assert Asks.definition.maker is None
    assert [state.id for state in Asks.chart.states] == ["", "input"]


def wider(new: NewOrder | Other) -> Order:
    return Order(items=[])


def test_the_function_may_take_more_than_the_third_parameter_says() -> None:
    class Wide(Machine[Order, Any, NewOrder], name="wide", version=1):
        a = State(initial=True)
        input = wider

    assert Wide.definition.input.type is NewOrder


def of_other(new: Other) -> Order:
    return Order(items=[])


def giving_other(new: NewOrder) -> Other:
    return Other(n=1)


def perhaps(new: NewOrder) -> Order | None:
    return None


def three(new: NewOrder, context: Context, more: int) -> Order:
    return Order(items=[])


def after_event(new: NewOrder, event: Go) -> Order:
    return Order(items=[])


async def later(new: NewOrder) -> Order:
    return Order(items=[])


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (of_other, "takes Other, but the third parameter of Machine is NewOrder"),
        (giving_other, "gives Other, but the machine's data is Order"),
        (perhaps, "gives Order | None, but the machine's data is Order"),
        (three, "is not a plain function of (input) or (input, context)"),
        (after_event, "takes Go after the input"),
        (later, "is an async function"),
        (3, "is not a plain function of (input) or (input, context)"),
        (None, "a start takes NewOrder, and nothing makes the data, Order, of it"),
    ],
)
def test_what_does_not_agree_is_refused_where_the_class_is_made(function: Any, wrong: str) -> None:
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Machine[Order, Any, NewOrder], name="wrong", version=1):
            a = State(initial=True)
            input = function

    assert [one for one in caught.value.problems if wrong in one.message]


def test_a_type_that_nobody_names_is_refused() -> None:
    with pytest.raises(DefinitionError, match="does not say which type it takes"):

        class Unsaid(Machine[Order], name="unsaid", version=1):
            a = State(initial=True)
            input = bare


def test_the_data_as_third_parameter_needs_no_function() -> None:
    class Same(Machine[Order, Any, Order], name="same", version=1):
        a = State(initial=True)

    assert Same.definition.maker is None
