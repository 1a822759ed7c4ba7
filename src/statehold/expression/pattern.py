"""Patterns that come in documents: regular expressions in time that is bounded before the work.

1. They are run by RE2, in its own syntax: no look-around and no back-references; ``\\w``, ``\\d``,
   ``\\s`` and ``\\b`` mean ASCII, ``\\p{L}`` is a letter of any alphabet; ``$`` is the end of the
   text.
2. A pattern is compiled to a program, whose size is bounded. A search takes at most the product of
   the program's size and the text's; that product is bounded too, for all searches together that
   one validation does (:func:`together`).
3. Patterns in Python classes are code like the class itself: they are what they were.

Needs the package ``google-re2``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import re2

from statehold.expression.allowance import charge

#: characters of a pattern
PATTERN_LIMIT = 500
#: instructions of the program that a pattern is compiled to; ``\p{L}`` has about 1,200
PROGRAM_LIMIT = 2_000
#: instructions times bytes of text, of all searches of one validation: some tenth of a second
MATCH_LIMIT = 30_000_000
#: instructions that a byte takes at least: RE2 may have to make a new state for each
_PER_BYTE = 100
#: bytes that RE2 keeps for one pattern at most: its program and the states that it has met
_MEMORY = 512 * 1024
#: instructions times bytes that take about as long as one unit of an allowance
_UNIT = 32

_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")
_NO_LOOK_AROUND = "look-around is not possible: match the whole text, or use two fields"


class PatternRefused(ValueError):
    """``message`` says what is wrong, ``hint`` what to write instead; ``at`` is the place in the
    pattern, counted in characters from 0, where it is known."""

    def __init__(self, message: str, hint: str = "", at: int | None = None) -> None:
        self.message = message
        self.hint = hint
        self.at = at
        super().__init__(message)


class Pattern:
    """A compiled pattern; ``size`` are the instructions of its program."""

    __slots__ = ("_search", "size", "text")

    def __init__(self, text: str) -> None:
        """Raises ``PatternRefused``."""
        if len(text) > PATTERN_LIMIT:
            raise PatternRefused(
                f"it has {len(text):,} characters; the limit is {PATTERN_LIMIT}",
                "use a shorter one",
            )
        options = re2.Options()
        options.max_mem = _MEMORY
        options.never_capture = True
        options.log_errors = False
        try:
            compiled = re2.compile(text, options)
        except re2.error as error:
            raise _refused(text, error) from None
        self.text = text
        self.size: int = max(compiled.programsize, compiled.reverseprogramsize)
        if self.size > PROGRAM_LIMIT:
            raise _too_large(f"it is compiled to {self.size:,} instructions")
        self._search = compiled.search

    def is_in(self, text: str) -> bool:
        """Whether a part of the text matches. Raises ``ValueError`` where looking for one would
        take too long, beside the other searches of the same validation, and ``EvaluationFailed``
        where its step has no work left."""
        size = len(text) if text.isascii() else len(text.encode())
        work = (self.size + _PER_BYTE) * size
        budget = _running.get()
        left = MATCH_LIMIT if budget is None else budget.left
        if work > left:
            raise ValueError(
                f"matching {len(text):,} characters against a pattern of {self.size:,} "
                "instructions, beside the other patterns, would take too long: give the text a "
                "maxLength, or the pattern fewer repetitions"
            )
        if budget is not None:
            budget.left -= work
        charge(1 + work // _UNIT)
        return self._search(text) is not None


class _Budget:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MATCH_LIMIT


_running: ContextVar[_Budget | None] = ContextVar("statehold_searches", default=None)


@contextmanager
def together() -> Iterator[None]:
    """All searches inside of it share one budget, that of the outermost."""
    if _running.get() is not None:
        yield
        return
    token = _running.set(_Budget())
    try:
        yield
    finally:
        _running.reset(token)


def _refused(text: str, error: Exception) -> PatternRefused:
    """From the library's words: ``invalid escape sequence: \\1``."""
    given = error.args[0] if error.args else b""
    said = given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
    why, _, part = said.partition(": ")
    at = text.find(part) if part else -1
    place = None if at < 0 else at
    if "too large" in said:
        return _too_large("its program has too many instructions")
    if "repetition size" in why:
        return PatternRefused(
            f"{part} repeats more than 1,000 times, by itself or within another repetition",
            "use * or +, and maxLength for the text",
            place,
        )
    if any(part.startswith(one) for one in _LOOK_AROUND):
        return PatternRefused(f"{why}: {part}", _NO_LOOK_AROUND, place)
    if why == "invalid escape sequence":
        if part[1:2].isdigit() or part.startswith("\\k"):
            return PatternRefused(f"{part} refers back to a group", "write the part out", place)
        return PatternRefused(f"there is no escape sequence {part}", _ESCAPES, place)
    return PatternRefused(said or "it can't be compiled", "", place)


_ESCAPES = "RE2 has \\d \\w \\s \\b \\p{L} \\x{1F600} among others; the end of the text is $"


def _too_large(what: str) -> PatternRefused:
    return PatternRefused(
        f"{what}; the limit is {PROGRAM_LIMIT:,}",
        "use * or + with a maxLength, or smaller counts: \\p{L} is 1,200 at each repetition",
    )
