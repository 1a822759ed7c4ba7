"""Types of data as the native document writes them: a subset of JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, StrictStr, Tag, WithJsonSchema

from statehold.expression.pattern import PATTERN_LIMIT
from statehold.formats.native.part import Part, tag_of
from statehold.formats.native.problems import shown
from statehold.formats.native.shapes import (
    Anything,
    Flag,
    Label,
    Name,
    NotNull,
    Number,
    OneOrMore,
    OrEmpty,
    OrFalsy,
    Value,
    Whole,
    Words,
    problem,
)

#: values of an ``enum``
CHOICE_LIMIT = 1_000
LENGTH_LIMIT = 2**63 - 1


def _is_choice(value: Any) -> bool:
    return value is None or isinstance(value, str | int)


def _choices(value: Any) -> Any:
    if not isinstance(value, list) or not 1 <= len(value) <= CHOICE_LIMIT:
        raise problem(f"it is no list of 1 to {CHOICE_LIMIT:,} values")
    if not all(map(_is_choice, value)):
        raise problem("it has values that are not text, whole numbers, booleans or null")
    return value


def _choice(value: Any) -> Any:
    if not _is_choice(value):
        raise problem(f"it is {shown(value)}, not text, a whole number, a boolean or null")
    return value


TypeName: TypeAlias = Literal["object", "array", "string", "integer", "number", "boolean", "null"]
_CHOICE: dict[str, Any] = {"type": ["string", "integer", "boolean", "null"]}
Choice: TypeAlias = Annotated[Any, BeforeValidator(_choice), WithJsonSchema(_CHOICE)]
Choices: TypeAlias = Annotated[
    list[Any],
    BeforeValidator(_choices),
    WithJsonSchema({"type": "array", "minItems": 1, "maxItems": CHOICE_LIMIT, "items": _CHOICE}),
]
Length: TypeAlias = Annotated[int, Whole(0, LENGTH_LIMIT)]
Bound: TypeAlias = Annotated[float, Number()]


class SchemaSpec(Part):
    """A type of data, in a subset of JSON Schema."""

    UNKNOWN: ClassVar[str] = "the keyword {key!r} is not among those that can be used"

    type: OneOrMore[TypeName] = Field(default_factory=list)
    """One type or several; `[string, "null"]` for text that may be missing."""
    properties: OrEmpty[dict[str, AnySchema]] = Field(default_factory=dict)
    """The fields of an object, by name; it has no others."""
    required: Words = Field(default_factory=list)
    """Names of the fields that have to be there."""
    additionalProperties: Annotated[
        Annotated[SchemaSpec, Tag("<mapping>")] | Annotated[bool | None, Tag("<value>")],
        Discriminator(tag_of),
    ] = None
    """Beside `properties`, true for others as well; without them, the type of every field."""
    items: AnySchema | None = None
    """The type of an array's items."""
    minItems: Length | None = None
    """The fewest items of an array."""
    maxItems: Length | None = None
    """The most items of an array."""
    minLength: Length | None = None
    """The fewest characters of a text."""
    maxLength: Length | None = None
    """The most characters of a text."""
    pattern: Annotated[StrictStr, Field(max_length=PATTERN_LIMIT)] | None = None
    """A regular expression that a text contains a match of, in RE2's syntax."""
    format: Literal["date-time", "date", "uuid"] | None = None
    """What a text is: a moment with a time zone, a day, or a UUID."""
    minimum: Bound | None = None
    """The least number."""
    maximum: Bound | None = None
    """The greatest number."""
    exclusiveMinimum: Bound | None = None
    """A number that is less than any allowed one."""
    exclusiveMaximum: Bound | None = None
    """A number that is greater than any allowed one."""
    multipleOf: Bound | None = None
    """What a number is a multiple of."""
    enum: Choices = Field(default_factory=list)
    """The values to choose from."""
    const: Choice = None
    """The only value."""
    title: Any = None
    """For people."""
    description: Any = None
    """For people."""
    examples: Any = None
    """For people."""
    default: Any = None
    """The value of a property that is left out."""

    def with_type(self, name: TypeName) -> SchemaSpec:
        """The same of one type."""
        return self.model_copy(update={"type": [name]})


AnySchema: TypeAlias = Annotated[SchemaSpec, Anything()]


class EventSpec(Part):
    """An event that the machine accepts, with its payload."""

    doc: StrictStr | None = None
    """What the event is, for people."""
    label: Label | None = None
    """What people read in place of its name; its name in words if left out."""
    properties: OrFalsy[dict[str, AnySchema]] = None
    """The fields of its payload, by name."""
    required: Words = Field(default_factory=list)
    """Names of the fields that have to be there."""
    internal: Flag = False
    """Only other instances send it: callers of the server are refused, and do not see it."""


class InputSpec(Part):
    """What a start takes in place of the data, and the data that are made of it."""

    properties: OrFalsy[dict[str, AnySchema]] = None
    """Its fields, by name."""
    required: Words = Field(default_factory=list)
    """Names of the fields that have to be there."""
    set: OrEmpty[dict[str, Value]] = Field(default_factory=dict)
    """Fields of the data, each with CEL over `input`; the others get their defaults."""
    function: Annotated[Name | None, NotNull()] = None
    """In place of `set`: a function that the server offers, which gives the data."""


#: a schema that says nothing
NO_SCHEMA = SchemaSpec.model_construct()
