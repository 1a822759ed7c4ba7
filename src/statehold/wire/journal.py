"""The journal, as it is read over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from statehold.records import Status
from statehold.wire.base import Wire


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
    steps: list[dict[str, Any]] = Field(default=[])
    change: dict[str, Any] | None = None
    data: Any = Field(default=None, description="the data after the step, where asked for")
    effects: list[dict[str, Any]] = Field(default=[])
    timers: dict[str, datetime | None] = Field(default={})
    sent: list[dict[str, Any]] = Field(default=[])
    emitted: list[Any] = Field(default=[])
    output: Any = None
    reason: str | None = None
    trace: str | None = Field(
        default=None, description="the step's place in a trace (W3C traceparent), where traced"
    )


class Journal(Wire):
    entries: list[JournalEntry]
    after: int | None = Field(description="ask for the next page with this `after`; null: no more")
