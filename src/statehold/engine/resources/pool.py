"""The open resources of one worker.

1. Each resource has a task of its own, which opens it, waits, and closes it: what it opened may
   belong to that task. It opens when those that it needs are open.
2. An engine that opens waits for the first try of all, ``resource_seconds`` at most.
3. One that fails to open is tried again, after a second, then after twice as long each time, up to
   a minute. Until then attempts that need it fail. The worker goes on.
4. They are closed in the reverse order, in ``resource_seconds`` together. One that fails to close,
   or takes longer, does not keep the others open.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

from statehold.define.function import name_of
from statehold.engine.background.subtasks import Exited, SubtaskFactory, in_attempt
from statehold.engine.log_fields import about, logger
from statehold.engine.observer import ResourceStats
from statehold.engine.raised import by_signal
from statehold.engine.requests.context import EngineContext
from statehold.engine.resources.provider import Provider
from statehold.engine.resources.providers import Providers
from statehold.errors import ResourceUnavailable, described
from statehold.instance.tracebacks import at, trace_of

log = logger(__name__)

#: seconds between the first two tries, and the longest between two
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
#: seconds that one has to close when the time of all is up, and to end when it is cancelled
LAST_SECONDS = 0.5

_OPENING = "it is being opened"


class ResourcePool:
    def __init__(self, context: EngineContext, providers: Providers) -> None:
        self._context = context
        self._providers = providers
        self._held: dict[Provider, _Held] = {}
        self._guard: SubtaskFactory | None = None

    async def open(self) -> None:
        """Returns once each was tried, or the time for it is up. Raises nothing of theirs."""
        for provider in self._providers.ordered:
            needs = [self._held[self._found(one.type)] for one in provider.needs]
            self._held[provider] = _Held(self._context, self._providers, provider, needs)
        if not self._held:
            return
        # else an exit in a task that a provider starts would end the worker
        self._guard = SubtaskFactory(asyncio.get_running_loop())
        tries = [asyncio.ensure_future(held.tried.wait()) for held in self._held.values()]
        for held in self._held.values():
            held.start()
        try:
            await asyncio.wait(tries, timeout=self._context.limits.resource_seconds)
        finally:
            for one in tries:
                one.cancel()

    async def close(self) -> None:
        try:
            await self._close()
        finally:
            if self._guard is not None:
                self._guard.end()

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._context.limits.resource_seconds
        for held in reversed(self._held.values()):
            await held.close(max(LAST_SECONDS, until - loop.time()))

    def get(self, type_: Any) -> Any:
        """The open resource of the type; raises ``ResourceUnavailable``."""
        held = self._held[self._found(type_)]
        if held.why:
            raise ResourceUnavailable(held.provider.shown, held.why)
        return held.value

    def redacted(self, text: str) -> str:
        return self._providers.redacted(text)

    def stats(self) -> dict[str, ResourceStats]:
        """By name."""
        return {
            held.provider.name: ResourceStats(not held.why, held.failures)
            for held in self._held.values()
        }

    def troubles(self) -> list[str]:
        return [
            f"resource {held.provider.shown} is not open, attempts that need it fail: {held.why}"
            for held in self._held.values()
            if held.why
        ]

    def _found(self, type_: Any) -> Provider:
        found = self._providers.find(type_)
        if found is None:
            # of an effect that was offered to machines while this ran
            raise ResourceUnavailable(name_of(type_), "nothing provides it")
        return found


class _Held:
    """One resource. ``why`` is why it is not open; empty if it is."""

    def __init__(
        self,
        context: EngineContext,
        providers: Providers,
        provider: Provider,
        needs: list[_Held],
    ) -> None:
        self.provider = provider
        self.value: Any = provider.value
        self.why = _OPENING
        #: tries that failed
        self.failures = 0
        #: whether it was tried to open it
        self.tried = asyncio.Event()
        self._context = context
        self._providers = providers
        self._needs = needs
        self._needed_by: list[_Held] = []
        self._stopping = asyncio.Event()
        #: one that it needs has opened
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        for one in needs:
            one._needed_by.append(self)

    def start(self) -> None:
        if self.provider.open is None:
            self._is_open()
        else:
            self._task = asyncio.create_task(
                self._run(), name=f"statehold resource {self.provider.name}"
            )

    async def close(self, seconds: float) -> None:
        was_open, self.why = not self.why, "it is closed"
        self._stopping.set()
        if self._task is None:
            return
        if not was_open:
            self._task.cancel()
        _, left = await asyncio.wait([self._task], timeout=seconds)
        if left and was_open:
            self._log("resource %s did not close in time, and is broken off")
            self._task.cancel()
            _, left = await asyncio.wait([self._task], timeout=LAST_SECONDS)
        if left:
            self._log("resource %s ignores its cancellation and goes on")
        elif not self._task.cancelled() and (error := self._task.exception()) is not None:
            # a signal's, which has left the loop, too
            self._log("resource %s was broken off by %s", described(error))

    async def _run(self) -> None:
        # of this task's own context, which those that it starts have from it
        in_attempt.set(True)
        clock, failed = self._context.clock, 0
        for one in self._needs:
            await one.tried.wait()
        while not self._stopping.is_set():
            self._woken.clear()
            opened = await self._open()
            if opened is not None:
                await self._stopping.wait()
                await self._exit(opened)
                return
            failed += 1
            seconds = min(FIRST_SECONDS * 2 ** min(failed - 1, 16), LONGEST_SECONDS)
            await clock.wait(self._woken, clock.now() + timedelta(seconds=seconds))

    async def _open(self) -> AbstractAsyncContextManager[Any] | None:
        """What is to be closed later; None where it failed."""
        closed = [one for one in self._needs if one.why]
        if closed:
            self._failed(f"it needs {closed[0].provider.shown}, which is not open")
            return None
        assert self.provider.open is not None
        seconds = self._context.limits.resource_seconds
        limit = asyncio.timeout(seconds)
        try:
            manager = self.provider.open(*(one.value for one in self._needs))
            async with limit:
                self.value = await manager.__aenter__()
        except BaseException as error:  # noqa: BLE001 - kept, and shown by /ready
            self._raise_if_not_its_own(error)
            self.failures += 1
            late = isinstance(error, TimeoutError) and limit.expired()
            why = f"no answer within {seconds:g} s" if late else _described(error)
            self._failed(self._providers.redacted(why), "" if late else at(trace_of(error)))
            return None
        if self._stopping.is_set():
            return manager
        self._is_open()
        return manager

    async def _exit(self, manager: AbstractAsyncContextManager[Any]) -> None:
        try:
            await manager.__aexit__(None, None, None)
        except BaseException as error:  # noqa: BLE001 - the others are closed, too
            self._raise_if_not_its_own(error)
            why = self._providers.redacted(_described(error)) + at(trace_of(error))
            self._log("resource %s failed to close: %s", why)

    def _raise_if_not_its_own(self, error: BaseException) -> None:
        """Raises what came to this task from outside."""
        task = asyncio.current_task()
        if by_signal(error) or isinstance(error, GeneratorExit):
            raise error
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise error

    def _failed(self, why: str, place: str = "") -> None:
        if why != self.why:
            # one line as long as it is the same
            self._log("resource %s is not open, and attempts that need it fail: %s", why + place)
        self.why = why
        self.tried.set()

    def _is_open(self) -> None:
        if self.why != _OPENING:
            log.info("resource %s is open now", self.provider.shown, extra=self._about())
        self.why = ""
        self.tried.set()
        for one in self._needed_by:
            one._woken.set()

    def _log(self, what: str, *more: str) -> None:
        log.warning(what, self.provider.shown, *more, extra=self._about())

    def _about(self) -> dict[str, Any]:
        return about(self._context, resource=self.provider.name)


def _described(error: BaseException) -> str:
    if isinstance(error, Exited) and error.__cause__ is not None:
        error = error.__cause__
    return described(error)
