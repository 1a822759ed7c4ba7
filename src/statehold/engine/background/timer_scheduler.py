"""Where a timer becomes due: wakes instances for their timers and retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from statehold.engine.background.poll_interval import PollInterval
from statehold.engine.background.task import BackgroundTask
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.log_fields import about, logger
from statehold.engine.observer import call_safely
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.timers import Wake
from statehold.errors import StateholdError, Unavailable
from statehold.records import Row
from statehold.store import Store

log = logger(__name__)


class TimerScheduler:
    """The store is polled for what is due; a commit that sets an earlier time only wakes the task.

    One query finds the next moment at which an instance or a message is due; while there is none,
    no other query is made. ``mail_due`` is called where it may be a message.
    """

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        set_aside: SetAside,
        interval: PollInterval,
        mail_due: Callable[[], None],
    ) -> None:
        self._store = store
        self._interval = interval
        self._mail_due = mail_due
        self._context = context
        self._queue = queue
        self._set_aside = set_aside
        self._task = BackgroundTask(
            context,
            "timer scheduler",
            self._walk,
            log,
            "instances that are due could not be queried",
            retry_seconds=context.limits.poll_seconds,
        )

    def open(self) -> None:
        self._task.start(self._context.now())

    async def close(self) -> None:
        await self._task.stop()

    def expect(self, moment: datetime) -> None:
        """Something is due then."""
        self._task.wake_by(moment)

    def look(self) -> None:
        """Claims of other workers may have ended."""
        self._task.wake()

    async def _walk(self) -> datetime:
        now = self._context.now()
        earliest = await self._store.next_wake(self._context.machines)
        if earliest is not None and earliest <= now:
            if await self._wake_all(now):
                return now
            # it is claimed and woken again when the claim ends, or it is a message
            self._mail_due()
            earliest = await self._store.next_wake(self._context.machines, now)
        latest = self._context.now() + self._interval.pause()
        return latest if earliest is None else min(latest, earliest)

    async def _wake_all(self, now: datetime) -> bool:
        """Wakes what is due; True if anything was. Each page is claimed, so that the next one has
        others, whether or not these can be woken."""
        rows = await self._due(now)
        found = bool(rows)
        while rows:
            waking = asyncio.ensure_future(self._wake(rows))
            # the next ones are claimed while these are woken
            full = len(rows) == self._context.limits.page
            try:
                rows = await self._due(now) if full else []
            finally:
                await waking
        return found

    async def _due(self, now: datetime) -> Sequence[Row]:
        limits = self._context.limits
        # where one worker owns the store, the claim only keeps these out of the next page
        claim = limits.poll_seconds if self._store.exclusive else limits.claim_seconds
        until = self._context.now() + timedelta(seconds=claim)
        rows = await self._store.due(self._context.machines, now, limits.page, until)
        if rows:
            self._interval.found()
        return rows

    async def _wake(self, rows: Sequence[Row]) -> None:
        woken: list[Row] = []
        failed: list[tuple[Row, StateholdError]] = []
        requests = [Wake(row) for row in rows]
        for row, ended in zip(rows, await self._queue.ask_all(requests), strict=True):
            if isinstance(ended, Unavailable):
                extra = about(self._context, row.ref, seq=row.seq)
                log.warning("an instance could not be woken: %s", ended, extra=extra)
            elif isinstance(ended, StateholdError):
                failed.append((row, ended))
            elif isinstance(ended, BaseException):
                raise ended
            else:
                woken.append(row)
        if failed:
            await self._set_aside.add(failed)
        if self._context.observer is not None and woken:
            call_safely(self._context.observer.fired, self._lags(woken))

    def _lags(self, woken: Sequence[Row]) -> list[tuple[str, float]]:
        """How late each was, in seconds, once its timer had fired."""
        now = self._context.now()
        return [
            (row.machine, (now - row.wake_at).total_seconds())
            for row in woken
            if row.wake_at is not None
        ]
