"""A second interpreter, written from the SCXML recommendation's Appendix D line by line.

It exists to be compared with the real one, so it shares nothing with it but values: no tables, no
caches, every question answered by walking the chart anew. Names are those of Appendix D.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from statehold.chart.event import (
    Done,
    Event,
    ExecutionError,
    Failure,
    NamedEvent,
    Result,
    TimerFired,
)
from statehold.chart.machine import Definition
from statehold.chart.model import ROOT, Action, Block, Chart, Delay, Guard, StateNode, Transition
from statehold.errors import ActionFailed, EndlessLoop, GuardFailed
from statehold.interpreter.command import (
    CancelEffect,
    CancelSend,
    CancelTimer,
    Command,
    Emit,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
)
from statehold.interpreter.snapshot import Deadline, InFlight, Microstep, Timer


@dataclass(frozen=True)
class Rest:
    """Where an instance rests between two steps; ``active`` is in document order."""

    active: tuple[str, ...]
    data: Any
    seq: int
    instance: str
    history: dict[str, tuple[str, ...]]
    timers: tuple[Timer, ...] = ()
    effects: tuple[InFlight, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    done: bool = False
    output: Any = None
    leaves: tuple[str, ...] = ()


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
            return replace(ignored, rest=replace(before, effects=run.effects)) if outcome else ignored
        if isinstance(event, Result | Failure):
            run.finalize(event)
        run.take_external(event)
        run.finish_macrostep()
        if run.took_any or run.finalized or isinstance(event, TimerFired):
            return run.outcome(accepted=run.took_any or run.finalized)
        # an outcome that nobody waits for is struck off, and is no step
        rest = replace(before, effects=run.effects) if outcome else before
        return Outcome(rest, (), tuple(run.trace), False)


class _Structure:
    """Questions about a chart."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.states: dict[str, StateNode] = {state.id: state for state in chart.states}
        self.order = {state.id: place for place, state in enumerate(chart.states)}

    def kind(self, state: str) -> str:
        return self.states[state].kind

    def is_atomic(self, state: str) -> bool:
        return self.kind(state) in ("atomic", "final")

    def parent(self, state: str) -> str:
        parent = self.states[state].parent
        assert parent is not None, f"{state!r} is the root"
        return parent

    def child_states(self, state: str) -> list[str]:
        return [s.id for s in self.chart.states if s.parent == state and s.kind != "history"]

    def histories(self, state: str) -> list[StateNode]:
        return [s for s in self.chart.states if s.parent == state and s.kind == "history"]

    def proper_ancestors(self, state: str, upto: str | None = None) -> list[str]:
        """From the parent upwards, without ``upto``; up to and with the root if it is None."""
        found = []
        at = self.states[state].parent
        while at is not None and at != upto:
            found.append(at)
            at = self.states[at].parent
        return found

    def is_descendant(self, state: str, of: str) -> bool:
        return of in self.proper_ancestors(state)

    def entry_order(self, states: Iterable[str]) -> list[str]:
        return sorted(states, key=self.order.__getitem__)

    def exit_order(self, states: Iterable[str]) -> list[str]:
        return self.entry_order(states)[::-1]


class _Failed(Exception):
    """An action, a guard or another function of the machine raised."""


class _Context:
    """What a function of three parameters is given."""

    def __init__(self, run: _Macrostep) -> None:
        self._run = run
        self.now = run.now
        self.instance = run.before.instance

    def raise_(self, event: Any) -> None:
        self._run.internal_queue.append(event)

    def send(
        self,
        machine: Any,
        instance: str | None,
        event: Any,
        *,
        delay: timedelta | None = None,
        id: str,
    ) -> str:
        self._run.commands.append(Send(machine, instance, event, delay, id))
        return id

    def cancel(self, send_id: str) -> None:
        self._run.commands.append(CancelSend(send_id))

    def emit(self, event: Any) -> None:
        self._run.commands.append(Emit(event))

    def active(self, state: str) -> bool:
        return state in self._run.configuration


