"""Effects: work on the outside world, with the policy of its attempts.

The engine runs an effect after the commit of the step that asked for it, at least once, with the
same key at each attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

D = TypeVar("D")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an effect is attempted, and the delays between its attempts.

    After failed attempt n it waits ``first * factor ** (n - 1)``, at most ``longest``. ``jitter``
    is the share of that delay, 0 to 1, that chance may take away.
    """

    attempts: int = 10
    first: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)
    jitter: float = 0.2

    def delay_seconds(self, attempt: int, chance: float) -> float:
        """Seconds to wait after failed attempt number ``attempt``; ``chance`` is from [0, 1)."""
        longest = self.longest.total_seconds()
        try:
            plain = self.first.total_seconds() * self.factor ** min(attempt - 1, 64)
        except OverflowError:
            # too large for a float, so longer than ``longest``
            plain = longest
        return min(plain, longest) * (1 - self.jitter * chance)


@dataclass(frozen=True, slots=True)
class Call:
    """An argument of an effect: what it may know about this run.

    ``key`` is the same at each attempt: pass it on as the idempotency key. ``machine`` and
    ``instance`` are the ids of the instance, ``attempt`` counts from 1, and ``asked_at`` is when
    the step that asked for the effect happened (aware, UTC).
    """

    key: str
    machine: str
    instance: str
    attempt: int
    asked_at: datetime
    _beat: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def heartbeat(self) -> None:
        """Reports that the attempt is alive; due more often than every ``heartbeat`` of the effect.

        May be called from the effect's own thread.
        """
        self._beat()


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an effect's function gets for one of its parameters.

    ``type`` is as annotated, with what ``Annotated`` adds: the event's, or the one that a resource
    is found by.
    """

    name: str
    gives: Literal["data", "call", "event", "resource"]
    type: Any = Any


#: of a function ``(data, call)``
DATA_AND_CALL = (Parameter("data", "data"), Parameter("call", "call"))


@dataclass(frozen=True, slots=True, eq=False)
class Effect(Generic[D, R]):
    """A function with the policy of its attempts; what :func:`statehold.effect` gives.

    ``run`` takes what ``parameters`` say, in this order; it is a coroutine function or a plain one
    (``is_async``). ``timeout`` bounds one attempt, ``heartbeat`` the silence within one.
    """

    name: str
    run: Callable[..., Any]
    is_async: bool
    parameters: tuple[Parameter, ...] = DATA_AND_CALL
    retry: Retry = Retry()
    timeout: timedelta = timedelta(seconds=60)
    heartbeat: timedelta | None = None
    #: the type of the result, as annotated; ``None`` where there is no annotation
    result_type: Any = None
    doc: str = ""

    @property
    def takes_call(self) -> bool:
        return any(one.gives == "call" for one in self.parameters)

    @property
    def event(self) -> Parameter | None:
        """The parameter for the event that asked for it, if it has one."""
        return next((one for one in self.parameters if one.gives == "event"), None)

    @property
    def resources(self) -> tuple[Parameter, ...]:
        return tuple(one for one in self.parameters if one.gives == "resource")

    def arguments(
        self,
        data: Any,
        call: Callable[[], Call],
        resource: Callable[[Any], Any],
    ) -> tuple[Any, ...]:
        """What ``run`` is called with. ``resource`` gives a resource by its type."""
        found: list[Any] = []
        for one in self.parameters:
            match one.gives:
                case "data":
                    found.append(data)
                case "call":
                    found.append(call())
                case "resource":
                    found.append(resource(one.type))
                case "event":
                    raise NotImplementedError(f"effect {self.name} takes an event")
        return tuple(found)
