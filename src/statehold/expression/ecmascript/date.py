"""``Date`` as a value: a moment in milliseconds since 1970, in UTC (ECMA-262, 21.4.1).

1. The local time of a machine is UTC: its host's time zone is no argument of a step.
2. Text is read where it is ISO 8601 as ``toISOString`` writes it, to any precision; other text
   gives an invalid date, whose time is NaN.
3. A date is no data. What is kept is its ``getTime()`` or its ``toISOString()``.
"""

from __future__ import annotations

import math
import re
from typing import ClassVar

from statehold.expression.language import EvaluationFailed

_DAY = 86_400_000
#: the furthest moment from 1970, on either side
_FURTHEST = 8_640_000_000_000_000

_ISO = re.compile(
    r"(?P<year>[0-9]{4}|[+-][0-9]{6})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<part>[0-9]{1,9}))?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


class Date:
    """``time`` is a whole number of milliseconds, or NaN."""

    __slots__ = ("time",)

    no_data: ClassVar[str] = "a Date is no data; keep its getTime() or its toISOString()"

    def __init__(self, time: float) -> None:
        self.time = clipped(time)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Date) and self.time == other.time

    __hash__ = None  # type: ignore[assignment]


def clipped(time: float) -> float:
    """A moment that a date can hold, or NaN."""
    return int(time) if -_FURTHEST <= time <= _FURTHEST else math.nan


def parsed(text: str) -> float:
    """The moment that a text names, or NaN."""
    found = _ISO.fullmatch(text) if len(text) < 60 else None
    if found is None or found["year"] == "-000000":
        return math.nan
    parts = [int(found[name] or "0") for name in ("hour", "minute", "second")]
    month, day = int(found["month"] or "1"), int(found["day"] or "1")
    hour, minute, second = parts
    part = int(f"{found['part'] or ''}000"[:3])
    is_midnight = hour == 24 and minute == second == part == 0
    if not (1 <= month <= 12 and 1 <= day <= 31 and minute < 60 and second < 60):
        return math.nan
    if hour > 23 and not is_midnight:
        return math.nan
    zone = found["zone"] or "Z"
    offset = 0
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 23 or minutes > 59:
            return math.nan
        offset = (hours * 60 + minutes) * 60_000 * (1 if zone[0] == "+" else -1)
    days = _days(int(found["year"]), month - 1) + day - 1
    return clipped(days * _DAY + ((hour * 60 + minute) * 60 + second) * 1000 + part - offset)


def moment_of(year: int, month: int, day: int, times: list[int]) -> float:
    """The moment of a day, its month counted from 0, and hours, minutes, seconds, milliseconds.

    All may be beyond their usual bounds, as ``Date`` allows.
    """
    if abs(year) > 400_000 or abs(month) > 5_000_000:
        return math.nan
    hour, minute, second, part = times
    time = ((hour * 60 + minute) * 60 + second) * 1000 + part
    return clipped((_days(year, month) + day - 1) * _DAY + time)


def _days(year: int, month: int) -> int:
    """Days from 1970 to the first of a month, counted from 0; any number of months."""
    year, month = year + month // 12, month % 12
    # years from March on, so that a leap day is the last of its year
    shifted = year - (month < 2)
    since_march = (month + 10) % 12
    era, in_era = divmod(shifted, 400)
    in_year = (153 * since_march + 2) // 5
    return era * 146_097 + in_era * 365 + in_era // 4 - in_era // 100 + in_year - 719_468


def _calendar(time: int) -> tuple[int, int, int, int]:
    """Year, month from 0, day of the month, and milliseconds of the day."""
    days, rest = divmod(time, _DAY)
    era, of_era = divmod(days + 719_468, 146_097)
    in_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    in_year = of_era - (365 * in_era + in_era // 4 - in_era // 100)
    since_march = (5 * in_year + 2) // 153
    day = in_year - (153 * since_march + 2) // 5 + 1
    month = (since_march + 2) % 12
    return era * 400 + in_era + (month < 2), month, day, rest


def fields_of(time: int) -> list[int]:
    """Year, month, day, hours, minutes, seconds, milliseconds."""
    year, month, day, rest = _calendar(time)
    return [
        year,
        month,
        day,
        rest // 3_600_000,
        rest // 60_000 % 60,
        rest // 1000 % 60,
        rest % 1000,
    ]


def iso_text(date: Date) -> str:
    """``toISOString``; a date that is none has no such text."""
    if type(date.time) is not int:
        raise EvaluationFailed("the date is invalid, so it has no text")
    year, month, day, *times = fields_of(date.time)
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"{'-' if year < 0 else '+'}{abs(year):06d}"
    hour, minute, second, part = times
    return f"{shown}-{month + 1:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{part:03d}Z"


def date_text(date: Date) -> str:
    """``toString``, as in the time zone UTC."""
    if type(date.time) is not int:
        return "Invalid Date"
    year, month, day, hour, minute, second, _ = fields_of(date.time)
    day_name = _WEEKDAYS[weekday(date.time)]
    shown = f"{'-' if year < 0 else ''}{abs(year):04d}"
    return (
        f"{day_name} {_MONTHS[month]} {day:02d} {shown} {hour:02d}:{minute:02d}:{second:02d} "
        "GMT+0000 (Coordinated Universal Time)"
    )


def weekday(time: int) -> int:
    """The day of the week, Sunday as 0."""
    return (time // _DAY + 4) % 7
