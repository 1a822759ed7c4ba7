"""Parses the arguments of commands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from statehold.cli.outcome import UsageError


def read_json(option: str, given: str) -> Any:
    """JSON, or ``@FILE`` that has some; raises ``UsageError``."""
    try:
        text = Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given
        return json.loads(text)
    except OSError as error:
        raise UsageError(f"{option} {given}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{option} is not JSON: {error}") from None


def read_fields(pairs: Sequence[str]) -> dict[str, Any]:
    """``a=12`` is a number, ``a=twelve`` text; ``a='"12"'`` is text too."""
    return {name: _value(text) for name, text in read_pairs("a field", pairs).items()}


def read_pairs(what: str, pairs: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` each; raises ``UsageError``."""
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise UsageError(f"{what} is written NAME=VALUE, not {pair!r}")
        found[name] = value
    return found


def read_age(given: str) -> timedelta:
    """``90s``, ``15m``, ``2h``, ``3d``, at most a hundred years; raises ``UsageError``."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)([smhd])", given)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else _CENTURY + 1
    if seconds > _CENTURY:
        raise UsageError(
            f"an age is a number with s, m, h or d, like 15m, up to 36500d, not {given!r}"
        )
    return timedelta(seconds=seconds)


def read_moment(given: str) -> datetime:
    """``2026-11-30`` or ``2026-11-30T12:00:00Z``, in UTC unless it says another zone; raises
    ``UsageError``."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise UsageError(
            f"a time is written like 2026-11-30 or 2026-11-30T12:00:00Z, not {given[:60]!r}"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


_CENTURY = 36_500 * 86_400
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(text: str) -> Any:
    """``NaN`` and ``Infinity`` are not JSON: they are text."""
    raise ValueError(text)
