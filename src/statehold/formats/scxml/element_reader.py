"""Reading the expressions of one element, and collecting what they use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statehold.chart.machine import Uses
from statehold.expression.language import Expression, Location
from statehold.formats.scxml.expressions import Expressions
from statehold.formats.scxml.markup import Element
from statehold.formats.scxml.session import Run


class ElementReader:
    """For one element and those inside it; ``place`` is where an omission is reported."""

    def __init__(self, expressions: Expressions, place: str) -> None:
        self.expressions = expressions
        self.place = place
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.raises: set[str] = set()

    @property
    def uses(self) -> Uses:
        return Uses(frozenset(self.reads), frozenset(self.writes), frozenset(self.raises))

    def expression(self, element: Element, attribute: str) -> Expression:
        text = element.get(attribute) or ""
        found = self.expressions.read(text, attribute, self.place, element, may_write=True)
        self.reads |= found.reads
        self.writes |= found.writes
        return found

    def location(self, element: Element, attribute: str) -> Location:
        """A location that the element assigns to."""
        found = self.expressions.location(element, attribute, self.place)
        if found.name:
            self.writes.add(found.name)
        return found

    def either(self, element: Element, attribute: str) -> Callable[[Run], Any]:
        """The value of ``attribute``, or of the expression in its ``…expr`` form."""
        if element.get(f"{attribute}expr") is not None:
            expression = self.expression(element, f"{attribute}expr")
            return lambda run: expression(run.scope)
        text = element.get(attribute) or ""
        return lambda run: text

    def omit(self, what: str, why: str, element: Element) -> None:
        self.expressions.omit(what, self.place, why, element)
