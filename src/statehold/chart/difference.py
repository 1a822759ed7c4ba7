"""Whether a value that was read back is the one that was written, and where the two differ.

The comparison is stricter than ``==``: not-a-number is itself and is not None, a model of a
subclass is not one of its base, a list is no tuple, and a field counts whether or not ``==`` looks
at it. Values of a type's subclass are the same as the plain value where they are equal text,
numbers or moments.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from pydantic import BaseModel

#: where two values differ, from the inside out, and how
Difference: TypeAlias = tuple[tuple[Any, ...], str]
#: None: they are the same
Comparer: TypeAlias = Callable[[Any, Any], Difference | None]

#: characters of a value that are shown
SHOWN = 60

_ABSENT: Any = object()


def difference(x: Any, y: Any) -> Difference | None:
    """How ``y``, which was read back, differs from ``x``, which was written; None: it does not."""
    kind = type(x)
    if kind is not type(y) and not _stands_for(x, y):
        return differ(x, y)
    return _COMPARERS.get(kind, _other)(x, y)


def _stands_for(x: Any, y: Any) -> bool:
    """Values of a subclass that are the plain value to everybody who compares them."""
    kind = type(y)
    if kind is dt.date:
        return isinstance(x, kind) and not isinstance(x, dt.datetime)
    if kind in _ATOMS:
        return isinstance(x, kind) or (kind is float and isinstance(x, int))
    return isinstance(y, BaseModel) and origin(type(x)) is origin(kind)


def origin(cls: type) -> Any:
    """The generic model that a model is a case of, or itself: ``Box(n=1)`` is a ``Box[int]``."""
    generic = getattr(cls, "__pydantic_generic_metadata__", None) or {}
    return generic.get("origin") or cls


def as_value(x: Any) -> Any:
    return x.value if isinstance(x, enum.Enum) else x


def is_cached(x: Any, name: str) -> bool:
    """A cached property, which is computed again."""
    return hasattr(getattr(type(x), name, None), "__get__")


def _equal(x: Any, y: Any) -> Difference | None:
    return None if x == y else differ(x, y)


def _number(x: Any, y: Any) -> Difference | None:
    return None if x == y or (x != x and y != y) else differ(x, y)


def _decimal(x: Any, y: Any) -> Difference | None:
    return None if x.as_tuple() == y.as_tuple() else differ(x, y)


def _moment(x: Any, y: Any) -> Difference | None:
    """A zone's offset is stored, its name is not; without a zone ``fold`` says which of two."""
    if x.tzinfo is None and y.tzinfo is None:
        return None if x == y and x.fold == y.fold else differ(x, y)
    same = (
        x.tzinfo is not None
        and y.tzinfo is not None
        and x.utcoffset() == y.utcoffset()
        and x.replace(tzinfo=None, fold=0) == y.replace(tzinfo=None, fold=0)
    )
    return None if same else differ(x, y)


def _sequence(x: Any, y: Any) -> Difference | None:
    if len(x) != len(y):
        return (), f"it would be read back with {len(y)} items, not {len(x)}"
    for number, (one, other) in enumerate(zip(x, y, strict=True)):
        found = difference(one, other)
        if found is not None:
            return (*found[0], number), found[1]
    return None


def _deque(x: Any, y: Any) -> Difference | None:
    if x.maxlen != y.maxlen:
        return (), f"it would be read back with maxlen {y.maxlen}, not {x.maxlen}"
    return _sequence(x, y)


def _set(x: Any, y: Any) -> Difference | None:
    counterparts = {item: item for item in y}
    if len(x) != len(y):
        return differ(x, y)
    for item in x:
        other = counterparts.get(item, _ABSENT)
        if other is _ABSENT or difference(item, other) is not None:
            return differ(x, y)
    return None


def _dict(x: Any, y: Any) -> Difference | None:
    if x.keys() != y.keys():
        return keys_differ(x, y)
    for key, one in x.items():
        found = difference(one, y[key])
        if found is not None:
            return (*found[0], key), found[1]
    return None


def keys_differ(x: Any, y: Any) -> Difference:
    for key in x:
        if key not in y:
            return (key,), "it would not be read back under this key"
    return (next(key for key in y if key not in x),), "it would be read back where there is nothing"


