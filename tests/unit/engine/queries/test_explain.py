"""Explain: where it is, since when and why, what it waits for, what can happen and what can't."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from statehold import Event, Final, Machine, Permanent, State, after, minutes, on, seconds
from statehold.records import Caller, Ref
from statehold.store import Query
from tests.unit.engine.works import Lever, Parcel, Weigh, buy_label, weigh
from tests.unit.engine.world import World, kind, quiet, signal

pytestmark = pytest.mark.anyio


class Approve(Event):
    """Let it go."""


class Refuse(Event):
    reason: str


def is_light(parcel: Parcel) -> bool:
    return parcel.weight < 10


def is_polite(parcel: Parcel, event: Refuse) -> bool:
    return "please" in event.reason


def in_two_days(parcel: Parcel) -> timedelta:
    return timedelta(days=parcel.weight)


class Desk(Machine[Parcel], name="desk", version=1):
    review = State(
        initial=True, owner="clerk", tags=("waiting",), deadline=in_two_days, invoke=buy_label
    )
    approved = Final()
    refused = Final()

    weighing = on(Weigh, review, do=weigh)
    approve = on(Approve, review >> approved, when=is_light, by="boss", doc="The boss says yes.")
    refuse = on(Refuse, review >> refused, when=is_polite)
    lapse = after(minutes(90), review >> refused)


async def test_explain_tells_state_owner_timers_effects_and_what_is_possible(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        began = world.clock.now()
        await engine.start(Desk, "d-1", Parcel(weight=2), caller=Caller("ann"))
        await signal(lever.called)
        world.clock.advance(minutes(30))
        told = await engine.explain(Desk, "d-1")
        assert told.instance.state == ["review"]
        assert told.since == began
        assert told.because is not None
        assert (told.because.kind, told.because.caller) == ("start", "ann")
        (active,) = told.active
        assert (active.id, active.owner, active.tags) == ("review", "clerk", ["waiting"])
        assert (active.since, active.deadline) == (began, began + timedelta(days=2))
        (timer,) = told.timers
        assert (timer.state, timer.seconds_left) == ("review", 3600.0)
        (effect,) = told.effects
        assert (effect.name, effect.status, effect.attempt, effect.attempts) == (
            "buy_label", "running", 1, 3,
        )  # fmt: skip
        possible = {one.event: one for one in told.next if one.kind == "event"}
        assert possible["Approve"].possible is True
        assert (possible["Approve"].by, possible["Approve"].doc) == (["boss"], "The boss says yes.")
        assert possible["Refuse"].possible is None
        assert told.summary == (
            "d-1 is running in review, for 30 minutes now, since it was started by ann (seq 1). "
            "buy_label is under way, at try 1. In 1 hour the timer lapse fires. "
            "It accepts Weigh, Approve, Refuse. It is clerk's move."
        )


async def test_explain_tells_what_stops_an_event_for_this_caller(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Desk, "d-1", Parcel(weight=20))
        told = await engine.explain(Desk, "d-1", caller=Caller("ann", frozenset({"clerk"})))
        (approve,) = [one for one in told.next if one.event == "Approve"]
        assert approve.possible is False
        assert set(approve.stopped_by) == {"is_light says no", "only boss may do this"}
        assert "Approve is not possible: " in told.summary
        assert "Approve" not in told.instance.allowed


async def test_explain_tells_a_wait_between_two_tries_and_an_incident(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Desk, "d-1")
        await kind(engine, Desk, "d-1", "tried")
        told = await engine.explain(Desk, "d-1")
        assert (told.effects[0].status, told.effects[0].error) == ("waiting", "RuntimeError: busy")
        assert "buy_label failed 1 times (RuntimeError: busy) and is tried again in" in told.summary
        lever.answers[0] = Permanent("no such street")
        world.clock.advance(seconds(25))
        await kind(engine, Desk, "d-1", "incident")
        told = await engine.explain(Desk, "d-1")
        assert told.effects[0].status == "incident"
        assert [one.name for one in told.incidents] == ["buy_label"]
        assert "buy_label waits for a person: Permanent: no such street." in told.summary


async def test_explain_tells_the_step_that_led_to_the_present_state_not_the_last_one(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Desk, "d-1")
        world.clock.advance(minutes(1))
        await engine.send(Desk, "d-1", Weigh(weight=3))
        told = await engine.explain(Desk, "d-1")
        assert told.because is not None
        assert told.because.seq == 1


async def test_explain_tells_of_a_paused_and_of_a_done_instance(world: World, lever: Lever) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Desk, "d-1")
        await engine.pause(Desk, "d-1")
        told = await engine.explain(Desk, "d-1")
        assert "It is paused: events and timers wait until it is resumed." in told.summary
        await engine.resume(Desk, "d-1")
        world.clock.advance(minutes(90))
        await quiet()
        told = await engine.explain(Desk, "d-1")
        assert told.summary == (
            "d-1 is done in refused, for 0 seconds now, since the timer lapse fired (seq 4)."
        )
        assert (told.timers, told.effects, told.next) == ([], [], [])


async def test_the_nearest_deadline_of_an_instance_stands_in_its_row_and_in_lists(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        began: datetime = world.clock.now()
        await engine.start(Desk, "d-1", Parcel(weight=3))
        (line,) = (await engine.list(Query("desk"))).instances
        assert line.deadline == began + timedelta(days=3)
        assert (line.owners, line.tags) == (["clerk"], ["waiting"])
        assert line.next_at == began + minutes(90)
        await engine.send(Desk, "d-1", Approve())
        row = (await world.rows(engine, ("desk", "d-1")))[Ref("desk", "d-1")]
        assert row.deadline is None
