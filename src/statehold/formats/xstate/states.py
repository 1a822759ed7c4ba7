"""States of an XState document as nodes of a chart, one at a time."""

from __future__ import annotations

from typing import Any

import msgspec

from statehold.chart.model import Block, Initial, StateNode
from statehold.formats.xstate.content import LOST
from statehold.formats.xstate.dialect import timer_delay
from statehold.formats.xstate.findings import below, kind_of, shorten
from statehold.formats.xstate.invokes import Invokes
from statehold.formats.xstate.json_reader import canonical
from statehold.formats.xstate.source_document import SourceDocument
from statehold.formats.xstate.state_index import SourceState
from statehold.formats.xstate.targets import targets_of

STATE_KEYS = frozenset(
    {"id", "key", "type", "parallel", "initial", "states", "on", "always", "after", "onDone"}
    | {"entry", "exit", "onEntry", "onExit", "invoke", "history", "target", "output", "data"}
    | {"tags", "meta", "description", "order", "transitions", "activities"}
)
#: of each state where JSON.stringify made it of a machine of version 4
_MADE_KEYS = frozenset({"version"})
_INITIAL_KEYS = frozenset({"target", "actions", "description", "meta", "source", "eventType"})
_STATE_FIELDS: dict[str, Any] = {
    field.name: field.type
    for field in msgspec.structs.fields(StateNode)
    if field.name not in ("id", "kind", "parent")
}


class States:
    """Reads them; ``invokes`` are those of the whole document."""

    def __init__(self, document: SourceDocument, invokes: Invokes) -> None:
        self.document = document
        self.findings = document.findings
        self.content = document.content
        self.index = document.index
        self.invokes = invokes

    def read(self, source: SourceState) -> StateNode:
        config, place, content = source.config, source.place, self.content
        parent = source.parent
        if parent is not None:
            made = _MADE_KEYS if self.document.is_stringified else frozenset()
            self.document.leave_out(config, STATE_KEYS | made, place)
        self._leave_out_activities(config.get("activities"), below(place, "activities"))
        is_history = source.kind == "history"
        node = StateNode(
            id=source.id,
            kind=source.kind,
            parent=None if parent is None else parent.id,
            initial=self._history_default(source) if is_history else self._initial(source),
            entry=self._actions(config, "entry", "onEntry", place),
            exit=self._actions(config, "exit", "onExit", place),
            invokes=self.invokes.of(source),
            deep=is_history and config.get("history") == "deep",
            output=self._output(source),
            tags=content.texts(config.get("tags"), below(place, "tags")),
            doc="" if parent is None else content.text(config, "description", place),
            meta={} if parent is None else self.document.meta_of(config, place),
        )
        ours = source.ours if parent is not None else source.ours.get("root", {})
        fields = ours if isinstance(ours, dict) else {}
        return self.document.with_ours(node, fields, _STATE_FIELDS, place)

    def _actions(
        self, config: dict[str, Any], key: str, older: str, place: str
    ) -> tuple[Block, ...]:
        name = key if config.get(key) is not None else older
        given = config.get(name)
        if self.document.is_stringified and not self.document.is_v4 and isinstance(given, list):
            # the last ones set or cancel the state's timers, without any mark
            on = config.get("on")
            timers = sum(timer_delay(event) is not None for event in on or ())
            given = given[: len(given) - timers]
        return self.content.blocks(given, below(place, name))

    def _initial(self, source: SourceState) -> Initial | None:
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
            self.document.leave_out(given, _INITIAL_KEYS, place)
        found: list[str] = []
        for one in text if isinstance(text, list) else [text]:
            if not isinstance(one, str):
                children = ", ".join(list(source.children)[:5]) or "none"
                message = "it is missing" if one is None else f"it is {kind_of(one)}"
                self.findings.complain(place, message, f"name one of the states inside: {children}")
                continue
            relative = one.startswith(("#", "."))
            # a key has priority, with or without dots in it
            target = source.children.get(one) or self.index.target(
                source, one if relative else f".{one}"
            )
            if target is None:
                self.findings.complain(
                    place, f"there is no state {shorten(one)!r}", "name one inside"
                )
            else:
                found.append(target.id)
        return Initial(tuple(dict.fromkeys(found)), actions) if found else None

    def _missing_initial(self, source: SourceState, place: str) -> Initial | None:
        """Version 4 stays in the state itself then, which is seldom intended."""
        first = source.states[0]
        if self.document.is_v4:
            why = f"it is missing; where no target says more, {shorten(first.key)!r} is entered"
            self.findings.omit("initial", place, why)
            return Initial((first.id,))
        children = ", ".join(list(source.children)[:5])
        hint = f'give it "initial", one of the states inside: {children}'
        self.findings.complain(place, "it is missing", hint)
        return None

    def _history_default(self, source: SourceState) -> Initial | None:
        given, parent = source.config.get("target"), source.parent
        if parent is None:
            self.findings.complain("", "the machine itself is a history state", "give it states")
            return None
        if given is None:
            if self.document.is_stringified:
                why = "JSON.stringify leaves it out of a machine; the initial state stands for it"
                self.findings.omit("target", source.place, why)
            return None
        place = below(source.place, "target")
        targets = targets_of(self.document, source, given, place)
        return Initial(tuple(target.id for target in targets)) if targets else None

    def _output(self, source: SourceState) -> str | None:
        config, root = source.config, self.index.root
        if source.kind != "final":
            return None
        key = "output" if config.get("output") is not None else "data"
        if source.parent is root and "output" in root.config and key not in config:
            return canonical(root.config["output"])
        return canonical(config[key]) if key in config else None

    def _leave_out_activities(self, given: Any, place: str) -> None:
        for one in given if isinstance(given, list) else [given] if given is not None else []:
            if not isinstance(one, dict) or one.get("type") != "xstate.invoke":
                name = one.get("type") if isinstance(one, dict) else one
                why = f"{shorten(str(name))} is code, and {LOST}; invoke an effect"
                self.findings.omit("activities", place, why)
