"""Expressions of a document, in its data model's language.

One that the language refuses is an omission, and fails whenever it is evaluated. SCXML allows to
load such a document (5.9.4).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from statehold.errors import Problem
from statehold.expression.language import (
    EvaluationFailed,
    Expression,
    ExpressionRefused,
    Language,
    Location,
    Scope,
    Script,
)
from statehold.formats.notation import Omission
from statehold.formats.scxml.markup import Element, line_of, tag
from statehold.formats.scxml.session import Session

T = TypeVar("T")

_SYSTEM = frozenset({"_sessionid", "_ioprocessors"})
_NAME = re.compile(r"[A-Za-z$][A-Za-z0-9_$]*")


@dataclass(frozen=True, slots=True)
class RefusedExpression:
    """An expression, a location or a script that is none."""

    text: str
    why: str
    name: str = ""
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()

    def __call__(self, scope: Scope) -> Any:
        raise EvaluationFailed(self.why)

    def read(self, scope: Scope) -> Any:
        raise EvaluationFailed(self.why)

    def assign(self, scope: Scope, value: Any) -> None:
        raise EvaluationFailed(self.why)

    def run(self, scope: Scope) -> None:
        raise EvaluationFailed(self.why)


class Expressions:
    """Reads the expressions of one document; ``fetch`` gives what a ``src`` names.

    A script that can't be had is a problem: it refuses the document (SCXML 5.8).
    """

    def __init__(
        self,
        session: Session,
        omissions: list[Omission],
        problems: list[Problem],
        fetch: Callable[[str], str],
    ) -> None:
        self.session = session
        self.omissions = omissions
        self.problems = problems
        self.fetch = fetch

    @property
    def language(self) -> Language:
        return self.session.language

    def read(
        self, text: str, what: str, place: str, element: Element, *, may_write: bool = False
    ) -> Expression:
        """``may_write``: it stands in executable content, which may change data."""
        reader = partial(self.language.expression, may_write=may_write)
        return self._read(reader, text, what, place, element) or RefusedExpression(
            text, self.omissions[-1].why
        )

    def location(self, element: Element, attribute: str, place: str) -> Location:
        text = (element.get(attribute) or "").strip()
        return self.location_of(text, attribute, place, element)

    def location_of(self, text: str, what: str, place: str, element: Element) -> Location:
        return self._read(self.language.location, text, what, place, element) or RefusedExpression(
            text, self.omissions[-1].why
        )

    def script(self, element: Element, place: str) -> Script:
        text, source = element.text or "", element.get("src")
        if source is not None:
            try:
                text = self.fetch(source)
            except LookupError as error:
                why = f"the script {error.args[0]}"
                where = f"line {line_of(element)}, {place}"
                hint = "put it beside the document, or write the script into it"
                self.problems.append(Problem(where, why, hint))
                return RefusedExpression(source, why)
        return self._read(
            self.language.script, text, "script", place, element
        ) or RefusedExpression(text, self.omissions[-1].why)

    def _read(
        self, reader: Callable[[str], T], text: str, what: str, place: str, element: Element
    ) -> T | None:
        try:
            return reader(text)
        except ExpressionRefused as error:
            self.omit(f"{what} of <{tag(element)}>", place, f"{error}; it fails when run", element)
            return None

    def omit(self, what: str, place: str, why: str, element: Element) -> None:
        self.omissions.append(Omission(what, place, why, line_of(element)))

    def is_variable(self, name: str) -> bool:
        """Whether it can be the name of a variable in this language."""
        if not _NAME.fullmatch(name):
            return False
        try:
            return self.language.location(name).name == name
        except ExpressionRefused:
            return False

    def takes(self, expression: Expression) -> int:
        """How many of ``(data, event, context)`` a function with this expression asks for."""
        reads = expression.reads
        if expression.asks or not _SYSTEM.isdisjoint(reads):
            return 3
        if "_event" not in reads:
            return 1
        return 3 if self.session.anonymous else 2


def value_of(text: str, expressions: Expressions) -> Any:
    """What inline content stands for: JSON, else a constant of the language, else the text with
    its spaces made single (SCXML 5.2.2, B.2.1)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if text[:1] in "[{'\"" and text:
        try:
            constant = expressions.language.expression(text)
            if not constant.reads:
                return constant(Scope({}))
        except (ExpressionRefused, EvaluationFailed):
            pass
    return text if text.startswith("<") else " ".join(text.split())
