"""Triggers of transitions, from the rules of the class."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from statehold.chart.effect import Effect
from statehold.chart.event import (
    CANCEL_EVENT,
    AnyEvent,
    Cancellation,
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
from statehold.chart.model import ROOT, Trigger
from statehold.chart.normalise import Structure, outcome_trigger
from statehold.define.binding import Binder
from statehold.define.declarations import Declarations, NamedRule
from statehold.define.effects import Child
from statehold.define.function import UNKNOWN, members_of, union_of
from statehold.define.narrowing import Narrowed
from statehold.define.rule import several

_TYPES: dict[str, Any] = {
    "after": TimerFired,
    "done": Done,
    "failure": Failure,
    "cancel": Cancellation,
}


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
                declarations.always_do,
            )
            for item in several(value)
            if isinstance(item, Effect)
        }

    def of(self, named: NamedRule, source: str, id: str) -> Trigger | None:
        rule, place = named.rule, named.place
        if rule.kind == "event":
            return self._events_trigger(rule.subject, place)
        if rule.kind == "after":
            delay = self.binder.delay(rule.subject, "delay", place)
            return Trigger("after", (timer_event(id),), delay) if delay else None
        if rule.kind == "always":
            return Trigger("always")
        if rule.kind == "cancel":
            return Trigger("cancel", (CANCEL_EVENT,))
        if rule.kind == "done":
            if source == ROOT:
                self.binder.complain(
                    place,
                    "on_done starts from the machine itself, whose end is the end of the instance",
                    "start from a Compound or Parallel state, or let the Final have an entry=",
                )
            elif self.declarations.kind_of(source) not in ("compound", "parallel"):
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
            for subject in _events_of(named.rule.subject)
        ]
        events = {
            event.__event__: event
            for event in subjects
            if _is_event(event) and event not in (AnyEvent, Event, Undeliverable)
        }
        return events, AnyEvent in subjects

    def _events_trigger(self, subject: Any, place: str) -> Trigger | None:
        """One for an event, or for several: they are taken alike."""
        events = _events_of(subject)
        if not events:
            self.binder.complain(place, "it names no event", "write on(First, ...), or several")
        if AnyEvent in events and len(events) > 1:
            self.binder.complain(
                place,
                "it names AnyEvent among others",
                "name AnyEvent alone, which takes them too; rules for one event come first",
            )
            return None
        triggers = [self._event_trigger(event, place) for event in events]
        if not triggers or None in triggers:
            return None
        if len(triggers) == 1:
            return triggers[0]
        return Trigger("event", tuple(name for t in triggers if t is not None for name in t.events))

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
        machine = machine_of(what)
        among = self.binder.invoked.get(what, ()) if isinstance(what, Child) else None
        if isinstance(what, Effect):
            kind, name = "effect", what.name
            known: Any = self.binder.effects.get(name)
        elif machine is not None:
            kind, name = "machine", machine.name
            known, what = self.binder.children.get(name), machine
        else:
            self.binder.complain(
                place,
                f"{getattr(what, '__name__', repr(what))} is neither an effect nor a machine",
                "put @effect above the function",
            )
            return None
        ids, others = self.structure.outcomes_of(name, source, kind, among)
        if kind == "effect" and name in self.detached:
            ids = (*ids, name)
        if known is not what or not ids:
            elsewhere = ", ".join(others)
            self.binder.complain(
                place,
                f"no state in or around {source or 'the machine'} asks for {name}, so its outcome "
                "never arrives",
                f"it is invoked by {elsewhere}: start the arrow there"
                if elsewhere
                else f"a use with data= has an effect of its own, {narrowed}: name it as the use "
                "has it"
                if (narrowed := self._narrowed(what)) is not None
                else f"add invoke={name} to the state, or do={name} to a transition"
                if kind == "effect"
                else "add invoke=child(...) to the state",
            )
            return None
        return outcome_trigger(ids, failed=rule.kind == "failure")

    def _narrowed(self, effect: Any) -> str | None:
        """The name that a use has for the effect, if it sees a part of the data there."""
        for known in self.binder.effects.values():
            if isinstance(known.run, Narrowed) and known.run.__wrapped__ is getattr(
                effect, "run", None
            ):
                return known.name
        return None

    def event_type(self, named: NamedRule) -> Any:
        """The type of the event that guards and actions of the rule take."""
        rule = named.rule
        if rule.kind == "event":
            events = _events_of(rule.subject)
            return union_of(events) if events and all(map(_is_event, events)) else UNKNOWN
        if rule.kind == "result":
            result = self.value_type(rule.subject)
            anything: Any = Result
            return anything if result is None else anything[result]
        return _TYPES.get(rule.kind, UNKNOWN)

    @staticmethod
    def value_type(subject: Any) -> Any:
        """The type of an effect's result or a child's output; None where it is not annotated."""
        machine = machine_of(subject)
        if machine is not None:
            return machine.output_type
        return getattr(subject, "result_type", None)


def machine_of(subject: Any) -> Definition[Any] | None:
    """The machine whose outcome a rule takes: that of a class, or of a child."""
    found = getattr(subject.machine if isinstance(subject, Child) else subject, "definition", None)
    return found if isinstance(found, Definition) else None


def _events_of(subject: Any) -> tuple[Any, ...]:
    """What a rule for events names, each once: one, several in a tuple, or a union."""
    found = [
        event
        for member in several(subject)
        # a list, say, is none and can't be looked into
        for event in (members_of(member) if isinstance(member, Hashable) else (member,))
    ]
    return tuple({id(event): event for event in found}.values())


def _is_event(value: Any) -> bool:
    return isinstance(value, type) and (issubclass(value, Event) or value is Undeliverable)
