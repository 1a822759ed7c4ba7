"""Transitions of an XState document, those of one state at a time.

1. A transition to the state itself or below is internal unless it says ``reenter`` (v5), or
   starts a target with a dot or says ``internal`` (v4).
2. Transitions after one delay share one timer, so the guards are asked in order, once.
3. An event without transitions (``null``, ``{}``) is taken and does nothing: it is forbidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from statehold.chart.event import done_event, timer_event
from statehold.chart.model import Guard, Transition, Trigger
from statehold.chart.normalise import Structure, outcome_trigger
from statehold.formats.notation import TRANSITION_LIMIT
from statehold.formats.xstate.content import LOST
from statehold.formats.xstate.dialect import timer_delay
from statehold.formats.xstate.findings import below, kind_of, shorten
from statehold.formats.xstate.invokes import Invokes
from statehold.formats.xstate.json_reader import members
from statehold.formats.xstate.source_document import SourceDocument
from statehold.formats.xstate.state_index import SourceState, ours_of
from statehold.formats.xstate.targets import targets_of

_TRANSITION_KEYS = frozenset(
    {"target", "guard", "cond", "in", "actions", "reenter", "internal", "description", "meta"}
    | {"event", "delay", "source", "eventType"}
)
_TRANSITION_FIELDS: dict[str, Any] = {
    field.name: field.type
    for field in msgspec.structs.fields(Transition)
    if field.name not in ("id", "source")
}


class Transitions:
    """Reads them; ``structure`` are the chart's states."""

    def __init__(self, document: SourceDocument, invokes: Invokes, structure: Structure) -> None:
        self.document = document
        self.findings = document.findings
        self.content = document.content
        self.index = document.index
        self.invokes = invokes
        self.structure = structure
        #: where each stands in the document, by its id
        self.places: dict[str, str] = {}
        #: the names of events that transitions wait for
        self.events: dict[str, None] = {}
        #: how many transitions would have one id
        self._alike: dict[str, int] = {}

    def read(self, source: SourceState) -> Iterator[Transition]:
        config, place = source.config, source.place
        # XState asks onDone and onError before what "on" says of the same outcome
        outcomes: list[Transition] = []
        for made in self._on(source, config.get("on"), below(place, "on")):
            if made.trigger.kind in ("done", "result", "failure"):
                outcomes.append(made)
            else:
                yield made
        where = below(place, "always")
        yield from self._several(source, config.get("always"), where, Trigger("always"), "always")
        yield from self._after(source, config.get("after"), below(place, "after"))
        if config.get("onDone") is not None:
            where = below(place, "onDone")
            if source.parent is None:
                self.findings.omit("onDone", where, "the machine is over by then")
            else:
                done = Trigger("done", (done_event(source.id),))
                yield from self._several(source, config["onDone"], where, done, "onDone")
        for invoke, written, where in self.invokes.by_state.get(source, ()):
            for key in ("onDone", "onError"):
                if isinstance(written, dict) and key in written:
                    trigger = outcome_trigger([invoke.id], failed=key == "onError")
                    label = f"{invoke.name}.{key}"
                    at = below(where, key)
                    yield from self._several(source, written[key], at, trigger, label)
        yield from outcomes

    def _on(self, source: SourceState, given: Any, place: str) -> Iterator[Transition]:
        if given is None:
            return
        if isinstance(given, list):
            # v4: a list of transitions that name their events
            for number, config in enumerate(given):
                where = below(place, number)
                event = config.get("event") if isinstance(config, dict) else None
                if not isinstance(event, str):
                    self.findings.complain(where, "it names no event", 'give it "event"')
                else:
                    yield from self._for_event(source, event, config, where)
            return
        if not isinstance(given, dict):
            self.findings.complain(place, f"it is {kind_of(given)}", "give an object")
            return
        for event, config in members(given):
            yield from self._for_event(source, event, config, below(place, event))

    def _for_event(
        self, source: SourceState, event: str, config: Any, place: str
    ) -> Iterator[Transition]:
        several = config if isinstance(config, list) else [config]
        delay = timer_delay(event)
        if delay is not None:
            first = next((one for one in several if isinstance(one, dict)), {})
            given = first.get("delay")
            yield from self._timed(source, delay if given is None else given, config, place)
            return
        if all(isinstance(one, dict) and "trigger" in ours_of(one) for one in several):
            trigger: Trigger | None = Trigger("event", (event,))
        else:
            trigger = self._trigger(event, place)
        if trigger is not None:
            yield from self._several(source, config, place, trigger, event or "always")

    def _trigger(self, event: str, place: str) -> Trigger | None:
        if event == "":
            return Trigger("always")
        if event == "*":
            return Trigger("any")
        if "*" in event.removesuffix(".*"):
            hint = 'a wildcard is the last token: "order.*"'
            self.findings.complain(place, f"{shorten(event)!r} has a wildcard inside", hint)
            return None
        if found := re.fullmatch(r"(?:done\.invoke|xstate\.done\.actor)\.(.+)", event):
            return self._outcome(found[1], event, place, failed=False)
        if found := re.fullmatch(r"(?:error\.platform|xstate\.error\.actor)\.(.+)", event):
            return self._outcome(found[1], event, place, failed=True)
        if found := re.fullmatch(r"(?:xstate\.)?done\.state\.(.+)", event):
            state = self.index.with_id(found[1])
            if state is not None:
                return Trigger("done", (done_event(state.id),))
        if event.startswith(("xstate.", "done.state.")):
            self.findings.omit(shorten(event), place, "there is no such event here")
            return None
        if not event.endswith(".*"):
            self.events[event] = None
        return Trigger("event", (event,))

    def _outcome(self, id: str, event: str, place: str, *, failed: bool) -> Trigger | None:
        ids = self.invokes.ids.get(id)
        if not ids:
            self.findings.omit(shorten(event), place, "nothing is invoked by that id")
            return None
        return outcome_trigger(ids, failed=failed)

    def _after(self, source: SourceState, given: Any, place: str) -> Iterator[Transition]:
        if given is None:
            return
        pairs: list[tuple[Any, Any, str]] = []
        if isinstance(given, list):
            # v4: a list of transitions that name their delays
            for number, config in enumerate(given):
                delay = config.get("delay") if isinstance(config, dict) else None
                pairs.append((delay, config, below(place, number)))
        elif isinstance(given, dict):
            pairs = [(key, config, below(place, key)) for key, config in members(given)]
        else:
            self.findings.complain(place, f"it is {kind_of(given)}", "give an object")
        for key, config, where in pairs:
            yield from self._timed(source, key, config, where)

    def _timed(
        self, source: SourceState, key: Any, config: Any, place: str
    ) -> Iterator[Transition]:
        delay = self.content.delay(key, place)
        if delay is not None:
            trigger = Trigger("after", (), delay)
            yield from self._several(source, config, place, trigger, f"after {key}")

    def _several(
        self, source: SourceState, given: Any, place: str, trigger: Trigger, label: str
    ) -> Iterator[Transition]:
        """One transition, or a list of which the first whose guards say yes is taken."""
        # null is what JSON has for undefined, which forbids an event
        several = isinstance(given, list)
        timer: str | None = None
        if given is None and trigger.kind != "event" and trigger.kind != "any":
            return
        before: str | None = None
        for number, config in enumerate(given if several else [given]):
            where = below(place, number) if several else place
            made = self._transition(source, config, where, trigger, label, timer)
            if made is None:
                continue
            if before is not None and "xstate" not in ours_of(self.document.tree):
                why = f"it has none, and comes before {where}; {LOST}, if it had one that was code"
                self.findings.omit("guard", before, why)
            before = None if made.guards else where
            if trigger.kind == "after" and timer is None:
                timer = made.id
            yield made

    def _transition(
        self,
        source: SourceState,
        config: Any,
        place: str,
        trigger: Trigger,
        label: str,
        timer: str | None,
    ) -> Transition | None:
        if config is None or isinstance(config, str):
            config = {} if config is None else {"target": config}
        if not isinstance(config, dict):
            hint = "a transition is a target, an object, or a list of them"
            self.findings.complain(place, f"it is {kind_of(config)}", hint)
            return None
        ours = ours_of(config)
        if ours.get("copy") is True:
            return None
        self.document.leave_out(config, _TRANSITION_KEYS, place)
        id = self._id(source, label, ours.get("id"), place)
        given = config.get("target")
        at = below(place, "target")
        targets = () if given is None else targets_of(self.document, source, given, at)
        reenter = self._reenters(config)
        if reenter and source.parent is None and targets and config.get("reenter") is True:
            where = below(place, "reenter")
            self.findings.omit("reenter", where, "the machine itself is never left")
        onward, internal = tuple(target.id for target in targets), False
        if not reenter:
            onward, internal = self.structure.inward(source.id, onward, self.document.policy)
        if self.document.is_v4 and targets and not reenter:
            internal = internal or bool(onward)
        if trigger.kind == "after":
            # those after the first wait for its timer
            trigger = (
                Trigger("after", (timer_event(id),), trigger.delay)
                if timer is None
                else Trigger("event", (timer_event(timer),))
            )
        made = Transition(
            id=id,
            source=source.id,
            trigger=trigger,
            targets=onward,
            guards=self._guards(source, config, place),
            actions=self.content.blocks(config.get("actions"), below(place, "actions")),
            internal=internal,
            doc=self.content.text(config, "description", place),
            meta=self.document.meta_of(config, place),
        )
        return self.document.with_ours(made, ours, _TRANSITION_FIELDS, place)

    def _id(self, source: SourceState, label: str, given: Any, place: str) -> str:
        id = f"{source.id}.{label}" if source.id else label
        if isinstance(given, str):
            id = given
        plain = id
        while id in self.places:
            # counting on from the last one keeps many equal ids linear
            self._alike[plain] = self._alike.get(plain, 0) + 1
            id = f"{plain}[{self._alike[plain]}]"
        self.places[id] = place
        if len(self.places) > TRANSITION_LIMIT:
            message = f"it has more than {TRANSITION_LIMIT} transitions"
            self.findings.complain("the document", message, "split it into several machines")
            self.findings.refuse("xstate")
        return id

    def _reenters(self, config: Mapping[str, Any]) -> bool:
        if not self.document.is_v4:
            return config.get("reenter") is True
        if config.get("internal") is not None:
            return config["internal"] is not True
        given = config.get("target")
        texts = given if isinstance(given, list) else [given]
        return not any(isinstance(text, str) and text.startswith(".") for text in texts)

    def _guards(
        self, source: SourceState, config: Mapping[str, Any], place: str
    ) -> tuple[Guard, ...]:
        key = "guard" if config.get("guard") is not None else "cond"
        guards = self.content.guards(config.get(key), below(place, key))
        if config.get("in") is not None:
            # version 4 looks for it from the state around the source's parent
            above = source if source.parent is None else source.parent.parent or source.parent
            start = above if self.document.is_v4 else self.index.root
            guards = (*guards, *self.content.within(config["in"], below(place, "in"), start))
        return guards
