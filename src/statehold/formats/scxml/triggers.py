"""Triggers and guards of transitions (SCXML 3.12, 5.9)."""

from __future__ import annotations

from collections.abc import Iterable

from statehold.chart.model import EventShape, Guard, Transition, Trigger
from statehold.formats.scxml.content import Content
from statehold.formats.scxml.ids import Ids
from statehold.formats.scxml.markup import Element
from statehold.formats.scxml.vocabulary import IN
from statehold.interpreter.selection import is_reserved


def trigger_of(events: tuple[str, ...], ids: Ids) -> Trigger:
    """The trigger of these descriptors: a completion or an outcome where they name one."""
    if not events:
        return Trigger("always")
    if events == ("*",):
        return Trigger("any")
    if len(events) == 1:
        if events[0] in ids.completions:
            return Trigger("done", events)
        if events[0] in ids.results:
            return Trigger("result", events)
    return Trigger("event", events)


def guards_of(element: Element, content: Content, ids: Ids, place: str) -> tuple[Guard, ...]:
    """A ``cond``; ``In('state')`` alone needs no function."""
    text = (element.get("cond") or "").strip()
    if not text:
        return ()
    found = IN.fullmatch(text)
    asked = (found[1] or found[2]) if found else None
    if asked in ids.known:
        return (Guard(str(asked), "in"),)
    return (Guard(content.guard(element, text, place)),)


def events_of(transitions: Iterable[Transition]) -> tuple[EventShape, ...]:
    """The events that transitions wait for, for ``allowed``."""
    named = (
        descriptor.removesuffix(".*").removesuffix(".")
        for transition in transitions
        if transition.trigger.kind == "event"
        for descriptor in transition.trigger.events
    )
    found = dict.fromkeys(
        name
        for name in named
        if name not in ("", "*") and not is_reserved(f"{name}.") and not is_reserved(name)
    )
    return tuple(EventShape(name) for name in found)
