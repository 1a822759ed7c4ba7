"""Best-effort notifications between workers.

A hint is sent after its commit, outside every transaction, one for several commits. It only saves
waiting: a worker that misses one finds the same when it polls the store.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import logger
from statehold.engine.requests.context import EngineContext
from statehold.records import Ref
from statehold.store import Hint, Store

log = logger(__name__)

#: seconds for which hints are gathered before they go out together
GATHER_SECONDS = 0.05
#: the same where there are too many to name, as then others look at everything
MANY_SECONDS = 1.0
#: instances that are named in one hint; a hint of more names none
NAMED = 100


class Notifier:
    """``heard`` is called with each hint of another worker."""

    def __init__(self, store: Store, context: EngineContext, heard: Callable[[Hint], None]) -> None:
        self._store = store
        self._context = context
        self._heard = heard
        self._changed: set[Ref] = set()
        self._mail = False
        self._due = False
        self._documents = False
        self._task = BackgroundTask(
            context,
            "notifier",
            self._walk,
            log,
            "a hint was lost",
            gather_seconds=GATHER_SECONDS,
            level=logging.INFO,
        )

    @property
    def lost(self) -> int:
        """How many hints did not go out."""
        return self._task.failures

    def open(self) -> None:
        if not self._store.exclusive:
            self._store.listen(self._heard)
            self._task.start(None)

    async def close(self) -> None:
        """Sends what was not sent yet: others continue what this worker leaves."""
        await self._task.stop()
        is_left = self._changed or self._mail or self._due or self._documents
        if is_left and not self._store.exclusive:
            await self._task.walk_once()

    def changed(self, ref: Ref, *, mail: bool, due: bool = False) -> None:
        """An instance was committed; ``mail``: with messages that others may have to deliver;
        ``due``: with something that others have to do now."""
        if len(self._changed) <= NAMED:
            self._changed.add(ref)
        self._mail = self._mail or mail
        self._due = self._due or due
        self._task.wake()

    def deployed(self) -> None:
        """A machine was deployed."""
        self._documents = True
        self._task.wake()

    async def _walk(self) -> None:
        if len(self._changed) > NAMED:
            until = self._context.now() + timedelta(seconds=MANY_SECONDS)
            await self._context.clock.wait(self._task.stopping, until)
        changed = tuple(sorted(self._changed)) if len(self._changed) <= NAMED else None
        hint = Hint(changed, self._mail, self._due, self._documents)
        self._changed, self._mail, self._due, self._documents = set(), False, False, False
        await self._store.notify(hint)
