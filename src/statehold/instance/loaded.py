"""An instance as it was committed last, decoded once and kept between turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.errors import InstanceUnreadable, InvalidPayload
from statehold.instance.attempts import Attempt
from statehold.instance.stored import Document, decode_document, expand, restore, salvage
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Snapshot
from statehold.records import OVER, Parent, Row

#: writes and steps of one instance, beyond anything that happens
COUNTS = 2**53


class Held(Struct, frozen=True, gc=False):
    """What the store has of an instance. ``snapshot`` None: its version's code is not here, or it
    is over and what is left of it does not fit the code any more."""

    row: Row
    document: Document | None
    snapshot: Snapshot[Any] | None
    raw: bytes
    output: bytes | None
    attempts: Mapping[str, Attempt]
    parent: Parent | None
    parts: int
    waiting: int
    delayed: Mapping[str, datetime]
    #: active states and since when; None: that was not noted
    entered: Mapping[str, datetime | None]
    #: by which it was decoded; another one may have been put since
    definition: Definition[Any]


def hold(definition: Definition[Any], row: Row) -> Held:
    """Decodes a row; raises ``InstanceUnreadable`` where it can't be: where its data no longer fits
    the type, say. What is over needs no type: it is shown as it was stored."""
    try:
        if row.damage is not None:
            raise ValueError(row.damage)
        if not is_writable(row):
            raise ValueError(f"its rev {row.rev} or its seq {row.seq} is no count of steps")
        document = decode_document(row.document)
        snapshot = None
        if definition.version == row.version:
            snapshot = _restored(definition, row, document)
        return _held(definition, row, document, snapshot)
    # a type's own validation may raise anything
    except Exception as error:
        why = str(error) if isinstance(error, (InvalidPayload, ValueError)) else _told(error)
        raise InstanceUnreadable(row.machine, row.id, row.version, why) from error


def is_writable(row: Row) -> bool:
    """Whether its counts can be one higher: no store has room for any number."""
    return is_count(row.rev) and 0 <= row.seq < COUNTS


def is_count(rev: int) -> bool:
    return 0 < rev < COUNTS


def hold_remains(definition: Definition[Any], row: Row, end: tuple[int, int]) -> Held:
    """What is left of a row that can't be read: enough to end it, or to give it new data. ``end``
    is the place of the last line of its journal, where the next one goes on."""
    seq, part = end
    document = replace(salvage(row.document), parts=part)
    return _held(definition, replace(row, seq=seq), document, None)


def _restored(definition: Definition[Any], row: Row, document: Document) -> Snapshot[Any] | None:
    try:
        states = compile_program(definition).tree.index
        unknown = [state for state in row.state if state not in states]
        if unknown or not row.state:
            where = " and ".join(map(repr, unknown)) or "no state"
            raise ValueError(f"it is in {where}, and version {row.version} has no such state")
        return restore(definition, row, document)
    except Exception:
        if row.status not in OVER:
            raise
        return None


def _held(
    definition: Definition[Any], row: Row, document: Document, snapshot: Snapshot[Any] | None
) -> Held:
    states: Iterable[str]
    if snapshot is not None:
        states = snapshot.configuration.states
    else:
        # which states are around the leaves, only the code of its version knows
        states = {*row.state, *(document.entered or ())}
    return Held(
        row,
        document if snapshot is None else None,
        snapshot,
        bytes(document.data),
        None if document.output is None else bytes(document.output),
        document.attempts,
        document.parent,
        document.parts,
        document.held,
        document.delayed,
        expand(document.entered, states, row.since),
        definition,
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
