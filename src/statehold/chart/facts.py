"""Judges, once for each type, whether its values survive being written as JSON and read back.

A type is read from the schema that pydantic made of it. A part is *proven* if every value that can
be written is read back equal (text, integers, booleans, and containers of these): only the classes
of containers and models are compared there. Every other part is *checked*: the value that was read
back is compared with the one that was written. A part whose type alone shows a loss is a *problem*,
and the class is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from statehold.chart.comparing import (
    LEAVES,
    container,
    mapping,
    moment_leaf,
    nullable,
    record,
    value_of_member,
)
from statehold.chart.difference import Comparer, Difference, difference


class Facts:
    """What the schema of a type says of its way through JSON.

    ``is_proven``: what can be written is read back equal; ``compare`` looks at its class at most,
    and is None where it has nothing to look at. ``problems`` are fields that can't come back, by
    their places, each with why and a hint. ``by_alias``: aliases lead in and out alike, so that
    they are the names of the written form; otherwise those of the fields are. ``is_flat``: a proven
    model whose fields have no parts and no bounds, so that whatever can be written of one that has
    all its fields can be read, too, numbers of many digits apart. ``computed``: there
    are computed fields, which are shown and not stored. ``any_json``: a setting may write what is
    no JSON.
    """

    def __init__(self, schema: Any) -> None:
        self.problems: dict[str, tuple[str, str]] = {}
        self.by_alias = True
        self.computed = False
        self.any_json = False
        #: no setting changes how moments are written
        self._is_usual = True
        self._definitions: dict[str, Any] = {}
        #: comparers of shared parts by their names; absent while one is being built
        self._shared: dict[str, Comparer | None] = {}
        self._pending: set[str] = set()
        #: comparers of records that check the class alone
        self._bare: set[Comparer] = set()
        self._look(schema, (), set())
        self.compare = self._of(schema, False)
        self.is_proven = self.compare is None or self.compare in self._bare
        self.is_flat = self.is_proven and _is_flat(schema)

    # --- what it has ---

    def _look(self, schema: Any, place: tuple[str, ...], seen: set[str]) -> None:
        """Notes problems, aliases and computed fields, of every part once."""
        if isinstance(schema, list | tuple):
            for one in schema:
                self._look(one, place, seen)
            return
        if not isinstance(schema, dict):
            return
        for one in schema.get("definitions", ()) if schema.get("type") == "definitions" else ():
            self._definitions[one["ref"]] = one
        if schema.get("type") == "definition-ref":
            ref = schema["schema_ref"]
            if ref not in seen:
                seen.add(ref)
                self._look(self._definitions.get(ref), place, seen)
            return
        config = schema.get("config", {})
        self.any_json |= config.get("ser_json_inf_nan") == "constants"
        self._is_usual &= not any(name.startswith(("ser_json", "val_")) for name in config)
        self.computed |= bool(schema.get("computed_fields"))
        written = schema.get("serialization", {}).get("function")
        if written is not None:
            if not getattr(written, "__module__", "").startswith("pydantic."):
                # what a function of the user's writes is compared when it was read back
                return
            if "secret" in getattr(written, "__name__", ""):
                self._complain(
                    place,
                    "is a secret, which is written as asterisks",
                    "keep it elsewhere and its name here, or give it a serializer that writes it: "
                    'PlainSerializer(lambda s: s.get_secret_value(), when_used="json")',
                )
                return
        if schema.get("type") in _RECORDS and "fields" in schema:
            self._look_at_fields(schema["fields"], place, seen)
        for key in _PARTS & schema.keys():
            part = schema[key]
            self._look(
                list(part.values()) if key == "choices" and isinstance(part, dict) else part,
                place,
                seen,
            )

    def _look_at_fields(self, fields: Any, place: tuple[str, ...], seen: set[str]) -> None:
        taken: set[str] = set()
        for name, field in _fields_of(fields):
            at = (*place, name)
            if field.get("serialization_exclude"):
                self._complain(
                    at,
                    "is left out of what is stored by exclude=True",
                    "take that away; what replies show is chosen by the machine's view",
                )
            if field.get("init_only") and not _has_default(field["schema"]):
                self._complain(
                    at,
                    "is an InitVar: it is not stored, and nothing can be read back without it",
                    "make it a field, or give it a default",
                )
            written = field.get("serialization_alias", name)
            if written in taken or written not in _read_from(name, field):
                self.by_alias = False
            taken.add(written)
            self._look(field["schema"], at, seen)

    def _complain(self, place: tuple[str, ...], why: str, hint: str) -> None:
        self.problems.setdefault(".".join(place), (why, hint))

    # --- how it is compared ---

    def _of(self, schema: Mapping[str, Any], strips: bool) -> Comparer | None:
        """``strips``: a setting of the model around it changes text that is read."""
        kind = schema["type"]
        if kind == "function-after" and _gives_values(schema):
            return value_of_member
        if "serialization" in schema:
            return difference
        if kind in ("int", "bool", "none", "uuid"):
            return None
        if kind == "str":
            changed = strips or any(schema.get(name) for name in _TEXT_CHANGES)
            return difference if changed else None
        if kind in LEAVES:
            if kind in ("datetime", "time"):
                return moment_leaf if self._is_usual else difference
            return LEAVES[kind]
        if kind in ("definitions", "default"):
            return self._of(schema["schema"], strips)
        if kind == "definition-ref":
            return self._reference(schema["schema_ref"], strips)
        if kind == "nullable":
            return nullable(self._of(schema["schema"], strips))
        if kind == "list":
            return container(list, self._item(schema.get("items_schema"), strips))
        if kind in ("set", "frozenset"):
            proven = self._item(schema.get("items_schema"), strips) is None
            return container(set if kind == "set" else frozenset, None) if proven else difference
        if kind == "dict":
            return mapping(self._item(schema.get("values_schema"), strips))
        if kind == "model":
            return self._model(schema)
        if kind == "dataclass":
            return self._dataclass(schema)
        return difference

    def _item(self, schema: Mapping[str, Any] | None, strips: bool) -> Comparer | None:
        return difference if schema is None else self._of(schema, strips)

    def _reference(self, ref: str, strips: bool) -> Comparer | None:
        if ref in self._pending:
            # it is part of itself
            return lambda x, y: self._below(ref, x, y)
        if ref not in self._shared:
            self._pending.add(ref)
            self._shared[ref] = self._of(self._definitions[ref], strips)
            self._pending.discard(ref)
        return self._shared[ref]

    def _below(self, ref: str, x: Any, y: Any) -> Difference | None:
        compare = self._shared[ref]
        return None if compare is None else compare(x, y)

    def _model(self, schema: Mapping[str, Any]) -> Comparer:
        cls, inner = schema["cls"], schema["schema"]
        while inner["type"] == "definitions":
            inner = inner["schema"]
        config = schema.get("config", {})
        whole = (
            inner["type"] != "model-fields"
            or schema.get("custom_init")
            or schema.get("post_init")
            or getattr(cls, "__private_attributes__", None)
            or cls.model_config.get("extra") == "allow"
        )
        if whole:
            return difference
        return self._record(cls, inner["fields"], config)

    def _dataclass(self, schema: Mapping[str, Any]) -> Comparer:
        cls, inner = schema["cls"], schema["schema"]
        if (
            inner["type"] != "dataclass-args"
            or schema.get("post_init")
            or any(f.get("init") is False or f.get("init_only") for f in inner["fields"])
        ):
            return difference
        return self._record(cls, inner["fields"], schema.get("config", {}))

    def _record(self, cls: type, fields: Any, config: Mapping[str, Any]) -> Comparer:
        checked = self._fields(fields, _strips(config))
        compare = record(cls, checked)
        if not checked:
            self._bare.add(compare)
        return compare

    def _fields(self, fields: Any, strips: bool) -> tuple[tuple[str, Comparer], ...]:
        found = []
        for name, field in _fields_of(fields):
            special = any(key.startswith("serialization_exclude") for key in field)
            compare = difference if special else self._of(field["schema"], strips)
            if compare is not None:
                found.append((name, compare))
        return tuple(found)


#: schemas whose ``fields`` have names
_RECORDS = frozenset({"model-fields", "dataclass-args", "typed-dict", "named-tuple"})
#: where a schema has schemas
_PARTS = frozenset(
    {
        "schema", "items_schema", "keys_schema", "values_schema", "choices",
        "steps", "lax_schema", "strict_schema", "json_schema", "python_schema", "extras_schema",
        "arguments_schema",
    }
)  # fmt: skip
_TEXT_CHANGES = ("strip_whitespace", "to_lower", "to_upper")


#: kinds of values without parts, of which all that can be written can be read
_FLAT = frozenset({"int", "bool", "none", "str", "uuid"})
#: what a schema of such a kind has where every value is welcome
_UNBOUNDED = frozenset({"type", "metadata"})


def _is_flat(schema: Mapping[str, Any]) -> bool:
    if schema["type"] != "model" or schema["schema"]["type"] != "model-fields":
        return False
    for _, field in _fields_of(schema["schema"]["fields"]):
        part = field["schema"]
        while part["type"] in ("default", "nullable"):
            part = part["schema"]
        if part["type"] not in _FLAT or not part.keys() <= _UNBOUNDED:
            return False
    return not any(name.startswith("str_") for name in schema.get("config", {}))


def _fields_of(fields: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and schemas, whether they stand in a mapping or in a list."""
    if isinstance(fields, Mapping):
        yield from fields.items()
    else:
        for field in fields:
            yield field["name"], field


def _has_default(schema: Mapping[str, Any]) -> bool:
    return bool(schema["type"] == "default")


def _read_from(name: str, field: Mapping[str, Any]) -> Sequence[str]:
    """The names of a member that the field is read from."""
    alias = field.get("validation_alias")
    if alias is None:
        return (name,)
    if isinstance(alias, str):
        return (alias,)
    paths = [alias] if alias and not isinstance(alias[0], list | tuple) else alias
    return [path[0] for path in paths if len(path) == 1 and isinstance(path[0], str)]


def _strips(config: Mapping[str, Any]) -> bool:
    return any(config.get(f"str_{name}") for name in _TEXT_CHANGES)


def _gives_values(schema: Mapping[str, Any]) -> bool:
    """An enum in a model with ``use_enum_values``."""
    reads: Any = schema["function"]["function"]
    return isinstance(reads, operator.attrgetter) and schema["schema"]["type"] == "enum"
