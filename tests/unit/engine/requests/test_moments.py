"""Moments that can't be kept are refused at the step, and keep nobody else waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Final, Machine, State, after, on, seconds
from statehold.engine.retention.policy import Retention
from statehold.errors import ActionFailed, InvalidPayload
from statehold.store import Query
from tests.unit.engine.world import World, journal, quiet

pytestmark = pytest.mark.anyio

NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-5)))
ZERO = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))


class Offer(BaseModel):
    until: datetime = datetime(2027, 1, 1, tzinfo=UTC)
    wait: timedelta = timedelta()


class Open(Event):
    pass


class Publish(Event):
    pass


class Remind(Event):
    pass


def until(offer: Offer) -> datetime:
    return offer.until


def wait(offer: Offer) -> timedelta:
    return offer.wait


def remind(offer: Offer, event: object, context: Context) -> None:
    context.send(None, None, Remind(), delay=offer.wait)


class Offers(Machine[Offer], name="offers", version=1):
    draft = State(initial=True)
    opened = State()
    published = State(deadline=until)
    waiting = State()
    lapsed = Final()
    open = on(Open, draft >> opened)
    publish = on(Publish, draft >> published)
    hold = on(Remind, draft >> waiting)
    lapse = after(until, opened >> lapsed)
    late = after(wait, waiting >> lapsed)


class Reminders(Machine[Offer], name="reminders", version=1):
    draft = State(initial=True)
    opened = State()
    open = on(Open, draft >> opened, do=remind)


class Lamp(Machine[Offer], name="lamp", version=1):
    lit = State(initial=True)
    dark = Final()
    out = after(seconds(0.2), lit >> dark)


@pytest.mark.parametrize(
    ("machine", "event", "data"),
    [
        (Offers, Open(), {"until": NEVER}),
        (Offers, Open(), {"until": ZERO}),
        (Offers, Publish(), {"until": NEVER}),
        (Offers, Remind(), {"wait": timedelta.max}),
        (Reminders, Open(), {"wait": timedelta.max}),
    ],
)
async def test_a_step_to_a_moment_that_cannot_be_kept_is_refused_and_changes_nothing(
    world: World, machine: type[Machine[Offer]], event: Event, data: dict[str, object]
) -> None:
    async with world.running(Offers, Reminders, Lamp) as engine:
        await engine.start(machine, "bad", data)
        await engine.start(Lamp, "l-1")
        with pytest.raises(ActionFailed, match="can be kept"):
            await engine.send(machine, "bad", event)
        world.clock.advance(seconds(0.2))
        await quiet()
        assert (await engine.read(Lamp, "l-1")).status == "done"
        assert (await engine.read(machine, "bad")).state == ["draft"]
        assert len(await journal(engine, machine, "bad")) == 1
        assert len((await engine.list(Query(machine.definition.name))).instances) == 1


async def test_the_last_moment_in_utc_is_kept(world: World) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    async with world.running(Offers) as engine:
        await engine.start(Offers, "o-1", {"until": last})
        await engine.send(Offers, "o-1", Open())
    async with world.running(Offers) as engine:
        (timer,) = (await engine.explain(Offers, "o-1")).timers
        assert timer.due == last


async def test_a_timer_can_be_moved_to_no_moment_that_cannot_be_kept(world: World) -> None:
    async with world.running(Offers) as engine:
        await engine.start(Offers, "o-1")
        await engine.send(Offers, "o-1", Open())
        before = await engine.explain(Offers, "o-1")
        for due in (NEVER, ZERO):
            with pytest.raises(InvalidPayload, match="due"):
                await engine.reschedule_timer(Offers, "o-1", before.timers[0].id, due=due)
        assert (await engine.explain(Offers, "o-1")).timers == before.timers


async def test_a_retention_longer_than_time_purges_nothing(world: World) -> None:
    async with world.running(Lamp, retention=Retention(timedelta.max)) as engine:
        await engine.start(Lamp, "l-1")
        await engine.cancel(Lamp, "l-1")
        report = await engine.purge(Lamp, Retention(timedelta.max))
        assert report.purged == 0
        assert (await engine.read(Lamp, "l-1")).status == "cancelled"


async def test_a_list_by_a_moment_without_a_time_zone_is_refused(world: World) -> None:
    async with world.running(Lamp) as engine:
        with pytest.raises(InvalidPayload, match="in_state_since"):
            await engine.list(Query("lamp", in_state_since=NEVER.replace(tzinfo=None)))
