"""Renews this worker's lease, and notices workers whose lease ran out.

1. A worker is alive while it renews its lease: every ``heartbeat_seconds``, for ``lease_seconds``.
   The first heartbeat of another worker after a lease ran out removes it; every worker knows when
   the next lease may run out, and makes a heartbeat then.
2. The work of the removed worker is taken over, so it must write no more. The store enforces that:
   a commit of a worker that is not alive is ``LeaseLost``.
3. A worker that was removed drops its effects and joins again under a name that was never used.

A worker that owns its store alone has no lease: the store's lock does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.errors import LeaseLost, StoreUnavailable, Unavailable
from statehold.store import Heartbeat, Store

log = logger(__name__)

#: seconds after which a heartbeat that failed is repeated
AGAIN_SECONDS = 0.5
#: heartbeats after which dead workers' work is looked for even where the workers are the same
LOOK_EVERY = 6
#: a larger difference from the store's clock is logged: timers are set by one and fired by another
SKEW_SECONDS = 1.0


class Membership:
    """``lost`` is called when this worker was removed, before it joins again; ``beaten`` after
    every heartbeat, with whether to look for dead workers' work: the workers have changed, or it
    has been a while."""

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        lost: Callable[[], None],
        beaten: Callable[[bool], None],
    ) -> None:
        self._store = store
        self._context = context
        self._lost = lost
        self._beaten = beaten
        self._lease = timedelta(seconds=context.limits.lease_seconds)
        #: by this machine's clock; until then no other worker can have removed this one
        self._until: datetime | None = None
        self._beats = 0
        self._beaten_at: datetime | None = None
        self._is_skewed = False
        self._task = BackgroundTask(
            context, "membership", self._walk, log, "no heartbeat", retry_seconds=AGAIN_SECONDS
        )

    @property
    def lease_age_seconds(self) -> float | None:
        """Since the lease was renewed; None where there is none."""
        if self._beaten_at is None or self._store.exclusive:
            return None
        return (self._context.now() - self._beaten_at).total_seconds()

    def check(self) -> None:
        """Raises ``LeaseLost`` where this worker was removed and has not joined again,
        ``StoreUnavailable`` where it may be by now."""
        if self._store.exclusive:
            return
        if self._until is None:
            raise LeaseLost(self._context.worker)
        if self._until <= self._context.now():
            raise StoreUnavailable(f"worker {self._context.worker} could not renew its lease")

    async def open(self) -> None:
        await self._join()
        await self._beat()
        if not self._store.exclusive:
            self._task.start(self._next(None))

    async def close(self) -> None:
        """Hands the lease back, so that no other worker has to wait for its end."""
        await self._task.stop()
        try:
            await self._store.leave()
        except Unavailable as error:
            log.warning(
                "the lease could not be handed back and runs out by itself: %s",
                error,
                extra=about(self._context),
            )

    def doubt(self) -> None:
        """A commit found the lease lost: asks at once instead of at the next heartbeat."""
        self._task.wake()

    async def _join(self) -> None:
        identity = self._context.identity
        if identity.joined:
            identity.worker = f"{identity.name}#{identity.joined + 1}"
        identity.joined += 1
        asked_at = self._context.now()
        await self._store.join(identity.worker, self._lease)
        self._until = asked_at + self._lease

    async def _beat(self) -> tuple[Heartbeat, bool]:
        """The heartbeat, and whether to look for dead workers' work."""
        asked_at = self._context.now()
        heartbeat = await self._store.beat(self._lease)
        self._until = asked_at + self._lease
        return heartbeat, self._note(heartbeat)

    async def _walk(self) -> datetime:
        try:
            heartbeat, changed = await self._beat()
        except LeaseLost as error:
            log.error("%s", error, extra=about(self._context))
            self._until = None
            self._lost()
            await self._join()
            # the work under its old name is found as that of a dead worker at once
            return self._context.now()
        self._beaten(changed)
        return self._next(heartbeat)

    def _note(self, heartbeat: Heartbeat) -> bool:
        """Whether the workers are others than before, or may have been in between."""
        identity = self._context.identity
        before, identity.alive = identity.alive, frozenset(heartbeat.alive)
        self._beats += 1
        self._beaten_at = self._context.now()
        self._compare_clocks(heartbeat.now)
        return before != identity.alive or self._beats % LOOK_EVERY == 0

    def _next(self, heartbeat: Heartbeat | None) -> datetime:
        """When the next heartbeat is due: before the own lease ends, and when another one may."""
        now = self._context.now()
        next_beat = now + timedelta(seconds=self._context.limits.heartbeat_seconds)
        if heartbeat is None or heartbeat.next_end is None or heartbeat.now is None:
            return next_beat
        # counted from the store's clock, which may not be this machine's
        over = now + max(heartbeat.next_end - heartbeat.now, timedelta(seconds=AGAIN_SECONDS))
        return min(next_beat, over)

    def _compare_clocks(self, stores: datetime | None) -> None:
        if stores is None:
            return
        skew = (self._context.now() - stores).total_seconds()
        was, self._is_skewed = self._is_skewed, abs(skew) > SKEW_SECONDS
        if self._is_skewed and not was:
            log.warning(
                "this machine's clock is %+.1f s from the store's; set it, as timers fire by it",
                skew,
                extra=about(self._context),
            )
