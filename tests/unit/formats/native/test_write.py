"""Machines written as documents: read again, they are the same chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
import pytest

from examples.onboarding import v1, v2
from examples.order.flow import OrderFlow
from statehold.chart.model import Chart
from statehold.effects import Hosts, Requests
from statehold.errors import DefinitionError
from statehold.formats.native import read_native, to_document, write_native
from statehold.formats.native.schema import json_schema
from statehold.formats.notation import Offered
from statehold.plain.read import read_plain
from tests.unit.formats.native.test_native import LENT, ORDER, TEAM

ROOT = Path(__file__).parents[4]
SCHEMA = json_schema()
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
REFUND = [
    (ROOT / "examples/refund" / name).read_text() for name in ("refund.yaml", "refund_v2.yaml")
]
OFFERED = Offered(effects=LENT.effects, http=Requests(Hosts(["http://127.0.0.1:8901"])))

DOCUMENTS = [ORDER, TEAM, *REFUND]


@pytest.mark.parametrize("text", DOCUMENTS, ids=["order", "team", "refund", "refund 2"])
@pytest.mark.parametrize("notation", ["yaml", "json"])
def test_a_machine_that_came_as_a_document_goes_out_and_in_unchanged(
    text: str, notation: Literal["yaml", "json"]
) -> None:
    machine = read_native(text, OFFERED).definition
    written = write_native(machine, notation)
    again = read_native(written, OFFERED).definition
    assert again.chart == machine.chart
    assert list(again.functions) == list(machine.functions)
    assert [u.from_version for u in again.upgrades] == [u.from_version for u in machine.upgrades]
    assert write_native(again, notation) == written


@pytest.mark.parametrize("text", DOCUMENTS, ids=["order", "team", "refund", "refund 2"])
def test_the_stored_chart_alone_is_enough(text: str) -> None:
    machine = read_native(text, OFFERED).definition
    stored = Chart.from_json(machine.chart.to_json())
    assert read_native(write_native(stored), OFFERED).definition.chart == machine.chart


@pytest.mark.parametrize("text", DOCUMENTS, ids=["order", "team", "refund", "refund 2"])
def test_what_is_read_and_what_is_written_are_valid_by_the_published_schema(text: str) -> None:
    VALIDATOR.validate(read_plain(text).value)
    VALIDATOR.validate(to_document(read_native(text, OFFERED).definition))


@pytest.mark.parametrize("machine", [OrderFlow, v1.Onboarding, v2.Onboarding])
def test_a_class_is_written_with_its_functions_by_name(machine: Any) -> None:
    document = to_document(machine)
    VALIDATOR.validate(document)
    definition = machine.definition
    offered = Offered(
        functions={name: function.call for name, function in definition.functions.items()},
        effects=definition.effects,
        machines=definition.children,
    )
    again = read_native(json.dumps(document), offered).definition
    assert [s.id for s in again.chart.states] == [s.id for s in machine.chart.states]
    assert again.chart.states == machine.chart.states
    assert again.chart.transitions == machine.chart.transitions


def test_a_chart_that_has_no_words_in_the_notation_is_refused() -> None:
    from msgspec.structs import replace

    from statehold.chart.model import Initial, Policy

    chart = read_native(TEAM).definition.chart
    root = replace(chart.states[0], initial=Initial(("on",), ((),)))
    other = replace(chart, policy=Policy("token", "event"), states=(root, *chart.states[1:]))
    with pytest.raises(DefinitionError) as caught:
        write_native(other)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("statehold",), 2),
        (("name",), "Order"),
        (("version",), 0),
        (("states", "open", "initail"), True),
        (("states", "open", "final"), "yes"),
        (("transitions", "cancel", "after"), "1h"),
        (("transitions", "cancel", "do"), {"sett": {}}),
        (("transitions", "pause", "when"), {"is": "x"}),
        (("data", "properties", "total", "oneOf"), []),
        (("data", "properties", "total", "type"), "int"),
        (("events", "Add", "required"), [1]),
        (("effects", "charge", "retries"), 1),
        (("silence",), {"code": "x"}),
        (("unknown",), 1),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_and_the_other_way(
    where: tuple[str, ...], value: Any
) -> None:
    document = read_plain(ORDER).value
    spot = document
    for key in where[:-1]:
        spot = spot[key]
    spot[where[-1]] = value
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(DefinitionError):
        read_native(json.dumps(document), LENT)
