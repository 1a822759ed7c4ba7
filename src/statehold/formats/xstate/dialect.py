"""Which version of XState a document is written for, and whether ``JSON.stringify`` made it.

The versions read the same words differently, so the version of a document that does not name it is
inferred from words that only one of them has. Marks that both tolerate (``schema``, ``tsTypes``)
count if there are no others. Without any mark it is version 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

Version = Literal[4, 5]
VERSIONS: tuple[Version, ...] = (4, 5)

#: keys that only one version gives a meaning, of states, transitions and invokes
_ONLY_4 = frozenset(
    {"cond", "internal", "activities", "onEntry", "onExit", "in", "autoForward", "delimiter"}
)
_ONLY_5 = frozenset({"guard", "reenter", "output", "input", "onSnapshot", "systemId"})
#: keys of the machine that version 4 wants, and that are left behind in later ones
_OLD = ("predictableActionArguments", "preserveActionOrder", "schema", "tsTypes", "services")
_EVENTS_4 = ("done.invoke.", "error.platform.", "done.state.", "xstate.after(")
#: values of the user's own: words in them are no marks
_DATA_KEYS = frozenset({"context", "meta", "params", "output", "input", "data", "types", "schema"})

#: the event of a timer: ``xstate.after(1000)#m.a``, ``xstate.after.1000.m.a``
TIMER = re.compile(r"xstate\.after(?:\((.+)\)#.*|\.([^.]+)\..*)", re.DOTALL)


def marks(document: dict[str, Any]) -> dict[Version, str]:
    """The first word of each version that stands in the document."""
    found: dict[Version, str] = {}
    for version, word in _words(document):
        if found.setdefault(version, word) is word and len(found) == len(VERSIONS):
            break
    return found


def version_of(document: dict[str, Any], found: dict[Version, str]) -> Version:
    """4 where a word of it stands in the document, whatever else does."""
    if 4 in found:
        return 4
    return 4 if not found and any(document.get(key) is not None for key in _OLD) else 5


def is_stringified(document: dict[str, Any]) -> bool:
    """Whether it is what ``JSON.stringify`` makes of a machine, not of its configuration."""
    return isinstance(document.get("transitions"), list) and type(document.get("order")) is int


def timer_delay(event: str) -> str | None:
    """The delay in the name of a timer's event; None for any other."""
    found = TIMER.fullmatch(event)
    return None if found is None else found[1] or found[2]


def _words(document: dict[str, Any]) -> Iterator[tuple[Version, str]]:
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, dict):
            continue
        for key, inner in value.items():
            if inner is None:
                continue
            if key in _ONLY_4 or _is_spelled_as_4(value, key, inner):
                yield 4, key
            elif key in _ONLY_5:
                yield 5, key
            if key == "on" and isinstance(inner, dict):
                yield from _events(inner)
            if key in ("on", "states"):
                # names of events and states are no marks
                waiting += inner.values() if isinstance(inner, dict) else [inner]
            elif key not in _DATA_KEYS:
                waiting.append(inner)


def _is_spelled_as_4(value: dict[str, Any], key: str, inner: Any) -> bool:
    if key in ("on", "after"):
        return isinstance(inner, list)
    if key == "parallel":
        return inner is True
    # of a final state, or handed to what is invoked
    return key == "data" and (value.get("type") == "final" or "src" in value)


def _events(on: dict[str, Any]) -> Iterator[tuple[Version, str]]:
    for event in on:
        if event == "" or event.startswith(_EVENTS_4):
            yield 4, event or '""'
