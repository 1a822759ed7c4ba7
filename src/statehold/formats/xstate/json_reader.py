"""An XState document as JSON of a bounded size and depth, with each key of an object once."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from statehold.formats.notation import DOCUMENT_LIMIT
from statehold.formats.xstate.findings import Findings, below, kind_of, shorten

#: levels of JSON; a state takes two of them
DEPTH_LIMIT = 200
#: objects and arrays of one document
VALUE_LIMIT = 100_000
#: JavaScript's array indices, which come before an object's other keys, in numerical order
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


def read_json(raw: bytes | str | Mapping[str, Any], findings: Findings) -> dict[str, Any]:
    """The document; raises ``DefinitionError``. A mapping is checked like a text."""
    if isinstance(raw, Mapping):
        try:
            raw = msgspec.json.encode(raw)
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            _refuse(findings, f"it can't be written as JSON: {error}")
    if isinstance(raw, str):
        try:
            raw = raw.encode()
        except UnicodeEncodeError as error:
            _refuse(findings, f"it is not text: {error}")
    if len(raw) > DOCUMENT_LIMIT:
        hint = "split the machine into several"
        _refuse(findings, f"it has {len(raw)} bytes; the limit is {DOCUMENT_LIMIT}", hint)
    try:
        # strict where Python's own reader is not: surrogates, NaN
        msgspec.json.decode(raw)
        tree = json.loads(
            raw.decode(), object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction
        )
    except RecursionError:
        _refuse(findings, "it is nested too deeply", f"the limit is {DEPTH_LIMIT} levels")
    except (ValueError, msgspec.DecodeError) as error:
        _refuse(findings, f"it is not JSON: {str(error)[:200]}")
    if isinstance(tree, dict | list):
        _walk(tree, findings)
    if not isinstance(tree, dict):
        findings.complain("", f"it is {kind_of(tree)}", "an XState machine is an object")
    findings.raise_if_any("xstate")
    assert isinstance(tree, dict)
    return tree


def members(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """As JavaScript goes through an object: keys that are array indices first, by their number."""
    keys = [key for key in value if _INDEX.fullmatch(key)]
    if keys:
        yield from ((key, value[key]) for key in sorted(keys, key=int))
        yield from ((key, of) for key, of in value.items() if not _INDEX.fullmatch(key))
    else:
        yield from value.items()


def canonical(value: Any) -> str:
    """JSON with sorted keys, so that equal values have equal text."""
    return msgspec.json.encode(value, order="sorted").decode()


class _Repeated(dict[str, Any]):
    """An object some of whose keys stood in it more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counted = Counter(key for key, _ in pairs)
        self.repeated = [key for key, count in counted.items() if count > 1]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Repeated(pairs)


def _whole(text: str) -> int | float:
    # what is larger can't be stored, and JavaScript has no such whole numbers
    number = int(text) if len(text) < 20 else float(text)
    if isinstance(number, int) and abs(number) >= 2**63:
        number = float(text)
    return number if isinstance(number, int) else _fraction(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {shorten(text)} is out of range")
    return number


#: a place: the one above it, and the key; converted to a pointer only when it is reported
_Way = tuple[Any, str | int] | None


def _walk(tree: Any, findings: Findings) -> None:
    waiting: list[tuple[Any, _Way, int]] = [(tree, None, 1)]
    seen = 0
    while waiting:
        value, way, depth = waiting.pop()
        seen += 1
        if depth > DEPTH_LIMIT:
            place = shorten(_pointer(way))
            hint = "split the machine into several"
            findings.complain(place, f"it is nested deeper than {DEPTH_LIMIT} levels", hint)
            findings.refuse("xstate")
        if seen > VALUE_LIMIT:
            _refuse(findings, f"it has more than {VALUE_LIMIT} objects and arrays", "split it")
        if isinstance(value, _Repeated):
            for key in value.repeated:
                place = below(_pointer(way), key)
                findings.complain(place, "the key stands here twice", "keep one of them")
        held: Iterable[tuple[str | int, Any]] = (
            value.items() if isinstance(value, dict) else enumerate(value)
        )
        for step, inner in held:
            if isinstance(inner, dict | list):
                waiting.append((inner, (way, step), depth + 1))


def _pointer(way: _Way) -> str:
    keys: list[str | int] = []
    while way is not None:
        way, key = way
        keys.append(key)
    place = ""
    for part in reversed(keys):
        place = below(place, part)
    return place


def _refuse(findings: Findings, message: str, hint: str = "") -> NoReturn:
    findings.complain("the document", message, hint)
    findings.refuse("xstate")
