"""Machines that XState 4.38 and 5.33 ran; ``xstate_runs.jsonl`` has what each step came to.

A line has the version, the machine, the events, and for the start and each event the active states
and the names of the actions, in the order in which they ran. Actions but ``inc`` do nothing to the
data. Left out are machines in which version 4's states contradict each other, as it takes
transitions of several regions whose targets exclude one another.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from statehold.chart.event import NamedEvent
from statehold.errors import StepFailed
from statehold.formats.notation import Offered
from statehold.formats.xstate import read_xstate, read_xstate_chart
from statehold.interpreter import Step, start, step
from statehold.interpreter.explore import reachable

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RUNS = [
    json.loads(line)
    for line in Path(__file__).with_name("xstate_runs.jsonl").read_text().splitlines()
]
Log = list[str]


@pytest.mark.parametrize("number", range(len(RUNS)))
def test_a_machine_takes_the_steps_that_xstate_took(number: int) -> None:
    run = RUNS[number]
    log: Log = []
    machine = read_xstate(
        run["machine"], Offered(functions(run["machine"], log)), xstate_version=run["version"]
    ).definition
    rested = reachable(machine.chart)
    taken: Step[Any] = start(machine, machine.data.check({}), NOW)
    for event, (states, actions) in zip([None, *run["events"]], run["steps"], strict=True):
        if event is not None:
            log.clear()
            taken = step(machine, taken.snapshot, NamedEvent(event), NOW)
        assert (sorted(taken.snapshot.state), log) == (states, actions), event
        # what a search of the chart finds includes what happened
        assert taken.snapshot.state in rested.configurations


def functions(document: dict[str, Any], log: Log) -> dict[str, Callable[..., Any]]:
    def noting(name: str) -> Callable[[Any], None]:
        return lambda data: log.append(name)

    def inc(data: dict[str, Any]) -> None:
        data["n"] += 1

    needed = read_xstate_chart(document)[2]
    actions = {one.name: noting(one.name) for one in needed if one.role == "action"}
    return {
        **actions,
        "inc": inc,
        "yes": lambda data: True,
        "no": lambda data: False,
        "lt3": lambda data: data["n"] < 3,
    }


def test_an_immediate_transition_that_goes_on_changing_the_data_is_endless() -> None:
    document = {
        "context": {"n": 0},
        "initial": "a",
        "states": {"a": {"always": {"guard": "yes", "actions": "inc"}}},
    }
    machine = read_xstate(document, Offered(functions(document, []))).definition
    with pytest.raises(StepFailed, match="took 1000 microsteps"):
        start(machine, machine.data.check({}), NOW)
