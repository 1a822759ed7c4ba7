"""Opens and closes an engine; each opening builds new parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from statehold.engine.log_fields import forget_outages
from statehold.engine.parts import Parts
from statehold.errors import StateholdError


class Lifecycle:
    """``build`` makes the parts of one opening. Parts are never used twice: the next opening may be
    on another event loop."""

    def __init__(self, build: Callable[[], Parts]) -> None:
        self._build = build
        self._state: Literal["new", "opening", "open", "closing", "closed"] = "new"
        self.parts = build()

    async def open(self) -> None:
        if self._state not in ("new", "closed"):
            raise StateholdError(
                f"this engine is {self._state}; wait for its close, or make another one"
            )
        if self._state == "closed":
            self.parts = self._build()
        self._state = "opening"
        forget_outages()
        try:
            await self.parts.open()
        except BaseException:
            self._state = "closed"
            raise
        self._state = "open"

    async def close(self) -> None:
        if self._state != "open":
            return
        self._state = "closing"
        try:
            await self.parts.close()
        finally:
            self._state = "closed"
