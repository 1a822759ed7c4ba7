"""Python scripts and locations, compiled to closures.

1. A name that is assigned to is a variable of the machine, and is made if it is not there. Names
   that ``for`` gives values to are local to the loop.
2. What is assigned is copied (:mod:`.values`), so changing one variable changes no other.
3. A loop pays, at each turn, for every part of its body.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.place import Place, local, part, variable
from statehold.expression.python_comprehension import unpacked
from statehold.expression.python_expression import Expressions, attribute, item
from statehold.expression.python_functions import items_of
from statehold.expression.python_operators import BINARY
from statehold.expression.source import Book
from statehold.expression.values import copied

#: what a statement says of how to go on; None is the next one
Signal: TypeAlias = Literal["break", "continue"] | None
Step: TypeAlias = Callable[[Frame], Signal]
Put: TypeAlias = Callable[[Frame, Any], None]


class Statements:
    """Compiles the statements of one script, or the place that a location names."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.expressions = Expressions(book)
        self._loops = 0
        self._table: dict[type[ast.stmt], Callable[[Any], Step]] = {
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.Break: self._leave,
            ast.Continue: self._leave,
            ast.Delete: self._delete,
            ast.Expr: self._expression,
            ast.For: self._for,
            ast.If: self._if,
            ast.Pass: lambda node: lambda frame: None,
            ast.While: self._while,
        }

    def block(self, nodes: list[ast.stmt]) -> Step:
        steps = tuple(map(self.compile, nodes))

        def run(frame: Frame) -> Signal:
            for step in steps:
                signal = step(frame)
                if signal is not None:
                    return signal
            return None

        return run

    def compile(self, node: ast.stmt) -> Step:
        self.book.enter()
        compile_ = self._table.get(type(node))
        if compile_ is None:
            raise self.expressions.refused(
                node,
                f"the statement {type(node).__name__} is not allowed",
                "assignments, if, for, while, break, continue, del, pass and calls are",
            )
        step = compile_(node)
        self.book.leave()
        return step

    def location(self, target: ast.expr) -> Place:
        """A place for nothing but itself, so that finding it changes nothing."""
        self.book.is_script = False
        return self.place(target)

    def place(self, target: ast.expr) -> Place:
        """Something that can be assigned to."""
        self.book.enter()
        if isinstance(target, ast.Name):
            found = self._variable(target)
        elif isinstance(target, ast.Attribute):
            name = self.expressions.checked_name(target, target.attr)
            whole = self.expressions.changed(target.value, "an assignment")
            found = part(whole, lambda frame: name, _field, _put_field)
        elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            whole = self.expressions.changed(target.value, "an assignment")
            key = self.expressions.compile(target.slice)
            found = part(whole, key, _item, _put_item)
        else:
            raise self.expressions.refused(
                target,
                f"a {type(target).__name__} can't be assigned to",
                "a name can, or a part of it: name.field, name['key'], name[0]",
            )
        self.book.leave()
        return found

    def _variable(self, target: ast.Name) -> Place:
        name = self.expressions.checked_name(target, target.id)
        slot = self.book.local(name)
        if slot is not None:
            return local(slot, name)
        self.book.writes.add(name)
        return variable(name, makes=True)

    def _assign(self, node: ast.Assign) -> Step:
        value = self.expressions.compile(node.value)
        puts = tuple(map(self._target, node.targets))

        def run(frame: Frame) -> Signal:
            found = value(frame)
            for put in puts:
                put(frame, found)
            return None

        return run

    def _target(self, target: ast.expr) -> Put:
        if not isinstance(target, (ast.Tuple, ast.List)):
            place = self.place(target)
            return lambda frame, value: place.put(frame, place.refer(frame), value)
        self.book.enter()
        parts = tuple(map(self._target, target.elts))
        self.book.leave()

        def put(frame: Frame, value: Any) -> None:
            for target, each in zip(parts, unpacked(frame, value, len(parts)), strict=True):
                target(frame, each)

        return put

    def _augmented(self, node: ast.AugAssign) -> Step:
        do = BINARY.get(type(node.op))
        if do is None:
            raise self.expressions.refused(
                node, f"the operator {type(node.op).__name__} is not allowed"
            )
        place = self.place(node.target)
        if isinstance(node.target, ast.Name) and self.book.local(node.target.id) is None:
            self.book.reads.add(node.target.id)
        value = self.expressions.compile(node.value)

        def run(frame: Frame) -> Signal:
            found = place.refer(frame)
            place.put(frame, found, do(frame, place.get(frame, found), value(frame)))
            return None

        return run

    def _delete(self, node: ast.Delete) -> Step:
        parts: list[tuple[Code, Code]] = []
        for target in node.targets:
            if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
                key = self.expressions.compile(target.slice)
            elif isinstance(target, ast.Attribute):
                key = _always(self.expressions.checked_name(target, target.attr))
            else:
                raise self.expressions.refused(
                    target, "only a part of a variable can be deleted: name['key'], name[0]"
                )
            parts.append((self.expressions.changed(target.value, "'del'"), key))

        def run(frame: Frame) -> Signal:
            for whole, key in parts:
                container = whole(frame)
                if type(container) is list:
                    frame.spend(1 + (len(container) >> 4))
                elif not isinstance(container, dict):
                    raise EvaluationFailed(
                        f"nothing can be deleted of a {type(container).__name__}"
                    )
                del container[key(frame)]
            return None

        return run

    def _expression(self, node: ast.Expr) -> Step:
        code = self.expressions.compile(node.value)

        def run(frame: Frame) -> Signal:
            code(frame)
            return None

        return run

    def _if(self, node: ast.If) -> Step:
        test = self.expressions.compile(node.test)
        yes, no = self.block(node.body), self.block(node.orelse)
        return lambda frame: yes(frame) if test(frame) else no(frame)

    def _for(self, node: ast.For) -> Step:
        source = self.expressions.compile(node.iter)
        self.book.scopes.append({})
        before = self.book.parts
        bind = self.expressions.loops.binding(node.target)
        body = self._body(node)
        cost = 1 + self.book.parts - before
        self.book.scopes.pop()

        def run(frame: Frame) -> Signal:
            for value in items_of(frame, source(frame)):
                frame.spend(cost)
                bind(frame, copied(frame, value))
                if body(frame) == "break":
                    break
            return None

        return run

    def _while(self, node: ast.While) -> Step:
        before = self.book.parts
        test = self.expressions.compile(node.test)
        body = self._body(node)
        cost = 1 + self.book.parts - before

        def run(frame: Frame) -> Signal:
            frame.spend(cost)
            while test(frame):
                frame.spend(cost)
                if body(frame) == "break":
                    break
            return None

        return run

    def _body(self, node: ast.For | ast.While) -> Step:
        if node.orelse:
            raise self.expressions.refused(node, "'else' after a loop is not allowed")
        self._loops += 1
        body = self.block(node.body)
        self._loops -= 1
        return body

    def _leave(self, node: ast.Break | ast.Continue) -> Step:
        signal: Signal = "break" if isinstance(node, ast.Break) else "continue"
        if not self._loops:
            raise self.expressions.refused(node, f"{signal!r} stands outside of a loop")
        return lambda frame: signal


def _always(value: Any) -> Code:
    return lambda frame: value


def _field(frame: Frame, whole: Any, name: str) -> Any:
    return attribute(whole, name)


def _put_field(frame: Frame, whole: Any, name: str, value: Any) -> None:
    if not isinstance(whole, dict):
        raise EvaluationFailed(
            f"{name!r} can't be put into a {type(whole).__name__}, which has no fields"
        )
    frame.spend(1)
    whole[name] = value


def _item(frame: Frame, whole: Any, key: Any) -> Any:
    return item(whole, key)


def _put_item(frame: Frame, whole: Any, key: Any, value: Any) -> None:
    if not _has_place(whole, key):
        raise EvaluationFailed(f"a {type(key).__name__} names no place in a {type(whole).__name__}")
    frame.spend(1)
    whole[key] = value


def _has_place(whole: Any, key: Any) -> bool:
    """Whether the key is of the kind that the list's or mapping's keys are."""
    if type(whole) is list:
        return type(key) is int
    return type(whole) is dict and type(key) is str
