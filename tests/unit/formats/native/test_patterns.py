"""Patterns in the types of a document: of its data, events and results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from statehold.chart.machine import Definition
from statehold.errors import DefinitionError, InvalidPayload
from statehold.formats.native import read_native
from tests.timing import measured


def machine(text: dict[str, Any]) -> Definition[Any]:
    """One whose data have a list, a mapping and a text of that type, and whose event has too."""
    fields = {
        "one": text | {"default": ""},
        "several": {"type": "array", "items": text, "default": []},
        "named": {"type": "object", "additionalProperties": text, "default": {}},
    }
    document = {
        "statehold": 1,
        "name": "matching",
        "data": {"properties": fields},
        "events": {"Go": {"properties": fields}},
        "states": {"here": {"initial": True}},
    }
    return read_native(json.dumps(document)).definition


HARD = "[ab]*a[ab]{999}c|^$"


@pytest.mark.parametrize(
    ("pattern", "reported"),
    [
        ("a(?=b)", "it is no pattern: .*at character 2"),
        ("[ab]*a[ab]{10000}c", "more than 1,000 times.*at character 11"),
        ("(a)\\1", "refers back to a group"),
        ("x" * 501, "500"),
    ],
)
def test_a_pattern_that_can_not_be_run_is_reported_where_it_is(pattern: str, reported: str) -> None:
    with pytest.raises(DefinitionError, match=reported) as caught:
        machine({"type": "string", "pattern": pattern})
    assert "data.properties.one.pattern" in str(caught.value)


def test_there_are_so_many_patterns() -> None:
    fields = {f"f{n}": {"type": "string", "pattern": f"^{n}$"} for n in range(101)}
    document = {"statehold": 1, "name": "m", "data": {"properties": fields}, "states": {"a": {}}}
    with pytest.raises(DefinitionError, match="more than 100 different patterns"):
        read_native(json.dumps(document))


@pytest.mark.parametrize("field", ["one", "several", "named"])
def test_what_does_not_match_is_named(field: str) -> None:
    definition = machine({"type": "string", "pattern": "^[a-z]*$"})
    value = {"one": "A", "several": ["a", "A"], "named": {"a": "A"}}[field]
    for shape in (definition.data, definition.events["Go"]):
        with pytest.raises(InvalidPayload, match=r"must match pattern '\^\[a-z\]\*\$', not 'A'"):
            shape.parse(json.dumps({field: value}))
    assert "^[a-z]*$" in json.dumps(definition.data.schema())
    assert "^[a-z]*$" in json.dumps(definition.events["Go"].schema())


@pytest.mark.parametrize(
    "value",
    [
        {"one": "ab" * 50_000},
        {"several": ["ab" * 5_000] * 20},
        {"named": {f"k{n}": "ab" * 5_000 for n in range(20)}},
        {"one": "ab" * 5_000, "several": ["ab" * 4_000] * 4, "named": {"a": "ab" * 9_000}},
    ],
    ids=["one text", "a list", "a mapping", "all of them"],
)
def test_no_payload_takes_long_to_match(value: dict[str, Any]) -> None:
    definition = machine({"type": "string", "pattern": HARD})
    for shape in (definition.data, definition.events["Go"]):
        with measured() as took, pytest.raises(InvalidPayload, match="would take too long"):
            shape.parse(json.dumps(value))
        assert took.seconds < 0.3


def test_a_text_of_usual_length_matches_and_is_read_back() -> None:
    definition = machine({"type": "string", "pattern": r"^[\p{L} .'-]*$", "maxLength": 100})
    raw = json.dumps({"one": "Zoë O'Neill"})
    data = definition.data.parse(raw)
    assert definition.data.load(definition.data.dump(data)) == data
    event = definition.events["Go"].parse(raw)
    assert definition.events["Go"].write(event)[1] == event
