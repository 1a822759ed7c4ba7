"""Pages of instances, by what a query wants.

1. Newest first, an index is walked: of all instances, of one configuration, of the rarest of the
   wanted indexes or of the one that the query is ``along``, or of those with incidents.
2. By id where a prefix is asked for, and by how long instances have been in their configuration, no
   index has the order and the whole question. An index gives the order, and each row on its way is
   checked against the rest of the query; not more than ``LOOKED_AT`` of them for one page, which
   then ends early, with a cursor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Any

import msgspec

from statehold.records import Ref
from statehold.store import LOOKED_AT, PAGE_LIMIT, Query
from statehold.stores.columns import looked_up
from statehold.stores.paging import (
    EARLIEST,
    LATEST,
    RARE_ENOUGH,
    Position,
    begin_of,
    beyond,
    cursor_of,
    finished_position_of,
    fits,
    id_position_of,
    microseconds,
    page_size,
)
from statehold.stores.sqlite.columns import ConfigurationNumbers

#: how many instances that are long in their states are sorted for a page; among more it is looked
#: for from the newest on
_FEW = 10_000

#: an id, whether its row fits, and where a page that ends with it goes on
_Seen = tuple[str, bool, Any]


class Lists:
    def __init__(self, queries: Mapping[str, str], configurations: ConfigurationNumbers) -> None:
        self._queries = queries
        self._configurations = configurations

    def page(self, db: sqlite3.Connection, query: Query) -> tuple[list[Ref], str | None]:
        """The instances of a page, in its order, and the cursor of the next."""
        if query.along is None and (query.prefix or query.order == "since"):
            return _look_along(db, self._queries, query, self._choose(db, query)[1])
        size = page_size(query.limit)
        last = begin_of(query)
        positions = list(islice(self._positions(db, query, last), size + 1))
        refs = [Ref(query.machine, id_) for _, id_ in positions[:size]]
        return refs, cursor_of(positions[size - 1]) if len(positions) > size else None

    def _positions(
        self, db: sqlite3.Connection, query: Query, last: Position
    ) -> Iterator[Position]:
        """The answer's positions after ``last``, newest first, read only as far as asked for."""
        everything, chosen = self._choose(db, query)
        chunk = page_size(query.limit) + 1
        wanted: dict[str, str | int] = {
            "machine": query.machine,
            "since": LATEST if query.in_state_since is None else microseconds(query.in_state_since),
        }
        narrowed = {
            **wanted,
            "configurations": array(chosen),
            "indexes": msgspec.json.encode(dict(looked_up(query.where))).decode(),
        }
        if query.incidents and query.along is None:
            return self._walk(db, "keys_with_incidents", narrowed, last, chunk)
        if query.where or query.along:
            name, value = self._walked(db, query)
            narrowed |= {
                "name": name,
                "value": value,
                "incidents": query.incidents,
                "first": query.prefix or "",
                "end": beyond(query.prefix or ""),
            }
            return self._walk(db, "keys_by_lookup", narrowed, last, chunk)
        if everything and query.in_state_since is None:
            return self._walk(db, "keys_by_age", wanted, last, chunk)
        if query.in_state_since is not None and self._are_few(db, narrowed):
            return self._walk(db, "keys_by_since", narrowed, last, chunk)
        # each of many combinations gives a few, so that a page costs about a page
        chunk = max(8, chunk // max(1, len(chosen)))
        walks = [
            self._walk(
                db, "keys_by_configuration", {**wanted, "configuration": number}, last, chunk
            )
            for number in chosen
        ]
        return merge(*walks, reverse=True)

    def _choose(self, db: sqlite3.Connection, query: Query) -> tuple[bool, list[int]]:
        """The numbers of the machine's configurations that fit, and whether all do."""
        there = db.execute(self._queries["configurations_of_machine"], (query.machine,)).fetchall()
        chosen = [
            number
            for number, _ in there
            if fits(query, *self._configurations.of_number(number)[1:])
        ]
        return len(chosen) == len(there), chosen

    def _walked(self, db: sqlite3.Connection, query: Query) -> tuple[str, str]:
        if query.along is None:
            return self._rarest(db, query)
        return looked_up(dict([query.along]))[0]

    def _rarest(self, db: sqlite3.Connection, query: Query) -> tuple[str, str]:
        """Of the wanted indexes the one to walk along; none is counted further than needed."""
        wanted = looked_up(query.where)
        if len(wanted) == 1:
            return wanted[0]
        counting = self._queries["count_of_lookup"]
        return min(
            wanted,
            key=lambda pair: db.execute(counting, (query.machine, *pair, RARE_ENOUGH)).fetchone()[
                0
            ],
        )

    def _are_few(self, db: sqlite3.Connection, wanted: dict[str, str | int]) -> bool:
        counted = db.execute(self._queries["count_since"], {**wanted, "limit": _FEW + 1}).fetchone()
        return int(counted[0]) <= _FEW

    def _walk(
        self,
        db: sqlite3.Connection,
        name: str,
        wanted: dict[str, str | int],
        last: Position,
        chunk: int,
    ) -> Iterator[Position]:
        while True:
            bounds = {**wanted, "created_at": last[0], "id": last[1], "limit": chunk}
            positions = db.execute(self._queries[name], bounds).fetchall()
            yield from positions
            if len(positions) < chunk:
                return
            last = positions[-1]


def array(values: Sequence[str] | Sequence[int]) -> str:
    """What ``json_each`` takes."""
    return msgspec.json.encode(values).decode()


def _look_along(
    db: sqlite3.Connection, queries: Mapping[str, str], query: Query, chosen: Sequence[int]
) -> tuple[list[Ref], str | None]:
    """``chosen`` are the configurations that fit. Gives the page, and the cursor of the next."""
    size = page_size(query.limit)
    wanted: dict[str, Any] = {
        "machine": query.machine,
        "since": LATEST if query.in_state_since is None else microseconds(query.in_state_since),
        "incidents": query.incidents,
        "indexes": msgspec.json.encode(dict(looked_up(query.where))).decode(),
    }
    if query.prefix:
        seen = _by_id(db, queries["look_by_id"], wanted, query, frozenset(chosen))
    else:
        seen = _by_since(db, queries["look_by_since"], wanted, query, chosen)
    found: list[Ref] = []
    position: Any = None
    for looked_at, (id_, is_wanted, place) in enumerate(seen):
        if len(found) == size or looked_at == LOOKED_AT:
            return found, cursor_of(position)
        if is_wanted:
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
        for id_, configuration, is_wanted in rows:
            yield id_, bool(is_wanted) and configuration in chosen, id_
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
    last = (EARLIEST, 0) if query.cursor is None else finished_position_of(query.cursor)
    # each of many configurations gives a few, so that a page costs about a page
    chunk = max(8, (page_size(query.limit) + 1) // max(1, len(chosen)))
    most = max(chunk, PAGE_LIMIT // max(1, len(chosen)))
    walks = [
        _in_configuration(db, sql, {**wanted, "configuration": number, "limit": chunk}, last, most)
        for number in chosen
    ]
    for since, place, id_, is_wanted in merge(*walks):
        yield id_, bool(is_wanted), (since, place)


def _in_configuration(
    db: sqlite3.Connection, sql: str, wanted: dict[str, Any], last: tuple[int, int], most: int
) -> Iterator[tuple[int, int, str, int]]:
    while True:
        rows = db.execute(sql, {**wanted, "after": last[0], "place": last[1]}).fetchall()
        yield from rows
        if len(rows) < wanted["limit"]:
            return
        last = rows[-1][:2]
        # what is asked for is rare
        wanted["limit"] = min(4 * wanted["limit"], most)
