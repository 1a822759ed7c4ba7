"""Converts between the contract's values and SQLite's columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from statehold.deployed import StoredDocument
from statehold.records import Entry, Message, MessageId, Ref, Row
from statehold.stores.columns import (
    DamagedConfiguration,
    StoredConfiguration,
    configuration_columns,
    configuration_number,
    configuration_of,
    is_intact,
    names_of,
    names_text,
    no_configuration,
)
from statehold.stores.paging import microseconds, moment
from statehold.stores.token_columns import list_text

#: how many configurations are cached; beyond, all are dropped and read again
CONFIGURATIONS_LIMIT = 65_536


class ConfigurationNumbers:
    """Numbers of configurations, cached in both directions: they never change once written."""

    def __init__(self, db: sqlite3.Connection, queries: Mapping[str, str]) -> None:
        self._db = db
        self._queries = queries
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._by_number: dict[int, StoredConfiguration] = {}

    def number_of(self, row: Row) -> int:
        """Within a transaction: a new one is written. Raises ``StoreRefused`` where another one has
        its number."""
        # a plain tuple equals a named one and is made in a third of the time
        known = self._numbers.get(
            (row.machine, row.version, row.status, row.state, row.tags, row.owners)
        )
        return self._write(row) if known is None else known

    def of_number(self, number: int) -> StoredConfiguration:
        known = self._by_number.get(number)
        if known is None:
            columns = self._db.execute(self._queries["configuration"], (number,)).fetchone()
            if columns is None:
                return no_configuration(number)
            known = configuration_of(*columns[1:])
            if not isinstance(known, DamagedConfiguration):
                self._by_number[number] = known
                self._bound()
        return known

    def forget(self) -> None:
        """After a rollback: what was written within it is gone."""
        self._numbers.clear()
        self._by_number.clear()

    def _write(self, row: Row) -> int:
        wanted = StoredConfiguration(
            row.machine, row.version, row.status, row.state, row.tags, row.owners
        )
        number = configuration_number(wanted)
        columns = (*configuration_columns(wanted), number)
        if self._db.execute(self._queries["insert_configuration"], columns).rowcount == 0:
            found = self._db.execute(self._queries["configuration"], (number,)).fetchone()
            if not is_intact(number, configuration_of(*found[1:]), wanted):
                self._db.execute(self._queries["mend_configuration"], columns)
        self._numbers[wanted] = number
        self._by_number[number] = wanted
        self._bound()
        return number

    def _bound(self) -> None:
        if len(self._by_number) > CONFIGURATIONS_LIMIT:
            self.forget()


def row_columns(row: Row, configuration: int, indexes: str | None) -> tuple[Any, ...]:
    """The columns that change, in the order of ``update_row`` and ``insert_row``."""
    return (
        configuration,
        row.seq,
        row.rev,
        indexes,
        microseconds(row.since),
        microseconds(row.changed_at),
        None if row.wake_at is None else microseconds(row.wake_at),
        names_text(row.held_by),
        row.incidents,
        None if row.deadline is None else microseconds(row.deadline),
        row.document,
    )


def entry_columns(entry: Entry, instance: int) -> tuple[Any, ...]:
    return (
        instance,
        entry.seq,
        entry.part,
        microseconds(entry.at),
        entry.kind,
        entry.body,
        entry.key,
        entry.reply,
    )


def entry_of(columns: tuple[Any, ...]) -> Entry:
    machine, id_, seq, part, at, kind, body, key, reply = columns
    return Entry(machine, id_, seq, part, moment(at), kind, body, key, reply)


def message_columns(
    message: Message, row: Row, number: int, ordinal: int, partition: int
) -> tuple[Any, ...]:
    """Of a message that a write of this row has, that of an instance with this number."""
    sender = message.sender
    return (
        number,
        row.rev,
        ordinal,
        partition,
        message.to.machine,
        message.to.id,
        message.kind,
        message.body,
        None if message.due_at is None else microseconds(message.due_at),
        None if sender is None else sender.machine,
        None if sender is None else sender.id,
        message.send_id,
        message.held,
        message.key,
        microseconds(row.changed_at),
    )


def message_of(columns: tuple[Any, ...]) -> Message:
    (
        sent_at, writer, rev, ordinal, partition, to_machine, to_id, kind, body, due_at,
        sender_machine, sender_id, send_id, held, key,
    ) = columns  # fmt: skip
    return Message(
        to=Ref(to_machine, to_id),
        kind=kind,
        body=body,
        due_at=None if due_at is None else moment(due_at),
        sender=None if sender_machine is None else Ref(sender_machine, sender_id),
        send_id=send_id,
        held=bool(held),
        key=key,
        id=MessageId(sent_at if due_at is None else due_at, writer, rev, ordinal, partition),
    )


def document_of(columns: tuple[Any, ...]) -> StoredDocument:
    machine, version, notation, text, put_at, put_by, reason, covers = columns
    return StoredDocument(
        machine,
        version,
        notation,
        text,
        moment(put_at),
        put_by,
        reason,
        None if covers is None else names_of(covers),
    )


def replaced_columns(document: StoredDocument, before: StoredDocument) -> dict[str, Any]:
    """The parameters of ``replace_document``."""
    return {
        **document_columns(document, 0),
        "put_before": microseconds(before.put_at),
        "text_before": before.text,
    }


def document_columns(document: StoredDocument, most: int) -> dict[str, Any]:
    """The parameters of ``add_document``."""
    return {
        "machine": document.machine,
        "version": document.version,
        "notation": document.notation,
        "text": document.text,
        "put_at": microseconds(document.put_at),
        "put_by": document.put_by,
        "reason": document.reason,
        "covers": None if document.covers is None else list_text(document.covers),
        "most": most,
    }
