"""Python's operators on plain values, bounded.

Numbers behave as Python's do as long as whole ones stay below 2 ** :data:`BIT_LIMIT`; ``+`` and
``*`` also make text and lists, up to the limits of :mod:`.frame`. ``%`` formats no text.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import NUMBERS, equal

#: bits of a whole number that an expression makes
BIT_LIMIT = 1_024
#: the largest whole number that may be a key: hashes of larger ones can be made to collide
_KEY_LIMIT = 2**53

Binary: TypeAlias = Callable[[Frame, Any, Any], Any]

_WHOLE: frozenset[type] = frozenset({int, bool})
_SEQUENCES: frozenset[type] = frozenset({list, tuple})


def bounded(value: Any) -> Any:
    """A number that was made, unless it is too large or is none of Python's plain ones."""
    kind = type(value)
    if kind is int:
        if value.bit_length() > BIT_LIMIT:
            raise EvaluationFailed(f"makes a whole number of more than {BIT_LIMIT:,} bits")
    elif kind is complex:
        raise EvaluationFailed("makes a complex number")
    return value


def key_of(value: Any) -> Any:
    """A key of a mapping or an item of a set."""
    if type(value) is int and abs(value) > _KEY_LIMIT:
        raise EvaluationFailed(f"a whole number that is a key is at most {_KEY_LIMIT:,}")
    if value is not None and type(value) is not str and type(value) not in NUMBERS:
        raise EvaluationFailed(f"a {type(value).__name__} can't be a key, nor be held by a set")
    return value


def same(frame: Frame, a: Any, b: Any) -> bool:
    """``==``; whatever the values are, this never fails for their types."""
    if type(a) in NUMBERS and type(b) in NUMBERS:
        return bool(a == b)
    return equal(frame, a, b, operator.eq)


def contains(frame: Frame, item: Any, whole: Any) -> bool:
    """``in``."""
    kind = type(whole)
    if kind is str:
        if type(item) is not str:
            raise _wrong("in", item, whole)
        frame.spend(1 + (len(whole) >> 6))
        return item in whole
    if kind in _SEQUENCES:
        frame.spend(1 + len(whole))
        return any(same(frame, item, each) for each in whole)
    if kind in (set, frozenset) or isinstance(whole, Mapping):
        return key_of(item) in whole
    raise _wrong("in", item, whole)


def _add(frame: Frame, a: Any, b: Any) -> Any:
    if type(a) in NUMBERS and type(b) in NUMBERS:
        return bounded(a + b)
    if type(a) is str and type(b) is str:
        frame.spend_text(len(a) + len(b))
        return a + b
    if type(a) in _SEQUENCES and type(a) is type(b):
        frame.spend_items(len(a) + len(b))
        return a + b
    raise _wrong("+", a, b)


def _multiply(frame: Frame, a: Any, b: Any) -> Any:
    if type(a) in NUMBERS and type(b) in NUMBERS:
        return bounded(a * b)
    if type(a) in _WHOLE:
        a, b = b, a
    if type(b) in _WHOLE:
        if type(a) is str:
            frame.spend_text(len(a) * max(b, 0))
            return a * b
        if type(a) in _SEQUENCES:
            frame.spend_items(len(a) * max(b, 0))
            return a * b
    raise _wrong("*", a, b)


def _power(frame: Frame, a: Any, b: Any) -> Any:
    if type(a) not in NUMBERS or type(b) not in NUMBERS:
        raise _wrong("**", a, b)
    if (
        type(a) in _WHOLE
        and type(b) in _WHOLE
        and b > 0
        and int(a).bit_length() * b > 2 * BIT_LIMIT
        and abs(a) > 1
    ):
        raise EvaluationFailed(f"makes a whole number of more than {BIT_LIMIT:,} bits")
    return bounded(a**b)


def _shift_left(frame: Frame, a: Any, b: Any) -> Any:
    _whole("<<", a, b)
    if a and b > BIT_LIMIT:
        raise EvaluationFailed(f"makes a whole number of more than {BIT_LIMIT:,} bits")
    return bounded(a << b) if a else 0 << min(b, 1)


def _of_numbers(sign: str, do: Callable[[Any, Any], Any]) -> Binary:
    def run(frame: Frame, a: Any, b: Any) -> Any:
        if type(a) in NUMBERS and type(b) in NUMBERS:
            return bounded(do(a, b))
        raise _wrong(sign, a, b)

    return run


def _of_whole(sign: str, do: Callable[[Any, Any], Any]) -> Binary:
    def run(frame: Frame, a: Any, b: Any) -> Any:
        _whole(sign, a, b)
        return do(a, b)

    return run


def _ordered(sign: str, do: Callable[[Any, Any], Any]) -> Binary:
    def run(frame: Frame, a: Any, b: Any) -> Any:
        if type(a) in NUMBERS and type(b) in NUMBERS:
            return do(a, b)
        if type(a) is str and type(b) is str:
            frame.spend(min(len(a), len(b)) >> 10)
            return do(a, b)
        raise _wrong(sign, a, b)

    return run


def _whole(sign: str, a: Any, b: Any) -> None:
    if type(a) not in _WHOLE or type(b) not in _WHOLE:
        raise _wrong(sign, a, b)


def _wrong(sign: str, a: Any, b: Any) -> EvaluationFailed:
    return EvaluationFailed(
        f"{sign!r} can't be done with a {type(a).__name__} and a {type(b).__name__}"
    )


def _negative(value: Any) -> Any:
    return -_number("-", value)


def _positive(value: Any) -> Any:
    return +_number("+", value)


def _inverted(value: Any) -> Any:
    if type(value) not in _WHOLE:
        raise EvaluationFailed(f"'~' can't be done with a {type(value).__name__}")
    # of a boolean, Python does it with a warning
    return ~int(value)


def _number(sign: str, value: Any) -> Any:
    if type(value) not in NUMBERS:
        raise EvaluationFailed(f"{sign!r} can't be done with a {type(value).__name__}")
    return value


BINARY: dict[type[ast.operator], Binary] = {
    ast.Add: _add,
    ast.Sub: _of_numbers("-", operator.sub),
    ast.Mult: _multiply,
    ast.Div: _of_numbers("/", operator.truediv),
    ast.FloorDiv: _of_numbers("//", operator.floordiv),
    ast.Mod: _of_numbers("%", operator.mod),
    ast.Pow: _power,
    ast.LShift: _shift_left,
    ast.RShift: _of_whole(">>", operator.rshift),
    ast.BitAnd: _of_whole("&", operator.and_),
    ast.BitOr: _of_whole("|", operator.or_),
    ast.BitXor: _of_whole("^", operator.xor),
}

UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: _negative,
    ast.UAdd: _positive,
    ast.Invert: _inverted,
}

COMPARE: dict[type[ast.cmpop], Binary] = {
    ast.Eq: same,
    ast.NotEq: lambda frame, a, b: not same(frame, a, b),
    ast.Lt: _ordered("<", operator.lt),
    ast.LtE: _ordered("<=", operator.le),
    ast.Gt: _ordered(">", operator.gt),
    ast.GtE: _ordered(">=", operator.ge),
    ast.In: contains,
    ast.NotIn: lambda frame, a, b: not contains(frame, a, b),
    ast.Is: lambda frame, a, b: a is b,
    ast.IsNot: lambda frame, a, b: a is not b,
}
