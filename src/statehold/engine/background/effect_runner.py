"""Runs effects after their commit, within this worker's capacity, and reports their outcomes.

1. An attempt waits here for a slot, or in the store where too many wait here
   (:mod:`.capacity`). Attempts that found no slot within ``poll_seconds`` are offered to the other
   workers, where there are any; a worker with a free slot takes what waits in the store.
2. Where the attempt before it, under the same key, still runs here, an attempt waits for its end.
   After ``cancel_seconds`` it fails with ``StillRunning``.
3. Slots are divided among the effects of all machines: the slow calls of one never have all of
   them (:class:`.capacity.Lane`).
4. A call that runs on when its attempt is over has no slot any more. Beyond ``hung`` such calls of
   one sort of function, further attempts of that sort fail with ``TooManyHung``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from statehold.chart.machine import Definition
from statehold.engine.background.attempt import AttemptRun
from statehold.engine.background.capacity import EffectRef, Lane
from statehold.engine.background.subtasks import SubtaskFactory
from statehold.engine.background.task import BackgroundTask
from statehold.engine.background.threads import Threads
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.effect_results import EndAttempt, Offer, Release, Unapplied
from statehold.engine.requests.timers import Take
from statehold.engine.resources.pool import ResourcePool
from statehold.errors import NewerVersion, StateholdError, Stopping, Unavailable
from statehold.instance.attempts import WAITING, Ending
from statehold.instance.loaded import Loaded
from statehold.instance.tracebacks import at
from statehold.records import Ref, Row
from statehold.store import Store

log = logger(__name__)

#: seconds after which an outcome is handed in again while the store is away
HAND_IN_SECONDS = 0.5
#: seconds after which free slots are filled from the store: many at a time
GATHER_SECONDS = 0.05
#: so many times the free slots are looked at in the store, so that workers that fill their slots
#: at the same time seldom choose the same instances
SPREAD = 4


class EffectRunner:
    """The effects of this process, by instance and key.

    ``broken`` is called with instances whose effects ended here without an outcome, and are still
    recorded as running.
    """

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        set_aside: SetAside,
        resources: ResourcePool,
        broken: Callable[[Iterable[Ref]], None],
    ) -> None:
        self._store = store
        self._context = context
        self._queue = queue
        self._set_aside = set_aside
        self._resources = resources
        self._broken = broken
        self._capacity = context.capacity
        self._threads = Threads(context.limits.threads, "statehold-effect")
        self._attempts: dict[EffectRef, AttemptRun] = context.capacity.attempts
        #: those that wait for the attempt before, each with the timer that ends the wait
        self._after: dict[EffectRef, tuple[AttemptRun, asyncio.TimerHandle]] = {}
        #: functions that run on though their attempt is over or not wanted any more
        self._leaving: dict[EffectRef, AttemptRun] = {}
        #: those that are being offered to other workers
        self._offered: dict[EffectRef, AttemptRun] = {}
        #: asked for while this process was stopping already; handed back with the rest
        self._unstarted: dict[EffectRef, None] = {}
        self._is_quiet = asyncio.Event()
        self._closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._task = BackgroundTask(
            context,
            "effect runner",
            self._walk,
            log,
            "attempts that wait for a slot could not be queried",
            retry_seconds=context.limits.poll_seconds,
        )
        self._guard: SubtaskFactory | None = None

    @property
    def running(self) -> int:
        return len(self._attempts)

    def open(self) -> None:
        self._guard = SubtaskFactory(asyncio.get_running_loop())
        self._task.start(self._context.now())

    def begin(self, definition: Definition[Any], loaded: Loaded, key: str) -> None:
        """Performs the effect under this key, which is committed as this worker's."""
        ref = loaded.row.ref
        snapshot = loaded.instance.snapshot
        effect = next((e for e in snapshot.effects if e.key == key), None) if snapshot else None
        known = loaded.instance.attempts.get(key)
        if snapshot is None or effect is None or known is None:
            return
        effect_ref = (ref, key)
        if self._closing:
            self._unstarted[effect_ref] = None
            return
        if effect_ref in self._attempts:
            # not wanted any more; mostly its outcome is handed in already
            self.stop(ref, key)
        attempt = AttemptRun(
            self._context,
            definition,
            loaded,
            effect,
            known,
            self._resources,
            self._queue,
            self._ended,
            self._freed,
        )
        self._attempts[effect_ref] = attempt
        if effect_ref in self._leaving:
            seconds = self._context.limits.cancel_seconds
            loop = asyncio.get_running_loop()
            self._after[effect_ref] = (
                attempt,
                loop.call_later(seconds, self._still_running, effect_ref),
            )
        else:
            self._admit(attempt)

    def stop(self, ref: Ref, key: str) -> None:
        """Cancels the effect: its state was left, and its outcome is not wanted."""
        effect_ref = (ref, key)
        self._unstarted.pop(effect_ref, None)
        self._offered.pop(effect_ref, None)
        attempt = self._forget(effect_ref)
        if attempt is None:
            return
        attempt.lane.remove(effect_ref)
        if effect_ref in self._after:
            _, timer = self._after.pop(effect_ref)
            timer.cancel()
        elif attempt.is_running:
            self._leaving[effect_ref] = attempt
            attempt.stop()

    def drop_all(self) -> None:
        """Cancels all effects: other workers have taken them over."""
        self._unstarted.clear()
        self._offered.clear()
        for ref, key in list(self._attempts):
            self.stop(ref, key)

    def in_progress(self, only: Collection[Ref] | None = None) -> dict[Ref, list[str]]:
        """The keys of what runs here, by instance; of all instances, or of some."""
        found: dict[Ref, list[str]] = {}
        for ref, key in self._attempts:
            if only is None or ref in only:
                found.setdefault(ref, []).append(key)
        return found

    def look(self) -> None:
        """Looks whether something waits in the store for a worker with a slot."""
        for lane in self._capacity.lanes:
            lane.more = True
        self._task.wake()

    async def close(self) -> None:
        """Waits for what runs, as long as the limits say, then hands the rest back."""
        self._closing = True
        await self._task.stop()
        if self._timer is not None:
            self._timer.cancel()
        limits = self._context.limits
        # what has no slot here may have one elsewhere
        for effect_ref, attempt in list(self._attempts.items()):
            if effect_ref in attempt.lane.queue or effect_ref in self._after:
                self.stop(*effect_ref)
                self._unstarted[effect_ref] = None
        for effect_ref in self._offered:
            self._unstarted[effect_ref] = None
        self._offered.clear()
        await self._wait_until_quiet(limits.grace_seconds)
        left = dict(self._attempts)
        for ref, key in left:
            self.stop(ref, key)
        await self._end_all()
        self._unstarted.update(dict.fromkeys(left))
        try:
            # what was taken in the last moment is committed meanwhile
            while self._unstarted:
                effects = list(self._unstarted)
                self._unstarted.clear()
                await self._hand_back(effects)
        finally:
            self._threads.close()
            if self._guard is not None:
                self._guard.end()

    async def _hand_back(self, effects: Iterable[EffectRef]) -> None:
        keys: dict[Ref, list[str]] = {}
        for ref, key in effects:
            keys.setdefault(ref, []).append(key)
        requests = [Release(ref, those) for ref, those in keys.items()]
        for request, result in zip(requests, await self._queue.ask_all(requests), strict=True):
            if isinstance(result, BaseException):
                extra = about(self._context, request.ref)
                log.warning("an effect could not be handed back: %s", result, extra=extra)

    async def _wait_until_quiet(self, seconds: float) -> None:
        if self._attempts:
            self._is_quiet.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._is_quiet.wait()
            except TimeoutError:
                return

    async def _end_all(self) -> None:
        """Waits for what was cancelled, and ends those that ignore it: the loop could not end."""
        tasks = [one.task for one in self._leaving.values() if one.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._context.limits.cancel_seconds)
        for attempt in list(self._leaving.values()):
            attempt.give_up()
        killed = [one.kill() for one in self._leaving.values()]
        if tasks := [task for task in killed if task is not None]:
            await asyncio.wait(tasks, timeout=GATHER_SECONDS)

    # --- slots ---

    def _admit(self, attempt: AttemptRun) -> None:
        """Starts it, or lets it wait for a slot."""
        lane = attempt.lane
        if lane.may_start(attempt.kind) and not lane.waits(attempt.kind):
            self._start(attempt)
            return
        loop = asyncio.get_running_loop()
        attempt.asked_at = loop.time()
        lane.add(attempt)
        if not self._context.identity.is_alone:
            self._look_later(self._context.limits.poll_seconds)

    def _start(self, attempt: AttemptRun) -> None:
        lane, most = attempt.lane, self._context.limits.hung
        if lane.hung >= most:
            why = (
                f"{lane.hung} calls of a {lane.sort} have not ended though their time was up, "
                f"{most} are allowed for; see the log for which, and restart the worker"
            )
            self._fail(attempt, "TooManyHung", why)
            return
        lane.begin(attempt.kind)
        attempt.start(self._threads)

    def _fill(self, lane: Lane) -> None:
        """Starts what waits here for a slot."""
        while (attempt := lane.take()) is not None:
            self._start(attempt)
        if lane.more and lane.free:
            self._look_later(GATHER_SECONDS)

    def _look_later(self, seconds: float) -> None:
        if self._timer is None and not self._closing:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._look_now)

    def _look_now(self) -> None:
        self._timer = None
        self._task.wake()

    def _still_running(self, effect_ref: EffectRef) -> None:
        attempt, _ = self._after.pop(effect_ref)
        before = self._leaving[effect_ref].number
        seconds = self._context.limits.cancel_seconds
        why = (
            f"attempt {before} goes on here though it is over, and was waited for {seconds:g} s; "
            "two at once are not begun"
        )
        self._fail(attempt, "StillRunning", why)

    def _fail(self, attempt: AttemptRun, error: str, why: str) -> None:
        """Its function was not even called."""
        asyncio.get_running_loop().call_soon(self._conclude, attempt, attempt.failure(error, why))

    def _ended(self, attempt: AttemptRun, ending: Ending | None) -> None:
        """Its of is free."""
        effect_ref, lane = attempt.effect_ref, attempt.lane
        lane.end(attempt.kind)
        is_wanted = self._attempts.get(effect_ref) is attempt
        if not attempt.is_over:
            lane.hung += 1
            self._leaving[effect_ref] = attempt
        self._fill(lane)
        if not is_wanted:
            return
        if ending is None:
            # by a signal, or a bug of ours; without the rescuer it would stay running in the store
            self._forget(effect_ref)
            self._broken([attempt.ref])
        else:
            self._conclude(attempt, ending)

    def _freed(self, attempt: AttemptRun) -> None:
        """Its function has ended."""
        effect_ref = attempt.effect_ref
        if self._leaving.get(effect_ref) is not attempt:
            return
        del self._leaving[effect_ref]
        if attempt.is_hung:
            attempt.lane.hung -= 1
        waiting = self._after.pop(effect_ref, None)
        if waiting is not None:
            next_one, timer = waiting
            timer.cancel()
            self._admit(next_one)

    def _forget(self, effect_ref: EffectRef) -> AttemptRun | None:
        attempt = self._attempts.pop(effect_ref, None)
        if not self._attempts:
            self._is_quiet.set()
        return attempt

    # --- outcomes ---

    def _conclude(self, attempt: AttemptRun, ending: Ending) -> None:
        if self._attempts.get(attempt.effect_ref) is not attempt:
            return
        if ending.error is not None:
            why = f"{ending.error}: {ending.message}{at(ending.traceback)}"
            what = "%s failed at attempt %d: %s"
            log.info(what, attempt.name, attempt.number, why, extra=attempt.about())
        self._hand_in(attempt, EndAttempt(attempt.ref, ending))

    def _hand_in(self, attempt: AttemptRun, request: EndAttempt | Unapplied) -> None:
        """Repeats until the outcome is stored: what the effect did can't be undone."""
        if self._attempts.get(attempt.effect_ref) is not attempt:
            return
        request.future.add_done_callback(partial(self._handed_in, attempt, request))
        try:
            self._queue.submit(request)
        except StateholdError as error:
            request.future.set_exception(error)

    def _handed_in(
        self, attempt: AttemptRun, request: EndAttempt | Unapplied, answer: asyncio.Future[Any]
    ) -> None:
        error = asyncio.CancelledError() if answer.cancelled() else answer.exception()
        if self._attempts.get(attempt.effect_ref) is not attempt:
            # it was stopped meanwhile, or the next attempt has begun
            return
        extra = attempt.about(effect_key=attempt.key)
        if error is None or isinstance(error, Stopping):
            self._forget(attempt.effect_ref)
        elif isinstance(error, Unavailable):
            log.warning(
                "the outcome of %s waits for the store: %s", attempt.key, error, extra=extra
            )
            request.again()
            asyncio.get_running_loop().call_later(HAND_IN_SECONDS, self._hand_in, attempt, request)
        elif isinstance(error, StateholdError) and isinstance(request, EndAttempt):
            log.warning("the outcome of %s was refused: %s", attempt.key, error, extra=extra)
            # without an incident it would stay running, unnoticed
            self._hand_in(attempt, Unapplied(attempt.ref, request.ending, str(error)))
        else:
            log.error("the outcome of %s could not be kept: %s", attempt.key, error, extra=extra)
            self._forget(attempt.effect_ref)
            if not isinstance(error, StateholdError):
                self._broken([attempt.ref])

    # --- what waits for a slot, here and in the store ---

    async def _walk(self) -> None:
        await self._offer()
        await self._take()

    async def _offer(self) -> None:
        """Offers to other workers what has waited here for long."""
        if self._context.identity.is_alone:
            return
        limits, loop = self._context.limits, asyncio.get_running_loop()
        latest = loop.time() - limits.poll_seconds
        for lane in self._capacity.lanes:
            # in the order in which they came: the first that is young ends it
            for effect_ref, attempt in list(lane.queue.items()):
                if attempt.asked_at > latest:
                    # no sooner: what is left of a float may be less than the clock can move by
                    self._look_later(max(GATHER_SECONDS, attempt.asked_at - latest))
                    break
                lane.remove(effect_ref)
                self._forget(effect_ref)
                self._offered[effect_ref] = attempt
        offered = list(self._offered.values())
        requests = [Offer(one.ref, one.key, one.lane.marker) for one in offered]
        ended = await self._queue.ask_all(requests) if requests else []
        for attempt, error in zip(offered, ended, strict=True):
            if self._offered.pop(attempt.effect_ref, None) is None:
                continue
            if isinstance(error, Unavailable) and not self._closing:
                self._attempts[attempt.effect_ref] = attempt
                self._admit(attempt)
            elif isinstance(error, BaseException):
                self._broken([attempt.ref])

    async def _take(self) -> None:
        """Fills free effects with what waits in the store."""
        lanes = [lane for lane in self._capacity.lanes if lane.more and lane.free]
        if not lanes:
            return
        for lane in lanes:
            lane.more = False
        wanted = [lane.marker for lane in lanes]
        workers = await self._store.workers()
        alive = (*workers, *(one for one in WAITING if one not in wanted))
        room = max(lane.free for lane in lanes)
        # others look at the same ones, and each takes some by chance
        spread = min(len(workers), SPREAD) or 1
        limit = min(self._context.limits.page, room * spread)
        machines = tuple(self._context.definitions)
        rows = await self._store.orphans(machines, alive, limit)
        is_left = len(rows) >= limit or len(rows) > room
        if len(rows) > room:
            rows = self._context.chance.sample(rows, room)
        ended = await self._queue.ask_all([Take(row.ref) for row in rows])
        failed: list[tuple[Row, StateholdError]] = []
        for row, answer in zip(rows, ended, strict=True):
            if isinstance(answer, NewerVersion):
                # a worker of that version takes it
                continue
            if isinstance(answer, Unavailable) or not isinstance(answer, StateholdError | bool):
                raise answer
            if isinstance(answer, StateholdError):
                failed.append((row, answer))
            else:
                is_left = is_left or answer
        # else they would be found again and again, before others
        await self._set_aside.add(failed)
        if is_left:
            for lane in lanes:
                lane.more = True
            self._look_later(GATHER_SECONDS)
