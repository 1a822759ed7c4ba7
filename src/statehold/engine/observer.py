"""Who is told of what an engine does. The engine itself knows no metrics and no tracing library.

1. An :class:`Observer` hears of each commit, each turn and each effect, and changes nothing. It
   is called once for many steps: a call for each would cost more than the step's own bookkeeping.
2. A :class:`Tracer` hears of each request by itself, and gives back where the request stands in
   its trace, as a W3C ``traceparent``. The engine stores that with whatever the request causes,
   so that another process goes on with the trace. Without a tracer nothing of it is stored.
3. Both are called where the engine must go on: they return at once, and what they raise is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from msgspec import Struct

from statehold.chart.machine import Definition
from statehold.records import Ref, Status
from statehold.store import Outcome

if TYPE_CHECKING:
    from statehold.engine.requests.request import Request
    from statehold.instance.attempts import Ending
    from statehold.instance.draft import Draft
    from statehold.interpreter.snapshot import InFlight

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class Observer:
    """Does nothing; to be derived from."""

    def opened(self, machines: Mapping[str, Definition[Any]]) -> None:
        """The engine opens, with these machines."""

    def committed(
        self, drafts: Sequence[Draft], outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        """One commit: what was to be written of each instance, and whether it was."""

    def answered(self, requests: Sequence[Request], moment: float) -> None:
        """Requests that a turn answered or refused, at a moment of ``time.perf_counter``; each was
        queued at its ``asked_at``."""

    def overloaded(self, request: Request) -> None:
        """A request found too many waiting, and was not even queued."""

    def fired(self, lags: Sequence[tuple[str, float]]) -> None:
        """Instances that were woken: the machine, and how many seconds after it was due."""

    def performed(self, machine: str, effect: str, seconds: float, ending: Ending) -> None:
        """A try of an effect came to its end here."""


class Tracer:
    """Does nothing; to be derived from."""

    def asked(self, request: Request) -> None:
        """A request is queued, in the context of whoever asks. ``request.span`` is the tracer's."""

    def applying(self, request: Request, draft: Draft) -> str:
        """The request is applied now: where that stands in its trace, for what it causes."""
        return ""

    def applied(self, request: Request, draft: Draft) -> None:
        """It was applied or refused; it is not committed yet, and may be applied once more."""

    def performing(self, ref: Ref, effect: InFlight, attempt: int, caused_by: str) -> Any:
        """An effect begins in the current task, asked for by the step at ``caused_by``, a
        traceparent or empty."""

    def performed(self, span: Any, ending: Ending | None) -> str:
        """It has ended (None: it was broken off); where that stands in its trace. ``span`` is what
        ``performing`` gave."""
        return ""


class EngineStats(Struct, frozen=True):
    """How an engine is: ``waiting`` requests, ``cached`` instances, ``effects`` that run here,
    ``workers`` alive, seconds since the lease was renewed (None: it needs no lease), and how many
    hints to other workers were lost."""

    waiting: int
    cached: int
    effects: int
    workers: int
    lease_age_seconds: float | None
    hints_lost: int
    #: documents and data of the cached instances, as JSON
    cached_bytes: int = 0


class StoreCounts(Struct, frozen=True):
    """What the store has of each machine: instances by (version, status, state), and incidents
    that wait for a person, as many as the first 1000 instances that have any have."""

    instances: dict[str, dict[tuple[int, Status, tuple[str, ...]], int]]
    incidents: dict[str, int]


def tell(told: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Calls an observer or a tracer; None where it failed, which is no reason to fail with it."""
    try:
        return told(*args, **kwargs)
    except Exception:
        log.exception("%s failed", getattr(told, "__qualname__", told))
        return None
