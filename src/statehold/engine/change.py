"""What became of an instance's data from one step to the next, small enough to keep for each.

``{"set": {"a/b": 1}, "unset": ["c"]}``: names of an object's members joined by ``/`` and escaped as
RFC 6901 does; lists are replaced whole. Applying the changes in order to the first data gives
the data at any step, without the code that made them.
"""

from __future__ import annotations

from typing import Any

#: members of nested objects are compared down to here, deeper ones are replaced whole
DEPTH = 8


def change_between(old: Any, new: Any) -> dict[str, Any] | None:
    """The change that turns ``old`` into ``new``, both plain JSON values; None if equal."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return None if _same(old, new) else {"set": {"": new}}
    put: dict[str, Any] = {}
    removed: list[str] = []
    _compare(old, new, "", DEPTH, put, removed)
    change: dict[str, Any] = {}
    if put:
        change["set"] = put
    if removed:
        change["unset"] = removed
    return change or None


def apply_change(data: Any, change: dict[str, Any]) -> Any:
    """The data after the change; ``data`` itself stays as it is."""
    for path in change.get("unset", ()):
        data = _replaced(data, path.split("/"), _ABSENT)
    for path, value in change.get("set", {}).items():
        data = value if path == "" else _replaced(data, path.split("/"), value)
    return data


_ABSENT: Any = object()


def _same(old: Any, new: Any) -> bool:
    # True == 1 in Python, and 1 == 1.0, but they are not the same JSON
    return type(old) is type(new) and bool(old == new)


def _compare(
    old: dict[str, Any],
    new: dict[str, Any],
    above: str,
    depth: int,
    put: dict[str, Any],
    removed: list[str],
) -> None:
    for name, value in new.items():
        before = old.get(name, _ABSENT)
        if _same(before, value) and type(value) in _FLAT:
            continue
        path = above + (name if name.isidentifier() else _escape(name))
        if depth and isinstance(value, dict) and isinstance(before, dict) and value and name:
            _compare(before, value, f"{path}/", depth - 1, put, removed)
        elif before is _ABSENT or not _alike(before, value):
            put[path] = value
    if len(old) > len(new) or any(name not in new for name in old):
        removed.extend(above + _escape(name) for name in old if name not in new)


_FLAT = frozenset({str, int, float, bool, type(None)})


def _alike(old: Any, new: Any) -> bool:
    """Equal as JSON, all the way down."""
    if type(old) is not type(new):
        return False
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(_alike(old[name], new[name]) for name in old)
    if isinstance(old, list):
        return len(old) == len(new) and all(map(_alike, old, new))
    return bool(old == new)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1") if name else "~2"


def _unescape(token: str) -> str:
    return "" if token == "~2" else token.replace("~1", "/").replace("~0", "~")


def _replaced(data: Any, tokens: list[str], value: Any) -> Any:
    name = _unescape(tokens[0])
    twin = dict(data)
    if len(tokens) > 1:
        twin[name] = _replaced(twin[name], tokens[1:], value)
    elif value is _ABSENT:
        twin.pop(name, None)
    else:
        twin[name] = value
    return twin
