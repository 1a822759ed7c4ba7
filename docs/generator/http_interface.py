"""Every route, from the server's own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generator.markdown import code, prose, sentence, table
from statehold.engine import Engine
from statehold.server import create_app
from statehold.stores import MemoryStore

_HEADINGS = {
    "events": "Events",
    "instances": "Instances",
    "machines": "Machines",
    "incidents": "Incidents",
    "caller": "The caller",
    "health": "Health",
}


def document() -> Mapping[str, Any]:
    """What a server answers at ``/api/openapi.json``."""
    found: Mapping[str, Any] = create_app(lambda: Engine(MemoryStore(), [])).openapi()
    return found


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of each route."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def page() -> str:
    """All routes by what they are about, then the objects that they answer with."""
    found = list(operations())
    tags = {operation.get("tags", ["health"])[0] for _, _, operation in found}
    parts = []
    for tag in sorted(tags, key=lambda tag: [*_HEADINGS, tag].index(tag)):
        parts.append(f"## {_HEADINGS.get(tag, tag.capitalize())}\n")
        parts += [
            _operation(method, path, operation)
            for method, path, operation in found
            if operation.get("tags", ["health"])[0] == tag
        ]
    parts.append("## Objects\n")
    parts += [_object(name, schema) for name, schema in sorted(_schemas().items())]
    return "\n".join(parts)


def _schemas() -> Mapping[str, Any]:
    # FastAPI's own answer to a request that does not fit is never given: it becomes a problem
    mine: Mapping[str, Any] = {
        name: schema
        for name, schema in document()["components"]["schemas"].items()
        if name not in ("HTTPValidationError", "ValidationError")
    }
    return mine


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [f"### {method} {path}\n", sentence(operation.get("summary", "")) + "\n"]
    if operation.get("description"):
        parts.append(prose(operation["description"]) + "\n")
    parameters = [
        [
            code(one["name"]),
            one["in"],
            _type(one["schema"]),
            sentence(one.get("description") or one["schema"].get("description", "")),
        ]
        for one in operation.get("parameters", [])
        # of every route below /api, and described once
        if not one["name"].startswith(("Statehold-Caller", "Statehold-Roles"))
    ]
    if parameters:
        parts.append(table(["parameter", "in", "type", "meaning"], parameters))
    parts.append(_body(operation.get("requestBody")))
    answers = [
        [code(status), _answer(answer)]
        for status, answer in sorted(operation.get("responses", {}).items())
        if int(status) < 400
    ]
    problems = ", ".join(
        code(status) for status in sorted(operation.get("responses", {})) if int(status) >= 400
    )
    if problems:
        answers.append([problems, "A [problem](problems.md)."])
    parts.append(table(["status", "answer"], answers))
    return "\n".join(part for part in parts if part)


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    (first, *_) = body["content"].values()
    schema = first["schema"]
    needed = "" if body.get("required") else " (may be left out)"
    lines = [f"Body{needed}: {', '.join(map(code, body['content']))}\n"]
    if "items" in schema:
        schema = schema["items"]
        lines.append("A list of objects:\n")
    if "properties" in schema:
        lines.append(_members(schema["properties"], schema.get("required", ())))
    if "example" in first:
        lines.append(f"```json\n{json.dumps(first['example'])}\n```\n")
    return "\n".join(lines)


def _answer(answer: Mapping[str, Any]) -> str:
    shapes = [
        _type(content.get("schema", {})) if media == "application/json" else code(media)
        for media, content in answer.get("content", {}).items()
    ]
    headers = "".join(f", header {code(name)}" for name in answer.get("headers", {}))
    shape = " or ".join(filter(None, shapes))
    return sentence(f"{answer['description']}{': ' if shape else ''}{shape}{headers}")


def _object(name: str, schema: Mapping[str, Any]) -> str:
    said = prose(schema.get("description", ""))
    properties = schema.get("properties", {})
    members = _members(properties, schema.get("required", ())) if properties else ""
    return "\n".join(filter(None, [f"### {name}\n", said + "\n" if said else "", members]))


def _members(properties: Mapping[str, Any], required: Any) -> str:
    return table(
        ["member", "type", "meaning"],
        (
            [
                code(name) + ("" if name in required else " ?"),
                _type(schema),
                sentence(prose(schema.get("description", ""))),
            ]
            for name, schema in properties.items()
        ),
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words; objects of the document are linked."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(code(json.dumps(one)) for one in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[union]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    inner = schema.get("additionalProperties")
    if kind == "object" and isinstance(inner, Mapping) and inner:
        return f"object of {_type(inner)}"
    return " or ".join(kind) if isinstance(kind, list) else str(schema.get("format", kind))
