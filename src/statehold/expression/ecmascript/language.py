"""The ECMAScript data model of SCXML (B.2): expressions, locations and scripts in a part of it.

The text is parsed by tree-sitter's grammar (``statehold[scxml]``) and compiled to closures; there
is no ECMAScript engine. What differs from the language, beside what is refused:

1. Values are plain, and assigning copies (:mod:`.values`). ``undefined`` and ``null`` are one,
   lists and mappings are equal by what they hold, and text is counted in characters: the rules and
   reasons stand in :mod:`.ecmascript_values`.
2. NaN and infinity can be worked with, but not put into a variable: JSON has neither.
3. ``var`` declares a variable of the machine, ``let`` and ``const`` a local one; assigning to one
   that nobody declared fails (:mod:`.ecmascript_statements`).
4. Calls are those of :mod:`.ecmascript_functions`, :mod:`.ecmascript_methods`, and functions of the
   scope; functions can't be written but for ``items.some(item => item.open)``.
"""

from __future__ import annotations

from typing import Any

from statehold.expression.compiled import CompiledExpression, CompiledLocation, CompiledScript
from statehold.expression.ecmascript.expression import Expressions
from statehold.expression.ecmascript.statements import Statements
from statehold.expression.ecmascript.syntax import parsed_expression, parsed_script
from statehold.expression.ecmascript.values import truthy
from statehold.expression.language import Language
from statehold.expression.source import Book, checked


class _EcmaScript:
    name = "ecmascript"

    def expression(self, text: str) -> CompiledExpression:
        tree, node = parsed_expression(checked(text))
        book = Book(text, is_script=False)
        code = Expressions(book).compile(node)
        del tree
        return CompiledExpression(text, frozenset(book.reads), code)

    def location(self, text: str) -> CompiledLocation:
        tree, node = parsed_expression(checked(text, "a location"))
        book = Book(text, is_script=True)
        place = Statements(book).location(node)
        del tree
        (name,) = book.writes
        return CompiledLocation(text, name, place)

    def script(self, text: str) -> CompiledScript:
        tree, node = parsed_script(checked(text, "a script"))
        book = Book(text, is_script=True)
        run = Statements(book).block(node)
        del tree
        return CompiledScript(text, frozenset(book.reads), frozenset(book.writes), run)

    def truth(self, value: Any) -> bool:
        return truthy(value)


ECMASCRIPT: Language = _EcmaScript()
