"""An instance as it was last committed, decoded from its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.errors import InstanceUnreadable, InvalidPayload
from statehold.instance.state import InstanceState, Unloaded
from statehold.instance.stored import COUNT_LIMIT, Document, decode_document, is_count, salvage
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import InFlight, Snapshot
from statehold.records import OVER, Row


class Loaded(Struct, frozen=True, gc=False):
    """A row, and the instance decoded from it."""

    row: Row
    instance: InstanceState


def load(definition: Definition[Any], row: Row) -> Loaded:
    """Decodes a row; raises ``InstanceUnreadable``, say where its data no longer fits the type.

    The data of an instance that is over need not fit: it is shown as it was stored.
    """
    try:
        if row.damage is not None:
            raise ValueError(row.damage)
        if not is_writable(row):
            raise ValueError(f"its rev {row.rev} or its seq {row.seq} is no count of steps")
        document = decode_document(row.document)
        snapshot = None
        if definition.version == row.version:
            snapshot = _snapshot(definition, row, document)
        return _loaded(definition, row, document, snapshot)
    # a type's own validation may raise anything
    except Exception as error:
        is_ours = isinstance(error, (InvalidPayload, ValueError))
        why = str(error) if is_ours else f"{type(error).__name__}: {error}"
        raise InstanceUnreadable(row.machine, row.id, row.version, why) from error


def load_remains(definition: Definition[Any], row: Row, end: tuple[int, int]) -> Loaded:
    """What can be read of a row that can't be read as a whole: enough to cancel the instance, or to
    give it new data. ``end`` is the (seq, part) of the last entry of its journal."""
    seq, part = end
    document = replace(salvage(row.document), parts=part)
    return _loaded(definition, replace(row, seq=seq), document, None)


def is_writable(row: Row) -> bool:
    """Whether a store has room for its counts, each one higher."""
    return is_count(row.rev) and 0 <= row.seq < COUNT_LIMIT


def _snapshot(definition: Definition[Any], row: Row, document: Document) -> Snapshot[Any] | None:
    try:
        program = compile_program(definition)
        unknown = [state for state in row.state if state not in program.tree.index]
        if unknown or not row.state:
            where = " and ".join(map(repr, unknown)) or "no state"
            raise ValueError(f"it is in {where}, and version {row.version} has no such state")
        load_data = definition.data.load
        what = f"the stored data of {row.machine}/{row.id}"
        return Snapshot(
            program.configuration(row.state),
            load_data(bytes(document.data), what),
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
                    None if e.data is None else load_data(bytes(e.data), what),
                    None if e.event is None else Raw(bytes(e.event)),
                )
                for e in document.effects
            ),
            document.deadlines,
            row.status in OVER,
            None if document.output is None else msgspec.json.decode(document.output),
        )
    except Exception:
        if row.status not in OVER:
            raise
        return None


def _loaded(
    definition: Definition[Any], row: Row, document: Document, snapshot: Snapshot[Any] | None
) -> Loaded:
    states: Iterable[str]
    unloaded = None
    if snapshot is not None:
        states = snapshot.configuration.states
    else:
        # which states are around the leaves, only the code of its version knows
        states = {*row.state, *(document.entered or ())}
        unloaded = Unloaded(
            document.history,
            document.timers,
            tuple(
                InFlight(e.key, e.invoke, e.name, e.kind, e.state, e.asked_at, e.data, e.event)
                for e in document.effects
            ),
            document.deadlines,
            document.entered,
        )
    instance = InstanceState(
        row.ref,
        definition,
        row.version,
        row.seq,
        document.parts,
        row.status,
        row.state,
        row.tags,
        row.owners,
        row.indexes,
        row.created_at,
        row.since,
        row.changed_at,
        snapshot,
        unloaded,
        bytes(document.data),
        None if document.output is None else bytes(document.output),
        document.attempts,
        document.parent,
        document.held,
        document.delayed,
        _entered(document.entered, states, row.since),
    )
    return Loaded(row, instance)


def _entered(
    stored: Mapping[str, datetime | None] | None, states: Iterable[str], since: datetime
) -> dict[str, datetime | None]:
    """When each of these active states was entered; the root is none of them."""
    if stored is None:
        return {state: None for state in states if state}
    return {state: stored.get(state, since) for state in states if state}
