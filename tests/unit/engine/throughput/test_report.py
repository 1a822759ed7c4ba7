"""What was counted is what the journals say, whatever happened and however long ago."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import BaseModel

from statehold import (
    Compound,
    Event,
    Final,
    Machine,
    Parallel,
    State,
    Upgrade,
    after,
    always,
    minutes,
    on,
    seconds,
)
from statehold.engine import Engine, Retention
from statehold.engine.throughput.counts import NO_TIME, Histogram, bucket_of, quantile, seconds_of
from statehold.errors import InvalidPayload, Refused, StoreUnavailable, UnknownMachine
from statehold.records import Ref
from statehold.stores import MemoryStore
from statehold.wire.machines import Flows, StatusCounts
from tests.unit.engine.world import World, journal, quiet

pytestmark = pytest.mark.anyio

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Trip(BaseModel):
    stops: int = 0


class Go(Event):
    pass


class Turn(Event):
    pass


class Stop(Event):
    pass


def count(trip: Trip) -> None:
    trip.stops += 1


def is_long(trip: Trip) -> bool:
    return trip.stops > 2


class Journey(Machine[Trip], name="journey", version=1):
    """Regions, loops, timers, states that are passed in no time, and an end."""

    class away(Parallel):
        class motor(Compound):
            slow = State(initial=True)
            fast = State()
            checked = State()

            faster = on(Go, slow >> fast)
            slower = after(minutes(7), fast >> checked)
            passed = always(checked >> slow)

        class driver(Compound):
            awake = State(initial=True)
            asleep = State()
            off = Final()

            nap = on(Turn, awake >> asleep, do=count)
            wake = on(Turn, asleep >> awake)
            again = on(Go, awake >> awake)
            retire = on(Stop, awake >> off, when=is_long)

    home = State(initial=True)
    buried = Final()

    leave = on(Go, home >> away)
    back = on(Stop, away >> home)
    end = on(Turn, home >> buried)


class Shift(Machine[Trip], name="shift", version=1):
    waiting = State(initial=True)
    busy = State()

    begin = on(Go, waiting >> busy)
    rest = on(Stop, busy >> waiting)


class ShiftTwo(Machine[Trip], name="shift", version=2):
    """The same, with another name for one of its states."""

    waiting = State(initial=True)
    working = State()

    begin = on(Go, waiting >> working)
    rest = on(Stop, working >> waiting)

    upgrades = (Upgrade(from_version=1, states={"busy": working}),)


class Audit:
    """What the journals of a machine say: the same numbers, from the other end."""

    def __init__(self) -> None:
        self.steps = self.started = self.ended = self.cancelled = 0
        self.transitions: Counter[str] = Counter()
        self.entered: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        self.stays: dict[str, list[float]] = {}

    async def read(self, engine: Engine, id: str) -> None:
        since: dict[str, datetime] = {}
        for line in await journal(engine, "journey", id):
            if line.part:
                continue
            self.steps += 1
            self.started += line.kind == "start"
            self.ended += line.status == "done"
            self.cancelled += line.status == "cancelled"
            for microstep in line.steps:
                self.transitions.update(microstep["transitions"])
                self.left.update(microstep["exited"])
                self.entered.update(microstep["entered"])
                for state in microstep["exited"]:
                    stay = line.at - since.pop(state)
                    self.stays.setdefault(state, []).append(stay.total_seconds())
                for state in microstep["entered"]:
                    since[state] = line.at

    def check(self, flows: Flows) -> None:
        told = (flows.steps, flows.started, flows.ended, flows.cancelled)
        assert told == (self.steps, self.started, self.ended, self.cancelled)
        assert +Counter(flows.transitions) == self.transitions
        states = flows.states
        assert +Counter({state: one.entered for state, one in states.items()}) == self.entered
        assert +Counter({state: one.left for state, one in states.items()}) == self.left
        for state, one in states.items():
            stays = sorted(self.stays.get(state, ()))
            if not stays:
                assert one.dwell is None
                continue
            assert one.dwell is not None
            assert one.dwell.count == len(stays)
            assert one.dwell.median_seconds == pytest.approx(rank(stays, 0.5), rel=0.046)
            assert one.dwell.p95_seconds == pytest.approx(rank(stays, 0.95), rel=0.046)


def rank(sorted_: list[float], share: float) -> float:
    return sorted_[-int(-len(sorted_) * share // 1) - 1]


class Traffic:
    """Does anything to anyone, as a seed has it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.ids: list[str] = []

    async def on(self, engine: Engine, acts: int) -> None:
        for _ in range(acts):
            try:
                await self._act(engine)
            except Refused:
                continue
            if self.random.random() < 0.3:
                self.world.clock.advance(seconds(self.random.choice([0.2, 3, 50, 400, 3000])))
                await quiet()

    async def _act(self, engine: Engine) -> None:
        if not self.ids or self.random.random() < 0.1:
            self.ids.append(f"j-{len(self.ids)}")
            await engine.start(Journey, self.ids[-1])
            return
        id = self.random.choice(self.ids)
        chance = self.random.random()
        if chance < 0.02:
            await engine.cancel(Journey, id)
        elif chance < 0.07:
            await engine.pause(Journey, id)
        elif chance < 0.14:
            await engine.resume(Journey, id)
        else:
            weights = (5, 4, 1)
            await engine.send(Journey, id, self.random.choices((Go(), Turn(), Stop()), weights)[0])


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_counted_is_what_the_journals_say(world: World, seed: int) -> None:
    traffic = Traffic(world, seed)
    async with world.running(Journey) as engine:
        await traffic.on(engine, 120)
    async with world.running(Journey) as engine:
        await traffic.on(engine, 120)
        for _ in range(12):
            # minutes become hours meanwhile
            world.clock.advance(minutes(30))
            await quiet()
        await traffic.on(engine, 60)
        audit = Audit()
        for id in traffic.ids:
            await audit.read(engine, id)
        audit.check(await engine.flows(Journey, "30d"))
        store = engine._parts.store
        spans = {one.span for one in await store.rollups("journey", EPOCH, None, 10_000)}
        assert 3600 in spans


