"""Searches all machines: parts of machines by name, instances by the beginning of their id or by a
whole value of an index. Every part of the answer is bounded."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from statehold.chart.machine import Definition
from statehold.chart.model import ROOT
from statehold.engine.queries.form_schemas import events_of
from statehold.engine.queries.instances import summary_of
from statehold.engine.requests.context import EngineContext
from statehold.records import Ref, Row
from statehold.store import Query, Reads
from statehold.wire.base import ID_PATTERN
from statehold.wire.machines import Found, FoundEvent, FoundMachine, FoundState

#: what an id may be is what it may begin with
_BEGINS_AN_ID = re.compile(ID_PATTERN)


async def search(
    reads: Reads, lag_seconds: float, context: EngineContext, text: str, limit: int
) -> Found:
    """``limit`` of each kind; instances from ``reads``, which may be behind by ``lag_seconds``."""
    wanted = text.casefold()
    definitions = list(context.definitions.values())
    states = (found for one in definitions for found in _states(one, wanted))
    events = (found for one in definitions for found in _events(one, wanted))
    machines = (
        FoundMachine(name=one.name, doc=one.chart.doc)
        for one in definitions
        if wanted in one.name.casefold()
    )
    rows: dict[Ref, Row] = {}
    async for row in _instances(reads, definitions, text, limit):
        rows[row.ref] = row
        if len(rows) == limit:
            break
    return Found(
        machines=_first(machines, limit),
        states=_first(states, limit),
        events=_first(events, limit),
        instances=[summary_of(row) for row in rows.values()],
        lag_seconds=lag_seconds,
    )


def _first(found: Iterator[Any], limit: int) -> list[Any]:
    return [one for one, _ in zip(found, range(limit), strict=False)]


def _states(definition: Definition[Any], wanted: str) -> Iterator[FoundState]:
    for state in definition.chart.states:
        if state.id != ROOT and wanted in state.id.casefold():
            yield FoundState(machine=definition.name, id=state.id, doc=state.doc)


def _events(definition: Definition[Any], wanted: str) -> Iterator[FoundEvent]:
    for name, event in events_of(definition.chart).items():
        if wanted in name.casefold():
            yield FoundEvent(machine=definition.name, name=name, doc=event.doc)


async def _instances(
    reads: Reads, definitions: list[Definition[Any]], text: str, limit: int
) -> AsyncIterator[Row]:
    if _BEGINS_AN_ID.fullmatch(text):
        for definition in definitions:
            page = await reads.list(Query(definition.name, prefix=text, limit=limit))
            for row in page.rows:
                yield row
    for definition in definitions:
        for name in definition.indexes:
            page = await reads.list(Query(definition.name, where={name: text}, limit=limit))
            for row in page.rows:
                yield row
