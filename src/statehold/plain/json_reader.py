"""JSON within the bounds of :mod:`.values`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from statehold.plain.text import SHOWN, is_unicode
from statehold.plain.values import (
    DEPTH_LIMIT,
    NODE_LIMIT,
    ParsedDocument,
    Path,
    TextRefused,
    number_of,
    too_much,
)


def read_json(text: str, whole: Callable[[str], int] | None = None) -> ParsedDocument:
    """``whole`` reads whole numbers, and raises ``ValueError``. Raises ``TextRefused``."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_float=number_of,
            parse_int=whole,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise TextRefused(place, f"it is not JSON: {error.msg}") from None
    except _DuplicateKey as error:
        raise TextRefused(
            "", f"the key {error} stands twice in one object", "drop one of them"
        ) from None
    except RecursionError:
        raise too_much(0, DEPTH_LIMIT + 1) from None
    except ValueError as error:
        # Python's own words name a setting of the interpreter
        long = "integer string conversion" in str(error)
        why = "a whole number has more than 4,300 digits" if long else error
        raise TextRefused("", f"it can't be read as JSON: {why}") from None
    _check_bounds(value)
    # the text itself is Unicode: half of a surrogate pair can only come from an escape
    for path, part in _texts(value, ()) if "\\u" in text else ():
        if not is_unicode(part):
            raise TextRefused(
                ".".join(map(str, path)),
                f"{ascii(part)[:SHOWN]} has half of a surrogate pair, which is no Unicode text",
                "write both halves, or the character itself",
            )
    return ParsedDocument(value)


class _DuplicateKey(Exception):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateKey(ascii(name)[:SHOWN])
            seen.add(name)
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _check_bounds(value: Any) -> None:
    """Level by level, so that depth costs no stack."""
    level, depth, nodes = [value], 0, 0
    while level:
        nodes += len(level)
        if nodes > NODE_LIMIT or depth > DEPTH_LIMIT:
            raise too_much(nodes, depth)
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        level, depth = inner, depth + 1


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in a value that is not too deep, keys among them."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))
