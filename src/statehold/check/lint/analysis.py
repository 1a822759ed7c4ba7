"""The input of the static checks: a chart, its functions, and the result of a search.

A check is a function from an :class:`Analysis` to findings. It says that something never happens
only if the search was complete: the search allows all that the functions allow, and more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from statehold.chart.codes import Code
from statehold.chart.event import done_event, timer_event
from statehold.chart.machine import Definition
from statehold.chart.model import ROOT, Block, Chart, StateNode, Transition, Trigger
from statehold.chart.tree import Tree
from statehold.check.lint.catalogue import CATALOGUE
from statehold.check.lint.finding import Finding, PlaceKind, Severity
from statehold.check.lint.function_uses import UNKNOWN, FunctionUses, read
from statehold.interpreter.choices import mask_of, states_of
from statehold.interpreter.explored import Edge, Explored, explore
from statehold.interpreter.selection import is_reserved, matches

#: names listed in one message
SHOWN = 5


class Analysis:
    """``definition`` is None for a bare chart: its functions are names alone. ``beside`` are the
    machines that run beside it."""

    def __init__(
        self,
        chart: Chart,
        definition: Definition[Any] | None,
        limit: int,
        beside: tuple[Definition[Any], ...] = (),
    ) -> None:
        self.chart = chart
        self.definition = definition
        self.beside = beside
        self.tree = Tree(chart)
        self.explored: Explored = explore(chart, limit=limit)
        self.complete = self.explored.reachable.complete
        self.states: dict[str, StateNode] = {state.id: state for state in chart.states}
        self.transitions: dict[str, Transition] = {t.id: t for t in chart.transitions}
        self._readings: dict[str, FunctionUses] = {}
        #: what a check has found out about a state or a transition, by the check and the id
        self.known: dict[tuple[str, str], Any] = {}

    def finding(
        self,
        code: Code,
        kind: PlaceKind,
        place: str,
        message: str,
        hint: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """``severity`` is by default that of the code."""
        return Finding(code, severity or CATALOGUE[code].severity, kind, place, message, hint)

    def reading(self, name: str) -> FunctionUses:
        """The uses of the function of this name in the chart."""
        found = self._readings.get(name)
        if found is None:
            function = self.definition.functions.get(name) if self.definition else None
            found = self._readings[name] = UNKNOWN if function is None else read(function)
        return found

    # --- the search ---

    @property
    def moves(self) -> tuple[Edge, ...]:
        return self.explored.moves

    @cached_property
    def entered(self) -> frozenset[str]:
        """States that are entered, if only within a step."""
        return frozenset(self.explored.entered).union(*(move.entered for move in self.moves))

    @cached_property
    def has_upgraded(self) -> bool:
        """Whether an upgrade may bring instances to where no start leads: to a state that is not
        entered, to states that are not active together, or to a timer older than a new one beside
        it."""
        if self.definition is None or not self.definition.upgrades:
            return False
        kinds = {state.kind for state in self.chart.states}
        own = {state.id for state in self.chart.states if state.kind != "history"} - {ROOT}
        timed = any(t.trigger.kind == "after" for t in self.chart.transitions)
        return "parallel" in kinds or timed or not own <= self.entered

    @cached_property
    def left(self) -> frozenset[str]:
        return frozenset().union(*(move.exited for move in self.moves))

    @cached_property
    def taken(self) -> frozenset[str]:
        """Ids of the transitions that are taken."""
        return frozenset().union(*(move.transitions for move in self.moves))

    @cached_property
    def done(self) -> frozenset[str]:
        """States whose completion comes, of those that transitions wait for."""
        # the start completes states in no move, but taking their completion is one
        prefix = done_event("")
        taken = (move.event for move in self.moves if move.event is not None)
        heard = {name.removeprefix(prefix) for name in taken if name.startswith(prefix)}
        return frozenset(heard).union(*(move.done for move in self.moves))

    @cached_property
    def together(self) -> dict[str, frozenset[str]]:
        """For each state, those that are active together with it, itself included."""
        # as masks: spots times states times states would take minutes
        found: dict[str, int] = {}
        for spot in self.explored.spots:
            mask = mask_of(self.tree.index[state] for state in spot.active)
            for state in spot.active:
                found[state] = found.get(state, 0) | mask
        states = self.tree.states
        ids = {mask: frozenset(states[s].id for s in states_of(mask)) for mask in found.values()}
        return {state: ids[mask] for state, mask in found.items()}

    @cached_property
    def rested(self) -> frozenset[str]:
        """States that are active after a step."""
        return frozenset().union(*(s.active for s in self.explored.spots if s.resting))

    @cached_property
    def moves_by_event(self) -> dict[str | None, list[Edge]]:
        found: dict[str | None, list[Edge]] = {}
        for move in self.moves:
            found.setdefault(move.event, []).append(move)
        return found

    # --- the chart ---

    def hears(self, name: str) -> bool:
        """Whether any transition is for an event of this name."""
        return self.hears_beside_timers(name) or name in self._timer_events

    def hears_beside_timers(self, name: str) -> bool:
        """Whether any transition except timers is for an event of this name."""
        if name in self._descriptors:
            return True
        policy = self.chart.policy
        if policy.matching == "exact":
            return self._takes_any and not is_reserved(name)
        return self._takes_any or matches(policy, Trigger("event", tuple(self._descriptors)), name)

    @cached_property
    def _descriptors(self) -> dict[str, None]:
        """The events of all transitions, each once."""
        named = (t.trigger.events for t in self.chart.transitions if t.trigger.kind != "after")
        return dict.fromkeys(name for names in named for name in names)

    @cached_property
    def _timer_events(self) -> frozenset[str]:
        return frozenset(timer_event(t.id) for t in self.chart.transitions if t.trigger.delay)

    @cached_property
    def _takes_any(self) -> bool:
        return any(t.trigger.kind == "any" for t in self.chart.transitions)

    @cached_property
    def invoking(self) -> dict[str, str]:
        """The states that invoke something, by the ids of the invokes."""
        return {invoke.id: state.id for state in self.chart.states for invoke in state.invokes}

    def line(self, state: str) -> tuple[str, ...]:
        """The state and its ancestors, the root last."""
        number = self.tree.index[state]
        return (state, *(self.tree.states[above].id for above in self.tree.ancestors(number)))

    @cached_property
    def positions(self) -> dict[str, int]:
        """The numbers of the transitions, by their ids, in document order."""
        return {t.id: number for number, t in enumerate(self.chart.transitions)}

    def is_within(self, state: str, ancestor: str) -> bool:
        """Whether it is the ancestor itself or a descendant."""
        return state == ancestor or self.tree.is_descendant(
            self.tree.index[state], self.tree.index[ancestor]
        )

    def has_function(self, transition: Transition) -> bool:
        return any(guard.kind != "in" for guard in transition.guards)

    def actions(self) -> Iterator[tuple[PlaceKind, str, str, tuple[Block, ...]]]:
        """All content: the kind and id of its place, when it runs, its blocks."""
        for state in self.chart.states:
            yield "state", state.id, "entry", state.entry
            yield "state", state.id, "exit", state.exit
            if state.initial is not None:
                yield "state", state.id, "initial", state.initial.actions
            yield "state", state.id, "finalize", tuple(i.finalize for i in state.invokes)
        for transition in self.chart.transitions:
            yield "transition", transition.id, "do", transition.actions

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """The functions that change the data, each once."""
        return tuple(
            dict.fromkeys(
                action.name
                for *_, blocks in self.actions()
                for block in blocks
                for action in block
                if action.kind == "run"
            )
        )

    @cached_property
    def guard_names(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                guard.name
                for transition in self.chart.transitions
                for guard in transition.guards
                if guard.kind == "function"
            )
        )

    @cached_property
    def value_names(self) -> tuple[str, ...]:
        """The functions that give a delay, a deadline, an input or an output."""
        found: list[str | None] = []
        for state in self.chart.states:
            found.append(state.output)
            found.append(state.deadline.function if state.deadline else None)
            found += [invoke.input for invoke in state.invokes]
        for transition in self.chart.transitions:
            delay = transition.trigger.delay
            found.append(delay.function if delay else None)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    @cached_property
    def function_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.guard_names, *self.action_names, *self.value_names)))


def listed(names: Iterable[str]) -> str:
    """``a, b and 3 more``"""
    known = [name or "the root" for name in names]
    shown = ", ".join(known[:SHOWN])
    more = len(known) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def top_finals(analysis: Analysis) -> list[StateNode]:
    return [s for s in analysis.chart.states if s.kind == "final" and s.parent == ROOT]
