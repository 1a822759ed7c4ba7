"""What an effect answers in a test instead of doing its work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from statehold.chart.effect import Call

#: calls that a fake remembers
CALL_LIMIT = 10_000


@dataclass(slots=True, eq=False)
class Fake:
    """Made by :func:`succeed`, :func:`fail` or :func:`hold`; ``calls`` tells what it was given.

    Each call is a pair of the data and the :class:`statehold.Call`; the first ``CALL_LIMIT`` are
    kept.
    """

    answer: Callable[[Any, Call], Any]
    holds: bool = False
    calls: list[tuple[Any, Call]] = field(default_factory=list)
    #: keys of the calls that are held now
    waiting: set[str] = field(default_factory=set)
    _released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def keys(self) -> list[str]:
        """The key of each call, in order."""
        return [call.key for _, call in self.calls]

    def release(self) -> None:
        """Lets go what :func:`hold` holds, and what comes from now on."""
        self.waiting.clear()
        self._released.set()

    async def perform(self, data: Any, call: Call) -> Any:
        if len(self.calls) < CALL_LIMIT:
            self.calls.append((data, call))
        if self.holds:
            self.waiting.add(call.key)
            try:
                await self._released.wait()
            finally:
                self.waiting.discard(call.key)
        return self.answer(data, call)


def succeed(result: Any = None) -> Fake:
    """Answers with this result; a function is called with the data for each."""
    return Fake(lambda data, call: result(data) if callable(result) else result)


def fail(error: BaseException | str = "failed in the test", *, times: int | None = None) -> Fake:
    """Raises at each try, or at the first ``times`` tries of each key and then gives None."""
    raised = RuntimeError(error) if isinstance(error, str) else error

    def answer(data: Any, call: Call) -> None:
        if times is None or call.attempt <= times:
            raise raised

    return Fake(answer)


def hold(result: Any = None) -> Fake:
    """Does not come back before :meth:`Fake.release`; then answers with this result."""
    return Fake(lambda data, call: result, holds=True)
