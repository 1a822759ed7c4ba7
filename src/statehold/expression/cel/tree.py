"""The checked syntax tree of a CEL expression, read from its serialised form.

The library gives an expression's type, but not its structure. It serialises a
``cel.expr.CheckedExpr`` (github.com/google/cel-spec, ``proto/cel/expr/checked.proto``), of which
few fields are needed: the variables, what is selected of them, and the loops. They are read here,
without the protobuf package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Constant:
    """``text`` for strings, None for every other constant; ``size`` is its length in characters."""

    text: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, whole (``data.total``), or one that a loop binds."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``has(operand.field)``."""

    operand: Node
    field: str


@dataclass(frozen=True, slots=True)
class Call:
    """``target.function(arguments)``, the target being the first of the arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A list's items, or a map's keys and values."""

    kind: Literal["list", "map"]
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """What ``map``, ``filter``, ``all``, ``exists`` and ``exists_one`` expand to."""

    over: Node
    variable: str
    accumulator: str
    start: Node
    condition: Node
    step: Node
    result: Node


Node: TypeAlias = Constant | Name | Select | Call | Collection | Loop

_Fields: TypeAlias = list[tuple[int, int | bytes]]


def read_tree(serialised: bytes) -> Node:
    """Reads the result of ``Expression.serialize()``: a CheckedExpr inside an Any."""
    checked = _fields(_bytes(_fields(serialised), 2))
    references: dict[int, str] = {}
    for number, value in checked:
        if number == 2 and isinstance(value, bytes):
            entry = _fields(value)
            # a reference without a name refers to overloads of a function
            name = _text(_fields(_bytes(entry, 2)), 1)
            if name:
                references[_number(entry, 1)] = name
    return _node(_bytes(checked, 4), references)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Select(operand):
            return (operand,)
        case Call(_, arguments):
            return arguments
        case Collection(_, items):
            return items
        case Loop(over, _, _, start, condition, step, result):
            return (over, start, condition, step, result)
        case _:
            return ()


def _node(raw: bytes, references: dict[int, str]) -> Node:
    fields = _fields(raw)
    reference = references.get(_number(fields, 2), "")
    for number, value in fields:
        if not isinstance(value, bytes) or number == 2:
            continue
        inner = _fields(value)
        if number == 3:
            return _constant(inner)
        if number == 4:
            name = _text(inner, 1)
            return Name(reference or name)
        if number == 5:
            if reference:
                return Name(reference)
            return Select(_node(_bytes(inner, 1), references), _text(inner, 2))
        if number == 6:
            target = _bytes(inner, 1)
            arguments = [v for n, v in inner if n == 3 and isinstance(v, bytes)]
            both = [target, *arguments] if _has(inner, 1) else arguments
            return Call(_text(inner, 2), tuple(_node(one, references) for one in both))
        if number == 7:
            items = [v for n, v in inner if n == 1 and isinstance(v, bytes)]
            return Collection("list", tuple(_node(one, references) for one in items))
        if number == 8:
            return Collection("map", tuple(_entries(inner, references)))
        if number == 9:
            parts = [_node(_bytes(inner, part), references) for part in (2, 4, 5, 6, 7)]
            over, start, condition, step, result = parts
            return Loop(over, _text(inner, 1), _text(inner, 3), start, condition, step, result)
    return Constant(None, 1)


def _entries(inner: _Fields, references: dict[int, str]) -> Iterator[Node]:
    for number, value in inner:
        if number == 2 and isinstance(value, bytes):
            for part, held in _fields(value):
                if part == 2 and isinstance(held, bytes):
                    text = held.decode()
                    yield Constant(text, len(text))
                elif isinstance(held, bytes):
                    yield _node(held, references)


def _constant(inner: _Fields) -> Constant:
    for number, value in inner:
        if number == 6 and isinstance(value, bytes):
            text = value.decode()
            return Constant(text, len(text))
        if number == 7 and isinstance(value, bytes):
            return Constant(None, len(value))
    return Constant(None, 1)


# --- protobuf's wire format ---


def _fields(raw: bytes) -> _Fields:
    found: _Fields = []
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(raw, at)
            found.append((tag >> 3, value))
        elif kind == 2:
            size, at = _varint(raw, at)
            found.append((tag >> 3, raw[at : at + size]))
            at += size
        else:
            # 64 and 32 bits: floating-point constants, whose values are not needed
            at += 8 if kind == 1 else 4
    return found


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            return value, at
        shift += 7


def _has(fields: _Fields, number: int) -> bool:
    return any(n == number for n, _ in fields)


def _bytes(fields: _Fields, number: int) -> bytes:
    return next((v for n, v in fields if n == number and isinstance(v, bytes)), b"")


def _text(fields: _Fields, number: int) -> str:
    return _bytes(fields, number).decode()


def _number(fields: _Fields, number: int) -> int:
    return next((v for n, v in fields if n == number and isinstance(v, int)), 0)
