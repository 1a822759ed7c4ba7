"""Small machines in which much depends on time: timers that race, effects, circles."""

from __future__ import annotations

from hypothesis import strategies as st

from statehold.chart.event import failure_event, result_event, timer_event
from statehold.chart.machine import Definition
from statehold.chart.model import (
    ROOT,
    Chart,
    Delay,
    Initial,
    Invoke,
    StateNode,
    Transition,
    Trigger,
)
from tests.conformance.named_functions import Data, define

REGIONS = ("r0", "r1")


@st.composite
def small_machines(draw: st.DrawFn) -> Definition[Data]:
    """Two regions of two or three states beside each other, each with an effect or none.

    Transitions stay in their region, so that what one region waits for decides what another can
    come to.
    """
    nodes = [StateNode(ROOT, "parallel")]
    states: dict[str, list[str]] = {}
    invoking: list[str] = []
    for region in REGIONS:
        count = draw(st.integers(2, 3))
        states[region] = [f"{region}.s{number}" for number in range(count)]
        nodes.append(StateNode(region, "compound", ROOT, initial=Initial((states[region][0],))))
        for state in states[region]:
            invokes: tuple[Invoke, ...] = ()
            if draw(st.integers(0, 5)) == 5:
                invoking.append(state)
                invokes = (Invoke(f"i.{state}", "work"),)
            nodes.append(StateNode(state, "atomic", region, invokes=invokes))
    transitions = []
    for number in range(draw(st.integers(2, 7))):
        region = draw(st.sampled_from(REGIONS))
        source = draw(st.sampled_from(states[region]))
        target = draw(st.sampled_from(states[region]))
        # now and then a whole region is entered anew, which sets its timers again
        whole = draw(st.integers(0, 9)) == 9
        kinds = ["after", "after", "after", "event", "event"]
        kinds += ["result", "failure"] if source in invoking else []
        trigger = _trigger(draw, draw(st.sampled_from(kinds)), f"t{number}", source)
        transitions.append(
            Transition(f"t{number}", region if whole else source, trigger, (target,))
        )
    chart = Chart("small", 1, tuple(nodes), tuple(transitions))
    return define(chart)


def _trigger(draw: st.DrawFn, kind: str, id: str, source: str) -> Trigger:
    if kind == "after":
        return Trigger("after", (timer_event(id),), Delay(float(draw(st.integers(0, 4)))))
    if kind == "result":
        return Trigger("result", (result_event(f"i.{source}"),))
    if kind == "failure":
        return Trigger("failure", (failure_event(f"i.{source}"),))
    return Trigger("event", (draw(st.sampled_from(["a", "b"])),))
