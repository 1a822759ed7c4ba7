"""The problems of an XState document, and the parts that were left out, each with its place.

A place is a JSON pointer (RFC 6901), which an editor can follow.
"""

from __future__ import annotations

from typing import Any, NoReturn

from statehold.errors import DefinitionError, Problem
from statehold.formats.notation import Omission

#: problems of one document that are reported
PROBLEM_LIMIT = 100
#: omissions of one document that are reported
OMISSION_LIMIT = 1_000


class Findings:
    """Problems and omissions of one document, as they are found."""

    def __init__(self) -> None:
        self.problems: dict[Problem, None] = {}
        self.omissions: dict[Omission, None] = {}

    def complain(self, place: str, message: str, hint: str = "") -> None:
        if len(self.problems) < PROBLEM_LIMIT:
            self.problems[Problem(place or "/", message, hint)] = None
        elif len(self.problems) == PROBLEM_LIMIT:
            more = Problem("the document", "it has more problems than these", "correct these first")
            self.problems[more] = None

    def omit(self, what: str, place: str, why: str) -> None:
        if len(self.omissions) < OMISSION_LIMIT:
            self.omissions[Omission(what, place or "/", why)] = None
        else:
            self.complain(
                "the document", f"it has more than {OMISSION_LIMIT} parts that are left out"
            )

    def refuse(self, name: str) -> NoReturn:
        raise DefinitionError(name, tuple(self.problems))

    def raise_if_any(self, name: str) -> None:
        if self.problems:
            self.refuse(name)


def below(place: str, key: str | int) -> str:
    """The pointer to a member."""
    return f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}"


def kind_of(value: Any) -> str:
    """As JSON calls it, for messages."""
    for kind, name in ((bool, "a boolean"), (dict, "an object"), (list, "an array")):
        if isinstance(value, kind):
            return name
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the string {shorten(value)!r}"
    return f"the number {value}"


def shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
