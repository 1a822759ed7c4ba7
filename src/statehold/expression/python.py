"""The Python data model of SCXML: expressions, locations and scripts in a part of Python.

The text is parsed by Python's own parser and compiled to closures; it is never run as code. What
differs from Python:

1. A mapping's keys can be written as attributes: ``_event.data.total``. Objects have none.
2. Values are plain (:mod:`.values`): assigning copies, tuples are kept as lists, sets can be asked
   and sorted but neither kept nor gone through.
3. There are no functions, classes, imports or exceptions; calls are those of
   :mod:`.python_functions`, :mod:`.python_methods`, and functions of the scope.
4. Generator expressions are evaluated whole.
"""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from statehold.expression.compiled import CompiledExpression, CompiledLocation, CompiledScript
from statehold.expression.language import ExpressionRefused, Language
from statehold.expression.python_expression import Expressions
from statehold.expression.python_statements import Statements
from statehold.expression.source import Book, checked


class _Python:
    name = "python"

    def expression(self, text: str) -> CompiledExpression:
        book = Book(text, is_script=False)
        code = Expressions(book).compile(_expression(text, "an expression"))
        return CompiledExpression(text, frozenset(book.reads), code)

    def location(self, text: str) -> CompiledLocation:
        book = Book(text, is_script=True)
        place = Statements(book).location(_expression(text, "a location"))
        (name,) = book.writes
        return CompiledLocation(text, name, place)

    def script(self, text: str) -> CompiledScript:
        book = Book(text, is_script=True)
        checked(text, "a script")
        tree = _parsed(text, textwrap.dedent(text).strip("\n"), "exec")
        assert isinstance(tree, ast.Module)
        run = Statements(book).block(tree.body)
        return CompiledScript(text, frozenset(book.reads), frozenset(book.writes), run)

    def truth(self, value: Any) -> bool:
        return bool(value)


def _expression(text: str, what: str) -> ast.expr:
    tree = _parsed(text, checked(text, what).strip(), "eval")
    assert isinstance(tree, ast.Expression)
    return tree.body


def _parsed(text: str, source: str, mode: str) -> ast.AST:
    try:
        return ast.parse(source, "<expression>", mode)
    except SyntaxError as error:
        line = f"line {error.lineno}: " if "\n" in source and error.lineno else ""
        at = None if line or error.offset is None else error.offset - 1
        raise ExpressionRefused(text, f"is not Python: {line}{error.msg}", at=at) from None
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        message = str(error) or "nested too deep"
        raise ExpressionRefused(text, f"can't be read as Python: {message}") from None


PYTHON: Language = _Python()
