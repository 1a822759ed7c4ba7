"""The methods of lists. Their cost is counted by the items that they look at or copy.

One that calls a function gives it an item, its index and the list. It goes through as many places
as the list has at first, with what is in each when it gets there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

from statehold.expression.ecmascript.function import Bounded, call, checked
from statehold.expression.ecmascript.positions import AT, SLICE, bounds
from statehold.expression.ecmascript.values import (
    joined,
    strictly_equal,
    to_integer,
    to_number,
    to_text,
    truthy,
)
from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.values import kept


def _concat(frame: Frame, values: list[Any], *others: Any) -> list[Any]:
    parts = [other if type(other) is list else [other] for other in others]
    frame.spend_items(len(values) + sum(map(len, parts)))
    return [*values, *(item for part in parts for item in part)]


def _index(frame: Frame, values: list[Any], item: Any, start: Any = 0) -> int:
    first, _ = bounds(frame, len(values), start, None)
    for at in range(first, len(values)):
        frame.spend(1)
        if strictly_equal(frame, values[at], item):
            return at
    return -1


def _last(frame: Frame, values: list[Any], item: Any) -> int:
    for at in range(len(values) - 1, -1, -1):
        frame.spend(1)
        if strictly_equal(frame, values[at], item):
            return at
    return -1


def _includes(frame: Frame, values: list[Any], item: Any) -> bool:
    if type(item) is float and math.isnan(item):
        frame.spend(1 + len(values))
        return any(type(value) is float and math.isnan(value) for value in values)
    return _index(frame, values, item) >= 0


def _join(frame: Frame, values: list[Any], separator: Any = ",") -> str:
    return joined(frame, values, to_text(frame, separator))


def _push(frame: Frame, values: list[Any], *items: Any) -> int:
    frame.spend_items(1 + len(items))
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


def _fill(frame: Frame, values: list[Any], value: Any, start: Any = 0, end: Any = None) -> Any:
    first, last = bounds(frame, len(values), start, end)
    frame.spend(1 + last - first)
    for at in range(first, last):
        values[at] = kept(frame, value)
    return values


def _reverse(frame: Frame, values: list[Any]) -> list[Any]:
    frame.spend(1 + len(values))
    values.reverse()
    return values


def _sort(frame: Frame, values: list[Any], function: Any = None) -> list[Any]:
    """By what a function says of two items, else by their texts; nothing comes last."""
    frame.spend(len(values) * max(1, len(values).bit_length()))
    some = [value for value in values if value is not None]
    if function is not None:
        some.sort(key=functools.cmp_to_key(_comparing(frame, checked(function, "sort"))))
    else:
        texts = [to_text(frame, value) for value in some]
        frame.spend(sum(map(len, texts)) >> 4)
        some = [some[at] for at in sorted(range(len(texts)), key=texts.__getitem__)]
    values[:] = [*some, *[None] * (len(values) - len(some))]
    return values


def _comparing(frame: Frame, visit: Any) -> Callable[[Any, Any], int]:
    def compare(a: Any, b: Any) -> int:
        order = to_number(frame, call(frame, visit, (a, b)))
        return (order > 0) - (order < 0)

    return compare


def _visiting(name: str, do: Callable[..., Any], most: int = 1) -> Bounded:
    """A method that calls a function; ``do`` takes the frame, the list and the function."""

    def run(frame: Frame, values: list[Any], function: Any, *others: Any) -> Any:
        frame.spend(len(values) >> 4)
        return do(frame, values, checked(function, name), *others)

    return Bounded(run, 1, most)


def _places(values: list[Any]) -> Iterator[tuple[int, Any]]:
    """Each place that the list has at first and still has, with its item."""
    for at in range(len(values)):
        if at < len(values):
            yield at, values[at]


def _for_each(frame: Frame, values: list[Any], visit: Any) -> None:
    for at, value in _places(values):
        call(frame, visit, (value, at, values))


def _map(frame: Frame, values: list[Any], visit: Any) -> list[Any]:
    found: list[Any] = [None] * len(values)
    for at, value in _places(values):
        found[at] = call(frame, visit, (value, at, values))
    return found


def _filter(frame: Frame, values: list[Any], visit: Any) -> list[Any]:
    found = []
    for at, value in _places(values):
        if truthy(call(frame, visit, (value, at, values))):
            found.append(value)
    return found


def _some(frame: Frame, values: list[Any], visit: Any) -> bool:
    # any() and all() would take a level more of the stack
    for at, value in _places(values):  # noqa: SIM110
        if truthy(call(frame, visit, (value, at, values))):
            return True
    return False


def _every(frame: Frame, values: list[Any], visit: Any) -> bool:
    for at, value in _places(values):  # noqa: SIM110
        if not truthy(call(frame, visit, (value, at, values))):
            return False
    return True


def _find(frame: Frame, values: list[Any], visit: Any) -> Any:
    for at, value in _places(values):
        if truthy(call(frame, visit, (value, at, values))):
            return value
    return None


def _find_index(frame: Frame, values: list[Any], visit: Any) -> int:
    for at, value in _places(values):
        if truthy(call(frame, visit, (value, at, values))):
            return at
    return -1


def _reduce(frame: Frame, values: list[Any], visit: Any, *first: Any) -> Any:
    if not values and not first:
        raise EvaluationFailed("reduce() of an empty list needs a value to begin with")
    found = first[0] if first else values[0]
    for at in range(0 if first else 1, len(values)):
        if at < len(values):
            found = call(frame, visit, (found, values[at], at, values))
    return found


METHODS: dict[str, Bounded] = {
    "at": AT,
    "concat": Bounded(_concat, 0, 100),
    "every": _visiting("every", _every),
    "fill": Bounded(_fill, 1, 3),
    "filter": _visiting("filter", _filter),
    "find": _visiting("find", _find),
    "findIndex": _visiting("findIndex", _find_index),
    "forEach": _visiting("forEach", _for_each),
    "includes": Bounded(_includes, 1, 1),
    "indexOf": Bounded(_index, 1, 2),
    "join": Bounded(_join, 0, 1),
    "lastIndexOf": Bounded(_last, 1, 1),
    "map": _visiting("map", _map),
    "pop": _pop(-1),
    "push": Bounded(_push, 0, 100),
    "reduce": _visiting("reduce", _reduce, 2),
    "reverse": Bounded(_reverse),
    "shift": _pop(0),
    "slice": SLICE,
    "some": _visiting("some", _some),
    "sort": Bounded(_sort, 0, 1),
    "splice": Bounded(_splice, 1, 100),
    "unshift": Bounded(_unshift, 0, 100),
}

#: those that change the list
CHANGING: frozenset[str] = frozenset(
    {"fill", "pop", "push", "reverse", "shift", "sort", "splice", "unshift"}
)
