"""Measures how far the store's standby is behind, so that it can be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import logger
from statehold.engine.requests.context import EngineContext
from statehold.store import Store

log = logger(__name__)

#: what is read is behind by this at most, beside what the standby itself is
LOOK_SECONDS = 0.5


class StandbyWatch:
    def __init__(self, store: Store, context: EngineContext) -> None:
        self._store = store
        self._context = context
        self._task = BackgroundTask(
            context,
            "standby watch",
            self._walk,
            log,
            "the standby was not looked at",
            retry_seconds=LOOK_SECONDS,
        )

    def open(self) -> None:
        if self._store.standby is not None:
            self._task.start(self._context.now())

    async def close(self) -> None:
        await self._task.stop()

    async def _walk(self) -> datetime | None:
        standby = self._store.standby
        if standby is None:
            return None
        await standby.look()
        return self._context.now() + timedelta(seconds=LOOK_SECONDS)
