"""The functions and methods that Python expressions may call, each bounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.python_operators import bounded, key_of
from statehold.expression.values import NUMBERS, copied

Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Bounded:
    """``run`` takes the frame, for a method its receiver, and then the arguments."""

    run: Function
    least: int = 0
    most: int = 0
    keywords: frozenset[str] = frozenset()


def items_of(frame: Frame, value: Any) -> Iterable[Any]:
    """What a loop goes through; sets have no order that would be the same again."""
    if type(value) in (list, tuple):
        return value  # type: ignore[no-any-return]
    if type(value) is str or isinstance(value, Mapping):
        frame.spend(1 + len(value))
        return list(value)
    if type(value) in (set, frozenset):
        raise EvaluationFailed("a set has no order to go through it; sorted(…) gives it one")
    raise EvaluationFailed(f"a {type(value).__name__} has no items to go through")


def text_of(frame: Frame, value: Any) -> str:
    """``str(value)``."""
    if type(value) is str:
        return value
    text = str(copied(frame, value))
    frame.spend_text(len(text))
    return text


def _len(frame: Frame, value: Any) -> int:
    if type(value) in (str, list, tuple, set, frozenset) or isinstance(value, Mapping):
        return len(value)
    raise EvaluationFailed(f"a {type(value).__name__} has no length")


def _int(frame: Frame, value: Any = 0, *base: Any) -> int:
    if type(value) is str:
        frame.spend(1 + len(value))
        return bounded(int(value, *base))  # type: ignore[no-any-return]
    if base:
        raise EvaluationFailed("int() takes a base with text only")
    return bounded(int(_number("int", value)))  # type: ignore[no-any-return]


def _float(frame: Frame, value: Any = 0.0) -> float:
    if type(value) is str:
        frame.spend(1 + len(value))
        return float(value)
    return float(_number("float", value))


def _abs(frame: Frame, value: Any) -> Any:
    return abs(_number("abs", value))


def _round(frame: Frame, value: Any, digits: Any = None) -> Any:
    if digits is not None and (type(digits) is not int or abs(digits) > 400):
        raise EvaluationFailed(f"round() to {digits!r} digits: a whole number up to 400 is meant")
    return bounded(round(_number("round", value), digits))


def _sum(frame: Frame, values: Any, start: Any = 0) -> Any:
    numbers = [_number("sum", value) for value in _sequence(frame, values)]
    return bounded(sum(numbers, _number("sum", start)))


def put_in_order(frame: Frame, values: Any, *, reverse: Any = False) -> list[Any]:
    ordered = list(values) if type(values) in (set, frozenset) else _sequence(frame, values)
    _comparable(frame, ordered)
    return sorted(ordered, reverse=bool(reverse))


def _least(frame: Frame, *values: Any, **default: Any) -> Any:
    return _extreme(frame, min, values, default)


def _most(frame: Frame, *values: Any, **default: Any) -> Any:
    return _extreme(frame, max, values, default)


def _extreme(
    frame: Frame, choose: Callable[..., Any], values: tuple[Any, ...], default: dict[str, Any]
) -> Any:
    candidates = list(values) if len(values) > 1 else _sequence(frame, *values)
    if not candidates and default:
        return default["default"]
    _comparable(frame, candidates)
    return choose(candidates)


def _comparable(frame: Frame, values: list[Any]) -> None:
    """Text or numbers, which compare in a bounded time and in one way."""
    kinds = set(map(type, values))
    if not (kinds <= NUMBERS or kinds == {str}):
        raise EvaluationFailed("only numbers, or only texts, can be put in order")
    steps = len(values) * max(1, len(values).bit_length())
    if kinds == {str}:
        steps += sum(map(len, values)) >> 4
    frame.spend(steps)


def _range(frame: Frame, *bounds: Any) -> list[int]:
    if not all(type(bound) is int for bound in bounds):
        raise EvaluationFailed("range() takes whole numbers")
    numbers = range(*bounds)
    steps = max(0, -((numbers.stop - numbers.start) // -numbers.step))
    frame.spend_items(steps)
    return list(numbers)


def _any(frame: Frame, values: Any) -> bool:
    return any(_sequence(frame, values))


def _all(frame: Frame, values: Any) -> bool:
    return all(_sequence(frame, values))


def _list(frame: Frame, values: Any = ()) -> list[Any]:
    return list(_sequence(frame, values))


def _set(frame: Frame, values: Any = ()) -> frozenset[Any]:
    return frozenset(key_of(value) for value in _sequence(frame, values))


def _enumerate(frame: Frame, values: Any, start: Any = 0) -> list[Any]:
    return list(enumerate(_sequence(frame, values), _number("enumerate", start)))


def _zip(frame: Frame, *values: Any) -> list[Any]:
    return list(zip(*(_sequence(frame, each) for each in values), strict=False))


def _reversed(frame: Frame, values: Any) -> list[Any]:
    return list(_sequence(frame, values))[::-1]


def _hasattr(frame: Frame, value: Any, name: Any) -> bool:
    """Attributes are the keys of mappings, so this asks for one."""
    return isinstance(value, Mapping) and name in value


def _sequence(frame: Frame, values: Any) -> list[Any]:
    found = list(items_of(frame, values))
    frame.spend(1 + len(found))
    return found


def _number(name: str, value: Any) -> Any:
    if type(value) not in NUMBERS:
        raise EvaluationFailed(f"{name}() takes numbers, not a {type(value).__name__}")
    return value


FUNCTIONS: dict[str, Bounded] = {
    "abs": Bounded(_abs, 1, 1),
    "all": Bounded(_all, 1, 1),
    "any": Bounded(_any, 1, 1),
    "bool": Bounded(lambda frame, value=False: bool(value), 0, 1),
    "ceil": Bounded(lambda frame, value: bounded(math.ceil(_number("ceil", value))), 1, 1),
    "enumerate": Bounded(_enumerate, 1, 2),
    "float": Bounded(_float, 0, 1),
    "floor": Bounded(lambda frame, value: bounded(math.floor(_number("floor", value))), 1, 1),
    "hasattr": Bounded(_hasattr, 2, 2),
    "int": Bounded(_int, 0, 2),
    "len": Bounded(_len, 1, 1),
    "list": Bounded(_list, 0, 1),
    "max": Bounded(_most, 1, 100, frozenset({"default"})),
    "min": Bounded(_least, 1, 100, frozenset({"default"})),
    "range": Bounded(_range, 1, 3),
    "reversed": Bounded(_reversed, 1, 1),
    "round": Bounded(_round, 1, 2),
    "set": Bounded(_set, 0, 1),
    "sorted": Bounded(put_in_order, 1, 1, frozenset({"reverse"})),
    "str": Bounded(lambda frame, value="": text_of(frame, value), 0, 1),
    "sum": Bounded(_sum, 1, 2),
    "tuple": Bounded(lambda frame, values=(): tuple(_sequence(frame, values)), 0, 1),
    "zip": Bounded(_zip, 1, 100),
}
