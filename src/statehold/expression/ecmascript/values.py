"""ECMAScript's conversions and operators on plain values.

1. ``undefined`` and ``null`` are one value, None: what is stored is JSON, which has ``null`` only.
   It behaves as ``undefined``.
2. Numbers are Python's ``int`` where they are whole and exact, else ``float``; an expression can't
   see the difference. There is no negative zero.
3. Lists, mappings and dates are equal if what they hold is equal, for a stored one has no identity.
4. Text is counted in characters, not in halves of UTF-16.
5. The fields of a mapping are in the order in which they were put in, also those that are numbers.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from statehold.expression.ecmascript.date import Date, date_text
from statehold.expression.ecmascript.function import is_function
from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import equal

#: beyond it, not every whole number has a double of its own
SAFE = 2**53
NAN = math.nan

Binary: TypeAlias = Callable[[Frame, Any, Any], Any]

_SPACE = " \t\n\r\v\f\u00a0\ufeff\u2028\u2029\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
SPACE = _SPACE + "\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def number(value: float) -> int | float:
    """The canonical form of a number: see rule 2."""
    if type(value) is float:
        return int(value) if value.is_integer() and abs(value) <= SAFE else value
    if -SAFE <= value <= SAFE:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def truthy(value: Any) -> bool:
    """ToBoolean: lists and mappings are true, empty or not."""
    if value is None or value is False:
        return False
    if type(value) is str:
        return value != ""
    if is_number(value):
        return bool(value == value and value != 0)
    return True


def to_number(frame: Frame, value: Any) -> int | float:
    """ToNumber."""
    kind = type(value)
    if kind is int or kind is float:
        return number(value)
    if kind is bool:
        return int(value)
    if value is None:
        return NAN
    if kind is Date:
        return number(value.time)
    return number_in(frame, value if kind is str else to_text(frame, value))


def number_in(frame: Frame, text: str) -> int | float:
    """The number that a whole text is, or NaN."""
    frame.spend(1 + (len(text) >> 2))
    text = text.strip(SPACE)
    if not text:
        return 0
    if text.lstrip("+-") == "Infinity" and len(text) <= 9:
        return -math.inf if text[0] == "-" else math.inf
    if _OTHER_BASE.fullmatch(text):
        return number(int(text, 0))
    return number(float(text)) if _DECIMAL.fullmatch(text) else NAN


def to_integer(frame: Frame, value: Any) -> int:
    """ToIntegerOrInfinity, with infinity as a number beyond every length."""
    found = to_number(frame, value)
    if type(found) is float:
        if math.isnan(found):
            return 0
        return max(-SAFE, min(SAFE, int(found))) if math.isfinite(found) else _far(found)
    return int(found)


def _far(value: float) -> int:
    return SAFE if value > 0 else -SAFE


def to_text(frame: Frame, value: Any) -> str:
    """ToString."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None:
        return "undefined"
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return number_text(value)
    if kind is list:
        return joined(frame, value, ",", 0)
    if isinstance(value, Mapping):
        return "[object Object]"
    if kind is Date:
        return date_text(value)
    raise EvaluationFailed(f"a {kind.__name__} has no text")


def joined(frame: Frame, values: list[Any], separator: str, depth: int = 0) -> str:
    """``join``: nothing becomes the empty text, a list within is joined by commas."""
    if depth > 64:
        raise EvaluationFailed("makes a text of lists nested more than 64 levels deep")
    frame.spend(2 + 2 * len(values))
    parts = [
        ""
        if value is None
        else joined(frame, value, ",", depth + 1)
        if type(value) is list
        else to_text(frame, value)
        for value in values
    ]
    frame.spend_text(sum(map(len, parts)) + len(separator) * max(0, len(parts) - 1))
    return separator.join(parts)


def number_text(value: float) -> str:
    """Number::toString: the shortest digits that mean this number, as ECMAScript lays them out."""
    value = number(value)
    if type(value) is int:
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + ("" if part == "0" else part)).lstrip("0")
    # the number is 0.digits times ten to the power of point
    point = len(whole) + int(exponent or 0)
    if whole == "0":
        point -= 1 + len(part) - len(part.lstrip("0"))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}{power}"


def type_name(value: Any) -> str:
    """``typeof``."""
    if value is None:
        return "undefined"
    if type(value) is bool:
        return "boolean"
    if is_number(value):
        return "number"
    if is_function(value):
        return "function"
    return "string" if type(value) is str else "object"


def strictly_equal(frame: Frame, a: Any, b: Any) -> bool:
    """``===``."""
    return equal(frame, a, b, _alike)


def _alike(a: Any, b: Any) -> bool:
    if type(a) is type(b) or (is_number(a) and is_number(b)):
        return bool(a == b)
    return False


def loosely_equal(frame: Frame, a: Any, b: Any) -> bool:
    """``==``."""
    if a is None or b is None:
        return a is b
    if is_object(a) and is_object(b):
        return strictly_equal(frame, a, b)
    a, b = primitive(frame, a), primitive(frame, b)
    if type(a) is type(b):
        return strictly_equal(frame, a, b)
    return to_number(frame, a) == to_number(frame, b)


