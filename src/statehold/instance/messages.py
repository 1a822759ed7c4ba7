"""Bodies of the messages between instances: their shapes, and how they are decoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from statehold.chart.access import ServerAccess, machine
from statehold.chart.event import NamedEvent
from statehold.chart.machine import Definition
from statehold.chart.payload import load_event
from statehold.errors import InvalidPayload
from statehold.instance.attempts import Ending
from statehold.records import Caller, MaybeRaw, Message, Parent, Ref

T = TypeVar("T")
#: of a body that can't be read
_SHOWN_BYTES = 1_000


class TracedBody(Struct, frozen=True):
    """What every body may have: the trace context of its sender."""

    trace: str = ""


class EventBody(Struct, frozen=True):
    """``caller``, ``roles``, ``teams`` and ``proved`` are there where a request was held
    (:func:`caller_of`), ``given`` where it had a key.

    ``left_out`` are fields that the sender left out (:mod:`statehold.chart.left_out`).

    ``effect`` is the key of the effect that sent it while it ran, where that was held.

    ``to`` and ``why`` are there where it could not even be sent (a ``stray``).

    ``invoke`` and ``invoke_key`` say which invoke of the receiver runs the sender; ``sendid`` and
    ``origin`` are a named event's.
    """

    event: Any
    cause: str | None = None
    caller: str = ""
    roles: list[str] | None = None
    teams: list[str] = []
    proved: bool = False
    invoke: str = ""
    invoke_key: str = ""
    sendid: str = ""
    origin: str = ""
    given: str | None = None
    left_out: dict[str, Any] = {}
    effect: str = ""
    to: Ref | None = None
    why: str = "it has no parent: no instance invoked it"


class StartBody(Struct, frozen=True):
    parent: Parent
    data: MaybeRaw | UnsetType = UNSET


class EndBody(Struct, frozen=True):
    """A child's end; ``error`` where it was cancelled or could not be started."""

    key: str
    invoke: str
    output: MaybeRaw = None
    error: str | None = None
    message: str = ""


def _reads(shape: type[T]) -> Callable[[bytes], T]:
    """Reads bodies of this shape. Raises ``InvalidPayload`` for anything else, as in a damaged
    store: the message is refused like any other, and those behind it go on."""
    decode = msgspec.json.Decoder(shape).decode

    def read(body: bytes) -> T:
        try:
            return decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise InvalidPayload("the message", {"body": str(error)}) from error

    return read


as_traced = _reads(TracedBody)
as_event = _reads(EventBody)
as_start = _reads(StartBody)
as_end = _reads(EndBody)
as_ending = _reads(Ending)


def trace_of(message: Message) -> str:
    """The trace context of its sender; empty where it has none, or can't be read."""
    try:
        return as_traced(message.body).trace
    except InvalidPayload:
        return ""


def event_of(definition: Definition[Any], message: Message, limit: int) -> tuple[Any, Any]:
    """The event in a message as its receiver gets it, and its wire form.

    Raises ``InvalidPayload``, ``UnknownEvent``, or ``TooLarge`` over ``limit`` bytes.
    """
    body = as_event(message.body)
    event, plain = load_event(definition, body.event, limit, body.left_out)
    if isinstance(event, NamedEvent):
        # where it comes from is for the engine to say, not for the sender
        sender = message.sender
        origin = body.origin or ("" if sender is None else f"{sender.machine}/{sender.id}")
        event = NamedEvent(event.name, event.data, origin, body.invoke, body.sendid)
    return event, plain


def caller_of(message: Message, body: EventBody) -> Caller:
    """Whose message it is: of the machine that sent it, as the store has it, whatever the body
    says; or of the caller whose request was held."""
    if message.sender is not None:
        return machine_caller(message.sender.machine)
    roles = None if body.roles is None else frozenset(body.roles)
    return Caller(body.caller, roles, frozenset(body.teams), proved=body.proved)


def machine_caller(name: str, server: ServerAccess | None = None) -> Caller:
    """Instances of a machine, as the callers that their messages have. ``server``: who has what
    the receiver's machine leaves out; None: they do."""
    return Caller(roles=frozenset((machine(name),)), server=server)


def request_of(message: Message) -> EventBody:
    """The held request in a message; one without a caller if it can't be read."""
    try:
        return as_event(message.body)
    except InvalidPayload:
        return EventBody(None)


def plain_body(message: Message) -> dict[str, Any]:
    """The body as plain JSON values, or as a text if it is not JSON."""
    try:
        found = msgspec.json.decode(message.body)
    except (msgspec.MsgspecError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    return {"unreadable": message.body[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")}


def discards_refused(definition: Definition[Any]) -> bool:
    """Whether an event that no transition takes is dropped, as in SCXML, and not sent back."""
    return definition.chart.policy.messages == "session"
