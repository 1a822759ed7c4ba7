"""Explores a machine: the places that it can reach, the steps that raise, and shortest paths.

:func:`configurations` ignores data and takes each guard both ways; it is the interpreter's search,
which the upgrade planner uses too. :func:`explore` runs the machine's own functions.
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
from statehold.check.explore.property import Condition, Property, Verdict, check
from statehold.check.explore.space import DEPTH_LIMIT, PLACE_LIMIT, Fault, Space, search
from statehold.check.explore.stepper import DATA_LIMIT
from statehold.check.explore.stimulus import stimuli_of
from statehold.check.explore.witness import Witness, witness_of
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
        """Ids of the transitions that no step took, in document order."""
        chart = self.space.definition.chart
        return tuple(t.id for t in chart.transitions if t.id not in self.space.taken)

    @property
    def failures(self) -> tuple[tuple[Fault, Witness], ...]:
        """Steps that raised, each with a shortest path to it."""
        space = self.space
        return tuple(
            (
                fault,
                witness_of(
                    space.definition,
                    space.data,
                    [*space.path_to(fault.at), fault.stimulus],
                    doc=fault.error,
                    last_fails=True,
                ),
            )
            for fault in space.faults
        )

    def check(self, asked: Property) -> Verdict:
        """See :func:`.property.check`."""
        return check(self.space, asked)

    def shortest(self, to: Condition | str | Sequence[str]) -> Witness | None:
        """A shortest path to a place that fits: a predicate, a state's path, or a configuration.

        None: no place that was found fits.
        """
        p = _goal(to)
        space = self.space
        for number in range(len(space.nodes)):
            if p(self.space.place(number)):
                stimuli = self.space.path_to(number)
                return witness_of(
                    self.space.definition, self.space.data, stimuli, doc=f"to {p.words}"
                )
        return None

    def shortest_to_states(self) -> dict[str, Witness | None]:
        """A shortest path to each state; None for a state that is never active."""
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
    """Searches everything that the machine can do from a start with this data.

    ``data`` is what a start takes, which is the input where a machine has one: a value or plain
    values, by default the smallest that the type allows. ``events``, ``values`` and ``results`` say
    what to try (:func:`.stimulus.stimuli_of`). Raises
    ``InvalidPayload`` where data does not fit, and a ``StepFailed`` where the machine can't start.
    """
    definition: Definition[Any] = machine.definition
    stimuli = stimuli_of(definition, events=events, values=values, results=results)
    start = starting_data(definition, data)
    space = search(definition, start, stimuli, limit=limit, depth=depth, data_limit=data_limit)
    words = definition.input_words
    starts = domain_of(definition.input.schema(), words.removeprefix("the "))
    if data is None and (len(starts.values) > 1 or starts.left_out):
        space.left_out = (
            f"{words} at the start: only {start!r}, the smallest that its type allows",
            *space.left_out,
        )
    return Exploration(space)


def assert_holds(machine: AMachine | Exploration, *properties: Property, **options: Any) -> None:
    """For tests: raises ``AssertionError`` unless every property holds.

    The message has the steps of each counterexample. A property that is not known to hold, because
    a limit was hit, does not hold here. ``options`` are those of :func:`explore`; an exploration
    given in place of the machine saves the search.
    """
    found = machine if isinstance(machine, Exploration) else explore(machine, **options)
    wrong = [verdict for verdict in map(found.check, properties) if not verdict.holds]
    if wrong:
        raise AssertionError("\n".join(map(str, wrong)))


def starting_data(definition: Definition[Any], data: Any = None) -> Any:
    """What a start takes, as plain JSON values."""
    shape, words = definition.input, definition.input_words
    given = sample_of(shape.schema()) if data is None else data
    given = UNSET if given is None else given
    try:
        return msgspec.json.decode(shape.dump(initial_data(shape, given, words)))
    except InvalidPayload as error:
        if data is not None:
            raise
        raise InvalidPayload(
            f"{words} generated for {definition.name}, {given!r} (give some by data=),",
            error.fields,
        ) from None


def most_configurations(chart: Chart) -> int:
    """The number of configurations that the tree of states allows, whatever the transitions."""
    tree = Tree(chart)
    counts = [1] * len(tree.states)
    for state in range(len(tree.states) - 1, -1, -1):
        below = [counts[child] for child in tree.children[state]]
        if below:
            parallel = tree.states[state].kind == "parallel"
            counts[state] = math.prod(below) if parallel else sum(below)
    return counts[0]


def _goal(to: Condition | str | Sequence[str]) -> Predicate:
    if isinstance(to, str):
        return active(to)
    if isinstance(to, Sequence):
        leaves = frozenset(to)
        return Predicate(
            lambda place: frozenset(place.leaves) == leaves, ", ".join(to), by_states=True
        )
    return predicate(to)
