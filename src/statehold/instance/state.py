"""One instance as one frozen value: all that its next change depends on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from statehold.chart.event import Cancellation
from statehold.chart.machine import Definition
from statehold.instance.attempts import Attempt, earliest_due
from statehold.interpreter.snapshot import (
    Deadline,
    InFlight,
    Snapshot,
    Timer,
    cancellation_in,
)
from statehold.records import Parent, Ref, Status


class Unloaded(Struct, frozen=True, gc=False):
    """What is in progress in an instance that has no snapshot: the stored form of it.

    The data of an effect is :class:`msgspec.Raw` here. ``entered`` is as stored
    (:class:`.stored.Document`).
    """

    history: dict[str, tuple[str, ...]]
    timers: tuple[Timer, ...]
    effects: tuple[InFlight, ...]
    deadlines: tuple[Deadline, ...]
    entered: dict[str, datetime | None] | None


class InstanceState(Struct, frozen=True, gc=False):
    """One instance, decoded by ``definition``. Each change gives a new value.

    Exactly one of ``snapshot`` and ``unloaded`` is there once it has started. It is ``unloaded``
    where ``version`` is not the definition's, and where it is over and its data no longer fits the
    type.
    """

    ref: Ref
    definition: Definition[Any]
    version: int
    #: steps, the start included
    seq: int
    #: journal notes under ``seq``
    part: int
    status: Status
    #: ids of the active leaves, in document order
    state: tuple[str, ...]
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    indexes: Mapping[str, str]
    created_at: datetime
    #: when ``state`` was entered
    since: datetime
    changed_at: datetime
    snapshot: Snapshot[Any] | None
    unloaded: Unloaded | None
    #: as JSON
    data: bytes
    #: as JSON; None: there is none
    output: bytes | None
    attempts: Mapping[str, Attempt]
    parent: Parent | None
    #: messages in the mailbox that wait for its resumption
    held: int
    #: when each message is due that it sent for later and that ends with it, by ``send_id``
    delayed: Mapping[str, datetime]
    #: when each active state was entered; None: not known
    entered: Mapping[str, datetime | None]

    @property
    def in_progress(self) -> Snapshot[Any] | Unloaded | None:
        """What holds its timers, effects and deadlines."""
        return self.snapshot or self.unloaded

    @property
    def cancellation(self) -> Cancellation | None:
        """As it was cancelled: it cleans up, or is over. None: it was not, or without its chart."""
        holder = self.snapshot or self.unloaded
        return None if holder is None else cancellation_in(holder.history)

    @property
    def due_at(self) -> datetime | None:
        """When the earliest timer or next attempt is due; None: nothing is, or it is paused."""
        holder = self.snapshot or self.unloaded
        timers = () if holder is None else holder.timers
        if not timers and not self.attempts:
            return None
        return earliest_due(self.status, timers, self.attempts)

    def __repr__(self) -> str:
        # its definition has the whole chart
        place = f"{self.ref.machine}/{self.ref.id} seq={self.seq}"
        return f"InstanceState({place} {self.status} in {self.state})"


def not_started(ref: Ref, definition: Definition[Any], now: datetime) -> InstanceState:
    """What an instance is before its first step, which happens ``now``."""
    return InstanceState(
        ref, definition, definition.version, 0, 0, "running", (), (), (), {}, now, now, now,
        None, None, b"", None, {}, None, 0, {}, {},
    )  # fmt: skip
