"""Reads instances again that were set aside because they could not be read.

A newer release may be able to read them. An instance that this process set aside is not read again
until its row is written or another version of its machine is deployed: nothing else can change the
outcome.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from statehold.engine.background.task import BackgroundTask
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.repair import Reread
from statehold.errors import InstanceUnreadable, StateholdError
from statehold.instance.loaded import load
from statehold.records import Ref, Row
from statehold.store import Store

log = logger(__name__)

#: between two walks
EVERY = timedelta(seconds=60)


class Rereader:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        set_aside: SetAside,
    ) -> None:
        self._store = store
        self._context = context
        self._queue = queue
        self._set_aside = set_aside
        self._task = BackgroundTask(
            context,
            "rereader",
            self._walk,
            log,
            "instances that are set aside could not be queried",
            retry_seconds=EVERY.total_seconds(),
        )

    def open(self) -> None:
        self._task.start(self._context.now())

    async def close(self) -> None:
        await self._task.stop()

    def look(self) -> None:
        """A machine was deployed: it may read what another version could not."""
        self._task.wake()

    async def _walk(self) -> datetime:
        after: Ref | None = None
        size = self._context.limits.page
        while True:
            rows = await self._store.set_aside_rows(self._context.machines, after, size)
            requests = [
                Reread(row.ref, self._context.capacity.performs, row)
                for row in rows
                if self._can_be_read(row)
            ]
            for request, ended in zip(requests, await self._queue.ask_all(requests), strict=True):
                if isinstance(ended, Exception):
                    extra = about(self._context, request.ref)
                    log.warning("an instance stays set aside: %s", ended, extra=extra)
            if len(rows) < size:
                return self._context.now() + EVERY
            after = rows[-1].ref

    def _can_be_read(self, row: Row) -> bool:
        if self._set_aside.has(row):
            return False
        try:
            load(self._context.definition(row.machine), row)
        except InstanceUnreadable:
            self._set_aside.remember(row)
            return False
        except StateholdError:
            return False
        return True
