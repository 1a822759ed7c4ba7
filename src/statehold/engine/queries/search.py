"""Searches all machines: parts of machines by name, instances by the beginning of their id or by a
whole value of an index. Every part of the answer is bounded."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from statehold.chart.labels import machine_label, state_label
from statehold.chart.machine import Definition
from statehold.chart.model import ROOT
from statehold.engine.queries.form_schemas import events_of
from statehold.engine.queries.pages import page
from statehold.engine.queries.rights import Scope, scope_of
from statehold.engine.requests.context import EngineContext
from statehold.instance.disclosure import seen
from statehold.records import Caller, Ref, Row
from statehold.store import Query, Reads
from statehold.wire.base import ID_PATTERN
from statehold.wire.instances import Summary
from statehold.wire.machines import Found, FoundEvent, FoundMachine, FoundState

#: what an id may be is what it may begin with
_BEGINS_AN_ID = re.compile(ID_PATTERN)


async def search(
    reads: Reads, lag_seconds: float, context: EngineContext, text: str, limit: int, caller: Caller
) -> Found:
    """``limit`` of each kind; instances from ``reads``, which may be behind by ``lag_seconds``. Of
    machines those that the caller sees, of instances those that it may read."""
    wanted = text.casefold()
    definitions = seen(caller, context.definitions)
    scopes = [scope_of(caller, one) for one in definitions]
    scopes = [one for one in scopes if one.pairs != frozenset()]
    states = (found for one in definitions for found in _states(one, wanted))
    events = (found for one in definitions for found in _events(one, wanted))
    machines = (
        FoundMachine(name=one.name, label=machine_label(one.chart), doc=one.chart.doc)
        for one in definitions
        if _is_in(wanted, one.name, machine_label(one.chart))
    )
    found: dict[Ref, Summary] = {}
    async for row, scope in _instances(reads, scopes, text, limit):
        found[row.ref] = scope.summary(row)
        if len(found) == limit:
            break
    return Found(
        machines=_first(machines, limit),
        states=_first(states, limit),
        events=_first(events, limit),
        instances=list(found.values()),
        lag_seconds=lag_seconds,
    )


def _first(found: Iterator[Any], limit: int) -> list[Any]:
    return [one for one, _ in zip(found, range(limit), strict=False)]


def _states(definition: Definition[Any], wanted: str) -> Iterator[FoundState]:
    chart = definition.chart
    for state in chart.states:
        label = state_label(chart, state)
        if state.id != ROOT and _is_in(wanted, state.id, label):
            yield FoundState(machine=definition.name, id=state.id, label=label, doc=state.doc)


def _events(definition: Definition[Any], wanted: str) -> Iterator[FoundEvent]:
    for name, event in events_of(definition.chart).items():
        if _is_in(wanted, name, event.label):
            yield FoundEvent(machine=definition.name, name=name, label=event.label, doc=event.doc)


def _is_in(wanted: str, *names: str) -> bool:
    return any(wanted in name.casefold() for name in names)


async def _instances(
    reads: Reads, scopes: list[Scope], text: str, limit: int
) -> AsyncIterator[tuple[Row, Scope]]:
    if _BEGINS_AN_ID.fullmatch(text):
        for scope in scopes:
            query = Query(scope.definition.name, prefix=text, limit=limit)
            for row in await _rows(reads, query, scope):
                yield row, scope
    for scope in scopes:
        for name in scope.definition.indexes:
            if name in scope.named or scope.inspects_what_it_reads:
                query = Query(scope.definition.name, where={name: text}, limit=limit)
                for row in await _rows(reads, query, scope):
                    yield row, scope


async def _rows(reads: Reads, query: Query, scope: Scope) -> Sequence[Row]:
    scope.check(query)
    return (await page(reads, query, scope)).rows
