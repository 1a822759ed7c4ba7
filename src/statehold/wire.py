"""Shapes of requests and replies, as Python sees them and as JSON.

The server answers with these, the clients read them, the studio's types are generated from them.
Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from statehold.interpreter.command import ID_LIMIT as ID_LIMIT
from statehold.records import Status

#: how far back flows are told
Window = Literal["1h", "24h", "7d", "30d"]

#: an id is chosen by the user and stands in addresses
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}$"
KEY_LIMIT = 200
#: a hundred years: no timer is put off for longer
MAX_DELAY_SECONDS = 3_155_760_000

InstanceId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=KEY_LIMIT)]


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


# --- the journal -----------------------------------------------------------------------------


class JournalEntry(Wire):
    """One line of the history. ``part`` 0 is a step, more are notes under it."""

    seq: int
    part: int = 0
    at: datetime
    kind: str = Field(
        description="start, event, timer, result, failure, message, upgrade, pause, resume, "
        "cancel, repair; as notes: tried, done, incident, retry, skip, resolve, refused, fire, "
        "cancel-timer, reschedule"
    )
    version: int
    state: list[str]
    status: Status
    event: Any = None
    key: str | None = None
    caller: str | None = None
    cause: str | None = None
    steps: list[dict[str, Any]] = []
    change: dict[str, Any] | None = None
    data: Any = Field(default=None, description="the data after the step, where asked for")
    effects: list[dict[str, Any]] = []
    timers: dict[str, datetime | None] = {}
    sent: list[dict[str, Any]] = []
    emitted: list[Any] = []
    output: Any = None
    reason: str | None = None
    trace: str | None = Field(
        default=None, description="the step's place in a trace (W3C traceparent), where traced"
    )


class Journal(Wire):
    entries: list[JournalEntry]
    after: int | None = Field(description="ask for the next page with this `after`; null: no more")


# --- instances -------------------------------------------------------------------------------


class Reply(Wire):
    """An instance as its users see it: a function of its state and its data."""

    machine: str
    id: str
    version: int
    seq: int
    status: Status
    state: list[str] = Field(description="paths of the active leaves")
    view: Any = Field(description="what the machine's view shows of the data")
    tags: list[str]
    owners: list[str]
    allowed: list[str] = Field(description="events that are accepted now")
    output: Any = None
    held: bool = Field(
        default=False, description="the instance is paused; the event waits for its resumption"
    )


class Summary(Wire):
    """A line of a list."""

    machine: str
    id: str
    version: int
    seq: int
    status: Status
    state: list[str]
    tags: list[str]
    owners: list[str]
    indexes: dict[str, str]
    created_at: datetime
    since: datetime = Field(description="when its present state was entered")
    changed_at: datetime
    next_at: datetime | None = Field(description="the earliest thing that is due")
    deadline: datetime | None = None
    incidents: int = 0


class Instances(Wire):
    instances: list[Summary]
    cursor: str | None = Field(description="for the next page; null on the last")


class Changes(Wire):
    """Instances of a machine that have changed, as they are now. ``more``: others may have, too."""

    instances: list[Summary]
    more: bool = False


class TimerView(Wire):
    id: str
    state: str
    due: datetime
    seconds_left: float


class ChildView(Wire):
    """An instance that another one waits for, as it is now."""

    machine: str
    id: str
    status: Status
    state: list[str]
    since: datetime = Field(description="when its present state was entered")
    owners: list[str] = []
    allowed: list[str] = Field(
        default=[], description="events that it accepts now; empty where its machine is not run"
    )
    next_at: datetime | None = Field(default=None, description="the earliest thing that is due")
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
        default=None, description="with status child: the instance; null before it has started"
    )


class PossibleTransition(Wire):
    """What can happen next, or why it can't. ``possible`` null: it depends on the event."""

    transition: str
    kind: str
    event: str | None
    source: str
    targets: list[str]
    possible: bool | None
    stopped_by: list[str] = []
    by: list[str] = []
    due: datetime | None = None
    doc: str = ""


