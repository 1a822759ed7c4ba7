"""The search of every place that an instance can reach.

Each step is the interpreter's, with the machine's own functions. In each place the search tries the
events and results of :mod:`.stimulus`, and the passing of time. Two places that can go on in the
same ways are one (:attr:`.stepper.Point.key`). The search is breadth first, so the first path to a
place is a shortest one.

1. It is bounded by ``limit`` places, ``depth`` steps and ``data_limit`` bytes of data. ``cut`` says
   what was not followed because of a limit.
2. ``left_out`` says what was not tried at all, such as all other values of a text.
3. A step that raises is a fault: the place stays as it was, and the path there is kept. What an
   engine does without the timer or message that failed is not followed, which ``cut`` says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.check.explore.predicate import Place
from statehold.check.explore.stepper import DATA_LIMIT, Point, Stepper, Taken, is_fault
from statehold.check.explore.stimulus import (
    Cancelled,
    Failed,
    Fired,
    Received,
    Stimuli,
    Stimulus,
    Succeeded,
)
from statehold.errors import StateholdError

#: places of one search
PLACE_LIMIT = 10_000
#: steps from the start
DEPTH_LIMIT = 1_000
#: different faults that are kept, each with the path to it
FAULT_LIMIT = 50


class SearchEdge(Struct, frozen=True):
    """One step. ``own``: it happens without an event from outside.

    ``settled`` are the timers, effects and children that ran before it and have ended, or have
    started again.
    """

    stimulus: Stimulus
    to: int
    own: bool
    settled: frozenset[str]


class Fault(Struct, frozen=True):
    """A step that raised: the number of its place, the stimulus and the error."""

    at: int
    stimulus: Stimulus
    code: str
    error: str


@dataclass(slots=True)
class SearchNode:
    """A place that was reached from ``parent`` (-1: the start) by ``via``, after ``depth`` steps.

    ``stuck`` are the timers, effects and children here whose step raises.
    """

    point: Point
    parent: int
    via: Stimulus | None
    depth: int
    edges: list[SearchEdge] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Space:
    """The result of a search. Places are numbered in the order in which they were reached.

    ``taken`` maps a transition's id to the step that first took it: the number of its place, and
    the stimulus, None for the start. ``complete``: the instance can reach no other place.
    """

    definition: Definition[Any]
    data: Any
    nodes: list[SearchNode] = field(default_factory=list)
    taken: dict[str, tuple[int, Stimulus | None]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    #: limits that were hit, and how often
    cut: dict[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    steps: int = 0
    #: numbers of places with steps that were not followed because of a limit
    unfinished: set[int] = field(default_factory=set)

    @property
    def exhausted(self) -> bool:
        """Whether no limit was hit."""
        return not self.cut

    @property
    def complete(self) -> bool:
        return self.exhausted and not self.left_out

    @property
    def depth(self) -> int:
        """The largest number of steps on a shortest path."""
        return max((node.depth for node in self.nodes), default=0)

    def place(self, number: int) -> Place:
        """The place, for predicates."""
        point = self.nodes[number].point
        snapshot = point.snapshot
        return Place(
            snapshot.state,
            snapshot.configuration.states,
            snapshot.data,
            snapshot.done,
            snapshot.output,
            tuple(name for name in point.zone.running if not name.startswith("message ")),
            tuple(one.name for one in snapshot.effects),
            tuple(one.name for one in snapshot.effects if one.key in point.incidents),
        )

    def obligations(self, number: int) -> frozenset[str]:
        """What runs there and must end at some time: timers, messages, effects, children."""
        node = self.nodes[number]
        point = node.point
        running = {one.invoke for one in point.snapshot.effects if one.key not in point.incidents}
        return frozenset({*point.zone.running, *running} - node.stuck)

    def places(self) -> Iterator[Place]:
        return (self.place(number) for number in range(len(self.nodes)))

    def path_to(self, number: int) -> list[Stimulus]:
        """The stimuli of a shortest path from the start."""
        found: list[Stimulus] = []
        node = self.nodes[number]
        while node.via is not None:
            found.append(node.via)
            node = self.nodes[node.parent]
        return found[::-1]


def search(
    definition: Definition[Any],
    data: Any,
    stimuli: Stimuli,
    *,
    limit: int = PLACE_LIMIT,
    depth: int = DEPTH_LIMIT,
    data_limit: int = DATA_LIMIT,
) -> Space:
    """Searches from the start with this data.

    Raises ``InvalidPayload`` where the data does not fit, and what the first step raises.
    """
    return _Search(definition, data, stimuli, limit, depth, data_limit).run()


class _Search:
    def __init__(
        self,
        definition: Definition[Any],
        data: Any,
        stimuli: Stimuli,
        limit: int,
        depth: int,
        data_limit: int,
    ) -> None:
        self.stepper = Stepper(definition, data_limit=data_limit)
        self.stimuli = stimuli
        self.limit = limit
        self.depth = depth
        self.space = Space(definition, data)
        self.numbers: dict[Hashable, int] = {}
        self.pending: deque[int] = deque()
        self.known_faults: set[Hashable] = set()

    def run(self) -> Space:
        space = self.space
        first = self.stepper.begin(space.data)
        self.note(first, -1, None)
        self.add(first.point, -1, None)
        while self.pending:
            self.visit(self.pending.popleft())
        moments = tuple(
            f"{name}: it gives a moment of time; only that seen from the start was tried"
            for name in sorted(self.stepper.moments)
        )
        clocks = tuple(
            f"{name}: it may ask for the time, and always got the same"
            for name, function in sorted(space.definition.functions.items())
            if function.takes > 2 and function.uses is None
        )
        space.left_out = (*self.stimuli.left_out, *self.stepper.left_out, *moments, *clocks)
        return space

    def visit(self, number: int) -> None:
        node = self.space.nodes[number]
        if node.point.snapshot.done:
            return
        for stimulus, own, what in self.happenings(node.point):
            try:
                taken = self.stepper.take(node.point, stimulus)
            except StateholdError as error:
                self.fail(number, stimulus, error)
                if own:
                    node.stuck.add(what)
                    self.hold(number, stimulus)
                continue
            self.space.steps += 1
            if taken.point is node.point:
                continue
            self.note(taken, number, stimulus)
            to = self.add(taken.point, number, stimulus)
            if to is None:
                self.space.unfinished.add(number)
            else:
                node.edges.append(SearchEdge(stimulus, to, own, taken.dropped))

    def hold(self, number: int, stimulus: Stimulus) -> None:
        """Notes that an engine goes on without a timer or message whose step raises; a script
        can't do that.

        A single timer holds nothing up: events may come when it is due as well as later.
        """
        if not isinstance(stimulus, Fired):
            return
        point = self.space.nodes[number].point
        is_message = any(one.timer == stimulus.timer for one in point.mail)
        if is_message or len(point.zone.running) > 1:
            self.space.unfinished.add(number)
            what = stimulus.timer if is_message else f"timer {stimulus.timer}"
            self.stop(f"failure of {what}")

    def happenings(self, point: Point) -> Iterator[tuple[Stimulus, bool, str]]:
        """What may happen, whether it happens by itself, and what ends with it."""
        for fired in self.stepper.may_happen(point):
            yield fired, True, fired.timer
        if self.stepper.is_urgent(point):
            return
        for one, name in self.stepper.running(point):
            own = one.key not in point.incidents
            for succeeded in self.stimuli.results.get(one.name, (Succeeded(name),)):
                yield replace(succeeded, name=name), own, one.invoke
            if own:
                for failed in (Failed(name), *self.stimuli.failures.get(one.name, ())):
                    yield replace(failed, name=name), True, one.invoke
        for sent in self.stimuli.events:
            if self.stepper.could_take(point, sent):
                yield sent, False, ""
        if self.stepper.may_be_cancelled(point):
            yield Cancelled(), False, ""

    def add(self, point: Point, parent: int, via: Stimulus | None) -> int | None:
        key = point.key
        number = self.numbers.get(key)
        if number is not None:
            return number
        nodes = self.space.nodes
        depth = 0 if parent < 0 else nodes[parent].depth + 1
        if len(nodes) >= self.limit:
            self.stop(f"limit of {self.limit} places")
            return None
        if depth > self.depth:
            self.stop(f"depth of {self.depth} steps")
            return None
        number = self.numbers[key] = len(nodes)
        nodes.append(SearchNode(point, parent, via, depth))
        self.pending.append(number)
        return number

    def stop(self, why: str) -> None:
        self.space.cut[why] = self.space.cut.get(why, 0) + 1

    def note(self, taken: Taken, number: int, stimulus: Stimulus | None) -> None:
        known = self.space.taken
        for microstep in taken.trace:
            for transition in microstep.transitions:
                if transition not in known:
                    known[transition] = (number, stimulus)

    def fail(self, number: int, stimulus: Stimulus, error: StateholdError) -> None:
        if not is_fault(error):
            self.space.unfinished.add(number)
            self.stop(f"limit of {self.stepper.data_limit} bytes of data")
            return
        space = self.space
        name = stimulus.event.__event__ if isinstance(stimulus, Received) else stimulus
        known = (space.nodes[number].point.snapshot.state, name, error.code, type(error.__cause__))
        if known in self.known_faults:
            return
        if len(space.faults) >= FAULT_LIMIT:
            self.stop(f"limit of {FAULT_LIMIT} failures")
            return
        self.known_faults.add(known)
        space.faults.append(Fault(number, stimulus, error.code, str(error)))
