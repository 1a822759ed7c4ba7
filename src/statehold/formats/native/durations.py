"""Durations as documents write them: ``1d``, ``1h30m``, ``1.5s``, ``250ms``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[dhms]))+")
#: characters of one
DURATION_LIMIT = 64

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_SECONDS = {"d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}


def duration_of(value: Any) -> timedelta | None:
    """None for what is not written as a duration."""
    if not isinstance(value, str) or len(value) > DURATION_LIMIT or not DURATION.fullmatch(value):
        return None
    try:
        return sum(
            (timedelta(seconds=float(n) * _SECONDS[unit]) for n, unit in _PART.findall(value)),
            timedelta(),
        )
    except OverflowError:
        return None


def spelled(seconds: float) -> str:
    """A duration as it is written: ``1h30m``."""
    left = round(seconds * 1_000_000)
    words = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        count, left = divmod(left, size * 1_000_000)
        words += [f"{count}{unit}"] if count else []
    if left or not words:
        words.append(f"{left / 1_000_000:.6f}".rstrip("0").rstrip(".") + "s")
    return "".join(words)
