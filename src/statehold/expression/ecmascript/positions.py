"""Positions as arguments of the methods of texts and lists."""

from __future__ import annotations

from typing import Any

from statehold.expression.ecmascript.function import Bounded
from statehold.expression.ecmascript.values import to_integer
from statehold.expression.frame import Frame


def bounds(frame: Frame, length: int, start: Any, end: Any) -> tuple[int, int]:
    """Where a slice begins and ends; negative positions count from the end."""
    first = to_integer(frame, start)
    last = length if end is None else to_integer(frame, end)
    first = max(0, length + first) if first < 0 else min(first, length)
    last = max(0, length + last) if last < 0 else min(last, length)
    return first, max(first, last)


def sliced(frame: Frame, value: Any, start: Any = 0, end: Any = None) -> Any:
    first, last = bounds(frame, len(value), start, end)
    frame.spend(1 + (last - first) // (16 if type(value) is str else 1))
    return value[first:last]


def _item(frame: Frame, value: Any, position: Any = 0) -> Any:
    at = to_integer(frame, position)
    at = at + len(value) if at < 0 else at
    return value[at] if 0 <= at < len(value) else None


AT = Bounded(_item, 0, 1)
SLICE = Bounded(sliced, 0, 2)
