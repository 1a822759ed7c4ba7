"""Every key of machines as data, from the notation's JSON Schema."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from docs.generator.markdown import code, prose, sentence, table
from statehold.cli.commands.schema import schema as print_schema


def schema() -> Mapping[str, Any]:
    """What ``statehold schema`` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_schema()
    found: Mapping[str, Any] = json.loads(printed.getvalue())
    return found


def page() -> str:
    """The document's keys, then every definition that the schema has."""
    whole = schema()
    parts = ["## The document\n", _definition(whole)]
    for name, definition in whole["$defs"].items():
        parts += [f"## {_heading(name)}\n", _definition(definition)]
    return "\n".join(parts)


def _heading(definition: str) -> str:
    """``StateSpec`` describes a state."""
    return definition.removesuffix("Spec")


def _definition(schema: Mapping[str, Any]) -> str:
    said = sentence(prose(schema.get("description", "")))
    parts = [said + "\n"] if said else []
    if "properties" in schema:
        parts.append(_keys(schema))
    elif "anyOf" in schema or "oneOf" in schema:
        forms = schema.get("anyOf") or schema["oneOf"]
        parts.append("One of:\n")
        parts += [
            _definition(form) if "properties" in form else f"- {_type(form)}\n" for form in forms
        ]
    else:
        parts.append(_type(schema) + "\n")
    return "\n".join(parts)


def _keys(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    return table(
        ["key", "value", "meaning"],
        (
            [
                code(name) + ("" if name in required else " ?"),
                _type(value),
                sentence(prose(value.get("description", ""))) if isinstance(value, Mapping) else "",
            ]
            for name, value in schema["properties"].items()
        ),
    )


def _type(schema: Any) -> str:
    """A JSON Schema in a few words, without null; definitions are linked."""
    if not isinstance(schema, Mapping):
        return "anything" if schema else "nothing"
    if "$ref" in schema:
        name = _heading(schema["$ref"].rpartition("/")[2])
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(code(json.dumps(one)) for one in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _union(schema[union])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return _union([{**schema, "type": one} for one in kind])
    if kind == "array":
        return f"list of {_type(schema.get('items', True))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"names to {_type(schema['additionalProperties'])}"
    if kind == "object":
        return "mapping"
    if kind == "string" and "pattern" in schema:
        duration = "ms|" in schema["pattern"]
        return "duration, like `10m`" if duration else f"text like {code(schema['pattern'])}"
    return {"string": "text", "boolean": "`true` or `false`"}.get(kind, str(kind))


def _union(forms: Sequence[Any]) -> str:
    found = dict.fromkeys(_type(form) for form in forms)
    found.pop("null", None)
    if {"text", "number", "`true` or `false`"} <= set(found):
        # CEL, of which constants other than text need no quotes
        for plain in ("text", "number", "`true` or `false`"):
            del found[plain]
        found = dict.fromkeys(["expression", *found])
    for one in list(found):
        if f"list of {one}" in found:
            del found[f"list of {one}"]
            found = dict.fromkeys(
                f"{each} or a list of them" if each == one else each for each in found
            )
    return " or ".join(found)