@pytest.mark.parametrize("seed", range(4))
async def test_workers_that_share_a_store_count_what_each_has_done(world: World, seed: int) -> None:
    traffic = Traffic(world, seed)
    async with world.running(Journey, shared=True) as one:
        async with world.running(Journey, shared=True) as two:
            for _ in range(6):
                await traffic.on(one, 20)
                await traffic.on(two, 20)
        audit = Audit()
        for id in traffic.ids:
            await audit.read(one, id)
        audit.check(await one.flows(Journey, "30d"))


async def test_flows_are_shown_as_they_happen_for_every_state(world: World) -> None:
    async with world.running(Journey) as engine:
        before = await engine.flows(Journey, "1h")
        assert before.started == before.steps == 0
        assert set(before.transitions.values()) == {0}
        assert list(before.states) == [one.id for one in (await engine.chart(Journey)).states[1:]]
        await engine.start(Journey, "j-1")
        world.clock.advance(minutes(3))
        await engine.send(Journey, "j-1", Go())
        flows = await engine.flows(Journey, "1h")
        assert (flows.started, flows.steps) == (1, 2)
        home, away = flows.states["home"], flows.states["away"]
        assert (home.entered, home.left, home.now) == (1, 1, 0)
        assert home.dwell is not None
        assert home.dwell.median_seconds == pytest.approx(180, rel=0.046)
        # two regions of one state are one instance in it
        assert (away.entered, away.left, away.now, away.dwell) == (1, 0, 1, None)
        assert flows.states["away.motor.slow"].now == 1
        assert flows.until_complete == flows.until == world.clock.now()


async def test_a_window_holds_what_happened_within_it(world: World) -> None:
    async with world.running(Journey) as engine:
        for days in (0, 20, 26.5, 29):
            world.clock.set(EPOCH + timedelta(days=days, seconds=1))
            await quiet()
            await engine.start(Journey, f"j-{days}")
            await quiet()
            world.clock.advance(seconds(5))
            await quiet()
        world.clock.advance(minutes(59))
        await quiet()
        started = {
            window: (await engine.flows(Journey, window)).started
            for window in ("1h", "24h", "7d", "30d")
        }
        assert started == {"1h": 1, "24h": 1, "7d": 2, "30d": 4}
        world.clock.advance(minutes(2))
        assert (await engine.flows(Journey, "1h")).started == 0
        assert (await engine.flows(Journey, "24h")).started == 1


async def test_what_was_purged_has_happened_all_the_same(world: World) -> None:
    async with world.running(Journey) as engine:
        await engine.start(Journey, "j-1")
        await engine.send(Journey, "j-1", Turn())
        before = await engine.flows(Journey, "24h")
        report = await engine.purge(Journey, Retention(timedelta(0)))
        assert report.purged == 1
        assert await engine.flows(Journey, "24h") == before
        await engine.start(Journey, "j-1")
        assert (await engine.flows(Journey, "24h")).started == 2


async def test_an_instance_that_a_release_before_left_is_counted_but_for_how_long_it_stayed(
    world: World,
) -> None:
    async with world.running(Journey) as engine:
        await engine.start(Journey, "j-1")
        held = engine._parts.cache
        ref = Ref("journey", "j-1")
        one = held.get(ref)
        assert one is not None
        assert b'"entered"' in one.row.document
        plain = one.row.document.replace(b',"entered":{}', b"")
        assert plain != one.row.document
        held.clear()
        memory: Any = engine._parts.store
        if isinstance(memory, MemoryStore):
            memory._memory.rows[ref] = replace(one.row, document=plain)
        else:
            with memory._file() as db:
                db.execute("UPDATE instances SET document = ?", (plain,))
        world.clock.advance(minutes(3))
        await engine.send(Journey, "j-1", Go())
        home = (await engine.flows(Journey, "1h")).states["home"]
        assert (home.left, home.dwell) == (1, None)
        await engine.send(Journey, "j-1", Stop())
        away = (await engine.flows(Journey, "1h")).states["away"]
        assert away.dwell is not None


