"""Wakes instances when something of theirs is due: one task, asleep while nothing is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from statehold.engine.logs import about
from statehold.engine.observer import tell
from statehold.engine.pace import Pace
from statehold.engine.runtime import Runtime
from statehold.engine.turn import Turns
from statehold.engine.waking import Wake
from statehold.errors import StateholdError, Stopping
from statehold.store import Row, Store

log = logging.getLogger(__name__)


class Waker:
    """The store is asked what is due; a commit that sets an earlier time is only a hint.

    One question finds the next thing that is due, an instance or a message: while there is none,
    nothing else is asked. ``mail_due`` is called where it may be a message.
    """

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        turns: Turns,
        pace: Pace,
        mail_due: Callable[[], None],
    ) -> None:
        self._store = store
        self._pace = pace
        self._mail_due = mail_due
        self._runtime = runtime
        self._turns = turns
        self._hint = asyncio.Event()
        self._until: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def _machines(self) -> tuple[str, ...]:
        """Asked anew each time: machines are put while the engine runs."""
        return tuple(self._runtime.definitions)

    def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="statehold waker")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def expect(self, moment: datetime) -> None:
        """Something is due then; wakes the task if it sleeps longer."""
        if self._until is None or moment < self._until:
            self._hint.set()

    def look(self) -> None:
        """Others' claims may have become free."""
        self._hint.set()

    async def _run(self) -> None:
        clock = self._runtime.clock
        poll = timedelta(seconds=self._runtime.limits.poll_seconds)
        while True:
            self._hint.clear()
            # whatever is set from here on has its hint, and so another round
            self._until = None
            try:
                now = clock.now()
                earliest = await self._store.next_wake(self._machines)
                if earliest is not None and earliest <= now:
                    if await self._round(now):
                        continue
                    earliest = await self._store.next_wake(self._machines)
                self._until = self._sleep_until(earliest, now)
            except Stopping:
                return
            except StateholdError as error:
                log.warning("what is due could not be asked: %s", error, extra=about(self._runtime))
                self._until = clock.now() + poll
            except Exception:
                # a bug, ours or the store's; without this task no timer would ever fire again
                log.exception("what is due could not be asked", extra=about(self._runtime))
                self._until = clock.now() + poll
            await clock.wait(self._hint, self._until)

    async def _round(self, now: datetime) -> bool:
        """Wakes what is due; True if there may be more."""
        rows = await self._due(now)
        if self._store.exclusive:
            # unclaimed, they would come again: nothing is asked before they are woken
            woken = await self._wake(rows)
            return len(rows) == self._runtime.limits.page and woken > 0
        while rows:
            waking = asyncio.ensure_future(self._wake(rows))
            # the next ones are claimed while these are woken
            full = len(rows) == self._runtime.limits.page
            try:
                rows = await self._due(now) if full else []
            finally:
                await waking
        return False

    async def _due(self, now: datetime) -> Sequence[Row]:
        limits = self._runtime.limits
        until = self._runtime.now() + timedelta(seconds=limits.claim_seconds)
        rows = await self._store.due(self._machines, now, limits.page, until)
        if rows:
            self._pace.found()
        return rows

    async def _wake(self, rows: Sequence[Row]) -> int:
        """How many of them were woken."""
        woken: list[Row] = []
        acts = [Wake(row) for row in rows]
        for row, ended in zip(rows, await self._turns.ask_all(acts), strict=True):
            if isinstance(ended, StateholdError):
                extra = about(self._runtime, row.ref, seq=row.seq)
                log.warning("an instance could not be woken: %s", ended, extra=extra)
            elif isinstance(ended, BaseException):
                raise ended
            else:
                woken.append(row)
        if self._runtime.observer is not None and woken:
            tell(self._runtime.observer.fired, self._lags(woken))
        return len(woken)

    def _lags(self, woken: Sequence[Row]) -> list[tuple[str, float]]:
        """How late each was, in seconds, once its timer had fired."""
        now = self._runtime.now()
        return [
            (row.machine, (now - row.wake_at).total_seconds())
            for row in woken
            if row.wake_at is not None
        ]

    def _sleep_until(self, earliest: datetime | None, asked: datetime) -> datetime:
        """``asked``: what was due by then was tried, and is not tried again before a while has
        passed: one that the store could not write, say. What is left of it may be a message."""
        latest = self._runtime.now() + self._pace.pause()
        if earliest is None:
            return latest
        if earliest <= asked:
            self._mail_due()
            return latest
        return min(latest, earliest)
