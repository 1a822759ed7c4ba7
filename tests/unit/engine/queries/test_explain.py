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


async def test_explain_gives_state_owner_timers_effects_and_what_is_possible(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        began = world.clock.now()
        await engine.start(Desk, "d-1", Parcel(weight=2), caller=Caller("ann"))
        await signal(lever.called)
        world.clock.advance(minutes(30))
        explained = await engine.explain(Desk, "d-1")
        assert explained.instance.state == ["review"]
        assert explained.since == began
        assert explained.because is not None
        assert (explained.because.kind, explained.because.caller) == ("start", "ann")
        (active,) = explained.active
        assert (active.id, active.owner, active.tags) == ("review", "clerk", ["waiting"])
        assert (active.since, active.deadline) == (began, began + timedelta(days=2))
        (timer,) = explained.timers
        assert (timer.state, timer.seconds_left) == ("review", 3600.0)
        (effect,) = explained.effects
        assert (effect.name, effect.status, effect.attempt, effect.attempts) == (
            "buy_label", "running", 1, 3,
        )  # fmt: skip
        possible = {one.event: one for one in explained.next if one.kind == "event"}
        assert possible["Approve"].possible is True
        assert (possible["Approve"].by, possible["Approve"].doc) == (["boss"], "The boss says yes.")
        assert possible["Refuse"].possible is None
        assert explained.summary == (
            "d-1 is running in review, for 30 minutes now, since it was started by ann (seq 1). "
            "buy_label is running, attempt 1. In 1 hour the timer lapse fires and leads to refused."
            " It accepts Weigh, Approve (to approved), Refuse (to refused). It is clerk's move. "
            "The deadline of review is in 1 day 23 hours."
        )


async def test_the_summary_comes_in_parts_that_name_states_events_and_moments(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(RuntimeError("busy"))
        began = world.clock.now()
        await engine.start(Desk, "d-1", Parcel(weight=2))
        await kind(engine, Desk, "d-1", "tried")
        explained = await engine.explain(Desk, "d-1")
        assert "".join(part.text for part in explained.parts) == explained.summary
        of_kind: dict[str, list[str]] = {}
        for part in explained.parts:
            of_kind.setdefault(part.kind, []).append(part.text)
        assert of_kind["state"] == ["review", "refused", "approved", "refused", "review"]
        assert of_kind["event"] == ["it was started", "Weigh", "Approve", "Refuse"]
        assert of_kind["warning"] == ["failed once"]
        assert [part.at for part in explained.parts if part.kind == "since"] == [began]
        (attempt,) = [one.next_at for one in explained.effects]
        (timer,) = [one.due for one in explained.timers]
        (deadline,) = [one.deadline for one in explained.active]
        assert [part.at for part in explained.parts if part.kind == "until"] == [
            attempt, timer, deadline,
        ]  # fmt: skip


class Slow(Machine[Parcel], name="slow", version=1):
    waiting = State(initial=True, deadline=in_two_days)
    ended = Final()

    refuse = on(Refuse, waiting >> ended)


async def test_the_summary_says_since_when_a_deadline_is_over(world: World) -> None:
    async with world.running(Slow) as engine:
        await engine.start(Slow, "s-1", Parcel(weight=1))
        world.clock.advance(timedelta(days=1, hours=2))
        explained = await engine.explain(Slow, "s-1")
        assert explained.summary.endswith(" The deadline of waiting passed 2 hours ago.")


async def test_explain_says_what_stops_an_event_for_this_caller(world: World, lever: Lever) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Desk, "d-1", Parcel(weight=20))
        explained = await engine.explain(Desk, "d-1", caller=Caller("ann", frozenset({"clerk"})))
        (approve,) = [one for one in explained.next if one.event == "Approve"]
        assert approve.possible is False
        assert set(approve.stopped_by) == {"is_light says no", "only boss may do this"}
        assert "Approve is not possible: " in explained.summary
        assert "Approve" not in explained.instance.allowed


async def test_explain_says_when_an_effect_is_retried_and_that_it_has_an_incident(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Desk, "d-1")
        await kind(engine, Desk, "d-1", "tried")
        explained = await engine.explain(Desk, "d-1")
        assert (explained.effects[0].status, explained.effects[0].error) == (
            "waiting",
            "RuntimeError: busy",
        )
        assert "buy_label failed once (RuntimeError: busy) and is retried in" in explained.summary
        lever.answers[0] = Permanent("no such street")
        world.clock.advance(seconds(25))
        await kind(engine, Desk, "d-1", "incident")
        explained = await engine.explain(Desk, "d-1")
        assert explained.effects[0].status == "incident"
        assert [one.name for one in explained.incidents] == ["buy_label"]
        assert "buy_label needs a decision: Permanent: no such street." in explained.summary


async def test_explain_names_the_step_that_led_to_the_present_state_not_the_last_one(
    world: World, lever: Lever
) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Desk, "d-1")
        world.clock.advance(minutes(1))
        await engine.send(Desk, "d-1", Weigh(weight=3))
        explained = await engine.explain(Desk, "d-1")
        assert explained.because is not None
        assert explained.because.seq == 1


async def test_explain_describes_a_paused_and_a_done_instance(world: World, lever: Lever) -> None:
    async with world.running(Desk) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Desk, "d-1")
        await engine.pause(Desk, "d-1")
        explained = await engine.explain(Desk, "d-1")
        assert "It is paused: events and timers wait until it is resumed." in explained.summary
        await engine.resume(Desk, "d-1")
        world.clock.advance(minutes(90))
        await quiet()
        explained = await engine.explain(Desk, "d-1")
        assert explained.summary == (
            "d-1 is done in refused, for 0 seconds now, since the timer lapse fired (seq 4)."
        )
        assert (explained.timers, explained.effects, explained.next) == ([], [], [])


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
