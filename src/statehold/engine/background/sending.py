"""What one attempt sends to its instance while it runs.

1. One event at a time: the next one is queued once the one before it is committed or refused. So
   an attempt never has more than one request in the engine, and its events keep their order.
2. A full queue is waited for. What else refuses an event is raised in the effect.
3. Whether the attempt may still send is decided in the step (:mod:`..requests.effect_sends`). Once
   it is over here, it is refused at once, and threads that wait are woken.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from statehold.chart.payload import parse_event
from statehold.engine.commit.keys import key_of_effect
from statehold.engine.commit.queue import RequestQueue
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.effect_sends import EffectEvent
from statehold.engine.requests.texts import check_texts
from statehold.errors import AttemptOver, Overloaded, TooLarge
from statehold.instance.attempts import Attempt
from statehold.interpreter.snapshot import InFlight
from statehold.records import Ref
from statehold.wire.base import KEY_LIMIT

#: seconds before a full queue is asked again: the first time, and at most
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0


class Sending:
    """Made in the loop's thread. ``heard`` is called before and after each event."""

    def __init__(
        self,
        context: EngineContext,
        queue: RequestQueue,
        ref: Ref,
        effect: InFlight,
        known: Attempt,
        heard: Callable[[], None],
    ) -> None:
        self._context = context
        self._queue = queue
        self._ref = ref
        self._effect = effect
        self._known = known
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._turn = asyncio.Lock()
        #: guards the two below, which threads use
        self._lock = threading.Lock()
        self._is_over = False
        self._waiting: set[concurrent.futures.Future[None]] = set()

    def send(self, event: Any, key: str | None) -> Awaitable[None]:
        if threading.get_ident() != self._loop_thread:
            raise TypeError("call.send is for coroutines of the engine; here, call.send_blocking")
        return self._send(event, key)

    def send_blocking(self, event: Any, key: str | None) -> None:
        if threading.get_ident() == self._loop_thread:
            raise TypeError("call.send_blocking would stop the event loop: await call.send(...)")
        work = self._send(event, key)
        with self._lock:
            if self._is_over:
                work.close()
                raise self._over()
            try:
                sent = asyncio.run_coroutine_threadsafe(work, self._loop)
            except RuntimeError:
                # the loop was closed
                work.close()
                raise self._over() from None
            self._waiting.add(sent)
        try:
            sent.result()
        except concurrent.futures.CancelledError:
            raise self._over() from None
        finally:
            with self._lock:
                self._waiting.discard(sent)

    def end(self) -> None:
        """The attempt is over."""
        with self._lock:
            self._is_over = True
            waiting = list(self._waiting)
        for sent in waiting:
            sent.cancel()

    async def _send(self, event: Any, key: str | None) -> None:
        async with self._turn:
            wait = _FIRST_WAIT
            while True:
                if self._is_over:
                    raise self._over()
                self._heard()
                request = self._request(event, key)
                try:
                    self._queue.submit(request)
                    break
                except Overloaded:
                    await asyncio.sleep(wait)
                    wait = min(2 * wait, _LONGEST_WAIT)
            await request.future
            self._heard()

    def _request(self, event: Any, key: str | None) -> EffectEvent:
        definition = self._context.definition(self._ref.machine)
        if key is not None:
            check_texts("call.send", key=key)
            if not 1 <= len(key) <= KEY_LIMIT:
                raise TooLarge("the key of call.send", len(key), KEY_LIMIT, "characters")
            key = key_of_effect(self._effect.key, key)
        parsed, plain = parse_event(definition, event, self._context.limits.event_bytes)
        effect = (self._effect.key, self._effect.name)
        return EffectEvent(
            self._ref, definition, parsed, plain, effect=effect, known=self._known, key=key
        )

    def _over(self) -> AttemptOver:
        return AttemptOver(self._effect.name, self._known.attempt, self._ref.machine, self._ref.id)
