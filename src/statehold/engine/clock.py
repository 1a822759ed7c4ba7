"""Clocks. Nothing else in the engine reads the time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    async def wait(self, hint: asyncio.Event, until: datetime | None) -> None:
        """Returns once ``hint`` is set or the moment has come; None waits for the hint alone."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, hint: asyncio.Event, until: datetime | None) -> None:
        if until is None:
            await hint.wait()
            return
        seconds = (until - self.now()).total_seconds()
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await hint.wait()
        except TimeoutError:
            return


class ManualClock:
    """A clock that stands still until it is advanced; for tests and simulations."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._waiting: set[asyncio.Event] = set()

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Goes forward and wakes those that wait for a moment that has come."""
        self.set(self._now + by)

    def set(self, moment: datetime) -> None:
        """Goes to a moment; raises ``ValueError`` for one that has passed."""
        if moment < self._now:
            raise ValueError(f"the clock stands at {self._now} and can't go back to {moment}")
        self._now = moment
        for moved in self._waiting:
            moved.set()

    async def wait(self, hint: asyncio.Event, until: datetime | None) -> None:
        moved = asyncio.Event()
        self._waiting.add(moved)
        try:
            while not hint.is_set() and (until is None or self._now < until):
                moved.clear()
                waits = [asyncio.ensure_future(hint.wait()), asyncio.ensure_future(moved.wait())]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for wait in waits:
                        wait.cancel()
        finally:
            self._waiting.discard(moved)
