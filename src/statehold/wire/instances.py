"""Instances: replies, lists, explanations and incidents."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal

from pydantic import Field
from typing_extensions import TypeVar

from statehold.chart.access import Right
from statehold.records import Status
from statehold.wire.base import LagSeconds, Wire
from statehold.wire.journal import JournalEntry

V = TypeVar("V", default=Any)


class Reply(Wire, Generic[V]):
    """An instance as its users see it: a function of its state and data."""

    machine: str
    id: str
    version: int
    seq: int
    status: Status
    state: list[str] = Field(description="paths of the active leaves")
    view: V = Field(description="the machine's view of the data")
    tags: list[str]
    owners: list[str]
    allowed: list[str] = Field(description="events that are accepted now")
    output: Any = None
    held: bool = Field(
        default=False, description="the instance is paused, and the event waits until it resumes"
    )


class Summary(Wire):
    """An instance in a list.

    Of one that the caller may read and not inspect, it has no times, no incidents, and of
    ``indexes`` those alone that the machine's grant to read names.
    """

    machine: str
    id: str
    version: int
    seq: int
    status: Status
    state: list[str]
    tags: list[str]
    owners: list[str]
    indexes: dict[str, str]
    created_at: datetime | None = None
    since: datetime | None = Field(default=None, description="when its present state was entered")
    changed_at: datetime | None = None
    next_at: datetime | None = Field(
        default=None, description="when the next timer or attempt is due"
    )
    deadline: datetime | None = None
    incidents: int = 0


class Instances(Wire):
    instances: list[Summary]
    cursor: str | None = Field(description="for the next page; null on the last")
    lag_seconds: LagSeconds = 0.0


class Changes(Wire):
    """Changed instances of a machine, as they are now. ``more``: others may have changed, too."""

    instances: list[Summary]
    more: bool = False


class TimerView(Wire):
    id: str
    state: str
    due: datetime
    seconds_left: float


class ChildView(Wire):
    """A child that an instance waits for, as it is now."""

    machine: str
    id: str
    status: Status
    state: list[str]
    since: datetime | None = Field(
        default=None,
        description="when its present state was entered; null where the caller may not inspect it",
    )
    owners: list[str] = Field(default=[])
    allowed: list[str] = Field(
        default=[], description="events that it accepts now; empty if its machine does not run here"
    )
    next_at: datetime | None = Field(
        default=None, description="when the next timer or attempt is due"
    )
    incidents: int = 0


class EffectView(Wire):
    key: str
    name: str
    state: str | None
    status: Literal["running", "waiting", "incident", "child"]
    attempt: int
    attempts: int | None
    error: str | None = None
    asked_at: datetime
    next_at: datetime | None = None
    child: ChildView | None = Field(
        default=None,
        description="with status child: the instance; null before it starts, and where the caller "
        "may not read it",
    )


class PossibleTransition(Wire):
    """A transition that may happen next. ``possible`` null: it depends on the event."""

    transition: str
    kind: str
    event: str | None
    source: str
    targets: list[str]
    possible: bool | None
    stopped_by: list[str] = Field(default=[])
    by: list[str] = Field(default=[])
    due: datetime | None = None
    doc: str = ""
    label: str = Field(default="", description="what people read in place of the event's name")


class StateView(Wire):
    """An active state, and since when it is active."""

    id: str
    kind: str
    label: str = Field(default="", description="what people read in place of the id")
    doc: str = ""
    owner: str | None = None
    tags: list[str] = Field(default=[])
    since: datetime | None = None
    deadline: datetime | None = None


class Incident(Wire):
    """An effect, timer, message or upgrade that ran out of attempts and needs a decision."""

    id: str = Field(description="machine/instance/key")
    machine: str
    instance: str
    kind: Literal["effect", "upgrade", "message", "timer", "unreadable"]
    name: str
    state: list[str]
    attempts: int
    error: str
    since: datetime
    traceback: str = Field(
        default="",
        description="file, line and function of each frame, if the machine's own code raised the "
        "error; bounded, and without values",
    )


class Incidents(Wire):
    incidents: list[Incident]
    cursor: str | None
    count: int = Field(
        default=0,
        description="how many there are in all, counted in the first 1000 instances that have any",
    )
    lag_seconds: LagSeconds = 0.0


#: ``since``: the time since ``at``, ``until``: the time until ``at``
SummaryKind = Literal["plain", "state", "event", "since", "until", "warning", "error"]


class SummaryPart(Wire):
    """A piece of the summary. Of kind `since` or `until` it is the time since or until `at`, as it
    was when the answer was made; of kind `state` or `event` it is the label, and `id` what the
    chart calls it."""

    text: str
    kind: SummaryKind = "plain"
    at: datetime | None = None
    id: str | None = None


class Explanation(Wire):
    """Where an instance is, since when and why, what it waits for, and what can happen next."""

    summary: str = Field(description="the same in sentences")
    parts: list[SummaryPart] = Field(default=[], description="the summary in pieces")
    instance: Reply
    since: datetime
    because: JournalEntry | None = Field(description="the step that led into the present state")
    active: list[StateView]
    timers: list[TimerView]
    effects: list[EffectView]
    next: list[PossibleTransition]
    incidents: list[Incident]
    may: list[Right] = Field(default=[], description="what the caller may do with it")
