"""Engines that run some of the machines in a store, and leave the others' work to others."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Machine, State, Undeliverable, hours, on, seconds
from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.records import Message
from statehold.stores import Memory, MemoryStore
from tests.unit.engine.sample_machines import Add, Counter
from tests.unit.engine.world import World, kinds, quiet

pytestmark = pytest.mark.anyio


class Seen(BaseModel):
    heard: list[str] = []


class Ask(Event):
    hours: int = 0


class Question(Event):
    pass


class Unasked(Event):
    pass


def ask(seen: Seen, event: Ask, context: Context) -> None:
    delay = hours(event.hours) if event.hours else None
    context.send("answering", "b", Question(), delay=delay)


def ask_wrongly(seen: Seen, event: Unasked, context: Context) -> None:
    context.send("answering", "nobody", Question(), delay=hours(1))
    context.send("answering", "b", Question(), delay=hours(1))


def heard(seen: Seen, event: Question) -> None:
    seen.heard.append("question")


def bounced(seen: Seen, event: Undeliverable) -> None:
    seen.heard.append(event.reason)


class Asking(Machine[Seen], name="asking", version=1):
    active = State(initial=True)
    asking = on(Ask, active, do=ask)
    asking_wrongly = on(Unasked, active, do=ask_wrongly)
    bouncing = on(Undeliverable, active, do=bounced)


class Answering(Machine[Seen], name="answering", version=1):
    active = State(initial=True)
    answering = on(Question, active, do=heard)


async def waiting(engine: Engine) -> list[Message]:
    """What could be delivered now, to whomever."""
    return await engine._parts.store.mail(None, engine._parts.context.now(), None, 100)


async def test_a_message_waits_for_the_process_that_runs_its_machine() -> None:
    clock, limits = ManualClock(), Limits(grace_seconds=0.0)
    memory = Memory(clock.now)
    async with Engine(MemoryStore(memory), [Asking], clock=clock, limits=limits) as asking:
        await asking.start(Asking, "a")
        await asking.send(Asking, "a", Ask())
        await quiet()
        assert [message.to.machine for message in await waiting(asking)] == ["answering"]
        beside = Engine(MemoryStore(memory), [Answering], clock=clock, limits=limits)
        async with beside as answering:
            await answering.start(Answering, "b")
            clock.advance(seconds(2))
            await quiet()
            assert (await answering.read(Answering, "b")).view.heard == ["question"]
            assert await waiting(asking) == []
        assert await kinds(asking, Asking, "a") == ["start", "event"]


async def test_where_no_other_process_can_run_its_machine_a_message_comes_back_when_it_is_due(
    world: World,
) -> None:
    async with world.running(Asking, Answering) as engine:
        await engine.start(Asking, "a")
        await engine.start(Answering, "b")
        await engine.send(Asking, "a", Ask(hours=1))
    async with world.running(Asking) as engine:
        await quiet()
        assert (await engine.read(Asking, "a")).view.heard == []
        world.clock.advance(hours(1))
        await quiet()
        (told,) = (await engine.read(Asking, "a")).view.heard
        assert "no machine is called 'answering'" in told
        assert await waiting(engine) == []


async def test_a_message_between_two_others_is_left_for_the_engine_that_runs_them(
    world: World,
) -> None:
    async with world.running(Asking, Answering) as engine:
        await engine.start(Asking, "a")
        await engine.start(Answering, "b")
        await engine.send(Asking, "a", Ask(hours=1))
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c")
        world.clock.advance(hours(2))
        await quiet()
        assert (await engine.send(Counter, "c", Add())).seq == 2
        assert len(await waiting(engine)) == 1
    async with world.running(Asking, Answering) as engine:
        await quiet()
        assert (await engine.read(Answering, "b")).view.heard == ["question"]
        assert (await engine.read(Asking, "a")).view.heard == []


async def test_a_message_that_can_not_come_back_to_its_sender_holds_up_none_behind_it(
    world: World,
) -> None:
    async with world.running(Asking, Answering) as engine:
        await engine.start(Asking, "a")
        await engine.start(Answering, "b")
        await engine.send(Asking, "a", Unasked())
    async with world.running(Answering) as engine:
        world.clock.advance(hours(1))
        await quiet()
        assert (await engine.read(Answering, "b")).view.heard == ["question"]
        assert [message.to.id for message in await waiting(engine)] == ["nobody"]
    async with world.running(Asking, Answering) as engine:
        await quiet()
        (told,) = (await engine.read(Asking, "a")).view.heard
        assert "no instance 'nobody'" in told
