"""Plans: the operations that a chosen set of transitions runs, in order, and the states after them.

The order is that of SCXML's Appendix D, ``microstep``. A plan is built once for each case and kept
at a leaf of the decision trees of :mod:`.configuration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from statehold.chart.event import Done, done_event
from statehold.chart.model import ROOT, Action, Block, Delay, Initial, Transition
from statehold.interpreter.selection import (
    EntrySet,
    History,
    entry_set,
    exit_set,
    initial_entry,
    led_to_own_history,
    recorded_history,
)
from statehold.interpreter.tables import Tables

#: how many of ``(data, event)`` the function takes, the function, and its name
Call: TypeAlias = tuple[int, Callable[..., Any], str]

#: from a step that a timer has caused until a timer is due that it sets: without that, a timer that
#: leads back to itself would take all the time there is
TIMER_AFTER_TIMER = timedelta(milliseconds=100)


class Plan:
    """What a chosen set of transitions does. ``active`` are the states that are active then.

    ``calls`` are the operations where all of them are actions of data and event, and nothing else
    happens: no timer, no effect, no history to record, no end. None otherwise.
    """

    __slots__ = ("active", "calls", "ends", "entered", "history", "left", "operations")

    def __init__(self, active: tuple[int, ...], operations: tuple[Operation, ...]) -> None:
        self.active = active
        self.operations = operations
        self.calls: tuple[Call, ...] | None = None
        self.history: Mapping[str, tuple[str, ...]] = {}
        #: states entered and exited that invoke something, in document order
        self.entered: tuple[str, ...] = ()
        self.left: tuple[str, ...] = ()
        #: the top-level final state that was reached, or a parallel root all of whose regions are
        self.ends: str | None = None


class Planned(NamedTuple):
    """A plan, and the ids of the states exited and entered, in the order in which it happens."""

    plan: Plan
    exited: tuple[str, ...]
    entered: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many states and operations it holds."""
        states = len(self.exited) + len(self.entered) + len(self.plan.active)
        return states + _size(self.plan.operations)


def _size(operations: Iterable[Operation]) -> int:
    return sum(
        1 + len(one.active) + (_size(one.subject) if one.code == Do.BLOCK else 0)
        for one in operations
    )


def plan_transitions(
    tables: Tables[Any], active: tuple[int, ...], chosen: tuple[Transition, ...], history: History
) -> Planned:
    """The plan for a set of transitions that do not conflict."""
    tree = tables.tree
    exits = tuple(reversed(exit_set(tree, active, chosen, history)))
    recorded = recorded_history(tree, active, exits)
    kept = led_to_own_history(tree, chosen, history)
    # what a state remembers that was not left is for this entry alone
    remembered = recorded_history(tree, active, (*exits, *kept)) if kept else recorded
    entry = entry_set(tree, active, chosen, history, remembered)
    return _Planner(tables, active, entry).build(chosen, exits, recorded)


def plan_beginning(tables: Tables[Any]) -> Planned:
    """The plan that enters the chart from nowhere."""
    return _Planner(tables, (), initial_entry(tables.tree)).build((), (), {})


def ending(
    tables: Tables[Any], active: tuple[int, ...], *, with_actions: bool = True
) -> tuple[Operation, ...]:
    """The operations that exit every state: a top-level final state was reached, or the instance
    is cancelled."""
    operations: list[Operation] = []
    remaining = set(active)
    for state in (*reversed(active), 0):
        node = tables.tree.states[state]
        for block in node.exit if with_actions else ():
            operations.extend(block_operations(tables, block, remaining))
        operations.append(Operation(Do.LEAVE, node.id, node.id))
        remaining.discard(state)
    return tuple(operations)


def block_operations(
    tables: Tables[Any], block: Block, active: Iterable[int]
) -> tuple[Operation, ...]:
    """The operations of a block; under the policy ``event``, one that ends at the first error."""
    operations = action_operations(tables, block, active)
    if tables.errors_are_events and operations:
        return (Operation(Do.BLOCK, operations, operations[0].name),)
    return operations


def action_operations(
    tables: Tables[Any], actions: Iterable[Action], active: Iterable[int]
) -> tuple[Operation, ...]:
    """One operation for each action; ``active`` are the states at that moment."""
    found: list[Operation] = []
    states: frozenset[str] | None = None
    for action in actions:
        operation = _operation(tables, action)
        if operation.code == Do.RUN_DATA_EVENT_CONTEXT:
            if states is None:
                states = frozenset(tables.tree.states[state].id for state in active)
            operation = operation._replace(active=states)
        found.append(operation)
    return tuple(found)


