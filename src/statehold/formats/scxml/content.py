"""Executable content to functions (SCXML 4, 5, 6).

Each element of a block becomes one function, so that an error ends its block (SCXML 4.9) and a
trace tells which. Its name in the chart says what it does and is the same for the same content:
``x = x + 1``, ``raise paid``. What goes wrong when it runs becomes ``error.execution``, whose data
names the element and its line.

An expression that its language refuses does not keep the document out (SCXML 5.9.4): the element
fails when it is run, and that is told among the omissions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statehold.chart.event import ErrorEvent, NamedEvent
from statehold.chart.machine import Function, Uses
from statehold.chart.model import Action, Block
from statehold.expression.language import EvaluationFailed, Expression
from statehold.formats.notation import Omission
from statehold.formats.scxml.expressions import Expressions, value_of
from statehold.formats.scxml.markup import Element, canonical, inner, is_scxml, line_of, tag
from statehold.formats.scxml.rendering import rendered
from statehold.formats.scxml.sending import Sending
from statehold.formats.scxml.session import Run, Session, execution_error, fails

NO_USES = Uses()

Does: TypeAlias = Callable[[Run], None]


@dataclass(slots=True)
class Known:
    """A function of the chart, its content as XML, and the lines where that stands."""

    function: Function
    xml: str
    lines: list[int] = field(default_factory=list)


class Content:
    """The functions of one document, by their names."""

    def __init__(self, expressions: Expressions, omissions: list[Omission]) -> None:
        self.expressions = expressions
        self.omissions = omissions
        self.known: dict[str, Known] = {}

    @property
    def session(self) -> Session:
        return self.expressions.session

    # --- what a chart asks for ---

    def block(self, element: Element, place: str) -> Block:
        """The executable content inside an element, as one block."""
        found = []
        for child in element:
            if not is_scxml(child) or tag(child) not in _READERS:
                why = "it is no executable content of SCXML"
                self.omit(f"<{tag(child)}>", place, why, child)
            else:
                found.append(Action(self.action(child, place)))
        return tuple(found)

    def action(self, element: Element, place: str) -> str:
        """The function that does what one element says."""
        xml = canonical(element)
        name = self.name(rendered(element), xml, element)
        if name not in self.known:
            reading = Reading(self, place)
            does = reading.read(element)
            self.add(name, xml, element, self.acting(name, element, does), reading.uses, 3)
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
            self.add(name, text, element, call, uses, self.expressions.takes(text))
        return name

    def function(
        self, name: str, xml: str, element: Element, work: Callable[[Run], Any], uses: Uses
    ) -> str:
        """A function that gives something: an input, an output, a choice."""
        name = self.name(name, xml, element)
        if name not in self.known:
            self.add(name, xml, element, self.answering(name, element, work), uses, 3)
        return name

    def step(
        self, name: str, xml: str, element: Element, does: Does, uses: Uses = NO_USES
    ) -> Action:
        """A function that changes something and is no executable content of its own."""
        name = self.name(name, xml, element)
        if name not in self.known:
            self.add(name, xml, element, self.acting(name, element, does), uses, 3)
        return Action(name)

    def name(self, wanted: str, xml: str, element: Element) -> str:
        """The name for this content; the XML itself where another content is called so."""
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
        reads = frozenset(name for name in uses.reads if not name.startswith("_"))
        known = Function(call, takes, Uses(reads, uses.writes, uses.raises))
        self.known[name] = Known(known, xml, [line_of(element)])

    def omit(self, what: str, place: str, why: str, element: Element) -> None:
        self.omissions.append(Omission(what, place, why, line_of(element)))

    # --- calls ---

    def acting(self, name: str, element: Element, does: Does) -> Callable[..., None]:
        session, told = self.session, self.telling(name, element)

        def act(data: dict[str, Any], event: Any = None, context: Any = None) -> None:
            try:
                does(Run(session, data, event, context))
            except (EvaluationFailed, ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise told(error) from error

        return act

    def answering(
        self, name: str, element: Element, work: Callable[[Run], Any]
    ) -> Callable[..., Any]:
        session, told = self.session, self.telling(name, element)

        def answer(data: dict[str, Any], event: Any = None, context: Any = None) -> Any:
            try:
                return work(Run(session, data, event, context))
            except (EvaluationFailed, ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise told(error) from error

        return answer

    def telling(self, name: str, element: Element) -> Callable[[BaseException], ErrorEvent]:
        what = tag(element)

        def told(error: BaseException) -> ErrorEvent:
            lines = self.known[name].lines
            return ErrorEvent(execution_error(what, lines, name, error))

        return told


class Reading:
    """Reads one element and those inside it, and gathers what they use."""

    def __init__(self, content: Content, place: str) -> None:
        self.content = content
        self.expressions = content.expressions
        self.place = place
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.raises: set[str] = set()

    @property
    def uses(self) -> Uses:
        return Uses(frozenset(self.reads), frozenset(self.writes), frozenset(self.raises))

    def read(self, element: Element) -> Does:
        return _READERS[tag(element)](self, element)

    def inside(self, elements: Sequence[Element]) -> Does:
        """Several elements, one after another."""
        does: list[Does] = []
        for child in elements:
            if is_scxml(child) and tag(child) in _READERS:
                does.append(self.read(child))
            else:
                why = "it is no executable content of SCXML"
                self.content.omit(f"<{tag(child)}>", self.place, why, child)

        def run_all(run: Run) -> None:
            for one in does:
                one(run)

        return run_all

    def expression(self, element: Element, attribute: str) -> Expression:
        text = element.get(attribute) or ""
        found = self.expressions.read(text, attribute, self.place, element)
        self.reads |= found.reads
        return found

    # --- the elements ---

    def raising(self, element: Element) -> Does:
        name = element.get("event") or ""
        self.raises.add(name)
        if not name:
            why = "it names none; it fails when run"
            self.content.omit("event of <raise>", self.place, why, element)

        def do(run: Run) -> None:
            if not name:
                raise fails("<raise>", "it names no event")
            run.asked.raise_(NamedEvent(name, kind="internal"))

        return do

    def assigning(self, element: Element) -> Does:
        location = self.expressions.location(element, "location", self.place)
        if location.name:
            self.writes.add(location.name)
        if element.get("expr") is not None:
            expression = self.expression(element, "expr")

            def value(run: Run) -> Any:
                return expression(run.scope)

        else:
            given = value_of(inner(element), self.expressions)

            def value(run: Run) -> Any:
                return given

        def do(run: Run) -> None:
            if location.name.startswith("_"):
                raise fails(location.text, "the system's variables can't be assigned to")
            location.assign(run.scope, value(run))

        return do

    def logging(self, element: Element) -> Does:
        label = element.get("label") or ""
        expression = self.expression(element, "expr") if element.get("expr") is not None else None

        def do(run: Run) -> None:
            told: dict[str, Any] = {"label": label}
            if expression is not None:
                told["value"] = expression(run.scope)
            run.asked.emit(NamedEvent("log", told, kind="platform"))

        return do

    def scripting(self, element: Element) -> Does:
        script = self.expressions.script(element, self.place)
        self.reads |= script.reads
        self.writes |= script.writes

        def do(run: Run) -> None:
            # a script may make a variable by assigning to it, as SCXML's own examples do
            new = [name for name in script.writes if name not in run.scope.variables]
            for name in new:
                run.put(name, None)
            try:
                script.run(run.scope)
            except EvaluationFailed:
                for name in new:
                    if run.data.get(name) is None:
                        run.data.pop(name, None)
                raise

        return do

    def cancelling(self, element: Element) -> Does:
        expression = (
            self.expression(element, "sendidexpr")
            if element.get("sendidexpr") is not None
            else None
        )
        name = element.get("sendid") or ""
        if expression is None and not name:
            why = "it names none; it fails when run"
            self.content.omit("sendid of <cancel>", self.place, why, element)

        def do(run: Run) -> None:
            id = name if expression is None else expression(run.scope)
            if not isinstance(id, str) or not id:
                raise fails("<cancel>", f"its id is {id!r}; it has to be a text")
            run.asked.cancel(id)

        return do

    def sending(self, element: Element) -> Does:
        return Sending(self, element).do

    def deciding(self, element: Element) -> Does:
        branches: list[tuple[Expression | None, Element, list[Element]]] = []
        condition: Expression | None = self.expression(element, "cond")
        branches.append((condition, element, []))
        for child in element:
            if is_scxml(child) and tag(child) in ("elseif", "else"):
                last = tag(child) == "else"
                branches.append((None if last else self.expression(child, "cond"), child, []))
            else:
                branches[-1][2].append(child)
        cases = [(cond, at, self.inside(content)) for cond, at, content in branches]
        truth = self.content.session.language.truth

        def do(run: Run) -> None:
            for condition, at, does in cases:
                if condition is None or self.holds(condition, at, run, truth):
                    does(run)
                    return

        return do

    def holds(
        self, condition: Expression, at: Element, run: Run, truth: Callable[[Any], bool]
    ) -> bool:
        """An error is a no, and is queued (SCXML 5.9.1)."""
        try:
            return truth(condition(run.scope))
        except EvaluationFailed as error:
            told = execution_error(tag(at), [line_of(at)], condition.text, error)
            run.asked.raise_(told)
            return False

    def repeating(self, element: Element) -> Does:
        array = self.expression(element, "array")
        item, index = element.get("item") or "", element.get("index") or ""
        self.writes |= {name for name in (item, index) if name}
        legal = [self.expressions.is_variable(name) for name in (item, index or item)]
        does = self.inside(list(element))

        def do(run: Run) -> None:
            found = array(run.scope)
            if not isinstance(found, list | tuple):
                raise fails(array.text, f"it is no list but {type(found).__name__}")
            if not all(legal):
                raise fails("<foreach>", f"{item!r} and {index!r} have to be names of variables")
            for number, one in enumerate(tuple(found)):
                run.turn()
                run.put(item, one)
                if index:
                    run.put(index, number)
                does(run)

        return do


_READERS: dict[str, Callable[[Reading, Element], Does]] = {
    "raise": Reading.raising,
    "assign": Reading.assigning,
    "log": Reading.logging,
    "script": Reading.scripting,
    "cancel": Reading.cancelling,
    "send": Reading.sending,
    "if": Reading.deciding,
    "foreach": Reading.repeating,
}
