"""What is counted becomes less and says the same: by minute, by hour, by day, and then goes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from statehold import hours, minutes
from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.throughput import compactor, report
from statehold.engine.throughput.compactor import DAY, HOUR, MINUTE, Compactor, begin_of
from statehold.engine.throughput.counts import Counted, encode, total
from statehold.store import Rollup, Store
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.throughput.test_report import Audit, Go, Journey, Stop, Turn
from tests.unit.engine.world import World

pytestmark = pytest.mark.anyio

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


async def everything(store: Store) -> list[Rollup]:
    return await store.rollups("journey", EPOCH - timedelta(days=999), None, 100_000)


def spans(rollups: Sequence[Rollup]) -> list[int]:
    return sorted(one.span for one in rollups)


def some_minutes(count: int, source: str = "s1", step: int = 1) -> list[Rollup]:
    chance = random.Random(count)
    return [
        Rollup(
            "journey", 1, MINUTE, EPOCH + minutes(n * step), source,
            encode(Counted(steps=n, transitions={"go": chance.randrange(9)}, dwell={"a": {n: 1}})),
        )
        for n in range(count)
    ]  # fmt: skip


async def test_minutes_become_hours_and_hours_days_and_nothing_is_lost(world: World) -> None:
    async with world.running(Journey) as engine:
        store, compact = engine._parts.store, engine._parts.compactor.compact
        await store.put_rollups(some_minutes(300))
        sum_ = total(one.body for one in await everything(store))

        async def folded(after: timedelta) -> list[int]:
            world.clock.set(EPOCH + after)
            await compact()
            rollups = await everything(store)
            assert total(one.body for one in rollups) == sum_
            return spans(rollups)

        assert await folded(hours(3) - minutes(1)) == [MINUTE] * 300
        assert await folded(hours(3)) == [MINUTE] * 240 + [HOUR]
        assert await folded(hours(7)) == [HOUR] * 5
        assert await folded(timedelta(days=9) - minutes(1)) == [HOUR] * 5
        assert await folded(timedelta(days=9)) == [DAY]
        assert await folded(timedelta(days=400)) == [DAY]
        world.clock.set(EPOCH + timedelta(days=401))
        await compact()
        assert await everything(store) == []


async def test_what_comes_late_is_added(world: World) -> None:
    async with world.running(Journey) as engine:
        store = engine._parts.store
        await store.put_rollups(some_minutes(60))
        world.clock.set(EPOCH + hours(4))
        await engine._parts.compactor.compact()
        await store.put_rollups(some_minutes(10, "late"))
        await engine._parts.compactor.compact()
        rollups = await everything(store)
        assert spans(rollups) == [HOUR] * 2
        late, early = sum(range(10)), sum(range(60))
        assert total(one.body for one in rollups).steps == early + late
        world.clock.set(EPOCH + timedelta(days=10))
        await engine._parts.compactor.compact()
        (day,) = await everything(store)
        assert (day.span, total([day.body]).steps) == (DAY, early + late)


async def test_workers_that_compact_at_once_count_nothing_twice(world: World) -> None:
    async with (
        world.running(Journey, shared=True) as one,
        world.running(Journey, shared=True) as two,
    ):
        store = one._parts.store
        await store.put_rollups(some_minutes(180))
        world.clock.set(EPOCH + hours(12))
        await asyncio.gather(*(engine._parts.compactor.compact() for engine in (one, two) * 2))
        rollups = await everything(store)
        assert spans(rollups) == [HOUR] * 3
        assert total(each.body for each in rollups).steps == sum(range(180))


async def test_a_round_has_an_end_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compactor, "ROUND", 5)
    monkeypatch.setattr(compactor, "PAGE_LIMIT", 3)
    async with world.running(Journey) as engine:
        store = engine._parts.store
        await store.put_rollups(some_minutes(40, step=60))
        world.clock.set(EPOCH + hours(60))
        await engine._parts.compactor.compact()
        assert spans(await everything(store)).count(HOUR) < 40
        for _ in range(10):
            await engine._parts.compactor.compact()
        assert spans(await everything(store)) == [HOUR] * 40


async def test_an_answer_that_would_read_too_much_begins_later_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST", 20)
    async with world.running(Journey) as engine:
        await engine._parts.store.put_rollups(some_minutes(30))
        world.clock.set(EPOCH + minutes(30))
        told = await engine.flows(Journey, "1h")
        # the twenty newest, without the oldest of them, of which there may have been more
        assert told.since == EPOCH + minutes(11)
        assert told.steps == sum(range(11, 30))


@pytest.mark.parametrize("span", [MINUTE, HOUR, DAY])
def test_a_moment_is_in_the_period_that_begins_before_it(span: int) -> None:
    chance = random.Random(span)
    for _ in range(200):
        moment = EPOCH + timedelta(seconds=chance.uniform(-1e9, 1e9))
        begin = begin_of(moment, span)
        assert begin <= moment < begin + timedelta(seconds=span)
        assert begin == begin_of(begin, span)


async def test_workers_on_postgresql_count_what_the_journals_say(migrated_dsn: str) -> None:
    clock = ManualClock(datetime.now(UTC))
    chance = random.Random(5)
    events = (Go(), Turn(), Stop())

    async def traffic(engine: Engine, name: str) -> list[str]:
        ids = [f"{name}-{n}" for n in range(20)]
        for id in ids:
            await engine.start(Journey, id)
            for _ in range(6):
                event = chance.choices(events, (5, 4, 1))[0]
                reply = await engine.read(Journey, id)
                if type(event).__name__ in reply.allowed:
                    await engine.send(Journey, id, event)
        return ids

    one = Engine(PostgresStore(migrated_dsn), [Journey], clock=clock)
    two = Engine(PostgresStore(migrated_dsn), [Journey], clock=clock)
    async with one:
        async with two:
            mine, its = await asyncio.gather(traffic(one, "a"), traffic(two, "b"))
        audit = Audit()
        for id in (*mine, *its):
            await audit.read(one, id)
        audit.check(await one.flows(Journey, "1h"))
        await one._parts.recorder._write()
        assert len({rollup.source for rollup in await everything(one._parts.store)}) == 2
        # later, and without the timers that would fire by then
        later = replace(one._parts.context, clock=ManualClock(clock.now() + hours(5)))
        racing = [Compactor(one._parts.store, later) for _ in range(3)]
        await asyncio.gather(*(each.compact() for each in racing))
        assert set(spans(await everything(one._parts.store))) == {HOUR}
        audit.check(await one.flows(Journey, "24h"))


def test_a_count_that_cannot_be_read_takes_none_of_the_others_with_it() -> None:
    (one, *_) = some_minutes(1)
    assert total([b"\xff{", one.body]) == total([one.body])
