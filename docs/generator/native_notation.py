"""Every key of machines as data, from the notation's JSON Schema."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
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
    if not isinstance(schema, Mapping):
        return "anything" if schema else "nothing"
    if "$ref" in schema:
        name = _heading(schema["$ref"].rpartition("/")[2])
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(code(json.dumps(one)) for one in schema["enum"])
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            word = " and " if union == "allOf" else " or "
            return word.join(dict.fromkeys(_type(one) for one in schema[union]))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', True))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"names to {_type(schema['additionalProperties'])}"
    if kind == "object" and "properties" in schema:
        return "object with " + ", ".join(map(code, schema["properties"]))
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{words} like {code(schema['pattern'])}" if "pattern" in schema else words
