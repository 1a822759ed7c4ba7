"""Types that the native document is made of: what may be written, and its JSON Schema.

A document may be written more leniently than its types: null counts as absent, a single item as a
list of one, and a constant that is not a text as CEL without quotes.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    Strict,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypeAliasType

from statehold.chart.labels import LABEL_LIMIT
from statehold.formats.native.durations import DURATION_LIMIT, duration_of
from statehold.formats.native.problems import shown

T = TypeVar("T")

#: the type of a pydantic error that carries a problem's own words
PROBLEM = "problem"
#: the type of one that lists keys which are not known
UNKNOWN_KEYS = "unknown-keys"


def problem(message: str, hint: str = "") -> PydanticCustomError:
    return PydanticCustomError(PROBLEM, "{message}", {"message": message, "hint": hint})


# --- null, one item or several ---


class _OrNull:
    """Adds null to a JSON Schema."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(core), {"type": "null"}]}


class NotNull:
    """Of something that may be left out: where it stands it is not null."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        def check(value: Any) -> Any:
            if value is None:
                raise problem("it is null", "give a value, or leave the key out")
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        choices = [one for one in handler(core)["anyOf"] if one != {"type": "null"}]
        return choices[0] if len(choices) == 1 else {"anyOf": choices}


class Anything:
    """A schema, for which null and true are anything at all."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        def read(value: Any) -> Any:
            return {} if value is None or value is True else value

        return core_schema.no_info_before_validator_function(read, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(core), {"const": True}, {"type": "null"}]}


class _OneOrMany:
    """Adds a single item to the JSON Schema of a list, and null."""

    def __init__(self, *others: dict[str, Any]) -> None:
        self.others = others

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        listed = handler(core)
        return {"anyOf": [listed["items"], listed, *self.others]}


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _several(value: Any) -> Any:
    return [] if value is None else _listed(value)


def _no_flag(value: Any) -> Any:
    return False if value is None else value


def _nothing(value: Any) -> Any:
    return {} if value is None else value


def _falsy_is_none(value: Any) -> Any:
    return value or None


#: one item or a list of them; null is none
Several = Annotated[
    list[T],
    BeforeValidator(_several),
    _OneOrMany({"type": "null"}),
]
#: one item or a list of them
OneOrMore = Annotated[list[T], BeforeValidator(_listed), _OneOrMany()]
#: a mapping or an object whose keys may all be left out: null is an empty one
OrEmpty = Annotated[T, BeforeValidator(_nothing), _OrNull()]
#: null, false and an empty text are none
OrFalsy = Annotated[T | None, BeforeValidator(_falsy_is_none)]

# --- plain values ---

Name: TypeAlias = Annotated[StrictStr, Field(min_length=1)]
#: the rest of what a label may be is checked with the chart
Label: TypeAlias = Annotated[StrictStr, Field(max_length=LABEL_LIMIT)]
#: one word or several; a null among them is none
Words: TypeAlias = Several[Name | None]
#: one path of a state or several
Paths: TypeAlias = Several[StrictStr]
Flag: TypeAlias = Annotated[bool, Strict(), BeforeValidator(_no_flag), _OrNull()]


class Whole:
    """A whole number within bounds."""

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most

    def check(self, value: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if is_whole and self.least <= value <= self.most:
            return int(value)
        hint = f"give a whole number from {self.least} to {self.most}"
        raise problem(f"it is {shown(value)}", hint)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Number:
    """A number, maybe within bounds."""

    def __init__(self, least: float | None = None, most: float | None = None) -> None:
        self.least = least
        self.most = most

    def check(self, value: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            is_high = self.least is None or value >= self.least
            if is_high and (self.most is None or value <= self.most):
                return value
        if self.least is None:
            raise problem(f"it is {shown(value)}, not a number")
        raise problem(f"it is {shown(value)}", f"give a number from {self.least} to {self.most}")

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Any) -> dict[str, Any]:
        bounds = {"minimum": self.least, "maximum": self.most}
        return {"type": "number"} | {k: v for k, v in bounds.items() if v is not None}


def _only_true(value: Any, info: ValidationInfo) -> Any:
    if value is not True:
        raise problem(f"it is {shown(value)}", f"write {info.field_name}: true")
    return value


#: a key whose only value is true
OnlyTrue = Annotated[Literal[True], BeforeValidator(_only_true), WithJsonSchema({"const": True})]

# --- names of what the document declares ---


class Named:
    """What something that the document declares may be called."""

    def __init__(self, what: str, pattern: str, hint: str) -> None:
        self.what = what
        self.pattern = re.compile(pattern)
        self.hint = hint

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise problem(f"it is {shown(value)}, not text", "put it between quotes")
        if not self.pattern.fullmatch(value):
            raise problem(f"{self.what} can't be called {value!r}", self.hint)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.pattern.pattern}$"}


# aliases with a name of their own: pydantic writes the pattern of a mapping's keys for these alone
StateName = TypeAliasType(
    "StateName",
    Annotated[
        str, Named("a state", r"[A-Za-z_][A-Za-z0-9_-]{0,99}", "use letters, digits, _ and -")
    ],
)
EventName = TypeAliasType(
    "EventName",
    Annotated[str, Named("an event", r"[A-Za-z][A-Za-z0-9_]{0,99}", "use letters, digits and _")],
)
TransitionName = TypeAliasType(
    "TransitionName",
    Annotated[
        str,
        Named(
            "a transition",
            r"[A-Za-z_][A-Za-z0-9_.-]{0,199}(\[[A-Za-z0-9_.-]{1,999}\])?",
            "use letters, digits, _ . and -",
        ),
    ],
)
IndexName = TypeAliasType(
    "IndexName",
    Annotated[str, Named("an index", r"[A-Za-z_][A-Za-z0-9_]{0,63}", "use letters, digits and _")],
)

# --- expressions and durations ---


def _expression(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        # `paid: true` is what everybody writes
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    raise problem("it is no expression", "write CEL between quotes")


def expression_or_null(value: Any) -> str:
    return "null" if value is None else _expression(value)


#: CEL, as text
Expression: TypeAlias = Annotated[
    str,
    BeforeValidator(_expression),
    WithJsonSchema(
        {
            "description": "CEL. Constants that are no text may stand without quotes.",
            "type": ["string", "number", "boolean"],
        }
    ),
]
#: CEL; null is its constant
Value: TypeAlias = Annotated[
    str,
    BeforeValidator(expression_or_null),
    WithJsonSchema(
        {"description": "CEL, or null.", "type": ["string", "number", "boolean", "null"]}
    ),
]


def _duration(value: Any) -> timedelta:
    found = duration_of(value)
    if found is None:
        raise problem(f"{shown(value)} is no duration", "write 10m, 1h30m, 2d or 500ms")
    return found


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "description": "10m, 1h30m, 2d, 500ms.",
            "type": "string",
            "maxLength": DURATION_LIMIT,
            "pattern": r"^(\d{1,9}(\.\d{1,9})?(ms|[dhms]))+$",
        }
    ),
]
