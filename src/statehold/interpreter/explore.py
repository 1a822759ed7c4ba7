"""Every configuration that an instance of a chart can rest in.

A chart holds names of functions, not functions, so whatever they could do is taken to be
possible: guards answer both ways, effects succeed or fail, timers fire, actions raise any event.
What an event then does is not decided here but read off the interpreter's own decision trees.

The answer errs on one side only. It may hold a configuration that the functions never let an
instance reach; as long as it is complete, it never lacks one that they do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from statehold.chart.effect import Effect
from statehold.chart.event import failure_event, result_event, timer_event
from statehold.chart.machine import Definition, Function
from statehold.chart.model import Block, Chart
from statehold.chart.tree import Tree
from statehold.chart.values import Shape
from statehold.interpreter.configuration import Ask, Configuration, Node
from statehold.interpreter.plan import Do, Operation, Plan
from statehold.interpreter.program import Program
from statehold.interpreter.selection import candidates

#: configurations, each with what its history states remember, that one search looks at
SEARCH_LIMIT = 20_000
#: ways in which the guards asked about one event in one configuration may answer
ANSWER_LIMIT = 4096
#: completions that wait in one macrostep
QUEUE_LIMIT = 64
#: stands for every event that no transition names
_UNNAMED = "?"


class Reachable(Struct, frozen=True):
    """``configurations`` are active leaves in document order, ended ones included.

    ``complete`` is False where a limit was hit: then there may be more.
    """

    configurations: frozenset[tuple[str, ...]]
    complete: bool


class Spot(Struct, frozen=True):
    """Where an instance can be between two microsteps.

    ``active`` are the ids of the active states; ``resting``: nothing is left to do there until
    something comes from outside; ``recorded`` are the history states that remember something.
    """

    active: frozenset[str]
    resting: bool
    recorded: frozenset[str]


class Move(Struct, frozen=True):
    """One microstep, from a spot to a spot, by their numbers; ``after`` None: the instance ends.

    ``event`` None: immediate transitions. ``guards`` were asked and said so. ``only``: nothing
    else can come of the event there, whatever the guards say. ``runs``: actions ran, which may
    have changed the data. ``done`` are the states whose completion it queues.
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
    """All that a search came by. ``entered`` are the states that the start enters; ``spots[0]``
    is where that leads, if the start does not end the instance at once."""

    reachable: Reachable
    entered: tuple[str, ...]
    spots: tuple[Spot, ...]
    moves: tuple[Move, ...]


def reachable(chart: Chart, *, limit: int = SEARCH_LIMIT) -> Reachable:
    """Searches a valid chart, breadth first, looking at up to ``limit`` places."""
    return _Search(chart, limit).run()


def explore(chart: Chart, *, limit: int = SEARCH_LIMIT) -> Explored:
    """The same search, with every microstep that it followed: up to ``limit`` of them."""
    search = _Recorded(chart, limit)
    found = search.run()
    return search.explored(found)


class _Place(NamedTuple):
    """Between two microsteps: ``queue`` are completions still to be taken.

    ``raising``: an action ran, so events of any name may stand in the queue before them.
    """

    active: tuple[int, ...]
    history: tuple[tuple[str, tuple[str, ...]], ...]
    queue: tuple[str, ...]
    raising: bool


class _Occurrence(NamedTuple):
    """An event, and the state that has to be active for it to come; None: it comes any time."""

    name: str
    state: int | None


