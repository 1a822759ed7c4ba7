"""Writes a chart as XState's JSON, version 5.

The chart is written in XState's own words. The document is then read back, and each field of the
chart that differs is written into the ``meta`` of its state or transition, under ``statehold``: so
nothing is lost, whatever notation the chart came from, and XState accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from statehold.chart.event import done_event, failure_event, result_event
from statehold.chart.model import ROOT, Block, Chart, Guard, StateNode, Transition
from statehold.formats.xstate.dialect import Version, marks, version_of
from statehold.formats.xstate.findings import Findings
from statehold.formats.xstate.reader import Reader
from statehold.formats.xstate.state_index import OURS, join_path, ours_of
from statehold.formats.xstate.terms import Composed, json_of, split_params

#: a document is read back until nothing differs: once for ids, once for what refers to them
ROUNDS = 4
#: the version of XState that documents are written for
WRITTEN: Version = 5


def write_xstate(chart: Chart) -> dict[str, Any]:
    """A document of version 5, plain JSON values. ``chart`` has passed validation.

    A policy that is not XState's is kept for reading it back; XState runs it by its own rules.
    """
    writer = _Writer(chart)
    for _ in range(ROUNDS):
        if not writer.amend():
            return writer.document
    raise AssertionError("a chart that was written is read back as another one")


class _Writer:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.keys = _keys(chart)
        self.paths: dict[str, list[str]] = {ROOT: []}
        self.nodes: dict[str, dict[str, Any]] = {}
        #: the object that each transition is written as
        self.written: dict[str, dict[str, Any]] = {}
        self.histories = {s.id: s.parent for s in chart.states if s.kind == "history"}
        self.transitions = {transition.id: transition for transition in chart.transitions}
        self.timers = {
            (transition.source, event): transition
            for transition in chart.transitions
            if transition.trigger.kind == "after"
            for event in transition.trigger.events
        }
        self.descriptors = {
            done_event(state.id): f"xstate.done.state.{state.id}"
            for state in chart.states
            if state.id
        }
        #: the state and the number of each invoke, by the names of its outcomes
        self.outcomes: dict[str, tuple[str, int, str]] = {}
        for state in chart.states:
            for number, invoke in enumerate(state.invokes):
                self.outcomes[result_event(invoke.id)] = (state.id, number, "onDone")
                self.outcomes[failure_event(invoke.id)] = (state.id, number, "onError")
                self.descriptors[result_event(invoke.id)] = f"xstate.done.actor.{invoke.id}"
                self.descriptors[failure_event(invoke.id)] = f"xstate.error.actor.{invoke.id}"
        self.document: dict[str, Any] = {}
        self.parents = {state.id: state.parent for state in chart.states}
        for state in chart.states[1:]:
            self.paths[state.id] = [*self.paths[state.parent or ROOT], self.keys[state.id]]
        for state in chart.states:
            self._state(state)
        for transition in chart.transitions:
            self._transition(transition)
        if version_of(self.document, marks(self.document)) != WRITTEN:
            # names of events and functions may be words of another version
            _ours(self.document)["xstate"] = WRITTEN

    # --- states ---

    def _state(self, state: StateNode) -> None:
        node: dict[str, Any] = {}
        self.nodes[state.id] = node
        if state.parent is None:
            self._root(node)
        else:
            key = self.keys[state.id]
            self.nodes[state.parent].setdefault("states", {})[key] = node
            default = f"{state.parent}.{key}" if state.parent else key
            if state.id != default:
                _ours(node)["id"] = state.id
        if state.kind in ("parallel", "final", "history"):
            node["type"] = state.kind
        if state.kind == "history":
            node["history"] = "deep" if state.deep else "shallow"
        if state.initial is not None:
            self._initial(state, node)
        if state.entry:
            node["entry"] = _actions(state.entry)
        if state.exit:
            node["exit"] = _actions(state.exit)
        if state.invokes:
            node["invoke"] = [self._invoke(state, number) for number in range(len(state.invokes))]
        if state.output is not None and (
            state.output == "null" or json_of(state.output) is not None
        ):
            node["output"] = json_of(state.output)
        if state.tags:
            node["tags"] = list(state.tags)
        if state.doc and state.parent is not None:
            node["description"] = state.doc
        _keep_meta(node, state.meta if state.parent is not None else {})

    def _root(self, node: dict[str, Any]) -> None:
        chart = self.chart
        self.document = node
        node |= {"id": chart.name, "version": str(chart.version)}
        if chart.doc:
            node["description"] = chart.doc
        default = chart.data_schema.get("default")
        if isinstance(default, dict):
            node["context"] = default
        _keep_meta(node, chart.meta)

    def _initial(self, state: StateNode, node: dict[str, Any]) -> None:
        assert state.initial is not None
        targets = [self._reference(target) for target in state.initial.targets]
        if state.kind == "history":
            node["target"] = targets
            return
        first = state.initial.targets[0]
        # XState has one child as the initial one; a deeper one is kept for reading it back
        child = first
        while self.parents[child] not in (state.id, None):
            child = self.parents[child] or ROOT
        key = self.keys[child]
        if state.initial.actions:
            node["initial"] = {"target": key, "actions": _actions(state.initial.actions)}
        else:
            node["initial"] = key

    def _holds(self, state: str, other: str) -> bool:
        up: str | None = other
        while up is not None and up != state:
            up = self.parents[up]
        return up == state

    def _invoke(self, state: StateNode, number: int) -> dict[str, Any]:
        invoke = state.invokes[number]
        written: dict[str, Any] = {"src": invoke.name, "id": invoke.id}
        if invoke.input is not None and json_of(invoke.input) is not None:
            written["input"] = json_of(invoke.input)
        return written

    # --- transitions ---

    def _transition(self, transition: Transition) -> None:
        written: dict[str, Any] = {}
        self.written[transition.id] = written
        if transition.targets:
            targets = [self._reference(target) for target in transition.targets]
            written["target"] = targets[0] if len(targets) == 1 else targets
            if self._reenters(transition):
                written["reenter"] = True
        if guard := self._guard(transition.guards):
            written["guard"] = guard
        if transition.actions:
            written["actions"] = _actions(transition.actions)
        if transition.doc:
            written["description"] = transition.doc
        _keep_meta(written, transition.meta)
        first, *others = self._lists(transition)
        first.append(written)
        for other in others:
            # XState has one event to a transition
            copy = {**written, "meta": {**written.get("meta", {}), OURS: {"copy": True}}}
            other.append(copy)

    def _reenters(self, transition: Transition) -> bool:
        # the root is left there, and never here
        source = transition.source
        within = all(self._holds(source, target) for target in transition.targets)
        # XState brings back what was active now only where the source is left
        returns = self.chart.policy.own_history_is_now and any(
            self.histories.get(target) == source for target in transition.targets
        )
        return within and (returns or not transition.internal) and source != ROOT

    def _lists(self, transition: Transition) -> Iterator[list[Any]]:
        """Where the transition is written: a list of the document for each of its events."""
        node, trigger = self.nodes[transition.source], transition.trigger
        if trigger.kind == "always":
            yield node.setdefault("always", [])
            return
        if trigger.kind == "after" and trigger.delay is not None:
            delay = trigger.delay
            key = delay.function or _milliseconds(delay.seconds or 0)
            yield node.setdefault("after", {}).setdefault(key, [])
            return
        for event in trigger.events or ("*",):
            if timer := self._timer(transition.source, event):
                yield timer
            elif event == done_event(transition.source) and transition.source:
                yield node.setdefault("onDone", [])
            elif outcome := self._outcome(transition.source, event):
                invoke, key = outcome
                yield invoke.setdefault(key, [])
            else:
                yield node.setdefault("on", {}).setdefault(self._descriptor(event), [])

    def _timer(self, source: str, event: str) -> list[Any] | None:
        """The list of the timer that a transition waits for after another one."""
        first = self.timers.get((source, event))
        return next(self._lists(first)) if first is not None and first.id in self.written else None

    def _outcome(self, source: str, event: str) -> tuple[dict[str, Any], str] | None:
        state, number, key = self.outcomes.get(event, (None, 0, ""))
        return (self.nodes[source]["invoke"][number], key) if state == source else None

    def _descriptor(self, event: str) -> str:
        """The interpreter's own events have other names there."""
        named = self.descriptors.get(event, event)
        state = named.removeprefix("xstate.done.state.")
        if named != event and state in self.paths:
            return f"xstate.done.state.{self._reference(state).removeprefix('#')}"
        return named

    def _reference(self, state: str) -> str:
        return "#" + join_path([self.chart.name, *self.paths[state]])

    def _guard(self, guards: tuple[Guard, ...]) -> Any:
        """A guard that XState has no implementation of is an error there, a role among them, and
        the transition is not taken; what they are is read from what is kept."""
        texts = [
            str(Composed("in", (self._reference(g.name),)))
            if g.kind == "in"
            else f"by({g.name})"
            if g.kind == "by"
            else g.name
            for g in guards
        ]
        if len(texts) > 1:
            return str(Composed("and", tuple(texts)))
        return _named(texts[0]) if texts else None

    # --- reading it back ---

    def amend(self) -> bool:
        """Keeps what is read back otherwise; whether there was any of it."""
        findings = Findings()
        reader = Reader(self.document, findings, xstate=WRITTEN)
        found = reader.chart
        places = {at: id for id, at in reader.transition_places.items()}
        read = {transition.id: transition for transition in found.transitions}
        mine = {id(node): node_id for node_id, node in self.written.items()}
        changed = False
        if findings.omissions and "xstate" not in ours_of(self.document):
            # nothing was lost on the way here
            _ours(self.document)["xstate"] = WRITTEN
            changed = True
        for at, read_id in places.items():
            written = _object_at(self.document, at)
            wanted = self.transitions[mine[id(written)]]
            if read_id != wanted.id:
                changed = True
                _ours(written)["id"] = wanted.id
            elif _keep_differences(written, wanted, read[read_id], ("id", "source")):
                changed = True
        written = {mine[id(_object_at(self.document, at))] for at in places}
        for transition in self.chart.transitions:
            if transition.id not in written:
                # of an event that XState has no name for
                ours = _ours(self.written[transition.id])
                ours["id"] = transition.id
                ours["trigger"] = msgspec.to_builtins(transition.trigger)
                changed = True
        # what hangs on ids is compared once they are right
        if changed and any(at_id not in self.written for at_id in places.values()):
            return True
        states = {state.id: state for state in found.states}
        for state in self.chart.states:
            node = self.nodes[state.id]
            if state.parent is None:
                root: dict[str, Any] = {}
                if _keep_differences(root, state, states[ROOT], ("id", "kind", "parent")):
                    _ours(node).setdefault("root", {}).update(root["meta"][OURS])
                    changed = True
            elif _keep_differences(node, state, states[state.id], ("id", "kind", "parent")):
                changed = True
        if _keep_differences(self.document, self.chart, found, ("states", "transitions")):
            changed = True
        order = [transition.id for transition in self.chart.transitions]
        if not changed and order != [transition.id for transition in found.transitions]:
            _ours(self.document)["order"] = order
            changed = True
        return changed


