"""Numbers of instances in PostgreSQL."""

from __future__ import annotations

from itertools import count, pairwise

import pytest

from statehold.store import Unwritable, partition_of
from statehold.stores.postgres.numbers import RUN, InstanceNumbers
from statehold.stores.postgres.store import PostgresStore
from tests.stores.build import LEASE, WRITTEN, a_row, new, read

pytestmark = pytest.mark.anyio


def test_numbers_follow_one_another_and_runs_do_not() -> None:
    numbers = InstanceNumbers()
    taken = [numbers.take() for _ in range(3 * RUN)]
    assert len(set(taken)) == 3 * RUN
    assert min(taken) >= 1
    assert max(taken) < 2**63
    steps = [b - a for a, b in pairwise(taken)]
    assert steps.count(1) == 3 * (RUN - 1)


def test_two_processes_begin_elsewhere() -> None:
    assert abs(InstanceNumbers().take() - InstanceNumbers().take()) > RUN


async def test_a_number_that_is_there_already_is_refused_and_the_next_try_has_another(
    migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = a_row("o-1")
    place = partition_of("order", "o-1")
    second = a_row(next(f"x-{n}" for n in count() if partition_of("order", f"x-{n}") == place))
    store = PostgresStore(migrated_dsn)
    await store.open("w1")
    await store.join("w1", LEASE)
    try:
        with monkeypatch.context() as same:
            same.setattr(InstanceNumbers, "take", lambda _: 7)
            assert await store.commit([new(first)]) == [WRITTEN]
            with pytest.raises(Unwritable):
                await store.commit([new(second)])
        assert await read(store, second.id) is None
        assert await read(store, first.id) == first
        assert await store.commit([new(second)]) == [WRITTEN]
    finally:
        await store.close()
