"""Names for people: made of identifiers, or given; bounded, one line, and no part of the chart."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statehold import (
    Compound,
    DefinitionError,
    Event,
    Final,
    Machine,
    State,
    on,
)
from statehold.chart.labels import (
    LABEL_LIMIT,
    Names,
    event_labels,
    isolated,
    label_fault,
    labelled,
    words_of,
)
from statehold.chart.model import Chart
from statehold.chart.validate import validate
from statehold.upgrade.diff import difference, label_difference

HEBREW = "ממתין"


class Accept(Event, label="Accept the order"):
    """It is taken."""


class PickedUp(Event): ...


class Sub(Accept): ...


class OrderFlow(Machine[None], name="food-order", version=1, label="Food orders"):
    waiting = State(initial=True, label="Waiting for the kitchen")

    class in_kitchen(Compound, label="In the kitchen"):
        being_cooked = State(initial=True)
        packed = Final(label="Packed up")

    on_the_way = State()

    accept = on(Accept, waiting >> in_kitchen)
    take = on(PickedUp, in_kitchen >> on_the_way)
    other = on(Sub, waiting >> on_the_way)


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("PickedUp", "Picked up"),
        ("picked_up", "picked up"),
        ("picked-up", "picked up"),
        ("offering", "offering"),
        ("HTTPError", "HTTP error"),
        ("getHTTPResponse", "get HTTP response"),
        ("TOGGLE_DOOR", "TOGGLE DOOR"),
        ("Step2Done", "Step2 done"),
        ("S11p1", "S11p1"),
        ("ÄrgerÜber", "Ärger über"),
        ("order.accepted", "order.accepted"),
        ("_hidden_", "hidden"),
        ("__", "__"),
        ("", ""),
    ],
)
def test_an_identifier_is_put_into_words(identifier: str, words: str) -> None:
    assert words_of(identifier) == words


def test_given_labels_are_in_the_chart_and_others_are_made_of_names() -> None:
    chart = OrderFlow.chart
    assert chart.label == "Food orders"
    assert {state.id: state.label for state in chart.states} == {
        "": "",
        "waiting": "Waiting for the kitchen",
        "in_kitchen": "In the kitchen",
        "in_kitchen.being_cooked": "",
        "in_kitchen.packed": "Packed up",
        "on_the_way": "",
    }
    full = labelled(chart)
    assert {state.id: state.label for state in full.states} == {
        "": "Food orders",
        "waiting": "Waiting for the kitchen",
        "in_kitchen": "In the kitchen",
        "in_kitchen.being_cooked": "being cooked",
        "in_kitchen.packed": "Packed up",
        "on_the_way": "on the way",
    }
    assert Names(chart).path("in_kitchen.being_cooked") == "In the kitchen / being cooked"
    assert Names(chart).path("gone") == "gone"


def test_a_subclass_of_an_event_has_a_name_of_its_own() -> None:
    assert event_labels(OrderFlow.chart) == {
        "Accept": "Accept the order",
        "PickedUp": "Picked up",
        "Sub": "Sub",
    }


def test_labels_are_stored_and_are_no_part_of_the_difference_of_charts() -> None:
    chart = OrderFlow.chart
    assert Chart.from_json(chart.to_json()) == chart
    bare = replace(
        chart,
        label="",
        states=tuple(replace(one, label="") for one in chart.states),
        events=tuple(replace(one, label="") for one in chart.events),
    )
    assert difference(chart, bare) == []
    assert label_difference(bare, chart) == [
        "the machine: label was none and is Food orders",
        "state waiting: label was none and is Waiting for the kitchen",
        "state in_kitchen: label was none and is In the kitchen",
        "state in_kitchen.packed: label was none and is Packed up",
        "event Accept: label was none and is Accept the order",
    ]


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("x" * (LABEL_LIMIT + 1), "101 characters; the limit is 100"),
        ("two\nlines", "U+000A"),
        ("a\ttab", "U+0009"),
        ("line\u2028separator", "U+2028"),
        ("bell\x07", "U+0007"),
        ("\x1b[31mred", "U+001B"),
        ("over\u202eride", "U+202E"),
        ("isolate\u2067d", "U+2067"),
        (" padded", "' padded'"),
        (" ", "' '"),
        ("\u200b", "\\u200b"),
        ("lone \ud800 half", "U+D800"),
        (5, "its label is 5"),
        (None, "its label is None"),
    ],
)
def test_a_label_that_could_break_a_line_or_a_screen_is_refused(label: object, what: str) -> None:
    fault = label_fault(label)
    assert fault is not None
    assert what in fault[0]


@pytest.mark.parametrize("label", ["x" * LABEL_LIMIT, HEBREW, "<b>bold</b>", "a & b", "❤ it", "é"])
def test_any_other_line_of_text_is_a_label(label: str) -> None:
    assert label_fault(label) is None


def test_every_faulty_label_of_a_class_is_reported_with_its_place() -> None:
    with pytest.raises(DefinitionError) as raised:

        class Bad(Machine[None], name="bad", version=1, label=" x"):
            first = State(initial=True, label="a\nb")
            other = State()

            class Go(Event, label="y" * 101): ...

            go = on(Go, first >> other)

    found = [(one.place.partition(" ")[0], one.message) for one in raised.value.problems]
    assert found == [
        ("Bad", "its label is ' x'"),
        ("event", "its label has 101 characters; the limit is 100"),
        ("Bad.first", "its label has the character U+000A"),
    ]


def test_a_label_that_is_no_text_is_reported_with_its_place() -> None:
    with pytest.raises(DefinitionError, match="expected `str`, got `int`") as raised:

        class Bad(Machine[None], name="bad", version=1):
            first = State(initial=True, label=7)  # type: ignore[arg-type]

    assert raised.value.problems[0].place.startswith("Bad.first ")


def test_a_chart_from_elsewhere_is_checked_too() -> None:
    chart = replace(OrderFlow.chart, label="a\u202eb")
    assert [one.message for one in validate(chart)] == ["its label has the character U+202E"]


def test_text_from_right_to_left_is_kept_apart_from_what_stands_beside_it() -> None:
    assert isolated(HEBREW) == f"\u2068{HEBREW}\u2069"
    assert isolated("plain") == "plain"
