"""The text of a document, read within bounds: plain values, and where each stands.

1.  JSON is what begins with a brace; everything else is YAML. Both give the same plain values.
2.  YAML is read from the parser's events, so nothing is built before it is counted. Tags, anchors
    and aliases are refused: an alias is how a few lines become gigabytes.
3.  Plain scalars are YAML 1.2's core schema: ``on``, ``yes`` and ``no`` are words, a date is text.
4.  A key that stands twice in one mapping is refused, and so is what is too large or too deep.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from statehold.errors import DefinitionError, Problem
from statehold.formats.notation import DOCUMENT_LIMIT

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


def read_document(raw: bytes | str) -> Document:
    """Raises ``DefinitionError``."""
    size = len(raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass"))
    if size > DOCUMENT_LIMIT:
        raise _refused(
            "", f"it has {size} bytes; the limit is {DOCUMENT_LIMIT}", "split the machine"
        )
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
        text.encode()
    except UnicodeError as error:
        raise _refused("", f"it is not UTF-8: {error}", "save it as UTF-8") from None
    return _json(text) if text.lstrip()[:1] == "{" else _Yaml(text).document()


def _refused(place: str, message: str, hint: str = "") -> DefinitionError:
    return DefinitionError("", [Problem(place or "the document", message, hint)])


# --- JSON ---


def _json(text: str) -> Document:
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _refused(place, f"it is not JSON: {error.msg}") from None
    except _Twice as twice:
        raise _refused(
            "", f"the key {twice} stands twice in one object", "drop one of them"
        ) from None
    except (RecursionError, ValueError) as error:
        raise _refused("", f"it can't be read as JSON: {error}") from None
    _count(value)
    return Document(value)


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
            raise _too_much(nodes, depth)
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        level, depth = inner, depth + 1


def _too_much(nodes: int, depth: int, line: int | None = None) -> DefinitionError:
    place = "" if line is None else f"line {line}"
    if depth > DEPTH_LIMIT:
        return _refused(place, f"it is nested more than {DEPTH_LIMIT} levels deep")
    return _refused(place, f"it has more than {NODE_LIMIT} values")


# --- YAML ---

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
INTEGER = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,4})?")


class _Yaml:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[Path, int] = {}
        self.nodes = 0

    def document(self) -> Document:
        try:
            # the only way to the bindings' event parser that the stubs know; it constructs nothing
            self.loader = yaml.CSafeLoader(self.text)
            self.next()  # the stream begins
            if isinstance(self.next(), yaml.StreamEndEvent):
                return Document(None)
            value = self.value(self.next(), ())
            self.next()  # the document ends
            if not isinstance(last := self.next(), yaml.StreamEndEvent):
                raise _refused(_place(last), "there is a second document", "one file, one machine")
        except yaml.MarkedYAMLError as error:
            mark: Any = error.problem_mark or error.context_mark
            place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise _refused(place, f"it is not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, ValueError) as error:
            raise _refused("", f"it can't be read as YAML: {error}") from None
        return Document(value, self.lines)

    def next(self) -> Any:
        return self.loader.get_event()

    def value(self, event: Any, path: Path) -> Any:
        self.nodes += 1
        if self.nodes > NODE_LIMIT or len(path) > DEPTH_LIMIT:
            raise _too_much(self.nodes, len(path), event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _refused(
                _place(event), "it uses an anchor or an alias", "write the value out at each place"
            )
        if event.tag and event.tag != "!":
            raise _refused(_place(event), f"it uses the tag {event.tag}", "leave it out")
        self.lines[path] = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := self.next(), yaml.SequenceEndEvent):
                items.append(self.value(item, (*path, len(items))))
            return items
        found: dict[str, Any] = {}
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise _refused(_place(key), "a key is not a word", "keys are words")
            name, mark = key.value, _mark(key)
            if key.anchor or (key.tag and key.tag != "!"):
                raise _refused(_place(key), f"the key {name!r} has an anchor or a tag")
            if name in found:
                raise _refused(_place(key), f"the key {name!r} stands twice", "drop one of the two")
            found[name] = self.value(self.next(), (*path, name))
            self.lines[(*path, name)] = mark.line + 1
        return found


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0] or event.style not in (None, ""):
        return text
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    return text


def _mark(event: Any) -> Any:
    """Where it begins; events of documents that are parsed always have one."""
    return event.start_mark


def _place(event: Any) -> str:
    mark = _mark(event)
    return f"line {mark.line + 1}, column {mark.column + 1}"
