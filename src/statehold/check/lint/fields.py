"""The data, the functions that use it, and the events that they raise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from statehold.chart.machine import Function
from statehold.check.lint.analysis import Analysis, listed
from statehold.check.lint.finding import Finding
from statehold.check.lint.function_uses import FunctionUses, read
from statehold.interpreter.selection import is_reserved

_ABSENT = object()


def never_set(subject: Analysis) -> Iterator[Finding]:
    """Fields that begin empty, that something reads and no action sets.

    Nothing is said where some action may set more than can be told.
    """
    actions = [subject.reading(name) for name in subject.action_names]
    if subject.definition is None or any(r.gives or not r.known for r in actions):
        return
    written = frozenset().union(*(reading.writes for reading in actions))
    readers: dict[str, list[str]] = {}
    for name, reading in _readings(subject):
        for field in reading.reads:
            readers.setdefault(field, []).append(name)
    schema = subject.chart.data_schema
    for field, shape in schema.get("properties", {}).items():
        empty = field not in schema.get("required", ()) and not (
            isinstance(shape, dict) and shape.get("default")
        )
        if not empty or field in written or field not in readers:
            continue
        default = shape.get("default", _ABSENT) if isinstance(shape, dict) else _ABSENT
        nothing = default is None
        yield subject.finding(
            "never-set",
            "field",
            field,
            f"{listed(dict.fromkeys(readers[field]))} reads it, and no action sets it: unless it "
            f"is given at the start, it is {'empty' if default is _ABSENT else repr(default)}",
            "set it in an action, or make it a field that every start has to give",
            # a switch that is off unless the start turns it on is an ordinary thing
            severity=None if nothing else "info",
        )


def unknown_fields(subject: Analysis) -> Iterator[Finding]:
    """An error where the function touches the data in no other way: one that hands it on, or is
    ready for errors, may have made sure of the field before (``hasattr``)."""
    definition = subject.definition
    if definition is None:
        return
    for name, reading in _readings(subject):
        lost = [
            field
            for field in sorted(reading.reads | reading.writes)
            if not field.startswith("_") and not _has(definition.data.type, field, subject)
        ]
        if lost:
            known = listed(subject.chart.data_schema.get("properties", {}))
            yield subject.finding(
                "unknown-field",
                "function",
                name,
                f"it uses {listed(lost)}, which the data does not have",
                f"the data has {known or 'no fields'}",
                severity=None if reading.known else "warning",
            )


def changing_guards(subject: Analysis) -> Iterator[Finding]:
    for name in subject.guard_names:
        stored = subject.reading(name).stores
        if stored:
            yield subject.finding(
                "guard-changes-data",
                "function",
                name,
                f"it is a guard and sets {listed(sorted(stored))}: it is asked as often as it "
                "takes, whether its transition is chosen or not",
                "set it in do=, which runs once, when the transition is taken",
            )


def impure(subject: Analysis) -> Iterator[Finding]:
    for name in dict.fromkeys((*subject.guard_names, *subject.action_names, *subject.value_names)):
        outside = subject.reading(name).outside
        if outside:
            yield subject.finding(
                "reads-clock",
                "function",
                name,
                f"it calls {listed(dict.fromkeys(outside))}, so the same event gives another "
                "result when it is tried again",
                "take the time from context.now, and let an effect do what is done outside",
            )


def unheard(subject: Analysis) -> Iterator[Finding]:
    """Events that are declared, raised or sent to itself, and that no transition is for."""
    raised: dict[str, list[str]] = {}
    for name in subject.action_names:
        for event in subject.reading(name).raises:
            raised.setdefault(event, []).append(name)
    declared = [event.name for event in subject.chart.events]
    for event in dict.fromkeys((*declared, *raised)):
        if subject.hears(event):
            continue
        if event in raised:
            message = f"{listed(raised[event])} raises it, and no transition takes it"
        else:
            message = "it is declared, and no transition takes it: whoever sends it is refused"
        yield subject.finding(
            "unheard-event",
            "event",
            event,
            message,
            "add a transition for it, or take it out",
        )


def undeclared(subject: Analysis) -> Iterator[Finding]:
    """Events that are waited for, in a chart that declares its events and not these."""
    chart = subject.chart
    actions = [subject.reading(name) for name in subject.action_names]
    if not chart.events or chart.policy.matching != "exact":
        return
    if not all(reading.known for reading in actions):
        return
    known = {event.name for event in chart.events}.union(*(r.raises for r in actions))
    for t in chart.transitions:
        lost = [n for n in t.trigger.events if n not in known and not is_reserved(n)]
        if t.trigger.kind == "event" and lost:
            yield subject.finding(
                "undeclared-event",
                "transition",
                t.id,
                f"it waits for {listed(lost)}, which nobody can send: it is not among the "
                "machine's events, and no action raises it",
                "declare it",
            )


def _readings(subject: Analysis) -> Iterator[tuple[str, FunctionUses]]:
    """Every function of the chart, effects included, with what is known of it."""
    for name in dict.fromkeys((*subject.guard_names, *subject.value_names, *subject.action_names)):
        yield name, subject.reading(name)
    effects = subject.definition.effects if subject.definition is not None else {}
    for name, effect in effects.items():
        yield name, read(Function(effect.run, 1))


def _has(type_: Any, field: str, subject: Analysis) -> bool:
    """Says yes wherever it can't be told: code of the type's own may give it any attribute."""
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        # pydantic's own ``__getattr__`` finds nothing that is not declared
        made_up = getattr(type_, "__getattr__", None) is not getattr(BaseModel, "__getattr__", None)
        if type_.model_config.get("extra") == "allow" or made_up:
            return True
        return field in type_.model_fields or hasattr(type_, field)
    if isinstance(type_, type) and dataclasses.is_dataclass(type_):
        if any(hasattr(type_, made) for made in ("__getattr__", "__post_init__")):
            return True
        return field in {one.name for one in dataclasses.fields(type_)} or hasattr(type_, field)
    schema = subject.chart.data_schema
    if schema.get("additionalProperties") is False:
        return field in schema.get("properties", {}) or hasattr(dict, field)
    return True
