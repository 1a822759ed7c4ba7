"""Random documents of most that the notation can say: read, written and read again they are the
same chart, and the published schema takes them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.errors import DefinitionError
from statehold.formats.native import read_native, to_document, write_native
from statehold.formats.native.schema import json_schema
from statehold.formats.scxml import write_scxml
from statehold.formats.xstate import read_xstate_chart, write_xstate
from tests.fuzz.documents import document
from tests.fuzz.targets.native import OFFERED

VALIDATOR = jsonschema_rs.validator_for(json_schema())


def made() -> st.SearchStrategy[dict[str, Any]]:
    return st.integers(0, 2**64).map(lambda seed: document(Random(seed)))


@settings(max_examples=150)
@given(made())
def test_a_document_comes_back_as_it_was_from_every_notation_that_keeps_it(
    given: dict[str, Any],
) -> None:
    VALIDATOR.validate(given)
    definition = read_native(json.dumps(given), OFFERED).definition
    chart = definition.chart
    VALIDATOR.validate(to_document(definition))
    again = read_native(write_native(definition), OFFERED).definition
    assert again.chart.to_json() == chart.to_json()
    assert list(again.effects) == list(definition.effects)
    read, _, _ = read_xstate_chart(json.dumps(write_xstate(chart)))
    assert read.to_json() == chart.to_json()
    write_scxml(definition)


def test_most_documents_are_sound() -> None:
    seen: set[str] = set()
    for seed in range(100):
        value = document(Random(seed))
        text = json.dumps(value)
        seen |= {key for key in KEYS if f'"{key}"' in text}
        try:
            read_native(text, OFFERED)
        except DefinitionError as error:  # pragma: no cover - the message is what is wanted
            raise AssertionError(f"seed {seed}: {error}") from None
    assert seen == KEYS


KEYS = {
    *("use", "with", "input", "do", "into", "on_cancel", "on_done", "label", "errors", "id"),
    *("data", "output", "on_failure", "on_result", "after", "by"),
}
