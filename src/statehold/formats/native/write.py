"""A machine as a document of the native notation.

A machine that was read from one is written back whole; read again, it is the same chart. Functions
of a machine in the class notation are written by their names, for a server that offers them; types
and options that a document can't hold are listed under ``meta.left_out``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from statehold.chart.access import (
    RIGHTS,
    Access,
    AnyOf,
    Everyone,
    Grant,
    HasRole,
    OwnsIndex,
    machine_of,
)
from statehold.chart.event import Event, failure_event, result_event
from statehold.chart.machine import AMachine
from statehold.chart.model import (
    ROOT,
    Action,
    Block,
    Chart,
    Delay,
    EventShape,
    Invoke,
    Policy,
    StateNode,
    Transition,
)
from statehold.chart.normalise import Structure
from statehold.chart.validate import effects_of_actions
from statehold.define.into import Into
from statehold.errors import DefinitionError, Problem
from statehold.formats.native.durations import spelled
from statehold.formats.native.loosen import loosened
from statehold.plain.yaml_writer import dumped


def write_native(machine: AMachine | Chart, notation: Literal["yaml", "json"] = "yaml") -> str:
    """The document's text. Raises ``DefinitionError`` where the notation has no words for a chart:
    other policies than the class notation's, entries by several states or with actions, and the
    like."""
    document = to_document(machine)
    if notation == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return dumped(document)


def to_document(machine: AMachine | Chart) -> dict[str, Any]:
    """The document as plain values; see :func:`write_native`."""
    writing = _Writing(machine)
    document = writing.document()
    if writing.problems:
        raise DefinitionError(writing.chart.name, writing.problems)
    return document


class _Writing:
    def __init__(self, machine: AMachine | Chart) -> None:
        self.definition = None if isinstance(machine, Chart) else machine.definition
        self.chart = machine if isinstance(machine, Chart) else machine.definition.chart
        self.kept: dict[str, Any] | None = self.chart.meta.get("native")
        self.problems: list[Problem] = []
        self.left_out: list[str] = []
        self.structure = Structure(self.chart.states)
        self.functions = {} if self.definition is None else self.definition.functions
        self.detached = effects_of_actions(self.chart)
        #: what is invoked or asked for, by the id that its outcome has
        self.invoked = {name: [name] for name in self.detached}
        for state in self.chart.states:
            for invoke in state.invokes:
                self.invoked.setdefault(invoke.id, []).append(invoke.name)
        self.names = {name for found in self.invoked.values() for name in found}
        #: how many actions every transition ends with
        self.always_do = len(_several((self.kept or {}).get("do")))

    def document(self) -> dict[str, Any]:
        chart, kept = self.chart, self.kept or {}
        if chart.policy != Policy():
            self.complain("chart", f"its policy is {chart.policy}")
        found: dict[str, Any] = {"statehold": 1, "name": chart.name, "version": chart.version}
        found["label"], found["doc"] = chart.label, chart.doc
        found["data"] = self.schema(chart.data_schema, "data")
        found["input"] = kept.get("input") if self.kept is not None else self.input()
        found["events"] = {event.name: self.event(event) for event in chart.events}
        found["effects"] = kept.get("effects") if self.kept is not None else self.effects()
        found["parallel"] = chart.states[0].kind == "parallel"
        found["states"] = self.children(ROOT)
        found["transitions"] = {row.id: self.row(row) for row in chart.transitions}
        found["do"] = kept.get("do")
        for word in ("upgrades", "access", "view", "views", "indexes"):
            found[word] = kept.get(word)
        found["silence"] = [
            _full({"code": s.code, "place": s.place, "reason": s.reason}) for s in chart.silenced
        ]
        if self.kept is None and self.definition is not None:
            found["access"] = self.access(self.definition.access)
            for word in ("upgrades", "view", "views", "indexes"):
                if getattr(self.definition, word):
                    self.left_out.append(f"{word}: Python functions")
        meta = {key: value for key, value in chart.meta.items() if key != "native"}
        found["meta"] = meta | ({"left_out": self.left_out} if self.left_out else {})
        return _full(found)

    def access(self, access: Access) -> dict[str, Any]:
        """Without what is a Python function, or an index by one: fewer are permitted then."""
        found: dict[str, Any] = {}
        for right in RIGHTS:
            grant = access.grant(right)
            if grant is None:
                continue
            written: list[Any] = []
            for part in grant.grants if isinstance(grant, AnyOf) else (grant,):
                if isinstance(part, HasRole):
                    written.append({"role": part.name})
                elif isinstance(part, Everyone):
                    written.append("anyone")
                else:
                    self.left_out.append(f"access.{right}: {_in_words(part)}")
            found[right] = _one(written) or "nobody"
        return found

    def complain(self, place: str, message: str) -> None:
        self.problems.append(
            Problem(place, f"{message}, which the native notation can't say", "write it as SCXML")
        )

    def event(self, event: EventShape) -> dict[str, Any]:
        schema = self.schema(event.schema, f"events.{event.name}")
        return _full(
            {
                "label": event.label,
                "doc": "" if event.doc == Event.__doc__ else event.doc,
                "properties": schema.get("properties"),
                "required": schema.get("required"),
                "internal": event.internal,
            }
        )

    def schema(self, schema: dict[str, Any], place: str) -> dict[str, Any]:
        if self.kept is not None:
            return schema
        return loosened(schema, place, self.left_out)

    def input(self) -> dict[str, Any] | None:
        """Of a function of the program, by its name."""
        if self.chart.input is None:
            return None
        schema = self.schema(self.chart.input_schema, "input")
        if schema.get("type") != "object":
            self.left_out.append("input: its type, which is no object")
        parts = {"properties": schema.get("properties"), "required": schema.get("required")}
        return _full({**parts, "function": self.chart.input})

    def effects(self) -> dict[str, Any]:
        """The effects of a chart without declarations, by their names."""
        names = [i.name for s in self.chart.states for i in s.invokes if i.kind == "effect"]
        names += self.detached
        return {name: {"offered": name} for name in dict.fromkeys(names)}

    # --- states ---

    def children(self, parent: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        above = next(state for state in self.chart.states if state.id == parent)
        initial = above.initial.targets if above.initial else ()
        if above.kind == "compound" and above.initial:
            child = next((s for s in self.chart.states if (s.id,) == initial), None)
            if child is None or child.parent != parent or above.initial.actions:
                self.complain(f"state {parent}", "it is entered by several states or with actions")
        for state in self.chart.states:
            if state.parent == parent and state.id != ROOT:
                name = state.id.removeprefix(f"{parent}.") if parent else state.id
                if "." in name:
                    self.complain(f"state {state.id}", f"its path does not begin with {parent!r}")
                found[name] = self.state(state, (state.id,) == initial)
        return found

    def state(self, state: StateNode, is_initial: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"initial": is_initial, "label": state.label, "doc": state.doc}
        found["final"] = state.kind == "final"
        if state.kind == "history":
            found["history"] = "deep" if state.deep else "shallow"
            if state.initial is not None:
                found["default"] = _one(state.initial.targets)
                if state.initial.actions:
                    self.complain(f"state {state.id}", "its default has actions")
        found["parallel"] = state.kind == "parallel"
        found["owner"], found["tags"] = state.owner, _one(state.tags)
        found["deadline"] = self.delay(state.deadline)
        found["entry"] = self.actions(state.entry, state.id)
        found["exit"] = self.actions(state.exit, state.id)
        found["invoke"] = _one([self.invoke(state, invoke) for invoke in state.invokes])
        found["output"] = None if state.output is None else self.function(state.output)
        found["states"] = self.children(state.id)
        found["meta"] = state.meta
        return _full(found)

    def invoke(self, state: StateNode, invoke: Invoke) -> Any:
        if invoke.finalize or invoke.autoforward:
            self.complain(f"state {state.id}", f"{invoke.name} has finalize or autoforward")
        has_own_id = invoke.id != f"{state.id}/{invoke.name}"
        if invoke.kind == "effect" and not has_own_id:
            return invoke.name
        return _full(
            {
                invoke.kind: invoke.name,
                "id": invoke.id if has_own_id else None,
                "input": None if invoke.input is None else self.function(invoke.input),
            }
        )

    def delay(self, delay: Delay | None) -> Any:
        if delay is None:
            return None
        return (
            spelled(delay.seconds) if delay.seconds is not None else self.function(delay.function)
        )

    def function(self, name: str | None) -> Any:
        """As it was written, or its name."""
        if self.kept is None:
            return {"function": name}
        return self.kept["functions"].get(name, name)

    def actions(self, blocks: tuple[Block, ...], place: str) -> Any:
        if len(blocks) > 1:
            self.complain(f"state {place}", "its actions stand in several blocks")
        return _one([self.action(action) for block in blocks for action in block])

    def action(self, action: Action) -> Any:
        return {"effect": action.name} if action.kind == "effect" else self.function(action.name)

    # --- transitions ---

    def row(self, row: Transition) -> dict[str, Any]:
        found: dict[str, Any] = dict(self.trigger(row))
        found["from"] = row.source or None
        found["to"] = _one(row.targets)
        found["when"] = _one(
            [
                {"in": guard.name} if guard.kind == "in" else self.function(guard.name)
                for guard in row.guards
                if guard.kind != "by"
            ]
        )
        found["by"] = _one(
            [_sender(by) for g in row.guards if g.kind == "by" for by in g.name.split(",")]
        )
        found["into"], found["do"] = self.done_at(row)
        within = self.structure.within
        inward = bool(row.targets) and all(within(target, row.source) for target in row.targets)
        found["reenter"] = inward and not row.internal and row.source != ROOT
        found["doc"], found["meta"] = row.doc, row.meta
        return _full(found)

    def done_at(self, row: Transition) -> tuple[str | None, Any]:
        """The field that its result becomes, and its actions without those of every transition."""
        into, blocks = None, row.actions
        if blocks:
            *before, last = blocks
            blocks = (*before, last[: len(last) - self.always_do])
        first = blocks[0][0] if blocks and blocks[0] else None
        function = self.functions.get(first.name) if first else None
        if function is not None and isinstance(function.call, Into):
            into, blocks = function.call.field, (blocks[0][1:], *blocks[1:])
        return into, self.actions(blocks, row.id)

    def trigger(self, row: Transition) -> Iterator[tuple[str, Any]]:
        trigger = row.trigger
        match trigger.kind:
            case "event":
                yield "on", _one(trigger.events)
            case "any":
                yield "on", "*"
            case "after":
                yield "after", self.delay(trigger.delay)
            case "always":
                yield "always", True
            case "cancel":
                yield "on_cancel", True
            case "done":
                yield "on_done", True
            case "result" | "failure":
                outcome = result_event if trigger.kind == "result" else failure_event
                yield f"on_{trigger.kind}", self.asked(row, outcome)

    def asked(self, row: Transition, outcome: Any) -> str:
        """The effect or machine whose outcome it is, or the id of the one invoke: whatever is read
        as these events again."""
        events = set(row.trigger.events)
        prefix = outcome("")
        waited = [id for id in (e.removeprefix(prefix) for e in events) if id in self.invoked]
        for name in dict.fromkeys(name for id in waited for name in self.invoked[id]):
            around, _ = self.structure.outcomes_of(name, row.source)
            alone = [name] if name in self.detached else []
            if events == {outcome(id) for id in (*around, *alone)}:
                return name
        known = {*self.names, *(self.kept or {}).get("effects", ())}
        if len(events) == 1 and waited and waited[0] not in known:
            return waited[0]
        if waited:
            self.complain(row.id, "it is for some of the invokes of an effect or machine")
        return row.trigger.events[0].removeprefix(prefix)


def _one(items: Any) -> Any:
    """One alone, or a list of them."""
    found = list(items)
    return found[0] if len(found) == 1 else found


def _several(written: Any) -> list[Any]:
    if written is None:
        return []
    return written if isinstance(written, list) else [written]


def _sender(by: str) -> Any:
    named = machine_of(by)
    return by if named is None else {"machine": named}


def _in_words(grant: Grant) -> str:
    if isinstance(grant, OwnsIndex):
        return f"the index {grant.name}, which is a Python function"
    return "a condition, which is a Python function"


def _full(found: dict[str, Any]) -> dict[str, Any]:
    """Without empty values."""
    return {
        key: value
        for key, value in found.items()
        if value is not None and value is not False and value not in ("", [], {})
    }
