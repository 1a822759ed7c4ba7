"""What documents say beside their charts: it needs no new version. And whom they let put the next
one, which holds where a document can't run."""

from __future__ import annotations

import json
from typing import Any

from statehold.chart.access import AnyOf, Grant, HasRole, anyone, nobody
from statehold.formats.native.problems import Problems, TooManyProblems
from statehold.formats.native.templates import expanded
from statehold.formats.notation import DOCUMENT_LIMIT
from statehold.plain.read import read_plain
from statehold.plain.values import TextRefused


def needs_no_version(before: bytes, after: bytes) -> bool:
    """Whether only who may do what differs (``access``, ``views``, ``by`` of transitions,
    ``internal`` of events), and labels. False for equal documents, and where one can't be read."""
    try:
        old, new = _expanded(before), _expanded(after)
    except (TextRefused, TooManyProblems):
        return False
    # as text: the order of states and of transitions counts
    return json.dumps(old) != json.dumps(new) and _bare(old) == _bare(new)


def _expanded(text: bytes) -> Any:
    """With the states that uses of templates have, which are what instances are in."""
    return expanded(Problems(read_plain(text, limit=DOCUMENT_LIMIT))).document.value


def grant_to_put(text: bytes) -> Grant | None:
    """Whom the document lets put the next version; None: it does not say. Nobody, where it can't be
    read."""
    try:
        document = read_plain(text, limit=DOCUMENT_LIMIT).value
    except TextRefused:
        return nobody
    access = document.get("access") if isinstance(document, dict) else None
    written = access.get("put") if isinstance(access, dict) else None
    if written is None:
        return None
    parts = written if isinstance(written, list) else [written]
    roles = [part.get("role") if isinstance(part, dict) else part for part in parts]
    if "anyone" in parts:
        return anyone
    named = [role for role in roles if isinstance(role, str) and role != "nobody"]
    return AnyOf(tuple(map(HasRole, named)))


def _bare(document: Any) -> str:
    if not isinstance(document, dict):
        return json.dumps(document)
    found = {key: value for key, value in document.items() if key not in _BESIDE}
    for word, dropped in (("events", ("internal", "label")), ("transitions", ("by",))):
        parts = found.get(word)
        if isinstance(parts, dict):
            found[word] = {name: _without(dropped, part) for name, part in parts.items()}
    found["states"] = _unlabelled(found.get("states"))
    return json.dumps(found)


_BESIDE = ("access", "views", "label")


def _without(keys: tuple[str, ...], part: Any) -> Any:
    if not isinstance(part, dict):
        return part or None
    # a part that says nothing else may be written as null
    return {name: value for name, value in part.items() if name not in keys} or None


def _unlabelled(states: Any) -> Any:
    """They have states inside, as deep as a document may be."""
    if not isinstance(states, dict):
        return states
    found = {name: _without(("label",), part) for name, part in states.items()}
    for part in found.values():
        if isinstance(part, dict) and "states" in part:
            part["states"] = _unlabelled(part["states"])
    return found
