"""An effect: work on the outside world, and how it is to be tried.

The engine runs it after the commit that asked for it, at least once, under a key that stays the
same at each try.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

D = TypeVar("D")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Retry:
    """When to try again: ``first * factor ** (attempt - 1)``, at most ``longest``, with jitter.

    ``jitter`` is the share of the delay that chance may take away, 0 to 1.
    """

    attempts: int = 10
    first: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)
    jitter: float = 0.2

    def delay_seconds(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failed try number ``attempt``; ``chance`` is from [0, 1)."""
        longest = self.longest.total_seconds()
        try:
            plain = self.first.total_seconds() * self.factor ** min(attempt - 1, 64)
        except OverflowError:
            # a factor that no float can hold so often: longer than anything
            plain = longest
        return min(plain, longest) * (1 - self.jitter * chance)


@dataclass(frozen=True, slots=True)
class Call:
    """What an effect is told about its own run.

    ``key`` is the same at each try: hand it on as the idempotency key. ``attempt`` counts from 1.
    ``asked_at`` is when the step that asked for the effect happened.
    """

    key: str
    machine: str
    instance: str
    attempt: int
    asked_at: datetime
    _beat: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def heartbeat(self) -> None:
        """Says that the effect is alive; needed within each ``heartbeat`` of its declaration.

        May be called from the effect's own thread.
        """
        self._beat()


@dataclass(frozen=True, slots=True, eq=False)
class Effect(Generic[D, R]):
    """A function with a policy; made by :func:`statehold.effect`.

    ``run`` takes ``(data, call)`` and is a coroutine function or a plain one (``is_async``).
    ``timeout`` bounds one try, ``heartbeat`` the silence within one.
    """

    name: str
    run: Callable[..., Any]
    is_async: bool
    takes_call: bool = True
    retry: Retry = Retry()
    timeout: timedelta = timedelta(seconds=60)
    heartbeat: timedelta | None = None
    #: the type of the result, as annotated; ``None`` where there is no annotation
    result_type: Any = None
    doc: str = ""
