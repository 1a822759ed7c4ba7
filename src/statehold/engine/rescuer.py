"""Takes over the work of workers that are no more."""

from __future__ import annotations

import asyncio

from statehold.engine.outcomes import Rescue
from statehold.engine.runtime import Runtime
from statehold.engine.turn import Turns
from statehold.store import Store


class Rescuer:
    """Where one process owns the store, whoever held anything before it is dead."""

    def __init__(self, store: Store, runtime: Runtime, turns: Turns) -> None:
        self._store = store
        self._runtime = runtime
        self._turns = turns

    async def rescue(self) -> int:
        """Frees everything that dead workers hold; gives how many instances that were."""
        alive = [self._runtime.worker]
        rescued = 0
        skipped: set[object] = set()
        while True:
            rows = await self._store.orphans(alive, self._runtime.limits.page)
            known = self._runtime.definitions
            mine = [r.ref for r in rows if r.machine in known and r.ref not in skipped]
            if not mine:
                return rescued
            acts = [Rescue(ref, alive) for ref in mine]
            for act in acts:
                self._turns.submit(act)
            await asyncio.gather(*(act.future for act in acts))
            # an orphan that is still one after its rescue would be asked for again for ever
            skipped.update(mine)
            rescued += len(mine)
