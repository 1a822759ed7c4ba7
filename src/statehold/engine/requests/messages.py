"""Messages between instances, and those held for a paused one: each is applied exactly once.

The write that a message causes removes it from the mailbox. A refused message is removed by a write
of its sender, which receives :class:`.Undeliverable`; if it does not take that, it has an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from statehold.chart.access import CLOSED
from statehold.chart.event import (
    Cancellation,
    Failure,
    NamedEvent,
    Result,
    Undeliverable,
    result_event,
)
from statehold.chart.initial import initial_data
from statehold.chart.machine import Definition
from statehold.chart.payload import bound_input, read_output
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.effect_results import conclude, in_flight
from statehold.engine.requests.request import Request, ready, take_event
from statehold.errors import (
    InstanceExists,
    InstanceUnreadable,
    InvalidPayload,
    NotAllowed,
    Refused,
    StateholdError,
    StepFailed,
    TooLarge,
    Unavailable,
    UnknownInstance,
    UpgradeFailed,
)
from statehold.instance.attempts import Attempt
from statehold.instance.authorize import refuse_internal
from statehold.instance.commands import traced
from statehold.instance.disclosure import disclosed
from statehold.instance.draft import Draft, FailedAttempt
from statehold.instance.journal import Origin
from statehold.instance.messages import (
    EndBody,
    StartBody,
    as_end,
    as_ending,
    as_event,
    as_start,
    caller_of,
    discards_refused,
    event_of,
    machine_caller,
    plain_body,
    request_of,
    trace_of,
)
from statehold.instance.outcomes import LastFailure
from statehold.instance.tracebacks import step_trace
from statehold.interpreter.step import start, step
from statehold.records import ANYONE, OVER, EffectRecord, Message, Ref

_encode = msgspec.json.Encoder().encode
_NULL = Raw(b"null")


#: not the message's fault, and it was promised to be applied: it stays in the mailbox until the
#: store is back, the upgrade is mended, or a release runs that can read the instance
WAITS = (Unavailable, UpgradeFailed, InstanceUnreadable)


class Deliver(Request):
    """One message for the instance that it is addressed to. ``earlier`` is the one before it from
    the same sender: while that waits, this waits too."""

    label = "deliver"

    def __init__(self, message: Message, earlier: Deliver | None = None) -> None:
        super().__init__(message.to)
        self.message = message
        self.consumes = message.id
        self.earlier = earlier

    def trace(self) -> str:
        return trace_of(self.message)

    def apply(self, draft: Draft, context: EngineContext) -> None:
        message = self.message
        if self.earlier is not None and (why := self.earlier.waits) is not None:
            raise why
        if not draft.exists and message.kind != "start":
            # consumed here, it would have a row written of what is no instance
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        if draft.instance.status == "paused" and message.kind not in ("start", "cancel"):
            # it waits on, for the instance to be resumed
            held = msgspec.structs.replace(message, held=True, due_at=None, id=None)
            draft.hold(held, context.limits.held)
        else:
            deliver(draft, message, context)
        draft.consume(message)

    @property
    def waits(self) -> BaseException | None:
        """Why its message stays in the mailbox."""
        ended = self.future.done() and not self.future.cancelled()
        why = self.future.exception() if ended else None
        return why if isinstance(why, WAITS) else None


def deliver(draft: Draft, message: Message, context: EngineContext) -> None:
    """Applies the message; raises the refusal."""
    if message.kind == "event":
        _event(draft, message, context)
    elif message.kind == "start":
        _start(draft, message, context)
    elif message.kind == "end":
        _end(draft, message, context)
    elif message.kind == "outcome":
        conclude(draft, as_ending(message.body), Origin("result"), context)
    elif message.kind == "cancel":
        _cancel(draft, message, context)
    elif message.kind == "stray":
        bounce(draft, message, Refused(request_of(message).why), context)
    else:
        raise UnknownInstance(draft.ref.machine, f"{draft.ref.id} ({message.kind})")


def deliver_held(draft: Draft, messages: Sequence[Message], context: EngineContext) -> None:
    """Applies all messages that waited for the resumption, in their order.

    What is refused here is noted, or left to the message dispatcher where its sender is to be
    notified.
    """
    for message in messages:
        try:
            deliver(draft, message, context)
        except Refused as error:
            unready = isinstance(error, UpgradeFailed)
            if unready or message.sender not in (None, draft.ref):
                if message.id is None:
                    draft.post(msgspec.structs.replace(message, held=False))
                continue
            bounce(draft, message, error, context)
        draft.consume(message)


def _event(draft: Draft, message: Message, context: EngineContext) -> None:
    ready(draft, context)
    body = as_event(message.body)
    event, plain = event_of(draft.definition, message, context.limits.event_bytes)
    is_invoked = isinstance(event, NamedEvent) and body.invoke_key
    if body.effect and in_flight(draft, body.effect) is None:
        why = "the effect that sent it is over"
        draft.note(Origin("refused", event=body.event, reason=why, cause=body.cause))
        return
    if is_invoked and in_flight(draft, body.invoke_key) is None:
        # events of a cancelled child are dropped (SCXML 6.4.3)
        why = "the invoke that it comes from is over"
        draft.note(Origin("refused", event=body.event, reason=why, cause=body.cause))
        return
    # the journal keeps the key of a held request: without it, repeating it would be a second step
    caller = caller_of(message, body)
    # one that was held may have become internal since
    refuse_internal(caller, draft.definition, event.__event__)
    origin = Origin("event", plain, caller, body.cause, key=message.key, given=body.given)
    try:
        take_event(draft, event, origin, context)
    except NotAllowed as error:
        discards = discards_refused(draft.definition)
        if not discards or message.sender is None or draft.instance.status != "running":
            raise
        why = str(error)[: context.limits.error_chars]
        draft.note(Origin("refused", event=body.event, reason=why, cause=body.cause))


def _start(draft: Draft, message: Message, context: EngineContext) -> None:
    body = as_start(message.body)
    if draft.exists:
        # one that is over is the child of a purged parent of the same name: it has reported its end
        if draft.instance.parent != body.parent or draft.instance.status in OVER:
            raise InstanceExists(draft.ref.machine, draft.ref.id)
        return
    definition = draft.definition
    shape, what = definition.input, f"the child's {definition.input_words.removeprefix('the ')}"
    if isinstance(body.data, Raw) and body.data != _NULL:
        given = bytes(body.data)
        bound_input(definition, given, context.limits.data_bytes, what)
        input = shape.load(given, what)
    else:
        input = initial_data(shape, UNSET if body.data is UNSET else None, what)
    taken = start(definition, input, draft.now, instance=draft.ref.id)
    cause = f"{body.parent.ref.machine}/{body.parent.ref.id}"
    draft.begin(taken, Origin("start", cause=cause), body.parent)


def _end(draft: Draft, message: Message, context: EngineContext) -> None:
    """A child instance ended: its outcome is the invoke's (SCXML 6.4.2)."""
    body = as_end(message.body)
    ready(draft, context)
    effect = in_flight(draft, body.key)
    if draft.instance.snapshot is None:
        return
    sender = message.sender
    cause = None if sender is None else f"{sender.machine}/{sender.id}"
    raw = b"null" if body.output is None else bytes(body.output)
    if effect is None:
        value = msgspec.json.decode(raw)
        if discards_refused(draft.definition) and body.error is None:
            _ended_before(draft, body, value, cause)
        return
    event: Result[Any] | Failure = (
        Result(effect.invoke, effect.key, read_output(draft.definition, effect.name, raw))
        if body.error is None
        else Failure(effect.invoke, effect.key, body.error, body.message)
    )
    what = "done" if body.error is None else "failed"
    record = EffectRecord(effect.key, effect.name, what, 1, body.message or None)
    taken = step(draft.definition, draft.instance.snapshot, event, draft.now)
    if taken.accepted:
        plain = {
            "type": type(event).__name__,
            "machine": effect.name,
            "key": effect.key,
            "value": Raw(raw),
            "error": body.error,
        }
        kind = "result" if body.error is None else "failure"
        draft.advance(taken, Origin(kind, plain, cause=cause, effects=(record,)))
    else:
        failed = None if body.error is None else LastFailure(1, body.message)
        draft.leave_untaken(effect, failed, taken.snapshot)
        draft.note(Origin(what, effects=(record,), cause=cause))