def is_object(value: Any) -> bool:
    return type(value) is list or isinstance(value, Mapping) or type(value) is Date


def primitive(frame: Frame, value: Any) -> Any:
    """ToPrimitive: a list, a mapping or a date as text."""
    return to_text(frame, value) if is_object(value) else value


def _comparable(frame: Frame, value: Any) -> Any:
    """ToPrimitive where a number is preferred, which a date has."""
    return number(value.time) if type(value) is Date else primitive(frame, value)


def add(frame: Frame, a: Any, b: Any) -> Any:
    """``+``: text if either is one, else a number."""
    if type(a) is int and type(b) is int:
        return number(a + b)
    a, b = primitive(frame, a), primitive(frame, b)
    if type(a) is str or type(b) is str:
        left, right = to_text(frame, a), to_text(frame, b)
        frame.spend_text(len(left) + len(right))
        return left + right
    return number(to_number(frame, a) + to_number(frame, b))


def divided(a: float, b: float) -> float:
    if b == 0:
        return NAN if a == 0 or math.isnan(a) else math.copysign(math.inf, a)
    return a / b


def remainder(a: float, b: float) -> float:
    if b == 0 or not math.isfinite(a):
        return NAN
    return math.fmod(a, b)


def power(a: float, b: float) -> float:
    if math.isnan(b) or (math.isinf(b) and abs(a) == 1):
        return NAN
    if type(a) is int and type(b) is int and b >= 0 and a.bit_length() * b <= 53:
        return int(a**b)
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        # zero to a negative power, or a negative number to a part of one
        return math.inf if a == 0 else NAN


def _of_numbers(do: Callable[[Any, Any], Any]) -> Binary:
    return lambda frame, a, b: number(do(to_number(frame, a), to_number(frame, b)))


def _of_bits(do: Callable[[int, int], int]) -> Binary:
    return lambda frame, a, b: signed(do(bits(frame, a), bits(frame, b)))


def bits(frame: Frame, value: Any) -> int:
    """ToUint32."""
    found = to_number(frame, value)
    return int(found) & 0xFFFFFFFF if math.isfinite(found) else 0


def signed(value: int) -> int:
    """Thirty-two bits as a number that may be negative."""
    value &= 0xFFFFFFFF
    return value - 2**32 if value & 0x80000000 else value


def _shifted_right(frame: Frame, a: Any, b: Any) -> int:
    return signed(bits(frame, a)) >> (bits(frame, b) & 31)


def _shifted_unsigned(frame: Frame, a: Any, b: Any) -> int:
    return bits(frame, a) >> (bits(frame, b) & 31)


def _ordered(do: Callable[[Any, Any], bool]) -> Binary:
    def run(frame: Frame, a: Any, b: Any) -> bool:
        if type(a) is int and type(b) is int:
            return do(a, b)
        a, b = _comparable(frame, a), _comparable(frame, b)
        if type(a) is str and type(b) is str:
            frame.spend(min(len(a), len(b)) >> 10)
            return do(a, b)
        return do(to_number(frame, a), to_number(frame, b))

    return run


def _contains(frame: Frame, key: Any, whole: Any) -> bool:
    """``in``: whether there is such a field or index."""
    text = to_text(frame, key)
    if isinstance(whole, Mapping):
        return text in whole
    if type(whole) is list:
        return text == "length" or index_in(text) in range(len(whole))
    raise EvaluationFailed(f"'in' can't be done with a {type_name(whole)} on its right")


def index_in(text: str) -> int:
    """The index that a key is, or -1."""
    is_index = len(text) < 16 and text.isdecimal() and text.isascii()
    return int(text) if is_index and (text == "0" or text[0] != "0") else -1


BINARY: dict[str, Binary] = {
    "+": add,
    "-": _of_numbers(operator.sub),
    "*": _of_numbers(operator.mul),
    "/": _of_numbers(divided),
    "%": _of_numbers(remainder),
    "**": _of_numbers(power),
    "===": strictly_equal,
    "!==": lambda frame, a, b: not strictly_equal(frame, a, b),
    "==": loosely_equal,
    "!=": lambda frame, a, b: not loosely_equal(frame, a, b),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "&": _of_bits(operator.and_),
    "|": _of_bits(operator.or_),
    "^": _of_bits(operator.xor),
    "<<": lambda frame, a, b: signed(bits(frame, a) << (bits(frame, b) & 31)),
    ">>": _shifted_right,
    ">>>": _shifted_unsigned,
    "in": _contains,
}

UNARY: dict[str, Callable[[Frame, Any], Any]] = {
    "!": lambda frame, value: not truthy(value),
    "-": lambda frame, value: number(-to_number(frame, value)),
    "+": to_number,
    "~": lambda frame, value: signed(~bits(frame, value)),
    "typeof": lambda frame, value: type_name(value),
    "void": lambda frame, value: None,
}
