"""The methods that ECMAScript expressions may call, by the type of their receiver.

Those of :data:`CHANGING` change it, so only a script may call them, on a variable or a part of one.
Those of :data:`VISITING` are given a function, which is an arrow function in the call itself.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from statehold.expression.ecmascript.functions import Bounded
from statehold.expression.ecmascript.values import (
    SPACE,
    joined,
    number_text,
    strictly_equal,
    to_integer,
    to_number,
    to_text,
    truthy,
)
from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import kept

#: an arrow function: the frame, then as many values as it has names
Visit: TypeAlias = Callable[..., Any]


def method_of(receiver: Any, name: str) -> Bounded | None:
    """The method of this name that values of the receiver's type have."""
    kind = dict if isinstance(receiver, Mapping) else type(receiver)
    return METHODS.get(kind, {}).get(name)


def bounds(frame: Frame, length: int, start: Any, end: Any) -> tuple[int, int]:
    """Where a slice begins and ends; negative positions count from the end."""
    first = to_integer(frame, start)
    last = length if end is None else to_integer(frame, end)
    first = max(0, length + first) if first < 0 else min(first, length)
    last = max(0, length + last) if last < 0 else min(last, length)
    return first, max(first, last)


def _slice(frame: Frame, value: Any, start: Any = 0, end: Any = None) -> Any:
    first, last = bounds(frame, len(value), start, end)
    frame.spend(1 + (last - first) // (16 if type(value) is str else 1))
    return value[first:last]


def _at(frame: Frame, value: Any, position: Any = 0) -> Any:
    at = to_integer(frame, position)
    at = at + len(value) if at < 0 else at
    return value[at] if 0 <= at < len(value) else None


def _substring(frame: Frame, text: str, start: Any = 0, end: Any = None) -> str:
    last = len(text) if end is None else to_integer(frame, end)
    places = [max(0, min(len(text), at)) for at in (to_integer(frame, start), last)]
    frame.spend(1 + (len(text) >> 4))
    return text[min(places) : max(places)]


def _substr(frame: Frame, text: str, start: Any = 0, count: Any = None) -> str:
    first, _ = bounds(frame, len(text), start, None)
    length = len(text) if count is None else max(0, to_integer(frame, count))
    frame.spend(1 + (len(text) >> 4))
    return text[first : first + length]


def _char_at(frame: Frame, text: str, position: Any = 0) -> str:
    at = to_integer(frame, position)
    return text[at] if 0 <= at < len(text) else ""


def _code_at(frame: Frame, text: str, position: Any = 0) -> Any:
    at = to_integer(frame, position)
    return ord(text[at]) if 0 <= at < len(text) else math.nan


def _search(do: Callable[[str, str, int], Any]) -> Bounded:
    """A method that looks for a text from a place on."""

    def run(frame: Frame, text: str, sought: Any, start: Any = 0) -> Any:
        frame.spend(1 + (len(text) >> 4))
        at = max(0, min(len(text), to_integer(frame, start)))
        return do(text, to_text(frame, sought), at)

    return Bounded(run, 1, 2)


def _last_index(frame: Frame, text: str, sought: Any) -> int:
    frame.spend(1 + (len(text) >> 4))
    return text.rfind(to_text(frame, sought))


def _ends_with(frame: Frame, text: str, sought: Any, end: Any = None) -> bool:
    last = len(text) if end is None else max(0, min(len(text), to_integer(frame, end)))
    return text.endswith(to_text(frame, sought), 0, last)


def _replace(every: bool) -> Bounded:
    def run(frame: Frame, text: str, old: Any, new: Any) -> str:
        sought, put = to_text(frame, old), to_text(frame, new)
        if "$" in put:
            raise EvaluationFailed("'$' in what replaces a text has a meaning that is not allowed")
        frame.spend(1 + (len(text) >> 4))
        count = text.count(sought) if every else 1
        frame.spend_text(len(text) + count * max(0, len(put) - len(sought)))
        return text.replace(sought, put, -1 if every else 1)

    return Bounded(run, 2, 2)


def _split(frame: Frame, text: str, separator: Any = None, limit: Any = None) -> list[str]:
    frame.spend(1 + len(text))
    if separator is None:
        parts = [text]
    else:
        by = to_text(frame, separator)
        parts = text.split(by) if by else list(text)
    return parts if limit is None else parts[: max(0, to_integer(frame, limit))]


def _repeat(frame: Frame, text: str, count: Any) -> str:
    times = to_integer(frame, count)
    if times < 0:
        raise EvaluationFailed(f"repeat() {times} times")
    frame.spend_text(len(text) * times)
    return text * times


def _pad(at_start: bool) -> Bounded:
    def run(frame: Frame, text: str, length: Any, filler: Any = " ") -> str:
        wanted, fill = to_integer(frame, length), to_text(frame, filler)
        missing = wanted - len(text)
        if missing <= 0 or not fill:
            return text
        frame.spend_text(wanted)
        padding = (fill * (missing // len(fill) + 1))[:missing]
        return padding + text if at_start else text + padding

    return Bounded(run, 1, 2)


def _concat_text(frame: Frame, text: str, *others: Any) -> str:
    parts = [text, *(to_text(frame, other) for other in others)]
    frame.spend_text(sum(map(len, parts)))
    return "".join(parts)


def _of_text(do: Callable[[str], str]) -> Bounded:
    def run(frame: Frame, text: str) -> str:
        frame.spend(1 + (len(text) >> 3))
        return do(text)

    return Bounded(run)


def _concat(frame: Frame, values: list[Any], *others: Any) -> list[Any]:
    parts = [other if type(other) is list else [other] for other in others]
    frame.spend_items(len(values) + sum(map(len, parts)))
    return [*values, *(item for part in parts for item in part)]


def _index(frame: Frame, values: list[Any], item: Any) -> int:
    frame.spend(1 + len(values))
    for at, value in enumerate(values):
        if strictly_equal(frame, value, item):
            return at
    return -1


def _last(frame: Frame, values: list[Any], item: Any) -> int:
    frame.spend(1 + len(values))
    for at in range(len(values) - 1, -1, -1):
        if strictly_equal(frame, values[at], item):
            return at
    return -1


def _includes(frame: Frame, values: list[Any], item: Any) -> bool:
    if type(item) is float and math.isnan(item):
        return any(type(value) is float and math.isnan(value) for value in values)
    return _index(frame, values, item) >= 0


def _join(frame: Frame, values: list[Any], separator: Any = ",") -> str:
    return joined(frame, values, to_text(frame, separator))


def _push(frame: Frame, values: list[Any], *items: Any) -> int:
    frame.spend(1 + len(items))
    values.extend([kept(frame, item) for item in items])
    return len(values)


def _unshift(frame: Frame, values: list[Any], *items: Any) -> int:
    frame.spend(1 + len(items) + (len(values) >> 4))
    values[:0] = [kept(frame, item) for item in items]
    return len(values)


def _pop(at: int) -> Bounded:
    def run(frame: Frame, values: list[Any]) -> Any:
        frame.spend(1 + (len(values) >> 4))
        return values.pop(at) if values else None

    return Bounded(run)


def _splice(
    frame: Frame, values: list[Any], start: Any, count: Any = math.inf, *items: Any
) -> list[Any]:
    first, _ = bounds(frame, len(values), start, None)
    last = min(len(values), first + max(0, to_integer(frame, count)))
    frame.spend(1 + len(values) + len(items))
    taken = values[first:last]
    values[first:last] = [kept(frame, item) for item in items]
    return taken


def _reverse(frame: Frame, values: list[Any]) -> list[Any]:
    frame.spend(1 + len(values))
    values.reverse()
    return values


def _sort(frame: Frame, values: list[Any]) -> list[Any]:
    """By the items' texts, as ECMAScript sorts without a function; nothing comes last."""
    texts = [(value is None, to_text(frame, value)) for value in values]
    frame.spend(len(texts) * max(1, len(texts).bit_length()))
    frame.spend(sum(len(text) for _, text in texts) >> 4)
    order = sorted(range(len(texts)), key=texts.__getitem__)
    values[:] = [values[at] for at in order]
    return values


def _map(frame: Frame, values: list[Any], visit: Visit) -> list[Any]:
    return [visit(frame, value, at) for at, value in enumerate(values)]


def _filter(frame: Frame, values: list[Any], visit: Visit) -> list[Any]:
    return [value for at, value in enumerate(values) if truthy(visit(frame, value, at))]


def _some(frame: Frame, values: list[Any], visit: Visit) -> bool:
    return any(truthy(visit(frame, value, at)) for at, value in enumerate(values))


def _every(frame: Frame, values: list[Any], visit: Visit) -> bool:
    return all(truthy(visit(frame, value, at)) for at, value in enumerate(values))


def _find(frame: Frame, values: list[Any], visit: Visit) -> Any:
    return _at_found(values, _find_index(frame, values, visit))


def _at_found(values: list[Any], at: int) -> Any:
    return values[at] if at >= 0 else None


def _find_index(frame: Frame, values: list[Any], visit: Visit) -> int:
    for at, value in enumerate(values):
        if truthy(visit(frame, value, at)):
            return at
    return -1


def _reduce(frame: Frame, values: list[Any], visit: Visit, *first: Any) -> Any:
    if not values and not first:
        raise EvaluationFailed("reduce() of an empty list needs a value to begin with")
    found = first[0] if first else values[0]
    for at in range(0 if first else 1, len(values)):
        found = visit(frame, found, values[at], at)
    return found


def _to_fixed(frame: Frame, value: float, digits: Any = 0) -> str:
    count = to_integer(frame, digits)
    if not 0 <= count <= 100:
        raise EvaluationFailed(f"toFixed() to {count} digits; 0 to 100 are possible")
    if not math.isfinite(value) or abs(value) >= 1e21:
        return number_text(value)
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

METHODS: dict[type, dict[str, Bounded]] = {
    str: {
        "at": Bounded(_at, 0, 1),
        "charAt": Bounded(_char_at, 0, 1),
        "charCodeAt": Bounded(_code_at, 0, 1),
        "concat": Bounded(_concat_text, 0, 100),
        "endsWith": Bounded(_ends_with, 1, 2),
        "includes": _search(lambda text, sought, start: text.find(sought, start) >= 0),
        "indexOf": _search(lambda text, sought, start: text.find(sought, start)),
        "lastIndexOf": Bounded(_last_index, 1, 1),
        "padEnd": _pad(at_start=False),
        "padStart": _pad(at_start=True),
        "repeat": Bounded(_repeat, 1, 1),
        "replace": _replace(every=False),
        "replaceAll": _replace(every=True),
        "slice": Bounded(_slice, 0, 2),
        "split": Bounded(_split, 0, 2),
        "startsWith": _search(lambda text, sought, start: text.startswith(sought, start)),
        "substr": Bounded(_substr, 1, 2),
        "substring": Bounded(_substring, 1, 2),
        "toLowerCase": _of_text(str.lower),
        "toString": _TO_TEXT,
        "toUpperCase": _of_text(str.upper),
        "trim": _of_text(lambda text: text.strip(SPACE)),
        "trimEnd": _of_text(lambda text: text.rstrip(SPACE)),
        "trimStart": _of_text(lambda text: text.lstrip(SPACE)),
    },
    list: {
        "at": Bounded(_at, 0, 1),
        "concat": Bounded(_concat, 0, 100),
        "every": Bounded(_every, 1, 1),
        "filter": Bounded(_filter, 1, 1),
        "find": Bounded(_find, 1, 1),
        "findIndex": Bounded(_find_index, 1, 1),
        "includes": Bounded(_includes, 1, 1),
        "indexOf": Bounded(_index, 1, 1),
        "join": Bounded(_join, 0, 1),
        "lastIndexOf": Bounded(_last, 1, 1),
        "map": Bounded(_map, 1, 1),
        "pop": _pop(-1),
        "push": Bounded(_push, 0, 100),
        "reduce": Bounded(_reduce, 1, 2),
        "reverse": Bounded(_reverse),
        "shift": _pop(0),
        "slice": Bounded(_slice, 0, 2),
        "some": Bounded(_some, 1, 1),
        "sort": Bounded(_sort),
        "splice": Bounded(_splice, 1, 100),
        "toString": _TO_TEXT,
        "unshift": Bounded(_unshift, 0, 100),
    },
    dict: {"hasOwnProperty": Bounded(_has_own, 1, 1), "toString": _TO_TEXT},
    bool: {"toString": _TO_TEXT},
    int: {"toFixed": Bounded(_to_fixed, 0, 1), "toString": Bounded(_number_text, 0, 1)},
    float: {"toFixed": Bounded(_to_fixed, 0, 1), "toString": Bounded(_number_text, 0, 1)},
}

CHANGING: frozenset[str] = frozenset(
    {"pop", "push", "reverse", "shift", "sort", "splice", "unshift"}
)

#: with how many values they give to their function
VISITING: dict[str, int] = {
    "every": 2, "filter": 2, "find": 2, "findIndex": 2, "map": 2, "reduce": 3, "some": 2,
}  # fmt: skip

NAMES: frozenset[str] = frozenset(name for methods in METHODS.values() for name in methods)