def _ended_before(draft: Draft, body: EndBody, value: Any, cause: str | None) -> None:
    """A child ended before it was cancelled.

    In SCXML its ``done.invoke`` is in the queue already, and is an event like any other.
    """
    assert draft.instance.snapshot is not None
    name = result_event(body.invoke)
    event = NamedEvent(name, value, cause or "", body.invoke)
    taken = step(draft.definition, draft.instance.snapshot, event, draft.now)
    if taken.accepted:
        plain = {"type": name, "data": value}
        draft.advance(taken, Origin("event", plain, cause=cause))


def _cancel(draft: Draft, message: Message, context: EngineContext) -> None:
    """A child whose parent left its state. Where its clean-up fails no caller gets the refusal: an
    incident of the child waits for a person, who can have it tried again."""
    if not draft.exists or draft.instance.status in OVER:
        return
    ready(draft, context)
    why = "its parent left the state that invoked it"
    origin = Origin("cancel", reason=why)
    try:
        draft.cancel(Cancellation(why, by_parent=True), origin)
    except (StepFailed, InvalidPayload, TooLarge) as error:
        trace = step_trace(error)
        incident = _incident_of(message, draft.now, str(error), "cancel", context, trace)
        draft.set_attempt(f"message:{message.id}", incident)
        draft.failed_attempts += (FailedAttempt("cancel", incident, trace),)
        draft.note(Origin("incident", reason=incident.error))


