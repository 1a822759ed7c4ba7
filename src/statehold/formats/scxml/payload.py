"""Payloads: ``namelist``, ``<param>`` and ``<content>`` (SCXML 5.6, 5.7, 6.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from statehold.expression.language import EvaluationFailed, Expression
from statehold.formats.scxml.expressions import Expressions, value_of
from statehold.formats.scxml.markup import Element, inner, parts, words
from statehold.formats.scxml.session import Run


class Payload:
    """Named values, or one value, of a ``<send>``, an ``<invoke>`` or a ``<donedata>``."""

    def __init__(
        self,
        element: Element,
        expressions: Expressions,
        place: str,
        *,
        content: bool = True,
        may_write: bool = False,
    ) -> None:
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        #: it stands in executable content
        self.may_write = may_write
        self.named: list[tuple[str, Callable[[Run], Any], Element]] = []
        self.whole: Callable[[Run], Any] | None = None
        #: what an empty ``<finalize>`` writes back to: names, and where each goes
        self.locations: list[tuple[str, str]] = []
        for name in words(element, "namelist"):
            self.locations.append((name, name))
            location = expressions.location_of(name, "namelist", place, element)
            self._add(name, _in_scope(location.read), location.name, element)
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
            expression = self._read(text, param, expressions, place)
            self.named.append((name, _in_scope(expression), param))
            return
        location = expressions.location(param, "location", place)
        self.locations.append((name, (param.get("location") or "").strip()))
        self._add(name, _in_scope(location.read), location.name, param)

    def _read(
        self, text: str, element: Element, expressions: Expressions, place: str
    ) -> Expression:
        found = expressions.read(text, "expr", place, element, may_write=self.may_write)
        self.reads |= found.reads
        self.writes |= found.writes
        return found

    def _content(
        self, content: Element, expressions: Expressions, place: str
    ) -> Callable[[Run], Any]:
        if content.get("expr") is not None:
            return _in_scope(self._read(content.get("expr") or "", content, expressions, place))
        value = value_of(inner(content), expressions)
        return lambda run: value

    def strict(self, run: Run) -> Any:
        """All of it. Raises ``EvaluationFailed`` if any part fails."""
        if self.whole is not None:
            return self.whole(run)
        return {name: value(run) for name, value, _ in self.named} or None

    def lenient(self, run: Run, report: Callable[[Element, BaseException], None]) -> Any:
        """As much as can be evaluated; failures are reported and left out (SCXML 5.7.2)."""
        if self.whole is not None:
            return self.whole(run)
        found: dict[str, Any] = {}
        for name, value, element in self.named:
            try:
                found[name] = value(run)
            except EvaluationFailed as error:
                report(element, error)
        return found or None


def _in_scope(read: Callable[[Any], Any]) -> Callable[[Run], Any]:
    return lambda run: read(run.scope)
