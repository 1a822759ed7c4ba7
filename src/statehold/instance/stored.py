"""The stored form of an instance: its row, and the JSON document in it.

The configuration, ``seq`` and ``version`` stand in the row beside the document. Data is kept as
JSON text of its own, so that it can be read without the code that made it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import fields, replace

from statehold.instance.attempts import Attempt, holders, incident_count
from statehold.instance.state import InstanceState
from statehold.interpreter.snapshot import Deadline, InFlight, Timer
from statehold.plain.text import name_fault
from statehold.records import MaybeRaw, Parent, Ref, Row

#: a count of writes or steps of one instance stays below
COUNT_LIMIT = 2**53
#: characters of names and ids: more than any has
_NAME_CHARS = 10_000
#: notes under one step: more than there ever are
_PARTS = 2**31 - 1


def row_of(instance: InstanceState, rev: int) -> Row:
    """The row to write as ``rev``."""
    attempts = instance.attempts
    in_progress = instance.snapshot or instance.unloaded
    deadlines = () if in_progress is None else in_progress.deadlines
    # by position, in the order of the fields: so many keywords take several times as long
    return Row(
        instance.ref.machine,
        instance.ref.id,
        instance.version,
        instance.seq,
        rev,
        instance.status,
        instance.state,
        instance.tags,
        instance.owners,
        instance.indexes,
        instance.created_at,
        instance.since,
        instance.changed_at,
        instance.due_at,
        holders(attempts) if attempts else (),
        incident_count(attempts) if attempts else 0,
        min([one.due for one in deadlines]) if deadlines else None,
        encode_document(instance),
    )


def is_count(rev: int) -> bool:
    """Whether a store has room for the count after this one."""
    return 0 < rev < COUNT_LIMIT


class StoredEffect(Struct, frozen=True, omit_defaults=True, gc=False):
    """:class:`.InFlight` with its pinned data as JSON."""

    key: str
    invoke: str
    name: str
    kind: str
    state: str | None
    asked_at: datetime
    data: MaybeRaw = None
    event: MaybeRaw = None


class Document(Struct, frozen=True, omit_defaults=True, gc=False):
    """The JSON in a row.

    ``parts`` counts the notes under the present ``seq``, ``held`` the messages that wait for its
    resumption. ``delayed`` has the delayed messages that end with it, by ``send_id``. ``entered``
    has the time at which an active state was entered, if that is not the row's ``since``; null: it
    is not known. A release that did not store times of entry has left it out: none is known.
    """

    data: Raw
    history: dict[str, tuple[str, ...]] = {}
    timers: tuple[Timer, ...] = ()
    effects: tuple[StoredEffect, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    #: stored as ``tries``
    attempts: dict[str, Attempt] = msgspec.field(default_factory=dict, name="tries")
    output: MaybeRaw = None
    parent: Parent | None = None
    parts: int = 0
    held: int = 0
    delayed: dict[str, datetime] = {}
    entered: dict[str, datetime | None] | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Document).decode


def encode_document(instance: InstanceState) -> bytes:
    in_progress = instance.snapshot or instance.unloaded
    assert in_progress is not None
    unloaded = instance.unloaded
    output = instance.output
    return _encode(
        Document(
            Raw(instance.data),
            # plain dictionaries, whatever they are declared as
            in_progress.history,  # type: ignore[arg-type]
            in_progress.timers,
            _stored_effects(instance, in_progress.effects) if in_progress.effects else (),
            in_progress.deadlines,
            instance.attempts,  # type: ignore[arg-type]
            None if output is None else Raw(output),
            instance.parent,
            instance.part,
            instance.held,
            instance.delayed,  # type: ignore[arg-type]
            unloaded.entered if unloaded is not None else _compact(instance),
        )
    )


def _stored_effects(
    instance: InstanceState, effects: tuple[InFlight, ...]
) -> tuple[StoredEffect, ...]:
    dump = instance.definition.data.dump
    is_loaded = instance.snapshot is not None
    return tuple(
        StoredEffect(
            e.key,
            e.invoke,
            e.name,
            e.kind,
            e.state,
            e.asked_at,
            e.data if e.data is None or not is_loaded else Raw(dump(e.data)),
            e.event,
        )
        for e in effects
    )


def _compact(instance: InstanceState) -> dict[str, datetime | None]:
    """Without the states that were entered at ``since``: in most machines one state is active."""
    since = instance.since
    return {
        state: moment
        for state, moment in instance.entered.items()
        if moment is not since and moment != since
    }


def decode_document(raw: bytes) -> Document:
    """Raises ``MsgspecError`` or ``ValueError`` for a document that no release writes."""
    document = _read(raw)
    if not _is_count(document.parts):
        raise ValueError(f"{document.parts} is no number of notes")
    for ref in (_parent_of(document), *(one.child for one in document.attempts.values())):
        if ref is not None and not _is_possible(ref):
            raise ValueError(f"{ref.machine!r}/{ref.id!r} is no instance that there can be")
    return document


def _read(raw: bytes) -> Document:
    if not raw.isascii():
        # data is not decoded here, and would be sent on as it is
        raw.decode()
    return _decode(raw)


def _is_count(parts: int) -> bool:
    return 0 <= parts < _PARTS


def _parent_of(document: Document) -> Ref | None:
    return None if document.parent is None else document.parent.ref


def _is_possible(ref: Ref) -> bool:
    return not any(name_fault(name, _NAME_CHARS) for name in (ref.machine, ref.id))


def salvage(raw: bytes) -> Document:
    """A document; if it can't be read as a whole, each part of it that can."""
    try:
        return decode_document(raw)
    except _UNREADABLE:
        pass
    try:
        parts = _as_parts(raw)
    except _UNREADABLE:
        return Document(Raw(b"null"))
    known: dict[str, Any] = {"data": Raw(b"null")}
    for name, part in parts.items():
        if name not in _parts:
            continue
        field, decode = _parts[name]
        try:
            bytes(part).decode()
            known[field] = decode(part)
        except _UNREADABLE:
            # this part is lost, the others are not
            continue
    found = Document(**known)
    parent = _parent_of(found)
    return replace(
        found,
        parts=found.parts if _is_count(found.parts) else 0,
        parent=found.parent if parent is None or _is_possible(parent) else None,
        attempts={
            key: one
            for key, one in found.attempts.items()
            if one.child is None or _is_possible(one.child)
        },
    )


#: a RecursionError comes from nesting that is too deep
_UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)


def is_whole(raw: bytes) -> bool:
    """Whether a document can be read as a whole."""
    try:
        decode_document(raw)
    except _UNREADABLE:
        return False
    return True


_as_parts = msgspec.json.Decoder(dict[str, Raw]).decode
#: by their stored names
_parts: dict[str, tuple[str, Callable[[Raw], Any]]] = {
    field.encode_name: (field.name, msgspec.json.Decoder(field.type).decode)
    for field in fields(Document)
}
