"""Exploration and properties against a search that is as plain as can be."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from statehold.chart.machine import Definition, Function
from statehold.chart.model import Chart, Delay, Transition
from statehold.check import Exploration, Place, active, explore, leads_to, never
from statehold.check import reachable as reachable_place
from statehold.check.explore.explore import reachable
from statehold.check.explore.stimulus import stimuli_of
from statehold.errors import StepFailed
from tests.conformance import reference_content
from tests.conformance.brute_force import SECOND, BruteForce, State, TooMany
from tests.conformance.named_functions import Data
from tests.conformance.random_charts import drawing, machines
from tests.conformance.small_charts import small_machines
from tests.unit.check.player import play

#: places of one machine; beyond it a comparison takes too long
MOST = 150


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        macrostep = sys.modules["statehold.interpreter.macrostep"]
        patch.setattr(macrostep, "MICROSTEP_LIMIT", 50)
        # the plain search goes by whole seconds
        patch.setattr(macrostep, "TIMER_AFTER_TIMER", SECOND)
        patch.setattr(reference_content, "AFTER_TIMER", SECOND)
        yield


_relaxed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)


@_relaxed
@given(machines())
def test_the_same_configurations_are_found_by_ways_of_the_same_length(
    machine: Definition[Data],
) -> None:
    machine = bounded(machine)
    note(drawing(machine.chart))
    plain, found = both(machine)
    expected: dict[tuple[str, ...], int] = {}
    for state, distance in zip(plain.states, plain.distance, strict=True):
        leaves = state.rest.leaves
        expected[leaves] = min(distance, expected.get(leaves, distance))
    actual: dict[tuple[str, ...], int] = {}
    for node in found.space.nodes:
        actual.setdefault(node.point.snapshot.state, node.depth)
    assert actual == expected
    by_chart = reachable(machine.chart)
    assert not by_chart.complete or by_chart.configurations >= set(expected)
    assert not by_chart.complete or by_chart.taken >= set(found.space.taken)


@_relaxed
@given(machines())
def test_a_shortest_way_can_be_played(machine: Definition[Data]) -> None:
    machine = bounded(machine)
    note(drawing(machine.chart))
    found = explored(machine)
    for leaves in sorted(found.configurations)[:20]:
        way = found.shortest(leaves)
        assert way is not None
        note(f"{way}")
        if way.exact:
            play(machine, way.script)


@_relaxed
@given(machines(), st.data())
def test_what_a_plain_search_comes_by_is_reachable_and_nothing_else_is(
    machine: Definition[Data], draw: st.DataObject
) -> None:
    machine = bounded(machine)
    note(drawing(machine.chart))
    plain, found = both(machine)
    states = [state.id for state in machine.chart.states[1:] if state.kind != "history"]
    for _ in range(4):
        one, most = draw.draw(st.sampled_from(states)), draw.draw(st.integers(0, 3))

        def p(place: Place, one: str = one, most: int = most) -> bool:
            return one in place.states and place.data.n >= most

        anywhere = any(one in s.rest.active and s.rest.data.n >= most for s in plain.states)
        assert found.check(never(p)).holds is not anywhere
        assert found.check(reachable_place(p)).holds is anywhere


@settings(_relaxed, max_examples=250)
@given(small_machines(), st.data())
def test_something_is_bound_to_come_where_no_fair_way_of_a_plain_search_avoids_it(
    machine: Definition[Data], draw: st.DataObject
) -> None:
    note(drawing(machine.chart))
    plain, found = both(machine)
    pairs = {tuple(sorted(state.rest.leaves)) for state in plain.states}
    assert {tuple(sorted(leaves)) for leaves in found.configurations} == pairs
    states = [state.id for state in machine.chart.states if state.kind == "atomic"]
    for _ in range(6):
        one, other = draw.draw(st.sampled_from(states)), draw.draw(st.sampled_from(states))

        def p(state: State, one: str = one) -> bool:
            return one in state.rest.active

        def q(state: State, other: str = other) -> bool:
            return other in state.rest.active

        verdict = found.check(leads_to(active(one), active(other)))
        note(f"{verdict}")
        assert verdict.holds is not plain.escapes(p, q)
        if verdict.witness is not None and verdict.witness.exact:
            play(machine, verdict.witness.script)


def both(machine: Definition[Data]) -> tuple[BruteForce, Exploration]:
    found = explored(machine)
    events = [(sent.event, sent.by) for sent in stimuli_of(machine).events]
    try:
        return BruteForce(machine, events, MOST * 12).run(), found
    except TooMany:
        assume(False)
        raise


def explored(machine: Definition[Data]) -> Exploration:
    try:
        found = explore(machine, limit=MOST)
    except StepFailed:
        assume(False)
        raise
    assume(found.space.exhausted)
    return found


def bounded(machine: Definition[Data]) -> Definition[Data]:
    """The machine with few values of its data, and delays of whole seconds."""
    plain = msgspec.structs.replace
    chart: Chart = machine.chart
    states = tuple(
        # what is given to a child here would not always fit it
        plain(state, deadline=None, invokes=tuple(plain(i, input=None) for i in state.invokes))
        for state in chart.states
    )
    transitions = tuple(map(_in_whole_seconds, chart.transitions))
    chart = plain(chart, states=states, transitions=transitions)
    functions = {
        name: _few(function) if ":" in name else function
        for name, function in machine.functions.items()
    }
    return dataclasses.replace(machine, chart=chart, functions=functions)


def _in_whole_seconds(transition: Transition) -> Transition:
    delay = transition.trigger.delay
    if delay is None:
        return transition
    seconds = {None: 1.0, 0.0: 0.0, 1.5: 2.0, 60.0: 3.0}[delay.seconds]
    trigger = msgspec.structs.replace(transition.trigger, delay=Delay(seconds))
    return msgspec.structs.replace(transition, trigger=trigger)


def _few(function: Function) -> Function:
    def call(data: Data, *others: Any) -> Any:
        changed = function.call(data, *others)
        kept = data if changed is None else changed
        kept.log = []
        kept.n = min(kept.n, 6)
        return changed

    def one(data: Data) -> Any:
        return call(data)

    def two(data: Data, event: Any) -> Any:
        return call(data, event)

    def three(data: Data, event: Any, context: Any) -> Any:
        return call(data, event, context)

    calls: dict[int, Callable[..., Any]] = {1: one, 2: two, 3: three}
    return Function(calls[function.takes], function.takes)
