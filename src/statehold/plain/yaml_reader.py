"""YAML as another spelling of JSON, read from the parser's events. Needs PyYAML."""

from __future__ import annotations

import re
from typing import Any

import yaml

from statehold.plain.values import (
    DEPTH_LIMIT,
    NODE_LIMIT,
    ParsedDocument,
    Path,
    TextRefused,
    number_of,
    too_much,
)

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
INTEGER = re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,4})?")


def read_yaml(text: str) -> ParsedDocument:
    """Raises ``TextRefused``."""
    return _YamlReader(text).document()


class _YamlReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: dict[Path, int] = {}
        self.nodes = 0

    def document(self) -> ParsedDocument:
        try:
            # the only way to the bindings' event parser that the stubs know; it constructs nothing
            self.loader = yaml.CSafeLoader(self.text)
            self.next()  # the stream begins
            if isinstance(self.next(), yaml.StreamEndEvent):
                return ParsedDocument(None)
            value = self.value(self.next(), ())
            self.next()  # the document ends
            if not isinstance(last := self.next(), yaml.StreamEndEvent):
                raise TextRefused(
                    _place(last), "there is a second document", "one file, one machine"
                )
        except yaml.MarkedYAMLError as error:
            mark: Any = error.problem_mark or error.context_mark
            place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise TextRefused(place, f"it is not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, ValueError) as error:
            raise TextRefused("", f"it can't be read as YAML: {error}") from None
        return ParsedDocument(value, self.lines)

    def next(self) -> Any:
        return self.loader.get_event()

    def value(self, event: Any, path: Path) -> Any:
        self.nodes += 1
        if self.nodes > NODE_LIMIT or len(path) > DEPTH_LIMIT:
            raise too_much(self.nodes, len(path), event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise TextRefused(
                _place(event), "it uses an anchor or an alias", "write the value out at each place"
            )
        if event.tag and event.tag != "!":
            raise TextRefused(_place(event), f"it uses the tag {event.tag}", "leave it out")
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
                raise TextRefused(_place(key), "a key is not a word", "keys are words")
            name, mark = key.value, _mark(key)
            if key.anchor or (key.tag and key.tag != "!"):
                raise TextRefused(_place(key), f"the key {name!r} has an anchor or a tag")
            if name in found:
                raise TextRefused(
                    _place(key), f"the key {name!r} stands twice", "drop one of the two"
                )
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
        try:
            return number_of(text)
        except ValueError as error:
            raise TextRefused(_place(event), str(error)) from None
    return text


def _mark(event: Any) -> Any:
    """Where it begins; events of documents that are parsed always have one."""
    return event.start_mark


def _place(event: Any) -> str:
    mark = _mark(event)
    return f"line {mark.line + 1}, column {mark.column + 1}"
