"""Executable content, timers and effects, as the reference runs them; everything is dynamic."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from statehold.chart.event import ExecutionError, Failure, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.chart.model import Action, Block, Delay, StateNode
from statehold.errors import ActionFailed
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
from statehold.interpreter.snapshot import Deadline, InFlight, Timer
from tests.conformance.reference_structure import Structure

#: what a timer that a timer sets has to wait at least
AFTER_TIMER = timedelta(milliseconds=100)


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


class Failed(Exception):
    """A function of the machine raised; the argument is its name, the cause what it raised."""


class Content:
    """The part of Appendix D's global variables that executable content reads and changes."""

    def __init__(self, definition: Definition[Any], before: Rest, now: datetime) -> None:
        self.definition = definition
        self.chart = definition.chart
        self.policy = self.chart.policy
        self.structure = Structure(self.chart)
        self.before = before
        self.now = now
        self.seq = before.seq + 1
        self.configuration = set(before.active)
        self.timers = before.timers
        self.effects = before.effects
        self.deadlines = before.deadlines
        self.data = before.data
        self.changed = False
        self.finalized = False
        self.by_timer = False
        self.event: Any = None
        self.internal_queue: deque[Any] = deque()
        self.states_to_invoke: set[str] = set()
        self.asked = 0
        self.commands: list[Command] = []

    # --- executable content --------------------------------------------------------------

    def execute(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            try:
                for action in block:
                    self.perform(action)
            except Failed as failed:
                self.report(failed)

    def perform(self, action: Action) -> None:
        if action.kind == "effect":
            key = self.next_key()
            self.effects += (InFlight(key, action.name, action.name, "effect", None, self.now),)
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
        except Failed as failed:
            self.report(failed)
            return None

    def call(self, name: str) -> Any:
        function = self.definition.functions[name]
        try:
            given: Callable[..., Any] = function.call
            return given(*(self.data, self.event, Context(self))[: function.takes])
        except Exception as error:
            raise Failed(name) from error

    def report(self, failed: Failed) -> None:
        name, cause = failed.args[0], failed.__cause__
        assert cause is not None
        if self.policy.errors == "refuse":
            raise ActionFailed(name, cause) from cause
        self.queue_error(name, cause)

    def queue_error(self, where: str, cause: BaseException) -> None:
        self.internal_queue.append(ExecutionError(where, type(cause).__name__, str(cause)))

    # --- timers ----------------------------------------------------------------------------

    def set_timers(self, node: StateNode) -> None:
        for transition in self.chart.transitions:
            delay = transition.trigger.delay
            if transition.source == node.id and delay is not None:
                due = self.due(delay)
                if due is not None:
                    if self.by_timer:
                        due = max(due, self.now + AFTER_TIMER)
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
                try:
                    input = UNSET if invoke.input is None else self.call(invoke.input)
                except Failed as failed:
                    self.report(failed)
                    continue
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
        self.by_timer = True
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

    def effects_at_rest(self) -> tuple[InFlight, ...]:
        """Those asked for before keep the data that they were asked with."""
        if not self.changed:
            return self.effects
        old = {effect.key for effect in self.before.effects if effect.data is None}
        return tuple(
            msgspec.structs.replace(effect, data=self.before.data) if effect.key in old else effect
            for effect in self.effects
        )

    def cancel_what_lives_in(self, state: str) -> None:
        for timer in self.timers:
            if timer.state == state:
                self.commands.append(CancelTimer(timer.id))
        self.timers = tuple(t for t in self.timers if t.state != state)
        for effect in self.effects:
            if effect.state == state:
                self.commands.append(CancelEffect(effect.key, effect.invoke))
        self.effects = tuple(e for e in self.effects if e.state != state)
        self.deadlines = tuple(d for d in self.deadlines if d.state != state)


class Context:
    """What a function of three parameters is given."""

    def __init__(self, run: Content) -> None:
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
