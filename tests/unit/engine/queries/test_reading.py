"""Where lists and counts are read, by the bounds of the operator and of the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from statehold.engine.limits import LONGEST_READ_LAG_SECONDS, Limits
from statehold.engine.queries.reading import Reading
from statehold.errors import InvalidPayload, StoreUnavailable
from statehold.store import Query, Reads, StandbyState
from statehold.stores import MemoryStore

pytestmark = pytest.mark.anyio


class Behind:
    """A standby that is behind by ``lag`` seconds, and ``fails`` when it is asked."""

    def __init__(self, lag: float) -> None:
        self.lag = lag
        self.fails = False
        self.bounds: list[float] = []

    async def look(self) -> None: ...

    def state(self) -> StandbyState:
        return StandbyState(self.lag)

    @asynccontextmanager
    async def reading(self, most_seconds: float) -> AsyncIterator[tuple[Reads, float]]:
        self.bounds.append(most_seconds)
        if self.lag >= most_seconds:
            raise StoreUnavailable("too far behind")
        yield MemoryStore(), self.lag
        if self.fails:
            raise StoreUnavailable("a query was cancelled")


@pytest.fixture
async def store(anyio_backend: str) -> AsyncIterator[MemoryStore]:
    made = MemoryStore()
    await made.open("w1")
    yield made
    await made.close()


async def where(reads: Reads, lag_seconds: float) -> tuple[Reads, float]:
    return reads, lag_seconds


async def test_without_a_standby_the_store_answers(store: MemoryStore) -> None:
    reading = Reading(store, 10)
    assert await reading.ask(where, 5) == (store, 0)
    assert reading.stats() is None


async def test_the_smaller_bound_counts(store: MemoryStore) -> None:
    store.standby = standby = Behind(0.2504)
    reading = Reading(store, 10)
    for asked in (None, 60, 3):
        reads, lag = await reading.ask(where, asked)
        assert reads is not store
        assert lag == 0.251, "rounded up"
    assert standby.bounds == [10, 10, 3]
    for too_little in (0.25, 0):
        assert await reading.ask(where, too_little) == (store, 0)
    assert standby.bounds == [10, 10, 3, 0.25], "it is not asked for what it can't have"
    stats = reading.stats()
    assert stats is not None
    assert (stats.used, stats.by_standby, stats.by_store) == (True, 3, 2)


async def test_a_question_that_fails_on_the_standby_is_asked_of_the_store(
    store: MemoryStore,
) -> None:
    store.standby = standby = Behind(1)
    standby.fails = True
    reading = Reading(store, 10)
    asked: list[Reads] = []

    async def question(reads: Reads, lag_seconds: float) -> float:
        asked.append(reads)
        if reads is store:
            await reads.list(Query("order"))
        return lag_seconds

    assert await reading.ask(question) == 0
    assert asked[0] is not store
    assert asked[1:] == [store]


async def test_an_error_of_the_store_itself_is_raised(store: MemoryStore) -> None:
    store.standby = Behind(20)

    async def question(reads: Reads, lag_seconds: float) -> None:
        raise StoreUnavailable("both are away")

    with pytest.raises(StoreUnavailable, match="both are away"):
        await Reading(store, 10).ask(question)


async def test_a_standby_beyond_the_operators_bound_is_not_used(store: MemoryStore) -> None:
    store.standby = Behind(12.5)
    stats = Reading(store, 10).stats()
    assert stats is not None
    assert (stats.used, stats.lag_seconds) == (False, 12.5)
    assert stats.why == "it may be behind by 12.5 s, and less than 10 s are allowed"


@pytest.mark.parametrize("wrong", [-0.1, float("nan")])
async def test_a_bound_that_is_none_is_refused(store: MemoryStore, wrong: float) -> None:
    with pytest.raises(InvalidPayload, match="0 seconds or more"):
        await Reading(store, 10).ask(where, wrong)


@pytest.mark.parametrize("wrong", [-1, LONGEST_READ_LAG_SECONDS + 1, float("nan")])
def test_a_lag_that_cant_be_measured_cant_be_allowed(wrong: float) -> None:
    with pytest.raises(ValueError, match="read_lag_seconds is 0 to 3600"):
        Limits(read_lag_seconds=wrong)
