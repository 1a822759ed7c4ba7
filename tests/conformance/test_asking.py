"""What a transition may enter and leave, by the chart alone, has all that it ever does."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings

from statehold.chart.asking import entered_by, entered_by_default, left_by
from statehold.chart.machine import Definition
from statehold.chart.tree import Tree
from statehold.errors import StepFailed
from statehold.interpreter import Step, start, step
from tests.conformance.named_functions import EPOCH, Data
from tests.conformance.random_charts import Stimulus, machines, stimuli
from tests.conformance.test_against_reference import event_of


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(machines(), stimuli())
def test_what_is_entered_and_left_was_foreseen(
    machine: Definition[Data], stimuli: list[Stimulus]
) -> None:
    if machine.chart.policy.nesting != "scxml":
        # no notation whose effects take events has another
        return
    tree = Tree(machine.chart)
    by_id = {one.id: one for one in machine.chart.transitions}

    def check(taken: Step[Data], *, is_start: bool) -> None:
        for number, microstep in enumerate(taken.trace):
            moves = [by_id[id] for id in microstep.transitions]
            entered = set().union(*(entered_by(tree, one) for one in moves))
            left = set().union(*(left_by(tree, one) for one in moves))
            if is_start and not number:
                entered |= entered_by_default(tree, 0)
            assert {tree.index[one] for one in microstep.entered} <= entered
            assert {tree.index[one] for one in microstep.exited} <= left

    now = EPOCH
    try:
        last = start(machine, Data(n=1), now, instance="x")
        check(last, is_start=True)
        for stimulus in stimuli:
            now += timedelta(seconds=1)
            event = event_of(stimulus, last.snapshot)
            last = step(machine, last.snapshot, event, now, roles=stimulus.roles)
            check(last, is_start=False)
    except StepFailed:
        return
