"""Scripts in files: read with every mistake at once, within bounds, and written as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statehold.check.simulate.duration import LONGEST_SECONDS, duration_text, seconds_of
from statehold.check.simulate.script import (
    AdvanceStep,
    ExpectStep,
    FailStep,
    Script,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.script_file import (
    FILE_BYTES,
    STEP_LIMIT,
    read_script,
    write_script,
)
from statehold.errors import ScriptInvalid
from statehold.plain.read import Notation

SCRIPT = """
machine: order
at: 2026-03-01T08:00:00Z
data: {items: [pizza], note: yes, when: 2026-01-01}
steps:
  - send: {type: Accept, prep_minutes: 12}
    by: [restaurant]
  - advance: 1h30m
  - succeed: charge_card
    result: {receipt: r-1}
  - fail: charge_card
    error: Declined
  - expect: [ready]
    data: {paid: true}
  - done: false
"""


def problems_of(raw: str | bytes) -> list[str]:
    with pytest.raises(ScriptInvalid) as caught:
        read_script(raw)
    return [str(problem) for problem in caught.value.problems]


def test_yaml_is_read_as_json_would_be() -> None:
    assert read_script(SCRIPT) == Script(
        "order",
        (
            SendStep({"type": "Accept", "prep_minutes": 12}, ("restaurant",)),
            AdvanceStep(5_400),
            SucceedStep("charge_card", {"receipt": "r-1"}),
            FailStep("charge_card", "Declined"),
            ExpectStep(("ready",), {"paid": True}),
            ExpectStep(done=False),
        ),
        # neither a truth nor a date: what YAML 1.1 would take them for is no JSON
        data={"items": ["pizza"], "note": "yes", "when": "2026-01-01"},
        at=datetime(2026, 3, 1, 8, tzinfo=UTC),
    )


def test_every_mistake_is_reported_with_its_place() -> None:
    found = problems_of(
        "machin: order\nsteps: [{advance: 12x}, {nope: 1}, {send: {a: 1}, by: 3, z: 1}, 7,"
        " {advance: -1}, {advance: 1e300}, {expect: 3}]"
    )
    places = [line.partition(": ")[0] for line in found]
    assert places == [
        "machin", "machine", "steps.1.advance", "steps.2", "steps.3.by", "steps.3.z", "steps.4",
        "steps.5.advance", "steps.6.advance", "steps.7.expect",
    ]  # fmt: skip
    assert "12m" in found[2]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("a: &x 1\nb: *x", "anchor"),
        ("a: !!python/object:os.system x", "tag"),
        ("machine: a\nmachine: b", "twice"),
        ("1: a", "is not a field"),
        ("[" * 100_000, "nested more than"),
        ('{"machine": "m", "data": ' + "[" * 101 + "]" * 101 + "}", "nested more than"),
        ('{"a":' * 50_000, "nested more than"),
        ('{"a":' * 100_000, "the limit is"),
        ("a: " + "9" * 5_000, "machine"),
        (b"\xff", "UTF-8"),
        ("", "empty"),
        ("- machine: m", "a list"),
        ("x" * (FILE_BYTES + 1), "the limit is"),
        ("machine: m\nsteps: 3", "a number"),
        ("machine: m\nat: 2026-01-01T00:00:00", "time zone"),
        ("a: [", "line 2, column 1: it is not YAML"),
    ],
)
def test_what_is_hostile_or_no_script_is_refused_with_the_reason(raw: Any, why: str) -> None:
    assert why in " ".join(problems_of(raw))


def test_a_script_of_too_many_steps_is_refused() -> None:
    steps = '{"advance":1},' * (STEP_LIMIT + 1)
    [message] = problems_of('{"machine": "m", "steps": [' + steps.rstrip(",") + "]}")
    assert str(STEP_LIMIT) in message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)  # fmt: skip
names = st.text(min_size=1)
steps = st.one_of(
    st.builds(
        SendStep,
        st.dictionaries(st.text(), json_values, max_size=3).map(lambda d: {**d, "type": "E"}),
        st.none() | st.lists(names, max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(AdvanceStep, st.floats(0, 1e6).map(lambda f: round(f, 6))),
    st.builds(SucceedStep, names, json_values),
    st.builds(FailStep, names, names, names),
    st.builds(ExpectStep, st.lists(names, max_size=2).map(tuple), done=st.booleans()),
)


@given(
    st.builds(Script, names, st.lists(steps, max_size=4).map(tuple), data=json_values, doc=names),
    st.sampled_from(["json", "yaml"]),
)
def test_a_script_that_is_written_reads_back_as_it_was(script: Script, notation: Notation) -> None:
    assert read_script(write_script(script, notation), notation) == script


@given(st.integers(0, LONGEST_SECONDS * 1_000_000 // 1_000))
def test_a_duration_in_words_is_the_same_duration(thousandths: int) -> None:
    seconds = thousandths / 1_000
    assert seconds_of(duration_text(seconds)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("given_", ["", "12", "m", "1h 3m", "-3m", True, None, float("nan"), 1e12])
def test_what_is_no_duration_is_refused(given_: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds_of(given_)
