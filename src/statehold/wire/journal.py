"""The journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from statehold.records import Status
from statehold.wire.base import Wire


class JournalEntry(Wire):
    """One entry of the history. ``part`` 0 is a step, 1, 2, … are notes under it."""

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
    proved: bool = Field(
        default=False,
        description="an authenticator has proved the caller's name; otherwise it is only claimed",
    )
    cause: str | None = None
    steps: list[dict[str, Any]] = Field(default=[])
    change: dict[str, Any] | None = None
    data: Any = Field(default=None, description="the data after the step, if requested")
    effects: list[dict[str, Any]] = Field(default=[])
    timers: dict[str, datetime | None] = Field(default={})
    sent: list[dict[str, Any]] = Field(default=[])
    emitted: list[Any] = Field(default=[])
    output: Any = None
    reason: str | None = None
    trace: str | None = Field(
        default=None, description="the step's W3C traceparent, if it was traced"
    )


class Journal(Wire):
    entries: list[JournalEntry]
    after: int | None = Field(description="the `after` of the next page; null: this is the last")
