"""A subset of JSON Schema, and what it becomes: a pydantic type, and a kind of CEL.

Values stay what JSON makes of them: dictionaries, lists, text, numbers. Nothing is converted. What
the subset does not have is refused by name. Two rules are stricter than JSON Schema's: an object
that lists its properties has no others unless ``additionalProperties`` says so, and integers are
those of 64 bits, which expressions reckon with.
"""

from __future__ import annotations

import copy
import math
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal, NotRequired, Optional, Required, Union

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import SchemaError
from typing_extensions import TypedDict

from statehold.chart.complaint import words_of
from statehold.chart.event import Event
from statehold.expression.cel.language import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    Kind,
    list_of,
    map_of,
)
from statehold.formats.native.fields import Typed, TypedField
from statehold.formats.native.reading import Reading, near, shown
from statehold.plain.values import Path

#: levels of one schema, and properties of all that a document has
SCHEMA_DEPTH_LIMIT = 16
PROPERTY_LIMIT = 2_000
#: characters of a ``pattern``
PATTERN_LIMIT = 500
LEAST, MOST = -(2**63), 2**63 - 1

_FOR_PEOPLE = frozenset({"title", "description", "examples", "default"})
_BOUNDS = {
    "minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}  # fmt: skip
_WORDS: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "integer": frozenset(_BOUNDS),
    "number": frozenset(_BOUNDS),
    "boolean": frozenset(),
    "null": frozenset(),
}


