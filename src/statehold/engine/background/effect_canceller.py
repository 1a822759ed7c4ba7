"""Stops effects here whose states were left by a step that another worker made."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import Runtime
from statehold.errors import StateholdError
from statehold.instance.stored import salvage
from statehold.records import Ref
from statehold.store import Store

log = logger(__name__)


class EffectCanceller:
    """Compares what runs here with what the store says that this worker performs."""

    def __init__(self, store: Store, runtime: Runtime, effect_runner: EffectRunner) -> None:
        self._store = store
        self._runtime = runtime
        self._effect_runner = effect_runner
        #: None: all that run here
        self._wanted: set[Ref] | None = set()
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        if not self._store.exclusive:
            self._task = asyncio.create_task(self._run(), name="statehold effect canceller")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def look(self, only: Collection[Ref] | None = None) -> None:
        """These instances were changed elsewhere; None: any may have been."""
        if only is None:
            self._wanted = None
        elif self._wanted is not None:
            # what nothing runs for is not even remembered
            self._wanted.update(self._effect_runner.places(only))
        if self._wanted is None or self._wanted:
            self._hint.set()

    async def _run(self) -> None:
        while True:
            await self._hint.wait()
            self._hint.clear()
            wanted, self._wanted = self._wanted, set()
            try:
                await self._review(wanted)
            except StateholdError as error:
                # the next heartbeat looks at all of them
                extra = about(self._runtime)
                log.warning("effects could not be reviewed: %s", error, extra=extra)
            except Exception:
                # a bug, ours or the store's; without this task cancelled effects would run on
                log.exception("effects could not be reviewed", extra=about(self._runtime))

    async def _review(self, only: Collection[Ref] | None) -> None:
        # asked before the rows are: each of these is committed as this worker's by now
        running = self._effect_runner.places(only)
        refs, size = list(running), self._runtime.limits.page
        for first in range(0, len(refs), size):
            some = refs[first : first + size]
            rows = await self._store.load(some)
            for ref in some:
                attempts = salvage(rows[ref].document).attempts if ref in rows else {}
                for key in running[ref]:
                    known = attempts.get(key)
                    if known is None or known.worker != self._runtime.worker:
                        self._effect_runner.stop(ref, key)
