"""A second interpreter, written from the SCXML recommendation's Appendix D line by line.

It exists to be compared with the real one, so it shares nothing with it but values: no tables, no
caches, every question answered by walking the chart anew. Names are those of Appendix D.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from statehold.chart.event import Done, Event, Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.chart.model import ROOT, Guard, StateNode, Transition
from statehold.errors import EndlessLoop, GuardFailed
from statehold.interpreter.command import Command
from statehold.interpreter.trace import Microstep
from tests.conformance.reference_content import Content, Failed, Rest
from tests.conformance.reference_structure import EntrySet


@dataclass(frozen=True)
class Outcome:
    """What one macrostep gives."""

    rest: Rest
    commands: tuple[Command, ...]
    trace: tuple[Microstep, ...]
    accepted: bool


class Reference:
    """One machine. ``limit`` bounds the microsteps, and the internal events, of one step."""

    def __init__(self, definition: Definition[Any], limit: int = 1000) -> None:
        self.definition = definition
        self.limit = limit

    def start(self, input: Any, now: datetime, *, instance: str = "") -> Outcome:
        nowhere = Rest((), input, 0, instance, {})
        run = _Macrostep(self, nowhere, now, None)
        run.enter_initial()
        run.finish_macrostep()
        return run.outcome(accepted=True)

    def step(
        self, before: Rest, event: Any, now: datetime, *, roles: Collection[str] | None = None
    ) -> Outcome:
        ignored = Outcome(before, (), (), False)
        run = _Macrostep(self, before, now, roles)
        outcome = isinstance(event, Result | Failure)
        if isinstance(event, TimerFired) and not run.take_timer(event):
            return ignored
        if isinstance(event, Result | Failure) and not run.take_in_flight(event):
            return ignored
        if before.done:
            return (
                replace(ignored, rest=replace(before, effects=run.effects)) if outcome else ignored
            )
        if isinstance(event, Result | Failure):
            run.finalize(event)
        run.take_external(event)
        run.finish_macrostep()
        if run.took_any or run.finalized or isinstance(event, TimerFired):
            return run.outcome(accepted=run.took_any or run.finalized)
        # an outcome that nobody waits for is struck off, and is no step
        rest = replace(before, effects=run.effects) if outcome else before
        return Outcome(rest, (), tuple(run.trace), False)


class _Macrostep(Content):
    """One step while it is taken."""

    def __init__(
        self, machine: Reference, before: Rest, now: datetime, roles: Collection[str] | None
    ) -> None:
        super().__init__(machine.definition, before, now)
        self.limit = machine.limit
        self.roles = roles
        self.history = dict(before.history)
        self.running = True
        self.output: Any = None
        self.external = False
        self.microsteps = 0
        self.took_any = False
        self.idle = False
        self.broken: set[str] = set()
        self.answers: dict[Guard, bool] = {}
        self.trace: list[Microstep] = []

    # --- the event loop ------------------------------------------------------------------

    def enter_initial(self) -> None:
        self.count_microstep()
        entered = self.enter(EntrySet(self.structure, self.history).of_start())
        # the root is always active, so no trace names it
        self.trace.append(Microstep(None, (), (), (), tuple(s for s in entered if s != ROOT)))

    def take_external(self, event: Any) -> None:
        self.event = event
        self.external = True
        enabled = self.select_transitions(event)
        self.external = False
        self.idle = self.policy.nesting != "scxml" and not enabled
        self.microstep(event, enabled)

    def finish_macrostep(self) -> None:
        self.run_to_rest()
        if not self.running:
            self.exit_interpreter()

    def run_to_rest(self) -> None:
        self.take_eventless_and_internal()
        while self.states_to_invoke and self.running:
            self.invoke_entered()
            # one that could not be asked for may have queued an error
            self.take_eventless_and_internal()

    def take_eventless_and_internal(self) -> None:
        while self.running:
            enabled: list[Transition] = []
            event = None
            if not self.idle:
                enabled = self.select_transitions(None)
            if enabled and self.policy.nesting != "scxml":
                # XState compares snapshots: a round that changed nothing is the last one
                before = set(self.configuration), copy.deepcopy(self.data), dict(self.history)
                self.microstep(None, enabled)
                self.idle = before == (self.configuration, self.data, self.history)
                continue
            if not enabled:
                if not self.internal_queue:
                    return
                self.idle = False
                event = self.event = self.internal_queue.popleft()
                enabled = self.select_transitions(event)
            if enabled:
                self.microstep(event, enabled)

    def exit_interpreter(self) -> None:
        self.internal_queue.clear()
        at_the_end = set(self.configuration)
        for state in self.structure.exit_order(self.configuration):
            self.leave(state)
        self.configuration = at_the_end

    # --- selection -----------------------------------------------------------------------

    def select_transitions(self, event: Any) -> list[Transition]:
        """``selectTransitions``, and ``selectEventlessTransitions`` where there is no event."""
        self.answers = {}
        if event is not None and self.policy.nesting == "xstate":
            return self.remove_conflicting(self.enabled_within(ROOT, event))
        enabled: list[Transition] = []
        atomic = [s for s in self.configuration if self.structure.is_atomic(s)]
        for leaf in self.structure.entry_order(atomic):
            for state in [leaf, *self.structure.proper_ancestors(leaf)]:
                chosen = self.first_enabled(state, event)
                if chosen is not None:
                    if chosen not in enabled:
                        enabled.append(chosen)
                    break
        return self.remove_conflicting(enabled)

    def enabled_within(self, state: str, event: Any) -> list[Transition]:
        """XState's ``transitionNode``: a state is asked if nothing inside takes the event."""
        inside = [
            transition
            for child in self.structure.child_states(state)
            if child in self.configuration
            for transition in self.enabled_within(child, event)
        ]
        own = None if inside else self.first_enabled(state, event)
        return inside if own is None else [own]

    def first_enabled(self, state: str, event: Any) -> Transition | None:
        candidates = [
            t for t in self.chart.transitions if t.source == state and self.matches(t, event)
        ]
        if self.policy.matching == "exact":
            candidates.sort(key=lambda t: t.trigger.kind == "any")
        if self.policy.matching == "wildcard" and event is not None:
            candidates = _most_exact_first(candidates, event.__event__)
        for transition in candidates:
            if all(self.ask(guard) for guard in transition.guards):
                return transition
        return None

    def matches(self, transition: Transition, event: Any) -> bool:
        trigger = transition.trigger
        if event is None or trigger.kind == "always":
            return event is None and trigger.kind == "always"
        if trigger.kind == "any":
            return isinstance(event, Event | NamedEvent) or self.policy.matching == "wildcard"
        name = event.__event__
        if self.policy.matching == "wildcard":
            return any(d in _descriptors_of(name) for d in trigger.events)
        if self.policy.matching == "exact":
            return name in trigger.events
        return any(_token_match(descriptor, name) for descriptor in trigger.events)

    def ask(self, guard: Guard) -> bool:
        if guard not in self.answers:
            self.answers[guard] = self.answer(guard)
        return self.answers[guard]

    def answer(self, guard: Guard) -> bool:
        if guard.kind == "in":
            return guard.name in self.configuration
        if guard.kind == "by":
            if self.roles is None or not self.external:
                return True
            return bool({role.strip() for role in guard.name.split(",")} & set(self.roles))
        try:
            return bool(self.call(guard.name))
        except Failed as failed:
            cause = failed.__cause__
            assert cause is not None
            if self.policy.errors == "refuse":
                raise GuardFailed(guard.name, cause) from cause
            # Appendix D would ask an eventless transition's guard, and queue its error, for ever
            if guard.name not in self.broken:
                self.broken.add(guard.name)
                self.queue_error(guard.name, cause)
            return False

    def exit_set(self, transitions: Iterable[Transition]) -> set[str]:
        return self.structure.exit_set(transitions, self.configuration, self.history)

    def remove_conflicting(self, enabled: Sequence[Transition]) -> list[Transition]:
        filtered: list[Transition] = []
        for t1 in enabled:
            preempted = False
            to_remove = []
            for t2 in filtered:
                if self.exit_set([t1]) & self.exit_set([t2]):
                    if self.structure.is_descendant(t1.source, t2.source):
                        to_remove.append(t2)
                    else:
                        preempted = True
                        break
            if not preempted:
                filtered = [t for t in filtered if t not in to_remove] + [t1]
        return filtered

    # --- a microstep ---------------------------------------------------------------------

    def microstep(self, event: Any, enabled: Sequence[Transition]) -> None:
        asked = tuple((guard.name, answer) for guard, answer in self.answers.items())
        exited: list[str] = []
        entered: list[str] = []
        # SCXML 3.13: content is executed in document order, conflicts are decided in another
        if event is not None or self.policy.nesting == "scxml":
            enabled = sorted(enabled, key=self.chart.transitions.index)
        if enabled:
            self.count_microstep()
            self.took_any = True
            # history decides the domain, and exiting is about to change history
            domains = [self.structure.domain(t, self.history) if t.targets else "" for t in enabled]
            now = self.own_histories(enabled, domains)
            exited = self.exit(self.structure.exit_order(self.exit_set(enabled)))
            for transition in enabled:
                self.execute(transition.actions)
            known = {**self.history, **now}
            entered = self.enter(EntrySet(self.structure, known).of(enabled, domains))
        name = None if event is None else event.__event__
        ids = tuple(transition.id for transition in enabled)
        self.trace.append(Microstep(name, asked, ids, tuple(exited), tuple(entered)))

    def own_histories(
        self, enabled: Sequence[Transition], domains: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """Ours: outside of SCXML and XState, a state that is not left for its own history comes
        back to what is active in it."""
        if self.policy.matching != "exact":
            return {}
        return {
            history.id: self.structure.recorded(history, self.configuration)
            for transition, domain in zip(enabled, domains, strict=True)
            for history in self.structure.histories(transition.source)
            if history.id in transition.targets and domain == transition.source
        }

    def count_microstep(self) -> None:
        self.broken.clear()
        self.microsteps += 1
        if self.microsteps > self.limit:
            raise EndlessLoop(self.chart.name, sorted(self.configuration), self.limit)

    def exit(self, states: list[str]) -> list[str]:
        for state in states:
            for history in self.structure.histories(state):
                self.history[history.id] = self.structure.recorded(history, self.configuration)
        for state in states:
            self.leave(state)
        return states

    def leave(self, state: str) -> None:
        self.execute(self.structure.states[state].exit)
        self.cancel_what_lives_in(state)
        self.states_to_invoke.discard(state)
        self.configuration.discard(state)

    def enter(self, entry_set: EntrySet) -> list[str]:
        in_order = self.structure.entry_order(entry_set.to_enter)
        for state in in_order:
            node = self.structure.states[state]
            self.configuration.add(state)
            self.states_to_invoke.add(state)
            self.execute(node.entry)
            self.set_timers(node)
            if state in entry_set.default_entry and node.initial is not None:
                self.execute(node.initial.actions)
            self.execute(entry_set.history_content.get(state, ()))
            if node.kind == "final":
                self.reach_final(node)
        return in_order

    def reach_final(self, final: StateNode) -> None:
        output = None
        if final.output is not None:
            output = self.try_call(final.output)
        parent = self.structure.parent(final.id)
        if parent == ROOT:
            self.running = False
            self.output = output
            return
        self.internal_queue.append(Done(parent, output))
        # SCXML 3.4 itself, where Appendix D looks one level up only: every parallel state that is
        # in a final state with this one, and was not without it
        without = self.configuration - {final.id}
        for state in reversed(self.structure.entry_order(self.configuration | {ROOT})):
            if self.structure.kind(state) != "parallel":
                continue
            if self.structure.is_in_final_state(state, without):
                continue
            if self.structure.is_in_final_state(state, self.configuration):
                if state == ROOT:
                    self.running = False
                else:
                    self.internal_queue.append(Done(state))

    # --- the end of the step -------------------------------------------------------------

    def outcome(self, *, accepted: bool) -> Outcome:
        in_order = self.structure.entry_order(self.configuration)
        rest = Rest(
            active=tuple(in_order),
            data=self.data,
            seq=self.seq,
            instance=self.before.instance,
            history=self.history,
            timers=self.timers,
            effects=self.effects_at_rest(),
            deadlines=self.deadlines,
            done=not self.running,
            output=self.output,
            leaves=tuple(s for s in in_order if self.structure.is_atomic(s)),
        )
        return Outcome(rest, tuple(self.commands), tuple(self.trace), accepted)


def _descriptors_of(name: str) -> list[str]:
    """All that XState takes the event by, the one that says most first."""
    tokens = name.split(".")
    prefixes = [".".join([*tokens[:count], "*"]) for count in range(len(tokens), 0, -1)]
    return [name, *prefixes, "*"]


def _most_exact_first(candidates: list[Transition], name: str) -> list[Transition]:
    ordered: list[Transition] = []
    for descriptor in _descriptors_of(name):
        for transition in candidates:
            listed = descriptor in transition.trigger.events
            if transition.trigger.kind == "any":
                listed = descriptor == "*"
            if listed and transition not in ordered:
                ordered.append(transition)
    return ordered


def _token_match(descriptor: str, name: str) -> bool:
    """SCXML 3.12.1."""
    if descriptor == "*":
        return True
    wanted = descriptor.removesuffix(".*").removesuffix(".").split(".")
    return name.split(".")[: len(wanted)] == wanted
