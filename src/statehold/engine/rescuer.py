"""Takes over the work of workers that are no more, and its own where a commit's fate is unknown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from statehold.engine.outcomes import Rescue
from statehold.engine.runtime import Runtime
from statehold.engine.turn import Turns
from statehold.errors import InstanceUnreadable, StateholdError, Stopping
from statehold.store import Ref, Store

log = logging.getLogger(__name__)


class Rescuer:
    """Where one process owns the store, whoever held anything before it is dead.

    ``performs`` tells whether an effect of an instance is under way in this process.
    """

    def __init__(
        self,
        store: Store,
        runtime: Runtime,
        turns: Turns,
        performs: Callable[[Ref, str], bool],
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._turns = turns
        self._performs = performs
        self._machines = tuple(runtime.definitions)
        self._doubtful: set[Ref] = set()
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="statehold rescuer")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def doubt(self, refs: Iterable[Ref]) -> None:
        """A commit failed, and may have been written all the same: if it was, nobody has begun
        the effects that it recorded as this worker's."""
        self._doubtful.update(refs)
        self._hint.set()

    async def rescue(self) -> int:
        """Frees everything that dead workers hold; gives how many instances that were."""
        alive = [self._runtime.worker]
        rescued = 0
        skipped: set[Ref] = set()
        while True:
            rows = await self._store.orphans(self._machines, alive, self._runtime.limits.page)
            left = [row.ref for row in rows if row.ref not in skipped]
            if not left:
                return rescued
            for ended in await self._turns.ask_all([Rescue(ref, alive) for ref in left]):
                if isinstance(ended, InstanceUnreadable):
                    # one that can't be read must not keep the engine from all the others
                    log.warning("an instance could not be rescued: %s", ended)
                elif isinstance(ended, BaseException):
                    raise ended
            # an orphan that is still one after its rescue would be asked for again for ever
            skipped.update(left)
            rescued += len(left)

    async def _run(self) -> None:
        poll = timedelta(seconds=self._runtime.limits.poll_seconds)
        never = asyncio.Event()
        while True:
            await self._hint.wait()
            self._hint.clear()
            # the store has just failed: give it a moment
            await self._runtime.clock.wait(never, self._runtime.now() + poll)
            refs, self._doubtful = self._doubtful, set()
            for ref in refs:
                try:
                    await self._turns.ask(Rescue(ref, [self._runtime.worker], self._performs))
                except Stopping:
                    return
                except StateholdError as error:
                    log.warning("%s/%s is still in doubt: %s", ref.machine, ref.id, error)
                    self._doubtful.add(ref)
                    self._hint.set()
