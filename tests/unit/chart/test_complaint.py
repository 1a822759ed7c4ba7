"""A value that does not fit is reported with its field, what was given and what would fit."""

from __future__ import annotations

import enum
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    Secret,
    SecretBytes,
    SecretStr,
    TypeAdapter,
    ValidationError,
)

from statehold import Event, Final, Machine, State, effect, on, on_result
from statehold.chart.complaint import fields_of
from statehold.chart.event import Result
from statehold.chart.values import Shape
from statehold.define.function import name_of
from statehold.errors import DefinitionError, InvalidPayload
from statehold.testing import Harness


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int


def _odd(value: int) -> int:
    raise ValueError("has to be even")


@pytest.mark.parametrize(
    ("type_", "given", "message"),
    [
        (int, '"abc"', "must be a valid integer, not 'abc'"),
        (int, "1.5", "must be a valid integer, not 1.5"),
        (int, "null", "must be a valid integer, not null"),
        (bool, "[]", "must be a valid boolean, not a list of 0"),
        (str, "true", "must be a valid string, not true"),
        (None, '{"a": 1}', "must be null or left out"),
        (list[int], '{"a": 1}', "must be a valid array, not an object"),
        (Inner, "3", "must be an object, not 3"),
        (Literal["a", "b"], '"c"', "must be 'a' or 'b', not 'c'"),
        (Size, '"huge"', "must be 'small' or 'large', not 'huge'"),
        (datetime, '"soon"', "must be a valid datetime or date, not 'soon'"),
        (AwareDatetime, '"2026-01-01T00:00:00"', "has no time zone; end it with Z, say"),
        (Annotated[int, Field(gt=0)], "0", "must be greater than 0, not 0"),
        (Annotated[str, Field(min_length=3)], '"ab"', "must have at least 3 characters, not 2"),
        (Annotated[list[int], Field(max_length=1)], "[1, 2]", "must have at most 1 item, not 2"),
        (Annotated[str, Field(pattern="^a+$")], '"b"', "must match pattern '^a+$', not 'b'"),
        (Annotated[int, AfterValidator(_odd)], "1", "has to be even"),
        (float, '"NaN-ish"', "must be a valid number, not 'NaN-ish'"),
    ],
)
def test_what_was_given_and_what_fits_are_reported(type_: Any, given: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(type_).validate_json(given)
    assert fields_of(caught.value) == {"": message}


def test_every_field_is_named_by_its_path() -> None:
    class Outer(BaseModel):
        items: list[Inner]
        needed: int

    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"items": [{"x": 1}, {"x": "q", "y": 2}]})
    assert fields_of(caught.value) == {
        "items.1.x": "must be a valid integer, not 'q'",
        "items.1.y": "is not known; leave it out",
        "needed": "is missing",
    }


@pytest.mark.parametrize(
    "given", ["x" * 10_000, 10**5000, 1e300, {"a": "b" * 10_000}, b"\xff"], ids=type
)
def test_a_long_value_is_cut(given: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Literal["a"]).validate_python(given)
    (message,) = fields_of(caught.value).values()
    assert message.startswith("must be 'a', not ")
    assert len(message) < 120


def test_the_whole_is_reported_without_a_place() -> None:
    error = InvalidPayload("the data", {"": "must be null or left out"})
    assert str(error) == "the data is not valid: must be null or left out"


class Data(BaseModel):
    n: int = 0


class Go(Event):
    n: int


class Flow(Machine[Data], name="flow", version=1):
    a = State(initial=True)
    b = Final()
    go = on(Go, a >> b)


def test_an_event_is_refused_in_these_words() -> None:
    with pytest.raises(InvalidPayload) as caught:
        Harness(Flow).send({"type": "Go", "n": "x"})
    assert caught.value.fields == {"n": "must be a valid integer, not 'x'"}


@effect
async def fetch(data: Data) -> dict[str, list[int]]:
    return {}


def take(data: Data, event: int) -> None: ...


def test_a_hint_names_a_type_as_it_is_written() -> None:
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Machine[Data], name="wrong", version=1):
            a = State(initial=True, invoke=fetch)
            b = Final()
            done = on_result(fetch, a >> b, do=take)  # type: ignore[arg-type]

    (problem,) = caught.value.problems
    assert problem.hint.startswith("annotate it with Result[dict[str, list[int]]], a union")


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        (int, "int"),
        (None, "None"),
        (Data, "Data"),
        (Data | None, "Data | None"),
        (Result[Data | None], "Result[Data | None]"),
        (dict[str, list[Data]], "dict[str, list[Data]]"),
        (Literal["a", 1], "Literal['a', 1]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Annotated[int, Field(gt=0)], "int"),
        (Any, "Any"),
    ],
)
def test_a_type_is_named_without_its_module(type_: Any, message: str) -> None:
    assert name_of(type_) == message


_Written = PlainSerializer(lambda s: s.get_secret_value(), when_used="json")
#: no message has it, and no part of it
HIDDEN = "hunter2-" * 8


class Account(BaseModel):
    password: Annotated[SecretStr, Field(max_length=9), _Written] = SecretStr("")
    pin: Annotated[Secret[int] | None, _Written] = None
    tokens: dict[str, list[Annotated[SecretBytes, _Written]]] = {}
    number: Annotated[int, Field(repr=False, validation_alias=AliasChoices("no", "nr"))] = 1
    before: Account | None = None
    size: int = 1


@dataclass
class Login:
    account: Account
    phrase: int = field(default=1, repr=False)


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (Account, {"password": [HIDDEN]}),
        (Account, {"password": HIDDEN}),
        (Account, {"pin": HIDDEN}),
        (Account, {"tokens": {"a": [{"b": HIDDEN}]}}),
        (Account, {"tokens": HIDDEN}),
        (Account, {"nr": HIDDEN}),
        (Account, {"before": {"before": {"no": HIDDEN}}}),
        (Login, {"account": {}, "phrase": HIDDEN}),
        (list[Login], [{"account": {"pin": HIDDEN}}]),
        (Annotated[Secret[int], _Written], HIDDEN),
        (dict[str, Annotated[Secret[int], _Written] | int], {"a": HIDDEN}),
    ],
)
def test_what_is_given_for_a_secret_is_in_no_message(type_: Any, given: Any) -> None:
    shape = Shape[Any](type_)
    refusals: list[Callable[[], object]] = [
        lambda: shape.parse(json.dumps(given)),
        lambda: shape.adopt(json.dumps(given).encode()),
        lambda: shape.check(given),
    ]
    for refuse in refusals:
        with pytest.raises(InvalidPayload) as refused:
            refuse()
        message = "".join(traceback.format_exception(refused.value)) + str(refused.value.fields)
        assert "hunter" not in message
        assert refused.value.fields


def test_a_secret_that_cannot_be_written_or_read_back_is_in_no_message() -> None:
    class Vault(BaseModel):
        number: int = Field(default=1, repr=False)
        spoilt: Annotated[str, AfterValidator(lambda text: text + "!"), Field(repr=False)] = ""

    shape: Shape[Vault] = Shape(Vault)
    for spoilt in (Vault.model_construct(number=HIDDEN), Vault(spoilt=HIDDEN)):
        with pytest.raises(InvalidPayload) as refused:
            shape.settle(spoilt)
        assert "hunter" not in "".join(traceback.format_exception(refused.value))


def test_a_field_beside_a_secret_still_shows_what_was_given() -> None:
    with pytest.raises(InvalidPayload, match="size: must be a valid integer, not 'large'"):
        Shape(Account).parse('{"size": "large"}')
