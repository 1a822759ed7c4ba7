"""A machine, compiled: its tables, and what was found out about it so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from statehold.chart.effect import Effect
from statehold.chart.machine import AMachine, Definition
from statehold.chart.model import Action, Block, Invoke
from statehold.chart.tree import Tree
from statehold.interpreter.configuration import Configuration
from statehold.interpreter.plan import Do, Operation, Plan, plan_beginning
from statehold.interpreter.selection import candidates, matches
from statehold.interpreter.snapshot import Microstep

D = TypeVar("D")

#: interned configurations of one program
CONFIGURATION_LIMIT = 10_000
#: nodes of the decision trees of one program, which are about a kilobyte each
NODE_LIMIT = 50_000


def compile_program(machine: AMachine) -> Program[Any]:
    """The program of a machine, made at first use and kept on its definition."""
    definition = machine.definition
    if definition.program is None:
        definition.program = Program(definition)
    program: Program[Any] = definition.program
    # a class of the class notation keeps it too, one look-up nearer
    machine.program = program
    return program


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
        #: immediate transitions that changed nothing are not taken again
        self.settles = self.policy.nesting != "scxml"
        #: a completion that nothing takes begins another round of them
        self.counts_completions = self.settles and any(
            found.trigger.kind == "always" for found in definition.chart.transitions
        )
        self.invokes: dict[str, tuple[Invoke, ...]] = {
            node.id: node.invokes for node in self.tree.states if node.invokes
        }
        invokes = [invoke for those in self.invokes.values() for invoke in those]
        self.invoke_by_id = {invoke.id: invoke for invoke in invokes}
        self.forwarding = tuple(invoke for invoke in invokes if invoke.autoforward)
        #: an event does nothing beside the transitions that take it
        self.is_plain = not self.forwarding and not any(invoke.finalize for invoke in invokes)
        #: some of its functions are expressions, which a step's allowance bounds
        self.is_charged = any(known.uses is not None for known in self.functions.values())
        self.remembering = tuple(node.id for node in self.tree.states if node.kind == "history")
        self._initial_may_remember = any(
            self.tree.states[target].kind == "history"
            for targets in self.tree.initial
            for target in targets
        )
        self.configurations: dict[tuple[int, ...], Configuration] = {}
        self._nodes = 0
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

    def count_node(self) -> None:
        """One more; lets go of all of them where that is one too many."""
        self._nodes += 1
        if self._nodes > NODE_LIMIT:
            self._nodes = 0
            for configuration in self.configurations.values():
                configuration.forget()

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
            plan, exited, entered = plan_beginning(self)
            self._beginning = (plan, (Microstep(None, (), (), exited, entered),))
        return self._beginning

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
