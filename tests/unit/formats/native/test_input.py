"""``input`` of a document: what a start takes, and the data that are made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from statehold.chart.machine import Definition
from statehold.errors import ActionFailed, DefinitionError, InvalidPayload
from statehold.formats.native.read import read_native
from statehold.formats.native.write import write_native
from statehold.formats.notation import Offered
from statehold.testing import Harness
from tests.unit.define.test_input import ByAnnotation

DOCUMENT = """
statehold: 1
name: parcel
data:
  properties:
    to: {type: string}
    grams: {type: integer, maximum: 1000}
    tags: {type: array, items: {type: string}, default: [new]}
    note: {type: string}
    at: {type: string, format: date-time}
    by: {type: string}
  required: [to, grams, at, by]
input:
  properties:
    to: {type: string}
    pounds: {type: integer}
    note: {type: string}
    tags: {type: array, items: {type: string}}
  required: [to, pounds]
  set:
    to: input.to
    grams: input.pounds * 454
    note: input.note
    tags: input.tags
    at: now
    by: instance
states:
  waiting: {initial: true}
"""


def read(text: str, offered: Offered | None = None) -> Definition[Any]:
    made = read_native(text) if offered is None else read_native(text, offered)
    return made.definition


def test_the_data_are_made_of_the_input() -> None:
    harness: Harness[Any] = Harness(read(DOCUMENT), {"to": "ann", "pounds": 2, "note": "soft"})
    assert harness.data == {
        "to": "ann", "grams": 908, "note": "soft", "tags": ["new"],
        "at": "2026-01-01T12:00:00Z", "by": "test",
    }  # fmt: skip


def test_an_optional_field_of_the_input_that_is_left_out_leaves_the_fields_default() -> None:
    harness: Harness[Any] = Harness(read(DOCUMENT), {"to": "ann", "pounds": 2})
    assert "note" not in harness.data
    assert harness.data["tags"] == ["new"]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"to": "ann"}, {"pounds"}),
        ({"to": 3, "pounds": "two"}, {"to", "pounds"}),
        ({"to": "ann", "pounds": 2, "grams": 3}, {"grams"}),
        ({}, {"to", "pounds"}),
    ],
)
def test_what_does_not_fit_is_named_by_the_input(given: Any, fields: set[str]) -> None:
    with pytest.raises(InvalidPayload, match="the input") as caught:
        Harness(read(DOCUMENT), given)
    assert caught.value.fields.keys() == fields


def test_data_that_break_their_type_are_refused() -> None:
    with pytest.raises(ActionFailed, match="grams: must be less than or equal to 1000"):
        Harness(read(DOCUMENT), {"to": "ann", "pounds": 3})


def test_it_is_written_as_it_was_read() -> None:
    definition = read(DOCUMENT)
    again = read(write_native(definition))
    assert again.chart == definition.chart
    assert again.chart.to_json() == definition.chart.to_json()
    assert "grams: input.pounds * 454" in write_native(definition.chart)


def changed(*changes: tuple[str, str]) -> str:
    text = DOCUMENT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (changed(("note: input.note", "nota: input.note")), "input.set.nota", "no field 'nota'"),
        (changed(("    by: instance\n", "")), "input.set", "'by' of the data is required"),
        (changed(("input.to\n", "input.too\n")), "input.set.to", "input.too"),
        (changed(("input.to\n", "data.to\n")), "input.set.to", "data.to"),
        (changed(("input.pounds * 454", "input.to")), "input.set.grams", "gives string, not int"),
        (changed(("pounds: {type: integer}", "pounds: {type: whole}")), "pounds.type", "whole"),
        (changed(("  set:\n", "  sets:\n")), "input", "'sets' is not known"),
        (
            changed(("  set:\n", "  function: f\n  set:\n")),
            "input",
            "by set or by function, one of the two",
        ),
    ],
)
def test_mistakes_are_reported_with_their_place(text: str, place: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(text)
    assert [
        one for one in caught.value.problems if place in one.place and message in one.message
    ], caught.value.problems


def test_an_input_has_to_say_how_the_data_are_made() -> None:
    head = DOCUMENT.partition("  set:\n")[0]
    with pytest.raises(DefinitionError, match="how the data are made"):
        read(f"{head}states: {{waiting: {{initial: true}}}}\n")


def parcel_of(given: dict[str, Any]) -> dict[str, Any]:
    return {"to": given["to"], "grams": 1, "at": "2026-01-01T00:00:00Z", "by": "me"}


def offering(function: Callable[..., Any]) -> Definition[Any]:
    head = DOCUMENT.partition("  set:\n")[0]
    text = f"{head}  function: parcel_of\nstates: {{waiting: {{initial: true}}}}\n"
    return read(text, Offered(functions={"parcel_of": function}))


def test_a_function_that_is_offered_may_make_them() -> None:
    definition = offering(parcel_of)
    harness: Harness[Any] = Harness(definition, {"to": "ann", "pounds": 2})
    assert harness.data["by"] == "me"
    offered = Offered(functions={"parcel_of": parcel_of})
    assert read(write_native(definition), offered).chart == definition.chart


async def later(given: Any) -> Any:
    return given


@pytest.mark.parametrize(
    ("function", "why"), [(later, "is an async function"), (dict, "has the wrong parameters")]
)
def test_an_offered_function_that_can_make_none_is_refused(
    function: Callable[..., Any], why: str
) -> None:
    with pytest.raises(DefinitionError, match=f"'parcel_of' {why}"):
        offering(function)


def test_one_of_the_class_notation_is_written_by_its_name() -> None:
    text = write_native(ByAnnotation)
    assert "function: order_of" in text
    functions: dict[str, Any] = {"order_of": lambda given: {"items": given["items"], "total": 1}}
    again = read(text, Offered(functions=functions))
    assert again.chart.input == "order_of"
    assert list(again.chart.input_schema["properties"]) == ["items"]
