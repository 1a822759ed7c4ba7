"""A chart that is written as XState JSON and read again is the same chart."""

from __future__ import annotations

import json
from types import ModuleType

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from examples.onboarding import v1, v2
from examples.order import flow
from statehold.chart.machine import Definition
from statehold.chart.model import Chart, EventShape, Silence
from statehold.chart.validate import validate
from statehold.formats.xstate import read_xstate_chart, write_xstate
from tests.conformance.random_charts import machines


def again(chart: Chart) -> Chart:
    read, omissions, _ = read_xstate_chart(json.dumps(write_xstate(chart)))
    assert omissions == ()
    return read


@pytest.mark.parametrize("module", [flow, v1, v2], ids=lambda module: module.__name__)
def test_the_examples_come_back_as_they_were(module: ModuleType) -> None:
    definitions = {getattr(value, "definition", None) for value in vars(module).values()}
    charts = [d.chart for d in definitions if isinstance(d, Definition)]
    assert charts
    for chart in charts:
        assert again(chart).to_json() == chart.to_json()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(machines())
def test_any_chart_comes_back_as_it_was(machine: Definition[object]) -> None:
    assume(validate(machine.chart) == [])
    assert again(machine.chart).to_json() == machine.chart.to_json()


#: ids that mean something in XState's paths, in its objects and in our own texts
ODD = ["1", "10", "a.b", "#a", ".a", "", "a/b", "a~b", "constructor", "statehold", "é", "a b", "*"]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(machines(), st.data())
def test_odd_names_and_all_that_xstate_has_no_words_for_come_back(
    machine: Definition[object], data: st.DataObject
) -> None:
    assume(validate(machine.chart) == [])
    text = machine.chart.to_json().decode()
    names = [state.id for state in machine.chart.states[1:]]
    odd = data.draw(st.permutations([one for one in ODD if one]))
    renamed = dict(zip(names, odd, strict=False))
    raw = msgspec.json.decode(text)
    chart = msgspec.convert(_renamed(raw, renamed), Chart)
    transitions = list(chart.transitions)
    chart = msgspec.structs.replace(
        chart,
        transitions=tuple(data.draw(st.permutations(transitions))),
        events=(EventShape("z", {"type": "object"}, "last"), EventShape("a")),
        data_schema={"type": "object", "properties": {}},
        silenced=(Silence("x", "because"),),
        meta={"statehold": {"id": 1}, "mine": [1]},
        doc="What it is.",
    )
    assert again(chart).to_json() == chart.to_json()


def _renamed(value: object, names: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {
            key: names.get(inner, inner)
            if key in ("id", "parent", "source") and isinstance(inner, str)
            else [names.get(one, one) for one in inner]
            if key == "targets"
            else _in_guard(inner, names)
            if key == "guards"
            else _renamed(inner, names)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return value


def _in_guard(guards: list[dict[str, str]], names: dict[str, str]) -> object:
    return [
        {**g, "name": names.get(g["name"], g["name"])} if g.get("kind") == "in" else g
        for g in guards
    ]


def test_a_transition_for_some_roles_has_a_guard_in_xstate_and_is_read_as_it_was() -> None:
    chart = flow.OrderFlow.chart
    roles = {t.id: g.name for t in chart.transitions for g in t.guards if g.kind == "by"}
    assert roles
    written = json.dumps(write_xstate(chart))
    assert all(f"by({name})" in written for name in roles.values())
    assert again(chart) == chart
