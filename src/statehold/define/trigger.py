"""Triggers of transitions, from the rules of the class."""

from __future__ import annotations

from typing import Any

from statehold.chart.effect import Effect
from statehold.chart.event import (
    AnyEvent,
    Done,
    Event,
    Failure,
    Result,
    TimerFired,
    Undeliverable,
    done_event,
    timer_event,
)
from statehold.chart.machine import Definition
from statehold.chart.model import Trigger
from statehold.chart.normalise import Structure, outcome_trigger
from statehold.define.binding import Binder
from statehold.define.declarations import Declarations, NamedRule
from statehold.define.function import UNKNOWN, members_of
from statehold.define.rule import several


class Triggers:
    """The triggers of one machine's rules. Collects ``events`` by name."""

    def __init__(self, declarations: Declarations, binder: Binder, structure: Structure) -> None:
        self.declarations = declarations
        self.binder = binder
        self.structure = structure
        self.events: dict[str, type[Event]] = {}
        #: names of the effects that actions ask for
        self.detached = {
            item.name
            for value in (
                *(named.declared.entry for named in declarations.states),
                *(named.declared.exit for named in declarations.states),
                *(named.rule.do for named in declarations.rules),
            )
            for item in several(value)
            if isinstance(item, Effect)
        }

    def of(self, named: NamedRule, source: str, id: str) -> Trigger | None:
        rule, place = named.rule, named.place
        if rule.kind == "event":
            return self._event_trigger(rule.subject, place)
        if rule.kind == "after":
            delay = self.binder.delay(rule.subject, "delay", place)
            return Trigger("after", (timer_event(id),), delay) if delay else None
        if rule.kind == "always":
            return Trigger("always")
        if rule.kind == "done":
            if self.declarations.kind_of(source) not in ("compound", "parallel"):
                self.binder.complain(
                    place,
                    f"on_done starts from {source}, which has no states inside and is never done",
                    "start from a Compound or Parallel state, or use on(...)",
                )
            return Trigger("done", (done_event(source),))
        return self._outcome_trigger(named, source)

    def of_rules(self) -> tuple[dict[str, type[Event]], bool]:
        """The events that rules name, also those rules that have a mistake of another kind, and
        whether one takes ``AnyEvent``."""
        subjects = [
            subject
            for named in self.declarations.rules
            if named.rule.kind == "event"
            for member in several(named.rule.subject)
            for subject in members_of(member)
        ]
        events = {
            event.__event__: event
            for event in subjects
            if _is_event(event) and event not in (AnyEvent, Event, Undeliverable)
        }
        return events, AnyEvent in subjects

    def _event_trigger(self, event: Any, place: str) -> Trigger | None:
        if not _is_event(event):
            self.binder.complain(
                place,
                f"{getattr(event, '__name__', repr(event))} is not an event",
                f"write class {getattr(event, '__name__', 'Name')}(Event): ...",
            )
            return None
        if event is AnyEvent:
            return Trigger("any")
        if event is Undeliverable:
            return Trigger("event", ("error.communication",))
        if event is Event:
            self.binder.complain(
                place, "Event itself is never sent", "name a subclass, or AnyEvent for all of them"
            )
            return None
        name = event.__event__
        if self.events.setdefault(name, event) is not event:
            self.binder.complain(
                place,
                f"two event classes are called {name}, in {self.events[name].__module__} and "
                f"{event.__module__}",
                "rename one of them",
            )
        return Trigger("event", (name,))

    def _outcome_trigger(self, named: NamedRule, source: str) -> Trigger | None:
        rule, place = named.rule, named.place
        what = rule.subject
        machine = getattr(what, "definition", None)
        if isinstance(what, Effect):
            kind, name = "effect", what.name
            known: Any = self.binder.effects.get(name)
        elif isinstance(machine, Definition):
            kind, name = "machine", machine.name
            known, what = self.binder.children.get(name), machine
        else:
            self.binder.complain(
                place,
                f"{getattr(what, '__name__', repr(what))} is neither an effect nor a machine",
                "put @effect above the function",
            )
            return None
        ids, others = self.structure.outcomes_of(name, source, kind)
        if kind == "effect" and name in self.detached:
            ids = (*ids, name)
        if known is not what or not ids:
            elsewhere = ", ".join(others)
            self.binder.complain(
                place,
                f"no state in or around {source} asks for {name}, so its outcome never arrives",
                f"it is invoked by {elsewhere}: start the arrow there"
                if elsewhere
                else f"add invoke={name} to the state, or do={name} to a transition"
                if kind == "effect"
                else "add invoke=child(...) to the state",
            )
            return None
        return outcome_trigger(ids, failed=rule.kind == "failure")

    def event_type(self, named: NamedRule) -> Any:
        """The type of the event that guards and actions of the rule take."""
        rule = named.rule
        if rule.kind == "event":
            return rule.subject if _is_event(rule.subject) else UNKNOWN
        if rule.kind == "result":
            machine = getattr(rule.subject, "definition", None)
            result: Any = (
                machine.output_type
                if isinstance(machine, Definition)
                else getattr(rule.subject, "result_type", None)
            )
            anything: Any = Result
            return anything if result is None else anything[result]
        return {"after": TimerFired, "done": Done, "failure": Failure}.get(rule.kind, UNKNOWN)


def _is_event(value: Any) -> bool:
    return isinstance(value, type) and (issubclass(value, Event) or value is Undeliverable)