class _Macrostep:
    """The global variables of Appendix D, for one step."""

    def __init__(
        self, machine: Reference, before: Rest, now: datetime, roles: Collection[str] | None
    ) -> None:
        self.definition = machine.definition
        self.chart = machine.definition.chart
        self.policy = self.chart.policy
        self.structure = _Structure(self.chart)
        self.limit = machine.limit
        self.before = before
        self.now = now
        self.roles = roles
        self.seq = before.seq + 1
        self.configuration = set(before.active)
        self.history = dict(before.history)
        self.timers = before.timers
        self.effects = before.effects
        self.deadlines = before.deadlines
        self.data = before.data
        self.changed = False
        self.internal_queue: deque[Any] = deque()
        self.states_to_invoke: set[str] = set()
        self.running = True
        self.output: Any = None
        self.event: Any = None
        self.external = False
        self.microsteps = 0
        self.broken: set[str] = set()
        self.took_any = False
        self.finalized = False
        self.asked = 0
        self.commands: list[Command] = []
        self.trace: list[Microstep] = []
        self.answers: dict[Guard, bool] = {}

    # --- the event loop ------------------------------------------------------------------

    def enter_initial(self) -> None:
        self.count_microstep()
        entered = self.enter(_EntrySet(self).of_start())
        # the root is always active, so nobody is told of it
        self.trace.append(Microstep(None, (), (), (), tuple(s for s in entered if s != ROOT)))

    def take_external(self, event: Any) -> None:
        self.event = event
        self.external = True
        enabled = self.select_transitions(event)
        self.external = False
        self.microstep(event, enabled)

    def finish_macrostep(self) -> None:
        self.run_to_rest()
        if not self.running:
            self.exit_interpreter()

    def run_to_rest(self) -> None:
        while self.running:
            self.take_eventless_and_internal()
            if not self.running:
                return
            self.invoke_entered()
            # an invoke that could not be asked for may have queued an error
            if not self.internal_queue:
                return

    def take_eventless_and_internal(self) -> None:
        while self.running:
            enabled, event = self.select_transitions(None), None
            if not enabled:
                if not self.internal_queue:
                    return
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

    def first_enabled(self, state: str, event: Any) -> Transition | None:
        candidates = [
            t for t in self.chart.transitions if t.source == state and self.matches(t, event)
        ]
        if self.policy.matching == "exact":
            candidates.sort(key=lambda t: t.trigger.kind == "any")
        for transition in candidates:
            if all(self.ask(guard) for guard in transition.guards):
                return transition
        return None

    def matches(self, transition: Transition, event: Any) -> bool:
        trigger = transition.trigger
        if event is None or trigger.kind == "always":
            return event is None and trigger.kind == "always"
        if trigger.kind == "any":
            return isinstance(event, Event | NamedEvent)
        name = event.__event__
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
        except _Failed as failed:
            cause = failed.__cause__
            assert cause is not None
            if self.policy.errors == "refuse":
                raise GuardFailed(guard.name, cause) from cause
            # Appendix D would ask an eventless transition's guard, and queue its error, for ever
            if guard.name not in self.broken:
                self.broken.add(guard.name)
                self.queue_error(guard.name, cause)
            return False

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

    # --- the structure of a transition ---------------------------------------------------

    def exit_set(self, transitions: Iterable[Transition]) -> set[str]:
        states: set[str] = set()
        for transition in transitions:
            if transition.targets:
                domain = self.domain(transition)
                states |= {s for s in self.configuration if self.structure.is_descendant(s, domain)}
        return states

    def domain(self, transition: Transition) -> str:
        targets = self.effective_targets(transition.targets)
        source = transition.source
        if (
            transition.internal
            and self.structure.kind(source) == "compound"
            and all(self.structure.is_descendant(target, source) for target in targets)
        ):
            return source
        return self.find_lcca([source, *targets])

    def find_lcca(self, states: Sequence[str]) -> str:
        for ancestor in self.structure.proper_ancestors(states[0]):
            if self.structure.kind(ancestor) != "compound" and ancestor != ROOT:
                continue
            if all(self.structure.is_descendant(state, ancestor) for state in states[1:]):
                return ancestor
        return ROOT  # a transition of the root itself

    def effective_targets(self, targets: Iterable[str]) -> list[str]:
        found: list[str] = []
        for target in targets:
            if self.structure.kind(target) != "history":
                found.append(target)
            elif self.history.get(target):
                found.extend(self.history[target])
            else:
                default = self.structure.states[target].initial
                assert default is not None, f"history {target!r} has no default"
                found.extend(self.effective_targets(default.targets))
        return list(dict.fromkeys(found))

    # --- a microstep ---------------------------------------------------------------------

    def microstep(self, event: Any, enabled: Sequence[Transition]) -> None:
        asked = tuple((guard.name, answer) for guard, answer in self.answers.items())
        exited: list[str] = []
        entered: list[str] = []
        # SCXML 3.13: content is executed in document order, conflicts are decided in another
        enabled = sorted(enabled, key=self.chart.transitions.index)
        if enabled:
            self.count_microstep()
            self.took_any = True
            # history decides the domain, and exiting is about to change history
            domains = [self.domain(t) if t.targets else "" for t in enabled]
            exited = self.exit(self.structure.exit_order(self.exit_set(enabled)))
            for transition in enabled:
                self.execute(transition.actions)
            entered = self.enter(_EntrySet(self).of(enabled, domains))
        name = None if event is None else event.__event__
        ids = tuple(transition.id for transition in enabled)
        self.trace.append(Microstep(name, asked, ids, tuple(exited), tuple(entered)))

    def count_microstep(self) -> None:
        self.broken.clear()
        self.microsteps += 1
        if self.microsteps > self.limit:
            raise EndlessLoop(self.chart.name, sorted(self.configuration), self.limit)

    def exit(self, states: list[str]) -> list[str]:
        for state in states:
            for history in self.structure.histories(state):
                self.history[history.id] = tuple(
                    self.structure.entry_order(
                        s
                        for s in self.configuration
                        if (
                            self.structure.is_atomic(s) and self.structure.is_descendant(s, state)
                            if history.deep
                            else self.structure.states[s].parent == state
                        )
                    )
                )
        for state in states:
            self.leave(state)
        return states

    def leave(self, state: str) -> None:
        self.execute(self.structure.states[state].exit)
        for timer in self.timers:
            if timer.state == state:
                self.commands.append(CancelTimer(timer.id))
        self.timers = tuple(t for t in self.timers if t.state != state)
        for effect in self.effects:
            if effect.state == state:
                self.commands.append(CancelEffect(effect.key, effect.invoke))
        self.effects = tuple(e for e in self.effects if e.state != state)
        self.deadlines = tuple(d for d in self.deadlines if d.state != state)
        self.states_to_invoke.discard(state)
        self.configuration.discard(state)

    def enter(self, entry_set: _EntrySet) -> list[str]:
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
        grandparent = self.structure.parent(parent)
        if self.structure.kind(grandparent) == "parallel" and self.is_in_final_state(grandparent):
            if grandparent == ROOT:
                self.running = False
            else:
                self.internal_queue.append(Done(grandparent))

    def is_in_final_state(self, state: str) -> bool:
        children = self.structure.child_states(state)
        if self.structure.kind(state) == "compound":
            return any(
                self.structure.kind(child) == "final" and child in self.configuration
                for child in children
            )
        if self.structure.kind(state) == "parallel":
            return all(self.is_in_final_state(child) for child in children)
        return False

    def set_timers(self, node: StateNode) -> None:
        for transition in self.chart.transitions:
            delay = transition.trigger.delay
            if transition.source == node.id and delay is not None:
                due = self.due(delay)
                if due is not None:
                    self.timers += (Timer(transition.id, node.id, due),)
                    self.commands.append(SetTimer(transition.id, due))
        if node.deadline is not None:
            due = self.due(node.deadline)
            if due is not None:
                self.deadlines += (Deadline(node.id, due),)

    def due(self, delay: Delay) -> datetime | None:
        if delay.seconds is not None:
            return self.now + timedelta(seconds=delay.seconds)
        assert delay.function is not None
        given = self.try_call(delay.function)
        return self.now + given if isinstance(given, timedelta) else given

    # --- effects -------------------------------------------------------------------------

    def invoke_entered(self) -> None:
        for state in self.structure.entry_order(self.states_to_invoke):
            for invoke in self.structure.states[state].invokes:
                input = None if invoke.input is None else self.try_call(invoke.input)
                key = self.next_key()
                self.effects += (
                    InFlight(key, invoke.id, invoke.name, invoke.kind, state, self.now),
                )
                self.commands.append(
                    StartEffect(key, invoke.id, invoke.name, state)
                    if invoke.kind == "effect"
                    else StartChild(key, invoke.id, invoke.name, state, input)
                )
        self.states_to_invoke.clear()

    def next_key(self) -> str:
        self.asked += 1
        return f"{self.seq}.{self.asked}"

    def take_timer(self, event: TimerFired) -> bool:
        found = any(timer.id == event.timer for timer in self.timers)
        self.timers = tuple(timer for timer in self.timers if timer.id != event.timer)
        return found

    def take_in_flight(self, event: Result[Any] | Failure) -> bool:
        found = any(effect.key == event.key for effect in self.effects)
        self.effects = tuple(effect for effect in self.effects if effect.key != event.key)
        return found

    def finalize(self, event: Result[Any] | Failure) -> None:
        self.event = event
        for state in self.structure.entry_order(self.configuration):
            for invoke in self.structure.states[state].invokes:
                if invoke.id == event.invoke and invoke.finalize:
                    self.finalized = True
                    self.execute((invoke.finalize,))

    # --- executable content --------------------------------------------------------------

    def execute(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            try:
                for action in block:
                    self.perform(action)
            except _Failed as failed:
                self.report(failed)

    def perform(self, action: Action) -> None:
        if action.kind == "effect":
            key = self.next_key()
            self.effects += (
                InFlight(key, action.name, action.name, "effect", None, self.now),
            )
            self.commands.append(StartEffect(key, action.name, action.name, None))
            return
        if not self.changed:
            self.data = self.definition.data.copy(self.before.data)
            self.changed = True
        replacement = self.call(action.name)
        if replacement is not None:
            self.data = replacement

    def try_call(self, name: str) -> Any:
        """An output, a delay or an input; None where it raised and errors are events."""
        try:
            return self.call(name)
        except _Failed as failed:
            self.report(failed)
            return None

    def call(self, name: str) -> Any:
        function = self.definition.functions[name]
        try:
            given: Callable[..., Any] = function.call
            return given(*(self.data, self.event, _Context(self))[: function.takes])
        except Exception as error:
            raise _Failed(name) from error

    def report(self, failed: _Failed) -> None:
        name, cause = failed.args[0], failed.__cause__
        assert cause is not None
        if self.policy.errors == "refuse":
            raise ActionFailed(name, cause) from cause
        self.queue_error(name, cause)

    def queue_error(self, where: str, cause: BaseException) -> None:
        self.internal_queue.append(ExecutionError(where, type(cause).__name__, str(cause)))

    # --- the end of the step -------------------------------------------------------------

    def outcome(self, *, accepted: bool) -> Outcome:
        effects = self.effects
        if self.changed:
            old = {effect.key for effect in self.before.effects if effect.data is None}
            effects = tuple(
                msgspec.structs.replace(effect, data=self.before.data)
                if effect.key in old
                else effect
                for effect in effects
            )
        in_order = self.structure.entry_order(self.configuration)
        rest = Rest(
            active=tuple(in_order),
            data=self.data,
            seq=self.seq,
            instance=self.before.instance,
            history=self.history,
            timers=self.timers,
            effects=effects,
            deadlines=self.deadlines,
            done=not self.running,
            output=self.output,
            leaves=tuple(s for s in in_order if self.structure.is_atomic(s)),
        )
        return Outcome(rest, tuple(self.commands), tuple(self.trace), accepted)


class _EntrySet:
    """``computeEntrySet`` and its two helpers."""

    def __init__(self, run: _Macrostep) -> None:
        self.run = run
        self.structure = run.structure
        self.to_enter: set[str] = set()
        self.default_entry: set[str] = set()
        self.history_content: dict[str, tuple[Block, ...]] = {}

    def of_start(self) -> _EntrySet:
        self.add_descendants(ROOT)
        return self

    def of(self, transitions: Sequence[Transition], domains: Sequence[str]) -> _EntrySet:
        for transition, domain in zip(transitions, domains, strict=True):
            for target in transition.targets:
                self.add_descendants(target)
            for target in self.run.effective_targets(transition.targets):
                self.add_ancestors(target, domain)
        return self

    def add_descendants(self, state: str) -> None:
        node = self.structure.states[state]
        if node.kind == "history":
            self.add_history(node)
            return
        self.to_enter.add(state)
        if node.kind == "compound":
            self.default_entry.add(state)
            assert node.initial is not None, f"compound {state!r} has no initial"
            for target in node.initial.targets:
                self.add_descendants(target)
            for target in node.initial.targets:
                self.add_ancestors(target, state)
        elif node.kind == "parallel":
            self.add_missing_children(state)

    def add_history(self, node: StateNode) -> None:
        parent = self.structure.parent(node.id)
        targets = self.run.history.get(node.id, ())
        if not targets:
            assert node.initial is not None, f"history {node.id!r} has no default"
            self.history_content[parent] = node.initial.actions
            targets = node.initial.targets
        for target in targets:
            self.add_descendants(target)
        for target in targets:
            self.add_ancestors(target, parent)

    def add_ancestors(self, state: str, upto: str) -> None:
        for ancestor in self.structure.proper_ancestors(state, upto):
            self.to_enter.add(ancestor)
            if self.structure.kind(ancestor) == "parallel":
                self.add_missing_children(ancestor)
        # SCXML's root is never parallel; ours may be, and stays active while its regions change
        if upto == ROOT and self.structure.kind(ROOT) == "parallel":
            self.add_missing_children(ROOT)

    def add_missing_children(self, parallel: str) -> None:
        for child in self.structure.child_states(parallel):
            if not any(self.structure.is_descendant(s, child) for s in self.to_enter):
                self.add_descendants(child)


def _token_match(descriptor: str, name: str) -> bool:
    """SCXML 3.12.1."""
    if descriptor == "*":
        return True
    wanted = descriptor.removesuffix(".*").removesuffix(".").split(".")
    return name.split(".")[: len(wanted)] == wanted
