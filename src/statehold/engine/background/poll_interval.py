"""How often a task polls the store.

New work wakes the task, in this process at once and in others by a hint; polling finds what a lost
hint did not. While nothing is found the interval grows from ``poll_seconds`` to ``idle_seconds``
times the workers alive, so that an idle system polls no more often the more workers it has.
"""

from __future__ import annotations

from datetime import timedelta

from statehold.engine.requests.context import EngineContext


class PollInterval:
    """A store that one worker owns (``exclusive``) is cheap to ask, and always asked at
    ``poll_seconds``."""

    def __init__(self, context: EngineContext, *, exclusive: bool) -> None:
        self._limits = limits = context.limits
        self._identity = context.identity
        self._exclusive = exclusive
        self._seconds = limits.poll_seconds

    def found(self) -> None:
        """Work was found: there may soon be more."""
        self._seconds = self._limits.poll_seconds

    def pause(self) -> timedelta:
        """The time to the next poll; longer each time, until work is found."""
        if self._exclusive:
            return timedelta(seconds=self._limits.poll_seconds)
        seconds = self._seconds
        most = self._limits.idle_seconds * max(1, len(self._identity.alive))
        self._seconds = min(2 * seconds, most)
        return timedelta(seconds=min(seconds, most))
