"""Every configuration that an instance of a chart can rest in.

A chart has names of functions, not functions, so whatever they could do counts as possible: guards
answer both ways, effects succeed or fail, timers fire, actions raise any event. What an event then
does is the interpreter's own selection, as :mod:`.choices` keeps it.

The answer errs on one side only. It may contain a configuration that the functions never let an
instance reach; as long as it is complete, it lacks none that they do.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from msgspec import Struct

from statehold.chart.model import Chart
from statehold.interpreter.choices import Choice, Choices, Entered, Memory
from statehold.interpreter.occurrence import occurrences

#: configurations, each with what its history states remember, that one search looks at
SEARCH_LIMIT = 20_000
#: active states that a place may have before it counts as several
ACTIVE_OF_ONE = 50
#: microsteps that are followed for each place that a search may visit
STEPS_OF_ONE = 50
#: completions that wait in one macrostep
QUEUE_LIMIT = 64


class Reachable(Struct, frozen=True):
    """``configurations`` are active leaves in document order, ended ones included.

    ``taken`` are the ids of the transitions that some walk through the chart takes. ``places`` is
    how many combinations of a configuration, its histories and its queue were visited. ``complete``
    is False where a limit was hit: then there may be more of all of these.
    """

    configurations: frozenset[tuple[str, ...]]
    complete: bool
    taken: frozenset[str] = frozenset()
    places: int = 0


def reachable(chart: Chart, *, limit: int = SEARCH_LIMIT) -> Reachable:
    """Searches a valid chart, breadth first, visiting up to ``limit`` places."""
    return Search(chart, limit).run()


class SearchPlace(NamedTuple):
    """Where an instance is between two microsteps.

    ``active`` are the bits of :mod:`.choices`, ``queue`` completions that are still to be handled.
    ``raising``: an action ran, so events of any name may be in the queue before them.
    """

    active: int
    memory: Memory
    queue: tuple[str, ...]
    raising: bool


class Search:
    """One search; :class:`.explored.Recorded` records its microsteps, too."""

    def __init__(self, chart: Chart, limit: int) -> None:
        self.choices = Choices(chart)
        self.limit = limit
        #: places that were visited, and microsteps that may still be followed, as they count
        self.size, self.left = 0, limit * STEPS_OF_ONE
        self.complete = True
        self.seen: set[SearchPlace] = set()
        self.pending: deque[SearchPlace] = deque()
        self.found: set[int] = set()
        self.taken: set[Choice] = set()
        self.errors_are_events = chart.policy.errors == "event"
        self.eventless = self.choices.sources(None)
        events = occurrences(self.choices.tree)
        #: each event, the states that have a transition for it, and those that it comes from
        self.occurrences = tuple(
            (one.name, self.choices.sources(one.name), 1 if one.state is None else 1 << one.state)
            for one in events
        )
        #: those among them that an action can raise
        self.raised = tuple(
            known for known, one in zip(self.occurrences, events, strict=True) if one.state is None
        )

    def run(self) -> Reachable:
        start = self.choices.beginning()
        nowhere = SearchPlace(0, (), (), False)
        self.arrive(start, start.mask, nowhere, self.errors_are_events)
        pending = self.pending
        while pending and self.goes_on():
            self.visit(pending.popleft())
        if pending:
            self.complete = False
        return Reachable(
            frozenset(map(self.choices.leaves_of, self.found)),
            self.complete and not self.choices.cut,
            frozenset(t.id for choice in self.taken for t in choice.transitions),
            len(self.seen),
        )

    def visit(self, place: SearchPlace) -> None:
        active, memory, queue, raising = place
        if active & self.eventless:
            chosen = self.choices.of(None, active, memory)
            self.follow_all(chosen, None, place)
            if None not in chosen and not any(self.settles(one, place) for one in chosen):
                return
        if not queue:
            self.rest(place)
            for name, sources, needed in self.occurrences:
                if active & needed and active & sources:
                    self.follow_all(self.choices.of(name, active, memory), name, place)
            return
        if raising:
            for name, sources, _ in self.raised:
                if active & sources:
                    self.follow_all(self.choices.of(name, active, memory), name, place)
        place = place._replace(queue=queue[1:])
        chosen = self.choices.of(queue[0], active, memory)
        if None in chosen:
            self.add(place)
        self.follow_all(chosen, queue[0], place)

    def goes_on(self) -> bool:
        """Whether more may be followed."""
        return self.left > 0

    def settles(self, choice: Choice | None, place: SearchPlace) -> bool:
        """Whether immediate transitions that lead nowhere else are the last of their step."""
        if choice is None or self.choices.tree.chart.policy.nesting == "scxml":
            return False
        exits = choice.exits(place.active)
        recorded = self.choices.recorded(exits)
        entered = choice.entered(place.active, recorded)
        known = set(recorded) <= set(place.memory)
        return known and place.active & ~exits | entered.mask == place.active

    def rest(self, place: SearchPlace) -> None:
        """No microstep is left to take at the place."""
        self.found.add(place.active)

    def follow_all(
        self, chosen: tuple[Choice | None, ...], name: str | None, place: SearchPlace
    ) -> None:
        """Follows every choice that the event may make."""
        if not self.goes_on():
            self.complete = False
            return
        self.left -= len(chosen) * weight_of(place)
        for choice in chosen:
            if choice is not None:
                self.follow(choice, place)

    def follow(self, choice: Choice, place: SearchPlace) -> SearchPlace | None:
        """Adds and returns the place that this leads to; None: the instance ends."""
        self.taken.add(choice)
        exits = choice.exits(place.active)
        recorded = self.choices.recorded(exits)
        entered = choice.entered(place.active, self.choices.recorded(exits | choice.kept))
        if recorded:
            memory = tuple(sorted({**dict(place.memory), **dict(recorded)}.items()))
            place = place._replace(memory=memory)
        raising = (
            self.errors_are_events or choice.runs_code or exits & self.choices.exits_run_code != 0
        )
        return self.arrive(entered, place.active & ~exits | entered.mask, place, raising)

    def arrive(
        self, entered: Entered, active: int, place: SearchPlace, raising: bool
    ) -> SearchPlace | None:
        """Adds the place that has these states active; ``place`` is the one before."""
        queue = place.queue
        if entered.finals:
            done, ends = self.choices.completions(entered, active)
            if ends:
                self.found.add(active)
                return None
            queue += done
        raising = bool(queue) and (place.raising or raising or entered.runs_code)
        return self.add(SearchPlace(active, place.memory, queue, raising))

    def add(self, place: SearchPlace) -> SearchPlace:
        if not place.queue and place.raising:
            place = place._replace(raising=False)
        if place in self.seen:
            return place
        if self.size >= self.limit or len(place.queue) > QUEUE_LIMIT:
            self.complete = False
            return place
        self.size += weight_of(place)
        self.seen.add(place)
        self.pending.append(place)
        return place


def weight_of(place: SearchPlace) -> int:
    """As how many it counts: what is done with it takes time and memory of its active states."""
    return 1 + place.active.bit_count() // ACTIVE_OF_ONE
