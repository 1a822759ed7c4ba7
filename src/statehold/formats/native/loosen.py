"""Reduces a JSON Schema of pydantic's to the keywords of the native notation.

References are written out. Where the notation has no keyword the schema becomes less strict, and
the keyword is reported.
"""

from __future__ import annotations

from typing import Any

#: levels that are written out; recursive types end there
DEPTH_LIMIT = 12

_KEPT = frozenset(
    {"type", "properties", "required", "items", "minItems", "maxItems", "minLength", "maxLength"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum", "const"}
    | {"additionalProperties", "description", "default"}
)
_FORMATS = frozenset({"date-time", "date", "uuid"})


def loosened(schema: dict[str, Any], place: str, left_out: list[str]) -> dict[str, Any]:
    """Adds what has no keyword to ``left_out``."""
    return _Loosening(schema.get("$defs", {}), left_out).read(schema, place, 0)


class _Loosening:
    def __init__(self, definitions: dict[str, Any], left_out: list[str]) -> None:
        self.definitions = definitions
        self.left_out = left_out

    def read(self, schema: Any, place: str, depth: int) -> dict[str, Any]:
        if not isinstance(schema, dict):
            return {}
        if depth > DEPTH_LIMIT:
            self.left_out.append(f"{place}: deeper levels")
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            inner = self.definitions.get(reference.rpartition("/")[2], {})
            schema = {**inner, **{k: v for k, v in schema.items() if k != "$ref"}}
        choices = schema.get("anyOf")
        if isinstance(choices, list):
            return self._choice(schema, choices, place, depth)
        found: dict[str, Any] = {}
        for word, value in schema.items():
            if word == "properties":
                found[word] = {
                    key: self.read(inner, f"{place}.{key}", depth + 1)
                    for key, inner in value.items()
                }
            elif word == "items":
                found[word] = self.read(value, f"{place}[]", depth + 1)
            elif word == "additionalProperties" and isinstance(value, dict):
                found[word] = self.read(value, f"{place}.*", depth + 1)
            elif word in _KEPT or (word == "format" and value in _FORMATS):
                found[word] = value
            elif word not in ("title", "$defs", "$ref"):
                self.left_out.append(f"{place}: {word}")
        if "enum" in found or "const" in found:
            found.pop("type", None)
        if found.get("type") == "object" and "properties" not in found:
            found.pop("required", None)
        return found

    def _choice(
        self, schema: dict[str, Any], choices: list[Any], place: str, depth: int
    ) -> dict[str, Any]:
        """A type or null becomes a type of two names; any other choice becomes anything."""
        others = [one for one in choices if one != {"type": "null"}]
        rest: dict[str, Any] = {k: schema[k] for k in ("default", "description") if k in schema}
        if len(others) == 1:
            one = self.read(others[0], place, depth + 1)
            if isinstance(one.get("type"), str):
                return {**one, "type": [one["type"], "null"], **rest}
            if "enum" in one:
                return {**one, "enum": [*one["enum"], None], **rest}
            if not one:
                return rest
        self.left_out.append(f"{place}: a choice of types")
        return rest
