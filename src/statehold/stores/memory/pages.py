"""Pages of lists from a memory store; each list has an order and a cursor."""

from __future__ import annotations

from datetime import datetime

from statehold.records import OVER, Row
from statehold.store import Page, Query
from statehold.stores.memory.memory import Memory
from statehold.stores.paging import (
    IncidentPosition,
    Position,
    begin_of,
    cursor_of,
    finished_position_of,
    fits,
    id_position_of,
    incident_position_of,
    microseconds,
    page_size,
)

#: below every time that a row can have
_FIRST = -(2**63)


def list_page(memory: Memory, query: Query) -> Page:
    """Newest first; by id where a prefix is asked for."""
    if query.prefix and query.along is None:
        return _by_id(memory, query)
    if query.order == "since" and query.along is None:
        return _by_since(memory, query)
    last = begin_of(query)
    found = [
        (place, row)
        for row in memory.rows.values()
        if _is_wanted(row, query) and (place := _position(row)) < last
    ]
    found.sort(key=lambda item: item[0], reverse=True)
    size = page_size(query.limit)
    rows = tuple(row for _, row in found[:size])
    return Page(rows, cursor_of(_position(rows[-1])) if len(found) > size else None)


def _by_id(memory: Memory, query: Query) -> Page:
    last = "" if query.cursor is None else id_position_of(query.cursor)
    found = sorted(
        (row for row in memory.rows.values() if _is_wanted(row, query) and row.id > last),
        key=lambda row: row.id,
    )
    size = page_size(query.limit)
    return Page(tuple(found[:size]), cursor_of(found[size - 1].id) if found[size:] else None)


def _by_since(memory: Memory, query: Query) -> Page:
    last = (_FIRST, 0) if query.cursor is None else finished_position_of(query.cursor)
    found = sorted(
        ((microseconds(row.since), memory.numbers[row.ref]), row)
        for row in memory.rows.values()
        if _is_wanted(row, query)
    )
    found = [item for item in found if item[0] > last]
    size = page_size(query.limit)
    rows = tuple(row for _, row in found[:size])
    return Page(rows, cursor_of(found[size - 1][0]) if found[size:] else None)


def incidents_page(memory: Memory, machine: str | None, limit: int, cursor: str | None) -> Page:
    """The oldest change first."""
    found = [
        (_incident_position(row), row)
        for row in memory.rows.values()
        if row.incidents > 0 and machine in (None, row.machine)
    ]
    if cursor is not None:
        last = incident_position_of(cursor)
        found = [item for item in found if item[0] > last]
    found.sort(key=lambda item: item[0])
    size = page_size(limit)
    rows = tuple(row for _, row in found[:size])
    return Page(rows, cursor_of(_incident_position(rows[-1])) if len(found) > size else None)


def finished_page(
    memory: Memory, machine: str, before: datetime, limit: int, cursor: str | None
) -> Page:
    """What has been over since ``before``, the longest first."""
    last = (_FIRST, 0) if cursor is None else finished_position_of(cursor)
    found = sorted(
        ((microseconds(row.since), memory.numbers[row.ref]), row)
        for row in memory.rows.values()
        if row.machine == machine and row.status in OVER and row.since <= before
    )
    page = [item for item in found if item[0] > last][: page_size(limit)]
    is_last = not page or page[-1] is found[-1]
    return Page(tuple(row for _, row in page), None if is_last else cursor_of(page[-1][0]))


def _position(row: Row) -> Position:
    return (microseconds(row.created_at), row.id)


def _incident_position(row: Row) -> IncidentPosition:
    return (microseconds(row.changed_at), row.machine, row.id)


def _is_wanted(row: Row, query: Query) -> bool:
    return (
        row.machine == query.machine
        and fits(query, row.version, row.status, row.state, row.tags, row.owners)
        and (query.in_state_since is None or row.since <= query.in_state_since)
        and (not query.incidents or row.incidents > 0)
        and (not query.prefix or row.id.startswith(query.prefix))
        and all(row.indexes.get(name) == value for name, value in query.where.items())
        and (query.along is None or row.indexes.get(query.along[0]) == query.along[1])
    )
