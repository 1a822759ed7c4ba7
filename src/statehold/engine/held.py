"""An instance as it was committed last, decoded once and kept between turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from statehold.chart.machine import Definition
from statehold.engine.document import Document, Parent, Try, decode_document, expand, restore
from statehold.interpreter.snapshot import Snapshot
from statehold.store import Row


class Held(Struct, frozen=True, gc=False):
    """What the store has of an instance. ``snapshot`` None: its version's code is not here."""

    row: Row
    document: Document | None
    snapshot: Snapshot[Any] | None
    raw: bytes
    output: bytes | None
    tries: Mapping[str, Try]
    parent: Parent | None
    parts: int
    waiting: int
    delayed: Mapping[str, datetime]
    #: active states and since when; None: that was not noted
    entered: Mapping[str, datetime | None]
    #: by which it was decoded; another one may have been put since
    definition: Definition[Any]


def hold(definition: Definition[Any], row: Row) -> Held:
    """Decodes a row; raises ``InvalidPayload`` where its data no longer fits the type."""
    document = decode_document(row.document)
    here = definition.version == row.version
    snapshot = restore(definition, row, document) if here else None
    states: Iterable[str]
    if snapshot is not None:
        states = snapshot.configuration.states
    else:
        # which states are around the leaves, only the code of its version knows
        states = {*row.state, *(document.entered or ())}
    return Held(
        row,
        None if here else document,
        snapshot,
        bytes(document.data),
        None if document.output is None else bytes(document.output),
        document.tries,
        document.parent,
        document.parts,
        document.held,
        document.delayed,
        expand(document.entered, states, row.since),
        definition,
    )
