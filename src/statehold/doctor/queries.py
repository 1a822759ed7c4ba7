"""The queries of the doctor, which each store implements. Lists end at ``MOST``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from statehold.records import MessageId, Status
from statehold.store import StoredChart

#: instances whose documents are read to find those that can't be; the newest
DOCUMENTS = 1_000
#: larger ones are left out
DOCUMENT_BYTES = 100_000
#: instances and messages in a wrong partition that are named
NAMED = 10
#: rows that are counted; more are reported as "at least"
MOST = 10_000


class Late(Struct, frozen=True):
    instances: int
    oldest: datetime | None


class MachineIncidents(Struct, frozen=True):
    machine: str
    instances: int
    incidents: int
    oldest: datetime


class Waiting(Struct, frozen=True):
    """A message that could be delivered."""

    id: MessageId
    machine: str


class Held(Struct, frozen=True):
    machine: str
    id: str
    messages: int


class Unreadable(Struct, frozen=True):
    """An instance that a worker could not read and has set aside."""

    machine: str
    id: str
    why: str


class Queries(Protocol):
    async def workers(self) -> dict[str, timedelta] | None:
        """How much is left of each lease, negative where it has expired; None where one process
        owns the store."""
        ...

    async def machines(self) -> list[str]:
        """Machines that have run on the store."""
        ...

    async def charts(self, machine: str) -> list[StoredChart]: ...

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        """By (version, status, state), as a store counts."""
        ...

    async def overdue(self, machine: str, before: datetime) -> Late:
        """Instances due before then, claimed or not: a claim lasts a few seconds."""
        ...

    async def incidents(self) -> list[MachineIncidents]: ...

    async def unreadable(self) -> list[Unreadable]: ...

    async def documents(self) -> list[tuple[str, str, bytes]]:
        """Of the newest instances: machine, id and document."""
        ...

    async def holders(self) -> dict[tuple[str, ...], int]:
        """How many instances each group of workers holds."""
        ...

    async def waiting_mail(self, before: datetime) -> list[Waiting]: ...

    async def still_there(self, ids: Sequence[MessageId]) -> set[MessageId]: ...

    async def addressees(self) -> list[str]:
        """Machines that there is mail for."""
        ...

    async def misplaced(self) -> tuple[list[str], list[str]]:
        """Of ``MOST`` instances and as many messages, some of those that are not in their
        partition: ``machine/id``, and the ids of messages."""
        ...

    async def held_mail(self) -> list[Held]:
        """By paused instance, most first."""
        ...
