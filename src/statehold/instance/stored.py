"""The stored form of an instance: its snapshot, and the engine's notes on what is under way.

The configuration, ``seq`` and ``version`` stand in the row beside it. Data is kept as JSON text
of its own, so that it can be read without the code that made it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import fields, replace

from statehold.chart.machine import Definition
from statehold.instance.attempts import Attempt
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Deadline, InFlight, Snapshot, Timer
from statehold.plain.text import name_fault
from statehold.records import MaybeRaw, Parent, Ref, Row


class StoredEffect(Struct, frozen=True, omit_defaults=True, gc=False):
    """:class:`.InFlight` with its pinned data as JSON."""

    key: str
    invoke: str
    name: str
    kind: str
    state: str | None
    asked_at: datetime
    data: MaybeRaw = None


class Document(Struct, frozen=True, omit_defaults=True, gc=False):
    """``parts`` counts the notes under the present ``seq``, ``held`` the messages held for it.

    ``delayed`` are the messages that it sent for later and that end with it, by their ``send_id``.
    ``entered`` tells of active states since when they are, where that is not the row's ``since``;
    null: nobody knows. It is None in what a release before it wrote, which knows of no state.
    """

    data: Raw
    history: dict[str, tuple[str, ...]] = {}
    timers: tuple[Timer, ...] = ()
    effects: tuple[StoredEffect, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    #: ``tries`` in what is stored
    attempts: dict[str, Attempt] = msgspec.field(default_factory=dict, name="tries")
    output: MaybeRaw = None
    parent: Parent | None = None
    parts: int = 0
    held: int = 0
    delayed: dict[str, datetime] = {}
    entered: dict[str, datetime | None] | None = None


_encode = msgspec.json.Encoder().encode
#: characters of names and ids, beyond any that there are
_NAME_CHARS = 10_000
#: notes under one step, beyond anything that happens
_PARTS = 2**31 - 1
_decode = msgspec.json.Decoder(Document).decode


def encode_document(
    definition: Definition[Any],
    snapshot: Snapshot[Any],
    raw: bytes,
    output: bytes | None,
    attempts: Mapping[str, Attempt],
    parent: Parent | None,
    parts: int,
    held: int,
    delayed: Mapping[str, datetime],
    entered: dict[str, datetime | None],
) -> bytes:
    """``raw`` is the data as JSON, ``output`` likewise."""
    effects = tuple(
        StoredEffect(
            e.key,
            e.invoke,
            e.name,
            e.kind,
            e.state,
            e.asked_at,
            None if e.data is None else Raw(definition.data.dump(e.data)),
        )
        for e in snapshot.effects
    )
    return _encode(
        Document(
            Raw(raw),
            dict(snapshot.history),
            snapshot.timers,
            effects,
            snapshot.deadlines,
            dict(attempts),
            None if output is None else Raw(output),
            parent,
            parts,
            held,
            dict(delayed),
            entered,
        )
    )


def compact(entered: Mapping[str, datetime | None], since: datetime) -> dict[str, datetime | None]:
    """As it is stored: in most machines there is one active state, and it is so since ``since``."""
    return {
        state: moment
        for state, moment in entered.items()
        if moment is not since and moment != since
    }


def expand(
    stored: Mapping[str, datetime | None] | None, states: Iterable[str], since: datetime
) -> dict[str, datetime | None]:
    """For these active states; the root is none."""
    if stored is None:
        return {state: None for state in states if state}
    return {state: stored.get(state, since) for state in states if state}


def encode_plain(document: Document) -> bytes:
    return _encode(document)


def decode_document(raw: bytes) -> Document:
    """Raises ``MsgspecError`` or ``ValueError`` for what no release has written."""
    document = _read(raw)
    if not _is_count(document.parts):
        raise ValueError(f"{document.parts} is no number of notes")
    for ref in (_parent_of(document), *(one.child for one in document.attempts.values())):
        if ref is not None and not _is_possible(ref):
            raise ValueError(f"{ref.machine!r}/{ref.id!r} is no instance that there can be")
    return document


def _read(raw: bytes) -> Document:
    if not raw.isascii():
        # what is kept as JSON text is not looked into, and would be given out as it is
        raw.decode()
    return _decode(raw)


def _is_count(parts: int) -> bool:
    return 0 <= parts < _PARTS


def _parent_of(document: Document) -> Ref | None:
    return None if document.parent is None else document.parent.ref


def _is_possible(ref: Ref) -> bool:
    return not any(name_fault(name, _NAME_CHARS) for name in (ref.machine, ref.id))


def salvage(raw: bytes) -> Document:
    """A document, or where it can't be read as a whole each part of it that can."""
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
            # this part is lost; those beside it are not
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


#: what is nested too deep ends in a RecursionError
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


def restore(definition: Definition[Any], row: Row, document: Document) -> Snapshot[Any]:
    """The snapshot of an instance that is of the definition's own version."""
    program = compile_program(definition)
    load = definition.data.load
    what = f"the stored data of {row.machine}/{row.id}"
    return Snapshot(
        program.configuration(row.state),
        load(bytes(document.data), what),
        row.seq,
        row.id,
        document.history,
        document.timers,
        tuple(
            InFlight(
                e.key,
                e.invoke,
                e.name,
                e.kind,
                e.state,
                e.asked_at,
                None if e.data is None else load(bytes(e.data), what),
            )
            for e in document.effects
        ),
        document.deadlines,
        row.status in ("done", "cancelled"),
        None if document.output is None else msgspec.json.decode(document.output),
    )
