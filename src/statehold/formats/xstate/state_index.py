"""The states of an XState document, and what its targets and ids mean.

A state's id is the path of its keys, ``checkout.paying``; XState's own ids (``#checkout``) are
resolved here and are gone after that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.model import Kind
from statehold.formats.notation import STATE_LIMIT
from statehold.formats.xstate.dialect import Version
from statehold.formats.xstate.findings import Findings, below, kind_of, shorten
from statehold.formats.xstate.json_reader import members

#: the key of a ``meta`` with the fields that XState has no word for
OURS = "statehold"
#: the state of a machine without states
ONLY_STATE = "active"

_KINDS: dict[str, Kind] = {
    "atomic": "atomic",
    "compound": "compound",
    "parallel": "parallel",
    "final": "final",
    "history": "history",
}


@dataclass(slots=True, eq=False)
class SourceState:
    """One state as it stands in the document."""

    id: str
    key: str
    kind: Kind
    place: str
    config: dict[str, Any]
    parent: SourceState | None = None
    children: dict[str, SourceState] = field(default_factory=dict)
    #: XState's own id, as its events have it
    xstate_id: str = ""

    @property
    def states(self) -> list[SourceState]:
        """Those that can be active."""
        return [child for child in self.children.values() if child.kind != "history"]

    def is_within(self, other: SourceState) -> bool:
        """Whether it is the other, or lies below it."""
        state: SourceState | None = self
        while state is not None and state is not other:
            state = state.parent
        return state is other

    @property
    def ours(self) -> dict[str, Any]:
        return ours_of(self.config)


def ours_of(config: dict[str, Any]) -> dict[str, Any]:
    """What stands under ``statehold`` in the ``meta`` of a state or a transition."""
    meta = config.get("meta")
    ours = meta.get(OURS) if isinstance(meta, dict) else None
    return ours if isinstance(ours, dict) else {}


class StateIndex:
    """All states, in document order, the root first."""

    def __init__(self, document: dict[str, Any], findings: Findings, version: Version = 5) -> None:
        self.findings = findings
        self.version = version
        self.states: list[SourceState] = []
        #: by XState's ids, given ones and those made from paths
        self.named: dict[str, SourceState] = {}
        # version 4 makes an id of the machine's key
        name = document.get("id") or (document.get("key") if version == 4 else None)
        self.machine_id = name if isinstance(name, str) and name else "(machine)"
        self.root = self._state(document, "", "", None, self.machine_id)

    def _state(
        self, config: Any, key: str, place: str, parent: SourceState | None, path: str
    ) -> SourceState:
        if not isinstance(config, dict):
            message = f"state {shorten(key)!r} is {kind_of(config)}"
            self.findings.complain(place, message, "a state is an object")
            config = {}
        given = ours_of(config).get("id")
        id = "" if parent is None else f"{parent.id}.{key}" if parent.id else key
        if isinstance(given, str) and parent is not None:
            id = given
        source = SourceState(id, key, self._kind(config, place, parent), place, config, parent)
        self.states.append(source)
        if len(self.states) > STATE_LIMIT:
            message = f"it has more than {STATE_LIMIT} states"
            self.findings.complain("the document", message, "split it into several machines")
            self.findings.refuse("xstate")
        self._name(source, path)
        for name, child in members(_states_of(config)):
            where = below(below(place, "states"), name)
            source.children[name] = self._state(child, name, where, source, f"{path}.{name}")
        if parent is None and source.kind == "compound" and not source.children:
            # XState allows a machine without states; a chart has at least one
            self.states.append(SourceState(ONLY_STATE, ONLY_STATE, "atomic", "", {}, source))
            source.children[ONLY_STATE] = self.states[-1]
            source.config = {**config, "initial": ONLY_STATE}
        return source

    def _kind(self, config: dict[str, Any], place: str, parent: SourceState | None) -> Kind:
        states = _states_of(config)
        if config.get("states") is not None and not isinstance(config["states"], dict):
            where = below(place, "states")
            self.findings.complain(where, f"it is {kind_of(config['states'])}", "give an object")
        given = config.get("type")
        # v4 had parallel: true
        if given is None and config.get("parallel") is True:
            given = "parallel"
        kind = _KINDS.get(given) if isinstance(given, str) else None
        if given is not None and kind is None:
            hint = f"one of {', '.join(_KINDS)}"
            self.findings.complain(below(place, "type"), f"it is {kind_of(given)}", hint)
        if kind is None:
            kind = "compound" if states else "history" if config.get("history") else "atomic"
        if parent is None and kind == "atomic":
            kind = "compound"
        return kind

    def _name(self, source: SourceState, path: str) -> None:
        given = source.config.get("id")
        if given is not None and (not isinstance(given, str) or not given):
            where = below(source.place, "id")
            self.findings.complain(where, f"it is {kind_of(given)}", "an id is a string")
            given = None
        id = source.xstate_id = path if given is None else given
        if id in self.named:
            self.findings.complain(
                source.place, f"the id {shorten(id)!r} is that of another state", "change one"
            )
        self.named.setdefault(id, source)

    # --- targets ---

    def target(self, source: SourceState, text: str) -> SourceState | None:
        """The state of a target, as seen from this one: ``sibling``, ``.child``, ``#id.child``."""
        if text.startswith("#"):
            return self.by_id(text)
        if text.startswith("."):
            return _descend(source, split_path(text[1:]))
        # from the root, v4 knew its children without a dot too
        return _descend(source.parent or source, split_path(text))

    def first_states(self, source: SourceState) -> list[SourceState]:
        """The child that is entered by default."""
        given = source.config.get("initial")
        text = given.get("target") if isinstance(given, dict) else given
        if isinstance(text, list):
            text = text[0] if text else None
        child = source.children.get(text) if isinstance(text, str) else None
        if child is None and isinstance(text, str) and text.startswith("#"):
            child = self.by_id(text)
        return [child] if child is not None else source.states[:1]

    def by_id(self, text: str) -> SourceState | None:
        r"""``#id`` or ``#id.child``.

        A dot parts an id from a child in version 5 (``\.`` is one in an id). Version 4 first looks
        for an id that has it. Each takes the other's reading where its own leads nowhere.
        """
        text = text.removeprefix("#")
        first, *rest = split_path(text)
        start = self.named.get(first)
        below_it = None if start is None else _descend(start, rest)
        whole = self.named.get(text)
        return (whole or below_it) if self.version == 4 else (below_it or whole)

    def with_id(self, id: str) -> SourceState | None:
        """The state of an id as events have it, ``done.state.m.a``."""
        return self.named.get(id) or self.by_id(id)

    def under(self, source: SourceState, value: Any) -> Iterator[SourceState | None]:
        """The leaves of a state value: ``"a.b"``, ``{"a": "b"}``, ``{"a": {"b": "c"}}``."""
        if isinstance(value, str):
            yield (
                self.by_id(value) if value.startswith("#") else _descend(source, split_path(value))
            )
        elif isinstance(value, dict) and value:
            for key, inner in value.items():
                child = source.children.get(key)
                if child is None or inner == {}:
                    yield child
                else:
                    yield from self.under(child, inner)
        else:
            yield None


def split_path(text: str) -> list[str]:
    r"""Keys between dots; ``\.`` is a dot in a key."""
    keys: list[list[str]] = [[]]
    escaped = False
    for character in text:
        if escaped or character not in "\\.":
            keys[-1].append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            keys.append([])
    return ["".join(key) for key in keys]


def join_path(keys: list[str]) -> str:
    return ".".join(key.replace("\\", "\\\\").replace(".", "\\.") for key in keys)


def _descend(source: SourceState, keys: list[str]) -> SourceState | None:
    state: SourceState | None = source
    for key in keys:
        if not key or state is None:
            # as XState, which stops at the first key that is empty
            break
        state = state.children.get(key)
    return state


def _states_of(config: dict[str, Any]) -> dict[str, Any]:
    states = config.get("states")
    return states if isinstance(states, dict) else {}
