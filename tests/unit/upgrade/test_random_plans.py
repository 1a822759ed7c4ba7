"""Upgrades between random charts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings

from statehold import (
    Upgrade,
    hours,
)
from statehold.chart.event import Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.chart.tree import Tree
from statehold.errors import DefinitionError, StepFailed
from statehold.interpreter.snapshot import Snapshot
from statehold.interpreter.step import start, step
from statehold.upgrade.carry import carry
from statehold.upgrade.plan import plan
from tests.conformance.named_functions import EPOCH, Data
from tests.conformance.random_charts import Stimulus, machines, stimuli
from tests.unit.upgrade.orders import configuration_of, stored


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    """Random charts go round in circles, and there is nothing to learn from going on."""
    with pytest.MonkeyPatch.context() as patch:
        # by its name, because the package shows a function of the same name
        patch.setattr(sys.modules["statehold.interpreter.macrostep"], "MICROSTEP_LIMIT", 50)
        yield


_relaxed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def next_version(machine: Definition[Data], chart: Chart | None = None) -> Definition[Data]:
    renumbered = msgspec.structs.replace(chart or machine.chart, version=2)
    return Definition(
        renumbered,
        machine.data,
        functions=machine.functions,
        effects=machine.effects,
        children=machine.children,
    )


@_relaxed
@given(machines(), stimuli())
def test_an_upgrade_to_the_same_chart_keeps_everything(
    machine: Definition[Data], history: list[Stimulus]
) -> None:
    new = next_version(machine)
    made = plan(machine.chart, new, Upgrade(1))
    assert all(old == image for old, image in made.configurations.items())
    try:
        snapshot = start(machine, Data(), EPOCH, instance="x").snapshot
        for stimulus in history:
            event = event_of(stimulus, snapshot)
            snapshot = step(machine, snapshot, event, EPOCH, roles=stimulus.roles).snapshot
    except StepFailed:
        assume(False)
    assume(not snapshot.done)
    found = carry(made, stored(machine, snapshot), EPOCH + hours(1), configuration_of(new))
    assert found.commands == ()
    assert found.snapshot == msgspec.structs.replace(
        snapshot, seq=snapshot.seq + 1, configuration=found.snapshot.configuration
    )
    assert found.snapshot.state == snapshot.state


def event_of(stimulus: Stimulus, snapshot: Snapshot[Data]) -> Any:
    if stimulus.kind == "timer" and snapshot.timers:
        return TimerFired(snapshot.timers[stimulus.choice % len(snapshot.timers)].id)
    if stimulus.kind in ("result", "failure") and snapshot.effects:
        found = snapshot.effects[stimulus.choice % len(snapshot.effects)]
        if stimulus.kind == "result":
            return Result(found.invoke, found.key, None)
        return Failure(found.invoke, found.key, "OSError", "no luck")
    return NamedEvent(stimulus.name)


@_relaxed
@given(machines(), machines(), stimuli())
def test_where_the_plan_stands_every_image_is_a_legal_configuration(
    old: Definition[Data], other: Definition[Data], picks: list[Stimulus]
) -> None:
    new = next_version(other)
    targets = [s.id for s in new.chart.states[1:] if s.kind != "history"]
    sources = [s.id for s in old.chart.states[1:] if s.kind != "history"]
    states = {
        source: targets[(picks[number % len(picks)].choice + number) % len(targets)]
        for number, source in enumerate(sources)
    }
    try:
        made = plan(old.chart, new, Upgrade(1, states=states))
    except DefinitionError:
        return
    tree = Tree(new.chart)
    for image in made.configurations.values():
        assert is_legal(tree, image)


def is_legal(tree: Tree, leaves: tuple[str, ...]) -> bool:
    """SCXML 3.11, by its words: atomic states, whose ancestors are full and never doubled."""
    active: set[int] = {0}
    for leaf in leaves:
        state = tree.index[leaf]
        if tree.states[state].kind not in ("atomic", "final"):
            return False
        active.update((state, *tree.ancestors(state)))
    for state in active:
        inner = [child for child in tree.children[state] if child in active]
        kind = tree.states[state].kind
        if kind == "compound" and len(inner) != 1:
            return False
        if kind == "parallel" and len(inner) != len(tree.children[state]):
            return False
    return True
