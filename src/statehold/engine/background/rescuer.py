"""Takes over the work of dead workers, and resolves commits whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from statehold.engine.background.task import BackgroundTask
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.commit.set_aside import SetAside
from statehold.engine.log_fields import about, logger
from statehold.engine.queries.watchers import Watchers
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.effect_results import Rescue
from statehold.errors import InstanceUnreadable, StateholdError, Unavailable
from statehold.instance.attempts import WAITING
from statehold.records import Ref, Row
from statehold.store import PAGE_LIMIT, Store

log = logger(__name__)

#: seconds after a failed commit, each from the last look, at which its outcome is looked up: a
#: store that is slow or far away may still write it when no one waits for it any more
LOOKS_SECONDS = (1.0, 4.0, 10.0, 30.0)


class Rescuer:
    """A worker that holds effects and has no lease is dead. Where one process owns the store, every
    other worker is.
    """

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        set_aside: SetAside,
        watchers: Watchers,
    ) -> None:
        self._store = store
        self._context = context
        self._queue = queue
        self._set_aside = set_aside
        self._watchers = watchers
        #: when to look at it next, and how often that was done
        self._doubtful: dict[Ref, tuple[datetime, int]] = {}
        #: the same for all that this worker holds, where they are too many to be kept one by one
        self._all_doubtful: tuple[datetime, int] | None = None
        self._looking = False
        self._task = BackgroundTask(
            context,
            "rescuer",
            self._walk,
            log,
            "the work of dead workers could not be taken over",
            retry_seconds=context.limits.poll_seconds,
        )

    def open(self) -> None:
        self._task.start(None)

    async def close(self) -> None:
        await self._task.stop()

    def doubt(self, refs: Iterable[Ref]) -> None:
        """A commit of these instances failed, but may have been written. Then the store has effects
        as this worker's that were never started."""
        first = self._context.now() + timedelta(seconds=LOOKS_SECONDS[0])
        for ref in refs:
            self._doubtful[ref] = (first, 0)
            # if it was written all the same, they would not be woken before the next step
            self._watchers.publish(ref)
        if len(self._doubtful) > self._context.limits.doubtful:
            self._doubtful.clear()
            self._all_doubtful = (first, 0)
        self._task.wake()

    def look(self) -> None:
        """Looks for the work of dead workers."""
        self._looking = True
        self._task.wake()

    async def rescue(self) -> int:
        """Frees everything that dead workers hold; returns how many instances that were.

        One that can't be freed is set aside: it must not keep others from being freed.
        """
        rescued = 0
        seen: set[tuple[Ref, int]] = set()
        while rows := await self._orphans():
            # after the rows were read: a worker that held one of them and is not alive now is dead
            # for good, while one that joins meanwhile can't be mistaken for it
            alive = await self._store.workers()
            held = {worker for row in rows for worker in row.held_by}
            dead = held.difference(alive, WAITING)
            requests = [Rescue(row.ref, dead) for row in rows]
            failed: list[tuple[Row, StateholdError]] = []
            for row, ended in zip(rows, await self._queue.ask_all(requests), strict=True):
                if isinstance(ended, Unavailable):
                    raise ended
                if isinstance(ended, StateholdError):
                    failed.append((row, ended))
                elif isinstance(ended, BaseException):
                    raise ended
                elif (row.ref, row.rev) in seen:
                    why = f"it is held by {', '.join(row.held_by)}, and nothing of it can be freed"
                    failed.append((row, InstanceUnreadable(row.machine, row.id, row.version, why)))
                else:
                    rescued += 1
            stuck = [row for row in rows if self._set_aside.has(row)]
            await self._set_aside.add(failed)
            new = [row for row in rows if (row.ref, row.rev) not in seen]
            apart = [row for row in rows if self._set_aside.has(row)]
            if not new and len(apart) == len(stuck):
                # nothing has changed: they would be found again and again
                break
            seen.update((row.ref, row.rev) for row in new)
        return rescued

    async def _orphans(self) -> Sequence[Row]:
        # what waits for a worker with a free slot is not dead; effect runners take it
        living = (*await self._store.workers(), *WAITING)
        return await self._store.orphans(self._context.machines, living, self._context.limits.page)

    async def _walk(self) -> datetime | None:
        is_wanted, self._looking = self._looking, False
        try:
            if is_wanted:
                await self.rescue()
            await self._settle()
        except Exception:
            # by then others may have died, too
            self._looking = True
            raise
        looks = [moment for moment, _ in self._doubtful.values()]
        if self._all_doubtful is not None:
            looks.append(self._all_doubtful[0])
        return min(looks, default=None)

    async def _settle(self) -> None:
        """Finds out whether commits in doubt were written, where it is time to look."""
        now, page = self._context.now(), self._context.limits.page
        due = [(ref, looks) for ref, (moment, looks) in self._doubtful.items() if moment <= now]
        for ref, looks in due[:page]:
            # first, since it may be doubted anew while it is looked at
            again = _next_look(now, looks)
            if again is None:
                del self._doubtful[ref]
            else:
                self._doubtful[ref] = again
        await self._compare([ref for ref, _ in due[:page]])
        if self._all_doubtful is not None and self._all_doubtful[0] <= now:
            looks = self._all_doubtful[1]
            self._all_doubtful = _next_look(now, looks)
            if not await self._compare_all() and self._all_doubtful is None:
                # effects that run hide the rest, and end some time: repeated until all was seen
                self._all_doubtful = (now + timedelta(seconds=LOOKS_SECONDS[-1]), looks)

    async def _compare_all(self) -> bool:
        """Compares all that this worker holds by the store with what it performs; True if it saw
        all of it. What is freed makes room for more in the next page."""
        worker = self._context.worker
        seen: set[Ref] = set()
        while True:
            living = {*await self._store.workers(), *WAITING}.difference([worker])
            rows = await self._store.orphans(self._context.machines, tuple(living), PAGE_LIMIT)
            refs = [row.ref for row in rows if worker in row.held_by and row.ref not in seen]
            if not refs:
                return len(rows) < PAGE_LIMIT
            seen.update(refs)
            await self._compare(refs)

    async def _compare(self, refs: Sequence[Ref]) -> None:
        ended = await self._queue.ask_all(
            [Rescue(ref, (), self._context.capacity.performs) for ref in refs]
        )
        for ref, error in zip(refs, ended, strict=True):
            if isinstance(error, StateholdError):
                extra = about(self._context, ref)
                log.warning("%s/%s is still in doubt: %s", ref.machine, ref.id, error, extra=extra)
                if isinstance(error, Unavailable):
                    self.doubt([ref])
            elif isinstance(error, BaseException):
                raise error


def _next_look(now: datetime, looks: int) -> tuple[datetime, int] | None:
    """After so many looks; None after the last one."""
    if looks + 1 == len(LOOKS_SECONDS):
        return None
    return now + timedelta(seconds=LOOKS_SECONDS[looks + 1]), looks + 1
