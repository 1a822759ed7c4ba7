"""Messages between instances, and what was held for a paused one: applied exactly once.

A message is taken out of the mailbox by the write that it causes. One that is not accepted is
taken out by a write to its sender, which hears of it as :class:`.Undeliverable`, or gets an
incident where it does not listen.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from statehold.chart.event import Failure, Result, Undeliverable
from statehold.engine.act import Act, ready, take_event
from statehold.engine.document import MaybeRaw, Parent, Try
from statehold.engine.draft import ANYONE, Draft, Origin
from statehold.engine.events import parse_event
from statehold.engine.outcomes import Ending, conclude, in_flight
from statehold.engine.runtime import Runtime
from statehold.errors import InstanceOver, Refused, StateholdError, UnknownInstance
from statehold.interpreter.step import start, step
from statehold.store import Message, Ref
from statehold.wire import Caller, EffectRecord

_encode = msgspec.json.Encoder().encode


class EventBody(Struct, frozen=True):
    """``caller`` and ``roles`` are there where a request was held."""

    event: Any
    cause: str | None = None
    caller: str = ""
    roles: list[str] | None = None


class StartBody(Struct, frozen=True):
    data: Any
    parent: Parent


class EndBody(Struct, frozen=True):
    """A child's end; ``error`` where it was cancelled or could not be started."""

    key: str
    invoke: str
    output: MaybeRaw = None
    error: str | None = None
    message: str = ""


_event = msgspec.json.Decoder(EventBody).decode
_start = msgspec.json.Decoder(StartBody).decode
_end = msgspec.json.Decoder(EndBody).decode
_ending = msgspec.json.Decoder(Ending).decode


class Deliver(Act):
    """One message for the instance that it is addressed to."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.to)
        self.message = message

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        message = self.message
        if draft.exists and draft.status == "paused" and message.kind not in ("start", "cancel"):
            self._hold(draft)
        elif message.kind == "event":
            self._event(draft, runtime)
        elif message.kind == "start":
            self._start(draft, runtime)
        elif message.kind == "end":
            self._end(draft, runtime)
        elif message.kind == "outcome":
            conclude(draft, _ending(message.body), Origin("result"), runtime)
        elif message.kind == "cancel":
            self._cancel(draft, runtime)
        else:
            raise UnknownInstance(draft.ref.machine, f"{draft.ref.id} ({message.kind})")
        draft.consume(message.number)

    def _hold(self, draft: Draft) -> None:
        """It waits on, now for the instance's resumption."""
        message = self.message
        draft.hold(msgspec.structs.replace(message, held=True, due_at=None, number=0))

    def _event(self, draft: Draft, runtime: Runtime) -> None:
        ready(draft, runtime)
        body = _event(self.message.body)
        event, plain = parse_event(draft.definition, body.event, runtime.limits.event_bytes)
        roles = None if body.roles is None else frozenset(body.roles)
        caller = Caller(body.caller, roles)
        # a held request's key goes into the journal with it: else repeating it is a second step
        origin = Origin("event", plain, caller, body.cause, key=self.message.key)
        take_event(draft, event, origin, runtime)

    def _start(self, draft: Draft, runtime: Runtime) -> None:
        body = _start(self.message.body)
        if draft.exists:
            if draft.parent != body.parent:
                raise InstanceOver(draft.ref.machine, draft.ref.id, "taken by another")
            return
        shape = draft.definition.data
        data = shape.check({} if body.data is None else body.data, "the child's data")
        now = draft.now
        taken = start(draft.definition, data, now, instance=draft.ref.id)
        cause = f"{body.parent.ref.machine}/{body.parent.ref.id}"
        draft.begin(taken, Origin("start", cause=cause), now, body.parent)

    def _end(self, draft: Draft, runtime: Runtime) -> None:
        """A child instance ended: its outcome is the invoke's (SCXML 6.4.2)."""
        body = _end(self.message.body)
        ready(draft, runtime)
        effect = in_flight(draft, body.key)
        if effect is None or draft.snapshot is None:
            return
        now = draft.now
        cause = None
        if self.message.sender is not None:
            cause = f"{self.message.sender.machine}/{self.message.sender.id}"
        value = None if body.output is None else msgspec.json.decode(body.output)
        event: Result[Any] | Failure = (
            Result(effect.invoke, effect.key, value)
            if body.error is None
            else Failure(effect.invoke, effect.key, body.error, body.message)
        )
        what = "done" if body.error is None else "failed"
        record = EffectRecord(effect.key, effect.name, what, 1, body.message or None)
        taken = step(draft.definition, draft.snapshot, event, now)
        if taken.accepted:
            plain = {"type": type(event).__name__, "machine": effect.name, "key": effect.key,
                     "value": value, "error": body.error}  # fmt: skip
            kind = "result" if body.error is None else "failure"
            draft.advance(taken, Origin(kind, plain, cause=cause, effects=(record,)), now)
        else:
            draft.settle_silently(taken.snapshot, effect.key)
            draft.note(what, now, effects=(record,), cause=cause)

    def _cancel(self, draft: Draft, runtime: Runtime) -> None:
        if draft.exists and draft.status in ("running", "paused"):
            origin = Origin("cancel", reason="its parent left the state that invoked it")
            draft.orphan()
            draft.mark("cancelled", origin, draft.now)


