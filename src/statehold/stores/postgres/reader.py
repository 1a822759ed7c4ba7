"""Runs single statements on the connections for reads: once, or once for each partition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from statehold.records import Ref
from statehold.store import partition_of
from statehold.stores.columns import text
from statehold.stores.postgres.columns import turned
from statehold.stores.postgres.connections import AnyConnection, Connections
from statehold.stores.postgres.statements import Partition, Statements

T = TypeVar("T")


class StatementReader(Protocol):
    """What lists and counts ask. ``spread``: each statement takes one partition."""

    @property
    def spread(self) -> bool: ...

    async def fetch(self, name: str, *arguments: Any) -> list[Any]: ...

    async def everywhere(self, name: str, *arguments: Any) -> list[Any]:
        """The answers of all partitions, one after another in the result."""
        ...

    async def of_refs(self, name: str, refs: Iterable[Ref]) -> list[Any]:
        """Asked of these instances, each in its partition."""
        ...


class ConnectionReader:
    """Runs statements that take rows of any partitions on one connection."""

    def __init__(self, db: AnyConnection, statements: Statements) -> None:
        self._db = db
        self._q = statements

    @property
    def spread(self) -> bool:
        return False

    async def fetch(self, name: str, *arguments: Any) -> list[Any]:
        found: list[Any] = await self._db.fetch(self._q[name], *arguments)
        return found

    async def everywhere(self, name: str, *arguments: Any) -> list[Any]:
        return await self.fetch(name, *arguments)

    async def of_refs(self, name: str, refs: Iterable[Ref]) -> list[Any]:
        return await self.fetch(name, *turned(map(ref_columns, refs), 3))


class Reader:
    """``link`` raises ``StoreUnavailable`` while the store is closed."""

    def __init__(self, link: Callable[[], Connections], statements: Statements) -> None:
        self.link = link
        self.statements = statements

    @property
    def spread(self) -> bool:
        return self.statements.spread

    async def fetch(self, name: str, *arguments: Any, partition: Partition = None) -> list[Any]:
        wanted = self.statements.with_arguments(name, arguments, partition)
        async with self.link().reading() as db:
            found: list[Any] = await db.fetch(*wanted)
            return found

    async def everywhere(self, name: str, *arguments: Any) -> list[Any]:
        return [columns for page in await self.of_each(name, *arguments) for columns in page]

    async def of_each(self, name: str, *arguments: Any) -> list[list[Any]]:
        """The answer of each partition, or the one of all."""
        partitions = self.statements.partitions
        return await _all_of(
            [self.fetch(name, *arguments, partition=partition) for partition in partitions]
        )

    async def of_items(
        self,
        name: str,
        items: Iterable[T],
        partition_of_item: Callable[[T], int],
        columns_of_item: Callable[[T], tuple[Any, ...]],
        width: int,
        *more: Any,
    ) -> list[Any]:
        """Asked with arrays of what is wanted, each in its partition, and ``more`` arguments."""
        groups = self.statements.grouped(items, partition_of_item)
        pages = await _all_of(
            [
                self.fetch(
                    name, *turned(map(columns_of_item, group), width), *more, partition=place
                )
                for place, group in groups
            ]
        )
        return [columns for page in pages for columns in page]

    async def of_ref(self, name: str, ref: Ref, *arguments: Any) -> list[Any]:
        """Asked of an instance, by its machine and id, in its partition."""
        return await self.fetch(
            name, ref.machine, ref.id, *arguments, partition=partition_of_ref(ref)
        )

    async def of_refs(self, name: str, refs: Iterable[Ref]) -> list[Any]:
        return await self.of_items(name, refs, partition_of_ref, ref_columns, 3)


async def _all_of(pages: Sequence[Coroutine[Any, Any, list[Any]]]) -> list[list[Any]]:
    """The pages, asked for at once; a single one without a task of its own."""
    return [await pages[0]] if len(pages) == 1 else await asyncio.gather(*pages)


def partition_of_ref(ref: Ref) -> int:
    return partition_of(ref.machine, ref.id)


def ref_columns(ref: Ref) -> tuple[str, str, int]:
    return (ref.machine, ref.id, partition_of_ref(ref))


def key_columns(one: tuple[Ref, str]) -> tuple[str, str, str, int]:
    """Of an instance and an idempotency key."""
    ref, key = one
    return (ref.machine, ref.id, text(key), partition_of_ref(ref))
