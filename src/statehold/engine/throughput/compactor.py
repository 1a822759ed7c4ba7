"""Merges counts: minutes become hours, hours become days, old days are deleted.

Every worker does it, and mostly finds nothing to merge. Rows are exchanged for one in a transaction
by compare-and-set: of two workers that want the same one succeeds, and a cancelled exchange is done
whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random
from typing import NamedTuple

from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.throughput.counts import encode, total
from statehold.store import PAGE_LIMIT, Rollup, Store

log = logger(__name__)

MINUTE, HOUR, DAY = 60, 3600, 86_400


class Fold(NamedTuple):
    """Rollups of ``span`` seconds become one of ``into`` once that is over for ``after``;
    None: they are deleted."""

    span: int
    into: int | None
    after: timedelta


#: an hour is shown by the minute, and a week by the hour
FOLDS = (
    Fold(MINUTE, HOUR, timedelta(hours=2)),
    Fold(HOUR, DAY, timedelta(days=8)),
    Fold(DAY, None, timedelta(days=400)),
)
#: between two walks
EVERY = timedelta(minutes=10)
#: exchanges in one round; what is left is done in the next
ROUND = 1_000


class Compactor:
    def __init__(self, store: Store, context: EngineContext) -> None:
        self._store = store
        self._context = context
        # names of sums: no two workers may ever use the same
        self._chance = Random()
        self._task = BackgroundTask(
            context,
            "compactor",
            self._walk,
            log,
            "counts can't be compacted",
            retry_seconds=EVERY.total_seconds(),
        )

    def open(self) -> None:
        self._task.start(self._context.now() + EVERY)

    async def close(self) -> None:
        await self._task.stop()

    async def _walk(self) -> datetime:
        await self.compact()
        return self._context.now() + EVERY

    async def compact(self) -> None:
        """One round."""
        now = self._context.now()
        for fold in FOLDS:
            before = begin_of(now - fold.after, fold.into or fold.span)
            done = 0
            while done < ROUND:
                old = await self._store.old_rollups(fold.span, before, PAGE_LIMIT)
                exchanged = await self._exchange(old, fold.into)
                done += exchanged
                if len(old) < PAGE_LIMIT or not exchanged:
                    break

    async def _exchange(self, old: Sequence[Rollup], into: int | None) -> int:
        """How many exchanges were made: none where another worker does the same."""
        count = 0
        span = into or DAY
        together = groupby(old, lambda one: (one.machine, one.version, begin_of(one.start, span)))
        for (machine, version, start), those in together:
            gone = list(those)
            sum_ = None
            if into is not None:
                body = encode(total(one.body for one in gone))
                source = f"sum-{self._chance.getrandbits(64):016x}"
                sum_ = Rollup(machine, version, into, start, source, body)
            count += await self._store.exchange_rollups(gone, sum_)
            # requests go first
            await asyncio.sleep(0)
        return count


def begin_of(moment: datetime, span: int) -> datetime:
    """The start of the period of ``span`` seconds that a moment is in."""
    seconds = int((moment - _EPOCH).total_seconds())
    return _EPOCH + timedelta(seconds=seconds - seconds % span)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
