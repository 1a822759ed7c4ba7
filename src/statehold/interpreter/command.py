"""What a step asks of the outside. A step returns these and does nothing itself."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

#: characters of an instance's id
ID_LIMIT = 200
#: characters of the id that a message is sent and cancelled by
SEND_ID_LIMIT = 1_000


class StartEffect(Struct, frozen=True):
    """``state`` is the state that it lives with, or None for one that outlives every state."""

    key: str
    invoke: str
    effect: str
    state: str | None


class StartChild(Struct, frozen=True):
    """``input`` is the child's data, or ``msgspec.UNSET`` for the child's own default.

    The child's id is what :func:`child_instance` gives.
    """

    key: str
    invoke: str
    machine: str
    state: str
    input: Any


def child_instance(parent: str, key: str) -> str:
    """The id of the child that an instance starts under this key; it is never used again.

    One that would be longer than an id may be has a digest in its place, so that every child
    can be addressed.
    """
    id = f"{parent}:{key}"
    if len(id) <= ID_LIMIT:
        return id
    digest = hashlib.sha256(id.encode()).hexdigest()[:32]
    return f"{parent[: ID_LIMIT - len(digest) - 1]}:{digest}"


class CancelEffect(Struct, frozen=True):
    """Its state was left: an effect or a child instance is to end, its outcome is moot."""

    key: str
    invoke: str


class SetTimer(Struct, frozen=True):
    """A state with an ``after`` was entered; ``timer`` is its transition's id, ``due`` is aware."""

    timer: str
    due: datetime


class CancelTimer(Struct, frozen=True):
    """Its state was left before it was due."""

    timer: str


class Send(Struct, frozen=True):
    """``machine`` and ``instance`` are None for the sender itself. ``id`` serves to cancel it.

    ``parent``: it goes to the instance whose invoke started the sender, whoever that is.
    """

    machine: str | None
    instance: str | None
    event: Any
    delay: timedelta | None
    id: str
    parent: bool = False


class CancelSend(Struct, frozen=True):
    """A delayed :class:`Send` of this ``id`` is taken back; one that has gone is not."""

    id: str


class Emit(Struct, frozen=True):
    """For whoever watches the instance; no instance receives it."""

    event: Any


Command = (
    StartEffect | StartChild | CancelEffect | SetTimer | CancelTimer | Send | CancelSend | Emit
)
