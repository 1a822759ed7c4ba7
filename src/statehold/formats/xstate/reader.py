"""Reads an XState document as a chart, without its functions.

XState's rules are the chart's policy (``wildcard`` matching, ``xstate`` or ``xstate4`` nesting), so
order and conflicts are decided by the interpreter. The reader expands short forms:

1. ``statehold`` in a ``meta`` has the fields of the chart that XState has no word for.
2. ``null`` is the same as absent. What ``JSON.stringify`` makes of a machine has its timers and
   outcomes among its events, and whatever was code is gone: where that shows, it is an omission.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import msgspec

from statehold.chart.model import Chart, EventShape, StateNode, Transition
from statehold.chart.normalise import Structure
from statehold.formats.xstate.dialect import Version
from statehold.formats.xstate.findings import Findings, kind_of
from statehold.formats.xstate.invokes import Invokes
from statehold.formats.xstate.source_document import SourceDocument
from statehold.formats.xstate.state_index import ours_of
from statehold.formats.xstate.states import STATE_KEYS, States
from statehold.formats.xstate.transitions import Transitions

_ROOT_KEYS = frozenset(
    {"context", "version", "types", "tsTypes", "schema", "schemas", "$schema", "strict"}
    | {"predictableActionArguments", "preserveActionOrder", "delimiter", "options", "actions"}
    | {"guards", "services", "delays"}
)
_CHART_FIELDS: dict[str, Any] = {
    field.name: field.type
    for field in msgspec.structs.fields(Chart)
    if field.name not in ("states", "transitions")
}


class Reader:
    """``chart`` is the result; whether it is sound is for ``findings`` and for validation."""

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
        self.document = SourceDocument(document, findings, xstate)
        self.findings = findings
        self.index = self.document.index
        invokes = Invokes(self.document, machines)
        states = States(self.document, invokes)
        structure = Structure([states.read(state) for state in self.index.states])
        self.transitions = Transitions(self.document, invokes, structure)
        rows = tuple(row for state in self.index.states for row in self.transitions.read(state))
        #: where each state and each transition stands in the document
        self.state_places = {state.id: state.place for state in self.index.states}
        self.transition_places = self.transitions.places
        self.chart = self._chart(structure.states, rows, name, version)

    def _chart(
        self,
        states: tuple[StateNode, ...],
        transitions: tuple[Transition, ...],
        name: str | None,
        version: int | None,
    ) -> Chart:
        tree, ours = self.document.tree, ours_of(self.document.tree)
        self.document.leave_out(tree, STATE_KEYS | _ROOT_KEYS, "")
        if self.document.is_stringified and not self.document.is_v4:
            why = "JSON.stringify leaves it out of a machine; export the machine's configuration"
            self.findings.omit("always, context", "", why)
        if tree.get("delimiter") not in (None, "."):
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
            name=name or slug(self.index.machine_id),
            version=version or _version_of(tree.get("version")),
            states=states,
            transitions=transitions,
            events=tuple(EventShape(event) for event in self.transitions.events),
            data_schema=self._data_schema(tree.get("context")),
            policy=self.document.policy,
            doc=self.document.content.text(tree, "description", ""),
            meta=self.document.meta_of(tree, ""),
        )
        overrides = {k: v for k, v in ours.items() if k not in ("order", "root")}
        if name is not None or version is not None:
            overrides = {k: v for k, v in overrides.items() if k not in ("name", "version")}
        return self.document.with_ours(chart, overrides, _CHART_FIELDS, "/meta")

    def _data_schema(self, context: Any) -> dict[str, Any]:
        if context is None:
            return {}
        if not isinstance(context, dict):
            self.findings.complain("/context", f"it is {kind_of(context)}", "give an object")
            return {}
        return {"type": "object", "default": dict(context), "additionalProperties": True}


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
