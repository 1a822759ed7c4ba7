"""Tasks that an effect starts: an exit in one of them ends the attempt, and not the process.

asyncio hands ``SystemExit`` and ``KeyboardInterrupt`` of a task to its loop, past those that await
the task: ``sys.exit()`` within ``asyncio.wait_for`` or a ``TaskGroup`` would end the worker, and
the next one that takes the attempt over. Those that await it get :class:`Exited` instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import ContextVar
from typing import Any

from statehold.engine.raised import by_signal
from statehold.errors import described

#: whether this is the context of an attempt; tasks inherit it
in_attempt: ContextVar[bool] = ContextVar("statehold_in_attempt", default=False)


class Exited(BaseException):
    """A task that an effect has started ended with an exit, which is the cause."""


class SubtaskFactory:
    """The task factory of a loop in which effects run. It wraps the factory that the loop had."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._before: Any = loop.get_task_factory()
        # one and the same object, by which it is known again
        self._mine = self._make
        loop.set_task_factory(self._mine)

    def end(self) -> None:
        """Restores the factory, unless another one was set meanwhile."""
        if self._loop.get_task_factory() is self._mine:
            self._loop.set_task_factory(self._before)

    def _make(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **how: Any
    ) -> asyncio.Future[Any]:
        if in_attempt.get():
            coroutine = _Contained(coroutine)
        if self._before is not None:
            made: asyncio.Future[Any] = self._before(loop, coroutine, **how)
            return made
        return asyncio.Task(coroutine, loop=loop, **how)


class _Contained(Coroutine[Any, Any, Any]):
    """A coroutine whose exits become :class:`Exited`. Closing it closes the coroutine inside, also
    before the first step."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def send(self, value: Any) -> Any:
        try:
            return self._coroutine.send(value)
        except (SystemExit, KeyboardInterrupt) as error:
            raise _exit_of(error) from error

    def throw(self, *error: Any) -> Any:
        try:
            return self._coroutine.throw(*error)
        except (SystemExit, KeyboardInterrupt) as raised:
            raise _exit_of(raised) from raised

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coroutine.__await__()


def _exit_of(error: BaseException) -> Exited:
    if by_signal(error):
        raise error
    return Exited(described(error))
