"""The methods of texts. Their cost is counted by the lengths of all texts that they look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from statehold.expression.ecmascript.function import Bounded
from statehold.expression.ecmascript.positions import AT, SLICE, bounds
from statehold.expression.ecmascript.values import SPACE, bits, to_integer, to_number, to_text
from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed

#: Python looks for a text that is shorter than this in time of both lengths, multiplied
_SHORT = 100


def _spend_search(frame: Frame, text: str, sought: str) -> None:
    """For looking for one text in another, at its worst."""
    size = len(text) + len(sought)
    frame.spend(1 + (size >> 4) + (len(text) * min(len(sought), _SHORT) >> 9))


def _substring(frame: Frame, text: str, start: Any = 0, end: Any = None) -> str:
    last = len(text) if end is None else to_integer(frame, end)
    places = [max(0, min(len(text), at)) for at in (to_integer(frame, start), last)]
    frame.spend(1 + (len(text) >> 4))
    return text[min(places) : max(places)]


def _substr(frame: Frame, text: str, start: Any = 0, count: Any = None) -> str:
    first, _ = bounds(frame, len(text), start, None)
    length = len(text) if count is None else max(0, to_integer(frame, count))
    frame.spend(1 + (len(text) >> 4))
    return text[first : first + length]


def _char_at(frame: Frame, text: str, position: Any = 0) -> str:
    at = to_integer(frame, position)
    return text[at] if 0 <= at < len(text) else ""


def _code_at(frame: Frame, text: str, position: Any = 0) -> Any:
    at = to_integer(frame, position)
    return ord(text[at]) if 0 <= at < len(text) else math.nan


def _search(do: Callable[[str, str, int], Any]) -> Bounded:
    """A method that looks for a text from a position on."""

    def run(frame: Frame, text: str, value: Any, start: Any = 0) -> Any:
        sought = to_text(frame, value)
        _spend_search(frame, text, sought)
        return do(text, sought, max(0, min(len(text), to_integer(frame, start))))

    return Bounded(run, 1, 2)


def _last_index(frame: Frame, text: str, value: Any, start: Any = None) -> int:
    """Looks forward in the texts turned around: Python's own search from the end takes time of
    both lengths, multiplied, however long they are."""
    sought = to_text(frame, value)
    _spend_search(frame, text, sought)
    if start is not None and not math.isnan(to_number(frame, start)):
        text = text[: max(0, to_integer(frame, start)) + len(sought)]
    at = text[::-1].find(sought[::-1])
    return at if at < 0 else len(text) - len(sought) - at


def _ends_with(frame: Frame, text: str, value: Any, end: Any = None) -> bool:
    sought = to_text(frame, value)
    frame.spend(1 + (len(sought) >> 4))
    last = len(text) if end is None else max(0, min(len(text), to_integer(frame, end)))
    return text.endswith(sought, 0, last)


def _replace(every: bool) -> Bounded:
    def run(frame: Frame, text: str, old: Any, new: Any) -> str:
        sought, put = to_text(frame, old), to_text(frame, new)
        if "$" in put:
            raise EvaluationFailed("'$' in what replaces a text has a meaning that is not allowed")
        _spend_search(frame, text, sought)
        frame.spend(len(put) >> 4)
        count = text.count(sought) if every else 1
        frame.spend_text(len(text) + count * max(0, len(put) - len(sought)))
        return text.replace(sought, put, -1 if every else 1)

    return Bounded(run, 2, 2)


def _split(frame: Frame, text: str, separator: Any = None, limit: Any = None) -> list[str]:
    if separator is None:
        parts = [text]
    else:
        by = to_text(frame, separator)
        _spend_search(frame, text, by)
        frame.spend(len(text) // max(1, len(by)))
        parts = text.split(by) if by else list(text)
    return parts if limit is None else parts[: bits(frame, limit)]


def _repeat(frame: Frame, text: str, count: Any) -> str:
    times = to_integer(frame, count)
    if times < 0:
        raise EvaluationFailed(f"repeat() can't make a text of {times} times another")
    frame.spend_text(len(text) * times)
    return text * times


def _pad(at_start: bool) -> Bounded:
    def run(frame: Frame, text: str, length: Any, filler: Any = " ") -> str:
        wanted, fill = to_integer(frame, length), to_text(frame, filler)
        missing = wanted - len(text)
        if missing <= 0 or not fill:
            return text
        frame.spend_text(wanted)
        frame.spend(len(fill) >> 4)
        padding = (fill * (missing // len(fill) + 1))[:missing]
        return padding + text if at_start else text + padding

    return Bounded(run, 1, 2)


def _concat(frame: Frame, text: str, *others: Any) -> str:
    parts = [text, *(to_text(frame, other) for other in others)]
    frame.spend_text(sum(map(len, parts)))
    return "".join(parts)


def _compare(frame: Frame, text: str, value: Any) -> int:
    """``localeCompare`` where there is no locale: letters in their order, whatever their case; of
    two that differ by case alone, the small one is first."""
    other = to_text(frame, value)
    frame.spend(1 + (len(text) + len(other) >> 3))
    a, b = (text.casefold(), text.swapcase()), (other.casefold(), other.swapcase())
    return (a > b) - (a < b)


def _of_text(do: Callable[[str], str]) -> Bounded:
    def run(frame: Frame, text: str) -> str:
        frame.spend(1 + (len(text) >> 3))
        return do(text)

    return Bounded(run)


METHODS: dict[str, Bounded] = {
    "at": AT,
    "charAt": Bounded(_char_at, 0, 1),
    "charCodeAt": Bounded(_code_at, 0, 1),
    "concat": Bounded(_concat, 0, 100),
    "endsWith": Bounded(_ends_with, 1, 2),
    "includes": _search(lambda text, sought, start: text.find(sought, start) >= 0),
    "indexOf": _search(lambda text, sought, start: text.find(sought, start)),
    "lastIndexOf": Bounded(_last_index, 1, 2),
    "localeCompare": Bounded(_compare, 1, 1),
    "padEnd": _pad(at_start=False),
    "padStart": _pad(at_start=True),
    "repeat": Bounded(_repeat, 1, 1),
    "replace": _replace(every=False),
    "replaceAll": _replace(every=True),
    "slice": SLICE,
    "split": Bounded(_split, 0, 2),
    "startsWith": _search(lambda text, sought, start: text.startswith(sought, start)),
    "substr": Bounded(_substr, 1, 2),
    "substring": Bounded(_substring, 1, 2),
    "toLowerCase": _of_text(str.lower),
    "toUpperCase": _of_text(str.upper),
    "trim": _of_text(lambda text: text.strip(SPACE)),
    "trimEnd": _of_text(lambda text: text.rstrip(SPACE)),
    "trimStart": _of_text(lambda text: text.lstrip(SPACE)),
}
