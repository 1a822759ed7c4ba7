"""The invokes of an XState document."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from statehold.chart.model import Invoke
from statehold.formats.xstate.findings import below, kind_of
from statehold.formats.xstate.json_reader import canonical
from statehold.formats.xstate.source_document import SourceDocument
from statehold.formats.xstate.state_index import SourceState

_INVOKE_KEYS = frozenset({"id", "src", "type", "onDone", "onError", "input", "data", "autoForward"})


class Invokes:
    """All of them; ``machines`` are names of those that are machines, all others are effects."""

    def __init__(self, document: SourceDocument, machines: Collection[str]) -> None:
        self.document = document
        self.findings = document.findings
        self.machines = machines
        #: each with what is written for it and its place, by the state that invokes it
        self.by_state: dict[SourceState, list[tuple[Invoke, Any, str]]] = {}
        #: the chart's ids for XState's id of an invoke, which may stand in several states
        self.ids: dict[str, list[str]] = {}
        #: how many invokes would have one id
        self._alike: dict[str, int] = {}
        self._read()

    def of(self, state: SourceState) -> tuple[Invoke, ...]:
        return tuple(invoke for invoke, _, _ in self.by_state.get(state, ()))

    def _read(self) -> None:
        taken: set[str] = set()
        for source in self.document.index.states:
            given, place = source.config.get("invoke"), below(source.place, "invoke")
            if given is None:
                continue
            is_list = isinstance(given, list)
            for number, config in enumerate(given if is_list else [given]):
                where = below(place, number) if is_list else place
                invoke = self._invoke(source, config, number, where, taken)
                if invoke is not None:
                    self.by_state.setdefault(source, []).append((invoke, config, where))

    def _invoke(
        self, source: SourceState, config: Any, number: int, place: str, taken: set[str]
    ) -> Invoke | None:
        if isinstance(config, str):
            config = {"src": config}
        if not isinstance(config, dict):
            self.findings.complain(place, f"it is {kind_of(config)}", 'write {"src": "name"}')
            return None
        self.document.leave_out(config, _INVOKE_KEYS, place)
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
        default = f"{own}:invocation[{number}]" if self.document.is_v4 else f"{number}.{own}"
        xstate_id = given if isinstance(given, str) and given else default
        id = given if isinstance(given, str) and given else f"{source.id}/{src}"
        plain = id
        while id in taken:
            count = self._alike[plain] = self._alike.get(plain, 1) + 1
            id = f"{source.id}/{plain}" if count == 2 else f"{source.id}/{plain}#{count}"
        taken.add(id)
        self.ids.setdefault(xstate_id, []).append(id)
        is_machine = src in self.machines
        key = "input" if config.get("input") is not None else "data"
        if config.get(key) is not None and not is_machine:
            where = below(place, key)
            self.findings.omit(key, where, "an effect gets the machine's whole data")
        return Invoke(
            id=id,
            name=src,
            kind="machine" if is_machine else "effect",
            input=None if config.get(key) is None or not is_machine else canonical(config[key]),
            autoforward=config.get("autoForward") is True,
        )
