"""What the doctor asks a SQLite store, beside the process that owns it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from statehold.doctor.queries import (
    DOCUMENT_BYTES,
    DOCUMENTS,
    MOST,
    NAMED,
    Held,
    Late,
    MachineIncidents,
    Unreadable,
    Waiting,
)
from statehold.records import MessageId, Status
from statehold.store import StoredChart
from statehold.stores.columns import counted_as, holders_of
from statehold.stores.paging import microseconds, moment
from statehold.stores.queries import load_queries
from statehold.stores.sqlite.migrate import add_functions


class SqliteQueries:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        add_functions(db)
        self._q = load_queries("sqlite", "doctor.sql")

    async def workers(self) -> dict[str, timedelta] | None:
        return None

    async def machines(self) -> list[str]:
        return [machine for (machine,) in self._db.execute(self._q["machines"])]

    async def charts(self, machine: str) -> list[StoredChart]:
        return [
            StoredChart(name, version, chart, moment(stored_at))
            for name, version, chart, stored_at in self._db.execute(self._q["charts"], (machine,))
        ]

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        return {
            counted_as(version, status, state): instances
            for version, status, state, instances in self._db.execute(self._q["counts"], (machine,))
        }

    async def overdue(self, machine: str, before: datetime) -> Late:
        wanted = (machine, microseconds(before), MOST)
        instances, oldest = self._db.execute(self._q["overdue"], wanted).fetchone()
        return Late(instances, None if oldest is None else moment(oldest))

    async def incidents(self) -> list[MachineIncidents]:
        return [
            MachineIncidents(machine, instances, incidents, moment(oldest))
            for machine, instances, incidents, oldest in self._db.execute(self._q["incidents"])
        ]

    async def unreadable(self) -> list[Unreadable]:
        return [Unreadable(*row) for row in self._db.execute(self._q["unreadable"], (MOST,))]

    async def documents(self) -> list[tuple[str, str, bytes]]:
        return self._db.execute(self._q["documents"], (DOCUMENTS, DOCUMENT_BYTES)).fetchall()

    async def holders(self) -> dict[tuple[str, ...], int]:
        return {
            holders_of(held_by): instances
            for held_by, instances in self._db.execute(self._q["holders"])
        }

    async def waiting_mail(self, before: datetime) -> list[Waiting]:
        wanted = (microseconds(before), MOST)
        found = self._db.execute(self._q["waiting_mail"], wanted)
        return sorted(
            (Waiting(MessageId(*id), machine) for *id, machine in found),
            key=lambda waiting: waiting.id,
        )

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        asked = self._q["still_there"]
        return {
            id
            for id in ids
            if self._db.execute(asked, (id.writer, id.rev, id.ordinal)).fetchone() is not None
        }

    async def misplaced(self) -> tuple[list[str], list[str]]:
        instances, messages = (
            [name for (name,) in self._db.execute(self._q[asked], (MOST, NAMED))]
            for asked in ("misplaced_instances", "misplaced_messages")
        )
        return instances, messages

    async def addressees(self) -> list[str]:
        found = self._db.execute(self._q["addressees"], (MOST,))
        return sorted(machine for (machine,) in found)

    async def held_mail(self) -> list[Held]:
        return [Held(*row) for row in self._db.execute(self._q["held_mail"], (MOST,))]
