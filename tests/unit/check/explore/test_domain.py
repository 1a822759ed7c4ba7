"""The values of a type, and the report of those that are not tried."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from statehold.check.explore.domain import VALUE_LIMIT, domain_of, sample_of


class Size(enum.Enum):
    small = "s"
    large = "l"


class Inner(BaseModel):
    on: bool


class Tree(BaseModel):
    below: list[Tree] = []


def of(type_: Any, **given: Any) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    domain = domain_of(TypeAdapter(type_).json_schema(), "x", given)
    return domain.values, domain.left_out


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (bool, (False, True)),
        (None, (None,)),
        (Literal["a", "b"], ("a", "b")),
        (Size, ("s", "l")),
        (bool | None, (False, True, None)),
        (Annotated[int, Field(ge=2, le=4)], (2, 3, 4)),
        (Annotated[int, Field(gt=2, lt=4)], (3,)),
        (Inner, ({"on": False}, {"on": True})),
        (tuple[bool, None], ([False, None], [True, None])),
    ],
    ids=str,
)
def test_a_type_with_few_values_is_taken_whole(type_: Any, values: tuple[Any, ...]) -> None:
    assert of(type_) == (values, ())


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (int, (0, 1)),
        (Annotated[int, Field(ge=5)], (5, 6)),
        (Annotated[int, Field(le=5)], (4, 5)),
        (Annotated[float, Field(gt=0, le=240)], (1.0, 240.0)),
        (Annotated[float, Field(gt=0, lt=1)], (0.5,)),
        (str, ("a",)),
        (Annotated[str, Field(min_length=3)], ("aaa",)),
        (Annotated[str, Field(pattern=r"^\d{2}$", min_length=2)], ("00",)),
        (list[int], ([], [0])),
        (Annotated[list[bool], Field(min_length=2)], ([False, False],)),
        (Any, (None,)),
    ],
    ids=str,
)
def test_of_a_type_with_many_values_some_are_tried_and_that_is_reported(
    type_: Any, values: tuple[Any, ...]
) -> None:
    found, left_out = of(type_)
    assert found == values
    assert left_out
    assert all(line.startswith("x") for line in left_out)


def test_values_that_are_given_are_tried_and_no_others() -> None:
    assert of(int, x=[7, 9]) == ((7, 9), ("x: only the 2 values given",))


def test_a_field_of_an_event_is_given_by_its_path() -> None:
    class Accept(BaseModel):
        minutes: int
        sure: bool

    found = domain_of(Accept.model_json_schema(), "Accept", {"Accept.minutes": [5]})
    assert found.values == ({"minutes": 5, "sure": False}, {"minutes": 5, "sure": True})


def test_a_field_with_a_default_may_be_left_out() -> None:
    class Accept(BaseModel):
        note: Literal["a"] | None = None

    assert domain_of(Accept.model_json_schema(), "Accept").values == ({"note": "a"}, {"note": None})


def test_too_many_values_are_cut_and_that_is_reported() -> None:
    class Wide(BaseModel):
        a: Annotated[int, Field(ge=0, le=9)]
        b: Annotated[int, Field(ge=0, le=9)]

    found = domain_of(Wide.model_json_schema(), "Wide")
    assert len(found.values) == VALUE_LIMIT
    assert found.left_out == (f"Wide: only the first {VALUE_LIMIT} values",)


def test_a_pattern_that_no_sample_fits_leaves_no_value() -> None:
    found, left_out = of(Annotated[str, Field(pattern="^order-[0-9]{8}$")])
    assert found == ()
    assert left_out == ("x: a text; only none was tried",)


def test_a_type_within_itself_ends() -> None:
    values, left_out = of(Tree)
    assert {"below": []} in values
    assert any("nests too deep" in line for line in left_out)


_types = st.recursive(
    st.sampled_from([bool, int, float, str, None, Size, Literal[1, "a"]]),
    lambda inner: st.one_of(
        inner.map(list.__class_getitem__),
        inner.map(lambda t: t | None if t is not None else t),
        st.tuples(inner, inner).map(tuple.__class_getitem__),
    ),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(_types)
def test_every_value_is_one_of_the_type(type_: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(type_)
    schema = adapter.json_schema()
    values, _ = of(type_)
    assert values
    for value in (*values, sample_of(schema)):
        adapter.validate_python(value)
