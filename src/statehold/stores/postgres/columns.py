"""Converts between the contract's values and PostgreSQL's columns, whose text holds no U+0000."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeAlias

from statehold.records import Entry, Message, MessageId, Ref
from statehold.store import StoredDocument, partition_of
from statehold.stores.columns import names_of, plain, text
from statehold.stores.paging import microseconds, moment
from statehold.stores.token_columns import list_text

#: the columns of a query's answer, in its order
Columns: TypeAlias = Any


def entry_of(ref: Ref, columns: Columns) -> Entry:
    seq, part, at, kind, body, key, reply = columns
    return Entry(ref.machine, ref.id, seq, part, moment(at), kind, body, plain(key), reply)


def message_of(columns: Columns) -> Message:
    (
        writer, rev, ordinal, partition, sent_at, due_at, machine, id_, kind, body,
        sender_machine, sender_id, send_id, held, key,
    ) = columns  # fmt: skip
    return Message(
        Ref(machine, id_),
        kind,
        body,
        None if due_at is None else moment(due_at),
        None if sender_machine is None else Ref(sender_machine, sender_id),
        plain(send_id),
        held,
        plain(key),
        MessageId(sent_at if due_at is None else due_at, writer, rev, ordinal, partition),
    )


def message_columns(
    message: Message, writer: int, rev: int, ordinal: int, partition: int, sent_at: int
) -> tuple[Any, ...]:
    """In the order of ``insert_messages``."""
    sender, to = message.sender, message.to
    return (
        partition,
        writer,
        rev,
        ordinal,
        partition_of(to.machine, to.id),
        to.machine,
        to.id,
        message.kind,
        message.body,
        sent_at,
        maybe_microseconds(message.due_at),
        None if sender is None else sender.machine,
        None if sender is None else sender.id,
        text(message.send_id),
        message.held,
        text(message.key),
    )


#: what a message is for ever, wherever it waits: its writer, the rev of the write, its ordinal
MailKey: TypeAlias = tuple[int, int, int]


def mail_key(id: MessageId) -> MailKey:
    return (id.writer, id.rev, id.ordinal)


def document_of(columns: Columns) -> StoredDocument:
    machine, version, notation, raw, put_at, put_by, reason, covers = columns
    return StoredDocument(
        machine,
        version,
        notation,
        raw,
        moment(put_at),
        plain(put_by) or "",
        plain(reason),
        None if covers is None else names_of(covers),
    )


def document_columns(document: StoredDocument) -> tuple[Any, ...]:
    """The parameters of a document, in the order of its columns."""
    return (
        document.machine,
        document.version,
        document.notation,
        document.text,
        microseconds(document.put_at),
        text(document.put_by),
        None if document.reason is None else text(document.reason),
        None if document.covers is None else list_text(document.covers),
    )


def maybe_microseconds(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)


def digest(value: str) -> bytes:
    """The key of an index's value: of a fixed length, however long the value is."""
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def turned(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as columns, as ``unnest`` takes them; ``width`` empty columns for no rows."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]


def in_microseconds() -> Callable[[datetime], int]:
    """:func:`microseconds` for a batch, where most moments are the same object."""
    last: datetime | None = None
    result = 0

    def convert(at: datetime) -> int:
        nonlocal last, result
        if at is not last:
            last, result = at, microseconds(at)
        return result

    return convert
