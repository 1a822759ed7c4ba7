"""Builds functions that compare two values of one type, looking only at what the type leaves open.

The value that was read back is of the type; the one that was written may be of any.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from pydantic_core import TzInfo

from statehold.chart.difference import (
    Comparer,
    Difference,
    as_value,
    differ,
    difference,
    is_cached,
    keys_differ,
    origin,
)


def _leaf(x: Any, y: Any) -> Difference | None:
    return None if type(x) is type(y) and x == y else difference(x, y)


def _plain_leaf(x: Any, y: Any) -> Difference | None:
    return None if x == y else difference(x, y)


def moment_leaf(x: Any, y: Any) -> Difference | None:
    """Those that were read, and those in UTC, have whole minutes for an offset, as JSON has."""
    zone = x.tzinfo
    if (zone is None or zone is dt.UTC or type(zone) is TzInfo) and not x.fold:
        return None
    return difference(x, y)


def value_of_member(x: Any, y: Any) -> Difference | None:
    """The field's values are those of an enum's members; a default or an assignment may be a
    member."""
    return difference(as_value(x), y)


def _member(x: Any, y: Any) -> Difference | None:
    return None if x is y else difference(x, y)


def _decimal_leaf(x: Any, y: Any) -> Difference | None:
    # by digits: comparing one that signals raises
    return difference(x, y)


#: values that have no parts
LEAVES: dict[str, Comparer] = {
    "float": _plain_leaf,
    "decimal": _decimal_leaf,
    "bytes": _leaf,
    "date": _leaf,
    "time": moment_leaf,
    "datetime": moment_leaf,
    "timedelta": _leaf,
    "literal": _leaf,
    "enum": _member,
}


def nullable(inner: Comparer | None) -> Comparer | None:
    if inner is None:
        return None

    def compare(x: Any, y: Any) -> Difference | None:
        if x is None:
            return None if y is None else differ(x, y)
        return differ(x, y) if y is None else inner(x, y)

    return compare


def container(kind: Any, item: Comparer | None) -> Comparer:
    def compare_class(x: Any, y: Any) -> Difference | None:
        return None if type(x) is kind else differ(x, y)

    if item is None:
        return compare_class

    def compare_items(x: Any, y: Any) -> Difference | None:
        if type(x) is not kind or len(x) != len(y):
            return differ(x, y)
        for one, other in zip(x, y, strict=True):
            found = item(one, other)
            if found is not None:
                # by identity: how the class compares its values is its own affair
                number = next(n for n, each in enumerate(x) if each is one)
                return (*found[0], number), found[1]
        return None

    return compare_items


def mapping(item: Comparer | None) -> Comparer:
    """The keys are compared in any case: text that can't be encoded is replaced in a key."""

    def compare(x: Any, y: Any) -> Difference | None:
        if type(x) is not dict:
            return differ(x, y)
        if x.keys() != y.keys():
            return keys_differ(x, y)
        if item is not None:
            for key, one in x.items():
                found = item(one, y[key])
                if found is not None:
                    return (*found[0], key), found[1]
        return None

    return compare


def record(cls: Any, fields: tuple[tuple[str, Comparer], ...]) -> Comparer:
    """A model or a dataclass; one of a subclass has more than its base could say."""

    def compare_class(x: Any, y: Any) -> Difference | None:
        same = type(x) is cls or origin(type(x)) is origin(cls)
        return None if same else differ(x, y)

    def compare_model(x: Any, y: Any) -> Difference | None:
        if type(x) is not cls and origin(type(x)) is not origin(cls):
            return differ(x, y)
        mine, other = x.__dict__, y.__dict__
        for name, field in fields:
            found = field(mine[name], other[name])
            if found is not None:
                return (*found[0], name), found[1]
        return None

    def compare_slots(x: Any, y: Any) -> Difference | None:
        if type(x) is not cls:
            return differ(x, y)
        for name, field in fields:
            found = field(getattr(x, name), getattr(y, name))
            if found is not None:
                return (*found[0], name), found[1]
        return None

    is_dataclass: bool = dataclasses.is_dataclass(cls)
    if not is_dataclass:
        return compare_model if fields else compare_class
    if getattr(cls, "__dictoffset__", 0) == 0:
        return compare_slots
    count = len(dataclasses.fields(cls))

    def compare_dataclass(x: Any, y: Any) -> Difference | None:
        # an attribute that is no field is not written
        return compare_slots(x, y) or (_extras(x) if len(x.__dict__) > count else None)

    return compare_dataclass


def _extras(x: Any) -> Difference | None:
    names = {field.name for field in dataclasses.fields(x)}
    surplus = [name for name in x.__dict__ if name not in names and not is_cached(x, name)]
    return ((surplus[0],), "is no field of the class, so it is not stored") if surplus else None
