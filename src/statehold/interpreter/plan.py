"""Lazy determinisation: what an event does in a configuration is found out once and kept.

1. A :class:`Configuration` is interned: one object for each set of active states of a program.
2. For each event name it keeps a decision tree of :class:`Node`: inner nodes ask a guard, leaves
   hold the :class:`Plan` of the transitions that these answers choose. Nodes grow when reached.
3. A plan is a list of operations to run in order and the configuration that follows. It depends
   on nothing but the chart, the configuration, the answers and, where a transition goes to a
   history state, on what that remembers: then a node of its own stands before the tree.
4. Everything is bounded by ``CONFIGURATION_LIMIT`` and ``VARIANT_LIMIT``: a full cache is emptied,
   which costs time and changes nothing, since all of it can be found out again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Generic, NamedTuple, TypeVar

from statehold.chart.effect import Effect
from statehold.chart.event import AnEvent, Done, Event, done_event
from statehold.chart.machine import AMachine, Definition
from statehold.chart.model import (
    ROOT,
    Action,
    Block,
    Delay,
    Guard,
    Initial,
    Invoke,
    Transition,
)
from statehold.chart.tree import Tree
from statehold.interpreter.selection import (
    Entry,
    History,
    candidates,
    entry_set,
    exit_set,
    initial_entry,
    is_reserved,
    matches,
    recorded_history,
    select,
)
from statehold.interpreter.snapshot import Microstep

D = TypeVar("D")

#: interned configurations of one program
CONFIGURATION_LIMIT = 10_000
#: remembered histories of one (configuration, event), and event names of one configuration
VARIANT_LIMIT = 1_000


class Ask(IntEnum):
    """What a node is. The first four are inner: how to get the answer or the next node."""

    LEAF = 0
    DATA = 1
    DATA_EVENT = 2
    DATA_EVENT_CONTEXT = 3
    ROLE = 4
    HISTORY = 5


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


class Node:
    """One question about an event in a configuration, or, with ``ask`` LEAF, the answer to all.

    ``plan`` None at a leaf: nothing is enabled. ``trace`` tells the round's questions.
    """

    __slots__ = (
        "_grow",
        "ask",
        "call",
        "no",
        "plan",
        "trace",
        "variants",
        "what",
        "yes",
    )

    def __init__(self, ask: Ask, grow: Callable[[Any], Node] | None) -> None:
        self.ask = int(ask)
        self.call: Any = None
        self.what = ""
        self.yes: Node | None = None
        self.no: Node | None = None
        self.plan: Plan | None = None
        self.trace: tuple[Microstep, ...] = ()
        self.variants: dict[tuple[tuple[str, ...], ...], Node] = {}
        self._grow = grow

    def branch(self, answer: bool) -> Node:
        """The node for this answer to the guard."""
        node = self.yes if answer else self.no
        if node is None:
            assert self._grow is not None
            node = self._grow(answer)
            if answer:
                self.yes = node
            else:
                self.no = node
        return node

    def variant(self, history: History) -> Node:
        """The node for what the histories named in ``call`` remember."""
        key = tuple(history.get(name, ()) for name in self.call)
        node = self.variants.get(key)
        if node is None:
            assert self._grow is not None
            if len(self.variants) >= VARIANT_LIMIT:
                self.variants.clear()
            node = self.variants[key] = self._grow(dict(zip(self.call, key, strict=True)))
        return node


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


class Configuration:
    """A legal set of active states of one program, interned: compare with ``is``.

    ``active`` are numbers in document order, the root left out.
    """

    __slots__ = (
        "_eventless",
        "accepts",
        "active",
        "by_class",
        "leaves",
        "owners",
        "program",
        "rows",
        "states",
        "tags",
    )

    def __init__(self, program: Program[Any], active: tuple[int, ...]) -> None:
        tree = program.tree
        nodes = [tree.states[state] for state in active]
        self.program = program
        self.active = active
        self.states = frozenset(node.id for node in nodes)
        self.leaves = tuple(tree.states[s].id for s in active if not tree.children[s])
        self.tags = tuple(dict.fromkeys(tag for node in nodes for tag in node.tags))
        self.owners = tuple(dict.fromkeys(node.owner for node in nodes if node.owner))
        #: names of events that some active state has a transition for, declared ones only
        self.accepts = tuple(
            name
            for name in program.event_names
            if any(candidates(tree, state, name) for state in (*active, 0))
        )
        self.rows: dict[str, Node] = {}
        #: the same for events whose class has but one name, found without asking the event
        self.by_class: dict[type, Node] = {}
        self._eventless: Node | None = None

    def __repr__(self) -> str:
        return f"Configuration({', '.join(self.leaves)})"

    def row(self, name: str) -> Node:
        """The decision tree for an event of this name."""
        node = self.rows.get(name)
        if node is None:
            if len(self.rows) >= VARIANT_LIMIT:
                self.rows.clear()
                self.by_class.clear()
            node = self.rows[name] = self._root(name)
        return node

    def row_of(self, event: AnEvent) -> Node:
        """The decision tree for this event."""
        node = self.row(event.__event__)
        if isinstance(event, Event):
            if len(self.by_class) >= VARIANT_LIMIT:
                self.by_class.clear()
            self.by_class[type(event)] = node
        return node

    @property
    def eventless(self) -> Node:
        """The decision tree for immediate transitions."""
        if self._eventless is None:
            self._eventless = self._root(None)
        return self._eventless

    @property
    def rests(self) -> bool:
        """Whether no immediate transition can be enabled here, whatever the data."""
        node = self.eventless
        return node.ask == Ask.LEAF and node.plan is None

    def _root(self, name: str | None) -> Node:
        program = self.program
        if not program.depends_on_history(self.active, name):
            return self._grow(name, {}, ())
        node = Node(Ask.HISTORY, lambda history: self._grow(name, history, ()))
        node.call = program.remembering
        return node

    def _grow(
        self, name: str | None, history: History, asked: tuple[tuple[Guard, bool], ...]
    ) -> Node:
        """The node where these guards were answered so: the next question, or the end."""
        tree = self.program.tree
        answers = dict(asked)
        order = dict(asked)
        missing: list[Guard] = []

        def answer(guard: Guard) -> bool | None:
            if guard.kind == "in":
                return order.setdefault(guard, guard.name in self.states)
            known = answers.get(guard)
            if known is None:
                missing.append(guard)
            return known

        chosen = select(tree, self.active, name, history, answer)
        if chosen is None:
            return self._question(name, history, tuple(order.items()), missing[0])
        leaf = Node(Ask.LEAF, None)
        guards = tuple((guard.name, said) for guard, said in order.items())
        if chosen:
            plan, exited, entered = self.program.plan(self.active, chosen, history)
            # with a reserved event something is over: a timer, an effect. What follows an immediate
            # transition is not looked into here: a cycle of them would be followed for ever
            if plan.simple and (name is None or is_reserved(name) or not plan.target.rests):
                plan.simple = False
            leaf.plan = plan
            ids = tuple(transition.id for transition in chosen)
            leaf.trace = (Microstep(name, guards, ids, exited, entered),)
        else:
            leaf.trace = (Microstep(name, guards, (), (), ()),)
        return leaf

    def _question(
        self,
        name: str | None,
        history: History,
        asked: tuple[tuple[Guard, bool], ...],
        guard: Guard,
    ) -> Node:
        def grow(said: bool) -> Node:
            return self._grow(name, history, (*asked, (guard, said)))

        if guard.kind == "by":
            node = Node(Ask.ROLE, grow)
            node.call = frozenset(guard.name.split(","))
        else:
            function = self.program.functions[guard.name]
            node = Node(Ask(function.takes), grow)
            node.call = function.call
        node.what = guard.name
        return node


class Program(Generic[D]):
    """A machine, compiled: its tables and everything that was found out about it so far."""

    def __init__(self, definition: Definition[D]) -> None:
        self.definition = definition
        self.tree = Tree(definition.chart)
        self.functions = definition.functions
        self.copy = definition.data.copy
        self.event_names = tuple(definition.events) or tuple(
            event.name for event in definition.chart.events
        )
        self.policy = definition.chart.policy
        self.errors_are_events = self.policy.errors == "event"
        self.invokes: dict[str, tuple[Invoke, ...]] = {
            node.id: node.invokes for node in self.tree.states if node.invokes
        }
        invokes = [invoke for those in self.invokes.values() for invoke in those]
        self.invoke_by_id = {invoke.id: invoke for invoke in invokes}
        self.forwarding = tuple(invoke for invoke in invokes if invoke.autoforward)
        #: an event does nothing beside the transitions that take it
        self.is_plain = not self.forwarding and not any(invoke.finalize for invoke in invokes)
        self.remembering = tuple(node.id for node in self.tree.states if node.kind == "history")
        self._initial_may_remember = any(
            self.tree.states[target].kind == "history"
            for targets in self.tree.initial
            for target in targets
        )
        self.configurations: dict[tuple[int, ...], Configuration] = {}
        self._beginning: tuple[Plan, tuple[Microstep, ...]] | None = None

    # --- configurations ---

    def intern(self, active: tuple[int, ...]) -> Configuration:
        """The one object for this set of active states."""
        found = self.configurations.get(active)
        if found is None:
            if len(self.configurations) >= CONFIGURATION_LIMIT:
                self.configurations.clear()
            found = self.configurations[active] = Configuration(self, active)
        return found

    def configuration(self, leaves: Iterable[str]) -> Configuration:
        """The configuration with these active leaves; raises ``KeyError`` for an unknown state."""
        tree = self.tree
        active: set[int] = set()
        for leaf in leaves:
            state = tree.index[leaf]
            active.add(state)
            active.update(tree.ancestors(state))
        active.discard(0)
        return self.intern(tuple(sorted(active)))

    def depends_on_history(self, active: Sequence[int], name: str | None) -> bool:
        if not self.remembering:
            return False
        tree = self.tree
        return any(
            self._initial_may_remember
            or any(tree.states[tree.index[target]].kind == "history" for target in found.targets)
            for state in (*active, 0)
            for found in candidates(tree, state, name)
        )

    def hears(self, name: str) -> bool:
        """Whether any transition of the chart could ever take an event of this name."""
        return any(
            found.trigger.kind != "always" and matches(self.policy, found.trigger, name)
            for found in self.definition.chart.transitions
        )

    # --- plans ---

    def beginning(self) -> tuple[Plan, tuple[Microstep, ...]]:
        """The plan that enters the chart from nowhere, and its trace."""
        if self._beginning is None:
            planner = _Planner(self, (), (), {})
            planner.entry = initial_entry(self.tree)
            plan, exited, entered = planner.build()
            self._beginning = (plan, (Microstep(None, (), (), exited, entered),))
        return self._beginning

    def plan(
        self, active: tuple[int, ...], chosen: tuple[Transition, ...], history: History
    ) -> tuple[Plan, tuple[str, ...], tuple[str, ...]]:
        """The plan, and the ids of the states exited and entered, in the order it happens."""
        return _Planner(self, active, chosen, history).build()

    def operation(self, action: Action, active: Iterable[int]) -> Operation:
        """One action; ``active`` are the states at that moment."""
        if action.kind == "effect":
            effect: Effect[Any, Any] = self.definition.effects[action.name]
            return Operation(Do.ASK_EFFECT, effect.name, action.name)
        function = self.functions[action.name]
        if function.takes < Do.RUN_DATA_EVENT_CONTEXT:
            return Operation(function.takes, function.call, action.name)
        states = frozenset(self.tree.states[state].id for state in active)
        return Operation(function.takes, function.call, action.name, states)

    def block(self, block: Block, active: Iterable[int]) -> tuple[Operation, ...]:
        """The operations of a block; one that ends at the first error, where the policy is so."""
        operations = tuple(self.operation(action, active) for action in block)
        if self.errors_are_events and operations:
            return (Operation(Do.BLOCK, operations, operations[0].name),)
        return operations

    def ending(self, configuration: Configuration) -> tuple[Operation, ...]:
        """What exiting every state comes to, once a top-level final state was reached."""
        operations: list[Operation] = []
        active = set(configuration.active)
        for state in (*reversed(configuration.active), 0):
            for block in self.tree.states[state].exit:
                operations.extend(self.block(block, active))
            node = self.tree.states[state]
            operations.append(Operation(Do.LEAVE, node.id, node.id))
            active.discard(state)
        return tuple(operations)


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


def compile_program(machine: AMachine) -> Program[Any]:
    """The program of a machine, made at first use and kept on its definition."""
    definition = machine.definition
    if definition.program is None:
        definition.program = Program(definition)
    program: Program[Any] = definition.program
    # a class of the class notation keeps it too, one look-up nearer
    machine.program = program
    return program
