"""Commands: effects, timers and messages that a step requests and does not execute."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from msgspec import Raw, Struct

#: characters of an instance's id
ID_LIMIT = 200
#: characters of the id that a message is sent and cancelled by
SEND_ID_LIMIT = 1_000


class StartEffect(Struct, frozen=True):
    """An effect is to be run. ``state`` is the state that it ends with, None if an action asked.

    ``event`` is the event that asked for it as JSON, where the effect takes it.
    """

    key: str
    invoke: str
    effect: str
    state: str | None
    event: Raw | None = None


class StartChild(Struct, frozen=True):
    """A child instance is to be started, under the id that :func:`child_instance` gives.

    ``input`` is its data, or ``msgspec.UNSET`` for the defaults of its type.
    """

    key: str
    invoke: str
    machine: str
    state: str
    input: Any


def child_instance(parent: str, key: str) -> str:
    """The id of the child that an instance starts under this key, which is used once.

    An id that would be longer than ``ID_LIMIT`` ends with a digest instead.
    """
    id = f"{parent}:{key}"
    if len(id) <= ID_LIMIT:
        return id
    digest = hashlib.sha256(id.encode()).hexdigest()[:32]
    return f"{parent[: ID_LIMIT - len(digest) - 1]}:{digest}"


class CancelEffect(Struct, frozen=True):
    """The state of an effect or of a child instance was left: it is to end, without an outcome."""

    key: str
    invoke: str


class SetTimer(Struct, frozen=True):
    """A timer is to fire at ``due`` (aware). ``timer`` is the id of its ``after`` transition."""

    timer: str
    due: datetime


class CancelTimer(Struct, frozen=True):
    """The state of a timer was left before the timer was due."""

    timer: str


class Send(Struct, frozen=True):
    """An event is to be sent, after ``delay`` if one is given.

    ``machine`` and ``instance`` are None for the sender itself; ``parent``: it goes to the instance
    whose invoke started the sender. :class:`CancelSend` takes it back by its ``id``.
    """

    machine: str | None
    instance: str | None
    event: Any
    delay: timedelta | None
    id: str
    parent: bool = False


class CancelSend(Struct, frozen=True):
    """A delayed :class:`Send` of this ``id`` is cancelled, unless it was sent already."""

    id: str


class Emit(Struct, frozen=True):
    """An event is published to the instance's watchers; no instance receives it."""

    event: Any


Command = (
    StartEffect | StartChild | CancelEffect | SetTimer | CancelTimer | Send | CancelSend | Emit
)
