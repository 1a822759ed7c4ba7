"""Writes a chart as an SCXML document.

A chart that was read from SCXML keeps the XML of its functions, and is written as the same
document: read again, it is the same chart. Of any other chart, SCXML gets the structure: states,
transitions, events, and timers as delayed messages. Functions are Python, which a document can't
carry, so each is an omission; so is what SCXML has no word for (owners, deadlines).

A guard that a document can't carry, a role for example, is written as a condition that nothing
defines, which SCXML evaluates to false (5.9.1): no transition becomes unconditional.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import quoteattr

from statehold.chart.event import done_event, failure_event, result_event, timer_event
from statehold.chart.machine import AMachine
from statehold.chart.model import ROOT, Block, Chart, Guard, Invoke, StateNode, Transition
from statehold.chart.tree import Tree
from statehold.errors import DefinitionError, Problem
from statehold.formats.notation import Omission
from statehold.formats.scxml.markup import SCXML_NAMESPACE

#: what no XML may have, not even written as a character reference
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: events that follow from states, invokes and timers
_MADE = (done_event(""), result_event(""), failure_event(""), timer_event(""))
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")

_KINDS = {
    "compound": "state",
    "atomic": "state",
    "parallel": "parallel",
    "final": "final",
    "history": "history",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """The document, and what of the chart it does not contain."""

    text: str
    omissions: tuple[Omission, ...] = ()


def write_scxml(machine: AMachine | Chart) -> Exported:
    """A machine or its chart as an SCXML document.

    Raises ``DefinitionError`` where a text of it has characters that XML can't hold.
    """
    chart = machine if isinstance(machine, Chart) else machine.definition.chart
    writer = _Writer(chart)
    text = writer.text()
    found = _NO_XML.search(text)
    if found is not None:
        line = text[text.rfind("\n", 0, found.start()) + 1 :].split("\n", 1)[0].strip()
        message = f"XML can't hold the character U+{ord(found[0]):04X} of {line[:80]!r}"
        raise DefinitionError(chart.name, [Problem("chart", message, "leave it out")])
    return Exported(text, tuple(writer.omissions))


class _Words:
    """Names without space, as SCXML wants them; different names stay different."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.taken: set[str] = set()

    def of(self, text: str, wanted: str = "") -> str:
        if text not in self.known:
            plain = word = re.sub(r"\s", "_", wanted or text)
            number = 1
            while word in self.taken:
                number += 1
                word = f"{plain}_{number}"
            self.taken.add(word)
            self.known[text] = word
        return self.known[text]


