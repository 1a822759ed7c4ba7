"""An event loop for simulations: its time is virtual, and the seed says who runs next.

1. Nothing sleeps. When nothing is ready, time goes on to the next moment that something waits for.
2. Whatever is ready may run next; ``chance`` chooses. asyncio promises an order only to callbacks,
   and programs that need more than it promises are what we look for.
3. What runs belongs to an :class:`Owner`, as it would to a process: tasks and callbacks inherit it
   through their context. An owner that is frozen runs nothing until it is thawed, and one that is
   killed is never thawed: its tasks end where they stand, at an ``await``, and hand nothing back.
4. There are no threads, sockets or signals: asking for one is an error.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

#: handles run at one instant, after which something is taken to run in circles
STEPS_AT_ONCE = 200_000


class Stuck(Exception):
    """Nothing is ready and nothing waits for a moment, or time does not go on."""


class Owner:
    """Somebody who can be stopped as a whole: a process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_frozen = False
        #: what it would have run
        self.waiting: list[asyncio.Handle] = []
        #: kept, since a task that nobody knows is collected, which runs its ``finally`` blocks
        self.tasks: list[asyncio.Task[Any]] = []
        self.context = copy_context()
        self.context.run(_owner.set, self)

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls something as this owner."""
        return self.context.copy().run(function, *arguments)


_owner: ContextVar[Owner | None] = ContextVar("owner", default=None)


def owner() -> Owner | None:
    """Whose code runs now; None for the simulation's own."""
    return _owner.get()


class SimulatedLoop(asyncio.BaseEventLoop):
    """``steps`` counts what was run."""

    # what BaseEventLoop keeps; typeshed does not know it
    _ready: Any
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self._now = 0.0
        self._steps_at_once = 0
        self.steps = 0

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def freeze(self, one: Owner) -> None:
        one.is_frozen = True

    def thaw(self, one: Owner) -> None:
        one.is_frozen = False
        self._ready.extend(one.waiting)
        one.waiting.clear()

    def spawn(self, one: Owner, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task of this owner."""
        return self.create_task(work, context=one.context.copy())

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
        **kwargs: Any,
    ) -> asyncio.Task[T]:
        task: asyncio.Task[T] = super().create_task(coro, name=name, context=context, **kwargs)
        mine = _owner.get() if context is None else context.get(_owner)
        if mine is not None:
            mine.tasks.append(task)
        return task

    async def end(self, one: Owner) -> None:
        """Clears away what a killed owner has left, so that nothing is left pending; what its tasks
        still do is of no consequence."""
        self.thaw(one)
        while left := [task for task in one.tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left)
        one.tasks.clear()

    # --- what BaseEventLoop asks of its kinds ---

    def _run_once(self) -> None:
        if not self._ready:
            self._go_on()
        self._ripen()
        if not self._ready:
            return
        index = self._chance.randrange(len(self._ready))
        handle: asyncio.Handle = self._ready[index]
        del self._ready[index]
        if handle.cancelled():
            return
        self.steps += 1
        self._steps_at_once += 1
        if self._steps_at_once > STEPS_AT_ONCE:
            raise Stuck(f"{STEPS_AT_ONCE} steps at {self._now:.6f} s and no end; next is {handle}")
        mine: Owner | None = handle._context.get(_owner)  # type: ignore[attr-defined]
        if mine is not None and mine.is_frozen:
            mine.waiting.append(handle)
            return
        handle._run()

    def _go_on(self) -> None:
        """To the next moment that something waits for."""
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)
        if not self._scheduled:
            raise Stuck(f"at {self._now:.6f} s nothing is ready and nothing waits for a moment")
        if self._scheduled[0].when() > self._now:
            self._now = self._scheduled[0].when()
            self._steps_at_once = 0

    def _ripen(self) -> None:
        while self._scheduled and self._scheduled[0].when() <= self._now:
            self._ready.append(heapq.heappop(self._scheduled))

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled one is passed over when its time comes."""

    def _process_events(self, event_list: Any) -> None:
        raise NotImplementedError("a simulation has no sockets")

    def _write_to_self(self) -> NoReturn:
        raise RuntimeError("a simulation has one thread")

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> NoReturn:  # type: ignore[override]
        raise RuntimeError("a simulation has no threads; make the effect a coroutine function")


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    work.close()
    raise RuntimeError("it was to wait for nothing, and did wait")
