"""What forms for a machine need: JSON Schemas of its data, events and results, tags, owners."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

from statehold.chart.event import is_made_inside
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.wire.machines import EventView


def events_of(chart: Chart) -> dict[str, EventView]:
    """The schemas of the events that callers may send: not of internal ones. A chart whose notation
    declares no events has those that its transitions name, with any fields."""
    if chart.events:
        return {
            event.name: EventView(doc=event.doc, schema=event.schema or None)
            for event in chart.events
            if not event.internal
        }
    named = (name for transition in chart.transitions for name in transition.trigger.events)
    return {
        name: EventView(doc="", schema=None)
        for name in named
        if not is_made_inside(name) and "*" not in name
    }


def results_of(definition: Definition[Any], chart: Chart) -> dict[str, dict[str, Any] | None]:
    """Effect to the schema of its result. Only the code that runs knows the types of results."""
    if chart.version == definition.version:
        return {name: _schema(one.result_type) for name, one in definition.effects.items()}
    invoked = [
        invoke.name for state in chart.states for invoke in state.invokes if invoke.kind == "effect"
    ]
    return dict.fromkeys(invoked)


def tags_of(chart: Chart) -> list[str]:
    return _once(tag for state in chart.states for tag in state.tags)


def owners_of(chart: Chart) -> list[str]:
    return _once(state.owner for state in chart.states if state.owner)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _schema(type_: Any) -> dict[str, Any] | None:
    if type_ is None or type_ is Any:
        return None
    try:
        return TypeAdapter(type_).json_schema(mode="validation")
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        # a type that is read and written by code of its own has no schema
        return None