def _incident_of(
    message: Message, now: datetime, why: str, title: str, context: EngineContext, trace: str = ""
) -> Attempt:
    """A message that waits for a person; :func:`again` reads it back."""
    kept = {"to": message.to, "kind": message.kind, "body": plain_body(message)}
    return Attempt(0, kind="message").raise_incident(
        now,
        1,
        why[: context.limits.error_chars],
        title,
        outcome=Raw(_encode(kept)),
        traceback=trace,
    )


def refusal_for_sender(
    error: StateholdError, message: Message, context: EngineContext
) -> StateholdError:
    """The refusal as the message's sender gets it. It names guards of the receiver and values of
    its data: to another machine it says what the receiver's ``access`` lets a caller without roles
    know. What that leaves out is known to a machine of this program, and not to one that a caller
    has put."""
    sender, receiver = message.sender, context.definitions.get(message.to.machine)
    if sender is None or sender.machine == message.to.machine or receiver is None:
        return error
    machine = context.definitions.get(sender.machine)
    is_own = machine is not None and machine.covers is None
    caller = machine_caller(sender.machine, None if is_own else CLOSED)
    is_of_sender = isinstance(error, (InvalidPayload, TooLarge)) and _is_unfit(
        message, receiver, context
    )
    return disclosed(error, caller, receiver, is_own=is_of_sender)


def _is_unfit(message: Message, receiver: Definition[Any], context: EngineContext) -> bool:
    """Whether what was sent is at fault, and not what the receiver made of it."""
    if message.kind == "start":
        return True
    try:
        event_of(receiver, message, context.limits.event_bytes)
    except StateholdError:
        return message.kind == "event"
    return False


class Bounce(Request):
    """Returns a refused message to its sender; one without a sender is noted in the journal."""

    label = "bounce"

    def __init__(self, message: Message, error: StateholdError) -> None:
        super().__init__(message.sender or message.to, caller=ANYONE)
        self.message = message
        self.consumes = message.id
        self.error = error

    def trace(self) -> str:
        return trace_of(self.message)

    def apply(self, draft: Draft, context: EngineContext) -> None:
        if not draft.exists:
            raise UnknownInstance(draft.ref.machine, draft.ref.id)
        bounce(draft, self.message, self.error, context)
        draft.consume(self.message)


def bounce(draft: Draft, message: Message, error: StateholdError, context: EngineContext) -> None:
    """Reports the refusal to the sender, or in the receiver's journal if no instance sent it."""
    why = str(error)[: context.limits.error_chars]
    if message.kind == "start" and (start := _read_start(message)) is not None:
        _child_failed(draft, message, start, type(error).__name__, why)
    elif message.kind in ("start", "event", "end", "outcome", "stray"):
        _refused(draft, message, why, context)


def _read_start(message: Message) -> StartBody | None:
    try:
        return as_start(message.body)
    except InvalidPayload:
        return None


def _child_failed(draft: Draft, message: Message, start: StartBody, error: str, why: str) -> None:
    """A child that could not be started has failed: its parent gets that as its end."""
    parent = start.parent
    end = {"key": parent.key, "invoke": parent.invoke, "error": error, "message": why}
    body = _encode(traced(end, draft.trace))
    draft.post(Message(draft.ref, "end", body, None, message.to))


def _refused(draft: Draft, message: Message, why: str, context: EngineContext) -> None:
    now = draft.now
    receiver = request_of(message).to or message.to
    to = f"{receiver.machine}/{receiver.id}"
    plain = plain_body(message)
    sent = plain.get("event")
    name = str(sent.get("type", "") if isinstance(sent, dict) else "") or message.kind
    send = message.send_id or ""
    event = Undeliverable(receiver.machine, receiver.id, name, why, send)
    if (
        draft.instance.snapshot is not None
        and draft.instance.status == "running"
        and message.sender
    ):
        try:
            taken = step(draft.definition, draft.instance.snapshot, event, now)
            if taken.accepted:
                event_json = {"type": "Undeliverable", "to": to, "event": name, "reason": why}
                draft.advance(taken, Origin("event", event_json, cause=to))
                return
        except Refused as refused:
            why = f"{why}; it could not be handled: {refused}"
    is_own = message.sender in (None, message.to) and receiver == message.to
    if is_own and message.kind in ("event", "stray"):
        held = request_of(message)
        draft.note(
            Origin(
                "refused",
                caller=caller_of(message, held),
                event=sent,
                reason=why,
                key=message.key,
                given=held.given,
            )
        )
        return
    title = f"{name} to {to}"
    incident = _incident_of(message, now, why, title, context)
    draft.set_attempt(f"message:{message.id}", incident)
    draft.failed_attempts += (FailedAttempt(title, incident),)
    draft.note(Origin("incident", event=sent, reason=why, cause=to))


def again(known: Attempt, sender: Ref) -> Message:
    """The message of an incident, to be sent again."""
    assert known.outcome is not None
    kept = msgspec.json.decode(known.outcome)
    to = Ref(kept["to"]["machine"], kept["to"]["id"])
    return Message(to, kept["kind"], _encode(kept["body"]), None, sender)
