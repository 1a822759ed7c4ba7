"""Explorer, simulator, property tests and static checks begin with what a start takes."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, find, settings
from msgspec.structs import replace
from pydantic import BaseModel, Field

from statehold import Event, Final, InvalidPayload, Machine, State, TooLarge, on
from statehold.chart.outline import outline
from statehold.chart.validate import validate
from statehold.check.explore.explore import explore, starting_data
from statehold.check.lint.findings import findings
from statehold.check.simulate.script import Script
from statehold.check.simulate.simulate import play
from statehold.engine.limits import Limits
from statehold.errors import ActionFailed
from statehold.formats.native.read import read_native
from statehold.formats.scxml import write_scxml
from statehold.interpreter import start
from statehold.testing import Harness, state_machine_of
from statehold.testing.strategies import strategies_of
from statehold.upgrade.diff import difference, input_difference
from statehold.upgrade.plan import plan
from tests.unit.formats.native.test_input import DOCUMENT

FEW = settings(
    max_examples=20, stateful_step_count=5, deadline=None, database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class Asked(BaseModel):
    size: int = Field(ge=1, le=3)


class Held(BaseModel):
    boxes: list[int]


class Take(Event):
    pass


def held_for(asked: Asked) -> Held:
    return Held(boxes=list(range(asked.size)))


def has_many(held: Held) -> bool:
    return len(held.boxes) > 2


class Boxes(Machine[Held, Take, Asked], name="boxes", version=1):
    full = State(initial=True)
    empty = Final()
    take = on(Take, full >> empty, when=has_many)
    input = held_for


def test_the_explorer_begins_with_the_smallest_input() -> None:
    assert starting_data(Boxes.definition) == {"size": 1}
    found = explore(Boxes)
    assert found.never_taken == ("take",)
    assert any("the input at the start" in one for one in found.space.left_out)
    again = explore(Boxes, {"size": 3})
    assert again.never_taken == ()
    witness = again.shortest("empty")
    assert witness is not None
    assert witness.script.data == {"size": 3}
    with pytest.raises(InvalidPayload, match="the input"):
        explore(Boxes, {"boxes": []})


def test_a_script_has_the_input() -> None:
    script = Script("boxes", version=1, data={"size": 2})
    assert play(Boxes.definition, script).data == {"boxes": [0, 1]}


def test_the_harness_takes_it_and_refuses_what_an_engine_refuses() -> None:
    assert Harness(Boxes, Asked(size=2)).data.boxes == [0, 1]
    with pytest.raises(InvalidPayload, match="size: must be less than or equal to 3"):
        Harness(Boxes, {"size": 9})
    with pytest.raises(TooLarge, match="the input"):
        Harness(Boxes, {"size": 2}, limits=Limits(data_bytes=5))


def test_property_tests_draw_inputs() -> None:
    drawn = strategies_of(Boxes.definition, None, {}, {}).data
    assert find(drawn, lambda value: value["size"] == 3, settings=FEW) == {"size": 3}
    case: Any = state_machine_of(Boxes).TestCase
    case.settings = FEW
    case("runTest").debug()


def test_property_tests_draw_those_of_a_document() -> None:
    definition = read_native(DOCUMENT.replace("maximum: 1000", "minimum: -1")).definition
    case: Any = state_machine_of(definition, may_fail=True).TestCase
    case.settings = FEW
    case("runTest").debug()


def with_clock(asked: Asked) -> Held:
    return Held(boxes=[datetime.now(UTC).year, random.randint(0, 1)])


class Clocked(Machine[Held, Take, Asked], name="clocked", version=1):
    full = State(initial=True)
    empty = Final()
    take = on(Take, full >> empty)
    input = with_clock


def test_a_function_that_reads_the_clock_is_a_finding() -> None:
    found = [one for one in findings(Clocked.definition) if one.code == "reads-clock"]
    assert [one.place for one in found] == ["with_clock"]


NEVER = """
statehold: 1
name: parcel
data: {properties: {note: {type: string}, other: {type: string}}}
input:
  properties: {note: {type: string}}
  set: {note: input.note}
events: {Go: {}}
states: {a: {initial: true}, b: {final: true}}
transitions:
  go: {on: Go, from: a, to: b, when: data.note == 'x' && data.other == 'y'}
"""


def test_fields_that_the_input_sets_are_set() -> None:
    found = [
        one.place for one in findings(read_native(NEVER).definition) if one.code == "never-set"
    ]
    assert found == ["other"]


def test_what_the_data_is_made_by_is_no_part_of_the_outline() -> None:
    chart = read_native(DOCUMENT).definition.chart
    assert "input.pounds" in str(chart.input)
    assert outline(chart).input == "computed"


def test_a_schema_of_an_input_needs_a_function_and_the_function_a_name() -> None:
    chart = Boxes.chart
    assert validate(chart) == []
    lone = replace(chart, input=None)
    assert "no function that makes the data" in validate(lone)[0].message
    unnamed = replace(chart, input="")
    assert "has no name" in validate(unnamed)[0].message


def test_a_changed_input_is_no_change_of_the_chart_and_needs_no_mapping_of_data() -> None:
    old = read_native(DOCUMENT).definition
    text = DOCUMENT.replace("pounds", "ounces").replace("name: parcel", "name: parcel\nversion: 2")
    new = read_native(f"{text}upgrades: [{{from: 1}}]\n").definition
    assert difference(old.chart, new.chart) == []
    assert plan(old.chart, new, new.upgrades[0]).complete
    lines = input_difference(old.chart, new.chart)
    assert "input: field pounds was removed" in lines
    assert "input: field ounces was added" in lines
    assert any(line.startswith("the input: function") for line in lines)


def test_an_input_that_comes_or_goes_is_said() -> None:
    class Plain(Machine[Held], name="boxes", version=2):
        full = State(initial=True)

    assert input_difference(Plain.chart, Boxes.chart) == [
        "a start took the data and takes an input"
    ]
    assert input_difference(Boxes.chart, Plain.chart) == [
        "a start took an input and takes the data"
    ]
    assert input_difference(Plain.chart, Plain.chart) == []


def test_scxml_has_no_input() -> None:
    assert "input held_for" in {one.what for one in write_scxml(Boxes).omissions}


def test_the_interpreter_makes_the_data_and_leaves_the_input_as_it_was() -> None:
    given = Asked(size=2)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert start(Boxes, given, now).snapshot.data == Held(boxes=[0, 1])
    assert given == Asked(size=2)
    with pytest.raises(ActionFailed, match="held_for"):
        start(Boxes.definition, None, now)
