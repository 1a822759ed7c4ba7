"""The functions that are built in, by their names, and the constants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from statehold.expression.ecmascript import date_methods
from statehold.expression.ecmascript.function import Bounded
from statehold.expression.ecmascript.json_text import parse, stringify
from statehold.expression.ecmascript.values import (
    NAN,
    SAFE,
    SPACE,
    is_number,
    number,
    power,
    to_number,
    to_text,
    truthy,
)
from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed


def _of_number(do: Callable[[Any], Any]) -> Bounded:
    return Bounded(lambda frame, value: number(do(to_number(frame, value))), 1, 1)


def _whole(do: Callable[[float], int]) -> Bounded:
    """For numbers with a part behind the point; NaN, infinity and all beyond ``SAFE`` have none."""
    return _of_number(lambda value: do(value) if abs(value) < SAFE else value)


def _or_nan(do: Callable[[float], float], at_zero: float = NAN) -> Bounded:
    def run(value: float) -> float:
        try:
            return do(value)
        except OverflowError:
            return math.inf
        except ValueError:
            return at_zero if value == 0 else NAN

    return _of_number(run)


def _sign(value: float) -> float:
    return value if value != value or value == 0 else math.copysign(1, value)


def _cube_root(value: float) -> float:
    """Of a cube exactly, which C's function misses by the last digit."""
    found = math.cbrt(value)
    whole = round(found) if math.isfinite(found) else 0
    return whole if whole**3 == value else found


def _extreme(choose: Callable[..., Any], of_none: float) -> Bounded:
    def run(frame: Frame, *values: Any) -> Any:
        numbers = [to_number(frame, value) for value in values]
        if any(math.isnan(value) for value in numbers):
            return NAN
        return choose(numbers, default=of_none)

    return Bounded(run, 0, 100)


def _parse_int(frame: Frame, value: Any, base: Any = None) -> Any:
    text = to_text(frame, value)
    frame.spend(1 + len(text))
    found = re.match(r"([+-]?)(0[xX])?(.*)", text.strip(SPACE), re.DOTALL)
    assert found is not None
    sign, hexadecimal, digits = found.groups()
    radix = number(to_number(frame, base)) if base is not None else 0
    radix = int(radix) if math.isfinite(radix) else 0
    if radix not in range(2, 37) and radix != 0:
        return NAN
    if hexadecimal and radix not in (0, 16):
        return 0
    radix = radix or (16 if hexadecimal else 10)
    count = 0
    while count < len(digits) and digits[count].isascii() and _digit(digits[count]) < radix:
        count += 1
    if count == 0:
        return NAN
    if count > 1_100:
        raise EvaluationFailed(f"parseInt() of {count:,} digits; at most 1,100 are read")
    return number(int(sign + digits[:count], radix))


def _digit(character: str) -> int:
    return int(character, 36) if character.isalnum() else 36


def _parse_float(frame: Frame, value: Any) -> Any:
    text = to_text(frame, value)
    frame.spend(1 + len(text))
    found = re.match(
        r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)", text.strip(SPACE)
    )
    return number(float(found[0])) if found else NAN


def _keys(frame: Frame, value: Any) -> list[Any]:
    return [key for key, _ in _entries(frame, value)]


def _values(frame: Frame, value: Any) -> list[Any]:
    return [item for _, item in _entries(frame, value)]


def _entries(frame: Frame, value: Any) -> list[list[Any]]:
    if isinstance(value, Mapping):
        frame.spend_items(len(value))
        return [[key, item] for key, item in value.items()]
    if type(value) in (list, str):
        frame.spend_items(len(value))
        return [[str(at), item] for at, item in enumerate(value)]
    if value is None:
        raise EvaluationFailed("undefined has no fields")
    return []


def _is_whole(frame: Frame, value: Any) -> bool:
    return is_number(value) and float(value).is_integer()


_IS_NAN = Bounded(lambda frame, value: math.isnan(to_number(frame, value)), 1, 1)
_IS_FINITE = Bounded(lambda frame, value: math.isfinite(to_number(frame, value)), 1, 1)
_PARSE_INT = Bounded(_parse_int, 1, 2)
_PARSE_FLOAT = Bounded(_parse_float, 1, 1)

FUNCTIONS: dict[str, Bounded] = date_methods.FUNCTIONS | {
    "Array.isArray": Bounded(lambda frame, value: type(value) is list, 1, 1),
    "Boolean": Bounded(lambda frame, value=None: truthy(value), 0, 1),
    "JSON.parse": Bounded(parse, 1, 1),
    "JSON.stringify": Bounded(stringify, 1, 3),
    "Math.abs": _of_number(abs),
    "Math.cbrt": _of_number(_cube_root),
    "Math.ceil": _whole(math.ceil),
    "Math.exp": _or_nan(math.exp),
    "Math.floor": _whole(math.floor),
    "Math.log": _or_nan(math.log, -math.inf),
    "Math.log10": _or_nan(math.log10, -math.inf),
    "Math.log2": _or_nan(math.log2, -math.inf),
    "Math.max": _extreme(max, -math.inf),
    "Math.min": _extreme(min, math.inf),
    "Math.pow": Bounded(
        lambda frame, a, b: number(power(to_number(frame, a), to_number(frame, b))), 2, 2
    ),
    "Math.round": _whole(lambda value: math.floor(value) + (value - math.floor(value) >= 0.5)),
    "Math.sign": _of_number(_sign),
    "Math.sqrt": _or_nan(math.sqrt),
    "Math.trunc": _whole(math.trunc),
    "Number": Bounded(lambda frame, value=0: to_number(frame, value), 0, 1),
    "Number.isFinite": Bounded(
        lambda frame, value: is_number(value) and math.isfinite(value), 1, 1
    ),
    "Number.isInteger": Bounded(_is_whole, 1, 1),
    "Number.isNaN": Bounded(lambda frame, value: type(value) is float and value != value, 1, 1),
    "Number.parseFloat": _PARSE_FLOAT,
    "Number.parseInt": _PARSE_INT,
    "Object.entries": Bounded(_entries, 1, 1),
    "Object.keys": Bounded(_keys, 1, 1),
    "Object.values": Bounded(_values, 1, 1),
    "String": Bounded(lambda frame, value="": to_text(frame, value), 0, 1),
    "isFinite": _IS_FINITE,
    "isNaN": _IS_NAN,
    "parseFloat": _PARSE_FLOAT,
    "parseInt": _PARSE_INT,
}

CONSTANTS: dict[str, Any] = {
    "Infinity": math.inf,
    "Math.E": math.e,
    "Math.LN10": math.log(10),
    "Math.LN2": math.log(2),
    "Math.PI": math.pi,
    "Math.SQRT2": math.sqrt(2),
    "NaN": NAN,
    "Number.EPSILON": 2.0**-52,
    "Number.MAX_SAFE_INTEGER": SAFE - 1,
    "Number.MIN_SAFE_INTEGER": 1 - SAFE,
}

#: names before a dot that stand for no variable
NAMESPACES: frozenset[str] = frozenset(
    {"Array", "Date", "JSON", "Math", "Number", "Object", "String", "console"}
)
