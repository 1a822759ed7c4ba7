"""The text of a document, read within bounds: plain values, and where each stands.

1.  JSON is what begins with a brace; everything else is YAML. Both give the same plain values.
2.  YAML is read from the parser's events, so nothing is built before it is counted. Tags, anchors
    and aliases are refused: an alias is how a few lines become gigabytes.
3.  Plain scalars are YAML 1.2's core schema: ``on``, ``yes`` and ``no`` are words, a date is text.
4.  A key that stands twice in one mapping is refused, and so is what is too large or too deep, a
    number beyond those of JSON's readers (``1e999``), and text that is not Unicode (``"\\ud800"``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from statehold.errors import Problem
from statehold.plain.text import is_unicode

Notation = Literal["json", "yaml"]

#: bytes of a text, unless told otherwise
BYTES_LIMIT = 1_000_000
#: levels of mappings and lists
DEPTH_LIMIT = 100
#: scalars, mappings and lists
NODE_LIMIT = 200_000

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """``lines`` holds where values stand, counted from 1; empty for JSON."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)


class TextRefused(Exception):
    """The text is no document, or one beyond the limits; ``problem`` tells which, and where."""

    def __init__(self, place: str, message: str, hint: str = "") -> None:
        self.problem = Problem(place or "the document", message, hint)
        super().__init__(str(self.problem))


def read_document(
    raw: bytes | str, *, limit: int = BYTES_LIMIT, notation: Notation | None = None
) -> Document:
    """``limit`` counts bytes. Which notation it is, is seen by its first character unless told.

    YAML needs PyYAML, the extra ``native``. Raises ``TextRefused``.
    """
    size = len(raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise TextRefused("", f"it has {size} bytes; the limit is {limit}", "split it")
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
        text.encode()
    except UnicodeError as error:
        raise TextRefused("", f"it is not UTF-8: {error}", "save it as UTF-8") from None
    if notation is None:
        notation = "json" if text.lstrip()[:1] == "{" else "yaml"
    if notation == "json":
        return _json(text)
    try:
        from statehold.plain.yaml_reader import YamlReader
    except ModuleNotFoundError:
        hint = "install statehold[native], or write it as JSON"
        raise TextRefused("", "it is YAML, which needs PyYAML", hint) from None
    return YamlReader(text).document()


# --- JSON ---


def _json(text: str) -> Document:
    try:
        value = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=number_of
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise TextRefused(place, f"it is not JSON: {error.msg}") from None
    except _Twice as twice:
        raise TextRefused(
            "", f"the key {twice} stands twice in one object", "drop one of them"
        ) from None
    except (RecursionError, ValueError) as error:
        raise TextRefused("", f"it can't be read as JSON: {error}") from None
    _count(value)
    for path, part in _texts(value, ()):
        if not is_unicode(part):
            raise TextRefused(
                ".".join(map(str, path)),
                f"{ascii(part)[:60]} has half of a surrogate pair, which is no Unicode text",
                "write both halves, or the character itself",
            )
    return Document(value)


def number_of(text: str) -> float:
    """Raises ``ValueError`` for one that is beyond all finite ones."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is larger than any that can be stored")
    return value


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


class _Twice(Exception):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(repr(next(name for name in names if names.count(name) > 1)))
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _count(value: Any) -> None:
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


def too_much(nodes: int, depth: int, line: int | None = None) -> TextRefused:
    place = "" if line is None else f"line {line}"
    if depth > DEPTH_LIMIT:
        return TextRefused(place, f"it is nested more than {DEPTH_LIMIT} levels deep")
    return TextRefused(place, f"it has more than {NODE_LIMIT} values")
