"""Python expressions, compiled to closures: one for each part of the text.

What has no entry in the table of :class:`Expressions` is refused. An attribute is a key of a
mapping, never an attribute of a Python object; methods are those of :mod:`.python_methods`, and
only called.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Mapping
from typing import Any

from statehold.expression.frame import Code, Frame
from statehold.expression.language import EvaluationFailed, ExpressionRefused
from statehold.expression.place import local_value
from statehold.expression.python_comprehension import Comprehensions
from statehold.expression.python_functions import FUNCTIONS, Bounded, text_of
from statehold.expression.python_methods import CHANGING, NAMES, method_of
from statehold.expression.python_operators import BINARY, BIT_LIMIT, COMPARE, UNARY, key_of
from statehold.expression.source import Book
from statehold.expression.values import NUMBERS

#: how a value may be shown within an f-string: ``{price:>10.2f}``
_SHOWN = re.compile(r"[<>^]?[+-]?0?[0-9]{0,2},?(?:\.[0-9]{1,2})?[dfeg%sx]?")


class Expressions:
    """Compiles the expressions of one text."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.loops = loops = Comprehensions(book, self.compile, self.checked_name, self.refused)
        self._table: dict[type[ast.expr], Callable[[Any], Code]] = {
            ast.Attribute: self._attribute,
            ast.BinOp: self._binary,
            ast.BoolOp: self._boolean,
            ast.Call: self._call,
            ast.Compare: self._compare,
            ast.Constant: self._constant,
            ast.Dict: self._dict,
            ast.DictComp: loops.of_dict,
            ast.GeneratorExp: loops.of_list,
            ast.IfExp: self._conditional,
            ast.JoinedStr: self._joined,
            ast.List: self._list,
            ast.ListComp: loops.of_list,
            ast.Name: self._name,
            ast.Set: self._set,
            ast.SetComp: loops.of_set,
            ast.Subscript: self._subscript,
            ast.Tuple: self._tuple,
            ast.UnaryOp: self._unary,
        }

    def compile(self, node: ast.expr) -> Code:
        self.book.enter()
        compile_ = self._table.get(type(node))
        if compile_ is None:
            raise self.refused(node, f"{_called(node)} is not allowed")
        code = compile_(node)
        self.book.leave()
        return code

    def refused(self, node: ast.AST, message: str, hint: str = "") -> ExpressionRefused:
        """With the line where there are several; columns are told for single lines alone."""
        line = getattr(node, "lineno", 1)
        if "\n" in self.book.text.strip():
            return self.book.refused(f"line {line}: {message}", hint)
        text = self.book.text
        start = text.lstrip()
        # columns are counted in bytes, from where the text begins
        before = start.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore")
        return self.book.refused(message, hint, len(text) - len(start) + len(before))

    def checked_name(self, node: ast.expr, name: str) -> str:
        if name.startswith("__"):
            raise self.refused(
                node, f"the name {name!r} is not allowed: it begins with two underscores"
            )
        return name

    def _constant(self, node: ast.Constant) -> Code:
        value = node.value
        if value is not None and type(value) is not str and type(value) not in NUMBERS:
            raise self.refused(node, f"{_called(node)} is not allowed")
        if type(value) is int and value.bit_length() > BIT_LIMIT:
            raise self.refused(node, f"the number has more than {BIT_LIMIT:,} bits")
        if type(value) is str and any("\ud800" <= each <= "\udfff" for each in value):
            raise self.refused(node, "half of a surrogate pair is no character")
        return lambda frame: value

    def _name(self, node: ast.Name) -> Code:
        name = self.checked_name(node, node.id)
        slot = self.book.local(name)
        if slot is not None:
            return local_value(slot, name)
        self.book.reads.add(name)
        return lambda frame: frame.variable(name)

    def _boolean(self, node: ast.BoolOp) -> Code:
        parts = tuple(self.compile(value) for value in node.values)
        stops_at = isinstance(node.op, ast.Or)

        def run(frame: Frame) -> Any:
            value: Any = None
            for part in parts:
                value = part(frame)
                if bool(value) is stops_at:
                    break
            return value

        return run

    def _unary(self, node: ast.UnaryOp) -> Code:
        do, operand = UNARY[type(node.op)], self.compile(node.operand)
        return lambda frame: do(operand(frame))

    def _binary(self, node: ast.BinOp) -> Code:
        do = BINARY.get(type(node.op))
        if do is None:
            raise self.refused(node, f"the operator {type(node.op).__name__} is not allowed")
        left, right = self.compile(node.left), self.compile(node.right)
        return lambda frame: do(frame, left(frame), right(frame))

    def _compare(self, node: ast.Compare) -> Code:
        sides = [node.left, *node.comparators]
        for at, operator in enumerate(node.ops):
            if isinstance(operator, (ast.Is, ast.IsNot)) and not any(
                isinstance(side, ast.Constant) and (side.value is None or type(side.value) is bool)
                for side in sides[at : at + 2]
            ):
                raise self.refused(node, "'is' compares with None, True and False only", "use ==")
        first = self.compile(node.left)
        rest = tuple(
            (COMPARE[type(operator)], self.compile(side))
            for operator, side in zip(node.ops, node.comparators, strict=True)
        )
        if len(rest) == 1:
            do, second = rest[0]
            return lambda frame: do(frame, first(frame), second(frame))

        def run(frame: Frame) -> Any:
            left = first(frame)
            for compare, code in rest:
                right = code(frame)
                if not compare(frame, left, right):
                    return False
                left = right
            return True

        return run

    def _conditional(self, node: ast.IfExp) -> Code:
        test, yes, no = map(self.compile, (node.test, node.body, node.orelse))
        return lambda frame: yes(frame) if test(frame) else no(frame)

    def _list(self, node: ast.List) -> Code:
        items = tuple(map(self.compile, node.elts))
        return lambda frame: [item(frame) for item in items]

    def _tuple(self, node: ast.Tuple) -> Code:
        items = tuple(map(self.compile, node.elts))
        return lambda frame: tuple(item(frame) for item in items)

    def _set(self, node: ast.Set) -> Code:
        items = tuple(map(self.compile, node.elts))
        return lambda frame: frozenset(key_of(item(frame)) for item in items)

    def _dict(self, node: ast.Dict) -> Code:
        pairs: list[tuple[Code, Code]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise self.refused(node, "'**' within a mapping is not allowed")
            pairs.append((self.compile(key), self.compile(value)))
        return lambda frame: {key_of(key(frame)): value(frame) for key, value in pairs}

    def _joined(self, node: ast.JoinedStr) -> Code:
        parts = tuple(map(self._joined_part, node.values))

        def run(frame: Frame) -> str:
            texts = [part(frame) for part in parts]
            frame.spend_text(sum(map(len, texts)))
            return "".join(texts)

        return run

    def _joined_part(self, node: ast.expr) -> Code:
        if not isinstance(node, ast.FormattedValue):
            return self.compile(node)
        if node.conversion != -1:
            raise self.refused(node, "'!r', '!s' and '!a' within text are not allowed")
        value = self.compile(node.value)
        if node.format_spec is None:
            return lambda frame: text_of(frame, value(frame))
        shown = _constant_text(node.format_spec)
        if shown is None or not _SHOWN.fullmatch(shown):
            raise self.refused(
                node, f"the format {shown!r} is not allowed", "one like '>10.2f' or ',d' is"
            )

        def run(frame: Frame) -> str:
            given = value(frame)
            if type(given) is not str and type(given) not in NUMBERS:
                raise EvaluationFailed(f"a {type(given).__name__} can't be shown by a format")
            frame.spend(8)
            return format(given, shown)

        return run

    def _attribute(self, node: ast.Attribute) -> Code:
        name = self.checked_name(node, node.attr)
        whole = self.compile(node.value)
        return lambda frame: attribute(whole(frame), name)

    def _subscript(self, node: ast.Subscript) -> Code:
        whole = self.compile(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._slice(whole, node.slice)
        key = self.compile(node.slice)
        return lambda frame: item(whole(frame), key(frame))

    def _slice(self, whole: Code, node: ast.Slice) -> Code:
        bounds = tuple(
            self.compile(bound) if bound else None for bound in (node.lower, node.upper, node.step)
        )

        def run(frame: Frame) -> Any:
            value = whole(frame)
            if type(value) not in (str, list, tuple):
                raise EvaluationFailed(f"a {type(value).__name__} can't be sliced")
            part = slice(*(bound(frame) if bound else None for bound in bounds))
            frame.spend(1 + len(value) // (16 if type(value) is str else 1))
            return value[part]

        return run

    def _call(self, node: ast.Call) -> Code:
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.refused(node, "'*' among arguments is not allowed")
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func)
        if not isinstance(node.func, ast.Name):
            raise self.refused(node, "only functions and methods can be called, by their names")
        name = self.checked_name(node.func, node.func.id)
        function = FUNCTIONS.get(name)
        if function is None:
            return self._lent(node, name)
        arguments, keywords = self._arguments(node, name, function)
        run = function.run
        return lambda frame: run(
            frame,
            *[code(frame) for code in arguments],
            **{word: code(frame) for word, code in keywords.items()},
        )

    def _lent(self, node: ast.Call, name: str) -> Code:
        """A function of the scope, such as ``In``; which ones there are is known when it runs."""
        if hasattr(builtins, name):
            known = ", ".join(FUNCTIONS)
            raise self.refused(node, f"the function {name!r} is not allowed", f"these are: {known}")
        if node.keywords:
            raise self.refused(node, f"{name}() takes no arguments by name")
        arguments = tuple(map(self.compile, node.args))
        return lambda frame: frame.call(name, [code(frame) for code in arguments])

    def _method(self, node: ast.Call, called: ast.Attribute) -> Code:
        name = called.attr
        if name not in NAMES:
            known = ", ".join(sorted(NAMES))
            raise self.refused(called, f"the method {name!r} is not allowed", f"these are: {known}")
        if name in CHANGING:
            if not self.book.is_script:
                raise self.refused(node, f"{name}() changes data, which only a script may do")
            receiver = self.changed(called.value, f"{name}()")
        else:
            receiver = self.compile(called.value)
        arguments = tuple(map(self.compile, node.args))
        keywords = self._keywords(node)

        def run(frame: Frame) -> Any:
            value = receiver(frame)
            method = method_of(value, name)
            if method is None:
                raise EvaluationFailed(f"a {type(value).__name__} has no method {name!r}")
            if not method.least <= len(arguments) <= method.most or not (
                keywords.keys() <= method.keywords
            ):
                raise EvaluationFailed(f"{name}() was given arguments that it does not take")
            frame.spend(1)
            return method.run(
                frame,
                value,
                *[code(frame) for code in arguments],
                **{word: code(frame) for word, code in keywords.items()},
            )

        return run

    def changed(self, node: ast.expr, by: str) -> Code:
        """A variable or a part of one, for something that changes it."""
        root = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if not isinstance(root, ast.Name):
            raise self.refused(node, f"{by} changes a variable, or a part of one, and nothing else")
        code = self.compile(node)
        if self.book.local(root.id) is not None:
            return code
        name = root.id
        self.book.writes.add(name)

        def run(frame: Frame) -> Any:
            frame.writable(name)
            return code(frame)

        return run

    def _arguments(
        self, node: ast.Call, name: str, function: Bounded
    ) -> tuple[tuple[Code, ...], dict[str, Code]]:
        if not function.least <= len(node.args) <= function.most:
            raise self.refused(node, f"{name}() takes {_count(function)}, not {len(node.args)}")
        for keyword in node.keywords:
            if keyword.arg not in function.keywords:
                raise self.refused(node, f"{name}() takes no argument by the name {keyword.arg!r}")
        return tuple(map(self.compile, node.args)), self._keywords(node)

    def _keywords(self, node: ast.Call) -> dict[str, Code]:
        if any(keyword.arg is None for keyword in node.keywords):
            raise self.refused(node, "'**' among arguments is not allowed")
        return {str(keyword.arg): self.compile(keyword.value) for keyword in node.keywords}


def attribute(whole: Any, name: str) -> Any:
    """``whole.name``: the key of a mapping."""
    if not isinstance(whole, Mapping):
        raise EvaluationFailed(
            f"a {type(whole).__name__} has no {name!r}: only mappings have fields"
        )
    try:
        return whole[name]
    except KeyError:
        raise EvaluationFailed(f"there is no {name!r} in the mapping") from None


def item(whole: Any, key: Any) -> Any:
    """``whole[key]``."""
    if isinstance(whole, Mapping):
        return whole[key_of(key)]
    if type(whole) in (list, tuple, str) and type(key) in (int, bool):
        return whole[key]
    raise EvaluationFailed(
        f"a {type(whole).__name__} has no items that a {type(key).__name__} could name"
    )


def _constant_text(node: ast.expr) -> str | None:
    if isinstance(node, ast.JoinedStr) and len(node.values) == 1:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _count(function: Bounded) -> str:
    if function.least == function.most:
        return f"{function.least} arguments" if function.least != 1 else "1 argument"
    return f"{function.least} to {function.most} arguments"


def _called(node: ast.expr) -> str:
    """A node as a message calls it."""
    if isinstance(node, ast.Constant):
        return f"a constant of the type {type(node.value).__name__}"
    return f"the expression {type(node).__name__}"
