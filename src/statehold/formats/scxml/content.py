"""The functions of one document (SCXML 4, 5, 6).

Each element of a block becomes one function, so that an error ends its block (SCXML 4.9) and a
trace names the element. Equal content has one function, whose name in the chart describes it: ``x =
x + 1``, ``raise paid``. An error at run time becomes ``error.execution``, whose data names the
element and its line.

An expression that its language refuses does not refuse the document (SCXML 5.9.4): the element
fails when it runs, and is among the omissions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.event import ErrorEvent
from statehold.chart.machine import Function, Uses
from statehold.chart.model import Action, Block
from statehold.expression.language import EvaluationFailed
from statehold.formats.notation import Omission
from statehold.formats.scxml.element_reader import ElementReader
from statehold.formats.scxml.executable import (
    NOT_EXECUTABLE,
    Does,
    is_executable,
    read_content,
)
from statehold.formats.scxml.expressions import Expressions
from statehold.formats.scxml.markup import Element, canonical, line_of, tag
from statehold.formats.scxml.rendering import rendered
from statehold.formats.scxml.session import Run, Session, execution_error

NO_USES = Uses()


@dataclass(slots=True)
class ContentFunction:
    """A function of the chart, its content as XML, and the lines of that content."""

    function: Function
    xml: str
    lines: list[int] = field(default_factory=list)


class Content:
    """The functions of one document, by their names."""

    def __init__(self, expressions: Expressions, omissions: list[Omission]) -> None:
        self.expressions = expressions
        self.omissions = omissions
        self.known: dict[str, ContentFunction] = {}
        self._names: dict[frozenset[str], frozenset[str]] = {}

    @property
    def session(self) -> Session:
        return self.expressions.session

    # --- functions ---

    def block(self, element: Element, place: str) -> Block:
        """The executable content inside an element, as one block."""
        found = []
        for child in element:
            if is_executable(child):
                found.append(Action(self.action(child, place)))
            else:
                self.omit(f"<{tag(child)}>", place, NOT_EXECUTABLE, child)
        return tuple(found)

    def action(self, element: Element, place: str) -> str:
        """The function of one element."""
        xml = canonical(element)
        name = self.name(rendered(element), xml, element)
        if name not in self.known:
            reader = ElementReader(self.expressions, place)
            does = read_content(reader, element)
            self.add(name, xml, element, self.acting(name, element, does), reader.uses, 3)
        return name

    def guard(self, element: Element, text: str, place: str) -> str:
        """The function of a ``cond``."""
        name = self.name(text, text, element)
        if name not in self.known:
            condition = self.expressions.read(text, "cond", place, element)
            truth = self.session.language.truth

            def ask(run: Run) -> bool:
                return truth(condition(run.scope))

            call = self.answering(name, element, ask)
            uses = Uses(reads=condition.reads)
            self.add(name, text, element, call, uses, self.expressions.takes(condition))
        return name

    def function(
        self, name: str, xml: str, element: Element, work: Callable[[Run], Any], uses: Uses
    ) -> str:
        """A function that returns a value: an input, an output, a choice."""
        name = self.name(name, xml, element)
        if name not in self.known:
            self.add(name, xml, element, self.answering(name, element, work), uses, 3)
        return name

    def step(
        self, name: str, xml: str, element: Element, does: Does, uses: Uses = NO_USES
    ) -> Action:
        """A function that changes data and is no executable content itself."""
        name = self.name(name, xml, element)
        if name not in self.known:
            self.add(name, xml, element, self.acting(name, element, does), uses, 3)
        return Action(name)

    def name(self, wanted: str, xml: str, element: Element) -> str:
        """The name for this content; its XML if the name is that of another content."""
        known = self.known.get(wanted)
        name = wanted if known is None or known.xml == xml else xml
        if name in self.known:
            self.known[name].lines.append(line_of(element))
        return name

    def add(
        self,
        name: str,
        xml: str,
        element: Element,
        call: Callable[..., Any],
        uses: Uses,
        takes: int,
    ) -> None:
        reads = self._shared(frozenset(name for name in uses.reads if not name.startswith("_")))
        known = Function(call, takes, Uses(reads, self._shared(uses.writes), uses.raises))
        self.known[name] = ContentFunction(known, xml, [line_of(element)])

    def _shared(self, names: frozenset[str]) -> frozenset[str]:
        """The same set for all content that uses the same names."""
        return self._names.setdefault(names, names)

    def omit(self, what: str, place: str, why: str, element: Element) -> None:
        self.omissions.append(Omission(what, place, why, line_of(element)))

    # --- calls ---

    def acting(self, name: str, element: Element, does: Does) -> Callable[..., None]:
        session, failed = self.session, self.failure(name, element)

        def act(data: dict[str, Any], event: Any = None, context: Any = None) -> None:
            try:
                does(Run(session, data, event, context))
            except (EvaluationFailed, ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise failed(error) from error

        return act

    def answering(
        self, name: str, element: Element, work: Callable[[Run], Any]
    ) -> Callable[..., Any]:
        session, failed = self.session, self.failure(name, element)

        def answer(data: dict[str, Any], event: Any = None, context: Any = None) -> Any:
            try:
                return work(Run(session, data, event, context))
            except (EvaluationFailed, ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise failed(error) from error

        return answer

    def failure(self, name: str, element: Element) -> Callable[[BaseException], ErrorEvent]:
        what = tag(element)

        def failed(error: BaseException) -> ErrorEvent:
            lines = self.known[name].lines
            return ErrorEvent(execution_error(what, lines, name, error))

        return failed