class StateView(Wire):
    """An active state and since when it is."""

    id: str
    kind: str
    doc: str = ""
    owner: str | None = None
    tags: list[str] = []
    since: datetime | None = None
    deadline: datetime | None = None


class Explanation(Wire):
    """Where it is, since when and why, what it waits for, what can happen next and what can't."""

    summary: str = Field(description="the same in sentences")
    instance: Reply
    since: datetime
    because: JournalEntry | None = Field(description="the step that led into the present state")
    active: list[StateView]
    timers: list[TimerView]
    effects: list[EffectView]
    next: list[PossibleTransition]
    incidents: list[Incident]


class Incident(Wire):
    """Something that used up its tries and waits for a person."""

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
        description="file, line and function of each frame that the error came out of, where code "
        "of the machine's own raised it; bounded, and without values",
    )


class Incidents(Wire):
    incidents: list[Incident]
    cursor: str | None
    count: int = Field(
        default=0,
        description="how many there are in all, of the first 1000 instances that have any",
    )


# --- machines --------------------------------------------------------------------------------


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


# --- search ----------------------------------------------------------------------------------


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


# --- who asks --------------------------------------------------------------------------------


class May(Wire):
    put: bool = Field(description="put machines")
    act: bool = Field(description="act on instances by hand: pause, retry, fire a timer …")


class Me(Wire):
    """Whom the server takes the caller for."""

    name: str
    roles: list[str] | None = Field(description="null: trusted, no `by` stops it")
    may: May


# --- putting machines ------------------------------------------------------------------------


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


# --- requests --------------------------------------------------------------------------------


class StartRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: InstanceId | None = Field(default=None, description="made up if left out")
    data: Any = Field(
        default=None, description="the machine's data; its type's defaults if left out"
    )


class SendRequest(BaseModel):
    """One of many events in one request."""

    model_config = ConfigDict(extra="forbid")

    machine: str
    id: InstanceId
    event: dict[str, Any]
    key: Key | None = None
    expected_seq: int | None = None


class SendAnswer(Wire):
    """The answer to one of many: a reply or a problem."""

    reply: Reply | None = None
    problem: Problem | None = None


class SendAnswers(Wire):
    answers: list[SendAnswer]


class ActRequest(BaseModel):
    """A person's act: pause, resume, cancel, retry, skip."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(default=None, max_length=2000)


class ResolveRequest(ActRequest):
    result: Any = Field(default=None, description="taken for the effect's result")


class RepairRequest(ActRequest):
    data: Any = Field(description="of the machine's data type, in place of what can't be read")
    state: list[Annotated[str, Field(max_length=1000)]] = Field(
        default=[],
        max_length=1000,
        description="the active leaves, where they are not to stay as they are",
    )


class RescheduleRequest(ActRequest):
    """One of the two, exactly."""

    due: AwareDatetime | None = Field(default=None, description="when it is to fire")
    seconds: float | None = Field(
        default=None, ge=0, le=MAX_DELAY_SECONDS, description="from now on"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> RescheduleRequest:
        if (self.due is None) == (self.seconds is None):
            raise ValueError("give either due or seconds")
        return self


class UpgradeReport(Wire):
    machine: str
    version: int
    upgraded: int
    already: int
    failed: dict[str, str] = Field(description="instance to reason; each has an incident")


class PurgeReport(Wire):
    machine: str
    before: datetime = Field(description="finished by then; later ones were not looked at")
    purged: int = Field(description="in a dry run, those that would have been")
    kept: int = Field(description="finished by then, with something still under way")
    dry_run: bool


class Problem(Wire):
    """RFC 9457. ``type`` ends in the error's code; further members depend on it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None


class Health(Wire):
    status: Literal["ok", "unavailable"]
    detail: str | None = None


Explanation.model_rebuild()
SendAnswer.model_rebuild()
