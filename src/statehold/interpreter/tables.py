"""Tables computed once from a machine's definition, which every step looks up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from statehold.chart.machine import Definition
from statehold.chart.model import Delay, Invoke
from statehold.chart.tree import Tree
from statehold.interpreter.selection import candidates, is_taken

D = TypeVar("D")


class Tables(Generic[D]):
    """The tables of one version of a machine."""

    def __init__(self, definition: Definition[D]) -> None:
        chart = definition.chart
        self.definition = definition
        self.tree = Tree(chart)
        self.functions = definition.functions
        self.copy = definition.data.copy
        self.event_names = tuple(definition.events) or tuple(event.name for event in chart.events)
        self.policy = chart.policy
        self.errors_are_events = self.policy.errors == "event"
        #: immediate transitions that changed nothing are not taken again
        self.settles = self.policy.nesting != "scxml"
        #: a completion that no transition takes begins another round of immediate transitions
        self.counts_completions = self.settles and any(
            found.trigger.kind == "always" for found in chart.transitions
        )
        self.takes_cancellation = any(found.trigger.kind == "cancel" for found in chart.transitions)
        self.invokes: dict[str, tuple[Invoke, ...]] = {
            node.id: node.invokes for node in self.tree.states if node.invokes
        }
        invokes = [invoke for those in self.invokes.values() for invoke in those]
        self.invoke_by_id = {invoke.id: invoke for invoke in invokes}
        self.forwarding = tuple(invoke for invoke in invokes if invoke.autoforward)
        #: an event does nothing beside the transitions that take it
        self.is_plain = not self.forwarding and not any(invoke.finalize for invoke in invokes)
        #: some of its functions are expressions, whose work a step's allowance bounds
        self.is_charged = any(known.uses is not None for known in self.functions.values())
        #: effects that take the event that asked for them, by name
        self.taking_event = {
            name: effect for name, effect in definition.effects.items() if effect.event is not None
        }
        self._timers: dict[int, tuple[tuple[str, Delay], ...]] = {}
        #: ids of the history states
        self.remembering = tuple(node.id for node in self.tree.states if node.kind == "history")
        self._initial_may_remember = any(
            self.tree.states[target].kind == "history"
            for targets in self.tree.initial
            for target in targets
        )

    def has_transition_for(self, name: str) -> bool:
        """Whether any transition of the chart can take an event of this name."""
        return is_taken(self.tree, name)

    def timers_of(self, state: int) -> tuple[tuple[str, Delay], ...]:
        """The timers that entering the state sets: their transitions and delays."""
        found = self._timers.get(state)
        if found is None:
            found = self._timers[state] = tuple(
                (transition.id, transition.trigger.delay)
                for transition in self.tree.transitions[state]
                if transition.trigger.kind == "after" and transition.trigger.delay is not None
            )
        return found

    def depends_on_history(self, active: Sequence[int], name: str | None) -> bool:
        """Whether what the event does in these active states may depend on a history state."""
        if not self.remembering:
            return False
        tree = self.tree
        return any(
            self._initial_may_remember
            or any(tree.states[tree.index[target]].kind == "history" for target in found.targets)
            for state in (*active, 0)
            for found in candidates(tree, state, name)
        )
