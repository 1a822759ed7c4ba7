"""The part of the store's contract for the documents of machines that are deployed as data.

Documents of a machine are only added, each with a version above all before it; and the newest can
be replaced by one of the same version.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from statehold.records import AuditEntry


class StoredDocument(Struct, frozen=True):
    """A version of a machine as it was deployed: its text, byte for byte, by whom and why.

    ``covers`` are the machines that it may send to, by their names; None: all, as for one that an
    older release has kept.
    """

    machine: str
    version: int
    #: the notation's reader, such as ``native``
    notation: str
    text: bytes
    put_at: datetime
    put_by: str = ""
    reason: str | None = None
    covers: tuple[str, ...] | None = None


class NewestDocument(Struct, frozen=True):
    """The newest document of a machine."""

    version: int
    put_at: datetime


class DocumentStore(Protocol):
    async def documents(self) -> dict[str, NewestDocument]:
        """The newest version of each machine that was deployed as data, and when it was put."""
        ...

    async def document(self, machine: str, version: int) -> StoredDocument | None: ...

    async def add_document(
        self, document: StoredDocument, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        """Keeps it if its version is above all of its machine, and if no more than ``most``
        machines then have any. False: nothing was kept."""
        ...

    async def replace_document(
        self, document: StoredDocument, before: StoredDocument, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        """Keeps it in place of ``before``, of the same machine and version. False: nothing was
        kept, as ``before`` is not there any more or is not the newest of its machine."""
        ...
