"""How many attempts this worker takes: those that run, and those that wait here for a slot.

Coroutine functions and plain functions have slots of their own. An attempt that finds too many
waiting is recorded under the marker of its lane instead of a worker, and any worker with a free
slot takes it. A marker is never alive, so ``orphans`` finds these instances as it finds those of
dead workers.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeAlias

from statehold.chart.machine import Definition
from statehold.engine.limits import Limits
from statehold.instance.attempts import WAITING
from statehold.records import Ref

#: an effect of an instance, by its key
EffectRef: TypeAlias = tuple[Ref, str]
#: an effect of a machine, by their names
Kind: TypeAlias = tuple[str, str]

#: places that one effect has for each that is free: of 1,000 slots it gets 750, the next one 187,
#: and so on, and some are always left
SHARE = 3
#: fewer places than these are not divided: most would stay empty
FAIR_FROM = 8


class Lane:
    """The slots of one sort of function.

    An effect of one machine may have at most ``SHARE`` times as many slots as are free beside its
    own, and so it never has all: whatever it does with them, a call of another effect finds one.
    The places in which attempts wait are divided in the same way.
    """

    def __init__(self, sort: str, marker: str, slots: int, waiting: int) -> None:
        self.sort = sort
        self.marker = marker
        self.slots = slots
        self._most = slots + waiting
        #: attempts that have a slot
        self.running = 0
        self._running_of: Counter[Kind] = Counter()
        #: calls whose attempt is over and that have not ended
        self.hung = 0
        #: attempts that wait for a slot, longest first
        self.queue: dict[EffectRef, Any] = {}
        #: the same by what they are of; the kind that is asked next stands first
        self._queue_of: dict[Kind, dict[EffectRef, Any]] = {}
        #: taken by the drafts of the present turn, and not committed yet
        self._promised: Counter[Kind] = Counter()
        #: whether more may wait in the store
        self.more = True

    @property
    def free(self) -> int:
        return max(0, self.slots - self.running - len(self.queue))

    # --- slots ---

    def may_start(self, kind: Kind) -> bool:
        """Whether there is a slot for one more attempt of this effect."""
        return _has_room(self.slots - self.running, self._running_of[kind], self.slots)

    def begin(self, kind: Kind) -> None:
        self.running += 1
        self._running_of[kind] += 1

    def end(self, kind: Kind) -> None:
        self.running -= 1
        self._running_of[kind] -= 1
        if not self._running_of[kind]:
            del self._running_of[kind]

    # --- the queue ---

    def waits(self, kind: Kind) -> bool:
        """Whether attempts of this effect wait already."""
        return kind in self._queue_of

    def add(self, attempt: Any) -> None:
        self.queue[attempt.effect_ref] = attempt
        self._queue_of.setdefault(attempt.kind, {})[attempt.effect_ref] = attempt

    def remove(self, effect_ref: EffectRef) -> None:
        """Does nothing where it does not wait."""
        attempt = self.queue.pop(effect_ref, None)
        if attempt is None:
            return
        of_kind = self._queue_of[attempt.kind]
        del of_kind[effect_ref]
        if not of_kind:
            del self._queue_of[attempt.kind]

    def take(self) -> Any | None:
        """The attempt that is to start next, which does not wait any more; None where there is no
        slot for any that waits. Effects take turns; within one, the longest waiting is first."""
        for kind, attempts in list(self._queue_of.items()):
            if self.may_start(kind):
                effect_ref, attempt = next(iter(attempts.items()))
                self._queue_of[kind] = self._queue_of.pop(kind)
                self.remove(effect_ref)
                return attempt
        return None

    # --- promises ---

    def takes_on(self, kind: Kind) -> bool:
        """Whether one more attempt of this effect may run or wait here."""
        own = self._running_of[kind] + len(self._queue_of.get(kind, ())) + self._promised[kind]
        taken = self.running + len(self.queue) + self._promised.total()
        return _has_room(self._most - taken, own, self._most)

    def promise(self, kind: Kind) -> None:
        self._promised[kind] += 1

    def forget_promises(self) -> None:
        if self._promised:
            self._promised.clear()


def _has_room(free: int, own: int, places: int) -> bool:
    """Whether one who has ``own`` of the places may have one more while so many are free."""
    if places < FAIR_FROM:
        return free > 0
    return free > 0 and own < SHARE * free


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
            lane.forget_promises()

    def holder(self, definition: Definition[Any], effect: str, worker: str) -> str:
        """Who performs the next attempt of this effect: ``worker``, or a marker."""
        lane, kind = self.lane(definition, effect), (definition.name, effect)
        if not lane.takes_on(kind):
            return lane.marker
        lane.promise(kind)
        return worker
