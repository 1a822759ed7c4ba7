"""Sample values of a JSON Schema: few, small, and the same each time.

They are used where the caller gives no values. A value may violate what a schema demands beyond
its types, such as a pattern: the caller checks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice, zip_longest
from typing import Any

#: values of one schema
SAMPLE_LIMIT = 8
#: schemas within each other; deeper ones have no values
DEPTH_LIMIT = 8

_FORMATS = {
    "date-time": "2026-01-01T12:00:00Z",
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "duration": "PT10M",
    "email": "ann@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000001",
}


def sample_values(schema: Mapping[str, Any]) -> list[Any]:
    """Up to ``SAMPLE_LIMIT`` values, the most typical first; none where none is known."""
    return list(islice(_values(schema, schema.get("$defs", {}), 0), SAMPLE_LIMIT))


def _values(schema: Any, known: Mapping[str, Any], depth: int) -> Iterator[Any]:
    if not isinstance(schema, Mapping) or depth > DEPTH_LIMIT:
        return
    if "$ref" in schema:
        yield from _values(known.get(str(schema["$ref"]).rpartition("/")[2]), known, depth + 1)
    elif "const" in schema:
        yield schema["const"]
    elif "enum" in schema:
        yield from schema["enum"]
    elif choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        # the first of each before the second of any
        columns = zip_longest(
            *(islice(_values(one, known, depth + 1), SAMPLE_LIMIT) for one in choices),
            fillvalue=_NOTHING,
        )
        yield from (value for value in chain(*columns) if value is not _NOTHING)
    else:
        yield from chain(schema.get("examples", ()), _of_type(schema, known, depth))


def _of_type(schema: Mapping[str, Any], known: Mapping[str, Any], depth: int) -> Iterator[Any]:
    kind = schema.get("type", "object" if "properties" in schema else None)
    if kind == "object":
        yield from _objects(schema, known, depth)
    elif kind == "array":
        item = next(_values(schema.get("items", {"type": "string"}), known, depth + 1), None)
        least = min(int(schema.get("minItems", 0)), 100)
        yield [item] * max(least, 0 if item is None else 1)
        if least == 0:
            yield []
    elif kind == "string":
        least = min(int(schema.get("minLength", 0)), 10_000)
        yield _FORMATS.get(schema.get("format", ""), "a" * max(least, 1))
    elif kind in ("integer", "number"):
        yield from _numbers(schema)
    elif kind == "boolean":
        yield from (True, False)
    elif kind == "null" or kind is None:
        yield None


def _objects(schema: Mapping[str, Any], known: Mapping[str, Any], depth: int) -> Iterator[Any]:
    """An object with the required fields; then others, which differ from it in one field."""
    fields = schema.get("properties", {})
    needed = set(schema.get("required", ()))
    base: dict[str, Any] = {}
    further: dict[str, list[Any]] = {}
    for name, field in fields.items():
        values = list(islice(_values(field, known, depth + 1), SAMPLE_LIMIT))
        if name in needed:
            if not values:
                return
            base[name] = values.pop(0)
        further[name] = values
    yield base
    for name, values in further.items():
        yield from ({**base, name: value} for value in values)


def _numbers(schema: Mapping[str, Any]) -> Iterator[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    low_out, high_out = "exclusiveMinimum" in schema, "exclusiveMaximum" in schema
    if low is not None:
        yield low + 1 if low_out else low
    if high is not None:
        yield high - 1 if high_out else high
    if low is None and high is None:
        yield from (1, 0, 1_000)


_NOTHING: Any = object()
