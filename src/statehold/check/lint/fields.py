"""Checks of the data's fields, the functions that use them, and the events that these raise."""

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


def never_set(analysis: Analysis) -> Iterator[Finding]:
    """Fields that are empty at first, that a function reads and no action sets.

    There are no findings where an action may set fields that are not known.
    """
    actions = [analysis.reading(name) for name in analysis.action_names]
    if analysis.definition is None or any(r.gives or not r.known for r in actions):
        return
    maker = analysis.definition.maker
    if maker is not None:
        if maker.function.uses is None:
            # what Python code puts in the data that it makes is not known
            return
        actions.append(read(maker.function))
    written = frozenset().union(*(reading.writes for reading in actions))
    readers: dict[str, list[str]] = {}
    for name, reading in _readings(analysis):
        for field in reading.reads:
            readers.setdefault(field, []).append(name)
    schema = analysis.chart.data_schema
    for field, shape in schema.get("properties", {}).items():
        empty = field not in schema.get("required", ()) and not (
            isinstance(shape, dict) and shape.get("default")
        )
        if not empty or field in written or field not in readers:
            continue
        default = shape.get("default", _ABSENT) if isinstance(shape, dict) else _ABSENT
        nothing = default is None
        yield analysis.finding(
            "never-set",
            "field",
            field,
            f"{listed(dict.fromkeys(readers[field]))} reads it, and no action sets it: unless it "
            f"is given at the start, it is {'empty' if default is _ABSENT else repr(default)}",
            "set it in an action, or make it a required field",
            # an option that is off by default is common
            severity=None if nothing else "info",
        )


def unknown_fields(analysis: Analysis) -> Iterator[Finding]:
    """An error if all uses of the data in the function are known. A function that passes it on or
    handles errors may have tested for the field (``hasattr``): a warning."""
    definition = analysis.definition
    if definition is None:
        return
    for name, reading in _readings(analysis):
        lost = [
            field
            for field in sorted(reading.reads | reading.writes)
            if not field.startswith("_") and not _has(definition.data.type, field, analysis)
        ]
        if lost:
            known = listed(analysis.chart.data_schema.get("properties", {}))
            yield analysis.finding(
                "unknown-field",
                "function",
                name,
                f"it uses {listed(lost)}, which the data does not have",
                f"the data has {known or 'no fields'}",
                severity=None if reading.known else "warning",
            )


def changing_guards(analysis: Analysis) -> Iterator[Finding]:
    for name in analysis.guard_names:
        stored = analysis.reading(name).stores
        if stored:
            yield analysis.finding(
                "guard-changes-data",
                "function",
                name,
                f"it is a guard and sets {listed(sorted(stored))}: guards are called any number of "
                "times, whether their transition is chosen or not",
                "set it in do=, which runs once, when the transition is taken",
            )


def impure(analysis: Analysis) -> Iterator[Finding]:
    functions = [(name, analysis.reading(name)) for name in analysis.function_names]
    maker = None if analysis.definition is None else analysis.definition.maker
    if maker is not None:
        functions.append((analysis.chart.input or "", read(maker.function)))
    for name, reading in functions:
        outside = reading.outside
        if outside:
            yield analysis.finding(
                "reads-clock",
                "function",
                name,
                f"it calls {listed(dict.fromkeys(outside))}, so the same event gives another "
                "result when it is tried again",
                "take the time from context.now, and use an effect for work on the outside",
            )


def unheard(analysis: Analysis) -> Iterator[Finding]:
    """Events that are declared, raised or sent to itself, and that no transition takes."""
    raised: dict[str, list[str]] = {}
    for name in analysis.action_names:
        for event in analysis.reading(name).raises:
            raised.setdefault(event, []).append(name)
    declared = [event.name for event in analysis.chart.events]
    for event in dict.fromkeys((*declared, *raised)):
        if analysis.hears(event):
            continue
        if event in raised:
            message = f"{listed(raised[event])} raises it, and no transition takes it"
        else:
            message = "it is declared, and no transition takes it: it is always refused"
        yield analysis.finding(
            "unheard-event",
            "event",
            event,
            message,
            "add a transition for it, or remove it",
        )


def undeclared(analysis: Analysis) -> Iterator[Finding]:
    """Undeclared events of transitions, in a chart that declares events."""
    chart = analysis.chart
    actions = [analysis.reading(name) for name in analysis.action_names]
    if not chart.events or chart.policy.matching != "exact":
        return
    if not all(reading.known for reading in actions):
        return
    known = {event.name for event in chart.events}.union(*(r.raises for r in actions))
    for t in chart.transitions:
        lost = [n for n in t.trigger.events if n not in known and not is_reserved(n)]
        if t.trigger.kind == "event" and lost:
            yield analysis.finding(
                "undeclared-event",
                "transition",
                t.id,
                f"it waits for {listed(lost)}, which can't be sent: it is not among the "
                "machine's events, and no action raises it",
                "declare it",
            )


def _readings(analysis: Analysis) -> Iterator[tuple[str, FunctionUses]]:
    """Every function of the chart, effects included, with its uses of the data."""
    for name in analysis.function_names:
        yield name, analysis.reading(name)
    effects = analysis.definition.effects if analysis.definition is not None else {}
    for name, effect in effects.items():
        yield name, read(Function(effect.run, 1))


def _has(type_: Any, field: str, analysis: Analysis) -> bool:
    """Whether the type has the field; True where its own code may provide any attribute."""
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        # pydantic's own ``__getattr__`` provides only declared attributes
        is_own = getattr(type_, "__getattr__", None) is not getattr(BaseModel, "__getattr__", None)
        if type_.model_config.get("extra") == "allow" or is_own:
            return True
        return field in type_.model_fields or hasattr(type_, field)
    if isinstance(type_, type) and dataclasses.is_dataclass(type_):
        if any(hasattr(type_, made) for made in ("__getattr__", "__post_init__")):
            return True
        return field in {one.name for one in dataclasses.fields(type_)} or hasattr(type_, field)
    schema = analysis.chart.data_schema
    if schema.get("additionalProperties") is False:
        return field in schema.get("properties", {}) or hasattr(dict, field)
    return True
