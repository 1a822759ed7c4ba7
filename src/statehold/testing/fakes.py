"""Fakes: results that effects return in a test instead of doing their work."""

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
    """Made by :func:`succeed`, :func:`fail` or :func:`hold`.

    ``calls`` are pairs of the data and the :class:`statehold.Call`; the first ``CALL_LIMIT`` are
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
        """Lets the held calls return, and all later ones."""
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
    """Returns this result; a function is called with the data each time."""
    return Fake(lambda data, call: result(data) if callable(result) else result)


def fail(
    error: BaseException | str = "failed in the test",
    *,
    times: int | None = None,
    result: Any = None,
) -> Fake:
    """Raises at each attempt, or at the first ``times`` attempts of each key; then it is
    :func:`succeed` with ``result``."""
    raised = RuntimeError(error) if isinstance(error, str) else error
    after = succeed(result)

    def answer(data: Any, call: Call) -> Any:
        if times is None or call.attempt <= times:
            raise raised
        return after.answer(data, call)

    return Fake(answer)


def hold(result: Any = None) -> Fake:
    """Does not return before :meth:`Fake.release`; then returns this result."""
    return Fake(lambda data, call: result, holds=True)
