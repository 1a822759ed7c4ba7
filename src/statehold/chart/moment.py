"""Moments that can be stored: those whose year, in UTC, is 1 to 9999.

Neither Python's ``datetime`` nor programs that read the store have others. A moment is converted to
UTC before it is checked, since its offset may move it out of these years.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
_NO_DELAY = timedelta()


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC, as a plain ``datetime``; raises ``ValueError`` for one that can't be
    kept and for one without a time zone."""
    if moment.tzinfo is UTC and type(moment) is datetime:
        return moment
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"{moment} is a moment without a time zone; use UTC")
    try:
        same = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            f"{moment.isoformat()} lies outside of the years 1 to 9999 in UTC, the only ones that "
            f"can be kept; give a moment from {FIRST.isoformat()} to {LAST.isoformat()}"
        ) from None
    if type(same) is datetime:
        return same
    # of a library's own class, which may be written and compared otherwise
    return datetime(
        same.year, same.month, same.day, same.hour, same.minute, same.second, same.microsecond, UTC
    )


def later(now: datetime, delay: timedelta) -> datetime:
    """The moment so much later; no earlier than now. Raises ``ValueError`` for one that can't be
    kept."""
    if not isinstance(delay, timedelta):
        raise TypeError(f"{delay!r} is no delay; it has to be a timedelta")
    try:
        return in_utc(now + delay if delay > _NO_DELAY else now)
    except OverflowError:
        raise ValueError(
            f"a delay of {delay} leads beyond the year 9999, the last that can be kept"
        ) from None


def moment_after(after: object, now: datetime) -> datetime:
    """When a delay ends: so much later, or at that moment. A duration below zero counts as none.
    Raises ``TypeError`` for anything else, ``ValueError`` for what can't be kept."""
    if isinstance(after, timedelta):
        return later(now, after)
    if isinstance(after, datetime):
        return in_utc(after)
    raise TypeError(f"a delay gave {after!r}; it has to be a timedelta or an aware datetime")


def later_or_last(now: datetime, delay: timedelta) -> datetime:
    """As :func:`later`, or the last moment where that can't be kept."""
    try:
        return now + delay
    except OverflowError:
        return LAST


def earlier_or_first(now: datetime, age: timedelta) -> datetime:
    """The moment so much earlier, or the first one where that can't be kept."""
    try:
        return now - age
    except OverflowError:
        return FIRST
