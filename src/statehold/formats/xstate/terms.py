"""Texts of guards and actions that are more than the name of a function.

A chart has one text for a guard or an action. Where XState has more than a word, the text has it:

- with parameters: ``isAbove({"min":3})``
- composed guards: ``not(isPaid)``, ``or(isPaid, isFree)``, ``and(isPaid, isOpen)``, ``in(#a.b)``
- actions that are data: ``raise({"type":"X"})``, ``assign({"count":0})``, ``cancel("id")``,
  ``emit({...})``, ``send({...})``
- values: the JSON of ``output`` and ``input``, as ``{"total":0}``

A name inside another that has anything but word characters, blanks, ``.``, ``-``, ``/``, ``$`` and
``#`` stands there as a JSON string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from statehold.chart.validate import DELAY_LIMIT_SECONDS
from statehold.formats.xstate.json_reader import canonical

#: levels of ``not``, ``and`` and ``or`` in one guard
NESTING_LIMIT = 20

_PLAIN = re.compile(r"[\w.\-/$#][\w .\-/$#]*")
COMPOSED = ("and", "or", "not", "in")
DATA_ACTIONS = ("raise", "assign", "cancel", "emit", "send")


@dataclass(frozen=True, slots=True)
class Composed:
    """``and``, ``or`` or ``not`` of names, or ``in`` of a state's id."""

    word: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.word}({', '.join(map(_inside, self.names))})"


def with_params(name: str, params: Any) -> str:
    return name if params is None else f"{name}({canonical(params)})"


def split_params(text: str) -> tuple[str, dict[str, Any] | None]:
    """The function's name and its parameters; None where there are none."""
    name, arguments = _call(text)
    if not arguments.startswith("{"):
        return text, None
    params = json_of(arguments)
    return (name, params) if isinstance(params, dict) else (text, None)


def data_action(text: str) -> tuple[str, Any] | None:
    """The word and the value of an action that is data; None where it is a function's name."""
    word, arguments = _call(text)
    if word not in DATA_ACTIONS:
        return None
    value = json_of(arguments)
    return (word, value) if _is_sound(word, value) else None


def _is_sound(word: str, value: Any) -> bool:
    if word == "cancel":
        return isinstance(value, str)
    if not isinstance(value, dict):
        return False
    if word == "assign":
        return bool(value)
    if word == "send":
        delay, id = value.get("delay", 0), value.get("id", "")
        timed = type(delay) in (int, float) and 0 <= delay <= DELAY_LIMIT_SECONDS * 1000
        return timed and isinstance(id, str) and _is_event(value.get("event"))
    return _is_event(value)


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def json_of(text: str) -> Any:
    """The value that canonical JSON text stands for; None where it is none, and for null."""
    try:
        value = msgspec.json.decode(text)
        return value if canonical(value) == text else None
    except (ValueError, RecursionError, OverflowError):
        return None


def composed(text: str) -> Composed | None:
    """The parts of a guard's text, if it is composed of others."""
    word, arguments = _call(text)
    if word not in COMPOSED:
        return None
    names = _arguments(arguments)
    if not names or (word in ("not", "in") and len(names) > 1):
        return None
    return Composed(word, tuple(names))


def _call(text: str) -> tuple[str, str]:
    """``word(arguments)`` as the two; empty where it is no call."""
    at = text.find("(", 1)
    return (text[:at], text[at + 1 : -1]) if at > 0 and text.endswith(")") else ("", "")


def _inside(name: str) -> str:
    inner = composed(name)
    if inner is not None and str(inner) == name:
        return name
    return name if _PLAIN.fullmatch(name) else canonical(name)


def _arguments(text: str) -> list[str] | None:
    """``a, not(b), "c"`` as names; None where it is no such list."""
    names: list[str] = []
    at = 0
    while True:
        name, at = _argument(text, at, 0)
        if name is None:
            return None
        names.append(name)
        if at == len(text):
            return names
        if not text.startswith(", ", at):
            return None
        at += 2


def _argument(text: str, at: int, depth: int) -> tuple[str | None, int]:
    """One name from here, and where it ends."""
    if depth > NESTING_LIMIT:
        return None, at
    if text.startswith('"', at):
        found = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, at)
        name = json_of(found[0]) if found else None
        return (name, found.end()) if found and isinstance(name, str) else (None, at)
    plain = _PLAIN.match(text, at)
    if plain is None:
        return None, at
    end = plain.end()
    if plain[0] in COMPOSED and text.startswith("(", end):
        inside = end + 1
        while True:
            name, inside = _argument(text, inside, depth + 1)
            if name is None:
                return None, at
            if text.startswith(")", inside):
                return text[at : inside + 1], inside + 1
            if not text.startswith(", ", inside):
                return None, at
            inside += 2
    return plain[0], end
