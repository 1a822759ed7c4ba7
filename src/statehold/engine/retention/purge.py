"""One walk along a machine's finished instances: each is archived, synced, and only then purged.

It works in short slices and pauses for three times as long after each, so that requests never wait
for more than a slice and one statement. It can be interrupted anywhere without loss: an instance
that was archived and not purged is found, and archived, again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from statehold.engine.clock import Clock
from statehold.engine.limits import Limits
from statehold.engine.retention.archive import Archive
from statehold.engine.retention.policy import is_settled
from statehold.errors import Stopping
from statehold.instance.audited import audit_entry
from statehold.records import Caller, Entry, Ref, Row
from statehold.store import Store
from statehold.wire.operations import PurgeReport

T = TypeVar("T")

#: how long it works before it makes a pause, and how many times as long the pause is
SLICE_SECONDS = 0.005
PAUSE_FACTOR = 3
#: queries after which others go first, however short they were
SLICE_STEPS = 20
#: journal entries that are read at once for the archive
ENTRIES = 100
#: bytes of documents that are purged in one transaction, beyond the first
BATCH_BYTES = 4_000_000

#: called with instances that are purged, before anything else can happen
Gone = Callable[[Iterable[Ref]], None]


class Purge:
    """``stop`` ends it early, with ``Stopping``, at the next step."""

    def __init__(
        self, store: Store, clock: Clock, limits: Limits, stop: asyncio.Event, gone: Gone
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._stop = stop
        self._gone = gone
        #: since the last pause
        self._worked = timedelta()
        self._steps = 0

    async def run(
        self,
        machine: str,
        before: datetime,
        archive: Archive | None = None,
        *,
        dry_run: bool = False,
        claim: bool = False,
        caller: Caller | None = None,
    ) -> PurgeReport:
        """Purges what ended by ``before`` and has nothing left to do; a dry run only counts it.

        ``claim``: other workers purge too, so each claims what it takes. Instances that still have
        something to do are not found then, and ``kept`` does not count them. ``caller``: who has
        asked for it by hand; each instance that is gone has a line of the audit log then.
        """
        purged = kept = 0
        cursor: str | None = None
        while True:
            now = self._clock.now() if claim else None
            until = now and now + timedelta(seconds=self._limits.purge_claim_seconds)
            size = self._limits.purge_page
            page = await self._step(self._store.finished(machine, before, size, cursor, now, until))
            mailed = await self._step(self._store.mailed([row.ref for row in page.rows]))
            settled = [row for row in page.rows if is_settled(row) and row.ref not in mailed]
            gone = len(settled) if dry_run else await self._purge(settled, archive, caller)
            purged += gone
            kept += len(page.rows) - gone
            cursor = page.cursor
            if cursor is None:
                break
        return PurgeReport(
            machine=machine, before=before, purged=purged, kept=kept, dry_run=dry_run
        )

    async def sweep(self) -> None:
        """Deletes the journals of purged instances."""
        while await self._step(self._store.sweep(self._limits.purge_entries), writes=True):
            pass

    async def _purge(
        self, rows: Sequence[Row], archive: Archive | None, caller: Caller | None
    ) -> int:
        if archive is not None:
            for row in rows:
                await archive.add(row, self._journal(row.ref))
            await archive.sync()
        purged = 0
        for batch in _batches(rows):
            purged += await self._step(self._forget(batch, caller), writes=True)
            await self.sweep()
        return purged

    async def _forget(self, rows: Sequence[Row], caller: Caller | None) -> int:
        now = self._clock.now()
        lines = [
            audit_entry(now, caller, "erase", row.machine, row.id)
            for row in rows
            if caller is not None
        ]
        forgotten = await self._store.forget(rows, lines)
        gone = [row.ref for row, is_gone in zip(rows, forgotten, strict=True) if is_gone]
        self._gone(gone)
        return len(gone)

    async def _journal(self, ref: Ref) -> AsyncIterator[Sequence[Entry]]:
        after = (0, -1)
        while True:
            entries = await self._step(self._store.journal(ref, after, ENTRIES))
            if entries:
                yield entries
            if len(entries) < ENTRIES:
                return
            after = (entries[-1].seq, entries[-1].part)

    async def _step(self, asked: Awaitable[T], *, writes: bool = False) -> T:
        """Queries the store, and pauses once the slice is over.

        A store of this process blocks the loop until it has answered; a query to another server
        delays no one.
        """
        began = self._clock.now()
        answer = await asked
        if writes or self._store.exclusive:
            self._worked += self._clock.now() - began
        self._steps += 1
        is_over = self._worked >= timedelta(seconds=SLICE_SECONDS)
        if is_over or self._steps >= SLICE_STEPS:
            pause, self._worked, self._steps = PAUSE_FACTOR * self._worked, timedelta(), 0
            await asyncio.sleep(0)
            await self._clock.wait(self._stop, self._clock.now() + pause)
        if self._stop.is_set():
            raise Stopping
        return answer


def _batches(rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
    """As large as one transaction may be."""
    batches: list[list[Row]] = []
    size = 0
    for row in rows:
        if not batches or size + len(row.document) > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(row)
        size += len(row.document)
    return batches
