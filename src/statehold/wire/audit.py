"""Entries of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from statehold.records import AuditEntry
from statehold.wire.base import Wire


class AuditLine(Wire):
    """What was refused, or who has administered what."""

    id: str = Field(description="is this entry's alone")
    at: datetime
    caller: str
    proved: bool = Field(description="an authenticator has proved the caller's name")
    address: str = Field(description="the other end of the caller's connection")
    action: str
    machine: str = Field(description="empty: it is about none")
    instance: str = Field(description="empty: it is about none")
    outcome: Literal["done", "refused"]
    detail: str
    times: int = Field(description="how many equal refusals it stands for")


class AuditLines(Wire):
    entries: list[AuditLine]
    cursor: str | None = Field(default=None, description="for the next page; null on the last")


def audit_line(entry: AuditEntry) -> AuditLine:
    return AuditLine(
        id=str(entry.number),
        at=entry.at,
        caller=entry.caller,
        proved=entry.proved,
        address=entry.address,
        action=entry.action,
        machine=entry.machine,
        instance=entry.id,
        outcome=entry.outcome,
        detail=entry.detail,
        times=entry.times,
    )
