"""Transitions of a document: one table, each row with its name, in the order of the text.

They mean what the class notation's mean: events are matched exactly, and a transition to its own
state or a state inside stays within it unless it says ``reenter`` (docs/decisions/0002).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from statehold.chart.event import (
    done_event,
    timer_event,
)
from statehold.chart.model import ROOT, Guard, Policy, Transition, Trigger
from statehold.chart.normalise import Structure, outcome_trigger
from statehold.formats.native.actions import Actions
from statehold.formats.native.fields import Typed
from statehold.formats.native.functions import (
    COMPLETED,
    FAILED,
    NOWHERE,
    UNDELIVERED,
    Functions,
    Situation,
    event_situation,
    result_situation,
)
from statehold.formats.native.reading import near, shown
from statehold.formats.native.states import Outline, States
from statehold.formats.notation import TRANSITION_LIMIT
from statehold.plain.values import Path

TRIGGERS = ("on", "after", "always", "on_done", "on_result", "on_failure")
TRANSITION_WORDS = frozenset(
    {*TRIGGERS, "from", "to", "when", "do", "by", "reenter", "doc", "meta"}
)
#: what an event that could not be delivered comes back as
UNDELIVERABLE = "error.communication"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}(\[[A-Za-z0-9_.-]{1,999}\])?")
_GUARD = frozenset({"in", "function"})


class Transitions:
    """Compiles the table. ``structure`` are the chart's states, compiled."""

    def __init__(
        self,
        outline: Outline,
        states: States,
        actions: Actions,
        functions: Functions,
        results: Mapping[str, Typed],
        structure: Structure,
    ) -> None:
        self.outline = outline
        self.states = states
        self.reading = outline.reading
        self.actions = actions
        self.functions = functions
        self.results = results
        self.structure = structure

    def read(self, value: Any) -> Iterator[Transition]:
        count = 0
        for name, said in self.reading.mapping(value, ("transitions",)).items():
            path: Path = ("transitions", name)
            if not _NAME.fullmatch(name):
                self.reading.complain(
                    path, f"a transition can't be called {name!r}", "use letters, digits, _ . and -"
                )
                continue
            for transition in self._rows(name, self._said(said, path), path):
                count += 1
                if count > TRANSITION_LIMIT:
                    self.reading.complain(path, f"there are more than {TRANSITION_LIMIT}")
                    return
                yield transition

    def _said(self, said: Any, path: Path) -> Mapping[str, Any]:
        return self.reading.mapping(said, path, TRANSITION_WORDS)

    def _rows(self, name: str, said: Mapping[str, Any], path: Path) -> Iterator[Transition]:
        """One for each source; they share guards and actions."""
        reading = self.reading
        sources = (
            self.outline.named(said["from"], (*path, "from"), None) if "from" in said else (ROOT,)
        )
        targets = self.outline.named(said.get("to"), (*path, "to"))
        triggers = [word for word in TRIGGERS if word in said]
        if len(triggers) != 1:
            reading.complain(
                path, f"it has {' and '.join(triggers) or 'no trigger'}",
                f"a transition has one of {', '.join(TRIGGERS)}",
            )  # fmt: skip
            return
        if not sources and sources is not None:
            reading.complain((*path, "from"), "it names no state", "leave it out for any state")
        kind = triggers[0]
        several = sources is not None and len(sources) > 1
        ids = {source: f"{name}[{source}]" if several else name for source in sources or ()}
        made = {source: self._trigger(kind, said, source, id, path) for source, id in ids.items()}
        situation = self._situation(kind, said, [trigger for trigger in made.values() if trigger])
        guards = tuple(self._guards(said, path, situation))
        actions = self.actions.block(said.get("do"), (*path, "do"), situation)
        reenter = reading.flag(said.get("reenter"), (*path, "reenter"))
        doc = reading.text(said.get("doc"), (*path, "doc")) or ""
        meta = dict(reading.mapping(said.get("meta"), (*path, "meta")))
        for source, trigger in made.items():
            if trigger is None or targets is None:
                continue
            onward, internal = targets, False
            if not reenter and source != ROOT:
                onward, internal = self.structure.inward(source, targets, Policy())
            yield Transition(
                ids[source], source, trigger, onward, guards, actions, internal, doc, meta
            )

    # --- triggers ---

    def _trigger(
        self, kind: str, said: Mapping[str, Any], source: str, id: str, path: Path
    ) -> Trigger | None:
        here = (*path, kind)
        value = said[kind]
        if kind == "on":
            return self._events(value, here)
        if kind == "after":
            delay = self.states.delay(value, here)
            if value is None:
                self.reading.complain(here, "it has no delay", "write after: 10m")
            return Trigger("after", (timer_event(id),), delay) if delay else None
        if kind in ("always", "on_done"):
            if value is not True:
                self.reading.complain(here, f"it is {shown(value)}", f"write {kind}: true")
            if kind == "always":
                return Trigger("always")
            if self.outline.kind(source) not in ("compound", "parallel"):
                self.reading.complain(
                    here, f"{source} has no states inside and is never done",
                    "start from a state that has some, or write on: an event",
                )  # fmt: skip
            return Trigger("done", (done_event(source),))
        return self._outcome(kind, value, source, here)

    def _events(self, value: Any, path: Path) -> Trigger | None:
        names = self.reading.words(value, path)
        if names == ("*",):
            return Trigger("any")
        known = self.actions.known.events
        for name in names:
            if name not in known and name != UNDELIVERABLE:
                self.reading.complain(
                    path, f"there is no event {name!r}", near(name, [*known, UNDELIVERABLE])
                )
        if not names:
            self.reading.complain(path, "it names no event", "write on: Accept")
        return Trigger("event", names) if names else None

    def _outcome(self, kind: str, value: Any, source: str, path: Path) -> Trigger | None:
        name = self.reading.text(value, path, "an effect's or a machine's name")
        if not name:
            return None
        ids, others = self.structure.outcomes_of(name, source)
        if name in self.actions.detached:
            ids = (*ids, name)
        if not ids:
            known = {*self.actions.known.effects, *self.states.children}
            elsewhere = ", ".join(others)
            if name in known:
                hint = (
                    f"it is invoked by {elsewhere}: start there"
                    if elsewhere
                    else (f"write invoke: {name} at the state, or do: {{effect: {name}}} somewhere")
                )
            else:
                hint = near(name, known)
            self.reading.complain(path, f"nobody around {source} asks for {name!r}", hint)
            return None
        return outcome_trigger(ids, failed=kind == "on_failure")

    def _situation(self, kind: str, said: Mapping[str, Any], made: list[Trigger]) -> Situation:
        events = tuple(dict.fromkeys(name for trigger in made for name in trigger.events))
        if kind == "on":
            known = self.actions.known.payloads
            if events == (UNDELIVERABLE,):
                return UNDELIVERED
            if UNDELIVERABLE in events or not events:
                return NOWHERE
            return event_situation(tuple(name for name in events if name in known), known)
        if kind == "on_result":
            name = said[kind]
            typed = self.results.get(name) if isinstance(name, str) else None
            return result_situation(typed, events)
        if kind == "on_failure":
            return Situation(FAILED.variables, FAILED.closed, events)
        if kind == "on_done":
            return Situation(COMPLETED.variables, frozenset(), events)
        return NOWHERE

    # --- guards ---

    def _guards(self, said: Mapping[str, Any], path: Path, situation: Situation) -> Iterator[Guard]:
        for item, rest in self.reading.several(said.get("when")):
            here = (*path, "when", *rest)
            if not isinstance(item, dict):
                name = self.functions.guard(item, here, situation)
                if name:
                    yield Guard(name)
                continue
            asked = self.reading.mapping(item, here, _GUARD)
            if len(asked) != 1:
                self.reading.complain(here, "a guard asks one thing", "write in, or function")
            elif "in" in asked:
                for state in self.outline.named(asked["in"], (*here, "in")) or ():
                    yield Guard(state, "in")
            elif name := self.functions.lent(asked.get("function"), (*here, "function")):
                yield Guard(name)
        roles = self.reading.words(said.get("by"), (*path, "by"))
        for role in roles:
            if "," in role:
                self.reading.complain((*path, "by"), f"the role {role!r} has a comma in it")
        if roles:
            # last, so that a refusal can tell that nothing but the role stood in the way
            yield Guard(",".join(roles), "by")
