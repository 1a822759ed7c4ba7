"""The ECMAScript data model of SCXML (B.2): expressions, locations and scripts in a part of it.

The text is parsed by tree-sitter's grammar (``statehold[scxml]``) and compiled to closures; there
is no ECMAScript engine (``docs/decisions/0036-ecmascript.md``). What differs from the language,
beside what is refused:

1. Values are plain. ``undefined`` and ``null`` are one, lists and mappings are equal by what they
   hold, text is counted in characters, and fields stay in the order in which they were put in:
   the rules and reasons stand in :mod:`.values`.
2. What is put into a variable of the machine, or into a part of anything, is copied
   (:mod:`.assignments`).
3. NaN and infinity can be worked with, but not put into a variable: JSON has neither.
4. ``var`` declares a variable of the machine, in a function one of its own; ``let`` and ``const``
   are local; assigning to one that is not declared fails (:mod:`.statements`).
5. Functions are no data: those of a document's own scripts belong to the document
   (:mod:`.library`), and so do the methods of its objects (:mod:`.objects`).
   ``Date`` is the moment of the step, in UTC (:mod:`.date`).
6. What is built in is in :mod:`.builtins` and :mod:`.methods`; there are no regular expressions,
   classes, generators, ``async``, ``try``, and no chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from statehold.expression.compiled import CompiledExpression, CompiledLocation, CompiledScript
from statehold.expression.ecmascript.assignments import Assignments
from statehold.expression.ecmascript.calls import Calls
from statehold.expression.ecmascript.compiler import Compiler
from statehold.expression.ecmascript.expressions import Expressions
from statehold.expression.ecmascript.functions import Functions
from statehold.expression.ecmascript.layout import Layout
from statehold.expression.ecmascript.library import Library
from statehold.expression.ecmascript.loops import Loops
from statehold.expression.ecmascript.shield import shielded
from statehold.expression.ecmascript.statements import Statements
from statehold.expression.ecmascript.syntax import parsed_expression, parsed_script
from statehold.expression.ecmascript.values import truthy
from statehold.expression.frame import Code
from statehold.expression.language import Language
from statehold.expression.source import checked


class _EcmaScript:
    name = "ecmascript"

    def __init__(self, library: Library) -> None:
        self._library = library

    @property
    def functions(self) -> Mapping[str, str]:
        return self._library.names

    def with_functions(
        self, scripts: Iterable[str], values: Mapping[str, str], others: Iterable[str] = ()
    ) -> Language:
        library = Library()
        library.declare(scripts, values, others, lambda layout: _compiler(layout, library)[0])
        return _EcmaScript(library)

    def expression(self, text: str, *, may_write: bool = False) -> CompiledExpression:
        tree, node = parsed_expression(checked(text))
        layout = Layout(text, may_write=may_write)
        code = _shielded(_compiler(layout, self._library)[0].expression(node), layout)
        del tree
        uses, frozen = layout.uses, self._library.frozen
        return CompiledExpression(
            text,
            code,
            frozen(uses.reads),
            frozen(uses.writes),
            frozen(uses.asks),
            layout.unit.size,
        )

    def location(self, text: str) -> CompiledLocation:
        tree, node = parsed_expression(checked(text, "a location"))
        # the place may be written, but finding it may change nothing
        layout = Layout(text, may_write=False)
        _, assignments = _compiler(layout, self._library)
        place, name = assignments.location(node)
        del tree
        return CompiledLocation(text, name, place, layout.unit.size)

    def script(self, text: str) -> CompiledScript:
        tree, node = parsed_script(checked(text, "a script"))
        layout = Layout(text, may_write=True)
        code = _shielded(_compiler(layout, self._library)[0].statement(node), layout)
        del tree
        uses, frozen = layout.uses, self._library.frozen
        return CompiledScript(text, code, frozen(uses.reads), frozen(uses.writes), layout.unit.size)

    def truth(self, value: Any) -> bool:
        return truthy(value)


def _compiler(layout: Layout, library: Library) -> tuple[Compiler, Assignments]:
    """A compiler that knows the whole language."""
    compiler = Compiler(layout, library)
    Expressions(compiler)
    Calls(compiler)
    assignments = Assignments(compiler)
    Functions(compiler)
    Loops(compiler, Statements(compiler), assignments)
    return compiler, assignments


def _shielded(code: Code, layout: Layout) -> Code:
    if not layout.uses.changes_locals:
        return code
    return shielded(code, may_write=layout.may_write)


ECMASCRIPT: Language = _EcmaScript(Library())
