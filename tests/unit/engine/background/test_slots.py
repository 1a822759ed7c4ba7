"""No more attempts run than there are slots; the others wait in the store."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from statehold import (
    Call,
)
from statehold.engine.limits import Limits
from tests.unit.engine.background.jobs import Leave, performing, runs, said
from tests.unit.engine.world import (
    World,
    entry,
    quiet,
    state,
)

pytestmark = pytest.mark.anyio


async def test_what_finds_no_room_waits_in_the_store_and_is_performed_in_the_end(
    world: World,
) -> None:
    go_on = asyncio.Event()
    at_once: list[int] = [0, 0]

    async def crowded(call: Call) -> str:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await go_on.wait()
        at_once[0] -= 1
        return "done"

    machine = performing(crowded, attempts=1)
    limits = Limits(effects=2, effects_waiting=1, grace_seconds=0.0)
    async with world.running(machine, limits=limits) as engine:
        for number in range(12):
            await engine.start(machine, f"x-{number}")
        await quiet()
        assert engine.stats().effects == 3
        rows = await world.rows(engine, *((machine.definition.name, f"x-{n}") for n in range(12)))
        held = Counter(row.held_by for row in rows.values())
        assert held[("(waiting)",)] == 9
        # shown as what waits, and not as what runs
        explained = await engine.explain(machine, "x-11")
        assert explained.effects[0].status == "waiting"
        go_on.set()
        for number in range(12):
            await state(engine, machine, f"x-{number}", "over")
        assert at_once[1] <= 2
        assert set(runs.values()) == {1}


async def test_what_waits_in_the_store_is_found_after_a_crash(world: World) -> None:
    async def crowded(call: Call) -> str:
        if call.instance == "x-0" and runs["x-0"] == 1:
            await asyncio.Event().wait()
        return f"attempt {call.attempt}"

    machine = performing(crowded, attempts=1)
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    engine = await world.open(machine, limits=limits)
    for number in range(4):
        await engine.start(machine, f"x-{number}")
    await world.crash(engine)
    async with world.running(machine, limits=limits) as engine:
        for number in range(4):
            assert await said(engine, machine, f"x-{number}") == "attempt 1"
        assert runs == {"x-0": 2, "x-1": 1, "x-2": 1, "x-3": 1}


async def test_retries_wait_for_a_slot_as_first_attempts_do(world: World) -> None:
    go_on = asyncio.Event()

    async def fails_once(call: Call) -> str:
        if call.attempt == 1:
            raise ValueError("once")
        await go_on.wait()
        return f"attempt {call.attempt}"

    machine = performing(fails_once, attempts=2, first=timedelta(seconds=1), jitter=0)
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    async with world.running(machine, limits=limits) as engine:
        for number in range(3):
            await engine.start(machine, f"x-{number}")
            await entry(engine, machine, f"x-{number}", lambda line: line.kind == "tried")
        world.clock.advance(timedelta(seconds=1))
        await quiet()
        assert engine.stats().effects == 1
        go_on.set()
        for number in range(3):
            assert await said(engine, machine, f"x-{number}") == "attempt 2"


async def test_an_effect_that_waits_in_the_store_is_forgotten_with_its_state(
    world: World,
) -> None:
    go_on = asyncio.Event()

    async def crowded(call: Call) -> str:
        await go_on.wait()
        return "done"

    machine = performing(crowded, attempts=1)
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    async with world.running(machine, limits=limits) as engine:
        await engine.start(machine, "x-0")
        await engine.start(machine, "x-1")
        await engine.send(machine, "x-1", Leave())
        go_on.set()
        await state(engine, machine, "x-0", "over")
        await quiet()
        row = (await world.rows(engine, (machine.definition.name, "x-1"))).popitem()[1]
        assert (row.held_by, row.wake_at) == ((), None)
        assert runs["x-1"] == 0
