"""Durations that read as they are said: ``after(minutes(10), ...)``."""

from __future__ import annotations

from datetime import timedelta


def seconds(count: float) -> timedelta:
    """This many seconds; fractions count."""
    return timedelta(seconds=count)


def minutes(count: float) -> timedelta:
    """This many minutes; fractions count."""
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    """This many hours; fractions count."""
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    """This many days; fractions count."""
    return timedelta(days=count)
