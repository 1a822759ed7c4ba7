"""Text before it is parsed, and the book that a compiler keeps while it goes through it."""

from __future__ import annotations

from statehold.expression.language import (
    DEPTH_LIMIT,
    EXPRESSION_LIMIT,
    SCRIPT_LIMIT,
    ExpressionRefused,
)


def checked(text: str, what: str = "an expression") -> str:
    """The text, if a parser may be given it."""
    limit = SCRIPT_LIMIT if what == "a script" else EXPRESSION_LIMIT
    if len(text) > limit:
        raise ExpressionRefused(
            text, f"has {len(text):,} characters; the limit for {what} is {limit:,}"
        )
    if what != "a script" and not text.strip():
        raise ExpressionRefused(text, f"is empty where {what} should be")
    for at, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise ExpressionRefused(text, f"holds {character!r}, which no text may hold", at=at)
    return text


class Book:
    """What is found out about a text: the names it uses, how deep it is, how many parts it has.

    ``scopes`` are the blocks that are open, innermost last: names of local variables with their
    numbers in :attr:`.frame.Frame.local`.
    """

    def __init__(self, text: str, *, is_script: bool) -> None:
        self.text = text
        self.is_script = is_script
        self.reads: set[str] = set()
        self.writes: set[str] = set()
        self.parts = 0
        self.scopes: list[dict[str, int]] = []
        self._depth = 0
        self._numbers = 0

    def enter(self) -> None:
        """One part of the text, one level deeper."""
        self.parts += 1
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise self.refused(f"is nested more than {DEPTH_LIMIT} levels deep")

    def leave(self) -> None:
        self._depth -= 1

    def declare(self, name: str) -> int:
        """A local variable of the innermost block."""
        self._numbers += 1
        self.scopes[-1][name] = self._numbers
        return self._numbers

    def local(self, name: str) -> int | None:
        """The number of the local variable of this name, if there is one."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def refused(self, message: str, hint: str = "", at: int | None = None) -> ExpressionRefused:
        return ExpressionRefused(self.text, message, hint, at)
