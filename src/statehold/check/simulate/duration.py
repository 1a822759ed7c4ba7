"""Durations in scripts: ``12m``, ``1h30m``, ``90s``, or plain seconds."""

from __future__ import annotations

import math
import re

#: the longest duration of one step: a hundred years
LONGEST_SECONDS = 36_500 * 86_400
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([dhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def seconds_of(given: object) -> float:
    """Seconds; raises ``ValueError`` for anything else, and for less than 0 or too long."""
    if isinstance(given, str) and len(given) <= 100 and _WHOLE.fullmatch(given):
        seconds = math.fsum(float(number) * _UNITS[unit] for number, unit in _PART.findall(given))
    elif isinstance(given, int | float) and not isinstance(given, bool):
        # an integer may be too long for a float
        seconds = float(given) if abs(given) <= LONGEST_SECONDS else math.inf
    else:
        raise ValueError(f"a duration is seconds, or text like 12m or 1h30m, not {given!r:.80}")
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(f"a duration is from 0 to 36500d, not {given!r:.80}")
    return seconds


def duration_text(seconds: float) -> str:
    """The shortest text that :func:`seconds_of` reads as the same to the microsecond."""
    micros = round(seconds * 1_000_000)
    text = ""
    for unit, size in _UNITS.items():
        count, rest = divmod(micros, size * 1_000_000)
        if unit == "s" and rest:
            text += f"{micros / 1_000_000:.6f}".rstrip("0") + "s"
        elif count:
            text, micros = f"{text}{count}{unit}", rest
    return text or "0s"
