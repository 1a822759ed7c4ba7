"""A batch that the store has no room for is committed in halves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from statehold.engine.commit.write import BatchWriter
from statehold.errors import InstanceUnreadable, LeaseLost
from statehold.records import Write
from statehold.store import Unwritable, WriteResult
from tests.stores.build import a_row, new

pytestmark = pytest.mark.anyio


class FullStore:
    """Has no room for instances whose id begins with "bad", and loses its lease after ``most``
    writes."""

    def __init__(self, most: int = 100) -> None:
        self.most = most
        self.written: list[str] = []

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        if len(self.written) >= self.most:
            raise LeaseLost("w1")
        if any(write.row.id.startswith("bad") for write in writes):
            raise Unwritable("it is too large")
        self.written += [write.row.id for write in writes]
        return [WriteResult.WRITTEN] * len(writes)


def _write(id: str) -> tuple[Write, None]:
    return new(a_row(id)), None


async def outcomes_of(store: FullStore, *ids: str) -> list[Any]:
    context = SimpleNamespace(observer=None, worker="w1", machines={})
    drafts = [SimpleNamespace(write=partial(_write, id)) for id in ids]
    writer = BatchWriter(cast(Any, store), cast(Any, context))
    return [committed.outcome for committed in await writer.commit(cast(Any, drafts))]


async def test_only_what_the_store_has_no_room_for_is_refused() -> None:
    store = FullStore()
    outcomes = await outcomes_of(store, "a", "b", "bad", "c", "d")
    assert isinstance(outcomes[2], InstanceUnreadable)
    assert outcomes[:2] + outcomes[3:] == [WriteResult.WRITTEN] * 4
    assert store.written == ["a", "b", "c", "d"]


async def test_a_lease_that_is_lost_between_two_halves_leaves_the_first_as_it_is_written() -> None:
    store = FullStore(most=3)
    outcomes = await outcomes_of(store, "a", "b", "c", "d", "bad", "e")
    assert store.written == ["a", "b", "c"]
    assert outcomes == [WriteResult.WRITTEN] * 3 + [WriteResult.CONFLICT] * 3


async def test_a_lease_that_was_lost_before_anything_was_written_is_raised() -> None:
    with pytest.raises(LeaseLost):
        await outcomes_of(FullStore(most=0), "a", "bad")
