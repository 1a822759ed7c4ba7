"""Machines: the catalogue, counts, throughput, search, and reports of a deploy."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from statehold.wire.base import Wire
from statehold.wire.instances import Summary


class StatusCounts(Wire):
    """How many instances there are now."""

    running: int = 0
    paused: int = 0
    done: int = 0
    cancelled: int = 0


class MachineSummary(Wire):
    name: str
    version: int
    doc: str
    states: int
    events: list[str]
    versions: list[int] = Field(description="every version that the store has seen")
    counts: StatusCounts = StatusCounts()
    incidents: int = Field(
        default=0,
        description="what waits for a person, of the first 1000 instances that have any",
    )
    steps_per_minute: float | None = Field(
        default=None, description="over the last whole minutes; null: not known"
    )


class Machines(Wire):
    machines: list[MachineSummary]


class EventView(Wire):
    """An event that may be sent. ``schema`` is the JSON Schema (2020-12) of its fields, null where
    anything goes."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    doc: str
    # pydantic's models have a `schema` of their own
    schema_: dict[str, Any] | None = Field(alias="schema")


class MachineDetail(Wire):
    """``chart`` is the chart as stored: states and transitions in document order."""

    name: str
    version: int
    doc: str
    chart: dict[str, Any]
    counts: dict[str, int] = Field(description="instances by state, running ones and done ones")
    versions: list[int] = Field(default=[], description="every version that the store has seen")
    by_status: StatusCounts = StatusCounts()
    by_version: dict[int, int] = Field(default={}, description="running and paused instances")
    by_tag: dict[str, int] = Field(default={}, description="running and paused instances")
    by_owner: dict[str, int] = Field(
        default={}, description="running and paused instances by whose move it is"
    )
    incidents: int = Field(
        default=0,
        description="what waits for a person, of the first 1000 instances that have any",
    )
    steps_per_minute: float | None = Field(
        default=None, description="over the last whole minutes; null: not known"
    )
    tags: list[str] = Field(default=[], description="every tag that a state of the chart has")
    owners: list[str] = Field(default=[], description="every owner that a state of the chart has")
    indexes: list[str] = Field(default=[], description="names that instances are listed `where`")
    events: dict[str, EventView] = Field(default={}, description="what may be sent, by name")
    data_schema: dict[str, Any] | None = Field(
        default=None, description="JSON Schema (2020-12) of the data; null: anything goes"
    )
    results: dict[str, dict[str, Any] | None] = Field(
        default={},
        description="effect to the JSON Schema of its result; null: anything goes, or the "
        "version is not the one that runs",
    )
    notation: str | None = Field(
        default=None, description="how it was put; null: it is given by code"
    )
    put_at: datetime | None = None
    put_by: str | None = None
    reason: str | None = Field(default=None, description="why it was put")


#: how far back flows are told
Window = Literal["1h", "24h", "7d", "30d"]


class Dwell(Wire):
    """How long a state was active, of those who left it. The times come from buckets whose bounds
    are 9 % apart: either is at most 4.5 % off."""

    count: int
    median_seconds: float
    p95_seconds: float


class StateFlow(Wire):
    entered: int = 0
    left: int = 0
    now: int = Field(default=0, description="instances that are in it now, or below it")
    dwell: Dwell | None = Field(default=None, description="null: none has left it since")


class Flows(Wire):
    """What went through a machine in a window: counted as it happens, never by reading journals.

    What happened after ``until_complete`` may be counted in part. What a worker that was killed
    had counted and not written down, of its last seconds, is not in here.
    """

    machine: str
    version: int | None = Field(description="null: every version")
    window: Window
    since: datetime = Field(description="where counting begins: the start of a minute, hour or day")
    until: datetime
    until_complete: datetime
    steps: int = Field(description="steps of all kinds")
    started: int
    ended: int = Field(description="instances that came to an end of their chart")
    cancelled: int
    transitions: dict[str, int] = Field(description="how often each was taken, by its id")
    states: dict[str, StateFlow] = Field(description="every state of the chart, and what else was")


class FoundMachine(Wire):
    name: str
    doc: str


class FoundState(Wire):
    machine: str
    id: str
    doc: str


class FoundEvent(Wire):
    machine: str
    name: str
    doc: str


class Found(Wire):
    """What a text leads to: names of machines, states and events that have it in them, instances
    whose id begins with it or that have it as a value of an index."""

    machines: list[FoundMachine]
    states: list[FoundState]
    events: list[FoundEvent]
    instances: list[Summary]


class FindingView(Wire):
    """What a static check says; a machine with errors is not put."""

    code: str
    severity: Literal["error", "warning", "info"]
    place: str
    message: str
    hint: str = ""


class MovedState(Wire):
    """Instances in ``before`` will be in ``after``; both are active leaves."""

    before: list[str]
    after: list[str]


class UpgradePlanView(Wire):
    """How instances of a version before become ones of this."""

    from_version: int
    configurations: int = Field(description="states that instances can be in, each with a place")
    complete: bool = Field(description="false: there may be more than were looked at")
    moved: list[MovedState] = Field(description="those that change, at most 50")
    living: bool = Field(description="there are instances of that version now")


class PutReport(Wire):
    """What was put, or would be."""

    machine: str
    version: int
    notation: str
    added: bool = Field(description="false: nothing was changed")
    dry_run: bool
    there: bool = Field(description="this very text was put before")
    changes: list[str] = Field(description="to the version before, in words, at most 50")
    findings: list[FindingView] = Field(description="of the static checks; none is an error")
    omissions: list[str] = Field(description="what the document says and the machine won't do")
    upgrades: list[UpgradePlanView]
