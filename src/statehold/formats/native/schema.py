"""The JSON Schema of the native notation, for editors and for programs that write machines."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from statehold.formats.native.model import TRIGGERS, MachineSpec


def json_schema() -> dict[str, Any]:
    """Made from the model. What a name refers to, and what an expression gives, it leaves open."""
    made = MachineSpec.model_json_schema(schema_generator=_Generator)
    machine: dict[str, Any] = {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": "urn:statehold:native:1",
        "title": "A machine in Statehold's native notation",
        **made,
        "required": ["statehold", "name", "states"],
    }
    machine["properties"]["states"]["minProperties"] = 1
    parts = machine["$defs"]
    for part in parts.values():
        part.pop("title", None)
    parts["TransitionSpec"]["oneOf"] = [{"required": [trigger]} for trigger in TRIGGERS]
    parts["InvokeSpec"]["oneOf"] = [{"required": ["effect"]}, {"required": ["machine"]}]
    parts["InputSpec"]["oneOf"] = [{"required": ["set"]}, {"required": ["function"]}]
    parts["GuardSpec"]["oneOf"] = [{"required": ["in"]}, {"required": ["function"]}]
    return machine


class _Generator(GenerateJsonSchema):
    """Without titles, which repeat the names of keys, and without defaults that say nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tagged_union_schema(self, schema: Any) -> dict[str, Any]:
        # by their keys alone, a mapping of CEL and an offered function are the same
        made = super().tagged_union_schema(schema)
        return {"anyOf" if key == "oneOf" else key: value for key, value in made.items()}

    def default_schema(self, schema: Any) -> dict[str, Any]:
        made = super().default_schema(schema)
        if made.get("default") in (None, "", {}, []) or made.get("default") is False:
            made.pop("default", None)
        return made
