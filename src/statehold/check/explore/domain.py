"""The values of a type, from its JSON Schema: all of them, or some of them.

Booleans, enumerations, constants, null and short ranges of whole numbers are complete, and so are
types made of these. Of other types the ends of the range are tried, or one plain value, and
``left_out`` says what was not tried.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

#: values of one event, or of one result
VALUE_LIMIT = 64
#: whole numbers between two bounds that are all tried
RANGE_LIMIT = 16
#: types within types; a type that contains itself ends here
DEPTH_LIMIT = 8


class Domain(Struct, frozen=True):
    """``values`` are plain JSON values; ``left_out`` says, a line each, what was not tried."""

    values: tuple[Any, ...]
    left_out: tuple[str, ...] = ()


def domain_of(
    schema: Mapping[str, Any], place: str, given: Mapping[str, Sequence[Any]] | None = None
) -> Domain:
    """The values of a JSON Schema; ``place`` is its name in ``left_out``.

    ``given`` has the values to try instead, by place, such as ``"Accept.prep_minutes"``.
    """
    enumeration = _Enumeration(schema, given or {})
    values = _some(_distinct(enumeration.values(schema, place, 0)))
    if len(values) > VALUE_LIMIT:
        values = values[:VALUE_LIMIT]
        enumeration.left_out[place] = f"only the first {VALUE_LIMIT} values"
    return Domain(
        tuple(values), tuple(f"{place}: {why}" for place, why in enumeration.left_out.items())
    )


def sample_of(schema: Mapping[str, Any]) -> Any:
    """The smallest plain value that the schema allows; None: none was found."""
    found = _Enumeration(schema, {}, least=True).values(schema, "", 0)
    return next(iter(found), None)


def _some(values: Iterator[Any]) -> list[Any]:
    return list(itertools.islice(values, VALUE_LIMIT + 1))


def _distinct(values: Sequence[Any]) -> Iterator[Any]:
    seen: set[str] = set()
    for value in values:
        # 1 and True are equal, but are different values
        if repr(value) not in seen:
            seen.add(repr(value))
            yield value


class _Enumeration:
    def __init__(
        self, root: Mapping[str, Any], given: Mapping[str, Sequence[Any]], *, least: bool = False
    ) -> None:
        self.root = root
        self.given = given
        #: optional fields are left out
        self.least = least
        self.left_out: dict[str, str] = {}

    def values(self, schema: Mapping[str, Any], place: str, depth: int) -> list[Any]:
        if place in self.given:
            self.left_out[place] = f"only the {len(self.given[place])} values given"
            return list(self.given[place])
        if depth > DEPTH_LIMIT:
            self.left_out[place] = "nests too deep"
            return []
        if "$ref" in schema:
            return self.values(self._resolved(schema["$ref"]), place, depth + 1)
        if "const" in schema:
            return [schema["const"]]
        if "enum" in schema:
            return list(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return [v for one in schema[word] for v in self.values(one, place, depth + 1)]
        if len(schema.get("allOf", ())) == 1:
            return self.values(schema["allOf"][0], place, depth + 1)
        kind = schema.get("type")
        if isinstance(kind, list):
            return [
                v for one in kind for v in self.values({**schema, "type": one}, place, depth + 1)
            ]
        match kind:
            case "null":
                return [None]
            case "boolean":
                return [False, True]
            case "integer" | "number":
                return self._numbers(schema, place, whole=kind == "integer")
            case "string":
                return self._strings(schema, place)
            case "array":
                return self._arrays(schema, place, depth)
            case "object":
                return self._objects(schema, place, depth)
        self.left_out[place] = "any value; only null was tried"
        return [None]

    def _resolved(self, ref: str) -> Mapping[str, Any]:
        found: Any = self.root
        for part in ref.removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        return found if isinstance(found, Mapping) else {}

    def _numbers(self, schema: Mapping[str, Any], place: str, *, whole: bool) -> list[Any]:
        low, high = _bounds(schema, whole)
        if whole and low is not None and high is not None and high - low < RANGE_LIMIT:
            return list(range(int(low), int(high) + 1))
        ends: list[float] = (
            [low, high]
            if low is not None and high is not None
            else [low, low + 1]
            if low is not None
            else [high - 1, high]
            if high is not None
            else [0, 1]
        )
        step = schema.get("multipleOf")
        if step:
            ends = [math.ceil(ends[0] / step) * step, math.floor(ends[1] / step) * step]
        found = list(dict.fromkeys(int(end) if whole else float(end) for end in ends))
        self._tried(place, "a number", found)
        return found

    def _strings(self, schema: Mapping[str, Any], place: str) -> list[Any]:
        least = max(int(schema.get("minLength", 0)), 1)
        form = schema.get("format")
        found = [_BY_FORMAT[form]] if form in _BY_FORMAT else ["a" * least]
        pattern = schema.get("pattern")
        if pattern is not None:
            known = [one * least for one in ("a", "A", "0", "1", "-", ".")]
            found = [one for one in (*known, "a0", "A0", "a-0") if _fits(pattern, one)][:1]
        self._tried(place, "a text", found)
        return found

    def _arrays(self, schema: Mapping[str, Any], place: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        if "prefixItems" in schema:
            parts = [
                self.values(part, f"{place}.{number}", depth + 1)
                for number, part in enumerate(schema["prefixItems"])
            ]
            return [list(one) for one in _some(itertools.product(*parts))]
        items = self.values(schema.get("items", {}), f"{place}[]", depth + 1)
        unique = bool(schema.get("uniqueItems"))
        found: list[list[Any]] = [] if least else [[]]
        if items and schema.get("maxItems", 1) > 0 and not (self.least and found):
            fill = items[: max(least, 1)] if unique else [items[0]] * max(least, 1)
            found.append(fill)
        self._tried(place, "a list", found)
        return found

    def _objects(self, schema: Mapping[str, Any], place: str, depth: int) -> list[Any]:
        fields = schema.get("properties", {})
        needed = set(schema.get("required", ()))
        if not fields and schema.get("additionalProperties", True) is not False:
            # a class without fields has a title; a mapping has none
            if "title" not in schema or "additionalProperties" in schema:
                self._tried(place, "a mapping", [{}])
            return [{}]
        names, choices = [], []
        for name, field in fields.items():
            if name not in needed and self.least:
                continue
            values = self.values(field, f"{place}.{name}" if place else name, depth + 1)
            absent = [] if name in needed or field.get("default", _ABSENT) in values else [_ABSENT]
            names.append(name)
            choices.append([*absent, *values])
        return [
            {name: v for name, v in zip(names, one, strict=True) if v is not _ABSENT}
            for one in _some(itertools.product(*choices))
        ]

    def _tried(self, place: str, what: str, values: Sequence[Any]) -> None:
        tried = " and ".join(map(repr, values)) or "none"
        self.left_out[place] = f"{what}; only {tried} {'were' if len(values) > 1 else 'was'} tried"


_ABSENT: Any = object()

_BY_FORMAT = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T12:00:00Z",
    "duration": "PT1M",
    "email": "a@example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def _bounds(schema: Mapping[str, Any], whole: bool) -> tuple[float | None, float | None]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    least, most = above if low is None else low, below if high is None else high
    room = 1.0
    if not whole and least is not None and most is not None:
        # a step into an open end must not lead out of the other
        room = min(1.0, (most - least) / 2)
    if above is not None:
        low = above + room if low is None else max(low, above + room)
    if below is not None:
        high = below - room if high is None else min(high, below - room)
    if whole:
        low = None if low is None else math.ceil(low)
        high = None if high is None else math.floor(high)
    return low, high


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        # a pattern that Python's engine can't read
        return False
