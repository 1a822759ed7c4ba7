"""The methods that may be called, by the type of their receiver.

Those of :data:`CHANGING` change it. Those of :data:`FRESH` give a list that nothing else holds.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Sequence
from typing import Any

from statehold.expression.ecmascript import date_methods, list_methods, text_methods
from statehold.expression.ecmascript.date import Date
from statehold.expression.ecmascript.function import Bounded, Function, call
from statehold.expression.ecmascript.values import number_text, to_integer, to_number, to_text
from statehold.expression.frame import CALL_DEPTH_LIMIT, Frame
from statehold.expression.language import EvaluationFailed


def _to_fixed(frame: Frame, value: float, digits: Any = 0) -> str:
    count = to_integer(frame, digits)
    if not 0 <= count <= 100:
        raise EvaluationFailed(f"toFixed() to {count} digits; 0 to 100 are possible")
    if not math.isfinite(value) or abs(value) >= 1e21:
        return number_text(value)
    frame.spend(4)
    with decimal.localcontext() as context:
        context.prec = 150
        exact = decimal.Decimal(value).quantize(
            decimal.Decimal(1).scaleb(-count), rounding=decimal.ROUND_HALF_UP
        )
    return f"{exact:f}"


def _number_text(frame: Frame, value: float, base: Any = 10) -> str:
    if to_number(frame, base) != 10:
        raise EvaluationFailed("toString() of a number to another base than 10 is not allowed")
    return number_text(value)


def _has_own(frame: Frame, mapping: Any, key: Any) -> bool:
    return to_text(frame, key) in mapping


_TO_TEXT = Bounded(to_text)
_VALUE = Bounded(lambda frame, value: value)
_OF_NUMBERS = {
    "toFixed": Bounded(_to_fixed, 0, 1),
    "toString": Bounded(_number_text, 0, 1),
    "valueOf": _VALUE,
}


def _apply(frame: Frame, function: Any, this: Any = None, values: Any = None) -> Any:
    if values is not None and type(values) is not list:
        raise EvaluationFailed("apply() takes the arguments as a list")
    frame.spend(1 + len(values or ()))
    return _call(frame, function, this, *(values or ()))


def _call(frame: Frame, function: Any, this: Any = None, *values: Any) -> Any:
    if type(function) is Bounded and len(values) > function.most:
        raise EvaluationFailed(f"the function does not take {len(values)} arguments")
    return _called(frame, function, values, this)


def _bind(frame: Frame, function: Any, this: Any = None, *values: Any) -> Bounded:
    return Bounded(
        lambda frame, *others: _called(frame, function, [*values, *others], this),
        0,
        _ARGUMENT_LIMIT,
    )


def _called(frame: Frame, function: Any, values: Sequence[Any], this: Any) -> Any:
    """Calls it; a function that is bound again and again is as deep as calls are."""
    frame.depth += _LEVELS
    try:
        if frame.depth > CALL_DEPTH_LIMIT:
            raise EvaluationFailed("calls functions within functions too deep")
        return call(frame, function, values, this)
    finally:
        frame.depth -= _LEVELS


_ARGUMENT_LIMIT = 100
#: levels of Python's stack that these take beside the call itself
_LEVELS = 3
_OF_FUNCTIONS = {
    "apply": Bounded(_apply, 0, 2),
    "bind": Bounded(_bind, 0, _ARGUMENT_LIMIT),
    "call": Bounded(_call, 0, _ARGUMENT_LIMIT),
}

METHODS: dict[type, dict[str, Bounded]] = {
    str: text_methods.METHODS | {"toString": _TO_TEXT, "valueOf": _VALUE},
    list: list_methods.METHODS | {"toString": _TO_TEXT},
    dict: {"hasOwnProperty": Bounded(_has_own, 1, 1), "toString": _TO_TEXT},
    bool: {"toString": _TO_TEXT, "valueOf": _VALUE},
    int: _OF_NUMBERS,
    float: _OF_NUMBERS,
    Date: date_methods.METHODS,
    Function: _OF_FUNCTIONS,
    Bounded: _OF_FUNCTIONS,
}

CHANGING: frozenset[str] = list_methods.CHANGING
FRESH: frozenset[str] = frozenset(
    {"concat", "entries", "filter", "keys", "map", "slice", "split", "values"}
)
#: those of functions, whose first argument is ``this``
OF_FUNCTIONS: frozenset[str] = frozenset(_OF_FUNCTIONS)
NAMES: frozenset[str] = frozenset(name for methods in METHODS.values() for name in methods)
