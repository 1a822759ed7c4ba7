"""The name that was probably meant, for hints in errors."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import takewhile

#: names that are looked at, characters of each, and names that are compared in full: comparing two
#: texts of one letter takes time of the square of their lengths, or more
_NAMES = 500
_CHARACTERS = 60
_COMPARED = 10


def nearest(word: str, names: Iterable[str], least: float) -> str | None:
    """The name most like the word, at least so much (from 0 to 1); None where there is none.

    The names that begin and end as the word does are compared with it, as most misspelt ones do.
    """
    word = word[:_CHARACTERS]
    known = list(names)[:_NAMES]
    if len(known) > _COMPARED:
        known = sorted(known, key=lambda name: -_shared(word, name[:_CHARACTERS]))[:_COMPARED]
    # the first of those that begin alike
    shortened = {name[:_CHARACTERS]: name for name in reversed(known)}
    close = difflib.get_close_matches(word, shortened, 1, least)
    return shortened[close[0]] if close else None


def _shared(word: str, name: str) -> float:
    """The part of both that is the same at the beginning and at the end."""
    both = _same(word, name) + _same(word[::-1], name[::-1])
    return both / (len(word) + len(name) + 1)


def _same(a: str, b: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