def _keep_differences(
    written: dict[str, Any], wanted: Any, read: Any, save: tuple[str, ...]
) -> bool:
    """Writes each field that was read otherwise beside the object; whether there is one."""
    differing = False
    for name in wanted.__struct_fields__:
        value = getattr(wanted, name)
        if name not in save and value != getattr(read, name):
            _ours(written)[name] = msgspec.to_builtins(value)
            differing = True
    return differing


def _ours(written: dict[str, Any]) -> dict[str, Any]:
    ours = written.setdefault("meta", {}).setdefault(OURS, {})
    assert isinstance(ours, dict)
    return ours


def _keep_meta(written: dict[str, Any], meta: dict[str, Any]) -> None:
    # what the user has under our key is kept as a field that differs
    plain = {key: value for key, value in meta.items() if key != OURS}
    if plain:
        written["meta"] = {**plain, **written.get("meta", {})}


def _actions(blocks: tuple[Block, ...]) -> list[Any]:
    """One list; where blocks end is kept as a field that differs."""
    return [
        {"type": "xstate.spawnChild", "params": {"src": action.name}}
        if action.kind == "effect"
        else _named(action.name)
        for block in blocks
        for action in block
    ]


def _named(text: str) -> Any:
    """A name, with its parameters where it has some."""
    name, params = split_params(text)
    return {"type": name, "params": params} if params else text


def _milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return str(int(value)) if value == int(value) else repr(value)


def _keys(chart: Chart) -> dict[str, str]:
    """A key for each state, once among its siblings: the end of a path, or the whole id."""
    keys: dict[str, str] = {}
    taken: dict[str | None, set[str]] = {}
    for state in chart.states[1:]:
        key = state.id.removeprefix(f"{state.parent}.") if state.parent else state.id
        # a number would be put before its siblings, other signs mean something in a path
        plain = re.sub(r"[^\w-]", "_", key)
        plain = plain if plain and not plain.isdigit() else f"s{plain}"
        key, number = plain, 1
        siblings = taken.setdefault(state.parent, set())
        while key in siblings:
            number += 1
            key = f"{plain}_{number}"
        siblings.add(key)
        keys[state.id] = key
    return keys


def _object_at(document: Any, place: str) -> Any:
    for part in place.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document
