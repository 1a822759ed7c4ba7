"""An XState document, its version, and what its states, invokes and transitions share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from statehold.chart.model import Chart, Policy, StateNode, Transition
from statehold.formats.xstate.content import Content
from statehold.formats.xstate.dialect import VERSIONS, Version, is_stringified, marks, version_of
from statehold.formats.xstate.findings import Findings, below, shorten
from statehold.formats.xstate.state_index import OURS, StateIndex, ours_of

S = TypeVar("S", Chart, StateNode, Transition)

POLICY = Policy(matching="wildcard", nesting="xstate")
POLICY_4 = Policy(matching="wildcard", nesting="xstate4")

_WHY = {
    "systemId": "instances are found by their ids",
    "route": "there are no routes",
    "timeout": "write it as after",
    "onSnapshot": "an effect reports nothing before its outcome",
}


class SourceDocument:
    """``xstate`` is the version that it is written for; None: it is inferred from its words."""

    def __init__(
        self, tree: dict[str, Any], findings: Findings, xstate: Version | None = None
    ) -> None:
        self.tree = tree
        self.findings = findings
        self.is_v4 = self._version(xstate) == 4
        self.policy = POLICY_4 if self.is_v4 else POLICY
        self.is_stringified = is_stringified(tree)
        self.index = StateIndex(tree, findings, 4 if self.is_v4 else 5)
        self.content = Content(self.index, findings)

    def _version(self, given: Version | None) -> Version:
        ours = ours_of(self.tree).get("xstate") if given is None else given
        if ours in VERSIONS:
            return ours
        found = marks(self.tree)
        version = version_of(self.tree, found)
        if len(found) > 1:
            self.findings.omit(
                found[5], "", f"it is a word of version 5, and {found[4]} one of 4; read as 4"
            )
        return version

    def meta_of(self, config: dict[str, Any], place: str) -> dict[str, Any]:
        meta = config.get("meta", {})
        if not isinstance(meta, dict):
            if meta is not None:
                self.findings.omit("meta", below(place, "meta"), "it is not an object")
            return {}
        return {key: value for key, value in meta.items() if key != OURS}

    def leave_out(self, config: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        for key, value in config.items():
            if key not in known and value is not None:
                why = _WHY.get(key, "it is not known here")
                self.findings.omit(shorten(key), below(place, key), why)

    def with_ours(
        self, value: S, ours: Mapping[str, Any], fields: Mapping[str, Any], place: str
    ) -> S:
        """The value with the fields that stand under ``statehold``, which XState can't say."""
        given = {}
        for name, kind in fields.items():
            if name in ours:
                try:
                    given[name] = msgspec.convert(ours[name], kind)
                except (msgspec.ValidationError, RecursionError) as error:
                    where = below(below(place, OURS), name)
                    self.findings.complain(where, str(error), "leave it out")
        return msgspec.structs.replace(value, **given) if given else value
