"""Pieces of Markdown that several pages of the reference need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ROLE = re.compile(r":[a-z]+:`~?\.?(?:[\w.]+\.)?(\w+)`")
_BLOCK = re.compile(r"(?<=(\S))::$|^::$", re.MULTILINE)
_LITERAL = re.compile(r"``([^`]+)``")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table without its empty columns; line breaks and bars in cells are made harmless."""
    rows = [list(row) for row in rows]
    used = [n for n in range(len(heads)) if not rows or any(row[n] for row in rows)]
    heads, rows = [heads[n] for n in used], [[row[n] for n in used] for row in rows]
    lines = [_row(heads), _row(["---"] * len(heads))]
    return "\n".join([*lines, *(_row(row) for row in rows)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    plain = (re.sub(r"\s*\n\s*", " ", cell).replace("|", "\\|") for cell in cells)
    return "| " + " | ".join(plain) + " |"


def code(text: object) -> str:
    """The text as inline code; nothing for no text."""
    return f"`{text}`" if str(text) else ""


def prose(docstring: str) -> str:
    """A docstring's reStructuredText as Markdown: roles and double backticks become code."""
    plain = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", docstring))
    return _BLOCK.sub(lambda match: ":" if match[1] else "", plain)


def sentence(text: str) -> str:
    """With a capital at the beginning and a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    # what is no word, such as module:Class, keeps its case
    first = text.partition(" ")[0].rstrip(",;:.")
    start = text[0].upper() if first.isalpha() else text[0]
    return start + text[1:] + ("" if text[-1] in ".!?" else ".")
