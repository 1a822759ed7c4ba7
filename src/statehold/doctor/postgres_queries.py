"""What the doctor asks a PostgreSQL store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import asyncpg


class PostgresQueries:
    def __init__(self, db: asyncpg.Connection[Any]) -> None:
        self._db = db
        self._q = load_queries("postgres", "doctor.sql")

    async def workers(self) -> dict[str, timedelta]:
        rows = await self._db.fetch(self._q["workers"])
        return {row["id"]: row["remaining"] for row in rows}

    async def machines(self) -> list[str]:
        return [row["machine"] for row in await self._db.fetch(self._q["machines"])]

    async def charts(self, machine: str) -> list[StoredChart]:
        return [
            StoredChart(row["machine"], row["version"], row["chart"], moment(row["stored_at"]))
            for row in await self._db.fetch(self._q["charts"], machine)
        ]

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        return {
            counted_as(row["version"], row["status"], row["state"]): row["instances"]
            for row in await self._db.fetch(self._q["counts"], machine)
        }

    async def overdue(self, machine: str, before: datetime) -> Late:
        row = await self._db.fetchrow(self._q["overdue"], machine, microseconds(before), MOST)
        assert row is not None
        oldest = row["oldest"]
        return Late(row["instances"], None if oldest is None else moment(oldest))

    async def incidents(self) -> list[MachineIncidents]:
        return [
            MachineIncidents(
                row["machine"], row["instances"], row["incidents"], moment(row["oldest"])
            )
            for row in await self._db.fetch(self._q["incidents"])
        ]

    async def unreadable(self) -> list[Unreadable]:
        rows = await self._db.fetch(self._q["unreadable"], MOST)
        return [Unreadable(row["machine"], row["id"], row["why"]) for row in rows]

    async def documents(self) -> list[tuple[str, str, bytes]]:
        rows = await self._db.fetch(self._q["documents"], DOCUMENTS, DOCUMENT_BYTES)
        return [(row["machine"], row["id"], row["document"]) for row in rows]

    async def holders(self) -> dict[tuple[str, ...], int]:
        return {
            holders_of(row["held_by"]): row["instances"]
            for row in await self._db.fetch(self._q["holders"])
        }

    async def waiting_mail(self, before: datetime) -> list[Waiting]:
        rows = await self._db.fetch(self._q["waiting_mail"], microseconds(before), MOST)
        found = [Waiting(MessageId(*id), machine) for *id, machine in rows]
        return sorted(found, key=lambda waiting: waiting.id)

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]:
        by_key = {(id.writer, id.rev, id.ordinal): id for id in ids}
        asked = ([key[place] for key in by_key] for place in range(3))
        rows = await self._db.fetch(self._q["still_there"], *asked)
        return {by_key[tuple(row)] for row in rows}

    async def addressees(self) -> list[str]:
        rows = await self._db.fetch(self._q["addressees"], MOST)
        return sorted(row["to_machine"] for row in rows)

    async def misplaced(self) -> tuple[list[str], list[str]]:
        instances, messages = [
            [row["name"] for row in await self._db.fetch(self._q[asked], MOST, NAMED)]
            for asked in ("misplaced_instances", "misplaced_messages")
        ]
        return instances, messages

    async def held_mail(self) -> list[Held]:
        rows = await self._db.fetch(self._q["held_mail"], MOST)
        return [Held(row["to_machine"], row["to_id"], row["messages"]) for row in rows]
