"""When an attempt ends: its time, its cancellation, and the one before it under the same key."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    Call,
)
from statehold.engine import Engine
from statehold.engine.background.attempt import AttemptRun
from statehold.engine.background.effect_runner import EffectRunner
from statehold.engine.limits import Limits
from tests.unit.engine.background.jobs import LONG, SHORT, Leave, performing, runs, said
from tests.unit.engine.world import (
    PATIENCE,
    World,
    entry,
    journal,
    quiet,
)
from tests.unit.engine.world import (
    signal as signalled,
)

pytestmark = pytest.mark.anyio


class Door:
    """Where functions wait until the test lets them go on."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.loop = asyncio.get_running_loop()
        self.inside = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0

    def wait(self) -> str:
        """In a thread."""
        self.loop.call_soon_threadsafe(self.inside.set)
        assert self.opened.wait(PATIENCE)
        return "gone on"


@pytest.fixture
async def door(anyio_backend: str) -> AsyncIterator[Door]:
    made = Door()
    yield made
    made.opened.set()


async def times_out(call: Call) -> None:
    await asyncio.Event().wait()


async def test_time_spent_in_wait_for_a_thread_does_not_count(place: World, door: Door) -> None:
    def quick(call: Call) -> str:
        return "in time"

    def occupies(call: Call) -> str:
        return door.wait()

    first = performing(occupies, attempts=1, timeout=LONG)
    second = performing(quick, attempts=1, timeout=SHORT / 4)
    clock = performing(times_out, attempts=1, timeout=SHORT)
    async with place.running(first, second, clock, limits=Limits(threads=1)) as engine:
        await engine.start(first, "x")
        await signalled(door.inside)
        await engine.start(second, "x")
        # four times as long as the second one has
        await engine.start(clock, "x")
        await said(engine, clock)
        door.opened.set()
        assert await said(engine, second) == "in time"


async def test_calls_whose_time_is_up_give_their_threads_places_to_others(
    place: World, door: Door, freed: asyncio.Event
) -> None:
    def hangs(call: Call) -> str:
        return door.wait()

    def quick(call: Call) -> str:
        return "done"

    hanging = performing(hangs, attempts=1, timeout=SHORT)
    other = performing(quick, attempts=1)
    async with place.running(hanging, other, limits=Limits(threads=1, hung=2)) as engine:
        for id in ("x", "y"):
            await engine.start(hanging, id)
            assert await said(engine, hanging, id) == "TimeoutError: no answer within 0.02 s (1)"
            if id == "x":
                await engine.start(other, "x")
                assert await said(engine, other) == "done"
        # no more threads are given for lost
        await engine.start(other, "y")
        assert (await said(engine, other, "y")).startswith("TooManyHung: 2 calls of a plain")
        assert runs["y"] == 1
        door.opened.set()
        await signalled(freed)
        await engine.start(other, "z")
        assert await said(engine, other, "z") == "done"


@pytest.fixture
def freed(monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> asyncio.Event:
    """Set once a call that went on behind its attempt has ended, and no other does."""
    event = asyncio.Event()
    original = EffectRunner._freed

    def after(effect_runner: EffectRunner, attempt: AttemptRun) -> None:
        was_hung = attempt.is_hung
        original(effect_runner, attempt)
        if was_hung and not effect_runner._leaving:
            event.set()

    monkeypatch.setattr(EffectRunner, "_freed", after)
    return event


# --- one at a time --------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [{"timeout": SHORT}, {"heartbeat": SHORT, "timeout": LONG}])
async def test_an_attempt_is_waited_for_while_it_cleans_up(
    place: World, policy: dict[str, Any]
) -> None:
    cleaned_up, cleaning, inside = asyncio.Event(), asyncio.Event(), [0, 0]

    async def cleans_up(call: Call) -> str:
        inside[0] += 1
        inside[1] = max(inside)
        try:
            if call.attempt == 2:
                return "second"
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await cleaned_up.wait()
            inside[0] -= 1
        return "first"

    machine = performing(cleans_up, attempts=2, first=timedelta(0), longest=timedelta(0), **policy)
    async with place.running(machine) as engine:
        await engine.start(machine, "x")
        await signalled(cleaning)
        await quiet()
        assert [line.kind for line in await journal(engine, machine, "x")] == ["start"]
        cleaned_up.set()
        assert await said(engine, machine) == "second"
        assert inside == [0, 1]


async def test_an_attempt_that_ignores_its_cancellation_is_not_joined_by_the_next_one(
    place: World, freed: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = asyncio.Event()

    async def ignores(call: Call) -> str:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue
        return f"attempt {call.attempt}"

    machine = performing(
        ignores, attempts=3, timeout=SHORT, first=timedelta(seconds=1), factor=1, jitter=0
    )
    limits = Limits(cancel_seconds=0.02, grace_seconds=0.0)
    async with place.running(machine, limits=limits) as engine:
        await engine.start(machine, "x")
        first = await _nth(engine, machine, 1)
        assert "ignores its cancellation and runs on" in first.effects[0]["error"]
        assert "ignores of ignores/x ignores its cancellation" in caplog.text
        place.clock.advance(timedelta(seconds=1))
        second = await _nth(engine, machine, 2)
        assert second.effects[0]["error"].startswith("StillRunning: attempt 1 goes on here")
        assert runs["x"] == 1
        go_on.set()
        await signalled(freed)
        place.clock.advance(timedelta(seconds=1))
        assert await said(engine, machine) == "attempt 3"
        assert runs["x"] == 2


async def _nth(engine: Engine, machine: Any, number: int) -> Any:
    """The failed attempt of this number."""

    def is_it(line: Any) -> bool:
        return line.kind == "tried" and bool(line.effects[0]["attempt"] == number)

    return await entry(engine, machine, "x", is_it)


async def test_a_swallowed_cancellation_hangs_neither_stop_nor_close(
    place: World, caplog: pytest.LogCaptureFixture
) -> None:
    inside = asyncio.Event()
    ended = asyncio.Event()

    async def swallows(call: Call) -> None:
        try:
            while True:
                try:
                    inside.set()
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue
        finally:
            ended.set()

    machine = performing(swallows, attempts=1, timeout=LONG)
    limits = Limits(cancel_seconds=0.02, grace_seconds=0.0)
    async with asyncio.timeout(PATIENCE):
        async with place.running(machine, limits=limits) as engine:
            await engine.start(machine, "left")
            await signalled(inside)
            # its state is left, and its place is free for others all the same
            await engine.send(machine, "left", Leave())
            assert (await engine.read(machine, "left")).state == ["left"]
            inside.clear()
            await engine.start(machine, "running")
            await signalled(inside)
    assert "swallows of swallows/running ignores its cancellation" in caplog.text
    # else the loop that it runs in could not end either
    assert ended.is_set()
    async with place.running(machine, limits=limits) as engine:
        await quiet()
        assert runs["running"] == 2


async def test_a_clean_up_that_takes_a_while_is_waited_for_at_the_engines_end(
    place: World,
) -> None:
    inside, cleaning, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def rolls_back(call: Call) -> None:
        inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await cleaned.wait()
            done.append("rolled back")

    machine = performing(rolls_back, attempts=1, heartbeat=LONG, timeout=LONG)
    engine = await place.open(machine)
    await engine.start(machine, "x")
    await signalled(inside)
    closing = asyncio.ensure_future(place.stop(engine))
    await signalled(cleaning)
    await quiet()
    assert not closing.done()
    cleaned.set()
    await closing
    assert done == ["rolled back"]
