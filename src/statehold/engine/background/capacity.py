"""How many attempts this worker takes: those that run, and those that wait here for a slot.

Coroutine functions and plain functions have slots of their own. An attempt that finds too many
waiting is recorded under the marker of its lane instead of a worker, and any worker with a free
slot takes it. A marker is never alive, so ``orphans`` finds these instances as it finds those of
dead workers.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from statehold.chart.machine import Definition
from statehold.engine.limits import Limits
from statehold.instance.attempts import WAITING
from statehold.records import Ref

#: an effect of an instance, by its key
EffectRef: TypeAlias = tuple[Ref, str]


class Lane:
    """The slots of one kind of function."""

    def __init__(self, kind: str, marker: str, slots: int, waiting: int) -> None:
        self.kind = kind
        self.marker = marker
        self.slots = slots
        self._most = slots + waiting
        #: attempts that have a slot
        self.running = 0
        #: calls whose attempt is over and that have not ended
        self.hung = 0
        #: attempts that wait for a slot, longest first
        self.queue: dict[EffectRef, Any] = {}
        #: taken by the drafts of the present turn, and not committed yet
        self.promised = 0
        #: whether more may wait in the store
        self.more = True

    @property
    def free(self) -> int:
        return max(0, self.slots - self.running - len(self.queue))

    @property
    def takes_on(self) -> bool:
        return self.running + len(self.queue) + self.promised < self._most


class Capacity:
    def __init__(self, limits: Limits) -> None:
        waiting = limits.effects_waiting
        self.tasks = Lane("coroutine function", WAITING[0], limits.effects, waiting)
        self.threads = Lane("plain function", WAITING[1], limits.threads, waiting)
        self.lanes = (self.tasks, self.threads)
        #: those that wait here, run or hand in their outcome
        self.attempts: dict[EffectRef, Any] = {}

    def performs(self, ref: Ref, key: str) -> bool:
        """Whether this worker has an attempt of this effect."""
        return (ref, key) in self.attempts

    def lane(self, definition: Definition[Any], effect: str) -> Lane:
        known = definition.effects.get(effect)
        return self.tasks if known is None or known.is_async else self.threads

    def begin_turn(self) -> None:
        """What the drafts of the turn before have taken runs or waits here by now."""
        for lane in self.lanes:
            lane.promised = 0

    def holder(self, definition: Definition[Any], effect: str, worker: str) -> str:
        """Who performs the next attempt of this effect: ``worker``, or a marker."""
        lane = self.lane(definition, effect)
        if not lane.takes_on:
            return lane.marker
        lane.promised += 1
        return worker
