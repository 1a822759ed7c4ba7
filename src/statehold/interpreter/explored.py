"""The search for reachable configurations, with every microstep that it follows."""

from __future__ import annotations

from msgspec import Struct

from statehold.chart.event import done_event
from statehold.chart.model import ROOT, Chart
from statehold.interpreter.choices import Choice, Memory, states_of
from statehold.interpreter.explore import SEARCH_LIMIT, Reachable, Search, SearchPlace, weight_of


class Spot(Struct, frozen=True):
    """Where an instance can be between two microsteps.

    ``active`` are the ids of the active states; ``resting``: a step ends there, and the next event
    comes from outside; ``recorded`` are the history states that remember something.
    """

    active: frozenset[str]
    resting: bool
    recorded: frozenset[str]


class Edge(Struct, frozen=True):
    """One microstep, from a spot to a spot, by their numbers; ``after`` None: the instance ends.

    ``event`` None: immediate transitions. ``guards`` are the guards asked, with their answers.
    ``only``: the event can do nothing else there, whatever the guards say. ``runs``: actions run,
    which may change the data. ``done`` are the states whose completion it queues, of those that
    some transition takes.
    """

    before: int
    after: int | None
    event: str | None
    transitions: tuple[str, ...]
    guards: tuple[tuple[str, bool], ...]
    exited: tuple[str, ...]
    entered: tuple[str, ...]
    done: tuple[str, ...]
    only: bool
    runs: bool


class Explored(Struct, frozen=True):
    """What a search found. ``entered`` are the states that the start enters; ``spots[0]`` is where
    that leads, unless the start ends the instance."""

    reachable: Reachable
    entered: tuple[str, ...]
    spots: tuple[Spot, ...]
    moves: tuple[Edge, ...]


def explore(chart: Chart, *, limit: int = SEARCH_LIMIT) -> Explored:
    """The search of :func:`.explore.reachable`, with every microstep that it followed: up to
    ``limit`` of them."""
    search = Recorded(chart, limit)
    found = search.run()
    return search.explored(found)


class Recorded(Search):
    """A search that records its microsteps.

    Places with the same active states and histories are one spot: the queue decides when something
    happens, not what.
    """

    def __init__(self, chart: Chart, limit: int) -> None:
        super().__init__(chart, limit)
        self.numbers: dict[tuple[int, Memory], int] = {}
        self.spots: list[SearchPlace] = []
        self.resting: set[int] = set()
        self.moves: dict[tuple[int, int | None, str | None, tuple[str, ...]], Edge] = {}
        self.looks = 0

    def explored(self, found: Reachable) -> Explored:
        spots = tuple(
            Spot(
                frozenset(self.ids(place.active)),
                number in self.resting,
                frozenset(name for name, remembered in place.memory if remembered),
            )
            for number, place in enumerate(self.spots)
        )
        start = self.ids(self.choices.beginning().mask)
        return Explored(found, start, spots, tuple(self.moves.values()))

    def add(self, place: SearchPlace) -> SearchPlace:
        if self.looks < self.limit:
            place = super().add(place)
        elif place not in self.seen:
            self.complete = False
        self.number(place)
        return place

    def goes_on(self) -> bool:
        return self.looks < self.limit

    def number(self, place: SearchPlace) -> int:
        key = (place.active, place.memory)
        if key not in self.numbers:
            self.numbers[key] = len(self.spots)
            self.spots.append(place)
        return self.numbers[key]

    def rest(self, place: SearchPlace) -> None:
        super().rest(place)
        self.resting.add(self.number(place))

    def follow_all(
        self, chosen: tuple[Choice | None, ...], name: str | None, place: SearchPlace
    ) -> None:
        if not self.goes_on():
            self.complete = False
            return
        self.looks += len(chosen) * weight_of(place)
        for choice in chosen:
            if choice is not None:
                self.write(choice, name, place, self.follow(choice, place), len(chosen) == 1)

    def write(
        self,
        choice: Choice,
        name: str | None,
        place: SearchPlace,
        after: SearchPlace | None,
        only: bool,
    ) -> None:
        before = self.number(place)
        number = None if after is None else self.number(after)
        ids = tuple(transition.id for transition in choice.transitions)
        key = (before, number, name, ids)
        if key in self.moves:
            return
        choices = self.choices
        exits = choice.exits(place.active)
        entered = choice.entered(place.active, choices.recorded(exits | choice.kept))
        done, _ = choices.completions(entered, place.active & ~exits | entered.mask)
        runs = choice.runs_code or entered.runs_code or exits & choices.exits_run_code != 0
        self.moves[key] = Edge(
            before,
            number,
            name,
            ids,
            choice.guards,
            tuple(reversed(self.ids(exits))),
            self.ids(entered.mask),
            tuple(one.removeprefix(done_event("")) for one in done),
            only,
            runs,
        )

    def ids(self, mask: int) -> tuple[str, ...]:
        """In document order, without the root: it is always active."""
        states = self.choices.tree.states
        return tuple(id for s in states_of(mask) if (id := states[s].id) != ROOT)
