"""What all background tasks of a worker share: one loop around one walk.

1. A walk does the task's work once and returns when to walk again: a moment (one that has passed
   means at once), or None to wait until the task is woken.
2. A task that is woken walks at once, or after ``gather_seconds``, so that several reasons share
   one walk. One that is woken during a walk walks again after it.
3. A walk that raises is logged and counted, and repeated after ``retry_seconds`` (None: when the
   task is woken). No error ends the task, but for ``Stopping``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from statehold.engine.log_fields import about
from statehold.engine.requests.context import EngineContext
from statehold.errors import StateholdError, Stopping


class BackgroundTask:
    """``failing`` begins the log line of a failed walk, of which ``log`` passes one per outage;
    ``level`` is that of a line about an error that is known."""

    def __init__(
        self,
        context: EngineContext,
        name: str,
        walk: Callable[[], Awaitable[datetime | None]],
        log: logging.Logger,
        failing: str,
        *,
        retry_seconds: float | None = None,
        gather_seconds: float = 0.0,
        level: int = logging.WARNING,
    ) -> None:
        self._context = context
        self._name = f"statehold {name}"
        self._walk = walk
        self._log = log
        self._failing = failing
        self._retry_seconds = retry_seconds
        self._gather = timedelta(seconds=gather_seconds)
        #: until when reasons to walk are gathered
        self._gathers_until: datetime | None = None
        self._level = level
        self._woken = asyncio.Event()
        #: set once the task is to end: for walks that end themselves at their next step
        self.stopping = asyncio.Event()
        #: when it walks next unless it is woken; None while it walks, or if only that starts it
        self.until: datetime | None = None
        #: walks that failed
        self.failures = 0
        #: None before the start
        self.task: asyncio.Task[None] | None = None

    def start(self, first: datetime | None) -> None:
        """Starts the task: the first walk is at this moment, or (None) once it is woken."""
        self.until = first
        self.task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self, *, cancel: bool = True) -> None:
        """Returns once the task has ended: its walk is cancelled, or waited for."""
        self.stopping.set()
        self._woken.set()
        if self.task is not None:
            if cancel:
                self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    def wake(self) -> None:
        if not self._woken.is_set():
            self._gathers_until = self._context.now() + self._gather
            self._woken.set()

    def wake_by(self, moment: datetime) -> None:
        """Wakes the task unless it walks by then anyway."""
        if self.until is None or moment < self.until:
            self._woken.set()

    async def walk_once(self) -> None:
        """One walk, now, with the handling of its errors."""
        # what changes from here on needs another walk, whatever moment it is for
        self._woken.clear()
        self.until = None
        try:
            self.until = await self._walk()
        except Stopping:
            self.stopping.set()
        except StateholdError as error:
            extra = about(self._context)
            self._log.log(self._level, f"{self._failing}: %s", error, extra=extra)
            self._retry()
        except Exception:  # noqa: BLE001 - logged; a bug, ours or the store's, must not end the task
            self._log.exception(self._failing, extra=about(self._context))
            self._retry()

    async def _run(self) -> None:
        clock = self._context.clock
        while not self.stopping.is_set():
            await clock.wait(self._woken, self.until)
            if self._gather and self._woken.is_set():
                await clock.wait(self.stopping, self._gathers_until)
            if self.stopping.is_set():
                return
            await self.walk_once()

    def _retry(self) -> None:
        self.failures += 1
        if self._retry_seconds is not None:
            later = timedelta(seconds=self._retry_seconds)
            self.until = self._context.now() + later
