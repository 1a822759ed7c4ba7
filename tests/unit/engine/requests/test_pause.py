"""A paused instance holds what comes, in order, and takes it when it is resumed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Final,
    KeyReused,
    Machine,
    Result,
    State,
    TimerFired,
    TooLarge,
    after,
    effect,
    minutes,
    on,
    on_result,
)
from statehold.engine.limits import Limits
from statehold.records import Caller
from tests.unit.engine.sample_machines import Add, Counter, Note, Shut, Tally
from tests.unit.engine.world import World, journal, kinds, quiet, signal

pytestmark = pytest.mark.anyio


async def test_a_paused_instance_holds_events_and_applies_them_in_order(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        paused = await engine.pause(Counter, "c-1", reason="look", caller=Caller("ann"))
        assert (paused.status, paused.seq) == ("paused", 2)
        for text in "abc":
            answer = await engine.send(Counter, "c-1", Note(text=text))
            assert (answer.held, answer.seq) == (True, 2)
        assert (await engine.read(Counter, "c-1")).view.notes == []
        resumed = await engine.resume(Counter, "c-1")
        assert (resumed.status, resumed.seq) == ("running", 6)
        assert (await engine.read(Counter, "c-1")).view.notes == ["a", "b", "c"]
        lines = await journal(engine, Counter, "c-1")
        assert [line.kind for line in lines] == [
            "start", "pause", "resume", "event", "event", "event",
        ]  # fmt: skip
        assert (lines[1].caller, lines[1].reason) == ("ann", "look")


async def test_held_events_survive_a_restart_and_keep_their_senders_roles(world: World) -> None:
    engine = await world.open(Counter)
    await engine.start(Counter, "c-1")
    await engine.pause(Counter, "c-1")
    await engine.send(Counter, "c-1", Note(text="a"), caller=Caller("ann", frozenset()))
    await engine.send(Counter, "c-1", Shut(), caller=Caller("ann", frozenset({"guest"})))
    await engine.send(Counter, "c-1", Shut(), caller=Caller("bob", frozenset({"keeper"})))
    await world.crash(engine)
    async with world.running(Counter) as engine:
        assert (await engine.read(Counter, "c-1")).status == "paused"
        await quiet()
        assert len(await journal(engine, Counter, "c-1")) == 2
        await engine.resume(Counter, "c-1")
        await quiet()
        lines = (await journal(engine, Counter, "c-1"))[3:]
        assert [(line.kind, line.caller) for line in lines] == [
            ("event", "ann"), ("refused", "ann"), ("event", "bob"),
        ]  # fmt: skip
        assert "only keeper or owner" in (lines[1].reason or "")
        assert (await engine.read(Counter, "c-1")).status == "done"


async def test_pausing_and_resuming_twice_is_no_mistake_and_no_step(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        assert (await engine.resume(Counter, "c-1")).seq == 1
        await engine.pause(Counter, "c-1")
        assert (await engine.pause(Counter, "c-1")).seq == 2


async def test_an_instance_paused_again_holds_only_what_comes_afterwards(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        for text in "ab":
            await engine.send(Counter, "c-1", Note(text=text))
        # all in one batch: nothing is delivered in between
        await asyncio.gather(
            engine.resume(Counter, "c-1"),
            engine.pause(Counter, "c-1"),
            engine.send(Counter, "c-1", Note(text="c")),
        )
        await quiet()
        assert (await engine.read(Counter, "c-1")).view.notes == ["a", "b"]
        await engine.resume(Counter, "c-1")
        assert (await engine.read(Counter, "c-1")).view.notes == ["a", "b", "c"]


async def test_nothing_overtakes_what_was_held(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        for text in "ab":
            await engine.send(Counter, "c-1", Note(text=text))
        await asyncio.gather(
            engine.send(Counter, "c-1", Note(text="c")),
            engine.resume(Counter, "c-1"),
            engine.send(Counter, "c-1", Note(text="late")),
        )
        assert (await engine.read(Counter, "c-1")).view.notes == ["a", "b", "c", "late"]


async def test_a_key_that_is_held_can_not_be_used_for_another_event(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        first = await engine.send(Counter, "c-1", Note(text="a"), key="k")
        again = await engine.send(Counter, "c-1", Note(text="a"), key="k")
        assert (first.held, again.held) == (True, True)
        with pytest.raises(KeyReused, match="first used for event Note"):
            await engine.send(Counter, "c-1", Note(text="b"), key="k")
        await engine.resume(Counter, "c-1")
        assert (await engine.read(Counter, "c-1")).view.notes == ["a"]


async def test_a_paused_instance_holds_so_many_events_and_no_more(world: World) -> None:
    async with world.running(Counter, limits=Limits(held=2)) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        for text in "ab":
            await engine.send(Counter, "c-1", Note(text=text))
        with pytest.raises(TooLarge, match="3 messages; the limit is 2"):
            await engine.send(Counter, "c-1", Note(text="c"))
        await engine.resume(Counter, "c-1")
        assert (await engine.read(Counter, "c-1")).view.notes == ["a", "b"]
        await engine.pause(Counter, "c-1")
        assert (await engine.send(Counter, "c-1", Note(text="d"))).held


async def test_what_a_cancelled_instance_held_is_noted_as_refused(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        await engine.send(Counter, "c-1", Add(), key="k")
        await engine.cancel(Counter, "c-1")
        await quiet()
        lines = await journal(engine, Counter, "c-1")
        assert [line.kind for line in lines] == ["start", "pause", "cancel", "refused"]
        assert "it is cancelled" in (lines[-1].reason or "")
        assert (await engine.send(Counter, "c-1", Add(), key="k")).held
        assert await engine._parts.store.mail(None, world.clock.now(), None, 10) == []


class Log(BaseModel):
    happened: list[str] = []


class Step(Event):
    name: str


class Signals:
    """``began``: the effect runs; ``gate``: it may end. New for each test, as its loop is."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.gate = asyncio.Event()


