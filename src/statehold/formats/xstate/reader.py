"""From an XState document to a chart, functions aside.

XState's rules are the chart's policy (``wildcard`` matching, ``xstate`` or ``xstate4`` nesting), so
order and conflicts are decided by the interpreter. What is left is what its short forms mean:

1. A transition to the state itself or below is internal unless it says ``reenter`` (v5), or
   starts a target with a dot or says ``internal`` (v4).
2. Transitions after one delay share one timer, so the guards are asked in order, once.
3. An event without transitions (``null``, ``{}``) is taken and does nothing: it is forbidden.
4. What stands under ``statehold`` in a ``meta`` is a field of the chart that XState can't say.
5. ``null`` is as good as absent. What ``JSON.stringify`` makes of a machine has its timers and
   outcomes among its events, and whatever was code is gone: where that shows, it is an omission.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from statehold.chart.event import done_event, timer_event
from statehold.chart.model import (
    Block,
    Chart,
    EventShape,
    Guard,
    Initial,
    Invoke,
    Policy,
    StateNode,
    Transition,
    Trigger,
)
from statehold.chart.normalise import Structure, outcome_trigger
from statehold.formats.notation import TRANSITION_LIMIT
from statehold.formats.xstate.content import LOST, Content
from statehold.formats.xstate.dialect import (
    VERSIONS,
    Version,
    is_stringified,
    marks,
    timer_delay,
    version_of,
)
from statehold.formats.xstate.document import (
    Findings,
    below,
    canonical,
    kind_of,
    members,
    shorten,
)
from statehold.formats.xstate.outline import OURS, Outline, Source, ours_of

S = TypeVar("S", Chart, StateNode, Transition)

POLICY = Policy(matching="wildcard", nesting="xstate")
POLICY_4 = Policy(matching="wildcard", nesting="xstate4")
#: targets of one transition
TARGET_LIMIT = 64

_STATE_KEYS = frozenset(
    {"id", "key", "type", "parallel", "initial", "states", "on", "always", "after", "onDone"}
    | {"entry", "exit", "onEntry", "onExit", "invoke", "history", "target", "output", "data"}
    | {"tags", "meta", "description", "order", "transitions", "activities"}
)
#: of each state where JSON.stringify made it of a machine of version 4
_MADE_KEYS = frozenset({"version"})
_ROOT_KEYS = frozenset(
    {"context", "version", "types", "tsTypes", "schema", "schemas", "$schema", "strict"}
    | {"predictableActionArguments", "preserveActionOrder", "delimiter", "options", "actions"}
    | {"guards", "services", "delays"}
)
_TRANSITION_KEYS = frozenset(
    {"target", "guard", "cond", "in", "actions", "reenter", "internal", "description", "meta"}
    | {"event", "delay", "source", "eventType"}
)
_INITIAL_KEYS = frozenset({"target", "actions", "description", "meta", "source", "eventType"})
_INVOKE_KEYS = frozenset({"id", "src", "type", "onDone", "onError", "input", "data", "autoForward"})
_WHY = {
    "systemId": "instances are found by their ids",
    "route": "there are no routes",
    "timeout": "write it as after",
    "onSnapshot": "an effect tells nothing before its outcome",
}


class Reader:
    """``chart`` is what came out; whether it is sound is for ``findings`` and for validation."""

    def __init__(
        self,
        document: dict[str, Any],
        findings: Findings,
        *,
        name: str | None = None,
        version: int | None = None,
        machines: Collection[str] = (),
        xstate: Version | None = None,
    ) -> None:
        self.document = document
        self.findings = findings
        self.machines = machines
        self.is_v4 = self._version(xstate) == 4
        self.policy = POLICY_4 if self.is_v4 else POLICY
        self.is_stringified = is_stringified(document)
        self.outline = Outline(document, findings, 4 if self.is_v4 else 5)
        self.content = Content(self.outline, findings)
        #: where each transition and each state stands in the document
        self.transition_places: dict[str, str] = {}
        #: how many transitions, or invokes, would have one id
        self.alike: dict[str, int] = {}
        self.state_places = {s.id: s.place for s in self.outline.states}
        self.invokes: dict[Source, list[tuple[Invoke, str]]] = {}
        #: the chart's ids for XState's id of an invoke, which may stand in several states
        self.invoke_ids: dict[str, list[str]] = {}
        self.events: dict[str, None] = {}
        self._read_invokes()
        self.structure = Structure([self._state(source) for source in self.outline.states])
        states = self.structure.states
        transitions = tuple(t for s in self.outline.states for t in self._transitions(s))
        self.chart = self._chart(states, transitions, name, version)

    # --- the whole ---

    def _version(self, given: Version | None) -> Version:
        said = ours_of(self.document).get("xstate") if given is None else given
        if said in VERSIONS:
            return said
        found = marks(self.document)
        version = version_of(self.document, found)
        if len(found) > 1:
            self.findings.omit(
                found[5], "", f"it is a word of version 5, and {found[4]} one of 4; read as 4"
            )
        return version

    def _chart(
        self,
        states: tuple[StateNode, ...],
        transitions: tuple[Transition, ...],
        name: str | None,
        version: int | None,
    ) -> Chart:
        document, ours = self.document, ours_of(self.document)
        self._leave_out(document, _STATE_KEYS | _ROOT_KEYS, "")
        if self.is_stringified and not self.is_v4:
            why = "JSON.stringify leaves it out of a machine; export the machine's configuration"
            self.findings.omit("always, context", "", why)
        if document.get("delimiter") not in (None, "."):
            self.findings.complain("/delimiter", "it is not a dot", "use dots in paths")
        order = ours.get("order")
        if isinstance(order, list):
            known = {transition.id: transition for transition in transitions}
            if len(order) == len(known) and all(
                isinstance(id, str) and id in known for id in order
            ):
                transitions = tuple(known.pop(id) for id in dict.fromkeys(order))
            if known and transitions != tuple(known.values()):
                self.findings.complain("/meta", "order names other transitions", "leave it out")
        chart = Chart(
            name=name or slug(self.outline.machine_id),
            version=version or _version_of(document.get("version")),
            states=states,
            transitions=transitions,
            events=tuple(EventShape(event) for event in self.events),
            data_schema=self._data_schema(document.get("context")),
            policy=self.policy,
            doc=self.content.text(document, "description", ""),
            meta=self._meta(document, ""),
        )
        overrides = {k: v for k, v in ours.items() if k not in ("order", "root")}
        if name is not None or version is not None:
            overrides = {k: v for k, v in overrides.items() if k not in ("name", "version")}
        return self._said(chart, overrides, _CHART_FIELDS, "/meta")

    def _data_schema(self, context: Any) -> dict[str, Any]:
        if context is None:
            return {}
        if not isinstance(context, dict):
            self.findings.complain("/context", f"it is {kind_of(context)}", "give an object")
            return {}
        return {"type": "object", "default": dict(context), "additionalProperties": True}

    # --- states ---

    def _state(self, source: Source) -> StateNode:
        config, place, content = source.config, source.place, self.content
        parent = source.parent
        if parent is not None:
            made = _MADE_KEYS if self.is_stringified else frozenset()
            self._leave_out(config, _STATE_KEYS | made, place)
        self._leave_out_activities(config.get("activities"), below(place, "activities"))
        is_history = source.kind == "history"
        node = StateNode(
            id=source.id,
            kind=source.kind,
            parent=None if parent is None else parent.id,
            initial=self._history_default(source) if is_history else self._initial(source),
            entry=self._actions(config, "entry", "onEntry", place),
            exit=self._actions(config, "exit", "onExit", place),
            invokes=tuple(invoke for invoke, _ in self.invokes.get(source, ())),
            deep=is_history and config.get("history") == "deep",
            output=self._output(source),
            tags=content.texts(config.get("tags"), below(place, "tags")),
            doc="" if parent is None else content.text(config, "description", place),
            meta={} if parent is None else self._meta(config, place),
        )
        ours = source.ours if parent is not None else source.ours.get("root", {})
        return self._said(node, ours if isinstance(ours, dict) else {}, _STATE_FIELDS, place)

    def _actions(
        self, config: dict[str, Any], key: str, older: str, place: str
    ) -> tuple[Block, ...]:
        name = key if config.get(key) is not None else older
        given = config.get(name)
        if self.is_stringified and not self.is_v4 and isinstance(given, list):
            # the last ones set the state's timers, or take them back, and say nothing of that
            on = config.get("on")
            timers = sum(timer_delay(event) is not None for event in on or ())
            given = given[: len(given) - timers]
        return self.content.blocks(given, below(place, name))

    def _initial(self, source: Source) -> Initial | None:
        given, place = source.config.get("initial"), below(source.place, "initial")
        if source.kind != "compound":
            target = given.get("target") if isinstance(given, dict) else given
            if target not in (None, []):
                self.findings.omit("initial", place, f"the state is {source.kind}")
            return None
        if given is None and "initial" in source.ours:
            return None
        if given is None and source.states:
            return self._missing_initial(source, place)
        actions: tuple[Block, ...] = ()
        text = given
        if isinstance(given, dict):
            text = given.get("target")
            actions = self.content.blocks(given.get("actions"), below(place, "actions"))
            self._leave_out(given, _INITIAL_KEYS, place)
        found: list[str] = []
        for one in text if isinstance(text, list) else [text]:
            if not isinstance(one, str):
                children = ", ".join(list(source.children)[:5]) or "none"
                message = "it is missing" if one is None else f"it is {kind_of(one)}"
                self.findings.complain(place, message, f"name one of the states inside: {children}")
                continue
            relative = one.startswith(("#", "."))
            # a key is meant first, whatever dots are in it
            target = source.children.get(one) or self.outline.target(
                source, one if relative else f".{one}"
            )
            if target is None:
                self.findings.complain(
                    place, f"there is no state {shorten(one)!r}", "name one inside"
                )
            else:
                found.append(target.id)
        return Initial(tuple(dict.fromkeys(found)), actions) if found else None

    def _missing_initial(self, source: Source, place: str) -> Initial | None:
        """Version 4 stays in the state itself then, and this is seldom meant."""
        first = source.states[0]
        if self.is_v4:
            why = f"it is missing; where no target says more, {shorten(first.key)!r} is entered"
            self.findings.omit("initial", place, why)
            return Initial((first.id,))
        children = ", ".join(list(source.children)[:5])
        hint = f'give it "initial", one of the states inside: {children}'
        self.findings.complain(place, "it is missing", hint)
        return None

    def _history_default(self, source: Source) -> Initial | None:
        given, parent = source.config.get("target"), source.parent
        if parent is None:
            self.findings.complain("", "the machine itself is a history state", "give it states")
            return None
        if given is None:
            if self.is_stringified:
                why = "JSON.stringify leaves it out of a machine; the initial state stands for it"
                self.findings.omit("target", source.place, why)
            return None
        place = below(source.place, "target")
        targets = self._targets(source, given, place)
        return Initial(tuple(target.id for target in targets)) if targets else None

    def _output(self, source: Source) -> str | None:
        config, root = source.config, self.outline.root
        if source.kind != "final":
            return None
        key = "output" if config.get("output") is not None else "data"
        if source.parent is root and "output" in root.config and key not in config:
            return canonical(root.config["output"])
        return canonical(config[key]) if key in config else None

    def _meta(self, config: dict[str, Any], place: str) -> dict[str, Any]:
        meta = config.get("meta", {})
        if not isinstance(meta, dict):
            if meta is not None:
                self.findings.omit("meta", below(place, "meta"), "it is not an object")
            return {}
        return {key: value for key, value in meta.items() if key != OURS}

    # --- invokes ---

    def _read_invokes(self) -> None:
        taken: set[str] = set()
        for source in self.outline.states:
            given, place = source.config.get("invoke"), below(source.place, "invoke")
            if given is None:
                continue
            several = isinstance(given, list)
            for number, config in enumerate(given if several else [given]):
                where = below(place, number) if several else place
                invoke = self._invoke(source, config, number, where, taken)
                if invoke is not None:
                    self.invokes.setdefault(source, []).append((invoke, where))

    def _invoke(
        self, source: Source, config: Any, number: int, place: str, taken: set[str]
    ) -> Invoke | None:
        if isinstance(config, str):
            config = {"src": config}
        if not isinstance(config, dict):
            self.findings.complain(place, f"it is {kind_of(config)}", 'write {"src": "name"}')
            return None
        self._leave_out(config, _INVOKE_KEYS, place)
        src = config.get("src")
        if isinstance(src, dict) and isinstance(src.get("type"), str):
            src = src["type"]
        if not isinstance(src, str) or not src:
            self.findings.complain(
                below(place, "src"),
                "it is missing" if src is None else f"it is {kind_of(src)}",
                "name an effect or a machine; code is not in the document",
            )
            return None
        given = config.get("id")
        own = source.xstate_id
        default = f"{own}:invocation[{number}]" if self.is_v4 else f"{number}.{own}"
        xstate_id = given if isinstance(given, str) and given else default
        id = given if isinstance(given, str) and given else f"{source.id}/{src}"
        plain = id
        while id in taken:
            count = self.alike[f"/{plain}"] = self.alike.get(f"/{plain}", 1) + 1
            id = f"{source.id}/{plain}" if count == 2 else f"{source.id}/{plain}#{count}"
        taken.add(id)
        self.invoke_ids.setdefault(xstate_id, []).append(id)
        is_machine = src in self.machines
        key = "input" if config.get("input") is not None else "data"
        if config.get(key) is not None and not is_machine:
            where = below(place, key)
            self.findings.omit(key, where, "an effect is given the machine's data, whole")
        return Invoke(
            id=id,
            name=src,
            kind="machine" if is_machine else "effect",
            input=None if config.get(key) is None or not is_machine else canonical(config[key]),
            autoforward=config.get("autoForward") is True,
        )

    # --- transitions ---

    def _transitions(self, source: Source) -> Iterator[Transition]:
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
        for invoke, where in self.invokes.get(source, ()):
            outcome = _at(self.document, where)
            if not isinstance(outcome, dict):
                continue
            for key in ("onDone", "onError"):
                if key in outcome:
                    trigger = outcome_trigger([invoke.id], failed=key == "onError")
                    label = f"{invoke.name}.{key}"
                    at = below(where, key)
                    yield from self._several(source, outcome[key], at, trigger, label)
        yield from outcomes

    def _on(self, source: Source, given: Any, place: str) -> Iterator[Transition]:
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
        self, source: Source, event: str, config: Any, place: str
    ) -> Iterator[Transition]:
        several = config if isinstance(config, list) else [config]
        delay = timer_delay(event)
        if delay is not None:
            first = next((one for one in several if isinstance(one, dict)), {})
            told = first.get("delay")
            yield from self._timed(source, delay if told is None else told, config, place)
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
            state = self.outline.with_id(found[1])
            if state is not None:
                return Trigger("done", (done_event(state.id),))
        if event.startswith(("xstate.", "done.state.")):
            self.findings.omit(shorten(event), place, "no such event comes here")
            return None
        if not event.endswith(".*"):
            self.events[event] = None
        return Trigger("event", (event,))

    def _outcome(self, id: str, event: str, place: str, *, failed: bool) -> Trigger | None:
        ids = self.invoke_ids.get(id)
        if not ids:
            self.findings.omit(shorten(event), place, "nothing is invoked by that id")
            return None
        return outcome_trigger(ids, failed=failed)

    def _after(self, source: Source, given: Any, place: str) -> Iterator[Transition]:
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

    def _timed(self, source: Source, key: Any, config: Any, place: str) -> Iterator[Transition]:
        delay = self.content.delay(key, place)
        if delay is not None:
            trigger = Trigger("after", (), delay)
            yield from self._several(source, config, place, trigger, f"after {key}")

    def _several(
        self, source: Source, given: Any, place: str, trigger: Trigger, label: str
    ) -> Iterator[Transition]:
        """One transition, or a list of which the first whose guards say yes is taken."""
        # nothing at all where one could stand: undefined, which JSON writes so, forbids an event
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
            if before is not None and "xstate" not in ours_of(self.document):
                why = f"it has none, and comes before {where}; {LOST}, if it had one that was code"
                self.findings.omit("guard", before, why)
            before = None if made.guards else where
            if trigger.kind == "after" and timer is None:
                timer = made.id
            yield made

    def _transition(
        self,
        source: Source,
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
        self._leave_out(config, _TRANSITION_KEYS, place)
        id = self._id(source, label, ours.get("id"), place)
        given = config.get("target")
        targets = () if given is None else self._targets(source, given, below(place, "target"))
        reenter = self._reenters(config)
        if reenter and source.parent is None and targets and config.get("reenter") is True:
            where = below(place, "reenter")
            self.findings.omit("reenter", where, "the machine itself is never left")
        onward, internal = tuple(target.id for target in targets), False
        if not reenter:
            onward, internal = self.structure.inward(source.id, onward, self.policy)
        if self.is_v4 and targets and not reenter:
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
            meta=self._meta(config, place),
        )
        return self._said(made, ours, _TRANSITION_FIELDS, place)

    def _id(self, source: Source, label: str, given: Any, place: str) -> str:
        id = f"{source.id}.{label}" if source.id else label
        if isinstance(given, str):
            id = given
        plain = id
        while id in self.transition_places:
            # counted on from the last one: many alike must not take the square of their number
            self.alike[plain] = self.alike.get(plain, 0) + 1
            id = f"{plain}[{self.alike[plain]}]"
        self.transition_places[id] = place
        if len(self.transition_places) > TRANSITION_LIMIT:
            message = f"it has more than {TRANSITION_LIMIT} transitions"
            self.findings.complain("the document", message, "split it into several machines")
            self.findings.refuse("xstate")
        return id

    def _targets(self, source: Source, given: Any, place: str) -> tuple[Source, ...]:
        found: dict[Source, None] = {}
        texts = given if isinstance(given, list) else [given]
        if len(texts) > TARGET_LIMIT:
            message = f"it names {len(texts)} states; the limit is {TARGET_LIMIT}"
            self.findings.complain(place, message, "name a parallel state")
            return ()
        for text in texts:
            if not isinstance(text, str) or not text:
                self.findings.complain(place, f"it is {kind_of(text)}", "a target is a string")
                continue
            target = self.outline.target(source, text)
            if target is None:
                self.findings.complain(
                    place,
                    f"there is no state {shorten(text)!r} as seen from {source.id or 'the root'}",
                    "write sibling, .child, or #id",
                )
            elif target.parent is None:
                # the root is never left: to go there is to begin again
                first = self.outline.first_states
                for state in target.states if target.kind == "parallel" else first(target):
                    found[state] = None
            else:
                found[target] = None
        return tuple(found)

    def _reenters(self, config: Mapping[str, Any]) -> bool:
        if not self.is_v4:
            return config.get("reenter") is True
        if config.get("internal") is not None:
            return config["internal"] is not True
        given = config.get("target")
        texts = given if isinstance(given, list) else [given]
        return not any(isinstance(text, str) and text.startswith(".") for text in texts)

    def _guards(self, source: Source, config: Mapping[str, Any], place: str) -> tuple[Guard, ...]:
        key = "guard" if config.get("guard") is not None else "cond"
        guards = self.content.guards(config.get(key), below(place, key))
        if config.get("in") is not None:
            # version 4 looks for it from the state around the source's parent
            above = source if source.parent is None else source.parent.parent or source.parent
            start = above if self.is_v4 else self.outline.root
            guards = (*guards, *self.content.within(config["in"], below(place, "in"), start))
        return guards

    # --- both ---

    def _leave_out(self, config: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        for key, value in config.items():
            if key not in known and value is not None:
                why = _WHY.get(key, "nothing is known of it")
                self.findings.omit(shorten(key), below(place, key), why)

    def _leave_out_activities(self, given: Any, place: str) -> None:
        for one in given if isinstance(given, list) else [given] if given is not None else []:
            if not isinstance(one, dict) or one.get("type") != "xstate.invoke":
                name = one.get("type") if isinstance(one, dict) else one
                why = f"{shorten(str(name))} is code, and {LOST}; invoke an effect"
                self.findings.omit("activities", place, why)

    def _said(self, value: S, ours: Mapping[str, Any], fields: Mapping[str, Any], place: str) -> S:
        """The value with the fields that stand under ``statehold``."""
        given = {}
        for name, kind in fields.items():
            if name in ours:
                try:
                    given[name] = msgspec.convert(ours[name], kind)
                except (msgspec.ValidationError, RecursionError) as error:
                    where = below(below(place, OURS), name)
                    self.findings.complain(where, str(error), "leave it out")
        return msgspec.structs.replace(value, **given) if given else value


def slug(id: str) -> str:
    """A machine's name made of XState's id, which may be any text."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", id.lower()).strip("-")
    if not plain[:1].isalpha():
        plain = f"machine-{plain}".strip("-")
    return plain[:64]


def _version_of(given: Any) -> int:
    """XState's version is any text; one that is a whole number is ours."""
    text = str(given) if isinstance(given, str | int) else ""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,8}", text) else 1


def _at(document: Any, place: str) -> Any:
    for part in place.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


_STATE_FIELDS: dict[str, Any] = {
    field.name: field.type
    for field in msgspec.structs.fields(StateNode)
    if field.name not in ("id", "kind", "parent")
}
_TRANSITION_FIELDS: dict[str, Any] = {
    field.name: field.type
    for field in msgspec.structs.fields(Transition)
    if field.name not in ("id", "source")
}
_CHART_FIELDS: dict[str, Any] = {
    field.name: field.type
    for field in msgspec.structs.fields(Chart)
    if field.name not in ("states", "transitions")
}
