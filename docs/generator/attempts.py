"""The states of an attempt as a chart, from the table that the engine goes by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from docs.generator.markdown import code, table
from statehold.chart.machine import Definition
from statehold.formats.native import read_native
from statehold.instance.attempts import EDGES, AttemptState

#: the states around which the picture has one frame: an arrow from it is one from each of them
_OPEN: tuple[AttemptState, ...] = (
    "waiting",
    "running",
    "backing_off",
    "outcome_held",
    "result_kept",
    "incident",
)


def machine() -> Definition[Any]:
    """The table as a machine, its events those of the table."""
    transitions = {
        f"{'_or_'.join(events)}_to_{target}": {
            "on": list(events),
            "from": [_path(source) for source in sources],
            "to": _path(target),
        }
        for (events, target), sources in _arrows().items()
    }
    states: dict[str, Any] = {
        name: {"final": True} if not edges else {"initial": True} if name == "new" else {}
        for name, edges in EDGES.items()
        if name not in _OPEN
    }
    first, *others = _OPEN
    states["open"] = {"states": {first: {"initial": True}, **{name: {} for name in others}}}
    events: dict[str, Any] = {event: {} for edges in EDGES.values() for event in edges}
    return read_native(
        json.dumps(
            {
                "statehold": 1,
                "name": "attempt",
                "version": 1,
                "events": events,
                "states": states,
                "transitions": transitions,
            }
        )
    ).definition


def edges() -> str:
    """A table of all edges: a row for each state, with what each event leads to."""
    return table(
        ["state", "event → state after it"],
        (
            [
                code(source),
                ", ".join(f"{event} → {code(after)}" for event, after in found.items()) or "ended",
            ]
            for source, found in EDGES.items()
        ),
    )


def _arrows() -> dict[tuple[tuple[str, ...], str], list[str]]:
    """The sources of each arrow, by its events and its target; ``open`` stands for all in it."""
    common = set.intersection(*(set(EDGES[state].items()) for state in _OPEN))
    by_source: dict[str, Mapping[str, str]] = {"open": dict(sorted(common))}
    for source, found in EDGES.items():
        inside = source in _OPEN
        by_source[source] = {e: t for e, t in found.items() if not (inside and (e, t) in common)}
    arrows: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for origin, leading in by_source.items():
        for target in dict.fromkeys(leading.values()):
            together = tuple(event for event, after in leading.items() if after == target)
            arrows.setdefault((together, target), []).append(origin)
    return arrows


def _path(state: str) -> str:
    return f"open.{state}" if state in _OPEN else state
