"""Comprehensions of Python, and the names that loops give values to.

The loops are run where they stand, those of a generator expression as well. A turn pays for every
part of what is done in it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeAlias

from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed, ExpressionRefused
from statehold.expression.python_functions import items_of
from statehold.expression.python_operators import key_of
from statehold.expression.source import Book

Compile: TypeAlias = Callable[[ast.expr], Code]
#: gives the name back, or refuses it
Named: TypeAlias = Callable[[ast.expr, str], str]
Refuse: TypeAlias = Callable[[ast.AST, str], ExpressionRefused]
Bind: TypeAlias = Callable[[Frame, Any], None]


class Comprehensions:
    """Compiles them with what compiles and refuses the expressions that they hold."""

    def __init__(self, book: Book, compile_: Compile, named: Named, refused: Refuse) -> None:
        self.book = book
        self.compile = compile_
        self.named = named
        self.refused = refused

    def of_list(self, node: ast.ListComp | ast.GeneratorExp) -> Code:
        def gather() -> Callable[[Frame, list[Any]], None]:
            element = self.compile(node.elt)
            return lambda frame, found: found.append(element(frame))

        loop = self._loops(node.generators, gather)

        def run(frame: Frame) -> list[Any]:
            found: list[Any] = []
            loop(frame, found)
            return found

        return run

    def of_set(self, node: ast.SetComp) -> Code:
        def gather() -> Callable[[Frame, set[Any]], None]:
            element = self.compile(node.elt)
            return lambda frame, found: found.add(key_of(element(frame)))

        loop = self._loops(node.generators, gather)

        def run(frame: Frame) -> frozenset[Any]:
            found: set[Any] = set()
            loop(frame, found)
            return frozenset(found)

        return run

    def of_dict(self, node: ast.DictComp) -> Code:
        def gather() -> Callable[[Frame, dict[Any, Any]], None]:
            key, value = self.compile(node.key), self.compile(node.value)

            def put(frame: Frame, found: dict[Any, Any]) -> None:
                found[key_of(key(frame))] = value(frame)

            return put

        loop = self._loops(node.generators, gather)

        def run(frame: Frame) -> dict[Any, Any]:
            found: dict[Any, Any] = {}
            loop(frame, found)
            return found

        return run

    def _loops(
        self,
        generators: list[ast.comprehension],
        gather: Callable[[], Callable[[Frame, Any], None]],
    ) -> Callable[[Frame, Any], None]:
        """The loops of a comprehension, outermost first, with what is done in the innermost."""
        if not generators:
            return gather()
        generator = generators[0]
        if generator.is_async:
            raise self.refused(generator.iter, "'async' is not allowed")
        source = self.compile(generator.iter)
        self.book.scopes.append({})
        before = self.book.parts
        bind = self.binding(generator.target)
        conditions = tuple(map(self.compile, generator.ifs))
        inner = self._loops(generators[1:], gather)
        cost = 1 + self.book.parts - before
        self.book.scopes.pop()

        def run(frame: Frame, found: Any) -> None:
            for value in items_of(frame, source(frame)):
                frame.spend(cost)
                bind(frame, value)
                if all(condition(frame) for condition in conditions):
                    inner(frame, found)

        return run

    def binding(self, target: ast.expr) -> Callable[[Frame, Any], None]:
        """Gives the names of a loop their values; they are local to it."""
        if isinstance(target, ast.Name):
            slot = self.book.declare(self.named(target, target.id))

            def bind(frame: Frame, value: Any) -> None:
                frame.local[slot] = value

            return bind
        if not isinstance(target, (ast.Tuple, ast.List)):
            raise self.refused(target, "a loop gives values to names only")
        parts = tuple(map(self.binding, target.elts))

        def unpack(frame: Frame, value: Any) -> None:
            values = unpacked(frame, value, len(parts))
            for part, each in zip(parts, values, strict=True):
                part(frame, each)

        return unpack


def unpacked(frame: Frame, value: Any, count: int) -> list[Any]:
    """The values for as many names."""
    values = list(items_of(frame, value))
    if len(values) != count:
        raise EvaluationFailed(f"there are {len(values)} values for {count} names")
    return values
