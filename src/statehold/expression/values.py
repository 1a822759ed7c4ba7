"""Plain values: which these are, copies of them, and equality.

1. Plain are None, booleans, numbers, text, lists, and mappings with text for keys: what JSON holds.
2. What is put into a variable of the machine, and what an evaluation gives, is a copy. Two of them
   never share a list, as they would not when read back from a store; so no value contains itself.
3. Copies and comparisons are charged for every item they visit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed

#: how deep lists and mappings may be nested in a value
VALUE_DEPTH_LIMIT = 64

_ATOMS: frozenset[type] = frozenset({type(None), bool, int, str})


def copied(frame: Frame, value: Any) -> Any:
    """A copy that shares nothing which can change; tuples become lists."""
    if type(value) in _ATOMS or type(value) is float:
        return value
    return _copy(frame, value, 0, finite=False)


def kept(frame: Frame, value: Any) -> Any:
    """A copy that a variable may hold, and a store after it: without NaN and infinity."""
    return _copy(frame, value, 0, finite=True)


def _copy(frame: Frame, value: Any, depth: int, finite: bool) -> Any:
    kind = type(value)
    if kind is str:
        frame.spend(len(value) >> 4)
        return value
    if kind in _ATOMS:
        return value
    if kind is float:
        if finite and not math.isfinite(value):
            raise EvaluationFailed(f"{value} can't be kept: JSON has no such number")
        return value
    if depth >= VALUE_DEPTH_LIMIT:
        raise EvaluationFailed(
            f"gives lists or mappings nested more than {VALUE_DEPTH_LIMIT} levels deep"
        )
    if kind is list or kind is tuple:
        frame.spend(1 + len(value))
        return [_copy(frame, item, depth + 1, finite) for item in value]
    if isinstance(value, Mapping):
        frame.spend(1 + 2 * len(value))
        return {_key(key): _copy(frame, item, depth + 1, finite) for key, item in value.items()}
    # what a language itself makes and no data may hold says why
    raise EvaluationFailed(getattr(kind, "no_data", f"a {kind.__name__} is no plain value"))


def _key(key: Any) -> str:
    if type(key) is not str:
        raise EvaluationFailed(f"keys of a mapping that is kept are text, not {key!r}")
    return key


def equal(frame: Frame, a: Any, b: Any, alike: Callable[[Any, Any], bool]) -> bool:
    """Whether two values are equal, lists and mappings by what they hold.

    ``alike`` compares what is neither.
    """
    return _equal(frame, a, b, alike, 0)


def _equal(frame: Frame, a: Any, b: Any, alike: Callable[[Any, Any], bool], depth: int) -> bool:
    if depth > VALUE_DEPTH_LIMIT:
        raise EvaluationFailed(f"compares values nested more than {VALUE_DEPTH_LIMIT} levels deep")
    if type(a) in _ATOMS or type(a) is float:
        if type(a) is str:
            frame.spend(len(a) >> 10)
        return alike(a, b)
    if isinstance(a, (list, tuple)):
        if type(a) is not type(b) or len(a) != len(b):
            return False
        frame.spend(1 + len(a))
        return all(_equal(frame, x, y, alike, depth + 1) for x, y in zip(a, b, strict=True))
    if isinstance(a, Mapping):
        if not isinstance(b, Mapping) or len(a) != len(b):
            return False
        frame.spend(1 + 2 * len(a))
        return all(key in b and _equal(frame, a[key], b[key], alike, depth + 1) for key in a)
    return alike(a, b)
