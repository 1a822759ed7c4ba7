"""Numbers of configurations, cached in both directions: they never change once written."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from statehold.records import Row
from statehold.stores.columns import (
    DamagedConfiguration,
    StoredConfiguration,
    configuration_columns,
    configuration_number,
    configuration_of,
    is_intact,
    no_configuration,
)
from statehold.stores.postgres.connections import Connections
from statehold.stores.postgres.statements import Statements

#: how many are cached; beyond, all are dropped and read again
CACHE_LIMIT = 65_536


class Fetch(Protocol):
    """Runs a named query."""

    def __call__(self, name: str, *arguments: Any) -> Awaitable[list[Any]]: ...


class Configurations:
    """Those that rows refer to by number, as one server has them: a standby that was cut off may
    have some that the primary has not."""

    def __init__(self) -> None:
        self._by_number: dict[int, StoredConfiguration] = {}

    async def of_numbers(
        self, numbers: Iterable[int], fetch: Fetch
    ) -> Mapping[int, StoredConfiguration]:
        """Configurations by number, at least the given ones."""
        wanted = set(numbers)
        if not wanted <= self._by_number.keys():
            self._make_room(len(wanted))
            missing = sorted(wanted - self._by_number.keys())
            damaged = {number: no_configuration(number) for number in missing}
            for number, *columns in await fetch("configurations", missing):
                damaged[number] = configuration_of(*columns)
            for number, of in list(damaged.items()):
                if not isinstance(of, DamagedConfiguration):
                    self._remember(number, of)
                    del damaged[number]
            if damaged:
                # not cached: placeholders of several numbers are equal
                return {**self._by_number, **damaged}
        return self._by_number

    async def counted(
        self, machine: str, fetch: Fetch
    ) -> list[tuple[int, StoredConfiguration, int]]:
        """Those of the machine that any instance is in: number, configuration, instances."""
        counted = await fetch("counted_configurations", machine)
        of_number = await self.of_numbers((number for number, _ in counted), fetch)
        return [(number, of_number[number], instances) for number, instances in counted]

    def _make_room(self, count: int) -> None:
        if len(self._by_number) + count > CACHE_LIMIT:
            self._by_number.clear()

    def _remember(self, number: int, configuration: StoredConfiguration) -> None:
        self._by_number[number] = configuration


class ConfigurationNumbers(Configurations):
    """The same for the server that is written to, with the numbers of new ones."""

    def __init__(self, link: Connections, statements: Statements) -> None:
        super().__init__()
        self._link = link
        self._q = statements
        self._numbers: dict[tuple[Any, ...], int] = {}

    async def numbers_of(self, rows: Sequence[Row]) -> list[int]:
        """In the order of the rows; a new one is written, in a transaction of its own."""
        known = self._numbers
        found: list[int] = []
        for row in rows:
            # a plain tuple equals a named one and is made in a third of the time
            key = (row.machine, row.version, row.status, row.state, row.tags, row.owners)
            number = known.get(key)
            found.append(await self._write(row) if number is None else number)
        return found

    async def _write(self, row: Row) -> int:
        """Raises ``StoreRefused`` where another one has its number."""
        wanted = StoredConfiguration(
            row.machine, row.version, row.status, row.state, row.tags, row.owners
        )
        number, columns = configuration_number(wanted), configuration_columns(wanted)
        async with self._link.reading() as db:
            # committed at once: another worker may write the same
            await db.execute(self._q["insert_configuration"], number, *columns)
            ((_, *stored),) = await db.fetch(self._q["configurations"], [number])
            if not is_intact(number, configuration_of(*stored), wanted):
                await db.execute(self._q["mend_configuration"], number, *columns)
        self._make_room(1)
        self._remember(number, wanted)
        return number

    def _make_room(self, count: int) -> None:
        super()._make_room(count)
        if not self._by_number:
            self._numbers.clear()

    def _remember(self, number: int, configuration: StoredConfiguration) -> None:
        super()._remember(number, configuration)
        self._numbers[tuple(configuration)] = number