async def test_an_upgrade_goes_on_with_the_times_of_states_that_keep_their_names(
    world: World,
) -> None:
    async with world.running(Shift) as engine:
        await engine.start(Shift, "s-1")
        await engine.start(Shift, "s-2")
        await engine.send(Shift, "s-2", Go())
        world.clock.advance(minutes(3))
    async with world.running(ShiftTwo) as engine:
        await engine.upgrade(ShiftTwo)
        world.clock.advance(minutes(2))
        await engine.send(ShiftTwo, "s-1", Go())
        await engine.send(ShiftTwo, "s-2", Stop())
        flows = await engine.flows(ShiftTwo, "1h", 2)
        waiting, working = flows.states["waiting"], flows.states["working"]
        assert (waiting.left, working.left, flows.started) == (1, 1, 0)
        assert waiting.dwell is not None
        assert waiting.dwell.median_seconds == pytest.approx(300, rel=0.046)
        # since when it has been what it is now, nobody knows
        assert working.dwell is None
        both = await engine.flows(ShiftTwo, "1h")
        assert (both.started, both.states["busy"].entered) == (2, 1)
        before = await engine.flows(ShiftTwo, "1h", 1)
        assert (before.started, before.states["waiting"].left) == (2, 1)


async def test_counts_survive_a_store_that_is_away_for_a_while(world: World) -> None:
    async with world.running(Journey) as engine:
        await engine.start(Journey, "j-1")
        put = engine._parts.store.put_rollups
        failed = 0

        async def away(rollups: object) -> None:
            nonlocal failed
            failed += 1
            raise StoreUnavailable("the test has taken it away")

        engine._parts.store.put_rollups = away  # type: ignore[method-assign]
        for _ in range(5):
            world.clock.advance(seconds(5))
            await quiet()
        assert failed >= 4
        assert (await engine.flows(Journey, "1h")).started == 1
        engine._parts.store.put_rollups = put  # type: ignore[method-assign]
        world.clock.advance(seconds(5))
        await quiet()
        assert len(await engine._parts.store.rollups("journey", EPOCH, None, 10)) == 1


async def test_a_step_is_answered_even_if_it_can_not_be_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(draft: object) -> None:
        raise RuntimeError("the test has broken it")

    async with world.running(Journey) as engine:
        monkeypatch.setattr(engine._parts.recorder, "count", broken)
        await engine.start(Journey, "j-1")
        assert (await engine.send(Journey, "j-1", Go())).seq == 2
        assert (await engine.flows(Journey, "1h")).steps == 0


async def test_steps_a_minute_are_of_the_last_whole_minutes(world: World) -> None:
    async with world.running(Journey) as engine:
        for n in range(10):
            await engine.start(Journey, f"j-{n}")
        (summary,) = (await engine.machine_list()).machines
        assert summary.steps_per_minute == 0.0
        assert summary.counts == StatusCounts(running=10)
        world.clock.advance(minutes(1))
        (summary,) = (await engine.machine_list()).machines
        assert summary.steps_per_minute == 2.0
        world.clock.advance(minutes(6))
        assert (await engine.machine_detail(Journey)).steps_per_minute == 0.0


async def test_what_is_unknown_is_refused(world: World) -> None:
    async with world.running(Journey) as engine:
        with pytest.raises(UnknownMachine):
            await engine.flows("nothing")
        with pytest.raises(InvalidPayload, match="version"):
            await engine.flows(Journey, "1h", 7)


def test_a_time_is_shown_at_most_five_per_cent_off() -> None:
    chance = random.Random(1)
    for _ in range(5_000):
        time = timedelta(seconds=10 ** chance.uniform(-3, 9))
        assert seconds_of(bucket_of(time)) == pytest.approx(time.total_seconds(), rel=0.046)
    assert bucket_of(timedelta(microseconds=999)) == NO_TIME
    assert bucket_of(timedelta(seconds=-5)) == NO_TIME
    assert bucket_of(timedelta(milliseconds=1)) == 0
    assert seconds_of(NO_TIME) == 0.0


def test_quantiles_of_added_histograms_are_those_of_all_that_was_counted() -> None:
    chance = random.Random(2)
    times = [timedelta(seconds=chance.lognormvariate(3, 2)) for _ in range(999)]
    histogram: Histogram = Counter(bucket_of(time) for time in times)
    sorted_ = sorted(time.total_seconds() for time in times)
    for share in (0.001, 0.5, 0.95, 1.0):
        assert quantile(histogram, share) == pytest.approx(rank(sorted_, share), rel=0.046)
    for less, more in pairwise([0.1, 0.5, 0.9, 0.99]):
        assert quantile(histogram, less) <= quantile(histogram, more)
    with pytest.raises(ValueError, match="nothing"):
        quantile({}, 0.5)
