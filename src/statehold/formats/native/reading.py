"""Walking through a document: every mistake is noted with its place, and the walk goes on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from statehold.errors import Problem
from statehold.plain.values import Document, Path

#: problems that one reading tells; a document with more is not the one that was meant
PROBLEM_LIMIT = 50
#: names that a hint is looked for among: comparing words takes long
_COMPARED = 500
#: ``1d``, ``1h30m``, ``1.5s``, ``250ms``
DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[dhms]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_SECONDS = {"d": 86_400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}


class TooManyProblems(Exception):
    """The walk ends here: what was found is told."""


class Reading:
    """What is known of the document, and what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.lines = document.lines
        self.problems: list[Problem] = []

    def place(self, path: Path) -> str:
        """``line 12, transitions.accept.when``."""
        words = dotted(path)
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known) if path else None
        return f"line {line}, {words}" if line else words

    def complain(self, path: Path, message: str, hint: str = "") -> None:
        problem = Problem(self.place(path), message, hint)
        if problem in self.problems:
            # what is read for two purposes is wrong but once
            return
        self.problems.append(problem)
        if len(self.problems) >= PROBLEM_LIMIT:
            raise TooManyProblems

    # --- shapes ---

    def mapping(
        self, value: Any, path: Path, known: Collection[str] | None = None
    ) -> Mapping[str, Any]:
        """A mapping, whose keys are ``known`` ones if these are given; an empty one for nothing."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.complain(path, f"it is {shown(value)}, not a mapping", "write keys and values")
            return {}
        if known is not None:
            for key in value:
                if key not in known:
                    self.complain((*path, key), f"{key!r} is not known here", near(key, known))
        return value

    def several(self, value: Any) -> list[tuple[Any, Path]]:
        """One or a list of them, each with the rest of its path."""
        if value is None:
            return []
        if isinstance(value, list):
            return [(item, (number,)) for number, item in enumerate(value)]
        return [(value, ())]

    def text(self, value: Any, path: Path, what: str = "text") -> str | None:
        """None where there is none; a problem is noted for anything but text."""
        if value is None or isinstance(value, str):
            return value
        self.complain(path, f"it is {shown(value)}, not {what}", "put it between quotes")
        return None

    def words(self, value: Any, path: Path) -> tuple[str, ...]:
        """One word or a list of them."""
        found: list[str] = []
        for item, rest in self.several(value):
            text = self.text(item, (*path, *rest), "a word")
            if text:
                found.append(text)
            elif text is not None:
                self.complain((*path, *rest), "it is empty")
        return tuple(dict.fromkeys(found))

    def flag(self, value: Any, path: Path) -> bool:
        if value is None or isinstance(value, bool):
            return bool(value)
        self.complain(path, f"it is {shown(value)}, not true or false", "write true, or leave it")
        return False

    def whole(self, value: Any, path: Path, least: int, most: int) -> int | None:
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.complain(path, f"it is {shown(value)}", f"give a whole number from {least} to {most}")
        return None

    def duration(self, value: Any, path: Path) -> timedelta | None:
        """``10m`` and the like."""
        if value is None:
            return None
        found = duration_of(value)
        if found is None:
            self.complain(path, f"{shown(value)} is no duration", "write 10m, 1h30m, 2d or 500ms")
        return found


def duration_of(value: Any) -> timedelta | None:
    """None for what is not written as a duration."""
    if not isinstance(value, str) or len(value) > 64 or not DURATION.fullmatch(value):
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


def dotted(path: Path) -> str:
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
    return words or "the document"


def near(word: str, known: Iterable[str]) -> str:
    """A hint: the word that was meant, or all that there are."""
    names = sorted(known)
    close = difflib.get_close_matches(word[:100], names[:_COMPARED], 1, 0.6)
    if close:
        return f"did you mean {close[0]}?"
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"there are {', '.join(names[:20])}{more}" if names else "there are none"


def shown(value: Any) -> str:
    text = repr(value)
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return text if len(text) <= 60 else f"{text[:59]}…"