def _operation(tables: Tables[Any], action: Action) -> Operation:
    if action.kind == "effect":
        effect = tables.definition.effects[action.name]
        return Operation(Do.ASK_EFFECT, effect.name, action.name)
    function = tables.functions[action.name]
    return Operation(function.takes, function.call, action.name)


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


class _Planner:
    """Builds one plan. ``active`` are the states that are active so far."""

    def __init__(self, tables: Tables[Any], active: tuple[int, ...], entry: EntrySet) -> None:
        self.tables = tables
        self.tree = tables.tree
        self.active = set(active)
        self.entry = entry
        self.operations: list[Operation] = []
        self.ends: str | None = None

    def build(
        self, chosen: Sequence[Transition], exits: tuple[int, ...], recorded: History
    ) -> Planned:
        for state in exits:
            self._exit(state)
        for transition in chosen:
            self._blocks(transition.actions)
        for state in self.entry.states:
            self._enter(state)
        invokes = self.tables.invokes
        exited = tuple(self.tree.states[state].id for state in exits)
        arrived = tuple(self.tree.states[state].id for state in self.entry.states)
        plan = Plan(tuple(sorted(self.active)), tuple(self.operations))
        plan.history = recorded
        plan.entered = tuple(state for state in arrived if state in invokes)
        plan.left = tuple(state for state in exited if state in invokes)
        plan.ends = self.ends
        more = plan.history or plan.entered or plan.left or plan.ends is not None
        if self.tables.is_plain and not more:
            plan.calls = _calls(plan.operations)
        # the root is always active, so no trace names it
        return Planned(plan, exited, tuple(state for state in arrived if state != ROOT))

    def _exit(self, state: int) -> None:
        node = self.tree.states[state]
        self._blocks(node.exit)
        if node.invokes or node.deadline or self.tables.timers_of(state):
            self.operations.append(Operation(Do.LEAVE, node.id, node.id))
        self.active.discard(state)

    def _enter(self, state: int) -> None:
        node = self.tree.states[state]
        if state:
            self.active.add(state)
        self._blocks(node.entry)
        timers = self.tables.timers_of(state)
        if timers or node.deadline:
            arrival = Arrival(node.id, timers, node.deadline)
            delays = [delay for _, delay in timers]
            delays += [node.deadline] if node.deadline else []
            states = self._states(*(delay.function for delay in delays))
            self.operations.append(Operation(Do.ENTER, arrival, node.id, states))
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
        # each parallel state around it may be done with it, from the inside out (SCXML 3.4; the
        # pseudocode of Appendix D looks one level up only)
        above = tree.parent[parent]
        while tree.states[above].kind == "parallel" and self._is_done(above):
            if above == 0:
                self.ends = ROOT
                return
            self._completed(above, None)
            above = tree.parent[above]

    def _completed(self, state: int, output: str | None) -> None:
        name = self.tree.states[state].id
        # an output is evaluated even where no transition takes the completion: it may raise
        tables = self.tables
        taken = tables.counts_completions or tables.has_transition_for(done_event(name))
        if output is not None or taken:
            completion = Completion(Done(name), output)
            states = self._states(output)
            self.operations.append(Operation(Do.DONE, completion, output or name, states))

    def _states(self, *names: str | None) -> frozenset[str]:
        """Those that are active so far, where one of these functions is given them."""
        functions = self.tables.functions
        if all(name is None or functions[name].takes < Do.RUN_DATA_EVENT_CONTEXT for name in names):
            return frozenset()
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

    def _initial(self, initial: Initial | None) -> None:
        if initial is not None:
            self._blocks(initial.actions)

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self.operations.extend(block_operations(self.tables, block, self.active))


def _calls(operations: Sequence[Operation]) -> tuple[Call, ...] | None:
    """None where one of them is anything but an action of data and event."""
    if any(operation.code > Do.RUN_DATA_EVENT for operation in operations):
        return None
    # plain numbers, not members of ``Do``: they are compared in the fastest loop
    return tuple((int(code), subject, name) for code, subject, name, _ in operations)
