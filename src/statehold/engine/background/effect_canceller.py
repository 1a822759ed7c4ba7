"""Cancels effects here whose states were left by a step on another worker."""

from __future__ import annotations

from collections.abc import Collection

from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import logger
from statehold.engine.requests.context import EngineContext
from statehold.instance.stored import salvage
from statehold.records import Ref
from statehold.store import Store

log = logger(__name__)


class EffectCanceller:
    """Compares the effects that run here with those that the store has as this worker's."""

    def __init__(self, store: Store, context: EngineContext, effect_runner: EffectRunner) -> None:
        self._store = store
        self._context = context
        self._effect_runner = effect_runner
        #: None: all that run here
        self._wanted: set[Ref] | None = set()
        # the next heartbeat looks at all of them
        self._task = BackgroundTask(
            context,
            "effect canceller",
            self._walk,
            log,
            "effects could not be compared with the store",
        )

    def open(self) -> None:
        if not self._store.exclusive:
            self._task.start(None)

    async def close(self) -> None:
        await self._task.stop()

    def look(self, only: Collection[Ref] | None = None) -> None:
        """These instances were changed elsewhere; None: any may have been."""
        if only is None:
            self._wanted = None
        elif self._wanted is not None:
            # where no effect runs, there is nothing to compare
            self._wanted.update(self._effect_runner.in_progress(only))
        if self._wanted is None or self._wanted:
            self._task.wake()

    async def _walk(self) -> None:
        only, self._wanted = self._wanted, set()
        # before the rows are loaded: each of these is committed as this worker's by now
        running = self._effect_runner.in_progress(only)
        refs, size = list(running), self._context.limits.page
        for first in range(0, len(refs), size):
            some = refs[first : first + size]
            rows = await self._store.load(some)
            for ref in some:
                attempts = salvage(rows[ref].document).attempts if ref in rows else {}
                for key in running[ref]:
                    known = attempts.get(key)
                    if known is None or known.worker != self._context.worker:
                        self._effect_runner.stop(ref, key)
