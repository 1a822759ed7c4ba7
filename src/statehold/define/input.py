"""``input`` in a machine's body: the function that makes the data of what a start takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import pydantic

from statehold.chart.context import Context
from statehold.chart.deferred import deferral
from statehold.chart.machine import Function, Maker
from statehold.chart.values import Shape
from statehold.define.binding import Binder, plain_name
from statehold.define.declarations import Declarations
from statehold.define.function import (
    UNKNOWN,
    accepts,
    is_any,
    members_of,
    name_of,
    parameter_types,
    positional,
    returned_type,
)
from statehold.define.rule import Rule
from statehold.define.state import is_node
from statehold.define.type_parameters import Parameters

_HINT = "write def order_of(new: NewOrder) -> Order, and input = order_of in the body"


class Input(NamedTuple):
    """``name`` is what the chart calls the function."""

    maker: Maker
    name: str


def read_input(
    value: Any, parameters: Parameters, body: Declarations, binder: Binder, place: str
) -> Input | None:
    """None where a start takes the data, or with a problem noted.

    The third parameter of ``Machine``, what the function takes and what it gives have to agree.
    """
    named = parameters.input
    if value is None or is_node(value) or isinstance(value, Rule):
        if named is not UNKNOWN and not is_any(named) and not _is_data(named, binder.data):
            binder.complain(
                place,
                f"its third parameter says that a start takes {name_of(named)}, and nothing makes "
                f"the data, {name_of(binder.data)}, of it",
                _HINT,
            )
        return None
    where = body.place_of("input")
    call = value.__func__ if isinstance(value, staticmethod) else value
    takes = positional(call) if callable(call) else None
    why = deferral(call) if callable(call) else None
    if takes not in (1, 2) or why is not None:
        binder.complain(
            where, why or "is not a plain function of (input) or (input, context)", _HINT
        )
        return None
    taken = _type_taken(call, named, where, binder)
    gives = returned_type(call)
    if not _takes_all(binder.data, gives):
        binder.complain(
            where,
            f"gives {name_of(gives)}, but the machine's data is {name_of(binder.data)}",
            "give the data",
        )
    if taken is UNKNOWN:
        return None
    try:
        shape: Shape[Any] = Shape(taken)
    except (pydantic.PydanticUserError, pydantic.PydanticUndefinedAnnotation) as error:
        binder.complain(
            where,
            f"pydantic can't use the type {name_of(taken)}: {str(error).partition(chr(10))[0]}",
            "use a pydantic model, a dataclass, or plain types",
        )
        return None
    return Input(Maker(shape, Function(call, takes)), plain_name(call))


def _type_taken(call: Any, named: Any, where: str, binder: Binder) -> Any:
    """``UNKNOWN``, with a problem noted, where neither says it or the two differ."""
    types = parameter_types(call)
    annotated = types[0] if types else UNKNOWN
    if len(types) > 1 and not accepts(types[1], Context):
        binder.complain(
            where,
            f"takes {name_of(types[1])} after the input",
            "its second parameter is the Context of the start",
        )
    if named is UNKNOWN and annotated is UNKNOWN:
        binder.complain(
            where,
            "does not say which type it takes, or the type can't be found at run time",
            "annotate its first parameter, or write Machine[Data, Events, Input]",
        )
        return UNKNOWN
    if annotated is UNKNOWN or (named is not UNKNOWN and is_any(annotated)):
        return named
    if named is UNKNOWN or is_any(named):
        return annotated
    if not _takes_all(annotated, named):
        binder.complain(
            where,
            f"takes {name_of(annotated)}, but the third parameter of Machine is {name_of(named)}",
            "let both be the type that a start takes",
        )
        return UNKNOWN
    return named


def _is_data(named: Any, data: Any) -> bool:
    return data is UNKNOWN or members_of(named) == members_of(data)


def _takes_all(annotation: Any, actual: Any) -> bool:
    """Of a union, each member may come."""
    members = (actual,) if actual is UNKNOWN else members_of(actual)
    return all(accepts(annotation, member) for member in members)
