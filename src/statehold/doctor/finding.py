"""A finding, and how it shows times, sizes and lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

#: ``error``: something does not work, or data is at risk. ``warning``: it works now, but will fail
#: later, or works worse than it could. ``note``: nothing is wrong.
Severity: TypeAlias = Literal["error", "warning", "note"]


class Finding(Struct, frozen=True):
    """``code`` names the kind, for programs; ``what`` is the fact, ``means`` its consequence, and
    ``do`` the remedy, empty where none is needed."""

    severity: Severity
    code: str
    what: str
    means: str = ""
    do: str = ""


def is_wrong(findings: Sequence[Finding]) -> bool:
    return any(finding.severity != "note" for finding in findings)


def span(time: timedelta) -> str:
    """``4 s``, ``12 min``, ``3 h``, ``5 days``, without its sign."""
    seconds = abs(time.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def size(count: int) -> str:
    """``312 MB``: powers of 1000."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def some(names: Sequence[str], most: int = 5) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
