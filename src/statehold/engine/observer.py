"""What an engine reports while it runs; it imports no metrics and no tracing library.

1. An :class:`Observer` is called for each commit, each batch and each effect, and changes nothing.
   One call stands for many steps: a call for each would cost more than the step's own bookkeeping.
2. A :class:`Tracer` is called for each request, and returns the request's place in its trace, as a
   W3C ``traceparent``. The engine stores that with whatever the request causes, so that another
   process continues the trace. Without a tracer nothing of it is stored.
3. Both return at once, and what they raise is logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar

from msgspec import Struct

from statehold.chart.machine import Definition
from statehold.instance.attempts import Ending
from statehold.instance.draft import Draft
from statehold.interpreter.snapshot import InFlight
from statehold.records import Ref, Status
from statehold.store import WriteResult

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class ObservedRequest(Protocol):
    """What is shown of a request. ``label`` names its kind; ``future`` gets its answer; ``span`` is
    for the tracer alone."""

    label: ClassVar[str]
    ref: Ref
    future: asyncio.Future[Any]
    #: when it was queued, by ``time.perf_counter``
    asked_at: float
    #: how often it was applied in vain, as others changed its instance
    conflicts: int
    span: Any

    def trace(self) -> str:
        """The ``traceparent`` of its cause; empty if unknown."""
        ...


class Observer:
    """Does nothing; a base for others."""

    def opened(self, machines: Mapping[str, Definition[Any]]) -> None:
        """The engine opens with these machines, or runs others of them from now on."""

    def committed(
        self, drafts: Sequence[Draft], outcomes: Sequence[WriteResult], seconds: float
    ) -> None:
        """One commit: the draft of each instance, and whether it was written."""

    def answered(self, requests: Sequence[ObservedRequest], moment: float) -> None:
        """The requests of a batch that were answered or refused, at a moment of
        ``time.perf_counter``."""

    def overloaded(self, request: ObservedRequest) -> None:
        """A request was refused because the queue is full."""

    def delayed(self, request: ObservedRequest, seconds: float) -> None:
        """A request held the event loop for longer than ``Limits.step_seconds``."""

    def fired(self, lags: Sequence[tuple[str, float]]) -> None:
        """Instances that were woken: the machine, and how many seconds after it was due."""

    def performed(self, machine: str, effect: str, seconds: float, ending: Ending) -> None:
        """An attempt of an effect ended here."""


class Tracer:
    """Does nothing; a base for others."""

    def asked(self, request: ObservedRequest) -> None:
        """A request is queued, in the context of its caller."""

    def applying(self, request: ObservedRequest, draft: Draft) -> str:
        """The request is applied now. Returns its place in the trace, for what it causes."""
        return ""

    def applied(self, request: ObservedRequest, draft: Draft) -> None:
        """It was applied or refused; it is not committed yet, and may be applied once more."""

    def performing(self, ref: Ref, effect: InFlight, attempt: int, caused_by: str) -> Any:
        """An effect begins in the current task. ``caused_by`` is the ``traceparent`` of the step
        that asked for it, or empty."""

    def performed(self, span: Any, ending: Ending | None) -> str:
        """It has ended (None: it was cancelled). Returns its place in the trace; ``span`` is what
        ``performing`` returned."""
        return ""


class ReadStats(Struct, frozen=True):
    """Numbers of the standby: whether its answers can be used now within the operator's bound, its
    lag in seconds (None: not known), why it is not used, and how many answers it has given, and the
    store in its place."""

    used: bool
    lag_seconds: float | None
    why: str | None
    by_standby: int
    by_store: int


class ResourceStats(Struct, frozen=True):
    """Whether a resource is open, and how often it failed to open."""

    is_open: bool
    failures: int


class EngineStats(Struct, frozen=True):
    """Numbers of one engine: ``waiting`` requests, ``cached`` instances, ``effects`` that run here,
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
    #: None: the store has no standby
    read_store: ReadStats | None = None
    #: by name, those that the engine was given
    resources: dict[str, ResourceStats] = {}


class StoreCounts(Struct, frozen=True):
    """What the store has of each machine: instances by (version, status, state), and open
    incidents, as many as the first 1000 instances that have any have."""

    instances: dict[str, dict[tuple[int, Status, tuple[str, ...]], int]]
    incidents: dict[str, int]


def call_safely(called: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Calls an observer or a tracer; None where it failed, which is logged and fails nothing."""
    try:
        return called(*args, **kwargs)
    except Exception:
        log.exception("%s failed", getattr(called, "__qualname__", called))
        return None
