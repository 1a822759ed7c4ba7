"""One walk along a machine's finished instances: each is written out, synced, and only then purged.

It goes in short slices with pauses between them, three times as long as the slices, so that traffic
never waits for more than one statement. Broken off anywhere it loses nothing: an instance that was
written out and not purged is found, and written out, again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta

from statehold import wire
from statehold.engine.archive import Archive
from statehold.engine.clock import Clock
from statehold.engine.limits import Limits
from statehold.engine.retention import is_settled
from statehold.errors import Stopping
from statehold.store import Entry, Ref, Row, Store

#: how long it works before it makes a pause, and how many times as long the pause is
SLICE_SECONDS = 0.005
PAUSE_FACTOR = 3
#: entries that are read at once to be written out
ENTRIES = 100
#: bytes of documents that are purged in one transaction, beyond the first
BATCH_BYTES = 4_000_000

#: told of instances that are gone, before anything else can happen
Gone = Callable[[Iterable[Ref]], None]


class Purge:
    """``stop`` ends it early, with ``Stopping``, at the next pause."""

    def __init__(
        self, store: Store, clock: Clock, limits: Limits, stop: asyncio.Event, gone: Gone
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._stop = stop
        self._gone = gone
        self._slice_began = clock.now()

    async def run(
        self,
        machine: str,
        before: datetime,
        archive: Archive | None = None,
        *,
        dry_run: bool = False,
        claim: bool = False,
    ) -> wire.PurgeReport:
        """Purges what ended by ``before`` and has nothing under way; a dry run only counts it.

        ``claim``: other workers may be doing the same, and each takes what no other has. What has
        something under way is then not even looked at, and ``kept`` does not count it.
        """
        purged = kept = 0
        cursor: str | None = None
        while True:
            now = self._clock.now() if claim else None
            until = now and now + timedelta(seconds=self._limits.purge_claim_seconds)
            page = await self._store.finished(
                machine, before, self._limits.purge_page, cursor, now, until
            )
            await self._breathe()
            mailed = await self._store.mailed([row.ref for row in page.rows])
            settled = [row for row in page.rows if is_settled(row) and row.ref not in mailed]
            gone = len(settled) if dry_run else await self._purge(settled, archive)
            purged += gone
            kept += len(page.rows) - gone
            cursor = page.cursor
            if cursor is None:
                break
            await self._breathe()
        return wire.PurgeReport(
            machine=machine, before=before, purged=purged, kept=kept, dry_run=dry_run
        )

    async def sweep(self) -> None:
        """Gives back what forgotten instances' journals take up, all of it."""
        while await self._store.sweep(self._limits.purge_entries):
            await self._breathe()

    async def _purge(self, rows: Sequence[Row], archive: Archive | None) -> int:
        if archive is not None:
            for row in rows:
                await archive.add(row, self._journal(row.ref))
                await self._breathe()
            await archive.sync()
        purged = 0
        for batch in _batches(rows):
            told = await self._store.forget(batch)
            gone = [row.ref for row, is_gone in zip(batch, told, strict=True) if is_gone]
            self._gone(gone)
            purged += len(gone)
            await self._breathe()
            await self.sweep()
        return purged

    async def _journal(self, ref: Ref) -> AsyncIterator[Sequence[Entry]]:
        after = (0, -1)
        while True:
            entries = await self._store.journal(ref, after, ENTRIES)
            if entries:
                yield entries
            if len(entries) < ENTRIES:
                return
            after = (entries[-1].seq, entries[-1].part)
            await self._breathe()

    async def _breathe(self) -> None:
        """Lets others go on; for longer once the slice is over."""
        await asyncio.sleep(0)
        spent = self._clock.now() - self._slice_began
        if spent >= timedelta(seconds=SLICE_SECONDS):
            await self._clock.wait(self._stop, self._clock.now() + PAUSE_FACTOR * spent)
            self._slice_began = self._clock.now()
        if self._stop.is_set():
            raise Stopping


def _batches(rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
    """As large as one transaction may be."""
    batches: list[list[Row]] = []
    size = BATCH_BYTES
    for row in rows:
        if size + len(row.document) > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(row)
        size += len(row.document)
    return batches
