"""How long finished instances are kept, and which of them have nothing left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from statehold.errors import UnknownMachine
from statehold.instance.stored import salvage
from statehold.records import OVER, Row


@dataclass(frozen=True, slots=True)
class Retention:
    """``finished_for`` after its end an instance is purged with its journal.

    ``archive`` is an existing directory: what is purged is written to it first, one line of JSON
    for each instance.
    """

    finished_for: timedelta
    archive: Path | str | None = None

    def __post_init__(self) -> None:
        if self.finished_for < timedelta():
            raise ValueError(f"finished_for has to be 0 or longer, not {self.finished_for}")


def by_machine(
    retention: Retention | Mapping[str, Retention] | None,
    machines: Mapping[str, object],
    *,
    open_ended: bool = False,
) -> dict[str, Retention]:
    """One for all, or each its own by name; raises ``UnknownMachine``, but not where machines may
    still be deployed (``open_ended``)."""
    if retention is None:
        return {}
    if isinstance(retention, Retention):
        return dict.fromkeys(machines, retention)
    for name in retention:
        if name not in machines and not open_ended:
            raise UnknownMachine(name, tuple(machines))
    return dict(retention)


def is_settled(row: Row) -> bool:
    """Whether it is over with nothing left: no effect, no incident, no held message.

    Only the store knows of messages to and from it.
    """
    if row.status not in OVER or row.wake_at is not None or row.held_by or row.incidents:
        return False
    document = salvage(row.document)
    return not document.attempts and not document.held
