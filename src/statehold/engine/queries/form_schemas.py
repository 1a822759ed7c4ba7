"""What forms for a machine need: JSON Schemas of its data, events and results, tags, owners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

from statehold.chart.event import is_made_inside
from statehold.chart.labels import event_label, words_of
from statehold.chart.machine import Definition
from statehold.chart.model import Chart, EventShape
from statehold.wire.machines import EventView

#: schemas within one another whose properties get titles; the studio's forms are not as deep
DEPTH_LIMIT = 32


def events_of(chart: Chart) -> dict[str, EventView]:
    """The schemas of the events that callers may send: not of internal ones. A chart whose notation
    declares no events has those that its transitions name, with any fields."""
    if chart.events:
        return {
            event.name: EventView(
                doc=event.doc, label=event_label(event), schema=_titled(event) or None
            )
            for event in chart.events
            if not event.internal
        }
    named = (name for transition in chart.transitions for name in transition.trigger.events)
    return {
        name: EventView(doc="", label=name, schema=None)
        for name in named
        if not is_made_inside(name) and "*" not in name
    }


def _titled(event: EventShape) -> dict[str, Any]:
    return event.schema and {**for_people(event.schema), "title": event_label(event)}


def for_people(schema: Any, depth: int = 0) -> Any:
    """The schema with a title at each property: the one that it has, or its name in words. A title
    that only repeats the name was made by pydantic, and counts as none."""
    if isinstance(schema, list):
        return [for_people(one, depth) for one in schema]
    if not isinstance(schema, Mapping) or depth > DEPTH_LIMIT:
        return schema
    found = dict(schema)
    for word in _PARTS & found.keys():
        found[word] = for_people(found[word], depth + 1)
    for word in _NAMED & found.keys():
        if isinstance(found[word], Mapping):
            found[word] = {name: for_people(part, depth + 1) for name, part in found[word].items()}
    if isinstance(found.get("properties"), Mapping):
        for name, part in found["properties"].items():
            if isinstance(part, dict) and part.get("title") in (None, _title_of(name)):
                part["title"] = words_of(name)
    return found


def _title_of(name: str) -> str:
    """What pydantic gives a field without a title."""
    return name.title().replace("_", " ").strip()


#: where a schema has schemas: one or a list, and by names
_PARTS = frozenset({"items", "prefixItems", "anyOf", "oneOf", "allOf", "additionalProperties"})
_NAMED = frozenset({"properties", "$defs", "definitions"})


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
        return dict(for_people(TypeAdapter(type_).json_schema(mode="validation")))
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        # a type that is read and written by code of its own has no schema
        return None
