"""Purges finished instances whose retention has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from statehold.chart.moment import earlier_or_first
from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.retention.archive import Archive
from statehold.engine.retention.policy import Retention
from statehold.engine.retention.purge import Gone, Purge
from statehold.errors import StateholdError, Stopping
from statehold.records import Caller
from statehold.store import Store
from statehold.wire.operations import PurgeReport

log = logger(__name__)


class Pruner:
    """Machines without a retention are not purged. With no retention at all the task only finishes
    what an interrupted walk has left.

    Workers that share a store may all do it: each claims what it finds.
    """

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        retention: Callable[[], Mapping[str, Retention]],
        gone: Gone,
    ) -> None:
        self._store = store
        self._context = context
        self._retention = retention
        self._gone = gone
        self._archives: dict[str, Archive] = {}
        every = context.limits.purge_seconds
        self._task = BackgroundTask(
            context, "pruner", self._walk, log, "nothing can be purged", retry_seconds=every
        )
        #: walks on request; set at the end of each
        self._asked: set[asyncio.Event] = set()

    def check(self) -> None:
        """Raises ``ArchiveFailed`` for an archive whose directory can't be used."""
        for machine, retention in self._retention().items():
            if retention.archive is not None:
                self._archives[machine] = self._archive(machine, retention)

    def open(self) -> None:
        self._task.start(self._context.now())

    async def close(self) -> None:
        """Ends every walk at its next step."""
        await self._task.stop(cancel=False)
        for ended in list(self._asked):
            await ended.wait()
        for archive in self._archives.values():
            await archive.close()

    async def purge(
        self, machine: str, retention: Retention, *, dry_run: bool, caller: Caller
    ) -> PurgeReport:
        """One walk, now. Raises ``ArchiveFailed``, ``Unavailable``, ``Stopping``."""
        if not self._context.identity.takes_requests:
            raise Stopping
        archive = None
        if retention.archive is not None:
            archive = self._archive(machine, retention)
        ended = asyncio.Event()
        self._asked.add(ended)
        try:
            before = earlier_or_first(self._context.now(), retention.finished_for)
            return await self._purge().run(machine, before, archive, dry_run=dry_run, caller=caller)
        finally:
            if archive is not None:
                await archive.close()
            ended.set()
            self._asked.discard(ended)

    async def _walk(self) -> datetime | None:
        await self._purge().sweep()
        # asked anew each time: machines are put while the engine runs
        kept = self._retention()
        for machine, retention in kept.items():
            await self._prune(machine, retention)
        if not kept:
            return None
        return self._context.now() + timedelta(seconds=self._context.limits.purge_seconds)

    async def _prune(self, machine: str, retention: Retention) -> None:
        before = earlier_or_first(self._context.now(), retention.finished_for)
        try:
            archive = self._archives.get(machine)
            if archive is None and retention.archive is not None:
                archive = self._archives[machine] = self._archive(machine, retention)
            report = await self._purge().run(machine, before, archive, claim=True)
        except Stopping:
            raise
        except StateholdError as error:
            # the other machines' archives may be there
            log.warning("nothing of %s can be purged: %s", machine, error)
            return
        if report.purged:
            log.info("%d of %s are purged, ended by %s", report.purged, machine, before)

    def _purge(self) -> Purge:
        context = self._context
        return Purge(self._store, context.clock, context.limits, self._task.stopping, self._gone)

    def _archive(self, machine: str, retention: Retention) -> Archive:
        assert retention.archive is not None
        context = self._context
        made = Archive(
            retention.archive, machine, context.worker, context.now, context.limits.archive_bytes
        )
        made.check()
        return made
