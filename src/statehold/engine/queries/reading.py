"""Chooses where lists and counts are read: from a standby of the store where a stale answer is
allowed and there is one that is fresh enough, else from the store itself.

1. How far an answer may be behind is the operator's bound (``Limits.read_lag_seconds``), or less
   where the caller asks for less. So a caller that asks for less than the time since its last write
   was acknowledged reads that write.
2. All that one answer consists of is read from one server.
3. Whatever a standby fails with, the store answers.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from statehold.engine.observer import ReadStats
from statehold.errors import InvalidPayload, StoreUnavailable
from statehold.store import Reads, Store

R = TypeVar("R")


class Reading:
    """``most_seconds`` is the operator's bound."""

    def __init__(self, store: Store, most_seconds: float) -> None:
        self._store = store
        self._most = most_seconds
        self._by_standby = 0
        self._by_store = 0

    async def ask(
        self, question: Callable[[Reads, float], Awaitable[R]], most_seconds: float | None = None
    ) -> R:
        """The answer to a question, which gets what it may read from and how many seconds that may
        be behind. The question may be asked twice. ``most_seconds`` is the caller's bound.

        Raises ``InvalidPayload`` for a bound that is none.
        """
        most = self._most
        if most_seconds is not None:
            # not a number is no bound either
            if not most_seconds >= 0:
                why = f"it is {most_seconds}, and has to be 0 seconds or more"
                raise InvalidPayload("the request", {"max_lag_seconds": why})
            most = min(most, most_seconds)
        standby = self._store.standby
        if standby is None:
            return await question(self._store, 0.0)
        if most > 0:
            try:
                async with standby.reading(most) as (reads, lag):
                    answer = await question(reads, _rounded(lag))
            except StoreUnavailable:
                # it has logged what is wrong with it; the answer of the store is as good or better
                pass
            else:
                self._by_standby += 1
                return answer
        answer = await question(self._store, 0.0)
        self._by_store += 1
        return answer

    def stats(self) -> ReadStats | None:
        """None: there is no standby."""
        standby = self._store.standby
        if standby is None:
            return None
        state = standby.state()
        lag, why = state.lag_seconds, state.why
        if lag is not None and lag >= self._most:
            why = f"it may be behind by {lag:.1f} s, and less than {self._most:g} s are allowed"
        return ReadStats(
            why is None and lag is not None,
            None if lag is None else _rounded(lag),
            why,
            self._by_standby,
            self._by_store,
        )


def _rounded(seconds: float) -> float:
    """To milliseconds, never to fewer."""
    return math.ceil(seconds * 1000) / 1000