class _Search:
    def __init__(self, chart: Chart, limit: int) -> None:
        self.program = _program_without_code(chart)
        self.limit = limit
        self.complete = True
        self.seen: set[_Place] = set()
        self.pending: deque[_Place] = deque()
        self.found: set[tuple[str, ...]] = set()
        self.occurrences = _occurrences(self.program.tree)
        self.errors_are_events = chart.policy.errors == "event"
        self._heard: dict[str, frozenset[int]] = {}

    def run(self) -> Reachable:
        plan, _ = self.program.beginning()
        self.follow(plan, _Place((), (), (), False))
        while self.pending:
            self.visit(self.pending.popleft())
        return Reachable(frozenset(self.found), self.complete)

    def visit(self, place: _Place) -> None:
        configuration = self.program.intern(place.active)
        history = dict(place.history)
        rests = False
        for leaf in self.outcomes(configuration.eventless, history):
            if leaf.plan is None:
                rests = True
            else:
                self.take(leaf, place)
        if not rests:
            return
        if not place.queue:
            self.rest(configuration, place)
            for occurrence in self.occurrences:
                if occurrence.state is None or occurrence.state in (0, *place.active):
                    self.receive(occurrence.name, configuration, history, place)
            return
        first, *rest = place.queue
        if place.raising:
            for occurrence in self.occurrences:
                if occurrence.state is None:
                    self.receive(occurrence.name, configuration, history, place)
        place = place._replace(queue=tuple(rest))
        for leaf in self.outcomes(configuration.row(first), history):
            if leaf.plan is None:
                self.add(place)
            else:
                self.take(leaf, place)

    def receive(
        self,
        name: str,
        configuration: Configuration,
        history: dict[str, tuple[str, ...]],
        place: _Place,
    ) -> None:
        """Follows every way in which the event may be taken, if it may be at all."""
        if self.heard(name).isdisjoint((0, *place.active)):
            return
        for leaf in self.outcomes(configuration.row(name), history):
            if leaf.plan is not None:
                self.take(leaf, place)

    def rest(self, configuration: Configuration, place: _Place) -> None:
        """Nothing is left to do at the place."""
        self.found.add(configuration.leaves)

    def take(self, leaf: Node, place: _Place) -> None:
        """Follows what a decision tree came to; there is a plan."""
        assert leaf.plan is not None
        self.follow(leaf.plan, place)

    def follow(self, plan: Plan, place: _Place) -> _Place | None:
        """Adds the place that the plan leads to, and gives it; None: the instance ends."""
        if plan.ends is not None:
            self.found.add(plan.target.leaves)
            return None
        history = place.history
        if plan.history:
            history = tuple(sorted({**dict(history), **plan.history}.items()))
        done = tuple(o.subject.event.__event__ for o in plan.operations if o.code == Do.DONE)
        raising = place.raising or self.errors_are_events or any(map(_runs_code, plan.operations))
        return self.add(_Place(plan.target.active, history, place.queue + done, raising))

    def add(self, place: _Place) -> _Place:
        if not place.queue:
            place = place._replace(raising=False)
        if place in self.seen:
            return place
        if len(self.seen) >= self.limit or len(place.queue) > QUEUE_LIMIT:
            self.complete = False
            return place
        self.seen.add(place)
        self.pending.append(place)
        return place

    def outcomes(self, root: Node, history: dict[str, tuple[str, ...]]) -> Iterator[Node]:
        """The leaves for each way in which the guards may answer, each choice once."""
        told: set[tuple[str, ...]] = set()
        nodes = [root]
        asked = 0
        while nodes:
            node = nodes.pop()
            if node.ask == Ask.LEAF:
                chosen = node.trace[0].transitions if node.plan is not None else ()
                if chosen not in told:
                    told.add(chosen)
                    yield node
            elif node.ask == Ask.HISTORY:
                nodes.append(node.variant(history))
            elif asked >= ANSWER_LIMIT:
                self.complete = False
                nodes.append(node.branch(False))
            else:
                asked += 1
                nodes.extend((node.branch(False), node.branch(True)))

    def heard(self, name: str) -> frozenset[int]:
        """The states that have a transition for the event."""
        known = self._heard.get(name)
        if known is None:
            tree = self.program.tree
            known = frozenset(
                s for s, own in enumerate(tree.transitions) if own and candidates(tree, s, name)
            )
            self._heard[name] = known
        return known


