"""Invariants of every instance at rest, whatever its machine."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.chart.tree import Tree
from statehold.errors import InvalidPayload
from statehold.instance.loaded import load
from statehold.instance.state import not_started
from statehold.instance.stored import row_of
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Snapshot
from statehold.records import Ref, Status


def broken(definition: Definition[Any], snapshot: Snapshot[Any], now: Any) -> list[str]:
    """The invariants that are broken, in words; empty if all hold."""
    found = _configuration(compile_program(definition).tree, snapshot)
    raw = definition.data.dump(snapshot.data)
    try:
        definition.data.back(snapshot.data, raw)
    except InvalidPayload as error:
        found.append(f"the data is not what it was after a way through JSON: {error}")
    found += _stored(definition, snapshot, raw, now)
    return found


def _configuration(tree: Tree, snapshot: Snapshot[Any]) -> list[str]:
    """SCXML 3.11: a legal configuration."""
    active = {tree.index[id] for id in snapshot.configuration.states} | {0}
    found = []
    for state in sorted(active):
        node = tree.states[state]
        below = [child for child in tree.children[state] if child in active]
        if state and tree.parent[state] not in active:
            found.append(f"{node.id} is active, what is around it is not")
        if node.kind == "compound" and len(below) != 1:
            found.append(f"{node.id or 'the root'} has {len(below)} active children, not one")
        if node.kind == "parallel" and len(below) != len(tree.children[state]):
            found.append(f"{node.id or 'the root'} has regions that are not active")
    return found


def _status(snapshot: Snapshot[Any]) -> Status:
    if not snapshot.done:
        return "running"
    return "done" if snapshot.cancellation is None else "cancelled"


def _stored(
    definition: Definition[Any], snapshot: Snapshot[Any], raw: bytes, now: Any
) -> list[str]:
    ref = Ref(definition.name, snapshot.instance)
    instance = replace(
        not_started(ref, definition, now),
        seq=snapshot.seq,
        status=_status(snapshot),
        state=snapshot.state,
        snapshot=snapshot,
        data=raw,
        output=None if snapshot.output is None else msgspec.json.encode(snapshot.output),
    )
    loaded = load(definition, row_of(instance, 1)).instance.snapshot
    return [
        f"{name} is not what it was after it was stored and loaded"
        for name in ("state", "seq", "history", "timers", "effects", "deadlines", "done")
        if getattr(loaded, name) != getattr(snapshot, name)
    ]
