"""Ids of states, invokes and transitions: those that a document gives, and the rest."""

from __future__ import annotations

from collections.abc import Iterator

from statehold.chart.event import done_event, result_event
from statehold.formats.scxml.markup import Element, parts, tag
from statehold.formats.scxml.vocabulary import is_state


class Ids:
    """Ids of a document: those that it gives, and generated ones for the rest."""

    def __init__(self, root: Element) -> None:
        self._made: dict[Element, str] = {}
        self._anonymous: dict[Element, str] = {}
        self._counted: dict[str, int] = {}
        elements = list(states_of(root))
        self.known: set[str | None] = {element.get("id") for element in elements} - {None, ""}
        for element in elements:
            if not element.get("id"):
                self._made[element] = self._fresh(tag(element))
        invoked = {
            invoke.get("id")
            for element in elements
            for invoke in parts(element, "invoke")
            if invoke.get("id")
        }
        self._invokes: set[str | None] = set(invoked)
        for element in elements:
            for invoke in parts(element, "invoke"):
                if not invoke.get("id"):
                    self._anonymous[invoke] = self._invoke(self.of(element))
        self.completions = {done_event(id) for id in self.known if id is not None}
        self.results = {result_event(id) for id in invoked if id is not None}

    @property
    def anonymous(self) -> frozenset[str]:
        """Those of invokes that the document gives none."""
        return frozenset(self._anonymous.values())

    def of(self, element: Element) -> str:
        return element.get("id") or self._made[element]

    def _fresh(self, name: str) -> str:
        id = self._numbered(f"{name}_", self.known)
        self.known.add(id)
        return id

    def invoke(self, element: Element) -> str:
        return element.get("id") or self._anonymous[element]

    def _invoke(self, state: str) -> str:
        """An id of the form that SCXML 6.4.1 asks for: ``state.number``."""
        id = self._numbered(f"{state}.", self._invokes)
        self._invokes.add(id)
        return id

    def _numbered(self, prefix: str, taken: set[str | None]) -> str:
        """The prefix with the first number from where the last one ended that is free."""
        number = self._counted.get(prefix, 0) + 1
        while f"{prefix}{number}" in taken:
            number += 1
        self._counted[prefix] = number
        return f"{prefix}{number}"

    def transition(self, label: str) -> str:
        """Unique, and the same as long as those before it with the same events are."""
        count = self._counted.get(label, 0) + 1
        self._counted[label] = count
        return label if count == 1 else f"{label}[{count}]"


def states_of(root: Element) -> Iterator[Element]:
    """All states of a document, in document order."""
    pending = [child for child in reversed(root) if is_state(child)]
    while pending:
        element = pending.pop()
        yield element
        pending += [child for child in reversed(element) if is_state(child)]
