"""What an effect gets for each of its parameters, by their types."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NewType, Optional, TypeVar

import pytest

from statehold import Call, DefinitionError, Event, Failure, Result, effect
from statehold.chart.effect import Effect

if TYPE_CHECKING:
    import decimal
    from decimal import Decimal

    from statehold import Call as Run

T = TypeVar("T")


@dataclass
class Order:
    total: int


class Client:
    pass


class Pay(Event):
    pass


class Cancel(Event):
    pass


Bank = NewType("Bank", Client)
Mail = Annotated[Client, "mail"]


def gives(function: Callable[..., Any]) -> list[tuple[str, str]]:
    return [(one.name, one.gives) for one in effect(function).parameters]


def types(found: Effect[Any, Any]) -> list[Any]:
    return [one.type for one in found.resources]


def test_the_data_is_first_and_the_others_come_by_their_type() -> None:
    @effect
    async def charge(order: Order, client: Client, call: Call, bank: Bank) -> None: ...

    assert [(one.name, one.gives) for one in charge.parameters] == [
        ("order", "data"),
        ("client", "resource"),
        ("call", "call"),
        ("bank", "resource"),
    ]
    assert types(charge) == [Client, Bank]
    assert charge.takes_call


def test_the_arguments_come_in_the_order_of_the_parameters() -> None:
    def charge(order: Order, client: Client, call: Call) -> None: ...

    made = {Client: "a client"}
    order: Any = object()
    call: Any = object()
    assert effect(charge).arguments(order, lambda: call, made.__getitem__, object) == (
        order,
        "a client",
        call,
    )


@pytest.mark.parametrize(
    "function",
    [
        lambda data, call: None,
        lambda data, anything, later=3: None,
        lambda data, *rest: None,
        lambda data, call=None: None,
    ],
    ids=["call", "a default after it", "the rest", "a default"],
)
def test_without_types_the_second_one_is_the_call(function: Any) -> None:
    found = gives(function)
    assert [kind for _, kind in found] == ["data", "call"][: len(found)]


def test_a_type_that_says_nothing_is_the_call_too() -> None:
    def any_(data: Any, call: Any) -> None: ...
    def object_(data: object, call: object) -> None: ...
    def optional(data: Order, call: Call | None) -> None: ...
    def old(data: Order, call: Optional[Call]) -> None: ...  # noqa: UP045
    def annotated(data: Order, call: Annotated[Call, "x"]) -> None: ...
    def variable(data: Order, call: T) -> T:
        return call

    for function in (any_, object_, optional, old, annotated, variable):
        assert [kind for _, kind in gives(function)] == ["data", "call"], function


def test_parameters_with_defaults_keep_them() -> None:
    def charge(order: Order, call: Call, client: Client | None = None) -> None: ...

    assert gives(charge) == [("order", "data"), ("call", "call")]


def test_what_annotated_adds_makes_another_resource() -> None:
    @effect
    def charge(order: Order, plain: Client, mail: Mail, bank: Bank) -> None: ...

    assert types(charge) == [Client, Annotated[Client, "mail"], Bank]
    assert len(set(types(charge))) == 3


def test_types_of_a_function_are_known_there() -> None:
    class Local:
        pass

    @effect(attempts=2)
    async def charge(order: Order, local: Local) -> None: ...

    assert types(charge) == [Local]


def test_names_of_a_function_come_before_those_of_the_module_where_it_defines_the_effect() -> None:
    class Client:
        pass

    @effect
    async def charge(order: Order, client: Client) -> None: ...

    assert types(charge) == [Client]
    assert types(effect(of_the_module)) != [Client]


async def of_the_module(order: Order, client: Client) -> None: ...


def test_methods_callables_and_partials() -> None:
    class Desk:
        def charge(self, order: Order, client: Client, call: Call) -> None: ...

        def __call__(self, order: Order, client: Client) -> None: ...

    def charge(amount: int, order: Order, client: Client) -> None: ...

    assert [kind for _, kind in gives(Desk().charge)] == ["data", "resource", "call"]
    assert [kind for _, kind in gives(Desk())] == ["data", "resource"]
    assert gives(functools.partial(charge, 3)) == [("order", "data"), ("client", "resource")]


def test_a_call_that_only_type_checkers_import_is_the_call() -> None:
    def dotted(order: Order, call: decimal.Call) -> None: ...  # type: ignore[name-defined]

    assert gives(dotted) == [("order", "data"), ("call", "call")]


def untyped_third(data: Order, call: Call, more) -> None: ...  # type: ignore[no-untyped-def]
def any_third(data: Order, call: Call, more: Any) -> None: ...
def unknown(data: Order, number: Decimal) -> None: ...
def renamed(data: Order, call: Run) -> None: ...
def twice(data: Order, call: Call, again: Call) -> None: ...
def unhashable(data: Order, more: Annotated[Client, []]) -> None: ...
def by_name(data: Order, *, client: Client) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: None, "parameters don't fit"),
        (lambda *data: None, "parameters don't fit"),
        (by_name, "parameters don't fit"),
        (untyped_third, "its parameter more has no type"),
        (any_third, "its parameter more has no type"),
        (unknown, r"parameter number has the type Decimal, which is not known.*\n.*TYPE_CHECKING"),
        (renamed, "parameter call has the type Run, which is not known"),
        (twice, "two of its parameters take the call"),
        (unhashable, "has no hash"),
    ],
)
def test_parameters_that_nothing_can_be_given_for_are_refused(function: Any, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        effect(function)


def test_all_that_is_wrong_is_listed_at_once() -> None:
    with pytest.raises(DefinitionError) as refused:
        effect(attempts=0)(any_third)
    assert len(refused.value.problems) == 2


def test_an_event_is_no_resource() -> None:
    def one(data: Order, event: Pay, call: Call) -> None: ...
    def either(data: Order, event: Pay | Cancel | None) -> None: ...

    for function in (one, either):
        made = effect(function)
        assert (made.resources, made.event) == ((), made.parameters[1])


def test_what_no_one_sends_is_no_event_for_an_effect() -> None:
    def outcome(data: Order, event: Result[int]) -> None: ...
    def either(data: Order, event: Pay | Failure) -> None: ...

    for function in (outcome, either):
        with pytest.raises(DefinitionError, match="which no one sends"):
            effect(function)
