"""Lists in an order that no index has together with the whole question: by id where a prefix is
asked for, and by how long instances have been in their configuration.

An index gives the order, and each row on its way is held against the rest of the query; not more
than ``LOOKED_AT`` of them for one page, which then ends early, with a cursor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import Any

import msgspec

from statehold.records import Ref
from statehold.store import LOOKED_AT, PAGE_LIMIT, Query
from statehold.stores.columns import looked_up
from statehold.stores.paging import (
    beyond,
    cursor_of,
    finished_position_of,
    id_position_of,
    microseconds,
    page_size,
)

_LAST, _FIRST = 2**63 - 1, -(2**63)

#: an id, whether its row fits, and where a page that ends with it goes on
_Seen = tuple[str, bool, Any]


def look_along(
    db: sqlite3.Connection, queries: Mapping[str, str], query: Query, chosen: Sequence[int]
) -> tuple[list[Ref], str | None]:
    """``chosen`` are the configurations that fit. Gives the page, and the cursor of the next."""
    size = page_size(query.limit)
    wanted: dict[str, Any] = {
        "machine": query.machine,
        "since": _LAST if query.in_state_since is None else microseconds(query.in_state_since),
        "incidents": query.incidents,
        "indexes": msgspec.json.encode(dict(looked_up(query.where))).decode(),
    }
    if query.prefix:
        seen = _by_id(db, queries["look_by_id"], wanted, query, frozenset(chosen))
    else:
        seen = _by_since(db, queries["look_by_since"], wanted, query, chosen)
    found: list[Ref] = []
    position: Any = None
    for looked_at, (id_, fits, place) in enumerate(seen):
        if len(found) == size or looked_at == LOOKED_AT:
            return found, cursor_of(position)
        if fits:
            found.append(Ref(query.machine, id_))
        position = place
    return found, None


def _by_id(
    db: sqlite3.Connection,
    sql: str,
    wanted: dict[str, Any],
    query: Query,
    chosen: frozenset[int],
) -> Iterator[_Seen]:
    assert query.prefix is not None
    after = "" if query.cursor is None else id_position_of(query.cursor)
    chunk = page_size(query.limit) + 1
    bounds = {**wanted, "first": query.prefix, "end": beyond(query.prefix)}
    while True:
        rows = db.execute(sql, {**bounds, "after": after, "limit": chunk}).fetchall()
        for id_, configuration, fits in rows:
            yield id_, bool(fits) and configuration in chosen, id_
        if len(rows) < chunk:
            return
        after, chunk = rows[-1][0], PAGE_LIMIT


def _by_since(
    db: sqlite3.Connection,
    sql: str,
    wanted: dict[str, Any],
    query: Query,
    chosen: Sequence[int],
) -> Iterator[_Seen]:
    last = (_FIRST, 0) if query.cursor is None else finished_position_of(query.cursor)
    # each of many configurations gives a few, so that a page costs about a page
    chunk = max(8, (page_size(query.limit) + 1) // max(1, len(chosen)))
    most = max(chunk, PAGE_LIMIT // max(1, len(chosen)))
    walks = [
        _in_configuration(db, sql, {**wanted, "configuration": number, "limit": chunk}, last, most)
        for number in chosen
    ]
    for since, number, id_, fits in merge(*walks):
        yield id_, bool(fits), (since, number)


def _in_configuration(
    db: sqlite3.Connection, sql: str, wanted: dict[str, Any], last: tuple[int, int], most: int
) -> Iterator[tuple[int, int, str, int]]:
    while True:
        rows = db.execute(sql, {**wanted, "after": last[0], "number": last[1]}).fetchall()
        yield from rows
        if len(rows) < wanted["limit"]:
            return
        last = rows[-1][:2]
        # what is asked for is rare
        wanted["limit"] = min(4 * wanted["limit"], most)
