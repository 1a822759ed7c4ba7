"""What a chosen set of transitions does: the operations to run in order, and what follows.

The order is that of SCXML's Appendix D, ``microstep``. A plan is built once for each case and kept
where it was asked for, in the decision trees of :mod:`.configuration`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from statehold.chart.event import Done, done_event
from statehold.chart.model import ROOT, Block, Delay, Initial, Transition
from statehold.interpreter.selection import (
    Entry,
    History,
    entry_set,
    exit_set,
    initial_entry,
    recorded_history,
)

if TYPE_CHECKING:
    from statehold.interpreter.configuration import Configuration
    from statehold.interpreter.program import Program


class Do(IntEnum):
    """Operations of a plan. The first three call an action with that many arguments."""

    RUN_DATA = 1
    RUN_DATA_EVENT = 2
    RUN_DATA_EVENT_CONTEXT = 3
    ASK_EFFECT = 4
    LEAVE = 5
    ENTER = 6
    DONE = 7
    BLOCK = 8


class Operation(NamedTuple):
    """``name`` is for errors; what ``subject`` holds depends on ``code``.

    ``active`` are the states that are active at that moment, there for functions with a context.
    """

    code: int
    subject: Any
    name: str
    active: frozenset[str] = frozenset()


class Arrival(NamedTuple):
    """What is set when a state is entered: its timers and its deadline."""

    state: str
    timers: tuple[tuple[str, Delay], ...]
    deadline: Delay | None


class Completion(NamedTuple):
    """A state that is done once a final child is entered, and the function giving the output."""

    event: Done
    output: str | None


class Plan:
    """What a chosen set of transitions does.

    ``calls`` are the actions alone; a plan is ``simple`` if they are all there is to it and no
    further microstep can follow: neither timers, effects, raised events nor an end. (The last is
    for whoever knows the event to say: see :meth:`Configuration._grow`.)
    """

    __slots__ = (
        "calls",
        "ends",
        "entered",
        "history",
        "left",
        "operations",
        "simple",
        "target",
    )

    def __init__(self, target: Configuration, operations: tuple[Operation, ...]) -> None:
        self.target = target
        self.operations = operations
        self.calls = tuple(o for o in operations if o.code <= Do.RUN_DATA_EVENT)
        self.history: Mapping[str, tuple[str, ...]] = {}
        #: states entered and exited that invoke something, in document order
        self.entered: tuple[str, ...] = ()
        self.left: tuple[str, ...] = ()
        #: the top-level final state that was reached, or a parallel root all of whose regions are
        self.ends: str | None = None
        self.simple = False


class _Planner:
    """Builds one plan; the order of operations is SCXML's Appendix D, ``microstep``."""

    def __init__(
        self,
        program: Program[Any],
        active: tuple[int, ...],
        chosen: tuple[Transition, ...],
        history: History,
    ) -> None:
        self.program = program
        self.tree = program.tree
        self.chosen = chosen
        self.exits = tuple(reversed(exit_set(self.tree, active, chosen, history)))
        self.recorded = recorded_history(self.tree, active, self.exits)
        self.entry: Entry = entry_set(self.tree, chosen, history, self.recorded)
        self.active = set(active)
        self.operations: list[Operation] = []
        self.ends: str | None = None

    def build(self) -> tuple[Plan, tuple[str, ...], tuple[str, ...]]:
        for state in self.exits:
            self._exit(state)
        for transition in self.chosen:
            self._blocks(transition.actions)
        for state in self.entry.states:
            self._enter(state)
        ids = [self.tree.states[state].id for state in self.exits]
        # the root is always active, so nobody is told of it
        entered = [self.tree.states[state].id for state in self.entry.states if state]
        program = self.program
        plan = Plan(program.intern(tuple(sorted(self.active))), tuple(self.operations))
        plan.history = self.recorded
        arrived = (self.tree.states[state].id for state in self.entry.states)
        plan.entered = tuple(s for s in arrived if s in program.invokes)
        plan.left = tuple(s for s in ids if s in program.invokes)
        plan.ends = self.ends
        plan.simple = (
            len(plan.calls) == len(plan.operations)
            and not (plan.history or plan.entered or plan.left)
            and plan.ends is None
            and program.is_plain
        )
        return plan, tuple(ids), tuple(entered)

    def _exit(self, state: int) -> None:
        node = self.tree.states[state]
        self._blocks(node.exit)
        if node.invokes or node.deadline or self._timers(state):
            self.operations.append(Operation(Do.LEAVE, node.id, node.id))
        self.active.discard(state)

    def _enter(self, state: int) -> None:
        node = self.tree.states[state]
        if state:
            self.active.add(state)
        self._blocks(node.entry)
        timers = self._timers(state)
        if timers or node.deadline:
            arrival = Arrival(node.id, timers, node.deadline)
            self.operations.append(Operation(Do.ENTER, arrival, node.id, self._states()))
        if state in self.entry.defaults:
            self._initial(node.initial)
        if state in self.entry.contents:
            self._initial(self.tree.states[self.entry.contents[state]].initial)
        if node.kind == "final":
            self._final(state)

    def _final(self, state: int) -> None:
        tree = self.tree
        parent = tree.parent[state]
        node = tree.states[state]
        if parent == 0:
            self.ends = node.id
            return
        self._completed(parent, node.output)
        grandparent = tree.parent[parent]
        if tree.states[grandparent].kind == "parallel" and self._is_done(grandparent):
            if grandparent == 0:
                self.ends = ROOT
            self._completed(grandparent, None)

    def _completed(self, state: int, output: str | None) -> None:
        name = self.tree.states[state].id
        # an output is worked out even where nobody listens: it may raise
        if output is not None or self.program.hears(done_event(name)):
            completion = Completion(Done(name), output)
            self.operations.append(Operation(Do.DONE, completion, output or name, self._states()))

    def _states(self) -> frozenset[str]:
        return frozenset(self.tree.states[state].id for state in self.active)

    def _is_done(self, state: int) -> bool:
        """SCXML Appendix D, ``isInFinalState``."""
        tree = self.tree
        children = tree.children[state]
        if tree.states[state].kind == "compound":
            return any(
                tree.states[child].kind == "final" and child in self.active for child in children
            )
        return tree.states[state].kind == "parallel" and all(map(self._is_done, children))

    def _timers(self, state: int) -> tuple[tuple[str, Delay], ...]:
        return tuple(
            (transition.id, transition.trigger.delay)
            for transition in self.tree.transitions[state]
            if transition.trigger.kind == "after" and transition.trigger.delay is not None
        )

    def _initial(self, initial: Initial | None) -> None:
        if initial is not None:
            self._blocks(initial.actions)

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self.operations.extend(self.program.block(block, self.active))
