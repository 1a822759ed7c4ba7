"""The values that the interpreter takes and gives.

There may be millions of them, and they are never part of a reference cycle, so the garbage
collector does not track them (``gc=False``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Raw, Struct

from statehold.chart.event import Cancellation
from statehold.interpreter.command import Command
from statehold.interpreter.configuration import Configuration
from statehold.interpreter.trace import Microstep

D = TypeVar("D")

#: in a history, beside what states remember: that the instance was cancelled, with the reason, and
#: ``BY_PARENT`` if it was by that. No state can be called so.
CANCELLED = "(cancelled)"
BY_PARENT = "by its parent"

History = Mapping[str, tuple[str, ...]]


def cancellation_in(history: History) -> Cancellation | None:
    """The cancellation that the instance has taken; None: it was not cancelled."""
    found = history.get(CANCELLED)
    return None if found is None else Cancellation(found[0], BY_PARENT in found[1:])


def with_cancellation(history: History, cancellation: Cancellation) -> History:
    by = (BY_PARENT,) if cancellation.by_parent else ()
    return {**history, CANCELLED: (cancellation.reason, *by)}


class Timer(Struct, frozen=True, gc=False):
    """A running ``after``. ``id`` is its transition's, ``due`` is absolute and aware."""

    id: str
    state: str
    due: datetime


class InFlight(Struct, frozen=True, gc=False):
    """An effect or a child instance that a step asked for and whose outcome has not arrived.

    ``key`` is ``seq.n``, unique within the instance. ``kind`` is ``effect`` or ``machine``.
    ``state`` is the state that it ends with; None for an effect that an action asked for. ``data``
    is the data when it was asked for, or None while the instance's data has not changed since.
    ``event`` is the event that asked for it as JSON, where the effect takes it
    (:mod:`statehold.chart.asking`).
    """

    key: str
    invoke: str
    name: str
    kind: str
    state: str | None
    asked_at: datetime
    data: Any = None
    event: Raw | None = None


class Deadline(Struct, frozen=True, gc=False):
    """When a state with a ``deadline`` should be left; ``due`` is absolute and aware."""

    state: str
    due: datetime


class Snapshot(Struct, Generic[D], frozen=True, gc=False):
    """An instance at rest: everything that its next step depends on.

    ``configuration`` has the active states and, for each event, what it does there: it belongs to
    one version of one machine. ``data`` must not be changed: an action gets a copy. ``seq`` counts
    the steps; the start is 1. ``history`` maps ids of history states to the states they remember.
    ``done`` says whether it is over: a final state at the top was reached, or it was cancelled.
    ``output`` is what the final state's function gave.
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
    def cancellation(self) -> Cancellation | None:
        """As it was cancelled: it cleans up, or is over. None: it was not."""
        return cancellation_in(self.history)

    @property
    def state(self) -> tuple[str, ...]:
        """Ids of the active atomic and final states, in document order."""
        return self.configuration.leaves


class Step(Struct, Generic[D], frozen=True, gc=False):
    """The result of one step (SCXML: a macrostep).

    ``snapshot`` is the next one, ``commands`` what the step asks of the outside, in order, and
    ``trace`` one entry for each round of selection. ``accepted`` is False where no transition was
    enabled for the event; the snapshot is then the one before, without the timer or the effect that
    ended with the event.
    """

    snapshot: Snapshot[D]
    commands: tuple[Command, ...]
    trace: tuple[Microstep, ...]
    accepted: bool