def _other(x: Any, y: Any) -> Difference | None:
    if isinstance(x, BaseModel):
        return _by_attributes(x, y, _model_parts)
    if isinstance(x, enum.Enum):
        return None if x is y or (not isinstance(y, enum.Enum) and x == y) else differ(x, y)
    is_record = dataclasses.is_dataclass(x)
    found = _by_attributes(x, y, _dataclass_parts) if is_record else None
    for kind, compare in _BY_BASE:
        if isinstance(x, kind):
            if getattr(x, "default_factory", None) is not getattr(y, "default_factory", None):
                return (), "it would be read back with another default_factory"
            return found or compare(x, y)
    return found if is_record else _by_its_class(x, y)


def _by_its_class(x: Any, y: Any) -> Difference | None:
    by_identity: Any = object.__eq__
    if type(x).__eq__ is by_identity:
        # its ``==`` compares identity, so its attributes are compared instead
        mine, other = _attributes(x), _attributes(y)
        return _by_attributes(x, y, _attributes) if mine and other else differ(x, y)
    try:
        return None if x == y else differ(x, y)
    except Exception as error:  # noqa: BLE001 - a class of the user's; the value is refused
        return (), f"can't be compared with what is read back: {type(error).__name__}: {error}"


def _by_attributes(x: Any, y: Any, parts: Callable[[Any], dict[str, Any]]) -> Difference | None:
    mine, other = parts(x), parts(y)
    for name, one in mine.items():
        if name not in other:
            return (name,), "it is not stored"
        found = difference(one, other[name])
        if found is not None:
            return (*found[0], name), found[1]
    surplus = [name for name in other if name not in mine]
    return ((surplus[0],), "it would be read back where there is nothing") if surplus else None


def _model_parts(model: BaseModel) -> dict[str, Any]:
    fields = type(model).model_fields
    found = {name: value for name, value in model.__dict__.items() if name in fields}
    if model.model_config.get("use_enum_values"):
        found = {name: as_value(value) for name, value in found.items()}
    return {**found, **(model.__pydantic_extra__ or {}), **(model.__pydantic_private__ or {})}


def _dataclass_parts(value: Any) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(value)]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    more = getattr(value, "__dict__", {})
    return found | {n: v for n, v in more.items() if n not in found and not is_cached(value, n)}


def _attributes(value: Any) -> dict[str, Any]:
    """Of an instance of a class in Python; others may hold what no attribute shows."""
    kind = type(value)
    if kind.__flags__ & _HEAP_TYPE == 0:
        return {}
    slots = [vars(base).get("__slots__", ()) for base in kind.__mro__]
    names = [name for one in slots for name in ((one,) if isinstance(one, str) else one)]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)}
    return {**found, **getattr(value, "__dict__", {})}


#: of a type's flags: it was created by a class statement
_HEAP_TYPE = 1 << 9
_COMPARERS: dict[type, Comparer] = {
    type(None): _equal,
    bool: _equal,
    int: _equal,
    str: _equal,
    bytes: _equal,
    float: _number,
    decimal.Decimal: _decimal,
    dt.datetime: _moment,
    dt.time: _moment,
    dt.date: _equal,
    dt.timedelta: _equal,
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    deque: _deque,
}
_ATOMS = frozenset({str, int, float, bytes, decimal.Decimal, dt.datetime, dt.time, dt.timedelta})
#: the same for classes derived from these
_BY_BASE: tuple[tuple[type, Comparer], ...] = (
    (dt.datetime, _moment),
    (dt.time, _moment),
    (float, _number),
    (decimal.Decimal, _decimal),
    (deque, _deque),
    (list, _sequence),
    (tuple, _sequence),
    (dict, _dict),
    (set, _set),
    (frozenset, _set),
)


def differ(x: Any, y: Any) -> Difference:
    if type(x) is type(y) or isinstance(x, float):
        return (), f"it would be read back as {_shown(y)}, not {_shown(x)}"
    return (), f"it would be read back as {_a(y)}, not as {_a(x)}"


def _a(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__qualname__}"


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a value of the user's; it is refused all the same
        text = f"a {type(value).__qualname__} whose repr raises {type(error).__name__}"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
