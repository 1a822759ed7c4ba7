"""``Date`` as a constructor, and the methods of dates (ECMA-262, 21.4.2 to 21.4.4).

``Date.now()`` and ``new Date()`` are the moment of the step, however often a step asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from statehold.expression.ecmascript.date import (
    Date,
    clipped,
    date_text,
    fields_of,
    iso_text,
    moment_of,
    parsed,
    weekday,
)
from statehold.expression.ecmascript.function import Bounded
from statehold.expression.ecmascript.values import NAN, number, to_number
from statehold.expression.frame import Frame

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def current(frame: Frame) -> int:
    """Milliseconds of the step's moment."""
    return (frame.moment() - _EPOCH) // _MILLISECOND


def new(frame: Frame, *values: Any) -> Date:
    """``new Date(…)``: now, a moment, a text, or year, month and so on."""
    frame.spend(4)
    if not values:
        return Date(current(frame))
    value, *others = values
    if others:
        return Date(_utc(frame, *values))
    if type(value) is Date:
        return Date(value.time)
    return Date(_parse(frame, value) if type(value) is str else to_number(frame, value))


def _parse(frame: Frame, value: Any) -> float:
    frame.spend(8)
    return parsed(value) if type(value) is str else NAN


def _utc(frame: Frame, *values: Any) -> float:
    """Milliseconds of year, month from 0, day, hours, minutes, seconds and milliseconds."""
    frame.spend(4)
    given = [to_number(frame, value) for value in values]
    if not given or not all(math.isfinite(value) for value in given):
        return NAN
    year, month, day, *times = [*map(int, given), *(0, 0, 1, 0, 0, 0, 0)[len(given) :]]
    if 0 <= year <= 99:
        year += 1900
    return moment_of(year, month, day, times)


def _get(do: Callable[[int], int]) -> Bounded:
    def run(frame: Frame, date: Date) -> float:
        frame.spend(4)
        return do(date.time) if type(date.time) is int else NAN

    return Bounded(run)


def _get_field(at: int) -> Bounded:
    return _get(lambda time: fields_of(time)[at])


def _set(first: int, most: int) -> Bounded:
    """Sets the fields from ``first`` on; gives the new moment."""

    def run(frame: Frame, date: Date, *values: Any) -> float:
        frame.spend(8)
        given = [to_number(frame, value) for value in values]
        time = date.time
        if type(time) is not int:
            if first != 0:
                return NAN
            time = 0
        if not all(math.isfinite(value) for value in given):
            date.time = NAN
            return NAN
        fields = fields_of(time)
        fields[first : first + len(given)] = map(int, given)
        year, month, day, *times = fields
        date.time = moment_of(year, month, day, times)
        return date.time

    return Bounded(run, 1, most)


def _set_time(frame: Frame, date: Date, value: Any) -> float:
    date.time = clipped(to_number(frame, value))
    return date.time


def _text(do: Callable[[Date], Any]) -> Bounded:
    def run(frame: Frame, date: Date) -> Any:
        frame.spend(4)
        return do(date)

    return Bounded(run)


_NAMES = ("FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")
#: how many fields the setter of each sets at most
_MOST = (3, 2, 1, 4, 3, 2, 1)


def _field_methods() -> dict[str, Bounded]:
    found: dict[str, Bounded] = {}
    for at, name in enumerate(_NAMES):
        for zone in ("", "UTC"):
            found[f"get{zone}{name}"] = _get_field(at)
            found[f"set{zone}{name}"] = _set(at, _MOST[at])
    return found


METHODS: dict[str, Bounded] = _field_methods() | {
    "getDay": _get(weekday),
    "getUTCDay": _get(weekday),
    "getTime": Bounded(lambda frame, date: date.time),
    "getTimezoneOffset": _get(lambda time: 0),
    "setTime": Bounded(_set_time, 1, 1),
    "toISOString": _text(iso_text),
    "toJSON": _text(lambda date: iso_text(date) if date.time == date.time else None),
    "toString": _text(date_text),
    "valueOf": Bounded(lambda frame, date: date.time),
}

NEW = Bounded(new, 0, 7)

FUNCTIONS: dict[str, Bounded] = {
    "Date.UTC": Bounded(lambda frame, *values: number(_utc(frame, *values)), 1, 7),
    "Date.now": Bounded(current),
    "Date.parse": Bounded(_parse, 1, 1),
}