class Types:
    """Reads schemas; problems are noted in the reading."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.complain = reading.complain
        self.properties = 0

    def read(self, schema: Any, path: Path, name: str = "Value") -> Typed:
        """A type for anything at all stands in for one that is wrong."""
        if schema is None or schema is True or schema == {}:
            return Typed(JsonValue, DYN, {}, nullable=True)
        if not isinstance(schema, dict):
            self.complain(path, f"it is {shown(schema)}, not a schema", "write {type: string}, say")
            return Typed(JsonValue, DYN, {}, nullable=True)
        if len(path) > SCHEMA_DEPTH_LIMIT * 2:
            self.complain(path, f"it is more than {SCHEMA_DEPTH_LIMIT} levels deep")
            return Typed(JsonValue, DYN, {}, nullable=True)
        if "enum" in schema or "const" in schema:
            return self._choice(schema, path)
        if "type" not in schema:
            self._words(schema, path, frozenset(), "")
            return Typed(JsonValue, DYN, dict(schema), nullable=True)
        return self._of_types(schema, path, name)

    def _of_types(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        given = schema["type"]
        names = given if isinstance(given, list) else [given]
        good = [one for one in names if isinstance(one, str) and one in _WORDS]
        for one in names:
            if one not in good:
                self.complain(
                    (*path, "type"), f"there is no type {shown(one)}", near(str(one), _WORDS)
                )
        known = frozenset().union(*(_WORDS[one] for one in good)) if good else frozenset()
        self._words(schema, path, known, " or ".join(good))
        plain = [one for one in dict.fromkeys(good) if one != "null"]
        nullable = "null" in good
        parts = [getattr(self, f"_{one}")(schema, path, name) for one in plain]
        written = dict(schema)
        for part in parts:
            written.update(part.schema)
        if not parts:
            return Typed(None, NULL, written, nullable=True)
        annotation: Any = Union[tuple(part.annotation for part in parts)]  # noqa: UP007 - made here
        kind = parts[0].kind if len(parts) == 1 else DYN
        fields = parts[0].fields if len(parts) == 1 else None
        if nullable:
            annotation = Optional[annotation]  # noqa: UP045 - made here
            return Typed(annotation, DYN, written, nullable=True)
        return Typed(annotation, kind, written, fields=fields)

    def _words(self, schema: dict[str, Any], path: Path, known: frozenset[str], what: str) -> None:
        for word in schema:
            if word not in known | _FOR_PEOPLE | {"type", "enum", "const"}:
                everything = frozenset().union(*_WORDS.values())
                why = (
                    f"{word!r} says nothing of {what}"
                    if word in everything and what
                    else (f"the keyword {word!r} is not among those that can be used")
                )
                self.complain((*path, word), why, near(word, known | _FOR_PEOPLE | {"type"}))

    # --- one of each ---

    def _choice(self, schema: dict[str, Any], path: Path) -> Typed:
        self._words(schema, path, frozenset(), "a choice")
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        if not isinstance(values, list) or not values or len(values) > 1000:
            self.complain((*path, "enum"), "it is no list of 1 to 1,000 values")
            return Typed(JsonValue, DYN, {}, nullable=True)
        if not all(v is None or isinstance(v, str | int | bool) for v in values):
            self.complain(
                (*path, "enum"), "it has values that are not text, whole numbers, booleans or null"
            )
            return Typed(JsonValue, DYN, {}, nullable=True)
        kinds = {_KIND_OF.get(type(value), DYN) for value in values}
        kind = kinds.pop() if len(kinds) == 1 else DYN
        return Typed(Literal[tuple(values)], kind, dict(schema), nullable=None in values)

    def _string(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        least = self.reading.whole(schema.get("minLength"), (*path, "minLength"), 0, MOST)
        most = self.reading.whole(schema.get("maxLength"), (*path, "maxLength"), 0, MOST)
        annotation: Any = Annotated[
            str, Strict(), StringConstraints(min_length=least, max_length=most)
        ]
        pattern = self.reading.text(schema.get("pattern"), (*path, "pattern"))
        if pattern is not None:
            if len(pattern) > PATTERN_LIMIT:
                self.complain(
                    (*path, "pattern"),
                    f"it has {len(pattern)} characters; the limit is {PATTERN_LIMIT}",
                )
            else:
                annotation = self._matching(annotation, pattern, path)
        kind = STRING
        format = schema.get("format")
        if format is not None:
            check = _FORMATS.get(format) if isinstance(format, str) else None
            if check is None:
                self.complain(
                    (*path, "format"),
                    f"there is no format {shown(format)}",
                    near(str(format), _FORMATS),
                )
            else:
                shape = WithJsonSchema({"type": "string", "format": format})
                annotation = Annotated[annotation, AfterValidator(check), shape]
                kind = TIMESTAMP if format == "date-time" else STRING
        return Typed(annotation, kind, {})

    def _matching(self, annotation: Any, pattern: str, path: Path) -> Any:
        """Patterns are run by Rust's engine, in time that is linear in the text."""
        matching: Any = _annotated(annotation, StringConstraints(pattern=pattern))
        try:
            TypeAdapter(matching)
        except SchemaError as error:
            why = str(error).replace("\n", " ")[:200]
            self.complain((*path, "pattern"), f"it is no pattern: {why}")
            return annotation
        return matching

    def _integer(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        bounds: dict[str, Any] = {}
        for option, value in self._bounds(schema, path).items():
            # the next whole number inside of the bound
            bounds[option] = math.ceil(value) if option in ("ge", "lt") else math.floor(value)
        if bounds.get("multiple_of") == 0:
            self.complain((*path, "multipleOf"), "a whole number is no multiple of a part of one")
            del bounds["multiple_of"]
        for word, limit in (("ge", LEAST), ("le", MOST)):
            bounds.setdefault(word, limit)
        return Typed(Annotated[int, Strict(), Field(**bounds)], INT, {})

    def _number(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        bounds = self._bounds(schema, path)
        return Typed(Annotated[float, Strict(), Field(allow_inf_nan=False, **bounds)], DOUBLE, {})

    def _bounds(self, schema: dict[str, Any], path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word, option in _BOUNDS.items():
            value = schema.get(word)
            if value is None:
                continue
            if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > MOST:
                self.complain((*path, word), f"it is {shown(value)}, not a number")
            elif word == "multipleOf" and value <= 0:
                self.complain((*path, word), f"it is {value}", "give a number above 0")
            else:
                found[option] = value
        return found

    def _boolean(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        return Typed(Annotated[bool, Strict()], BOOL, {})

    def _array(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        item = self.read(schema.get("items"), (*path, "items"), f"{name}Item")
        least = self.reading.whole(schema.get("minItems"), (*path, "minItems"), 0, MOST)
        most = self.reading.whole(schema.get("maxItems"), (*path, "maxItems"), 0, MOST)
        held = DYN if item.nullable else item.kind
        bounds = Field(min_length=least, max_length=most)
        annotation = _annotated(_LIST[item.annotation], Strict(), bounds)
        if held.name == "timestamp":
            # inside of values moments are text: timestamp(x) makes one of it
            held = STRING
        written = {"items": item.schema} if "items" in schema else {}
        return Typed(annotation, list_of(held), written)

    def _object(self, schema: dict[str, Any], path: Path, name: str) -> Typed:
        more = schema.get("additionalProperties")
        if "properties" not in schema:
            held = self.read(
                more if more is not False else None, (*path, "additionalProperties"), name
            )
            kind = DYN if held.nullable or held.kind.name == "timestamp" else held.kind
            annotation = _annotated(_DICT[str, held.annotation], Strict())
            written = {} if more is None else {"additionalProperties": held.schema or True}
            if more is False:
                written, annotation = {"additionalProperties": False}, self._record(name, {}, False)
            return Typed(annotation, map_of(kind), written)
        if more not in (None, False, True):
            self.complain(
                (*path, "additionalProperties"),
                "beside properties it is true or false",
                "put the open part into a property of its own",
            )
        fields = self._fields(schema, path, name)
        written = {
            "properties": {key: field.typed.schema for key, field in fields.items()},
            "additionalProperties": more is True,
        }
        annotation = self._record(name, fields, more is True)
        return Typed(annotation, map_of(DYN), written, fields=None if more is True else fields)

    def _fields(self, schema: dict[str, Any], path: Path, name: str) -> dict[str, TypedField]:
        properties = self.reading.mapping(schema["properties"], (*path, "properties"))
        required = self.reading.words(schema.get("required"), (*path, "required"))
        for word in required:
            if word not in properties:
                self.complain(
                    (*path, "required"), f"there is no property {word!r}", near(word, properties)
                )
        self.properties += len(properties)
        if self.properties > PROPERTY_LIMIT:
            self.complain((*path, "properties"), f"there are more than {PROPERTY_LIMIT} in all")
            return {}
        found: dict[str, TypedField] = {}
        for key, inner in properties.items():
            where = (*path, "properties", key)
            typed = self.read(inner, where, f"{name}_{key}")
            has_default = isinstance(inner, dict) and "default" in inner
            if has_default:
                typed = self._with_default(typed, inner["default"], where)
            is_required = key in required and not has_default
            found[key] = TypedField(typed, is_required, key in required or has_default)
        return found

    def _with_default(self, typed: Typed, default: Any, path: Path) -> Typed:
        try:
            TypeAdapter(typed.annotation).validate_python(default)
        except ValidationError as error:
            why = words_of(error.errors()[0])
            self.complain((*path, "default"), f"{shown(default)} does not fit: {why}")
        made = Field(default_factory=partial(copy.deepcopy, default))
        annotation = _annotated(typed.annotation, made)
        return Typed(annotation, typed.kind, typed.schema, typed.nullable, typed.fields)

    def _record(self, name: str, fields: Mapping[str, TypedField], is_open: bool) -> Any:
        hints = {
            key: Required[f.typed.annotation] if f.required else NotRequired[f.typed.annotation]
            for key, f in fields.items()
        }
        make: Any = TypedDict
        made = make(name, hints)
        made.__pydantic_config__ = ConfigDict(extra="allow" if is_open else "forbid", strict=True)
        return made

    # --- events ---

    def event(self, name: str, typed: Typed, doc: str, path: Path) -> type[Event]:
        """A class of its own for each, as the class notation has one."""
        fields: dict[str, Any] = {}
        for key, held in (typed.fields or {}).items():
            if key == "type" or key.startswith("_") or hasattr(_EventOfData, key):
                self.complain(
                    (*path, "properties", key), f"a field of an event can't be called {key!r}",
                    "choose another word",
                )  # fmt: skip
            elif held.always:
                fields[key] = (
                    (held.typed.annotation, ...) if held.required else held.typed.annotation
                )
                if not held.required:
                    fields[key] = (held.typed.annotation, held.typed.annotation.__metadata__[-1])
            else:
                fields[key] = (Optional[held.typed.annotation], None)  # noqa: UP045 - made here
        return create_model(name, __base__=_EventOfData, __doc__=doc or None, **fields)


class _EventOfData(Event):
    model_config = ConfigDict(protected_namespaces=(), strict=True)


class OpenEvent(Event):
    """An event of another machine, whose fields are known there."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


def _annotated(*parts: Any) -> Any:
    """``Annotated[...]`` of types that are known at run time only."""
    return _ANNOTATED[parts]


_ANNOTATED: Any = Annotated
_LIST: Any = list
_DICT: Any = dict

_KIND_OF: dict[type, Kind] = {str: STRING, bool: BOOL, int: INT, type(None): NULL}


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a moment has a time zone: 2026-01-31T09:00:00Z")
    return text


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


def _uuid(text: str) -> str:
    uuid.UUID(text)
    return text


_FORMATS: Mapping[str, Any] = {"date-time": _moment, "date": _day, "uuid": _uuid}
