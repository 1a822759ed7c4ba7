"""Effects and children that a simulated instance has requested, and events that it has sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

from statehold.chart.effect import Effect
from statehold.chart.event import AnEvent
from statehold.chart.machine import AMachine
from statehold.define.effects import Child

RequestStatus = Literal["running", "incident", "succeeded", "failed", "cancelled", "skipped"]

#: an effect, a child machine, one child, or the name of any of them
AskedFor = Effect[Any, Any] | AMachine | Child | str


@dataclass(slots=True)
class Asked:
    """A request for an effect or a child instance.

    ``key`` is the same at each attempt. ``data`` is the argument of the effect, a copy of the data
    after the step that requested it; for a child it is the child's own data. ``attempt`` counts
    from 1. ``error`` is that of the last attempt that failed. ``event`` is the event that asked for
    the effect, where the effect takes it.
    """

    name: str
    key: str
    kind: Literal["effect", "machine"]
    state: str | None
    data: Any
    asked_at: datetime
    status: RequestStatus = "running"
    attempt: int = 1
    error: str | None = None
    #: the id of the invoke, or the effect's name if an action asked for it
    invoke: str = ""
    event: Any = None

    @property
    def in_flight(self) -> bool:
        """Whether it runs, or is an incident."""
        return self.status in ("running", "incident")

    def __str__(self) -> str:
        where = f" for {self.state}" if self.state else ""
        because = f": {self.error}" if self.error else ""
        return f"{self.name} ({self.key}{where}, {self.status}{because})"


@dataclass(frozen=True, slots=True)
class Sent:
    """An event sent to another instance, or, with ``instance`` its own id, to itself.

    An event to the parent has ``its parent`` for a machine and no instance.
    """

    machine: str
    instance: str
    event: AnEvent
    delay: timedelta | None
    id: str

    def __str__(self) -> str:
        later = f" after {self.delay}" if self.delay else ""
        to = f"{self.machine}/{self.instance}" if self.instance else self.machine
        return f"{self.event!r} to {to}{later}"


class _InFlight(Protocol):
    """An :class:`Asked`, or one of the interpreter's."""

    @property
    def name(self) -> str: ...
    @property
    def invoke(self) -> str: ...


R = TypeVar("R", bound=_InFlight)


def is_called(one: _InFlight, name: str) -> bool:
    """Whether a name stands for it: an effect's, a machine's, or that of one invoke, with its state
    or without."""
    return name in (one.name, one.invoke, one.invoke.rpartition("/")[2])


def may_end(running: Sequence[R]) -> list[tuple[R, str]]:
    """Of each invoke the first, each with the name by which a script ends just this one: where
    several invokes of a name run, the invoke's."""
    firsts: dict[str, R] = {}
    for one in running:
        firsts.setdefault(one.invoke, one)
    count = Counter(one.name for one in firsts.values())
    found = [(one, one.invoke if count[one.name] > 1 else one.name) for one in firsts.values()]
    # one that an action asked for is called like others; the name is that of the first
    return [
        (one, name)
        for one, name in found
        if next(other for other in running if is_called(other, name)) is one
    ]


def name_of_asked(what: AskedFor) -> str:
    """Its name in the chart."""
    if isinstance(what, str | Effect):
        return what if isinstance(what, str) else what.name
    if isinstance(what, Child):
        return what.id or what.machine.definition.name
    return what.definition.name
