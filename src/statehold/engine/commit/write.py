"""Writes the changed drafts of a batch in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from statehold.engine.log_fields import about, logger
from statehold.engine.observer import call_safely
from statehold.engine.requests.context import EngineContext
from statehold.errors import InstanceUnreadable, LeaseLost
from statehold.instance.draft import Draft
from statehold.instance.loaded import Loaded
from statehold.records import Write
from statehold.store import Store, Unwritable, WriteResult

log = logger(__name__)

#: the outcome of a write; an instance that the store has no room for is unreadable
Written: TypeAlias = WriteResult | InstanceUnreadable


class Committed(NamedTuple):
    """A draft, the instance as it is after the write, and the outcome of the write."""

    draft: Draft
    loaded: Loaded
    outcome: Written


class BatchWriter:
    def __init__(self, store: Store, context: EngineContext) -> None:
        self._store = store
        self._context = context
        self._observer = context.observer

    async def commit(self, changed: Sequence[Draft]) -> list[Committed]:
        """Each draft with its outcome. Raises ``Unavailable``: then it is not known whether they
        were written, or ``LeaseLost``: then they were not."""
        pairs = [draft.write() for draft in changed]
        begun = 0.0 if self._observer is None else time.perf_counter()
        writes = [write for write, _ in pairs]
        outcomes = await self._commit(writes)
        if self._observer is not None:
            seen = [
                one if isinstance(one, WriteResult) else WriteResult.CONFLICT for one in outcomes
            ]
            call_safely(self._observer.committed, changed, seen, time.perf_counter() - begun)
        return [
            Committed(draft, loaded, outcome)
            for draft, (_, loaded), outcome in zip(changed, pairs, outcomes, strict=True)
        ]

    async def _commit(self, writes: Sequence[Write]) -> Sequence[Written]:
        try:
            return await self._store.commit(writes)
        except Unwritable as error:
            return await self._commit_halves(writes, error)

    async def _commit_halves(self, writes: Sequence[Write], error: Unwritable) -> list[Written]:
        """Commits writes that were refused together in halves, until the one at fault is alone."""
        if len(writes) == 1:
            row = writes[0].row
            extra = about(self._context, row.ref, seq=row.seq)
            why = f"the store has no room for what is to be written of it ({error})"
            log.error("%s/%s: %s", row.machine, row.id, why, extra=extra)
            return [InstanceUnreadable(row.machine, row.id, row.version, why)]
        outcomes: list[Written] = []
        half = len(writes) // 2
        for part in (writes[:half], writes[half:]):
            try:
                outcomes += await self._commit(part)
            except LeaseLost:
                if not outcomes:
                    raise
                # the first half may be written: these conflict, and the next commit raises it again
                outcomes += [WriteResult.CONFLICT] * len(part)
        return outcomes
