"""Timers: absolute over restarts, never early, never after their state was left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from statehold import (
    Context,
    Event,
    Final,
    Machine,
    State,
    after,
    hours,
    minutes,
    on,
    seconds,
)
from statehold.engine.limits import Limits
from statehold.errors import NotAllowed
from statehold.records import Ref, Row
from tests.unit.engine.sample_machines import Counter
from tests.unit.engine.world import World, an_incident, journal, kinds, quiet

pytestmark = pytest.mark.anyio

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


class Egg(BaseModel):
    boil_minutes: int = 4
    fired: list[str] = []
    failures: int = 0
    rings: int = 0


class Take(Event):
    pass


class Again(Event):
    pass


def boil_time(egg: Egg) -> timedelta:
    return timedelta(minutes=egg.boil_minutes)


def at_noon(egg: Egg) -> datetime:
    return EPOCH + hours(12)


def tell(egg: Egg, event: object, context: Context) -> None:
    egg.fired.append(f"{context.now:%H:%M:%S}")


class Boiling(Machine[Egg], name="boiling", version=1):
    soft = State(initial=True)
    hard = State()
    taken = Final()
    burnt = Final()

    harden = after(boil_time, soft >> hard, do=tell)
    take = on(Take, (soft | hard) >> taken)
    again = on(Again, soft >> soft, reenter=True)
    burn = after(at_noon, hard >> burnt, do=tell)


async def test_a_timer_fires_at_its_time_and_not_a_microsecond_before(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1", {"boil_minutes": 7})
        world.clock.advance(minutes(7) - TICK)
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["soft"]
        world.clock.advance(TICK)
        await quiet()
        answer = await engine.read(Boiling, "e-1")
        assert (answer.state, answer.view.fired) == (["hard"], ["00:07:00"])


async def test_a_delay_may_be_an_absolute_moment(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        world.clock.advance(minutes(30))
        await quiet()
        world.clock.set(EPOCH + hours(12) - TICK)
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["hard"]
        world.clock.advance(TICK)
        await quiet()
        assert (await engine.read(Boiling, "e-1")).status == "done"


async def test_a_timer_keeps_its_absolute_time_over_a_restart(world: World) -> None:
    engine = await world.open(Boiling)
    await engine.start(Boiling, "e-1")
    world.clock.advance(minutes(3))
    await world.crash(engine)
    world.clock.advance(seconds(30))
    engine = await world.open(Boiling)
    world.clock.advance(seconds(30) - TICK)
    await quiet()
    assert (await engine.read(Boiling, "e-1")).state == ["soft"]
    world.clock.advance(TICK)
    await quiet()
    assert (await engine.read(Boiling, "e-1")).state == ["hard"]


async def test_a_timer_that_came_due_while_no_engine_ran_fires_at_the_next_opening(
    world: World,
) -> None:
    engine = await world.open(Boiling)
    await engine.start(Boiling, "e-1")
    await world.crash(engine)
    world.clock.advance(hours(1))
    async with world.running(Boiling) as engine:
        await quiet()
        assert (await engine.read(Boiling, "e-1")).view.fired == ["01:00:00"]


async def test_a_timer_does_not_fire_after_its_state_was_left(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        await engine.start(Boiling, "e-2")
        await engine.send(Boiling, "e-1", Take())
        await engine.cancel(Boiling, "e-2")
        world.clock.advance(hours(24))
        await quiet()
        assert await kinds(engine, Boiling, "e-1") == ["start", "event"]
        assert await kinds(engine, Boiling, "e-2") == ["start", "cancel"]


async def test_entering_a_state_anew_sets_its_timer_anew(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        world.clock.advance(minutes(3))
        await engine.send(Boiling, "e-1", Again())
        world.clock.advance(minutes(3))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["soft"]
        world.clock.advance(minutes(1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).view.fired == ["00:07:00"]


async def test_timers_of_many_instances_fire_together(world: World) -> None:
    limits = Limits(page=7, grace_seconds=0.0)
    async with world.running(Boiling, limits=limits) as engine:
        for number in range(40):
            await engine.start(Boiling, f"e-{number}")
        world.clock.advance(minutes(4))
        await quiet()
        for number in range(40):
            assert (await engine.read(Boiling, f"e-{number}")).state == ["hard"]


async def test_an_event_at_the_very_moment_is_ordered_before_or_after_and_never_lost(
    world: World,
) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        world.clock.advance(minutes(4))
        await engine.send(Boiling, "e-1", Take())
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["taken"]


# --- timers whose step raises -------------------------------------------------------------------


def ring(egg: Egg) -> None:
    egg.rings += 1


mended = {"is": False}


def fall_over(egg: Egg) -> None:
    if not mended["is"]:
        raise RuntimeError("the hammer is stuck")
    egg.rings += 1


class Silence(Event):
    pass


class Alarm(Machine[Egg], name="alarm", version=1):
    set_ = State(initial=True)
    off = State()
    ringing = after(minutes(10), set_ >> set_, reenter=True, do=fall_over)
    silence = on(Silence, set_ >> off)
    wind = on(Again, off >> set_)


@pytest.fixture(autouse=True)
def _broken() -> None:
    mended["is"] = False


def put_off_to(row: Row) -> datetime:
    assert row.wake_at is not None
    return row.wake_at


async def test_a_timer_whose_step_raises_is_tried_again_with_backoff_and_then_an_incident(
    world: World,
) -> None:
    limits = Limits(timer_attempts=3, grace_seconds=0.0)
    async with world.running(Alarm, limits=limits) as engine:
        await engine.start(Alarm, "a-1")
        world.clock.advance(minutes(10))
        await quiet()
        ref = Ref("alarm", "a-1")
        for attempt, plain in ((1, 1.0), (2, 2.0)):
            row = (await world.rows(engine, ("alarm", "a-1")))[ref]
            wait = (put_off_to(row) - world.clock.now()).total_seconds()
            assert plain * 0.8 <= wait <= plain
            assert await kinds(engine, Alarm, "a-1") == ["start"] + ["tried"] * attempt
            world.clock.set(put_off_to(row))
            await quiet()
        incident = await an_incident(engine)
        assert (incident.kind, incident.instance, incident.attempts) == ("timer", "a-1", 3)
        assert "the hammer is stuck" in incident.error
        assert (await engine.read(Alarm, "a-1")).seq == 1
        world.clock.advance(hours(5))
        await quiet()
        assert await kinds(engine, Alarm, "a-1") == ["start", "tried", "tried", "incident"]


async def test_a_timers_incident_can_be_retried_and_the_next_timer_is_not_early(
    world: World,
) -> None:
    async with world.running(Alarm, limits=Limits(timer_attempts=1)) as engine:
        await engine.start(Alarm, "a-1")
        world.clock.advance(minutes(10))
        await quiet()
        mended["is"] = True
        await engine.retry((await an_incident(engine)).id, reason="oiled")
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 1
        assert (await engine.incidents()).incidents == []
        world.clock.advance(minutes(10) - TICK)
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 1
        world.clock.advance(TICK)
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 2


async def test_a_timer_that_failed_once_and_then_fired_sets_the_next_one_to_its_own_time(
    world: World,
) -> None:
    async with world.running(Alarm) as engine:
        await engine.start(Alarm, "a-1")
        world.clock.advance(minutes(10))
        await quiet()
        mended["is"] = True
        world.clock.advance(seconds(1))
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 1
        world.clock.advance(minutes(9))
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 1
        world.clock.advance(minutes(1))
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 2


async def test_a_timer_that_failed_and_whose_state_was_left_and_entered_anew_starts_afresh(
    world: World,
) -> None:
    async with world.running(Alarm) as engine:
        await engine.start(Alarm, "a-1")
        world.clock.advance(minutes(10))
        await quiet()
        await engine.send(Alarm, "a-1", Silence())
        await engine.send(Alarm, "a-1", Again())
        mended["is"] = True
        world.clock.advance(minutes(10) - TICK)
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 0
        world.clock.advance(TICK)
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 1


async def test_a_timers_incident_can_be_skipped_and_the_timer_is_gone(world: World) -> None:
    async with world.running(Alarm, limits=Limits(timer_attempts=1)) as engine:
        await engine.start(Alarm, "a-1")
        world.clock.advance(minutes(10))
        await quiet()
        await engine.skip((await an_incident(engine)).id)
        mended["is"] = True
        world.clock.advance(hours(10))
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 0
        assert await kinds(engine, Alarm, "a-1") == ["start", "incident", "skip"]
        assert (await engine.send(Alarm, "a-1", Silence())).state == ["off"]


# --- loops of the engine ------------------------------------------------------------------------


class Spin(Machine[Egg], name="spin", version=1):
    """Its timer has no delay and sets itself again for ever."""

    round = State(initial=True)
    over = Final()
    turn = after(timedelta(0), round >> round, reenter=True, do=ring)
    stop = on(Take, round >> over)


async def test_a_timer_without_delay_that_sets_itself_does_not_delay_others(
    world: World,
) -> None:
    async with world.running(Spin, Counter) as engine:
        await engine.start(Spin, "s-1")
        await engine.start(Counter, "c-1")
        assert (await engine.send(Spin, "s-1", Take())).status == "done"
        with pytest.raises(NotAllowed):
            await engine.send(Spin, "s-1", Take())
        lines = await journal(engine, Spin, "s-1")
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))


async def test_another_machines_due_timers_do_not_keep_the_engine_from_its_own(
    world: World,
) -> None:
    engine = await world.open(Boiling, Counter)
    await engine.start(Boiling, "e-1")
    await world.crash(engine)
    world.clock.advance(hours(1))
    async with world.running(Alarm) as engine:
        mended["is"] = True
        await engine.start(Alarm, "a-1")
        await quiet()
        world.clock.advance(minutes(10))
        await quiet()
        assert (await engine.read(Alarm, "a-1")).view.rings == 1


async def test_a_due_timer_that_the_store_can_not_write_is_not_asked_for_in_a_hot_loop(
    world: World,
) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        refused: list[int] = []
        world.gate.closed = True
        world.clock.advance(minutes(4))
        due = engine._parts.store.due

        async def counted(
            machines: Sequence[str], now: datetime, limit: int, until: datetime | None = None
        ) -> list[Row]:
            refused.append(limit)
            return await due(machines, now, limit, until)

        engine._parts.store.due = counted  # type: ignore[method-assign]
        await quiet()
        assert len(refused) <= 3
        world.gate.closed = False
        world.clock.advance(seconds(1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["hard"]
