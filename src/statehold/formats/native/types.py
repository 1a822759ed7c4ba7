"""A schema of the document as a pydantic type and a CEL type.

Values stay as JSON has them: dictionaries, lists, text, numbers. Nothing is converted. Two rules
are stricter than JSON Schema's: an object that lists its properties has no others unless
``additionalProperties`` is true, and integers have 64 bits, as in CEL.
"""

from __future__ import annotations

import copy
import math
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal, NotRequired, Optional, Required, Self, Union

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    ModelWrapValidatorHandler,
    Strict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError
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
from statehold.expression.pattern import Pattern, PatternRefused, together
from statehold.formats.native.data_specs import NO_SCHEMA, SchemaSpec
from statehold.formats.native.fields import Typed, TypedField
from statehold.formats.native.problems import Problems, near, shown
from statehold.plain.values import Path

#: levels of one schema, and properties of all that a document has
SCHEMA_DEPTH_LIMIT = 16
PROPERTY_LIMIT = 2_000
#: different patterns of a document
PATTERNS_LIMIT = 100
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
    """Reads schemas. ``written`` is one as it stands in the document, which the chart keeps."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.properties = 0
        self._patterns: dict[str, Pattern] = {}
        #: how many times a pattern was used so far: a type with more after it has some
        self._matching = 0

    def read(self, schema: SchemaSpec, written: Any, path: Path, name: str = "Value") -> Typed:
        """A type for anything at all stands in for one that is wrong."""
        is_anything = not isinstance(written, dict) or not written
        if is_anything or self.problems.is_repaired((*path, "type")):
            return _ANYTHING
        if len(path) > SCHEMA_DEPTH_LIMIT * 2:
            self.problems.add(path, f"it is more than {SCHEMA_DEPTH_LIMIT} levels deep")
            return _ANYTHING
        if "enum" in written or "const" in written:
            return self._choice(schema, written, path)
        if "type" not in written:
            self._words(written, path, frozenset(), "")
            return Typed(JsonValue, DYN, dict(written), nullable=True)
        return self._of_types(schema, written, path, name)

    def _of_types(
        self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str
    ) -> Typed:
        names = list(dict.fromkeys(schema.type))
        known = frozenset[str]().union(*(_WORDS[one] for one in names))
        self._words(written, path, known, " or ".join(names))
        nullable = "null" in names
        read = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._number,
            "boolean": self._boolean,
        }
        parts = [read[one](schema, written, path, name) for one in names if one != "null"]
        full = dict(written)
        for part in parts:
            full.update(part.schema)
        if not parts:
            return Typed(None, NULL, full, nullable=True)
        annotation: Any = Union[tuple(part.annotation for part in parts)]  # noqa: UP007 - made here
        kind = parts[0].kind if len(parts) == 1 else DYN
        fields = parts[0].fields if len(parts) == 1 else None
        if nullable:
            annotation = Optional[annotation]  # noqa: UP045 - made here
            return Typed(annotation, DYN, full, nullable=True)
        is_matched = any(part.is_matched for part in parts)
        return Typed(annotation, kind, full, fields=fields, is_matched=is_matched)

    def _words(self, written: dict[str, Any], path: Path, known: frozenset[str], what: str) -> None:
        """Keywords are for some types only; which, is not known where a type was wrong."""
        if self.problems.has_repaired((*path, "type")):
            return
        for word in written:
            if word not in known | _FOR_PEOPLE | {"type", "enum", "const"}:
                why = f"{word!r} says nothing of {what or 'a value without a type'}"
                self.problems.add((*path, word), why, near(word, known | _FOR_PEOPLE | {"type"}))

    # --- one of each ---

    def _choice(self, schema: SchemaSpec, written: dict[str, Any], path: Path) -> Typed:
        self._words(written, path, frozenset(), "a choice")
        values = schema.enum if "enum" in written else [schema.const]
        if not values:
            return _ANYTHING
        kinds = {_KIND_OF.get(type(value), DYN) for value in values}
        kind = kinds.pop() if len(kinds) == 1 else DYN
        return Typed(Literal[tuple(values)], kind, dict(written), nullable=None in values)

    def _string(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        bounds = StringConstraints(min_length=schema.minLength, max_length=schema.maxLength)
        annotation: Any = Annotated[str, Strict(), bounds]
        if schema.pattern is not None:
            annotation = self._matching_type(annotation, schema.pattern, (*path, "pattern"))
        if schema.format is None:
            return Typed(annotation, STRING, {})
        shape = WithJsonSchema({"type": "string", "format": schema.format})
        annotation = Annotated[annotation, AfterValidator(_FORMATS[schema.format]), shape]
        return Typed(annotation, TIMESTAMP if schema.format == "date-time" else STRING, {})

    def _matching_type(self, annotation: Any, text: str, path: Path) -> Any:
        pattern = self._patterns.get(text)
        if pattern is None:
            if len(self._patterns) >= PATTERNS_LIMIT:
                self.problems.add(
                    path, f"there are more than {PATTERNS_LIMIT} different patterns",
                    "use the same ones again, or split the machine",
                )  # fmt: skip
                return annotation
            try:
                pattern = self._patterns[text] = Pattern(text)
            except PatternRefused as error:
                at = "" if error.at is None else f", at character {error.at + 1}"
                self.problems.add(path, f"it is no pattern: {error.message}{at}", error.hint)
                return annotation
        self._matching += 1
        shape = Field(json_schema_extra={"pattern": text})
        return _annotated(annotation, AfterValidator(partial(_matched, pattern)), shape)

    def _bounded(self, annotation: Any, before: int) -> Any:
        """The searches for patterns in a value of the type share one budget."""
        return annotation if self._matching == before else _annotated(annotation, _TOGETHER)

    def _integer(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        bounds: dict[str, Any] = {}
        for option, value in self._bounds(schema, path).items():
            # the next whole number inside of the bound
            bounds[option] = math.ceil(value) if option in ("ge", "lt") else math.floor(value)
        if bounds.get("multiple_of") == 0:
            self.problems.add(
                (*path, "multipleOf"), "a whole number is no multiple of a part of one"
            )
            del bounds["multiple_of"]
        for word, limit in (("ge", LEAST), ("le", MOST)):
            bounds.setdefault(word, limit)
        return Typed(Annotated[int, Strict(), Field(**bounds)], INT, {})

    def _number(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        bounds = self._bounds(schema, path)
        return Typed(Annotated[float, Strict(), Field(allow_inf_nan=False, **bounds)], DOUBLE, {})

    def _bounds(self, schema: SchemaSpec, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for word, option in _BOUNDS.items():
            value = getattr(schema, word)
            if value is None:
                continue
            if abs(value) > MOST:
                self.problems.add((*path, word), f"it is {shown(value)}, not a number")
            elif word == "multipleOf" and value <= 0:
                self.problems.add((*path, word), f"it is {value}", "give a number above 0")
            else:
                found[option] = value
        return found

    def _boolean(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        return Typed(Annotated[bool, Strict()], BOOL, {})

    def _array(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        before = self._matching
        item = self.read(
            schema.items or NO_SCHEMA, written.get("items"), (*path, "items"), f"{name}Item"
        )
        held = DYN if item.nullable else item.kind
        bounds = Field(min_length=schema.minItems, max_length=schema.maxItems)
        annotation = self._bounded(_annotated(_LIST[item.annotation], Strict(), bounds), before)
        if held.name == "timestamp":
            # inside of values timestamps are text: timestamp(x) converts it
            held = STRING
        own = {"items": item.schema} if "items" in written else {}
        return Typed(annotation, list_of(held), own)

    def _object(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        more, is_open = schema.additionalProperties, schema.additionalProperties is True
        if "properties" not in written:
            return self._map(schema, written, path, name)
        if isinstance(more, SchemaSpec):
            self.problems.add(
                (*path, "additionalProperties"),
                "beside properties it is true or false",
                "put the open part into a property of its own",
            )
        before = self._matching
        fields = self._fields(schema, written, path, name)
        own = {
            "properties": {key: field.typed.schema for key, field in fields.items()},
            "additionalProperties": is_open,
        }
        annotation = self._bounded(self._record(name, fields, is_open), before)
        return Typed(
            annotation,
            map_of(DYN),
            own,
            fields=None if is_open else fields,
            is_matched=self._matching > before,
        )

    def _map(self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str) -> Typed:
        """An object without declared properties: all of one type, or none at all."""
        more = schema.additionalProperties
        inner = more if isinstance(more, SchemaSpec) else NO_SCHEMA
        here = (*path, "additionalProperties")
        before = self._matching
        held = self.read(inner, written.get("additionalProperties"), here, name)
        kind = DYN if held.nullable or held.kind.name == "timestamp" else held.kind
        if more is False:
            annotation: Any = self._record(name, {}, False)
            return Typed(annotation, map_of(kind), {"additionalProperties": False})
        annotation = self._bounded(_annotated(_DICT[str, held.annotation], Strict()), before)
        own = {} if more is None else {"additionalProperties": held.schema or True}
        return Typed(annotation, map_of(kind), own)

    def _fields(
        self, schema: SchemaSpec, written: dict[str, Any], path: Path, name: str
    ) -> dict[str, TypedField]:
        properties, required = schema.properties, schema.required
        for word in required:
            if word is not None and word not in properties:
                hint = near(word, properties)
                self.problems.add((*path, "required"), f"there is no property {word!r}", hint)
        self.properties += len(properties)
        if self.properties > PROPERTY_LIMIT:
            self.problems.add((*path, "properties"), f"there are more than {PROPERTY_LIMIT} in all")
            return {}
        found: dict[str, TypedField] = {}
        for key, inner in properties.items():
            where = (*path, "properties", key)
            typed = self.read(inner, written["properties"][key], where, f"{name}_{key}")
            has_default = "default" in inner.model_fields_set
            if has_default:
                typed = self._with_default(typed, inner.default, where)
            is_required = key in required and not has_default
            found[key] = TypedField(typed, is_required, key in required or has_default)
        return found

    def _with_default(self, typed: Typed, default: Any, path: Path) -> Typed:
        try:
            TypeAdapter(typed.annotation).validate_python(default)
        except ValidationError as error:
            why = words_of(error.errors()[0])
            self.problems.add((*path, "default"), f"{shown(default)} does not fit: {why}")
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

    def event(
        self, name: str, typed: Typed, doc: str, path: Path, *, internal: bool = False
    ) -> type[Event]:
        """A class of its own for each, as the class notation has one."""
        fields: dict[str, Any] = {}
        for key, held in (typed.fields or {}).items():
            if key == "type" or key.startswith("_") or hasattr(_EventOfData, key):
                self.problems.add(
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
        base = _MatchedEvent if typed.is_matched else _EventOfData
        return create_model(
            name, __base__=base, __doc__=doc or None,
            __cls_kwargs__={"internal": internal}, **fields,
        )  # fmt: skip


class _EventOfData(Event):
    model_config = ConfigDict(protected_namespaces=(), strict=True)


class _MatchedEvent(_EventOfData):
    """One with patterns in its fields."""

    @model_validator(mode="wrap")
    @classmethod
    def _bound_searches(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        with together():
            return handler(value)


class OpenEvent(Event):
    """An event of another machine, whose fields are known there."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


#: what no schema, or an empty one, stands for
_ANYTHING = Typed(JsonValue, DYN, {}, nullable=True)


def _annotated(*parts: Any) -> Any:
    """``Annotated[...]`` of types that are known at run time only."""
    return _ANNOTATED[parts]


_ANNOTATED: Any = Annotated
_LIST: Any = list
_DICT: Any = dict

_KIND_OF: dict[type, Kind] = {str: STRING, bool: BOOL, int: INT, type(None): NULL}


def _matched(pattern: Pattern, text: str) -> str:
    if not pattern.is_in(text):
        raise PydanticCustomError(
            "string_pattern_mismatch",
            "String should match pattern '{pattern}'",
            {"pattern": pattern.text},
        )
    return text


def _validate_together(value: Any, handler: Any) -> Any:
    with together():
        return handler(value)


_TOGETHER = WrapValidator(_validate_together)


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
