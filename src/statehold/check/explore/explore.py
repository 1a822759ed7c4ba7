"""A machine explored: its configurations, its snapshots, what fails, and the shortest ways.

:func:`configurations` takes guards both ways and knows nothing of data; it is the search that the
upgrade planner uses and stands beside the interpreter. :func:`explore` steps the machine itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from statehold.chart.event import Event, NamedEvent
from statehold.chart.initial import initial_data
from statehold.chart.machine import AMachine, Definition
from statehold.chart.model import Chart
from statehold.chart.tree import Tree
from statehold.check.explore.domain import domain_of, sample_of
from statehold.check.explore.predicate import Predicate, active, predicate
from statehold.check.explore.property import Asked, Property, Verdict, check
from statehold.check.explore.space import DEPTH_LIMIT, PLACE_LIMIT, Fault, Space, search
from statehold.check.explore.stepper import DATA_LIMIT
from statehold.check.explore.stimulus import stimuli_of
from statehold.check.explore.witness import Way, way
from statehold.errors import InvalidPayload
from statehold.interpreter.explore import SEARCH_LIMIT, Reachable, reachable

__all__ = [
    "SEARCH_LIMIT",
    "Exploration",
    "Reachable",
    "assert_holds",
    "explore",
    "most_configurations",
    "reachable",
]


class Exploration:
    """What was found of one machine. ``space`` holds the places themselves."""

    def __init__(self, space: Space) -> None:
        self.space = space

    @property
    def places(self) -> int:
        """How many snapshots were found that can go on in different ways."""
        return len(self.space.nodes)

    @property
    def configurations(self) -> frozenset[tuple[str, ...]]:
        """Active leaves that were seen together, in document order."""
        return frozenset(node.point.snapshot.state for node in self.space.nodes)

    @property
    def never_taken(self) -> tuple[str, ...]:
        """Ids of the transitions that nothing took, in document order."""
        chart = self.space.definition.chart
        return tuple(t.id for t in chart.transitions if t.id not in self.space.taken)

    @property
    def failures(self) -> tuple[tuple[Fault, Way], ...]:
        """Steps that raised, each with a shortest way to it."""
        space = self.space
        return tuple(
            (
                fault,
                way(
                    space.definition,
                    space.data,
                    [*space.way(fault.at), fault.stimulus],
                    doc=fault.error,
                    last_fails=True,
                ),
            )
            for fault in space.faults
        )

    def check(self, asked: Property) -> Verdict:
        """See :func:`.property.check`."""
        return check(self.space, asked)

    def shortest(self, to: Asked | str | Sequence[str]) -> Way | None:
        """A shortest way to a place: by a predicate, a state's path, or a whole configuration.

        None: no place that was found has it.
        """
        p = _goal(to)
        for number in range(len(self.space.nodes)):
            if p(self.space.place(number)):
                stimuli = self.space.way(number)
                return way(self.space.definition, self.space.data, stimuli, doc=f"to {p.words}")
        return None

    def shortest_to_states(self) -> dict[str, Way | None]:
        """For each state that can be active, a shortest way to where it is."""
        states = self.space.definition.chart.states
        return {
            state.id: self.shortest(active(state.id))
            for state in states
            if state.id and state.kind != "history"
        }


def explore(
    machine: AMachine,
    data: Any = None,
    *,
    events: Sequence[Event | NamedEvent | Mapping[str, Any]] = (),
    values: Mapping[str, Sequence[Any]] | None = None,
    results: Mapping[str, Sequence[Any]] | None = None,
    limit: int = PLACE_LIMIT,
    depth: int = DEPTH_LIMIT,
    data_limit: int = DATA_LIMIT,
) -> Exploration:
    """Runs the machine in every way that is known, from a start with this data.

    ``data`` is a value or plain values; without it, the least that the type allows. What is tried
    can be said by ``events``, ``values`` and ``results`` (:func:`.stimulus.stimuli_of`). Raises
    ``InvalidPayload`` where data does not fit, and a ``StepFailed`` where the machine can't start.
    """
    definition: Definition[Any] = machine.definition
    stimuli = stimuli_of(definition, events=events, values=values, results=results)
    start = starting_data(definition, data)
    space = search(definition, start, stimuli, limit=limit, depth=depth, data_limit=data_limit)
    starts = domain_of(definition.data.schema(), "data")
    if data is None and (len(starts.values) > 1 or starts.left_out):
        space.left_out = (
            f"the data at the start: only {start!r}, the least that its type allows",
            *space.left_out,
        )
    return Exploration(space)


def assert_holds(machine: AMachine | Exploration, *properties: Property, **options: Any) -> None:
    """For tests: raises ``AssertionError`` unless every property holds.

    The message has the way to each counterexample, in words. What is not known, since a limit was
    hit, does not hold here. ``options`` are those of :func:`explore`; an exploration that was made
    already saves the search.
    """
    found = machine if isinstance(machine, Exploration) else explore(machine, **options)
    wrong = [verdict for verdict in map(found.check, properties) if not verdict.holds]
    if wrong:
        raise AssertionError("\n".join(map(str, wrong)))


def starting_data(definition: Definition[Any], data: Any = None) -> Any:
    """The data that a search begins with, as plain JSON values."""
    shape = definition.data
    given = sample_of(shape.schema()) if data is None else data
    given = UNSET if given is None else given
    try:
        return msgspec.json.decode(shape.dump(initial_data(shape, given, "the data")))
    except InvalidPayload as error:
        if data is not None:
            raise
        raise InvalidPayload(
            f"the data that {definition.name} was tried to be started with, {given!r}; give some "
            "by data=,",
            error.fields,
        ) from None


def most_configurations(chart: Chart) -> int:
    """How many sets of active states the states alone allow, were there no transitions."""
    tree = Tree(chart)
    counts = [1] * len(tree.states)
    for state in range(len(tree.states) - 1, -1, -1):
        below = [counts[child] for child in tree.children[state]]
        if below:
            parallel = tree.states[state].kind == "parallel"
            counts[state] = math.prod(below) if parallel else sum(below)
    return counts[0]


def _goal(to: Asked | str | Sequence[str]) -> Predicate:
    if isinstance(to, str):
        return active(to)
    if isinstance(to, Sequence):
        leaves = frozenset(to)
        return Predicate(
            lambda place: frozenset(place.leaves) == leaves, ", ".join(to), by_states=True
        )
    return predicate(to)
