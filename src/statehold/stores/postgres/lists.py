"""Pages of instances, by what a query wants: newest first, by id where a prefix is asked for, or by
how long instances have been in their configuration.

Where statements take one partition, each gives as many as a page has, of which the first are taken.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from statehold.records import Ref, Row
from statehold.store import LOOKED_AT, PAGE_LIMIT, Page, Query
from statehold.stores.paging import (
    EARLIEST,
    LATEST,
    RARE_ENOUGH,
    Position,
    begin_of,
    beyond,
    cursor_of,
    fits,
    id_position_of,
    microseconds,
    page_size,
    position_of,
)
from statehold.stores.postgres.columns import Columns, digest, turned
from statehold.stores.postgres.configurations import Configurations
from statehold.stores.postgres.reader import StatementReader


class Lists:
    """``load`` gives the rows of instances, as far as they are there; ``rows`` those that a
    statement's columns stand for."""

    def __init__(
        self,
        reader: StatementReader,
        load: Callable[[Sequence[Ref]], Awaitable[dict[Ref, Row]]],
        rows: Callable[[Sequence[Columns]], Awaitable[list[Row]]],
        configurations: Configurations,
    ) -> None:
        self._reader = reader
        self._load = load
        self._rows = rows
        self._configurations = configurations

    async def page(self, query: Query) -> Page:
        size = page_size(query.limit)
        if query.prefix and query.along is None:
            return await self._by_id(query, size)
        if query.order == "since" and query.along is None:
            return await self._by_since(query, size)
        last = begin_of(query)
        by_configuration = not query.incidents and not query.where and query.along is None
        if by_configuration and not self._reader.spread:
            return await self._at_once(query, last, size)
        positions = await self._positions(query, last, size + 1)
        cursor = cursor_of(positions[size - 1]) if len(positions) > size else None
        return await self._page_of(query.machine, [id_ for _, id_ in positions[:size]], cursor)

    async def _at_once(self, query: Query, last: Position, size: int) -> Page:
        """A page by nothing but configurations, keys and rows in one question."""
        chosen = await self._chosen(query)
        since = LATEST if query.in_state_since is None else microseconds(query.in_state_since)
        wanted = (chosen, *last, since, size + 1, query.machine)
        found = await self._reader.fetch("rows_by_configuration", *wanted)
        rows = tuple(await self._rows(found[:size]))
        if len(found) <= size:
            return Page(rows, None)
        end = found[size - 1]
        return Page(rows, cursor_of((end[6], end[1])))

    async def _positions(self, query: Query, last: Position, size: int) -> list[Position]:
        """The positions of the rows that fit after ``last``, newest first."""
        chosen = await self._chosen(query)
        since = LATEST if query.in_state_since is None else microseconds(query.in_state_since)
        where = [(name, digest(value)) for name, value in query.where.items()]
        if not query.incidents and not where and query.along is None:
            return await self._newest(size, "keys_by_configuration", chosen, *last, since, size)
        wanted = (query.machine, *last, since, size, chosen, *turned(where, 2))
        if query.along is not None:
            walked = query.along[0], digest(query.along[1])
        elif query.incidents:
            return await self._newest(size, "keys_with_incidents", *wanted)
        else:
            walked = await self._rarest(query.machine, where)
        prefix = query.prefix or ""
        rest = prefix, beyond(prefix), query.incidents
        return await self._newest(size, "keys_by_lookup", *wanted, *walked, *rest)

    async def _newest(self, size: int, name: str, *arguments: Any) -> list[Position]:
        found = await self._reader.everywhere(name, *arguments)
        return sorted(((created_at, id_) for created_at, id_ in found), reverse=True)[:size]

    async def _chosen(self, query: Query) -> list[int]:
        """The numbers of the configurations that fit."""
        counted = await self._configurations.counted(query.machine, self._reader.fetch)
        return [number for number, of, _ in counted if fits(query, *of[1:])]

    async def _by_id(self, query: Query, size: int) -> Page:
        assert query.prefix is not None
        after = "" if query.cursor is None else id_position_of(query.cursor)
        rest = (await self._chosen(query), *_rest_of(query))
        since = LATEST if query.in_state_since is None else microseconds(query.in_state_since)
        ids: list[str] = []
        looked_at, chunk = 0, size + 1
        while True:
            wanted = (query.machine, query.prefix, beyond(query.prefix), after, chunk, since)
            found = sorted(await self._reader.everywhere("look_by_id", *wanted, *rest))[:chunk]
            for id_, is_wanted in found:
                if len(ids) == size or looked_at == LOOKED_AT:
                    return await self._page_of(query.machine, ids, cursor_of(after))
                if is_wanted:
                    ids.append(id_)
                looked_at, after = looked_at + 1, id_
            if len(found) < chunk:
                return await self._page_of(query.machine, ids, None)
            chunk = PAGE_LIMIT

    async def _by_since(self, query: Query, size: int) -> Page:
        last = (EARLIEST, "") if query.cursor is None else position_of(query.cursor)
        since = LATEST if query.in_state_since is None else microseconds(query.in_state_since)
        wanted = (await self._chosen(query), *last, since, size + 1, *_rest_of(query))
        found = sorted(await self._reader.everywhere("look_by_since", *wanted))
        ids = [id_ for _, id_ in found[:size]]
        cursor = cursor_of(tuple(found[size - 1])) if len(found) > size else None
        return await self._page_of(query.machine, ids, cursor)

    async def _page_of(self, machine: str, ids: Sequence[str], cursor: str | None) -> Page:
        refs = [Ref(machine, id_) for id_ in ids]
        rows = await self._load(refs)
        # one that was purged between the two queries is left out
        return Page(tuple(rows[ref] for ref in refs if ref in rows), cursor)

    async def _rarest(self, machine: str, where: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
        """Of the wanted indexes the one to walk along; none is counted further than needed."""
        if len(where) == 1:
            return where[0]
        counted = [
            ((await self._reader.fetch("count_of_lookup", machine, *pair, RARE_ENOUGH))[0][0], pair)
            for pair in where
        ]
        return min(counted)[1]


def _rest_of(query: Query) -> tuple[Any, ...]:
    """The conditions that no index combines with an order."""
    where = [(name, digest(value)) for name, value in query.where.items()]
    return (query.incidents, *turned(where, 2))
