"""What an instance that runs on its own has asked of the outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from statehold.chart.effect import Effect
from statehold.chart.event import AnEvent
from statehold.chart.machine import AMachine

RequestStatus = Literal["running", "incident", "succeeded", "failed", "cancelled", "skipped"]

#: an effect, a child machine, or the name of either
AskedFor = Effect[Any, Any] | AMachine | str


@dataclass(slots=True)
class Asked:
    """An effect, or a child instance, that was asked for.

    ``key`` is the same at each try. ``data`` is what the effect is given, a copy of the data as
    the step that asked for it left it; for a child it is the child's own data. ``attempt`` counts
    from 1. ``error`` is the last try's.
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

    @property
    def in_flight(self) -> bool:
        """Not over yet: it runs, or it waits for a person."""
        return self.status in ("running", "incident")

    def __str__(self) -> str:
        where = f" for {self.state}" if self.state else ""
        because = f": {self.error}" if self.error else ""
        return f"{self.name} ({self.key}{where}, {self.status}{because})"


@dataclass(frozen=True, slots=True)
class Sent:
    """An event sent to another instance, or, with ``instance`` its own id, to itself.

    One that goes to the parent has ``its parent`` for a machine and no instance.
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


def name_of_asked(what: AskedFor) -> str:
    """The name by which the chart knows it."""
    if isinstance(what, str | Effect):
        return what if isinstance(what, str) else what.name
    return what.definition.name
