"""What XState will not do of a chart is listed when it is written for it."""

from __future__ import annotations

from msgspec.structs import replace

from statehold.chart.model import Chart, Initial
from statehold.formats.native import read_native
from statehold.formats.write import write_document
from statehold.formats.xstate import read_xstate_chart, unsaid, write_xstate

DOCUMENT = """
statehold: 1
name: parcel
label: A parcel
data: {properties: {to: {type: string}}, required: [to]}
input: {properties: {to: {type: string}}, required: [to], set: {to: input.to}}
events: {Go: {label: Leave}}
states:
  a: {initial: true, owner: clerk, deadline: 5m, label: Waiting, exit: {emit: Go}}
  b: {final: true, output: data.to}
  c: {final: true}
transitions:
  go: {on: Go, from: a, to: b, by: clerk}
  end: {on_cancel: true, from: a, to: c}
"""


def test_each_part_is_named_with_its_place() -> None:
    chart = read_native(DOCUMENT).definition.chart
    assert [f"{one.place}: {one.what}" for one in unsaid(chart)] == [
        "the chart: input to = input.to",
        "the chart: label",
        "event Go: label",
        "the chart: expressions",
        "the chart: exit actions of a cancellation",
        "state a: owner",
        "state a: deadline",
        "state a: label",
        "state b: output data.to",
        "transition go: role clerk",
        "transition end: transition for a cancellation",
    ]
    again, _, _ = read_xstate_chart(write_xstate(chart))
    assert again == chart


def test_what_is_written_for_other_programs_says_so_in_both_notations() -> None:
    for notation, count in (("xstate", 11), ("scxml", 9)):
        written = write_document(read_native(DOCUMENT).definition, notation)
        found = {f"{one.place}: {one.what}" for one in written.omissions}
        assert {"the chart: input to = input.to", "event Go: label", "state a: owner"} <= found
        assert len(found) >= count


def test_a_state_that_is_entered_by_several_is_named() -> None:
    chart = read_native(
        "statehold: 1\nname: m\nstates:\n"
        "  a: {initial: true, states: {b: {initial: true, states: {c: {initial: true}}}}}\n"
    ).definition.chart
    deeper = tuple(
        replace(state, initial=Initial(("a.b.c",))) if state.id == "a" else state
        for state in chart.states
    )
    found = unsaid(replace(chart, states=deeper, meta={}))
    assert [str(one) for one in found] == [
        "state a: its initial states: XState enters one child at first"
    ]


def test_a_chart_that_was_read_from_xstate_has_nothing_that_it_will_not_do() -> None:
    text = '{"id": "m", "initial": "a", "states": {"a": {"exit": "f", "on": {"Go": "b"}}, "b": {}}}'
    chart: Chart
    chart, _, _ = read_xstate_chart(text)
    assert unsaid(chart) == ()
