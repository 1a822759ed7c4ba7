"""Requests of an operator on running timers and effects: in the journal with who and why, and
refused without a trace where they make no sense."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Event, Machine, State, after, child, hours, minutes, on, seconds
from statehold.engine import Engine
from statehold.errors import (
    ActionFailed,
    ActRefused,
    InstanceOver,
    InvalidPayload,
    NotAllowed,
    UnknownEffect,
    UnknownInstance,
    UnknownTimer,
)
from statehold.records import Caller
from tests.unit.engine.works import Lever, Shipping, Unhandled
from tests.unit.engine.world import World, an_incident, journal, kind, kinds, quiet, state

pytestmark = pytest.mark.anyio

ANN = Caller("ann")
WHY: dict[str, Any] = {"reason": "the customer called", "caller": ANN}
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Egg(BaseModel):
    is_salted: bool = False
    is_cracked: bool = False


class Salt(Event):
    pass


class Crack(Event):
    pass


def salt(egg: Egg) -> None:
    egg.is_salted = True


def crack(egg: Egg) -> None:
    egg.is_cracked = True


def is_salted(egg: Egg) -> bool:
    return egg.is_salted


def check(egg: Egg) -> None:
    if egg.is_cracked:
        raise ValueError("it is all over the place")


class Boiling(Machine[Egg], name="boiling", version=1):
    cold = State(initial=True)
    soft = State()
    hard = State()

    salting = on(Salt, cold, do=salt)
    cracking = on(Crack, cold, do=crack)
    done = after(minutes(4), cold >> soft, when=is_salted)
    harder = after(minutes(9), cold >> hard, do=check)


class Kitchen(Machine[Egg], name="kitchen", version=1):
    boiling = State(initial=True, invoke=child(Boiling))


async def ids(engine: Engine, machine: type[Machine[Egg]] = Boiling) -> list[str]:
    return [timer.id for timer in (await engine.explain(machine, "e-1")).timers]


async def refused(
    engine: Engine, act: Awaitable[object], error: type[Exception], machine: str = "boiling"
) -> None:
    """It is refused and changes nothing."""
    before = await journal(engine, machine, "e-1"), await engine.explain(machine, "e-1")
    with pytest.raises(error):
        await act
    assert before == (await journal(engine, machine, "e-1"), await engine.explain(machine, "e-1"))


async def test_a_timer_that_is_fired_does_what_it_would_have_done(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        _, late = await ids(engine)
        answer = await engine.fire_timer(Boiling, "e-1", late, **WHY)
        assert (answer.state, answer.seq) == (["hard"], 2)
        line = (await journal(engine, Boiling, "e-1"))[-1]
        assert (line.kind, line.seq, line.part) == ("timer", 2, 0)
        assert (line.caller, line.reason) == ("ann", "the customer called")
        assert line.event["timer"] == late
        world.clock.advance(hours(1))
        await quiet()
        assert await kinds(engine, Boiling, "e-1") == ["start", "timer"]


async def test_a_timer_that_would_do_nothing_runs_on(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        early, _ = await ids(engine)
        await refused(engine, engine.fire_timer(Boiling, "e-1", early, **WHY), NotAllowed)
        await engine.send(Boiling, "e-1", Salt())
        assert (await engine.fire_timer(Boiling, "e-1", early, **WHY)).state == ["soft"]


async def test_a_timer_whose_step_fails_runs_on(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        await engine.send(Boiling, "e-1", Crack())
        _, late = await ids(engine)
        await refused(engine, engine.fire_timer(Boiling, "e-1", late, **WHY), ActionFailed)


async def test_a_timer_that_is_cancelled_never_fires(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        early, late = await ids(engine)
        answer = await engine.cancel_timer(Boiling, "e-1", late, **WHY)
        assert (answer.state, answer.seq) == (["cold"], 1)
        line = (await journal(engine, Boiling, "e-1"))[-1]
        assert (line.kind, line.seq, line.part) == ("cancel-timer", 1, 1)
        assert (line.caller, line.reason, line.timers) == (
            "ann", "the customer called", {late: None},
        )  # fmt: skip
        assert await ids(engine) == [early]
        world.clock.advance(hours(1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["cold"]


@pytest.mark.parametrize(
    "when", [{"due": EPOCH + minutes(2)}, {"seconds": 120.0}], ids=["due", "seconds"]
)
async def test_a_timer_fires_when_it_is_rescheduled_to(world: World, when: dict[str, Any]) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        _, late = await ids(engine)
        await engine.reschedule_timer(Boiling, "e-1", late, **when, **WHY)
        line = (await journal(engine, Boiling, "e-1"))[-1]
        assert (line.kind, line.caller, line.reason) == ("reschedule", "ann", WHY["reason"])
        assert line.timers == {late: EPOCH + minutes(2)}
        world.clock.advance(minutes(2) - timedelta(microseconds=1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["cold"]
        world.clock.advance(timedelta(microseconds=1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["hard"]


async def test_a_timer_that_is_put_off_holds_over_a_restart(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        _, late = await ids(engine)
        await engine.reschedule_timer(Boiling, "e-1", late, seconds=3600.0)
    async with world.running(Boiling) as engine:
        world.clock.advance(hours(1) - seconds(1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["cold"]
        world.clock.advance(seconds(1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["hard"]


async def test_a_timer_that_waits_for_a_person_counts_anew_when_it_is_rescheduled(
    world: World,
) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        await engine.send(Boiling, "e-1", Crack())
        world.clock.advance(hours(1))
        for _ in range(10):
            await quiet()
            world.clock.advance(minutes(10))
        await quiet()
        incident = await an_incident(engine)
        assert incident.kind == "timer"
        await engine.reschedule_timer(Boiling, "e-1", incident.name, seconds=60.0)
        assert (await engine.incidents()).incidents == []
        world.clock.advance(minutes(1))
        await quiet()
        assert (await journal(engine, Boiling, "e-1"))[-1].kind == "tried"


async def test_a_paused_instances_timers_are_changed_but_not_fired(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        early, late = await ids(engine)
        await engine.pause(Boiling, "e-1")
        await refused(engine, engine.fire_timer(Boiling, "e-1", late), ActRefused)
        await engine.cancel_timer(Boiling, "e-1", early)
        await engine.reschedule_timer(Boiling, "e-1", late, seconds=1.0)
        world.clock.advance(hours(1))
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["cold"]
        await engine.resume(Boiling, "e-1")
        await quiet()
        assert (await engine.read(Boiling, "e-1")).state == ["hard"]


async def test_rubbish_is_refused_and_changes_nothing(world: World) -> None:
    async with world.running(Boiling) as engine:
        await engine.start(Boiling, "e-1")
        _, late = await ids(engine)
        put = engine.reschedule_timer
        naive = datetime(2026, 1, 1)  # noqa: DTZ001 - on purpose
        acts: list[tuple[Awaitable[object], type[Exception]]] = [
            (engine.fire_timer(Boiling, "e-1", "nothing"), UnknownTimer),
            (engine.cancel_timer(Boiling, "e-1", ""), UnknownTimer),
            (put(Boiling, "e-1", "nothing", seconds=1.0), UnknownTimer),
            (put(Boiling, "e-1", late), InvalidPayload),
            (put(Boiling, "e-1", late, due=EPOCH, seconds=1.0), InvalidPayload),
            (put(Boiling, "e-1", late, due=naive), InvalidPayload),
            (put(Boiling, "e-1", late, due=EPOCH + timedelta(days=40_000)), InvalidPayload),
            (put(Boiling, "e-1", late, seconds=-1.0), InvalidPayload),
            (put(Boiling, "e-1", late, seconds=float("nan")), InvalidPayload),
            (put(Boiling, "e-1", late, seconds=1e12), InvalidPayload),
            (engine.skip_effect(Boiling, "e-1", "1.0"), UnknownEffect),
            (engine.fire_timer(Boiling, "e-2", late), UnknownInstance),
        ]
        for act, error in acts:
            await refused(engine, act, error)
        await engine.cancel(Boiling, "e-1")
        for gone in (engine.fire_timer, engine.cancel_timer, engine.retry_effect):
            await refused(engine, gone(Boiling, "e-1", late), InstanceOver)


# --- effects ------------------------------------------------------------------------------------


async def test_an_effect_that_waits_for_its_next_attempt_is_retried_at_once_from_the_first_on(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Shipping, "s-1")
        await kind(engine, Shipping, "s-1", "tried")
        lever.answers[0] = "L-1"
        await engine.retry_effect(Shipping, "s-1", "1.1", **WHY)
        await state(engine, Shipping, "s-1", "labelled")
        assert lever.attempts == [1, 1]
        lines = await journal(engine, Shipping, "s-1")
        assert [line.kind for line in lines] == ["start", "tried", "retry", "result"]
        assert (lines[2].caller, lines[2].reason) == ("ann", "the customer called")
        assert lines[2].effects[0]["name"] == "buy_label"


async def test_an_effect_that_waits_for_a_person_is_retried_under_its_own_key(
    world: World, lever: Lever
) -> None:
    async with world.running(Unhandled) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Unhandled, "s-1")
        for _ in range(4):
            await quiet()
            world.clock.advance(seconds(25))
        await quiet()
        assert (await an_incident(engine)).attempts == 3
        lever.answers[0] = "L-1"
        await engine.retry_effect(Unhandled, "s-1", "1.1")
        await state(engine, Unhandled, "s-1", "labelled")
        assert (await engine.incidents()).incidents == []


@pytest.mark.parametrize("is_running", [True, False])
async def test_an_effect_is_skipped_running_or_not(
    world: World, lever: Lever, is_running: bool
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(asyncio.Event() if is_running else RuntimeError("busy"))
        await engine.start(Shipping, "s-1")
        await quiet()
        answer = await engine.skip_effect(Shipping, "s-1", "1.1", **WHY)
        assert (answer.status, answer.state) == ("running", ["labelling"])
        await quiet()
        assert lever.cancelled.is_set() == is_running
        world.clock.advance(hours(1))
        await quiet()
        assert len(lever.calls) == 1
        line = (await journal(engine, Shipping, "s-1"))[-1]
        assert (line.kind, line.caller, line.reason) == ("skip", "ann", "the customer called")
        assert (await engine.explain(Shipping, "s-1")).effects == []


@pytest.mark.parametrize("is_running", [True, False])
async def test_an_effect_is_resolved_running_or_not(
    world: World, lever: Lever, is_running: bool
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(asyncio.Event() if is_running else RuntimeError("busy"))
        await engine.start(Shipping, "s-1")
        await quiet()
        answer = await engine.resolve_effect(Shipping, "s-1", "1.1", "L-7", **WHY)
        assert answer.state == ["labelled"]
        await quiet()
        assert lever.cancelled.is_set() == is_running
        past = await engine.at(Shipping, "s-1", answer.seq)
        assert past.data["label"] == "L-7"
        lines = (await journal(engine, Shipping, "s-1"))[-2:]
        assert [line.kind for line in lines] == ["resolve", "result"]
        assert all((line.caller, line.reason) == ("ann", WHY["reason"]) for line in lines)


@pytest.mark.parametrize("act", ["skip_effect", "resolve_effect"])
async def test_an_effect_that_another_worker_performs_is_stopped_there(
    world: World, lever: Lever, act: str
) -> None:
    async with (
        world.running(Shipping, shared=True) as one,
        world.running(Shipping, shared=True) as two,
    ):
        lever.answers.append(asyncio.Event())
        await one.start(Shipping, "s-1")
        await quiet()
        arguments = ("L-1",) if act == "resolve_effect" else ()
        await getattr(two, act)(Shipping, "s-1", "1.1", *arguments)
        for _ in range(3):
            world.clock.advance(seconds(5))
            await quiet()
        assert lever.cancelled.is_set()
        assert len(lever.calls) == 1


async def test_what_makes_no_sense_for_an_effect_is_refused_and_changes_nothing(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping, Kitchen) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Shipping, "e-1")
        await quiet()

        async def no(act: Awaitable[object], error: type[Exception]) -> None:
            await refused(engine, act, error, "shipping")

        await no(engine.retry_effect(Shipping, "e-1", "1.1"), ActRefused)
        await no(engine.retry_effect(Shipping, "e-1", "9.9"), UnknownEffect)
        await no(engine.resolve_effect(Shipping, "e-1", "1.1", {"a": 1}), InvalidPayload)
        await engine.pause(Shipping, "e-1")
        await no(engine.resolve_effect(Shipping, "e-1", "1.1", "L-1"), ActRefused)
        assert not lever.cancelled.is_set()
        await engine.start(Kitchen, "e-1")
        await quiet()
        key = (await engine.explain(Kitchen, "e-1")).effects[0].key
        acts: list[Callable[..., Awaitable[object]]] = [
            engine.retry_effect, engine.skip_effect, engine.resolve_effect,
        ]  # fmt: skip
        for act in acts:
            await refused(engine, act(Kitchen, "e-1", key), ActRefused, "kitchen")
