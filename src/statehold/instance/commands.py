"""Sorts the commands of a step into the records of the journal and the messages of the mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from statehold.chart.event import NamedEvent
from statehold.chart.moment import later
from statehold.chart.payload import (
    left_out,
    named_body,
    sent_event,
    shown_event,
    write_child_input,
)
from statehold.errors import TooLarge
from statehold.instance.attempts import child_of
from statehold.instance.state import InstanceState
from statehold.instance.turn import Turn
from statehold.interpreter.command import (
    CancelEffect,
    CancelSend,
    CancelTimer,
    Emit,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
)
from statehold.interpreter.snapshot import Step
from statehold.records import EffectRecord, Message, Parent, Ref

_encode = msgspec.json.Encoder().encode
#: why a machine that was put may not send there
_NOT_COVERED = "the right by which its machine was put does not cover the receiver's"


class StepCommands:
    """The commands of one step, sorted by where they go. ``before`` is the instance before it.

    Raises ``TooLarge`` for an event over the turn's limit, and ``InvalidPayload`` for one that
    would arrive as something else.
    """

    def __init__(self, before: InstanceState, step: Step[Any], turn: Turn, trace: str) -> None:
        #: for the journal
        self.effects: list[EffectRecord] = []
        self.timers: dict[str, datetime | None] = {}
        self.emitted: list[Any] = []
        self.sent: list[dict[str, Any]] = []
        #: for the mailbox
        self.messages: list[Message] = []
        #: ``send_id`` of messages that are taken back
        self.recalled: list[str] = []
        #: when each delayed message is due, by ``send_id``
        self.delayed: dict[str, datetime] = {}
        self._before = before
        self._seq = step.snapshot.seq
        self._turn = turn
        self._trace = trace
        in_flight = () if before.snapshot is None else before.snapshot.effects
        names = {effect.key: effect.name for effect in in_flight}
        for command in step.commands:
            if isinstance(command, StartEffect):
                names[command.key] = command.effect
                self.effects.append(EffectRecord(command.key, command.effect, "asked"))
                if command.event is not None and len(command.event) > turn.limits.event_bytes:
                    what = f"the event that asks for {command.effect}"
                    raise TooLarge(what, len(command.event), turn.limits.event_bytes)
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
                self.messages = list(without(self.messages, before.ref, [command.id]))
                self.recalled.append(command.id)
                self.delayed.pop(command.id, None)
            else:
                self._send(command)

    def _send(self, command: Send) -> None:
        ref, parent = self._before.ref, self._before.parent
        to = Ref(command.machine or ref.machine, command.instance or ref.id)
        if command.parent and parent is not None:
            to = parent.ref
        kind, name = "event", f"{to.machine}/{to.id}"
        event = sent_event(command.event)
        body: dict[str, Any] = {"event": event, "cause": f"{ref.machine}/{ref.id}#{self._seq}"}
        if command.parent and parent is None:
            kind, name = "stray", "its parent, and it has none"
        elif not self._may_reach(to.machine):
            # it is no message of the receiver's: the instance itself gets it back
            body |= {"to": to, "why": _NOT_COVERED}
            kind, to = "stray", ref
        if isinstance(command.event, NamedEvent):
            body |= named_body(command.event)
        elif left := left_out(command.event):
            body["left_out"] = left
        if parent is not None and to == parent.ref:
            body |= {"invoke": parent.invoke, "invoke_key": parent.key}
        raw, limit = _encode(traced(body, self._trace)), self._turn.limits.event_bytes
        if len(raw) > limit:
            raise TooLarge(f"an event sent to {name}", len(raw), limit)
        now = self._turn.now
        due = None if command.delay is None else later(now, command.delay)
        self.messages.append(Message(to, kind, raw, due, ref, command.id))
        if due is not None and due > now:
            self.delayed[command.id] = due
        self.sent.append({"to": name, "event": event, "due": due})

    def _start(self, command: StartChild) -> None:
        ref = self._before.ref
        child = child_of(ref, command)
        self.sent.append({"to": f"{child.machine}/{child.id}", "start": True})
        if not self._may_reach(child.machine):
            end = {"key": command.key, "invoke": command.invoke, "error": "Forbidden"}
            raw = _encode(traced({**end, "message": _NOT_COVERED}, self._trace))
            self.messages.append(Message(ref, "end", raw, None, child))
            return
        body: dict[str, Any] = {"parent": Parent(ref, command.key, command.invoke)}
        data = write_child_input(self._before.definition, command.machine, command.input)
        if data is not None:
            body["data"] = Raw(data)
        raw = _encode(traced(body, self._trace))
        self.messages.append(Message(child, "start", raw, None, ref))

    def _may_reach(self, machine: str) -> bool:
        definition = self._before.definition
        # plain names, no patterns: a document may name anything as a receiver
        return (
            definition.covers is None or machine == definition.name or machine in definition.covers
        )


def without(
    messages: Iterable[Message], sender: Ref, recalled: Sequence[str]
) -> tuple[Message, ...]:
    """The messages whose ``send_id`` this sender has not cancelled."""
    return tuple(one for one in messages if one.sender != sender or one.send_id not in recalled)


def traced(body: dict[str, Any], trace: str) -> dict[str, Any]:
    """The body of a message with the trace context of its sender, if there is one."""
    return {**body, "trace": trace} if trace else body