class _Recorded(_Search):
    """A search that writes down what it does.

    Places are told apart by what is active and remembered alone: what waits in the queue decides
    when something happens, not what.
    """

    def __init__(self, chart: Chart, limit: int) -> None:
        super().__init__(chart, limit)
        self.numbers: dict[tuple[tuple[int, ...], Any], int] = {}
        self.spots: list[_Place] = []
        self.resting: set[int] = set()
        #: each way of moving, and whether it is the only one
        self.moves: dict[tuple[Any, ...], Move] = {}
        self.branches = 0
        self.looks = 0

    def explored(self, found: Reachable) -> Explored:
        _, trace = self.program.beginning()
        states = self.program.tree.states
        spots = tuple(
            Spot(
                frozenset(states[number].id for number in place.active),
                number in self.resting,
                frozenset(name for name, remembered in place.history if remembered),
            )
            for number, place in enumerate(self.spots)
        )
        return Explored(found, trace[0].entered, spots, tuple(self.moves.values()))

    def add(self, place: _Place) -> _Place:
        if self.looks < self.limit:
            place = super().add(place)
        elif place not in self.seen:
            self.complete = False
        self.number(place)
        return place

    def number(self, place: _Place) -> int:
        key = (place.active, place.history)
        if key not in self.numbers:
            self.numbers[key] = len(self.spots)
            self.spots.append(place)
        return self.numbers[key]

    def rest(self, configuration: Configuration, place: _Place) -> None:
        super().rest(configuration, place)
        self.resting.add(self.number(place))

    def outcomes(self, root: Node, history: dict[str, tuple[str, ...]]) -> Iterator[Node]:
        leaves = list(super().outcomes(root, history))
        self.branches = len(leaves)
        self.looks += len(leaves)
        yield from leaves

    def take(self, leaf: Node, place: _Place) -> None:
        assert leaf.plan is not None
        (told,) = leaf.trace
        only = self.branches == 1
        after = self.follow(leaf.plan, place)
        before = self.number(place)
        number = None if after is None else self.number(after)
        key = (before, number, told.event, told.transitions)
        if key not in self.moves:
            self.moves[key] = Move(
                before,
                number,
                told.event,
                told.transitions,
                told.guards,
                told.exited,
                told.entered,
                tuple(o.subject.event.state for o in leaf.plan.operations if o.code == Do.DONE),
                only,
                any(map(_runs_code, leaf.plan.operations)),
            )


def _runs_code(operation: Operation) -> bool:
    return operation.code <= Do.RUN_DATA_EVENT_CONTEXT or operation.code == Do.BLOCK


def _program_without_code(chart: Chart) -> Program[Any]:
    """The chart's program with stand-ins that are never called, as only its trees are read."""

    def never(*_: Any) -> Any:
        raise AssertionError("a search calls no function of the machine")

    functions: dict[str, Function] = defaultdict(lambda: Function(never, 1))
    effects: dict[str, Effect[Any, Any]] = defaultdict(lambda: Effect("", never, False))
    # without declared events, no configuration looks up which of them it accepts
    bare = msgspec.structs.replace(chart, events=())
    return Program(Definition(bare, Shape(Any), functions=functions, effects=effects))


# --- what can happen -----------------------------------------------------------------------


def _occurrences(tree: Tree) -> tuple[_Occurrence, ...]:
    """Events that can come from outside or from an action. Completions come from the chart."""
    chart = tree.chart
    found = [
        _Occurrence(timer_event(t.id), tree.index[t.source])
        for t in chart.transitions
        if t.trigger.kind == "after"
    ]
    for number, state in enumerate(chart.states):
        for invoke in state.invokes:
            found.append(_Occurrence(result_event(invoke.id), number))
            found.append(_Occurrence(failure_event(invoke.id), number))
    for name in detached_effects(chart):
        found.append(_Occurrence(result_event(name), None))
        found.append(_Occurrence(failure_event(name), None))
    known = {occurrence.name for occurrence in found}
    for name in _names(chart):
        if name not in known and not _is_the_interpreters(name):
            known.add(name)
            found.append(_Occurrence(name, None))
    return tuple(found)


def _names(chart: Chart) -> Iterator[str]:
    """Names that stand for all: which transitions an event is for depends on nothing else.

    A descriptor stands for the longest name that it says anything about (SCXML 3.12.1).
    """
    triggers = [t.trigger for t in chart.transitions if t.trigger.kind != "always"]
    named = [name for trigger in triggers for name in trigger.events]
    if chart.policy.matching == "token":
        yield from (name.removesuffix(".*").removesuffix(".") for name in named if name != "*")
        yield _UNNAMED
        return
    yield from named
    if any(trigger.kind == "any" for trigger in triggers):
        others = [event.name for event in chart.events if event.name not in named]
        yield from others[:1] if chart.events else (_UNNAMED,)


def _is_the_interpreters(name: str) -> bool:
    """Those that it makes are listed one by one; ``error.execution`` an action can bring about."""
    return name.startswith("after.") or f"{name}.".startswith(
        ("done.state.", "done.invoke.", "error.invoke.")
    )


def detached_effects(chart: Chart) -> tuple[str, ...]:
    """Names of the effects that actions ask for, which end with no state."""
    asked = (a.name for block in _blocks(chart) for a in block if a.kind == "effect")
    return tuple(dict.fromkeys(asked))


def _blocks(chart: Chart) -> Iterator[Block]:
    for state in chart.states:
        yield from state.entry
        yield from state.exit
        if state.initial is not None:
            yield from state.initial.actions
        for invoke in state.invokes:
            yield invoke.finalize
    for transition in chart.transitions:
        yield from transition.actions
