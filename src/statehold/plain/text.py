"""What text is: any characters of Unicode, U+0000 among them. A half of a surrogate pair is none of
them, has no UTF-8 form, and can be neither stored nor sent."""

from __future__ import annotations

from typing import Any

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
    """Why it is no text; None for text."""
    if not isinstance(value, str):
        return f"it is {ascii(value)[:SHOWN]}, which is no text"
    if not is_unicode(value):
        return f"{ascii(value)[:SHOWN]} has half of a surrogate pair, which is no Unicode text"
    return None


def name_fault(value: Any, most: int) -> str | None:
    """Why it can't be the name or id of something: text, of at most so many characters, without
    U+0000; None for one that can."""
    fault = text_fault(value)
    if fault is None and "\0" in value:
        return f"{ascii(value)[:SHOWN]} has the character U+0000"
    if fault is None and len(value) > most:
        return f"{ascii(value)[:SHOWN]}… has {len(value)} characters; the limit is {most}"
    return fault
