"""Effects that send events to their instance while they run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Event,
    Failure,
    Final,
    Machine,
    Result,
    State,
    effect,
    machine,
    on,
    on_failure,
    on_result,
)
from statehold.engine.background.attempt import AttemptRun
from statehold.engine.limits import Limits
from statehold.engine.requests.effect_sends import EffectEvent
from statehold.errors import (
    ActionFailed,
    AttemptOver,
    InvalidPayload,
    KeyReused,
    NotAllowed,
    Overloaded,
    TooLarge,
    UnknownEvent,
)
from statehold.instance.reply import InstanceReply
from statehold.testing import Harness
from tests.unit.engine.world import World, an_incident, journal, kind, kinds, quiet, signal, state

pytestmark = pytest.mark.anyio


class Work(BaseModel):
    done: list[int] = []
    said: str = ""


class Progress(Event, internal=True):
    done: int


class Enough(Event):
    pass


class Other(Event):
    pass


class Never(Event):
    pass


def note(work: Work, event: Progress) -> None:
    if event.done < 0:
        raise ValueError("below zero")
    work.done.append(event.done)


def say(work: Work, event: Result[Any]) -> None:
    work.said = f"{event.value}"


def say_error(work: Work, event: Failure) -> None:
    work.said = f"{event.error} {event.message}"


class Script:
    """What the effects do: set by the test."""

    run: Callable[[Call], Awaitable[Any]]
    run_in_thread: Callable[[Call], Any]


@effect(attempts=2, first=timedelta(0), jitter=0)
async def crunch(work: Work, call: Call) -> Any:
    return await Script.run(call)


@effect(attempts=1)
def grind(work: Work, call: Call) -> Any:
    return Script.run_in_thread(call)


class Crunching(Machine[Work], name="crunching", version=1):
    working = State(initial=True, invoke=crunch)
    left = State()
    over = Final()
    lost = Final()

    progress = on(Progress, working, do=note, by=machine("crunching"))
    enough = on(Enough, working >> left)
    never = on(Never, left)
    done = on_result(crunch, working >> over, do=say)
    fail = on_failure(crunch, working >> lost, do=say_error)


class Grinding(Machine[Work], name="grinding", version=1):
    working = State(initial=True, invoke=grind)
    left = State()
    over = Final()
    lost = Final()

    progress = on(Progress, working, do=note)
    enough = on(Enough, working >> left)
    done = on_result(grind, working >> over, do=say)
    fail = on_failure(grind, working >> lost, do=say_error)


def running(function: Callable[[Call], Awaitable[Any]]) -> None:
    Script.run = staticmethod(function)


def in_thread(function: Callable[[Call], Any]) -> None:
    Script.run_in_thread = staticmethod(function)


async def view(engine: Any, type_: Any = Crunching) -> Work:
    reply: InstanceReply = await engine.read(type_, "w-1")
    found: Work = reply.view
    return found


async def test_events_are_steps_in_their_order_before_the_outcome(world: World) -> None:
    async def run(call: Call) -> str:
        for number in range(3):
            await call.send(Progress(done=number))
        return "all"

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "over")
        assert (await view(engine)).done == [0, 1, 2]
        lines = await journal(engine, Crunching, "w-1")
        assert [line.kind for line in lines] == ["start", *["event"] * 3, "result"]
        assert lines[1].cause == "crunching/w-1 effect crunch 1.1"


async def test_many_at_once_have_one_request_in_the_engine_and_keep_their_order(
    world: World,
) -> None:
    seen: list[int] = []

    async def run(call: Call) -> None:
        async def one(number: int) -> None:
            await call.send(Progress(done=number))
            seen.append(engine._parts.queue.waiting)

        await asyncio.gather(*(one(number) for number in range(300)))

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "over")
        assert (await view(engine)).done == list(range(300))
        assert max(seen) <= 1


async def test_what_refuses_an_event_is_raised_in_the_effect(world: World) -> None:
    found: list[str] = []

    async def run(call: Call) -> None:
        for event, error in (
            (Never(), NotAllowed),
            (Other(), UnknownEvent),
            (Progress(done=-1), ActionFailed),
            ({"type": "Progress", "done": "x"}, InvalidPayload),
            ({"type": "Progress", "done": 1, "x": "y" * 300_000}, TooLarge),
        ):
            try:
                await call.send(event)
            except error as raised:
                found.append(type(raised).__name__)
        for key in ("", "x" * 201):
            with pytest.raises(TooLarge):
                await call.send(Progress(done=1), key=key)

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "over")
        assert found == [
            "NotAllowed", "UnknownEvent", "ActionFailed", "InvalidPayload", "TooLarge"
        ]  # fmt: skip
        assert await kinds(engine, Crunching, "w-1") == ["start", "result"]


async def test_a_key_is_taken_once_whichever_attempt_sends_it(world: World) -> None:
    async def run(call: Call) -> None:
        await call.send(Progress(done=1), key="one")
        await call.send(Progress(done=2))
        if call.attempt == 1:
            raise ValueError("once more")
        with pytest.raises(KeyReused):
            await call.send(Progress(done=3), key="one")

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        # the program's own key of that name is another
        await engine.send(Crunching, "w-1", Progress(done=9), key="one")
        await state(engine, Crunching, "w-1", "over")
        assert sorted((await view(engine)).done) == [1, 2, 2, 9]


async def test_a_key_is_taken_once_over_a_crash(world: World) -> None:
    sent, go_on = asyncio.Event(), asyncio.Event()

    async def run(call: Call) -> None:
        await call.send(Progress(done=1), key="one")
        sent.set()
        await go_on.wait()

    running(run)
    engine = await world.open(Crunching)
    await engine.start(Crunching, "w-1")
    await signal(sent)
    await world.crash(engine)
    go_on.set()
    async with world.running(Crunching) as engine:
        await state(engine, Crunching, "w-1", "over")
        assert (await view(engine)).done == [1]


async def test_an_attempt_whose_state_was_left_sends_nothing(world: World) -> None:
    ended: list[type] = []

    async def run(call: Call) -> None:
        try:
            # it ends the effect that sends it
            await call.send(Enough())
        finally:
            try:
                await call.send(Progress(done=1))
            except AttemptOver as error:
                ended.append(type(error))

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "left")
        await quiet()
        assert ended == [AttemptOver]
        assert await kinds(engine, Crunching, "w-1") == ["start", "event"]


async def test_an_attempt_that_was_superseded_sends_nothing(world: World) -> None:
    over: list[BaseException] = []

    @effect(attempts=2, timeout=timedelta(milliseconds=20), first=timedelta(minutes=5))
    async def stubborn(work: Work, call: Call) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await ended.wait()
            try:
                await call.send(Progress(done=1))
            except AttemptOver as error:
                over.append(error)

    class Stubborn(Machine[Work], name="stubborn", version=1):
        working = State(initial=True, invoke=stubborn)
        progress = on(Progress, working, do=note)

    ended = asyncio.Event()
    async with world.running(Stubborn, limits=Limits(cancel_seconds=0.01)) as engine:
        await engine.start(Stubborn, "w-1")
        await kind(engine, Stubborn, "w-1", "tried")
        ended.set()
        await quiet()
        assert [str(error)[:21] for error in over] == ["attempt 1 of stubborn"]
        assert (await view(engine, Stubborn)).done == []


async def test_events_of_a_paused_instance_are_held_before_the_outcome(world: World) -> None:
    go_on, sent = asyncio.Event(), asyncio.Event()

    async def run(call: Call) -> str:
        await go_on.wait()
        await call.send(Progress(done=1), key="a")
        await call.send(Progress(done=1), key="a")
        await call.send(Progress(done=2))
        sent.set()
        return "x"

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await engine.pause(Crunching, "w-1")
        go_on.set()
        await signal(sent)
        await quiet()
        assert (await view(engine)).done == []
        await engine.resume(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "over")
        assert (await view(engine)).done == [1, 2]
        found = [k for k in await kinds(engine, Crunching, "w-1") if k in ("event", "result")]
        assert found == ["event", "event", "result"]


async def test_held_events_end_with_the_effect_that_sent_them(world: World) -> None:
    go_on, sent = asyncio.Event(), asyncio.Event()

    async def run(call: Call) -> None:
        await go_on.wait()
        await call.send(Enough())
        await call.send(Progress(done=1))
        sent.set()
        await asyncio.Event().wait()

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await engine.pause(Crunching, "w-1")
        go_on.set()
        await signal(sent)
        await engine.resume(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "left")
        await quiet()
        lines = await journal(engine, Crunching, "w-1")
        assert lines[-1].reason == "the effect that sent it is over"
        assert (await engine.incidents()).incidents == []


async def test_a_cancelled_instance_takes_nothing_more(world: World) -> None:
    over: list[BaseException] = []
    started = asyncio.Event()

    async def run(call: Call) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await call.send(Progress(done=1))
            except AttemptOver as error:
                over.append(error)

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await signal(started)
        await engine.cancel(Crunching, "w-1")
        await quiet()
        assert len(over) == 1


def refuse(engine: Any, times: int) -> None:
    """The queue is full so often for what effects send."""
    submit, left = engine._parts.queue.submit, [times]

    def full(request: Any) -> None:
        if isinstance(request, EffectEvent) and left[0]:
            left[0] -= 1
            raise Overloaded(1, 1)
        submit(request)

    engine._parts.queue.submit = full


async def test_a_full_queue_is_waited_for(world: World) -> None:
    async def run(call: Call) -> None:
        await call.send(Progress(done=1))

    running(run)
    async with world.running(Crunching) as engine:
        refuse(engine, 2)
        await engine.start(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "over")
        assert (await view(engine)).done == [1]


async def test_an_event_is_a_heartbeat(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[str] = []
    monkeypatch.setattr(AttemptRun, "_heard", lambda run: beats.append(run.name))

    async def run(call: Call) -> None:
        await call.send(Progress(done=1))

    running(run)
    async with world.running(Crunching) as engine:
        await engine.start(Crunching, "w-1")
        await state(engine, Crunching, "w-1", "over")
        assert beats == ["crunch", "crunch"]


async def test_a_thread_sends_and_waits(world: World) -> None:
    def run(call: Call) -> str:
        for number in range(3):
            call.send_blocking(Progress(done=number))
        with pytest.raises(UnknownEvent):
            call.send_blocking(Other())
        return "all"

    in_thread(run)
    async with world.running(Grinding) as engine:
        await engine.start(Grinding, "w-1")
        await state(engine, Grinding, "w-1", "over")
        assert (await view(engine, Grinding)).done == [0, 1, 2]


async def test_each_form_is_refused_where_it_can_not_be(world: World) -> None:
    async def run(call: Call) -> None:
        with pytest.raises(TypeError, match="would stop the event loop"):
            call.send_blocking(Progress(done=1))

    def grind_it(call: Call) -> None:
        with pytest.raises(TypeError, match="for coroutines of the engine"):
            call.send(Progress(done=1))

    running(run)
    in_thread(grind_it)
    async with world.running(Crunching, Grinding) as engine:
        await engine.start(Crunching, "w-1")
        await engine.start(Grinding, "w-1")
        await state(engine, Crunching, "w-1", "over")
        await state(engine, Grinding, "w-1", "over")


async def test_a_thread_that_waits_is_woken_when_its_attempt_is_over(world: World) -> None:
    raised: list[BaseException] = []
    woken = threading.Event()

    def run(call: Call) -> None:
        try:
            call.send_blocking(Progress(done=1))
        except BaseException as error:
            raised.append(error)
            woken.set()
            raise

    @effect(attempts=1, timeout=timedelta(milliseconds=50))
    def slow(work: Work, call: Call) -> None:
        run(call)

    class Slow(Machine[Work], name="slow", version=1):
        working = State(initial=True, invoke=slow)
        progress = on(Progress, working, do=note)

    async with world.running(Slow) as engine:
        refuse(engine, 1_000_000)
        await engine.start(Slow, "w-1")
        await kind(engine, Slow, "w-1", "incident")
        await an_incident(engine, Slow)
        await asyncio.to_thread(woken.wait)
        assert isinstance(raised[0], AttemptOver)


def test_the_harness_takes_what_an_effect_sends() -> None:
    async def run(call: Call) -> str:
        await call.send(Progress(done=1), key="a")
        await call.send(Progress(done=1), key="a")
        await call.send(Progress(done=2))
        return "all"

    running(run)
    harness = Harness(Crunching, Work())
    harness.run(crunch)
    assert (harness.state, harness.data.done) == (["over"], [1, 2])

    async def leave(call: Call) -> None:
        await call.send(Enough())
        with pytest.raises(AttemptOver):
            await call.send(Progress(done=1))

    running(leave)
    harness = Harness(Crunching, Work())
    harness.run(crunch)
    assert harness.state == ["left"]


def test_a_call_made_by_hand_sends_nowhere() -> None:
    call = Call("k", "m", "i", 1, datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(RuntimeError, match="made by hand"):
        call.send_blocking(Progress(done=1))
