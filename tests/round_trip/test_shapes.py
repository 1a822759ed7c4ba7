"""A value is read back equal, or refused by the name of what would be lost; never a third."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import create_model

from statehold.chart.values import Shape
from statehold.errors import InvalidPayload
from tests.round_trip.shapes import SHAPES, Shaped, described

#: of each shape
EXAMPLES = int(os.environ.get("STATEHOLD_EXAMPLES", "12"))


def holder_of(shaped: Shaped) -> Any:
    """A model with one field of the type."""
    return create_model("Holder", value=(shaped.type, ...))


def held(model: Any, value: Any) -> Any:
    """As an action leaves it, past the validation of the field."""
    return model.model_construct(value=value)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=EXAMPLES)
@given(drawn=st.data())
def test_a_value_comes_back_as_it_was_or_is_refused_by_name(
    name: str, drawn: st.DataObject
) -> None:
    shaped = SHAPES[name]
    model = holder_of(shaped)
    shape: Shape[Any] = Shape(model)
    value = held(model, drawn.draw(shaped.values))
    before = described(value)
    try:
        raw, back = shape.settle(value)
    except InvalidPayload as error:
        refused = error
    else:
        assert described(back) == before
        assert described(shape.load(raw)) == before
        return
    assert {place.split(".")[0] for place in refused.fields} == {"value"}
