"""What a step asks of the outside, as the journal records it and as the mailbox takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition
from statehold.chart.moment import later
from statehold.chart.payload import (
    left_out,
    named_body,
    sent_event,
    shown_event,
    write_child_data,
)
from statehold.errors import TooLarge
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
    child_instance,
)
from statehold.interpreter.snapshot import InFlight
from statehold.records import EffectRecord, Message, Parent, Ref

_encode = msgspec.json.Encoder().encode


class StepCommands:
    """The commands of one step of one instance, sorted by where they go.

    ``before`` are the effects in flight before the step. Raises ``TooLarge`` for an event over
    ``event_bytes`` and ``InvalidPayload`` for one that would arrive as something else.
    """

    def __init__(
        self,
        ref: Ref,
        seq: int,
        commands: Sequence[Command],
        before: Sequence[InFlight],
        now: datetime,
        event_bytes: int,
        trace: str,
        parent: Parent | None,
        definition: Definition[Any],
    ) -> None:
        self.effects: list[EffectRecord] = []
        self.timers: dict[str, datetime | None] = {}
        self.emitted: list[Any] = []
        self.sent: list[dict[str, Any]] = []
        self.messages: list[Message] = []
        self.recalled: list[str] = []
        #: what was sent for later, by its id, and when it is due
        self.delayed: dict[str, datetime] = {}
        self._ref = ref
        self._seq = seq
        self._now = now
        self._event_bytes = event_bytes
        self._trace = trace
        self._parent = parent
        self._definition = definition
        names = {effect.key: effect.name for effect in before}
        for command in commands:
            if isinstance(command, StartEffect):
                names[command.key] = command.effect
                self.effects.append(EffectRecord(command.key, command.effect, "asked"))
            elif isinstance(command, StartChild):
                names[command.key] = command.machine
                self.effects.append(EffectRecord(command.key, command.machine, "asked"))
                self._start(command)
            elif isinstance(command, CancelEffect):
                name = names.get(command.key, command.invoke)
                self.effects.append(EffectRecord(command.key, name, "cancelled"))
            elif isinstance(command, SetTimer):
                self.timers[command.timer] = command.due
            elif isinstance(command, CancelTimer):
                self.timers[command.timer] = None
            elif isinstance(command, Emit):
                self.emitted.append(shown_event(command.event))
            elif isinstance(command, CancelSend):
                self.messages = list(without(self.messages, ref, [command.id]))
                self.recalled.append(command.id)
                self.delayed.pop(command.id, None)
            else:
                self._send(command)

    def _send(self, command: Send) -> None:
        ref, parent = self._ref, self._parent
        to = Ref(command.machine or ref.machine, command.instance or ref.id)
        kind, name = "event", f"{to.machine}/{to.id}"
        if command.parent and parent is not None:
            to = parent.ref
            name = f"{to.machine}/{to.id}"
        elif command.parent:
            kind, name = "stray", "its parent, and it has none"
        event = sent_event(command.event)
        told: dict[str, Any] = {"event": event, "cause": f"{ref.machine}/{ref.id}#{self._seq}"}
        if isinstance(command.event, NamedEvent):
            told |= named_body(command.event)
        elif left := left_out(command.event):
            told["left_out"] = left
        if parent is not None and to == parent.ref:
            told |= {"invoke": parent.invoke, "invoke_key": parent.key}
        body = _encode(traced(told, self._trace))
        if len(body) > self._event_bytes:
            raise TooLarge(f"an event sent to {name}", len(body), self._event_bytes)
        due = None if command.delay is None else later(self._now, command.delay)
        self.messages.append(Message(to, kind, body, due, ref, command.id))
        if due is not None and due > self._now:
            self.delayed[command.id] = due
        self.sent.append({"to": name, "event": event, "due": due})

    def _start(self, command: StartChild) -> None:
        child = child_of(self._ref, command)
        parent = Parent(self._ref, command.key, command.invoke)
        told: dict[str, Any] = {"parent": parent}
        data = write_child_data(self._definition, command.machine, command.input)
        if data is not None:
            told["data"] = Raw(data)
        body = _encode(traced(told, self._trace))
        self.messages.append(Message(child, "start", body, None, self._ref))
        self.sent.append({"to": f"{child.machine}/{child.id}", "start": True})


def without(
    messages: Iterable[Message], sender: Ref, recalled: Sequence[str]
) -> tuple[Message, ...]:
    """Those that the sender has not taken back by their ``send_id``."""
    return tuple(one for one in messages if one.sender != sender or one.send_id not in recalled)


def traced(body: dict[str, Any], trace: str) -> dict[str, Any]:
    """A message's body with where its sender stands in a trace; as it is where nobody traces."""
    return {**body, "trace": trace} if trace else body


def child_of(parent: Ref, command: StartChild) -> Ref:
    """The child instance that the command starts."""
    return Ref(command.machine, child_instance(parent.id, command.key))
