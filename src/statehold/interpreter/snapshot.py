"""The values that the interpreter takes and gives. They know nothing of how they are used.

Made by the million and never part of a cycle, they are kept out of the garbage collector's sight
(``gc=False``), as are the rows and entries of :mod:`statehold.store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from statehold.interpreter.command import Command
from statehold.interpreter.configuration import Configuration
from statehold.interpreter.trace import Microstep

D = TypeVar("D")


class Timer(Struct, frozen=True, gc=False):
    """A running ``after``; ``id`` is its transition's. ``due`` is absolute and aware."""

    id: str
    state: str
    due: datetime


class InFlight(Struct, frozen=True, gc=False):
    """An effect or a child instance that was asked for and has not come back.

    ``key`` is unique within the instance and never used again: ``seq.n``. ``state`` is None for
    an effect that does not end with a state. ``data`` is the data as it was when it was asked
    for, or None while the instance's data has not changed since.
    """

    key: str
    invoke: str
    name: str
    kind: str
    state: str | None
    asked_at: datetime
    data: Any = None


class Deadline(Struct, frozen=True, gc=False):
    """When a state that declares a deadline is to be left."""

    state: str
    due: datetime


class Snapshot(Struct, Generic[D], frozen=True, gc=False):
    """Everything that is needed to go on.

    ``configuration`` holds the active states and, for each event, what was found out about it:
    it belongs to one version of one machine. ``seq`` counts the steps, the start is 1.
    ``data`` must not be changed by whoever holds a snapshot.
    """

    configuration: Configuration
    data: D
    seq: int
    instance: str
    history: Mapping[str, tuple[str, ...]]
    timers: tuple[Timer, ...]
    effects: tuple[InFlight, ...]
    deadlines: tuple[Deadline, ...]
    done: bool
    output: Any

    @property
    def state(self) -> tuple[str, ...]:
        """Ids of the active atomic and final states, in document order."""
        return self.configuration.leaves


class Step(Struct, Generic[D], frozen=True, gc=False):
    """What a macrostep gives: the next snapshot, what it asks of the outside, and how it went.

    ``accepted`` is False where no transition was enabled for the event; the snapshot is then the
    one before, save for a timer or an effect that is over with it.
    """

    snapshot: Snapshot[D]
    commands: tuple[Command, ...]
    trace: tuple[Microstep, ...]
    accepted: bool
