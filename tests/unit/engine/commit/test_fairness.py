"""Machines share the engine fairly: none keeps another waiting."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from statehold import Event, Machine, State, after, on, seconds
from statehold.engine.commit.fair_queue import FairQueue
from statehold.engine.limits import Limits
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.request import Request
from statehold.errors import Overloaded
from statehold.instance.draft import Draft
from statehold.interpreter.plan import TIMER_AFTER_TIMER
from statehold.records import Ref
from tests.unit.engine.sample_machines import Add, Counter
from tests.unit.engine.world import World, quiet

pytestmark = pytest.mark.anyio


class Turned(BaseModel):
    n: int = 0


class Begin(Event):
    pass


def turn(data: Turned) -> None:
    data.n += 1


class Wheel(Machine[Turned], name="wheel", version=1):
    """Its timer sets itself anew with no delay."""

    round = State(initial=True)
    again = after(seconds(0), round >> round, do=turn, reenter=True)


class PingPong(Machine[Turned], name="ping-pong", version=1):
    """Two timers that set each other with no delay."""

    ping = State(initial=True)
    pong = State()
    there = after(seconds(0), ping >> pong, do=turn)
    back = after(seconds(0), pong >> ping, do=turn)


class Lamp(Machine[Turned], name="lamp", version=1):
    dark = State(initial=True)
    lit = State()
    begin = on(Begin, dark >> lit)


class Asked(Request):
    label = "asked"

    def apply(self, draft: Draft, context: EngineContext) -> None: ...


async def test_requests_of_one_machine_keep_their_order_and_machines_take_turns() -> None:
    queue = FairQueue()
    requests = [Asked(Ref(machine, str(n))) for n, machine in enumerate("aaaabac")]
    for request in requests:
        queue.put(request)
    assert (len(queue), queue.of("a"), queue.of("z")) == (7, 5, 0)
    first = [queue.take() for _ in range(5)]
    assert [f"{one.ref.machine}{one.ref.id}" for one in first] == ["a0", "b4", "c6", "a1", "a2"]
    queue.put_back(first[3:])
    rest = [queue.take() for _ in range(len(queue))]
    assert [one.ref.id for one in rest] == ["1", "2", "3", "5"]


async def test_a_request_comes_before_what_another_machine_has_waiting(world: World) -> None:
    limits = Limits(batch=10, grace_seconds=0.0)
    async with world.running(Counter, Lamp, limits=limits) as engine:
        await asyncio.gather(*(engine.start(Counter, f"c-{n}") for n in range(100)))
        await engine.start(Lamp, "l-1")
        world.gate.commits.clear()
        many = [asyncio.ensure_future(engine.send(Counter, f"c-{n}", Add())) for n in range(100)]
        one = asyncio.ensure_future(engine.send(Lamp, "l-1", Begin()))
        await asyncio.gather(*many, one)
        written = [{write.row.machine for write in writes} for writes in world.gate.commits]
        assert "lamp" in written[0] | written[1]
        assert len(written) >= 10


async def test_a_machine_that_fills_the_queue_is_refused_and_another_is_not(world: World) -> None:
    limits = Limits(waiting=20, batch=5, grace_seconds=0.0)
    async with world.running(Counter, Lamp, limits=limits) as engine:
        sent = [asyncio.ensure_future(engine.start(Counter, f"c-{n}")) for n in range(40)]
        others = [asyncio.ensure_future(engine.start(Lamp, f"l-{n}")) for n in range(20)]
        mine = await asyncio.gather(*sent, return_exceptions=True)
        theirs = await asyncio.gather(*others, return_exceptions=True)
        refused = [answer for answer in mine if isinstance(answer, Overloaded)]
        assert len(refused) == 20
        # beyond its share, the other one is refused as well
        assert sum(isinstance(answer, Overloaded) for answer in theirs) == 10
        assert not any(isinstance(answer, Overloaded) for answer in theirs[:10])


@pytest.mark.parametrize("machine", [Wheel, PingPong])
async def test_a_timer_that_a_timer_sets_is_due_a_tenth_of_a_second_later(
    world: World, machine: type[Machine[Turned]]
) -> None:
    async with world.running(machine) as engine:
        await engine.start(machine, "w")
        await quiet()
        assert (await engine.read(machine, "w")).view.n == 1
        (timer,) = (await engine.explain(machine, "w")).timers
        assert timer.seconds_left == TIMER_AFTER_TIMER.total_seconds()
        world.clock.advance(seconds(0.0999))
        await quiet()
        assert (await engine.read(machine, "w")).view.n == 1
        for n in range(2, 5):
            world.clock.advance(seconds(0.1))
            await quiet()
            assert (await engine.read(machine, "w")).view.n == n


async def test_wheels_keep_no_other_machine_waiting(world: World) -> None:
    async with world.running(Wheel, Lamp) as engine:
        await asyncio.gather(*(engine.start(Wheel, f"w-{n}") for n in range(500)))
        await engine.start(Lamp, "l-1")
        for _ in range(5):
            world.clock.advance(seconds(0.1))
            world.gate.commits.clear()
            await engine.start(Lamp, f"l-{world.clock.now().timestamp()}")
            # at most what was being committed already, and its own
            assert len(world.gate.commits) <= 2
            assert sum(map(len, world.gate.commits)) <= 1024
            await quiet()
