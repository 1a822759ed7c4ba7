"""Entries of the audit log, with every text cut to what it may hold there."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from statehold.plain.text import is_unicode
from statehold.records import AuditEntry, Caller

#: characters of each text; what is longer ends with …
NAME_LENGTH = 200
ADDRESS_LENGTH = 100
ACTION_LENGTH = 60
ID_LENGTH = 300
DETAIL_LENGTH = 500


def audit_entry(
    now: datetime,
    caller: Caller,
    action: str,
    machine: str = "",
    id: str = "",
    *,
    outcome: Literal["done", "refused"] = "done",
    detail: str = "",
    times: int = 1,
) -> AuditEntry:
    """An entry about what a caller has done, or was refused, at an instance, a machine or none."""
    return AuditEntry(
        now,
        _cut(caller.name, NAME_LENGTH),
        caller.proved,
        _cut(caller.address, ADDRESS_LENGTH),
        _cut(action, ACTION_LENGTH),
        _cut(machine, NAME_LENGTH),
        _cut(id, ID_LENGTH),
        outcome,
        _cut(detail, DETAIL_LENGTH),
        times,
    )


def _cut(text: str, most: int) -> str:
    cut = text if len(text) <= most else text[: most - 1] + "…"
    # half of a surrogate pair, which no store holds
    return cut if is_unicode(cut) else cut.encode("utf-8", "replace").decode()
