"""Text before it is parsed: which texts a parser may read."""

from __future__ import annotations

from statehold.expression.language import EXPRESSION_LIMIT, SCRIPT_LIMIT, ExpressionRefused


def checked(text: str, what: str = "an expression") -> str:
    """The text, if it is short enough and holds characters only."""
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
