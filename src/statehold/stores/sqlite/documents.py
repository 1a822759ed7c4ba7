"""Documents of machines in a SQLite file."""

from __future__ import annotations

from collections.abc import Sequence

from statehold.deployed import NewestDocument, StoredDocument
from statehold.records import AuditEntry
from statehold.stores.document_columns import newest_documents
from statehold.stores.sqlite.columns import document_columns, document_of, replaced_columns
from statehold.stores.sqlite.security import SqliteSecurity


class SqliteDocuments(SqliteSecurity):
    """A part of the store (:mod:`statehold.deployed`)."""

    async def documents(self) -> dict[str, NewestDocument]:
        with self._file() as db:
            return newest_documents(db.execute(self._q["documents"]))

    async def document(self, machine: str, version: int) -> StoredDocument | None:
        with self._file() as db:
            columns = db.execute(self._q["document"], (machine, version)).fetchone()
            return None if columns is None else document_of(columns)

    async def add_document(
        self, document: StoredDocument, most: int, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        return self._changed("add_document", document_columns(document, most), audit=audit) == 1

    async def replace_document(
        self, document: StoredDocument, before: StoredDocument, audit: Sequence[AuditEntry] = ()
    ) -> bool:
        return (
            self._changed("replace_document", replaced_columns(document, before), audit=audit) == 1
        )
