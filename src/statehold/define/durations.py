"""Durations by their unit: ``after(minutes(10), ...)``."""

from __future__ import annotations

from datetime import timedelta


def seconds(count: float) -> timedelta:
    """A duration of ``count`` seconds, which may have a fraction: ``seconds(1.5)``."""
    return timedelta(seconds=count)


def minutes(count: float) -> timedelta:
    """A duration of ``count`` minutes, which may have a fraction: ``minutes(1.5)``."""
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    """A duration of ``count`` hours, which may have a fraction: ``hours(1.5)``."""
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    """A duration of ``count`` days, which may have a fraction: ``days(1.5)``."""
    return timedelta(days=count)