signals = Signals()


@effect(attempts=1)
async def work(log: Log, call: Call) -> str:
    signals.began.set()
    await signals.gate.wait()
    return "worked"


def on_step(log: Log, event: Step) -> None:
    log.happened.append(event.name)


def on_timer(log: Log, event: TimerFired, context: Context) -> None:
    log.happened.append(f"timer {event.timer} {context.now:%H:%M}")


def on_work(log: Log, event: Result[str]) -> None:
    log.happened.append(event.value)


class Worker(Machine[Log], name="worker", version=1):
    busy = State(initial=True, invoke=work)
    late = State()
    over = Final()

    stepping = on(Step, busy | late, do=on_step)
    worked = on_result(work, busy, do=on_work)
    lapse = after(minutes(10), busy >> late, do=on_timer)
    end = after(minutes(10), late >> over, do=on_timer)


@pytest.fixture(autouse=True)
def _fresh_signals() -> None:
    signals.began = asyncio.Event()
    signals.gate = asyncio.Event()


async def test_a_paused_instance_holds_outcomes_and_timers_and_takes_all_on_resumption(
    world: World,
) -> None:
    async with world.running(Worker) as engine:
        await engine.start(Worker, "w-1")
        await signal(signals.began)
        await engine.pause(Worker, "w-1")
        await engine.send(Worker, "w-1", Step(name="one"))
        signals.gate.set()
        await quiet()
        await engine.send(Worker, "w-1", Step(name="two"))
        world.clock.advance(minutes(5))
        await quiet()
        assert (await engine.read(Worker, "w-1")).view.happened == []
        await engine.resume(Worker, "w-1")
        await quiet()
        assert (await engine.read(Worker, "w-1")).view.happened == ["one", "worked", "two"]
        world.clock.advance(minutes(5) - timedelta(microseconds=1))
        await quiet()
        assert (await engine.read(Worker, "w-1")).state == ["busy"]
        world.clock.advance(timedelta(microseconds=1))
        await quiet()
        assert (await engine.read(Worker, "w-1")).state == ["late"]


async def test_a_timer_that_came_due_during_a_pause_fires_on_resumption(world: World) -> None:
    async with world.running(Worker) as engine:
        await engine.start(Worker, "w-1")
        await engine.pause(Worker, "w-1")
        world.clock.advance(minutes(15))
        await quiet()
        assert await kinds(engine, Worker, "w-1") == ["start", "pause"]
        await engine.resume(Worker, "w-1")
        await quiet()
        answer = await engine.read(Worker, "w-1")
        assert answer.state == ["late"]
        assert answer.view.happened == ["timer lapse 00:15"]
        world.clock.advance(minutes(10))
        await quiet()
        assert (await engine.read(Worker, "w-1")).status == "done"


async def test_an_outcome_that_was_held_survives_a_crash_and_its_effect_is_not_run_again(
    world: World,
) -> None:
    engine = await world.open(Worker)
    await engine.start(Worker, "w-1")
    await signal(signals.began)
    await engine.pause(Worker, "w-1")
    signals.gate.set()
    await quiet()
    await world.crash(engine)
    signals.began.clear()
    async with world.running(Worker) as engine:
        await engine.resume(Worker, "w-1")
        await quiet()
        assert not signals.began.is_set()
        assert (await engine.read(Worker, "w-1")).view.happened == ["worked"]


async def test_an_event_sent_right_after_the_resumption_comes_after_what_was_held(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", Tally())
        await engine.pause(Counter, "c-1")
        for text in "abc":
            await engine.send(Counter, "c-1", Note(text=text))
        await engine.resume(Counter, "c-1")
        await engine.send(Counter, "c-1", Note(text="d"))
        await quiet()
        assert (await engine.read(Counter, "c-1")).view.notes == ["a", "b", "c", "d"]
