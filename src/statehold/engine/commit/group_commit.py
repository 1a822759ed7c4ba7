"""The group commit: requests that arrive during a commit share the next one.

Each batch passes through these stages:

1. ``queue``: the requests that wait are taken out, those of one instance in their order.
2. ``deduplicate``: requests whose key was used before are answered as the first time.
3. ``lookup``: instances that are not in the ``cache`` are loaded in one query; each gets a draft.
4. ``apply``: each request is applied to the draft of its instance. A refusal affects no other
   request.
5. ``write``: all changed drafts are committed in one transaction. A draft whose compare-and-set is
   lost is dropped, the instance leaves the cache, and its requests go into the next batch.
6. ``answer``: the requests are answered.
7. ``after_commit``: effects begin; timers, messages, watchers and other workers are woken.

A batch never waits for more requests: a single caller gets a commit of its own, and the more
callers there are, the more share one. On a database server, one batch is applied while another, of
other instances, is committed. No request is answered, and no effect runs, before its commit.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from statehold.engine.commit.after_commit import AfterCommit
from statehold.engine.commit.answer import Answerer
from statehold.engine.commit.apply import Applier
from statehold.engine.commit.cache import Cache
from statehold.engine.commit.deduplicate import Deduplicator
from statehold.engine.commit.lookup import Lookup
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.commit.write import BatchWriter, Committed, Written
from statehold.engine.log_fields import about, logger
from statehold.engine.observer import call_safely
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request
from statehold.errors import LeaseLost, StateholdError, StoreUnavailable, described
from statehold.records import Ref
from statehold.store import PAGE_LIMIT, Store, WriteResult

log = logger(__name__)


class GroupCommit:
    def __init__(
        self,
        store: Store,
        context: EngineContext,
        queue: RequestQueue,
        cache: Cache,
        lookup: Lookup,
        after: AfterCommit,
    ) -> None:
        self._store = store
        self._context = context
        self._observer = context.observer
        self._queue = queue
        self._cache = cache
        self._lookup = lookup
        self._deduplicator = Deduplicator(store, lookup)
        self._applier = Applier(context, after.newer_version_met, exclusive=store.exclusive)
        self._writer = BatchWriter(store, context)
        self._answerer = Answerer(context, cache)
        self._after = after
        self.tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        # a store that works on the loop's own thread leaves no time to overlap
        overlapping = 1 if self._store.exclusive else self._context.limits.turns
        self.tasks = [
            asyncio.create_task(self._run(), name=f"statehold group commit {n + 1}")
            for n in range(overlapping)
        ]

    async def close(self) -> None:
        """Commits what waits, then stops."""
        self._queue.close()
        await asyncio.gather(*self.tasks)

    async def _run(self) -> None:
        queue, observer = self._queue, self._observer
        while batch := await queue.take():
            back: set[Request] = set()
            try:
                await self._trip(batch, back)
            except LeaseLost as error:
                # nothing was written, so nothing is in doubt
                self._cache.clear()
                self._after.lease_lost()
                _reject(batch, error)
            except StateholdError as error:
                self._fail(batch, error)
            except Exception as error:
                # a bug of ours must not leave callers waiting, nor end the engine
                log.exception("a batch failed", extra=about(self._context))
                self._fail(batch, StoreUnavailable(described(error)))
            finally:
                queue.end(batch, back)
            if observer is not None:
                answered = [request for request in batch if request.future.done()]
                call_safely(observer.answered, answered, time.perf_counter())

    async def _trip(self, batch: Sequence[Request], back: set[Request]) -> None:
        """``back`` gets the requests that go into another batch."""
        batch = await self._deduplicator.without_repeats(batch, back)
        drafts, fresh = await self._lookup.drafts(batch)
        for request in batch:
            if request.wants_held_mail:
                request.held_mail = await self._store.held_mail(request.ref, PAGE_LIMIT)
        applied = self._applier.apply(batch, drafts, fresh, back)
        if applied is None:
            return
        changed = [draft for draft in drafts.values() if draft.touched]
        committed = await self._writer.commit(changed) if changed else []
        outcomes = self._keep(committed)
        back.update(self._answerer.answer(applied, outcomes))
        for draft, loaded, outcome in committed:
            if outcome is WriteResult.WRITTEN:
                self._after.committed(draft, loaded)

    def _keep(self, committed: Sequence[Committed]) -> dict[Ref, Written]:
        """Keeps what was written in the cache; gives the outcomes."""
        outcomes: dict[Ref, Written] = {}
        for draft, loaded, outcome in committed:
            outcomes[draft.ref] = outcome
            if outcome is WriteResult.WRITTEN:
                self._cache.put(draft.ref, loaded)
        return outcomes

    def _fail(self, batch: Sequence[Request], error: StateholdError) -> None:
        """Whether the batch was written is not known: what is cached of it may be wrong."""
        refs = dict.fromkeys(request.ref for request in batch)
        self._cache.drop(refs)
        self._after.doubted(refs)
        _reject(batch, error)


def _reject(requests: Sequence[Request], error: StateholdError) -> None:
    for request in requests:
        request.reject(error)
