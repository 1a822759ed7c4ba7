"""The queue of requests, where each waits until a batch takes it.

1. Requests for one instance leave in the order in which they came; machines take turns.
2. An instance is in one batch at a time. Requests for one that is in a batch wait for its end.
3. The queue is bounded: one more request is ``Overloaded``. Where several machines run, each has a
   share of the bound that no other can fill.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

from statehold.engine.commit.fair_queue import FairQueue
from statehold.engine.observer import call_safely
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request
from statehold.errors import Overloaded, Stopping
from statehold.records import Ref

#: requests that are worth two batches, one to be applied while the other is committed
WORTH_HALVING = 16


class RequestQueue:
    """``overlapping``: several tasks take batches from it."""

    def __init__(self, context: EngineContext, *, overlapping: bool) -> None:
        self._context = context
        self._observer = context.observer
        self._tracer = context.tracer
        self._overlapping = overlapping
        self._most_waiting = context.limits.waiting
        self._waiting = FairQueue()
        self._arrived = asyncio.Event()
        #: instances in a batch, with the requests that wait for its end
        self._busy: dict[Ref, list[Request]] = {}
        self._blocked = 0
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many requests are in no batch yet."""
        return len(self._waiting) + self._blocked

    def close(self) -> None:
        """Takes no more requests; those that wait are still taken out."""
        self._closing = True
        self._arrived.set()

    # --- what requests come through ---

    async def ask(self, request: Request) -> Any:
        """The answer to a request, once it is committed; raises what refused it."""
        self.submit(request)
        return await request.future

    async def ask_all(self, requests: Sequence[Request]) -> list[Any]:
        """The answers to all of them; what refused one stands in its place. Raises ``Stopping``."""
        for request in requests:
            try:
                self.submit(request)
            except Overloaded as error:
                # those before it are queued and are waited for all the same
                request.reject(error)
        return await asyncio.gather(
            *(request.future for request in requests), return_exceptions=True
        )

    def submit(self, request: Request) -> None:
        """Queues a request; raises ``Overloaded`` or ``Stopping``."""
        if self._closing:
            raise Stopping
        waiting = len(self._waiting) + self._blocked
        if waiting >= self._most_waiting and not self._has_room(request.ref.machine):
            if self._observer is not None:
                call_safely(self._observer.overloaded, request)
            raise Overloaded(waiting, self._most_waiting)
        if self._observer is not None:
            request.asked_at = time.perf_counter()
        if self._tracer is not None:
            call_safely(self._tracer.asked, request)
        self._waiting.put(request)
        self._arrived.set()

    def _has_room(self, machine: str) -> bool:
        """Whether the machine has not filled its own share of the bound."""
        share = self._most_waiting // max(1, len(self._context.definitions))
        return len(self._context.definitions) > 1 and self._waiting.of(machine) < share

    # --- what commits take out ---

    async def take(self) -> list[Request]:
        """The next batch, as soon as any request waits; empty once the queue is closed and empty.
        Each batch is given back with :meth:`end`."""
        while True:
            await self._arrived.wait()
            if not self._waiting:
                if self._closing:
                    # still set, for the other tasks that wait for it
                    return []
                self._arrived.clear()
            elif batch := self._batch():
                return batch

    def _batch(self) -> list[Request]:
        waiting, busy, most = self._waiting, self._busy, self._context.limits.batch
        if self._overlapping and not busy and len(waiting) >= WORTH_HALVING:
            # one half is applied while the other is committed
            most = min(most, len(waiting) // 2)
        batch: list[Request] = []
        while waiting and len(batch) < most:
            request = waiting.take()
            # its caller has gone, or it was refused with the batch that put it back
            if request.future.done():
                continue
            blocked = busy.get(request.ref)
            if blocked is None:
                batch.append(request)
            else:
                blocked.append(request)
                self._blocked += 1
        for request in batch:
            busy.setdefault(request.ref, [])
        return batch

    def end(self, batch: Sequence[Request], back: Collection[Request]) -> None:
        """The batch is over: those that it puts ``back`` come first again, then those that waited
        for its end."""
        first = [request for request in batch if request in back] if back else []
        for ref in dict.fromkeys([request.ref for request in batch]):
            blocked = self._busy.pop(ref)
            if blocked:
                self._blocked -= len(blocked)
                first += blocked
        if first:
            self._waiting.put_back(first)
            self._arrived.set()
