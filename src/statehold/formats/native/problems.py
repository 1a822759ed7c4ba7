"""The problems of a document, each with its place, its line and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from typing import Any, TypeVar

from statehold.errors import Problem
from statehold.expression.near import nearest
from statehold.plain.values import ParsedDocument, Path

T = TypeVar("T")

#: problems that one reading reports; a document with more is not the one that was meant
PROBLEM_LIMIT = 50


class TooManyProblems(Exception):
    """The reading ends here: what was found is reported."""


class Problems:
    """The problems of one document. Reading goes on after each, until there are too many."""

    def __init__(self, document: ParsedDocument) -> None:
        self.document = document
        self.found: list[Problem] = []
        self._repaired: set[Path] = set()
        self._above_repaired: set[Path] = set()
        self._dropped: dict[Path, set[int]] = {}

    def add(self, path: Path, message: str, hint: str = "") -> None:
        """Nothing is added for what only follows from a value that was taken out."""
        if path in self._above_repaired or self._is_below_repaired(path):
            return
        problem = Problem(self.place(path), message, hint)
        if problem in self.found:
            # what is read for two purposes is one problem
            return
        self.found.append(problem)
        if len(self.found) >= PROBLEM_LIMIT:
            raise TooManyProblems

    def repaired(self, path: Path) -> None:
        """The value there has a problem and was taken out."""
        self._repaired.add(path)
        self._above_repaired |= {path[:length] for length in range(1, len(path) + 1)}

    def drop(self, path: Path) -> None:
        """Takes an item out of its list; in problems the others keep their numbers."""
        del self.at(path[:-1])[path[-1]]
        *above, number = self.original(path)
        self._dropped.setdefault(tuple(above), set()).add(int(number))

    def original(self, path: Path) -> Path:
        """Where it stood before items of lists were taken out."""
        found: Path = ()
        for part in path:
            if isinstance(part, int):
                part = next(islice(self._numbers(found), part, None))
            found = (*found, part)
        return found

    def _numbers(self, path: Path) -> Iterator[int]:
        """The numbers of the items that are left of the list there."""
        dropped = self._dropped.get(path, ())
        return (number for number in count() if number not in dropped)

    def is_repaired(self, path: Path) -> bool:
        return path in self._repaired

    def has_repaired(self, path: Path) -> bool:
        """The value there, or a part of it, was taken out."""
        return path in self._above_repaired

    def _is_below_repaired(self, path: Path) -> bool:
        return any(path[:length] in self._repaired for length in range(1, len(path)))

    def place(self, path: Path) -> str:
        """``line 12, transitions.accept.when``."""
        words = dotted(path)
        lines, known = self.document.lines, path
        while known and known not in lines:
            known = known[:-1]
        line = lines.get(known) if path else None
        return f"line {line}, {words}" if line else words

    def at(self, path: Path) -> Any:
        """The value as it is written; None where there is none."""
        value = self.document.value
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def items(self, items: Sequence[T], path: Path) -> Iterator[tuple[T, Path]]:
        """The items of what may be written as one item or as a list, each with its path."""
        if not items:
            return
        if not isinstance(self.at(path), list):
            yield items[0], path
            return
        for item, number in zip(items, self._numbers(path), strict=False):
            yield item, (*path, number)


def dotted(path: Path) -> str:
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
    return words or "the document"


def near(word: str, known: Iterable[str]) -> str:
    """A hint: the word that was meant, or all that there are."""
    names = sorted(known)
    close = nearest(word, names, 0.6)
    if close is not None:
        return f"did you mean {close}?"
    if len(names) == 1:
        return f"there is only {names[0]}"
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"there are {', '.join(names[:20])}{more}" if names else "there are none"


def shown(value: Any) -> str:
    """A value in a message: short, and a mapping or a list by its kind alone."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
