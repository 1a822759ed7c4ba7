"""Text from outside, with control characters of terminals and logs escaped.

An id, a reason or an error's message comes from the sender of a request. ESC begins sequences that
move the cursor and rename windows, C1 characters do the same alone, bidirectional controls change
the order in which a line is read, and a newline forges a line of its own.
"""

from __future__ import annotations

import re

from statehold.plain.text import CONTROLS

_ALL = re.compile(f"[{CONTROLS}]")
_BEYOND_ASCII = re.compile("[^\n\t\x20-\x7e]")
_ALL_BUT_LINES = re.compile(f"(?![\n\t])[{CONTROLS}]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""One line, with ``\x1b`` for ESC; ``lines`` leaves newlines and tabs as they are."""
    return (_ALL_BUT_LINES if lines else _ALL).sub(_spelled, text)


def printable_json(text: str, *, ascii: bool = False) -> str:
    r"""The same JSON, with ``\u009b`` for a control character, which can stand only in strings;
    ``ascii``: for every character beyond ASCII."""
    return (_BEYOND_ASCII if ascii else _ALL_BUT_LINES).sub(_escaped, text)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
