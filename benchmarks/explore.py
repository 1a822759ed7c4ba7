"""How fast a machine is searched: configurations by its chart alone, snapshots by its own steps.

Regions stand beside each other, each going round its states at an event of its own, which is the
worst that a chart can do: every combination is reached. With data, a counter that a guard bounds
multiplies them.
"""

from __future__ import annotations

from time import perf_counter

from pydantic import BaseModel

from benchmarks.rounds import ROUNDS, in_turns
from benchmarks.table import number, percent, print_table
from statehold.chart.machine import Definition, Function
from statehold.chart.model import (
    Action,
    Chart,
    EventShape,
    Guard,
    Initial,
    StateNode,
    Transition,
    Trigger,
)
from statehold.chart.values import Shape
from statehold.check.explore.explore import explore, most_configurations, reachable
from statehold.interpreter.explore import SEARCH_LIMIT

#: the chart that can't be searched to its end: 4 ** 12 configurations
REGIONS, STATES = 12, 4
#: one that can, and the snapshots of it
FEW_REGIONS, COUNTS = 4, 8


class Counter(BaseModel):
    n: int = 0


def main(*, quick: bool = False) -> None:
    print("\n== exploration ==\n")
    limit = SEARCH_LIMIT // 10 if quick else SEARCH_LIMIT
    wide = regions(REGIONS, STATES)
    chart, machine = regions(FEW_REGIONS, STATES), counting()
    notes: dict[str, str] = {}

    def to_the_limit() -> float:
        begun = perf_counter()
        found = reachable(wide, limit=limit)
        spent = perf_counter() - begun
        notes["to the limit"] = (
            f"{len(found.configurations):,} of {most_configurations(wide):,}, "
            f"complete: {found.complete}, {spent:.2f} s"
        )
        return len(found.configurations) / spent

    def to_the_end() -> float:
        begun = perf_counter()
        found = reachable(chart)
        notes["to the end"] = f"{len(found.configurations):,}, complete: {found.complete}"
        return len(found.configurations) / (perf_counter() - begun)

    def snapshots() -> float:
        begun = perf_counter()
        found = explore(machine, Counter())
        notes["snapshots"] = (
            f"{found.places:,} by {found.space.steps:,} steps, complete: {found.space.complete}"
        )
        return found.places / (perf_counter() - begun)

    laps = {"to the limit": to_the_limit, "to the end": to_the_end, "snapshots": snapshots}
    taken = in_turns(laps, 1 if quick else ROUNDS)
    print_table(
        f"places a second, median of {1 if quick else ROUNDS} laps",
        ["search", "places/s", "spread", "found"],
        [[n, number(s.median), percent(s.spread), notes[n]] for n, s in taken.items()],
    )


def regions(count: int, states: int) -> Chart:
    """``count`` regions of ``states`` states, each going round at its own event."""
    nodes = [StateNode("", "compound", initial=Initial(("all",))), StateNode("all", "parallel", "")]
    transitions = []
    for region in (f"all.r{n}" for n in range(count)):
        nodes.append(StateNode(region, "compound", "all", initial=Initial((f"{region}.s0",))))
        for state in range(states):
            nodes.append(StateNode(f"{region}.s{state}", "atomic", region))
            transitions.append(
                Transition(
                    f"{region}.t{state}",
                    f"{region}.s{state}",
                    Trigger("event", (f"go {region}",)),
                    (f"{region}.s{(state + 1) % states}",),
                )
            )
    events = tuple(EventShape(f"go all.r{n}") for n in range(count))
    return Chart("regions", 1, tuple(nodes), tuple(transitions), events)


def counting() -> Definition[Counter]:
    """The smaller chart with a counter that an event of its own raises to ``COUNTS - 1``."""

    def below(counter: Counter) -> bool:
        return counter.n < COUNTS - 1

    def count(counter: Counter) -> None:
        counter.n += 1

    chart = regions(FEW_REGIONS, STATES)
    transition = Transition(
        "count",
        "all",
        Trigger("event", ("Count",)),
        guards=(Guard("below"),),
        actions=((Action("count"),),),
    )
    chart = Chart(chart.name, 1, chart.states, (*chart.transitions, transition))
    functions = {"below": Function(below, 1), "count": Function(count, 1)}
    return Definition(chart, Shape(Counter), functions=functions)