class _Writer:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.tree = Tree(chart)
        self.positions = {one.id: place for place, one in enumerate(chart.transitions)}
        self.lines: list[str] = []
        self.omissions: list[Omission] = []
        meta: Mapping[str, Any] = chart.meta.get("scxml") or {}
        self.born = bool(meta)
        self.meta = meta
        self.content: Mapping[str, str] = meta.get("content") or {}
        self.data: Mapping[str, list[str]] = meta.get("data") or {}
        self.invokes: Mapping[str, str] = meta.get("invokes") or {}
        self.ids = _Words()
        self.events = _Words()
        self.invoke_ids = _Words()
        self._name_all()

    def _name_all(self) -> None:
        """Gives each state, invoke and event its name, those without space first."""
        chart = self.chart
        states = [state.id for state in chart.states[1:]]
        invokes = [invoke.id for state in chart.states for invoke in state.invokes]
        for words, names in ((self.ids, states), (self.invoke_ids, invokes)):
            for name in sorted(names, key=_has_space):
                words.of(name)
        made = {done_event(id): done_event(self.ids.of(id)) for id in states}
        for id in invokes:
            for outcome in (result_event, failure_event):
                made[outcome(id)] = outcome(self.invoke_ids.of(id))
        self.events.known.update(made)
        self.events.taken.update(made.values())
        for one in chart.transitions:
            if one.trigger.delay is not None:
                # a timer's event must not be a prefix of another's, nor be sent from elsewhere
                (event,) = one.trigger.events
                self.events.of(event, timer_event(re.sub(r"[.\s]", "_", one.id)))
        used = {event for one in chart.transitions for event in one.trigger.events}
        for event in sorted(used, key=lambda event: (_has_space(event), event)):
            self.events.of(event)
        for what, words, texts in (
            ("state", self.ids, states),
            ("invoke", self.invoke_ids, invokes),
            ("event", self.events, sorted(used)),
        ):
            for name in filter(_has_space, texts):
                if not name.startswith(_MADE):
                    why = f"names have no space in SCXML; it is written {words.of(name)!r}"
                    self.omit(f"{what} {name!r}", "the chart", why)

    def text(self) -> str:
        chart, meta = self.chart, self.meta
        root = chart.states[0]
        attributes = {"xmlns": SCXML_NAMESPACE, "version": "1.0"}
        named = meta.get("name") if self.born else chart.name
        if named is not None:
            attributes["name"] = named
        if not self.born:
            attributes["datamodel"] = "ecmascript"
        for key in ("datamodel", "binding"):
            if meta.get(key):
                attributes[key] = meta[key]
        if root.kind == "compound" and root.initial is not None:
            attributes["initial"] = self.targets(root.initial.targets)
            if any(root.initial.actions):
                self.omit("initial content", "the root", "SCXML has none there")
        self.lines.append('<?xml version="1.0" encoding="UTF-8"?>')
        self.open("scxml", attributes, 0)
        self.datamodel(ROOT, 1)
        for script in meta.get("scripts") or ():
            self.line(script, 1)
        if not self.born:
            self.left_out(root)
            if chart.policy.matching != "token":
                why = "in SCXML a transition for x takes x.y too, and * decides by its place"
                self.omit("whole names of events", "the chart", why)
            if chart.policy.nesting != "scxml":
                why = "in SCXML a parallel state is left by transitions between its regions"
                self.omit("XState's nesting", "the chart", why)
                if any(one.trigger.kind == "always" for one in chart.transitions):
                    why = "in SCXML they are taken again as long as their guards hold"
                    self.omit("immediate transitions", "the chart", why)
        if root.kind == "parallel":
            why = "the root of a document is never parallel; its regions stand in a state of it"
            self.omit("kind parallel", "the root", why)
            regions, end = self.fresh("regions"), self.fresh("ended")
            self.open("parallel", {"id": regions}, 1)
            # first, so that no other transition of the root takes the event
            self.line(f'<transition event="done.state.{regions}" target="{end}"/>', 2)
            self.inside(0, 2)
            self.line("</parallel>", 1)
            self.line(f'<final id="{end}"/>', 1)
        else:
            self.inside(0, 1)
        self.lines.append("</scxml>")
        return "\n".join(self.lines) + "\n"

    def targets(self, ids: Iterable[str]) -> str:
        return " ".join(map(self.ids.of, ids))

    def fresh(self, wanted: str) -> str:
        name = wanted
        # done.state.x would take done.state.x.y too
        while any(id == name or id.startswith(f"{name}.") for id in self.tree.index):
            name = f"_{name}"
        return name

    # --- states ---

    def inside(self, number: int, depth: int) -> None:
        """The children of a state, and its transitions where they stand among them.

        Content of several transitions runs in document order (SCXML 3.13), so that is kept.
        """
        own = list(self.tree.transitions[number])
        child, end = number + 1, self.tree.end[number]
        while child < end:
            below = self.first_position(child)
            while own and self.positions[own[0].id] < below:
                self.transition(own.pop(0), depth)
            self.state(child, depth)
            child = self.tree.end[child]
        for transition in own:
            self.transition(transition, depth)

    def first_position(self, number: int) -> int:
        """Where the first transition from a state or from below it stands; 0 if there is none."""
        found = (
            self.positions[self.tree.transitions[one][0].id]
            for one in range(number, self.tree.end[number])
            if self.tree.transitions[one]
        )
        return min(found, default=0)

    def state(self, number: int, depth: int) -> None:
        node = self.tree.states[number]
        attributes = {"id": self.ids.of(node.id)}
        if node.kind == "history" and node.deep:
            attributes["type"] = "deep"
        plain = node.initial is not None and not any(node.initial.actions)
        if node.kind == "compound" and node.initial is not None and plain:
            attributes["initial"] = self.targets(node.initial.targets)
        self.open(_KINDS[node.kind], attributes, depth)
        self.datamodel(node.id, depth + 1)
        if node.initial is not None and not (node.kind == "compound" and plain):
            self.default(node, depth + 1)
        binds = self.meta.get("binding") == "late" and node.id in self.data
        entry = node.entry[len(self.data[node.id]) :] if binds else node.entry
        self.blocks("onentry", entry, node.id, depth + 1)
        self.blocks("onexit", node.exit, node.id, depth + 1)
        self.timers(number, depth + 1)
        for invoke in node.invokes:
            self.invoke(invoke, node.id, depth + 1)
        if node.output is not None:
            self.function(node.output, f"state {node.id}", depth + 1)
        self.left_out(node)
        self.inside(number, depth + 1)
        self.close(_KINDS[node.kind], depth)

    def timers(self, number: int, depth: int) -> None:
        """What a state's timers are in SCXML: messages to itself, taken back when it is left."""
        for transition in self.tree.transitions[number]:
            delay = transition.trigger.delay
            if delay is None or delay.seconds is None:
                continue
            event = self.events.of(transition.trigger.events[0])
            sent = {"event": event, "id": event, "delay": _delay(delay.seconds)}
            self.open("onentry", {}, depth)
            self.open("send", sent, depth + 1)
            self.close("send", depth + 1)
            self.close("onentry", depth)
            self.open("onexit", {}, depth)
            self.open("cancel", {"sendid": event}, depth + 1)
            self.close("cancel", depth + 1)
            self.close("onexit", depth)

    def default(self, node: StateNode, depth: int) -> None:
        """The transition of an ``<initial>``, or of a history state."""
        assert node.initial is not None
        deeper = depth if node.kind == "history" else depth + 1
        if node.kind != "history":
            self.open("initial", {}, depth)
        self.open("transition", {"target": self.targets(node.initial.targets)}, deeper)
        for block in node.initial.actions:
            self.block(block, f"state {node.id}", deeper + 1)
        self.close("transition", deeper)
        if node.kind != "history":
            self.close("initial", depth)

    def datamodel(self, id: str, depth: int) -> None:
        if self.data.get(id):
            self.open("datamodel", {}, depth)
            for data in self.data[id]:
                self.line(data, depth + 1)
            self.close("datamodel", depth)

    def blocks(self, name: str, blocks: Iterable[Block], id: str, depth: int) -> None:
        for block in blocks:
            self.open(name, {}, depth)
            self.block(block, f"state {id}", depth + 1)
            self.close(name, depth)

    def block(self, block: Block, place: str, depth: int) -> None:
        for action in block:
            if action.kind == "effect":
                self.omit(
                    f"effect {action.name}", place, "SCXML asks for effects by <invoke> alone"
                )
            else:
                self.function(action.name, place, depth)

    def function(self, name: str, place: str, depth: int) -> None:
        xml = self.content.get(name)
        if xml:
            self.line(xml, depth)
        else:
            self.omit(f"function {name}", place, "a document can't carry Python")

    def invoke(self, invoke: Invoke, id: str, depth: int) -> None:
        xml = self.invokes.get(invoke.id)
        if xml is not None:
            self.line(xml, depth)
            return
        prefix = "machine" if invoke.kind == "machine" else "effect"
        attributes = {"id": self.invoke_ids.of(invoke.id), "src": f"{prefix}:{invoke.name}"}
        if invoke.autoforward:
            attributes["autoforward"] = "true"
        if invoke.input is not None:
            self.omit(f"function {invoke.input}", f"state {id}", "a document can't carry Python")
        self.open("invoke", attributes, depth)
        if invoke.finalize:
            self.blocks("finalize", [invoke.finalize], id, depth + 1)
        self.close("invoke", depth)

    def left_out(self, node: StateNode) -> None:
        place = f"state {node.id}" if node.id else "the root"
        if not node.id:
            for block in (*node.entry, *node.exit):
                for action in block:
                    self.omit(f"action {action.name}", place, "the root of a document has none")
            if self.chart.input is not None:
                self.omit(f"input {self.chart.input}", "the chart", "SCXML starts with the data")
            for event in self.chart.events:
                if event.label:
                    self.omit("label", f"event {event.name}", "SCXML has no such")
        for what, value in (
            ("owner", node.owner),
            ("tags", node.tags),
            ("deadline", node.deadline),
            ("label", node.label if node.id else self.chart.label),
        ):
            if value:
                self.omit(what, place, "SCXML has no such")

    # --- transitions ---

    def transition(self, transition: Transition, depth: int) -> None:
        place = f"transition {transition.id}"
        if transition.trigger.kind == "cancel":
            why = "a session that is cancelled exits all of its states, and goes on to none"
            self.omit("transition for a cancellation", place, why)
            return
        attributes: dict[str, str] = {}
        match transition.trigger.kind:
            case "any":
                attributes["event"] = "*"
            case "always":
                pass
            case _:
                attributes["event"] = " ".join(map(self.events.of, transition.trigger.events))
        delay = transition.trigger.delay
        if delay is not None and delay.seconds is None:
            self.omit(f"delay {delay.function}", place, "a document can't carry Python")
        elif delay is not None and not transition.source:
            self.omit("delay", place, "a document has no entry actions of its own")
        conditions = [*self.conditions(transition.guards, place)]
        if conditions:
            several = len(conditions) > 1
            attributes["cond"] = " && ".join(f"({c})" if several else c for c in conditions)
        if transition.targets:
            attributes["target"] = self.targets(transition.targets)
        if transition.internal and self.returns(transition):
            why = "in SCXML only a state that is left comes back to where it was"
            self.omit("internal", place, why)
        elif transition.internal:
            attributes["type"] = "internal"
            source = self.tree.states[self.tree.index[transition.source]]
            if source.kind == "parallel":
                why = "in SCXML a parallel state is left by its own transitions, and entered again"
                self.omit("internal", place, why)
        self.open("transition", attributes, depth)
        for block in transition.actions:
            self.block(block, place, depth + 1)
        self.close("transition", depth)

    def returns(self, transition: Transition) -> bool:
        """Whether it leads to its source's own history, as it is now."""
        own = self.tree.histories[self.tree.index[transition.source]]
        led = any(self.tree.index[target] in own for target in transition.targets)
        return led and self.tree.chart.policy.own_history_is_now

    def conditions(self, guards: Iterable[Guard], place: str) -> Iterator[str]:
        for guard in guards:
            if guard.kind == "in":
                yield f"In({_quoted(self.ids.of(guard.name))})"
            elif guard.kind == "by":
                self.omit(f"role {guard.name}", place, "SCXML knows no senders' roles")
                yield f"by({_quoted(guard.name)})"
            elif guard.name in self.content:
                yield self.content[guard.name]
            elif "native" in self.chart.meta:
                why = "it is CEL, which SCXML does not evaluate; its text stands there"
                self.omit(f"guard {guard.name}", place, why)
                yield guard.name
            else:
                self.omit(f"guard {guard.name}", place, "a document can't carry Python")
                is_name = _NAME.fullmatch(guard.name)
                yield f"{guard.name}()" if is_name else f"guard({_quoted(guard.name)})"

    # --- lines ---

    def omit(self, what: str, place: str, why: str) -> None:
        self.omissions.append(Omission(what, place, why))

    def line(self, text: str, depth: int) -> None:
        self.lines.append(f"{'  ' * depth}{text}")

    def open(self, name: str, attributes: Mapping[str, str], depth: int) -> None:
        shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
        self.line(f"<{name}{shown}>", depth)

    def close(self, name: str, depth: int) -> None:
        """Ends an element, on its own line where nothing is inside."""
        last = self.lines[-1]
        if (
            last.startswith(f"{'  ' * depth}<{name}")
            and last.endswith(">")
            and not (last.endswith("/>") or "</" in last)
        ):
            self.lines[-1] = f"{last[:-1]}/>"
        else:
            self.line(f"</{name}>", depth)


def _has_space(name: str) -> bool:
    return re.search(r"\s", name) is not None


def _quoted(text: str) -> str:
    """A text of JavaScript, and of Python."""
    plain = not set(text) & {"'", "\\"} and text.isprintable()
    return f"'{text}'" if plain else json.dumps(text)


def _delay(seconds: float) -> str:
    """Exactly, and without an exponent, which a delay can't have."""
    return f"{Decimal(repr(seconds)).normalize():f}s"
