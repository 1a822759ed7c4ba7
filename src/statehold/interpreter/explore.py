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


def reachable(chart: Chart, *, limit: int = SEARCH_LIMIT) -> Reachable:
    """Searches a valid chart, breadth first, looking at up to ``limit`` places."""
    return _Search(chart, limit).run()


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
        for plan in self.outcomes(configuration.eventless, history):
            if plan is None:
                rests = True
            else:
                self.follow(plan, place)
        if not rests:
            return
        if not place.queue:
            self.found.add(configuration.leaves)
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
        for plan in self.outcomes(configuration.row(first), history):
            if plan is None:
                self.add(place)
            else:
                self.follow(plan, place)

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
        for plan in self.outcomes(configuration.row(name), history):
            if plan is not None:
                self.follow(plan, place)

    def follow(self, plan: Plan, place: _Place) -> None:
        """Adds the place that the plan leads to."""
        if plan.ends is not None:
            self.found.add(plan.target.leaves)
            return
        history = place.history
        if plan.history:
            history = tuple(sorted({**dict(history), **plan.history}.items()))
        done = tuple(o.subject.event.__event__ for o in plan.operations if o.code == Do.DONE)
        raising = place.raising or self.errors_are_events or any(map(_runs_code, plan.operations))
        self.add(_Place(plan.target.active, history, place.queue + done, raising))

    def add(self, place: _Place) -> None:
        if not place.queue:
            place = place._replace(raising=False)
        if place in self.seen:
            return
        if len(self.seen) >= self.limit or len(place.queue) > QUEUE_LIMIT:
            self.complete = False
            return
        self.seen.add(place)
        self.pending.append(place)

    def outcomes(self, root: Node, history: dict[str, tuple[str, ...]]) -> Iterator[Plan | None]:
        """What comes out for each way in which the guards may answer; None: nothing is enabled."""
        told: set[tuple[str, ...]] = set()
        nodes = [root]
        asked = 0
        while nodes:
            node = nodes.pop()
            if node.ask == Ask.LEAF:
                chosen = node.trace[0].transitions if node.plan is not None else ()
                if chosen not in told:
                    told.add(chosen)
                    yield node.plan
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
            known = frozenset(s for s in range(len(tree.states)) if candidates(tree, s, name))
            self._heard[name] = known
        return known


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
