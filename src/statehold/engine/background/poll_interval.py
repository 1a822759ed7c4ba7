"""How often a task asks the store whether there is anything to do: seldom while there is nothing.

Whoever makes work says so, in this process at once and in others by a hint; asking is for the hints
that were lost. It slows down from ``poll_seconds`` to ``idle_seconds`` for each worker that is
alive, so that an idle system asks no more often the more workers it has.
"""

from __future__ import annotations

from datetime import timedelta

from statehold.engine.requests.context import Runtime


class PollInterval:
    """A store that one worker owns (``exclusive``) is cheap to ask, and always asked at
    ``poll_seconds``."""

    def __init__(self, runtime: Runtime, *, exclusive: bool) -> None:
        self._limits = limits = runtime.limits
        self._identity = runtime.identity
        self._exclusive = exclusive
        self._seconds = limits.poll_seconds

    def found(self) -> None:
        """There was something to do, so there may soon be more."""
        self._seconds = self._limits.poll_seconds

    def pause(self) -> timedelta:
        """How long to wait now; longer each time, until something is found."""
        if self._exclusive:
            return timedelta(seconds=self._limits.poll_seconds)
        seconds = self._seconds
        most = self._limits.idle_seconds * max(1, len(self._identity.alive))
        self._seconds = min(2 * seconds, most)
        return timedelta(seconds=min(seconds, most))
