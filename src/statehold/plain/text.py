"""Valid text: characters of Unicode, U+0000 included. Half of a surrogate pair is not a character:
it has no UTF-8 form, so it can be neither stored nor sent."""

from __future__ import annotations

from typing import Any

#: Within the brackets of a regular expression: control characters of terminals and logs, those that
#: some readers take for the end of a line or that change the order in which it is read, and halves
#: of surrogate pairs.
CONTROLS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"

#: characters of a value that an error shows
SHOWN = 60


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8: no half of a surrogate pair stands in it."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_fault(value: Any) -> str | None:
    """Why the value is not valid text; None for valid text."""
    if not isinstance(value, str):
        return f"it is {ascii(value)[:SHOWN]}, which is no text"
    if not is_unicode(value):
        return f"{ascii(value)[:SHOWN]} has half of a surrogate pair, which is no Unicode text"
    return None


def name_fault(value: Any, most: int) -> str | None:
    """Why the value can't be a name or an id; None for one that can.

    A name is text of at most ``most`` characters without U+0000.
    """
    fault = text_fault(value)
    if fault is None and "\0" in value:
        return f"{ascii(value)[:SHOWN]} has the character U+0000"
    if fault is None and len(value) > most:
        return f"{ascii(value)[:SHOWN]}… has {len(value)} characters; the limit is {most}"
    return fault
