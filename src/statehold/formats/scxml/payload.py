"""What goes along: ``namelist``, ``<param>`` and ``<content>`` (SCXML 5.6, 5.7, 6.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statehold.expression.language import EvaluationFailed
from statehold.formats.scxml.expressions import Expressions, value_of
from statehold.formats.scxml.markup import Element, inner, parts, words
from statehold.formats.scxml.session import Run


class Payload:
    """The values that an element hands on, by name, or the one value that it is."""

    def __init__(
        self, element: Element, expressions: Expressions, place: str, *, content: bool = True
    ) -> None:
        self.reads: set[str] = set()
        self.named: list[tuple[str, Callable[[Run], Any], Element]] = []
        self.whole: Callable[[Run], Any] | None = None
        #: what an empty ``<finalize>`` writes back to: names, and where each goes
        self.locations: list[tuple[str, str]] = []
        for name in words(element, "namelist"):
            self.locations.append((name, name))
            location = expressions.location_of(name, "namelist", place, element)
            self._add(name, _reading(location.read), location.name, element)
        for param in parts(element, "param"):
            self._param(param, expressions, place)
        if content:
            for child in parts(element, "content"):
                self.whole = self._content(child, expressions, place)

    def __bool__(self) -> bool:
        return bool(self.named) or self.whole is not None

    def _add(self, name: str, value: Callable[[Run], Any], variable: str, element: Element) -> None:
        self.reads.add(variable)
        self.named.append((name, value, element))

    def _param(self, param: Element, expressions: Expressions, place: str) -> None:
        name = param.get("name") or ""
        if param.get("expr") is not None:
            text = param.get("expr") or ""
            expression = expressions.read(text, "expr", place, param)
            self.reads |= expression.reads
            self.named.append((name, _reading(expression), param))
            return
        location = expressions.location(param, "location", place)
        self.locations.append((name, (param.get("location") or "").strip()))
        self._add(name, _reading(location.read), location.name, param)

    def _content(
        self, content: Element, expressions: Expressions, place: str
    ) -> Callable[[Run], Any]:
        if content.get("expr") is not None:
            expression = expressions.read(content.get("expr") or "", "expr", place, content)
            self.reads |= expression.reads
            return _reading(expression)
        value = value_of(inner(content), expressions)
        return lambda run: value

    def strict(self, run: Run) -> Any:
        """All of it; what can't be evaluated fails the whole."""
        if self.whole is not None:
            return self.whole(run)
        return {name: value(run) for name, value, _ in self.named} or None

    def lenient(self, run: Run, tell: Callable[[Element, BaseException], None]) -> Any:
        """As much as can be evaluated; the rest is told and left out (SCXML 5.7.2)."""
        if self.whole is not None:
            return self.whole(run)
        found: dict[str, Any] = {}
        for name, value, element in self.named:
            try:
                found[name] = value(run)
            except EvaluationFailed as error:
                tell(element, error)
        return found or None


def _reading(read: Callable[[Any], Any]) -> Callable[[Run], Any]:
    return lambda run: read(run.scope)
