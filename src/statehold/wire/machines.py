"""Machines: the catalogue, counts, throughput, search, and reports of a deploy."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from statehold.chart.access import Right
from statehold.wire.base import LagSeconds, Wire
from statehold.wire.instances import Summary


class StatusCounts(Wire):
    """Instances by status, now."""

    running: int = 0
    paused: int = 0
    done: int = 0
    cancelled: int = 0


class MachineSummary(Wire):
    name: str
    label: str = Field(default="", description="what people read in place of the name")
    version: int
    doc: str
    states: int
    events: list[str]
    versions: list[int] = Field(description="every version that the store has seen")
    may: list[Right] = Field(
        default=[], description="what the caller may do, on all instances or on some"
    )
    counted: bool = Field(
        default=True, description="false: the caller may not read all instances; no counts"
    )
    counts: StatusCounts = StatusCounts()
    incidents: int | None = Field(
        default=None,
        description="counted in the first 1000 instances that have any; null: the caller may not "
        "inspect all instances",
    )
    steps_per_minute: float | None = Field(
        default=None, description="over the last whole minutes; null: not known"
    )


class Machines(Wire):
    machines: list[MachineSummary]
    lag_seconds: LagSeconds = 0.0


class EventView(Wire):
    """An event that can be sent. ``schema`` is the JSON Schema (2020-12) of its fields, with the
    label as its title; null: any fields are accepted."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    doc: str
    label: str = Field(default="", description="what people read in place of the name")
    # pydantic's models have a `schema` of their own
    schema_: dict[str, Any] | None = Field(alias="schema")


class MachineDetail(Wire):
    """A machine. ``chart`` is the stored chart, with states and transitions in document order; each
    state and each event has a label."""

    name: str
    label: str = Field(default="", description="what people read in place of the name")
    version: int
    doc: str
    chart: dict[str, Any]
    may: list[Right] = Field(
        default=[], description="what the caller may do, on all instances or on some"
    )
    counted: bool = Field(
        default=True, description="false: the caller may not read all instances; no counts"
    )
    counts: dict[str, int] = Field(
        default={}, description="instances by state, running ones and done ones"
    )
    versions: list[int] = Field(default=[], description="every version that the store has seen")
    by_status: StatusCounts = StatusCounts()
    by_version: dict[int, int] = Field(default={}, description="running and paused instances")
    by_tag: dict[str, int] = Field(default={}, description="running and paused instances")
    by_owner: dict[str, int] = Field(
        default={}, description="running and paused instances by the owner of their states"
    )
    incidents: int | None = Field(
        default=None,
        description="counted in the first 1000 instances that have any; null: the caller may not "
        "inspect all instances",
    )
    steps_per_minute: float | None = Field(
        default=None, description="over the last whole minutes; null: not known"
    )
    tags: list[str] = Field(default=[], description="every tag of the chart's states")
    owners: list[str] = Field(default=[], description="every owner of the chart's states")
    indexes: list[str] = Field(
        default=[], description="names by which the caller may filter with `where`"
    )
    events: dict[str, EventView] = Field(default={}, description="events that can be sent, by name")
    data_schema: dict[str, Any] | None = Field(
        default=None,
        description="JSON Schema (2020-12) of the data; null: any value, or the caller may not "
        "inspect instances, nor start one with such data",
    )
    input_schema: dict[str, Any] | None = Field(
        default=None,
        description="JSON Schema (2020-12) of what a start takes as its `data`: the same as "
        "`data_schema` unless the machine makes its data of an input; null: any value, or the "
        "caller may neither start nor inspect instances",
    )
    results: dict[str, dict[str, Any] | None] = Field(
        default={},
        description="effect to the JSON Schema of its result; null: any value, or the version is "
        "not the one that runs. Empty where the caller may inspect no instance",
    )
    notation: str | None = Field(
        default=None, description="the notation of its document; null: it is defined by code"
    )
    put_at: datetime | None = None
    put_by: str | None = None
    reason: str | None = Field(default=None, description="why it was deployed")
    lag_seconds: LagSeconds = 0.0


#: how far back throughput is reported
Window = Literal["1h", "24h", "7d", "30d"]


class Dwell(Wire):
    """How long a state was active, of instances that left it. The times are read from buckets whose
    bounds are 9 % apart, and so at most 4.5 % off."""

    count: int
    median_seconds: float
    p95_seconds: float


class StateFlow(Wire):
    entered: int = 0
    left: int = 0
    now: int = Field(default=0, description="instances in it, or below it, now")
    dwell: Dwell | None = Field(default=None, description="null: no instance left it in the window")


class Flows(Wire):
    """A machine's throughput in a window of time, counted as it happens, never by reading journals.

    Steps after ``until_complete`` may be counted in part. A worker that is killed loses the counts
    of its last seconds.
    """

    machine: str
    version: int | None = Field(description="null: every version")
    window: Window
    since: datetime = Field(description="the start of the window: of a minute, an hour or a day")
    until: datetime
    until_complete: datetime
    steps: int = Field(description="steps of all kinds")
    started: int
    ended: int = Field(description="instances that reached a final state of the chart")
    cancelled: int
    transitions: dict[str, int] = Field(description="how often each transition was taken, by id")
    states: dict[str, StateFlow] = Field(
        description="every state of the chart, and others that were counted"
    )
    lag_seconds: LagSeconds = 0.0


class FoundMachine(Wire):
    name: str
    label: str = ""
    doc: str


class FoundState(Wire):
    machine: str
    id: str
    label: str = ""
    doc: str


class FoundEvent(Wire):
    machine: str
    name: str
    label: str = ""
    doc: str


class Found(Wire):
    """Matches of a text: machines, states and events whose name or label contains it, instances
    whose id begins with it or that have it as the value of an index."""

    machines: list[FoundMachine]
    states: list[FoundState]
    events: list[FoundEvent]
    instances: list[Summary]
    lag_seconds: LagSeconds = 0.0


class FindingView(Wire):
    """A finding of a static check; a machine with errors is not deployed."""

    code: str
    severity: Literal["error", "warning", "info"]
    place: str
    message: str
    hint: str = ""


class MovedState(Wire):
    """Instances in ``before`` move to ``after``; both are active leaves."""

    before: list[str]
    after: list[str]


class UpgradePlanView(Wire):
    """How instances of an earlier version become ones of this."""

    from_version: int
    configurations: int = Field(
        description="configurations that instances can be in, each with one here"
    )
    complete: bool = Field(description="false: there may be more than were explored")
    moved: list[MovedState] = Field(description="those whose state changes, at most 50")
    living: bool = Field(description="instances of that version exist now")


class PutReport(Wire):
    """A deploy, or in a dry run what it would do."""

    machine: str
    version: int
    notation: str
    added: bool = Field(description="false: nothing changed")
    dry_run: bool
    there: bool = Field(description="this same text was deployed before")
    changes: list[str] = Field(
        description="the differences to the previous version in words, at most 50"
    )
    findings: list[FindingView] = Field(
        description="findings of the static checks; none is an error"
    )
    omissions: list[str] = Field(description="parts of the document that the machine ignores")
    upgrades: list[UpgradePlanView]
