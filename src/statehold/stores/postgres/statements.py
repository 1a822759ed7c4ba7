"""The statements of ``queries.sql``, in the form in which each takes rows of any partitions, or in
the one in which each takes one partition (``spread``).

The rest of the store gives a partition with each statement, and groups what it asks by partitions
(:meth:`Statements.grouped`): without ``spread``, all is one group and the partition is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from statehold.store import PARTITIONS
from statehold.stores.queries import (
    load_queries,
    of_any_partition,
    of_one_partition,
    takes_fence,
    takes_partition,
)

T = TypeVar("T")

#: None: any
Partition = int | None


class Statements:
    def __init__(self, *, spread: bool) -> None:
        self.spread = spread
        texts = load_queries("postgres")
        form = of_one_partition if spread else of_any_partition
        self._sql = {name: form(text) for name, text in texts.items()}
        self._routed = {name for name, text in texts.items() if spread and takes_partition(text)}
        self._fenced = {name for name, text in texts.items() if spread and takes_fence(text)}
        #: whose fence is joined by statements that insert
        self.worker = ""
        #: what a statement that looks everywhere is asked for, one after another
        self.partitions: tuple[Partition, ...] = tuple(range(PARTITIONS)) if spread else (None,)

    def __getitem__(self, name: str) -> str:
        return self._sql[name]

    def with_arguments(
        self, name: str, arguments: tuple[Any, ...], partition: Partition
    ) -> tuple[Any, ...]:
        """The statement and its arguments. Raises ``ValueError`` for one that takes one partition
        and is given none."""
        if name not in self._routed:
            return (self._sql[name], *arguments)
        if partition is None:
            raise ValueError(f"the statement {name} takes one partition")
        if name in self._fenced:
            return (self._sql[name], *arguments, self.worker, partition)
        return (self._sql[name], *arguments, partition)

    def grouped(
        self, items: Iterable[T], partition_of_item: Callable[[T], int]
    ) -> list[tuple[Partition, list[T]]]:
        """The items by their partitions, in the order of these."""
        if not self.spread:
            return [(None, list(items))]
        groups: dict[int, list[T]] = {}
        for item in items:
            groups.setdefault(partition_of_item(item), []).append(item)
        return [(partition, groups[partition]) for partition in sorted(groups)]
