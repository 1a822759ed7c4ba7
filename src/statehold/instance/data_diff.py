"""The difference between an instance's data before and after a step, as the journal keeps it.

``{"set": {"a/b": 1}, "unset": ["c"]}``: names of an object's members joined by ``/`` and escaped as
RFC 6901 does; lists are replaced whole. Applying the changes in order to the first data gives
the data at any step, without the code that made them.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

#: members of nested objects are compared down to this depth, deeper ones are replaced whole
DEPTH = 8

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_ABSENT: Any = object()
_BRACE = ord("{")


def change_between(old: bytes, new: bytes) -> dict[str, Any] | None:
    """The change that turns one JSON text into another; None if they are equal.

    Both have to come from one writer: equal values are recognised by equal text, so that most of
    them are not decoded. Values of the change are :class:`msgspec.Raw`.
    """
    if old == new:
        return None
    if not old[0] == new[0] == _BRACE:
        return {"set": {"": Raw(new)}}
    put: dict[str, Raw] = {}
    removed: list[str] = []
    _compare(_members(old), _members(new), "", DEPTH, put, removed)
    change: dict[str, Any] = {}
    if put:
        change["set"] = put
    if removed:
        change["unset"] = removed
    return change or None


def apply_change(data: Any, change: dict[str, Any]) -> Any:
    """The data, as plain JSON values, after the change; ``data`` itself stays as it is."""
    for path in change.get("unset", ()):
        data = _replaced(data, path.split("/"), _ABSENT)
    for path, value in change.get("set", {}).items():
        data = value if path == "" else _replaced(data, path.split("/"), value)
    return data


def _compare(
    old: dict[str, Raw],
    new: dict[str, Raw],
    above: str,
    depth: int,
    put: dict[str, Raw],
    removed: list[str],
) -> None:
    for name, value in new.items():
        before = old.get(name)
        if before == value:
            continue
        path = above + (name if name.isidentifier() else _escape(name))
        if depth and before is not None and _is_object(value) and _is_object(before):
            _compare(_members(before), _members(value), f"{path}/", depth - 1, put, removed)
        else:
            put[path] = value
    if len(old) != len(new) or old.keys() != new.keys():
        removed.extend(above + _escape(name) for name in old if name not in new)


def _is_object(raw: Raw) -> bool:
    # the first byte without a copy of the rest
    return memoryview(raw)[0] == _BRACE


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1") if name else "~2"


def _unescape(token: str) -> str:
    return "" if token == "~2" else token.replace("~1", "/").replace("~0", "~")


def _replaced(data: Any, tokens: list[str], value: Any) -> Any:
    name = _unescape(tokens[0])
    copy = dict(data)
    if len(tokens) > 1:
        copy[name] = _replaced(copy[name], tokens[1:], value)
    elif value is _ABSENT:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy
