"""``<datamodel>``: which variables there are, and when they get their values (SCXML 5.2, 5.3).

Each ``<data>`` is a block of its own, so that a failure of one does not end the others. Under early
binding all of them run where the root is entered; under late binding those of a state run when it
is entered for the first time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from statehold.chart.machine import Uses
from statehold.chart.model import Action, Block
from statehold.expression.language import EvaluationFailed, Expression, Language
from statehold.formats.scxml.content import Content
from statehold.formats.scxml.expressions import value_of
from statehold.formats.scxml.markup import Element, canonical, inner, parts, tag
from statehold.formats.scxml.session import Run
from statehold.formats.scxml.vocabulary import check

#: a function, or an arrow function; everything else is no reason to parse the text twice
_MAY_BE_FUNCTION = re.compile(r"\bfunction\b|=>")
#: where the session keeps which variables late binding has bound
BOUND = "_bound"


def own(element: Element) -> list[Element]:
    """The ``<data>`` of an element's own data model."""
    return [data for model in parts(element, "datamodel") for data in parts(model, "data")]


def all_of(root: Element) -> list[tuple[Element, Element]]:
    """Each ``<data>`` of a document with the element that it belongs to, in document order."""
    found: list[tuple[Element, Element]] = []
    pending = [root]
    while pending:
        element = pending.pop()
        found += [(data, element) for data in own(element)]
        pending += reversed(list(parts(element, "state", "parallel", "final")))
    return found


def with_functions(
    language: Language,
    root: Element,
    data: Sequence[tuple[Element, Element]],
    fetch: Callable[[str], str],
) -> Language:
    """The language with the functions of the document: those of its root's scripts, and each
    ``<data>`` whose value is a function. ``fetch`` gives what a ``src`` names."""
    scripts = []
    for script in parts(root, "script"):
        source = script.get("src")
        # what can't be had is a problem where the script stands
        with suppress(LookupError):
            scripts.append((script.text or "") if source is None else fetch(source))
    values = {}
    for element, _ in data:
        text = element.get("expr") or inner(element)
        if element.get("src") is None and _MAY_BE_FUNCTION.search(text):
            values[element.get("id") or ""] = text
    return language.with_functions(scripts, values, _within_states(root))


def _within_states(root: Element) -> list[str]:
    """The scripts of executable content, without those of documents within this one."""
    found = []
    pending = [child for child in parts(root) if tag(child) != "script"]
    while pending:
        element = pending.pop()
        if tag(element) == "script" and element.get("src") is None:
            found.append(element.text or "")
        elif tag(element) != "scxml":
            pending += parts(element)
    return found


def starting(
    content: Content,
    root: Element,
    data: Sequence[tuple[Element, Element]],
    place: str,
    *,
    late: bool,
) -> list[Block]:
    """The blocks of the root: what a session was started with, as far as the document asks for it
    (SCXML 6.4.4), then the variables that are bound at once."""
    given = content.session.given
    name = f"given {', '.join(sorted(given)) or 'nothing'}"

    def keep(run: Run) -> None:
        for key in [key for key in run.data if key not in given]:
            del run.data[key]

    blocks: list[Block] = [(content.step(name, "", root, keep),)]
    for element, owner in data:
        if owner is root or not late:
            is_given = owner is root and element.get("id") in given
            blocks.append(binding(content, element, place, given=is_given, late=False))
    return blocks


def binding(content: Content, data: Element, place: str, *, given: bool, late: bool) -> Block:
    """The block that gives one variable its value; none where it can't be a variable, or is a
    function, which belongs to the document."""
    check(content, data, place)
    id = data.get("id") or ""
    if id in content.expressions.language.functions:
        return ()
    if not content.expressions.is_variable(id):
        content.omit("<data>", place, f"its id {id!r} can't be the name of a variable", data)
        return ()
    location = content.expressions.language.location(id)
    value: Callable[[Run], Any] | None = None
    reads: frozenset[str] = frozenset()
    writes = frozenset({id})
    text = inner(data)
    if data.get("expr") is not None:
        text = data.get("expr") or ""
        expression = content.expressions.read(text, "expr", place, data, may_write=True)
        reads, writes = expression.reads, expression.writes | {id}
        shown = (data.get("expr") or "").strip()
        value = _evaluating(expression)
    elif data.get("src") is not None or text:
        why = ""
        if data.get("src") is not None:
            text, why = fetched(content, data, place)
        shown = " ".join(text.split())
        value = _failing(why) if why else _constant(value_of(text, content.expressions))
    else:
        shown = "nothing"

    def bind(run: Run) -> None:
        if given and id in run.data:
            return
        if late:
            bound = run.data.setdefault(BOUND, [])
            if id in bound:
                return
            bound.append(id)
        if value is not None:
            location.assign(run.scope, value(run))
        else:
            run.put(id, None)

    when = "at first, " if late else ""
    unless = " unless given" if given else ""
    name = f"{when}{id} = {shown}{unless}"
    uses = Uses(reads=reads, writes=writes)
    return (Action(content.step(name, canonical(data), data, bind, uses).name),)


def _evaluating(expression: Expression) -> Callable[[Run], Any]:
    return lambda run: expression(run.scope)


def _constant(value: Any) -> Callable[[Run], Any]:
    return lambda run: value


def _failing(why: str) -> Callable[[Run], Any]:
    """A variable whose value can't be read has none, and ``error.execution`` is raised (5.3.3)."""

    def fail(run: Run) -> Any:
        raise EvaluationFailed(why)

    return fail


def fetched(content: Content, element: Element, place: str) -> tuple[str, str]:
    """The text of a ``src``, or why it can't be read, which is an omission as well."""
    try:
        return content.expressions.fetch(element.get("src") or ""), ""
    except LookupError as error:
        content.omit(f"src of <{tag(element)}>", place, str(error.args[0]), element)
        return "", str(error.args[0])