class Bounce(Act):
    """A message that was refused goes back to its sender, or is noted where it was refused."""

    def __init__(self, message: Message, error: StateholdError) -> None:
        super().__init__(message.sender or message.to, caller=ANYONE)
        self.message = message
        self.error = error

    def apply(self, draft: Draft, runtime: Runtime) -> None:
        message = self.message
        if not draft.exists:
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        why = str(self.error)[: runtime.limits.error_chars]
        if message.kind == "start":
            self._child_failed(draft, why)
        elif message.kind in ("event", "end", "outcome"):
            self._refused(draft, why, runtime)
        draft.consume(message.number)

    def _child_failed(self, draft: Draft, why: str) -> None:
        """A child that could not be started has failed; the parent hears it as its end."""
        parent = _start(self.message.body).parent
        body = _encode({"key": parent.key, "invoke": parent.invoke,
                        "error": type(self.error).__name__, "message": why})  # fmt: skip
        draft.hold(Message(draft.ref, "end", body, None, self.message.to))

    def _refused(self, draft: Draft, why: str, runtime: Runtime) -> None:
        message = self.message
        now = draft.now
        to = f"{message.to.machine}/{message.to.id}"
        plain = msgspec.json.decode(message.body)
        sent_here = message.sender is None or message.sender == message.to
        name = str((plain.get("event") or {}).get("type", message.kind))
        event = Undeliverable(message.to.machine, message.to.id, name, why)
        if draft.snapshot is not None and draft.status == "running" and message.sender:
            try:
                taken = step(draft.definition, draft.snapshot, event, now)
                if taken.accepted:
                    told = {"type": "Undeliverable", "to": to, "event": name, "reason": why}
                    draft.advance(taken, Origin("event", told, cause=to), now)
                    return
            except Refused as refused:
                why = f"{why}; it could not be handled: {refused}"
        if sent_here and message.kind == "event":
            draft.note("refused", now, event=plain.get("event"), reason=why, key=message.key)
            return
        key = f"message:{message.number}"
        body = Raw(_encode({"to": message.to, "kind": message.kind, "body": plain}))
        draft.set_try(
            key,
            Try(
                1, error=why, incident_at=now, outcome=body, kind="message", name=f"{name} to {to}"
            ),
        )
        draft.note("incident", now, event=plain.get("event"), reason=why, cause=to)


def again(known: Try, sender: Ref) -> Message:
    """The message of an incident, to be sent once more."""
    assert known.outcome is not None
    kept = msgspec.json.decode(known.outcome)
    to = Ref(kept["to"]["machine"], kept["to"]["id"])
    return Message(to, kept["kind"], _encode(kept["body"]), None, sender)
