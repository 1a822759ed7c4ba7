"""``label`` in a document: of the machine, of states at any depth, and of events."""

from __future__ import annotations

import json

import pytest

from statehold.errors import DefinitionError
from statehold.formats.native import read_native, write_native
from statehold.formats.native.access_alone import needs_no_version
from statehold.formats.scxml.write import write_scxml
from statehold.formats.xstate import read_xstate_chart, write_xstate

DOCUMENT = """
statehold: 1
name: order
version: 1
label: Food orders
events:
  Accept:
    label: Accept the order
    properties: {minutes: {type: integer}}
  Packed: {}
states:
  offering: {initial: true, label: Waiting for the kitchen}
  making:
    label: In the making
    states:
      cooking: {initial: true, label: <b>cooking</b>}
      packed: {final: true}
transitions:
  accept: {on: Accept, from: offering, to: making}
  pack: {on: Packed, from: making.cooking, to: making.packed}
"""


def test_a_document_gives_labels_and_is_written_with_them_again() -> None:
    machine = read_native(DOCUMENT).definition
    chart = machine.chart
    assert chart.label == "Food orders"
    assert {one.id: one.label for one in chart.states} == {
        "": "",
        "offering": "Waiting for the kitchen",
        "making": "In the making",
        "making.cooking": "<b>cooking</b>",
        "making.packed": "",
    }
    assert [one.label for one in chart.events] == ["Accept the order", ""]
    assert read_native(write_native(machine)).definition.chart == chart


def test_xstate_keeps_labels_beside_its_own_words_and_scxml_lists_them_as_left_out() -> None:
    chart = read_native(DOCUMENT).definition.chart
    read, _, _ = read_xstate_chart(write_xstate(chart))
    assert (read.label, read.states, read.events) == (chart.label, chart.states, chart.events)
    omitted = [one.what for one in write_scxml(chart).omissions]
    # of the machine, three states and an event
    assert omitted.count("label") == 5


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("x" * 101, "characters"),
        ("two\nlines", "U+000A"),
        ("over\u202eride", "U+202E"),
        (" padded", "its label is ' padded'"),
        (7, "7"),
    ],
)
@pytest.mark.parametrize("where", ["machine", "state", "event"])
def test_a_faulty_label_is_refused_with_its_place(where: str, label: object, message: str) -> None:
    written = json.dumps(label)
    document = {
        "machine": DOCUMENT.replace("Food orders", written),
        "state": DOCUMENT.replace("Waiting for the kitchen", written),
        "event": DOCUMENT.replace("Accept the order", written),
    }[where]
    with pytest.raises(DefinitionError) as raised:
        read_native(document)
    (problem,) = raised.value.problems
    assert message in problem.message
    place = {"machine": "", "state": "offering", "event": "Accept"}[where]
    assert place in problem.place


@pytest.mark.parametrize(
    ("old", "new", "alone"),
    [
        ("label: Food orders", "label: Meals", True),
        ("label: Food orders\n", "", True),
        ("label: Waiting for the kitchen", "label: Waits", True),
        ("label: <b>cooking</b>", "label: cooking", True),
        ("label: Accept the order", "label: Take it", True),
        ("  Packed: {}", "  Packed: {label: It is packed}", True),
        ("  Packed: {}", "  Packed:", True),
        ("to: making}", "to: making, doc: x}", False),
        ("packed: {final: true}", "packed: {final: true, owner: x}", False),
    ],
)
def test_a_document_that_differs_in_labels_alone_needs_no_new_version(
    old: str, new: str, alone: bool
) -> None:
    assert old in DOCUMENT
    changed = DOCUMENT.replace(old, new)
    assert needs_no_version(DOCUMENT.encode(), changed.encode()) is alone
