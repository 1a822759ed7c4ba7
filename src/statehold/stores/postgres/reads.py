"""Lists and counts, from the primary or from a standby."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from statehold.records import Ref, Row, Status
from statehold.store import PAGE_LIMIT, Aside, Group, Page, Query, Rollup, StoredChart
from statehold.stores.columns import (
    StoredConfiguration,
    chart_of,
    counts_of,
    groups_of,
    plain,
    rollup_of,
    row_of,
)
from statehold.stores.paging import (
    EARLIEST,
    cursor_of,
    incident_position_of,
    microseconds,
    moment,
    page_size,
)
from statehold.stores.postgres.columns import Columns
from statehold.stores.postgres.configurations import Configurations
from statehold.stores.postgres.lists import Lists
from statehold.stores.postgres.reader import StatementReader


class PostgresReads:
    """``reader`` asks one server, and ``configurations`` are that server's. ``learn`` gets each row
    with its configuration's number, where the writer may trust them."""

    def __init__(
        self,
        reader: StatementReader,
        configurations: Configurations,
        learn: Callable[[Row, int], None] | None = None,
    ) -> None:
        self._reader = reader
        self._fetch = reader.fetch
        self._configurations = configurations
        self._learn = learn
        self._lists = Lists(reader, self.load, self.rows, configurations)

    async def load(self, refs: Sequence[Ref]) -> dict[Ref, Row]:
        wanted = dict.fromkeys(refs)
        rows = await self.rows(await self._reader.of_refs("load_rows", wanted))
        found = {row.ref: row for row in rows}
        return {ref: found[ref] for ref in wanted if ref in found}

    async def rows(self, found: Sequence[Columns]) -> list[Row]:
        """Rows from their columns, in the same order."""
        numbers = (columns[2] for columns in found)
        of_number = await self._configurations.of_numbers(numbers, self._fetch)
        rows = [row_of(columns[:14], of_number[columns[2]]) for columns in found]
        if self._learn is not None:
            for row, columns in zip(rows, found, strict=True):
                self._learn(row, columns[2])
        return rows

    async def count(self, machine: str) -> dict[tuple[int, Status, tuple[str, ...]], int]:
        return counts_of(await self._counted(machine))

    async def groups(self, machine: str) -> dict[Group, int]:
        return groups_of(await self._counted(machine))

    async def _counted(self, machine: str) -> list[tuple[StoredConfiguration, int]]:
        """The machine's configurations, each with how many instances it has."""
        counted = await self._configurations.counted(machine, self._fetch)
        return [(of, instances) for _, of, instances in counted]

    async def count_incidents(self, machine: str) -> int:
        ((count,),) = await self._fetch("count_incidents", machine, PAGE_LIMIT)
        return int(count)

    async def incidents(self, machine: str | None, limit: int, cursor: str | None) -> Page:
        last = (EARLIEST, "", "") if cursor is None else incident_position_of(cursor)
        size = page_size(limit)
        found = await self._fetch("incidents", *last, machine, size + 1)
        rows = tuple(await self.rows(found[:size]))
        if len(found) <= size:
            return Page(rows, None)
        end = found[size - 1]
        return Page(rows, cursor_of((end[14], end[0], end[1])))

    async def asides(self, refs: Sequence[Ref]) -> dict[Ref, Aside]:
        return {
            Ref(machine, id_): Aside(moment(since), plain(why) or "")
            for machine, id_, since, why in await self._reader.of_refs("asides", refs)
        }

    async def charts(self, machine: str) -> list[StoredChart]:
        return [chart_of(columns) for columns in await self._fetch("charts", machine)]

    async def rollups(
        self, machine: str, since: datetime, version: int | None, limit: int
    ) -> list[Rollup]:
        found = await self._fetch("rollups", machine, microseconds(since), version, limit)
        return [rollup_of(*columns) for columns in found]

    # last in the class: below it the name would no longer be the built-in one's
    async def list(self, query: Query) -> Page:
        return await self._lists.page(query)
