"""Hypothesis strategies for the data, events and results of a machine, from its types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Strict

from statehold.chart.machine import Definition
from statehold.chart.payload import jsonable
from statehold.chart.values import Shape
from statehold.check.explore.sample_values import sample_values
from statehold.errors import InvalidPayload
from statehold.testing.paths import known, name_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


class Strategies(NamedTuple):
    """``events`` by the event's name, ``outcomes`` by that of an effect or child."""

    data: SearchStrategy[Any]
    events: Mapping[str, SearchStrategy[Any]]
    outcomes: Mapping[str, SearchStrategy[Any]]


def strategies_of(
    definition: Definition[Any],
    data: SearchStrategy[Any] | None,
    payloads: Mapping[Any, SearchStrategy[Any]],
    results: Mapping[Any, SearchStrategy[Any]],
) -> Strategies:
    """Those given; others are made from the types. Raises ``ValueError`` for unknown names."""
    given_events = {name_of(kind): one for kind, one in payloads.items()}
    given_outcomes = {name_of(what): one for what, one in results.items()}
    chart = definition.chart
    known("event", given_events, [event.name for event in chart.events])
    known("effect", given_outcomes, [*definition.effects, *definition.children])
    types = {name: effect.result_type for name, effect in definition.effects.items()}
    types |= {name: definition.child_outputs.get(name) for name in definition.children}
    # expressions can't read every text, and what they refuse is no fault of the machine
    fit = _for_expressions if "native" in chart.meta else _as_it_is
    events = {
        event.name: fit(_payload(definition, event.name, event.schema))
        for event in chart.events
        if event.name not in given_events
    }
    outcomes = {
        name: fit(_of_type(kind)) for name, kind in types.items() if name not in given_outcomes
    }
    start = fit(_of_shape(definition.input, chart.start_schema)) if data is None else data
    return Strategies(start, events | given_events, outcomes | given_outcomes)


def _as_it_is(drawn: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return drawn


def _for_expressions(drawn: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Without U+0000, which CEL can't read."""
    return drawn.filter(_has_no_zero)


def _has_no_zero(value: Any) -> bool:
    try:
        # the escape is how JSON writes the character, in keys and in text, at any depth
        return "\\u0000" not in json.dumps(jsonable(value))
    except (InvalidPayload, ValueError):
        return True


def _payload(
    definition: Definition[Any], name: str, schema: Mapping[str, Any]
) -> SearchStrategy[Any]:
    from hypothesis import strategies

    shape = definition.events.get(name)
    return strategies.just({}) if shape is None else _of_shape(shape, schema)


def _of_shape(shape: Shape[Any], schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    if isinstance(shape.type, type) and issubclass(shape.type, BaseModel):
        return _of_model(shape.type)
    return _of_schema(schema)


def _of_schema(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    from hypothesis import strategies

    found = sample_values(schema)
    return strategies.sampled_from(found) if found else strategies.just({})


def _of_model(model: type[BaseModel]) -> SearchStrategy[Any]:
    """Field by field: a field's bounds are beside its type, not in it."""
    from hypothesis import strategies

    required: dict[str, SearchStrategy[Any]] = {}
    optional: dict[str, SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        bounded = Annotated[(kind, *field.metadata)] if field.metadata else kind
        into = required if field.is_required() else optional
        into[field.alias or name] = _of_type(bounded)
    return strategies.fixed_dictionaries(required, optional=optional)


def _of_type(kind: Any) -> SearchStrategy[Any]:
    from hypothesis import strategies
    from hypothesis.errors import InvalidArgument

    if kind is None:
        return strategies.none()
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _of_model(kind)
    found = strategies.from_type(_without_strict(kind))
    try:
        found.validate()
    except InvalidArgument:
        # Hypothesis has no values for it, as for Any within another type
        return _of_schema(Shape(kind).schema())
    return found


def _without_strict(kind: Any) -> Any:
    """Without strictness, which is about values of other types; Hypothesis would warn of it."""
    parts = get_args(kind)
    origin = get_origin(kind)
    if origin is Annotated:
        bounds = [one for one in parts[1:] if not isinstance(one, Strict)]
        plain = _without_strict(parts[0])
        return Annotated[(plain, *bounds)] if bounds else plain
    if origin in (Union, UnionType):
        return reduce(or_, map(_without_strict, parts))
    if origin in (list, dict, set, tuple):
        return GenericAlias(origin, tuple(map(_without_strict, parts)))
    return kind
