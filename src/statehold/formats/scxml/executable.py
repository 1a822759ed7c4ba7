"""Executable content (SCXML 4, 5.4, 5.8, 6.2, 6.3): what each element does in a session.

``CONTENT`` names the elements. What an expression refuses is an omission, and the element fails
when it runs (5.9.4); what can only fail is an omission as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from statehold.chart.event import NamedEvent
from statehold.expression.language import EvaluationFailed, Expression
from statehold.formats.scxml.element_reader import ElementReader
from statehold.formats.scxml.expressions import value_of
from statehold.formats.scxml.markup import Element, inner, is_scxml, line_of, tag
from statehold.formats.scxml.sending import Sending
from statehold.formats.scxml.session import Run, execution_error, fails

Does: TypeAlias = Callable[[Run], None]

NOT_EXECUTABLE = "it is no executable content of SCXML"


def read_content(reader: ElementReader, element: Element) -> Does:
    return CONTENT[tag(element)](reader, element)


def is_executable(element: Element) -> bool:
    return is_scxml(element) and tag(element) in CONTENT


def _several(reader: ElementReader, elements: Sequence[Element]) -> Does:
    """Several elements, one after another."""
    does: list[Does] = []
    for child in elements:
        if is_executable(child):
            does.append(read_content(reader, child))
        else:
            reader.omit(f"<{tag(child)}>", NOT_EXECUTABLE, child)

    def run_all(run: Run) -> None:
        for one in does:
            one(run)

    return run_all


def _raise(reader: ElementReader, element: Element) -> Does:
    name = element.get("event") or ""
    reader.raises.add(name)
    if not name:
        reader.omit("event of <raise>", "it names none; it fails when run", element)

    def do(run: Run) -> None:
        if not name:
            raise fails("<raise>", "it names no event")
        run.step.raise_(NamedEvent(name, kind="internal"))

    return do


def _assign(reader: ElementReader, element: Element) -> Does:
    location = reader.location(element, "location")
    if element.get("expr") is not None:
        expression = reader.expression(element, "expr")

        def value(run: Run) -> Any:
            return expression(run.scope)

    else:
        constant = value_of(inner(element), reader.expressions)

        def value(run: Run) -> Any:
            return constant

    def do(run: Run) -> None:
        if location.name.startswith("_"):
            raise fails(location.text, "the system's variables can't be assigned to")
        location.assign(run.scope, value(run))

    return do


def _log(reader: ElementReader, element: Element) -> Does:
    label = element.get("label") or ""
    expression = reader.expression(element, "expr") if element.get("expr") is not None else None

    def do(run: Run) -> None:
        data: dict[str, Any] = {"label": label}
        if expression is not None:
            data["value"] = expression(run.scope)
        run.step.emit(NamedEvent("log", data, kind="platform"))

    return do


def _script(reader: ElementReader, element: Element) -> Does:
    script = reader.expressions.script(element, reader.place)
    reader.reads |= script.reads
    reader.writes |= script.writes

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


def _cancel(reader: ElementReader, element: Element) -> Does:
    id_of = reader.either(element, "sendid")
    if element.get("sendidexpr") is None and not element.get("sendid"):
        reader.omit("sendid of <cancel>", "it names none; it fails when run", element)

    def do(run: Run) -> None:
        id = id_of(run)
        if not isinstance(id, str) or not id:
            raise fails("<cancel>", f"its id is {id!r}; it has to be a text")
        run.step.cancel(id)

    return do


def _send(reader: ElementReader, element: Element) -> Does:
    return Sending(reader, element).do


def _if(reader: ElementReader, element: Element) -> Does:
    condition: Expression | None = reader.expression(element, "cond")
    branches: list[tuple[Expression | None, Element, list[Element]]] = [(condition, element, [])]
    for child in element:
        if is_scxml(child) and tag(child) in ("elseif", "else"):
            condition = reader.expression(child, "cond") if tag(child) == "elseif" else None
            branches.append((condition, child, []))
        else:
            branches[-1][2].append(child)
    cases = [(cond, at, _several(reader, content)) for cond, at, content in branches]
    truth = reader.expressions.language.truth

    def holds(condition: Expression, at: Element, run: Run) -> bool:
        """An error counts as false, and is queued (SCXML 5.9.1)."""
        try:
            return truth(condition(run.scope))
        except EvaluationFailed as error:
            run.step.raise_(execution_error(tag(at), [line_of(at)], condition.text, error))
            return False

    def do(run: Run) -> None:
        for condition, at, does in cases:
            if condition is None or holds(condition, at, run):
                does(run)
                return

    return do


def _foreach(reader: ElementReader, element: Element) -> Does:
    array = reader.expression(element, "array")
    item, index = element.get("item") or "", element.get("index") or ""
    reader.writes |= {name for name in (item, index) if name}
    legal = all(reader.expressions.is_variable(name) for name in (item, index or item))
    does = _several(reader, list(element))

    def do(run: Run) -> None:
        found = array(run.scope)
        if not isinstance(found, list | tuple):
            raise fails(array.text, f"it is no list but {type(found).__name__}")
        if not legal:
            raise fails("<foreach>", f"{item!r} and {index!r} have to be names of variables")
        # a copy: the loop's content may change the list (SCXML 4.6)
        for number, one in enumerate(tuple(found)):
            run.turn()
            run.put(item, one)
            if index:
                run.put(index, number)
            does(run)

    return do


CONTENT: Mapping[str, Callable[[ElementReader, Element], Does]] = {
    "raise": _raise,
    "assign": _assign,
    "log": _log,
    "script": _script,
    "cancel": _cancel,
    "send": _send,
    "if": _if,
    "foreach": _foreach,
}
