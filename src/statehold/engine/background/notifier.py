"""Tells other workers what changed, and hears it from them: always late, sometimes never.

A hint goes out after its commit, outside every transaction, several commits at once. It only
spares waiting: whoever misses one finds the same by asking the store, as all do from time to time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from statehold.engine.log_fields import about, logger
from statehold.engine.requests.context import Runtime
from statehold.errors import StateholdError
from statehold.records import Ref
from statehold.store import Hint, Store

log = logger(__name__)

#: seconds for which hints are gathered before they go out together
GATHER_SECONDS = 0.05
#: the same where there are too many to name, since whoever hears that looks at everything
MANY_SECONDS = 1.0
#: instances that are named in one hint; of more it only says that there are many
NAMED = 100


class Notifier:
    """``heard`` is called with each hint of another worker."""

    def __init__(self, store: Store, runtime: Runtime, heard: Callable[[Hint], None]) -> None:
        self._store = store
        self._runtime = runtime
        self._heard = heard
        #: how many did not go out
        self.lost = 0
        self._changed: set[Ref] = set()
        self._mail = False
        self._due = False
        self._documents = False
        self._any = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        if not self._store.exclusive:
            self._store.listen(self._heard)
            self._task = asyncio.create_task(self._run(), name="statehold notifier")

    async def close(self) -> None:
        """Tells what was not told yet: others go on with what this worker leaves."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            if self._any.is_set():
                await self._tell()

    def changed(self, ref: Ref, *, mail: bool, due: bool = False) -> None:
        """An instance was committed; ``mail``: with messages that others may have to deliver;
        ``due``: with something that others have to do now."""
        if len(self._changed) <= NAMED:
            self._changed.add(ref)
        self._mail = self._mail or mail
        self._due = self._due or due
        self._any.set()

    def put(self) -> None:
        """A machine was put."""
        self._documents = True
        self._any.set()

    async def _run(self) -> None:
        never = asyncio.Event()
        while True:
            await self._any.wait()
            until = self._runtime.now() + timedelta(seconds=GATHER_SECONDS)
            await self._runtime.clock.wait(never, until)
            if len(self._changed) > NAMED:
                until += timedelta(seconds=MANY_SECONDS)
                await self._runtime.clock.wait(never, until)
            await self._tell()

    async def _tell(self) -> None:
        self._any.clear()
        changed = tuple(sorted(self._changed)) if len(self._changed) <= NAMED else None
        hint = Hint(changed, self._mail, self._due, self._documents)
        self._changed, self._mail, self._due = set(), False, False
        self._documents = False
        try:
            await self._store.tell(hint)
        except StateholdError as error:
            self.lost += 1
            log.info("a hint was lost: %s", error, extra=about(self._runtime))
        except Exception:
            # a bug, ours or the store's; without this task others would only find things late
            self.lost += 1
            log.exception("a hint was lost", extra=about(self._runtime))
