"""The time of one attempt: timeouts, heartbeats, threads. These effects take real milliseconds."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Failure,
    Final,
    Machine,
    Result,
    State,
    effect,
    on_failure,
    on_result,
    seconds,
)
from statehold.engine.clock import SystemClock
from statehold.engine.limits import Limits
from statehold.records import Ref
from tests.unit.engine.works import (
    Lever,
    Unhandled,
)
from tests.unit.engine.world import (
    PATIENCE,
    World,
    quiet,
    state,
)

pytestmark = pytest.mark.anyio


class Job(BaseModel):
    how: str = ""
    said: str | None = None


threads: list[str] = []


released = threading.Event()


@effect(attempts=1, timeout=timedelta(milliseconds=20))
async def too_long(job: Job) -> str:
    await asyncio.Event().wait()
    return "never"


@effect(attempts=1, heartbeat=timedelta(milliseconds=50), timeout=timedelta(seconds=30))
async def with_heartbeat(job: Job, call: Call) -> str:
    if job.how == "silent":
        await asyncio.Event().wait()
    for _ in range(10):
        # ten times within the silence allowed, longer in all than it
        await asyncio.sleep(0.01)
        call.heartbeat()
    return "alive"


@effect(attempts=1)
def in_a_thread(job: Job) -> str:
    threads.append(threading.current_thread().name)
    released.wait(PATIENCE)
    return "from a thread"


@effect(attempts=1)
async def cancels_itself(job: Job) -> str:
    raise asyncio.CancelledError


def say(job: Job, event: Result[str]) -> None:
    job.said = event.value


def say_error(job: Job, event: Failure) -> None:
    job.said = f"{event.error}: {event.message}"


class Timeouts(Machine[Job], name="timeouts", version=1):
    open = State(initial=True, invoke=too_long)
    over = Final()
    good = on_result(too_long, open >> over, do=say)
    bad = on_failure(too_long, open >> over, do=say_error)


class Heartbeats(Machine[Job], name="heartbeats", version=1):
    open = State(initial=True, invoke=with_heartbeat)
    over = Final()
    good = on_result(with_heartbeat, open >> over, do=say)
    bad = on_failure(with_heartbeat, open >> over, do=say_error)


class Threads(Machine[Job], name="threads", version=1):
    open = State(initial=True, invoke=in_a_thread)
    over = Final()
    good = on_result(in_a_thread, open >> over, do=say)


class Cancelling(Machine[Job], name="cancelling", version=1):
    open = State(initial=True, invoke=cancels_itself)
    over = Final()
    bad = on_failure(cancels_itself, open >> over, do=say_error)


async def test_an_attempt_that_takes_longer_than_its_timeout_has_failed(world: World) -> None:
    async with world.running(Timeouts) as engine:
        await engine.start(Timeouts, "t-1")
        await state(engine, Timeouts, "t-1", "over")
        said = (await engine.read(Timeouts, "t-1")).view.said
        assert said == "TimeoutError: no answer within 0.02 s"


@pytest.mark.parametrize(
    ("how", "said"), [("silent", "TimeoutError: no heartbeat for 0.05 s"), ("loud", "alive")]
)
async def test_an_effect_that_misses_its_heartbeat_has_failed_and_one_that_beats_has_not(
    world: World, how: str, said: str
) -> None:
    async with world.running(Heartbeats) as engine:
        await engine.start(Heartbeats, "h-1", Job(how=how))
        await state(engine, Heartbeats, "h-1", "over")
        assert (await engine.read(Heartbeats, "h-1")).view.said == said


async def test_a_plain_function_runs_in_a_thread_and_the_engine_goes_on_meanwhile(
    world: World,
) -> None:
    threads.clear()
    released.clear()
    async with world.running(Threads) as engine:
        await engine.start(Threads, "t-1")
        await engine.start(Threads, "t-2")
        assert (await engine.read(Threads, "t-1")).state == ["open"]
        released.set()
        await state(engine, Threads, "t-1", "over")
        await state(engine, Threads, "t-2", "over")
        assert (await engine.read(Threads, "t-2")).view.said == "from a thread"
        assert all(name.startswith("statehold-effect") for name in threads)


async def test_an_effect_that_cancels_itself_has_failed_and_is_not_forgotten(
    world: World,
) -> None:
    async with world.running(Cancelling) as engine:
        await engine.start(Cancelling, "c-1")
        await state(engine, Cancelling, "c-1", "over")
        assert "CancelledError" in str((await engine.read(Cancelling, "c-1")).view.said)


async def test_no_more_effects_than_the_limit_run_at_once(world: World, lever: Lever) -> None:
    limits = Limits(effects=2, grace_seconds=0.0)
    async with world.running(Unhandled, limits=limits) as engine:
        held = asyncio.Event()
        lever.answers.append(held)
        for number in range(4):
            await engine.start(Unhandled, f"u-{number}")
        await quiet()
        assert len(lever.calls) == 2
        held.set()
        await quiet()
        assert len({call.instance for call in lever.calls}) == 4


# --- what one effect's outcome does to another ---------------------------------------------------


@effect(attempts=3, first=seconds(10), jitter=0)
async def second_of_two(job: Job, call: Call) -> str:
    if call.attempt == 1:
        raise RuntimeError("busy")
    second_runs.append(call.key)
    return "x"


second_runs: list[str] = []


kept = {"raise": True}


def take_it(job: Job, event: Result[str]) -> None:
    if kept["raise"]:
        raise ValueError("not yet")


@effect(attempts=1)
async def kept_result(job: Job) -> str:
    return "kept"


class Race(Machine[Job], name="race", version=1):
    """Both are due at one moment; the first one's result leaves the state of the second."""

    both = State(initial=True, invoke=(kept_result, second_of_two))
    over = State()
    won = on_result(kept_result, both >> over, do=take_it)


async def test_a_retry_that_is_due_with_the_outcome_that_cancels_it_is_not_run(
    world: World,
) -> None:
    second_runs.clear()
    kept["raise"] = True
    async with world.running(Race) as engine:
        await engine.start(Race, "r-1")
        await quiet()
        kept["raise"] = False
        world.clock.advance(seconds(10))
        await quiet()
        assert (await engine.read(Race, "r-1")).state == ["over"]
        assert second_runs == []
        row = (await world.rows(engine, ("race", "r-1")))[Ref("race", "r-1")]
        assert (row.held_by, row.wake_at) == ((), None)


async def test_an_engine_on_the_systems_clock_retries(world: World) -> None:
    seen: list[datetime] = []

    @effect(attempts=3, first=timedelta(milliseconds=10), jitter=0)
    async def flaky(job: Job) -> None:
        seen.append(SystemClock().now())
        if len(seen) < 3:
            raise RuntimeError("busy")

    class Flaky(Machine[Job], name="flaky", version=1):
        open = State(initial=True, invoke=flaky)
        over = Final()
        good = on_result(flaky, open >> over)

    async with world.running(Flaky, clock=SystemClock()) as engine:
        await engine.start(Flaky, "f-1")
        await state(engine, Flaky, "f-1", "over")
        gaps = [(b - a).total_seconds() for a, b in pairwise(seen)]
        assert gaps[0] >= 0.01
        assert gaps[1] >= 0.02


async def test_attempts_without_a_delay_between_them_are_all_made(
    world: World, lever: Lever
) -> None:
    @effect(attempts=50, first=timedelta(0), longest=timedelta(0))
    async def hasty(job: Job, call: Call) -> None:
        await lever.pull(job, call)

    class Hasty(Machine[Job], name="hasty", version=1):
        open = State(initial=True, invoke=hasty)
        over = Final()
        bad = on_failure(hasty, open >> over, do=say_error)

    async with world.running(Hasty) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Hasty, "h-1")
        await state(engine, Hasty, "h-1", "over")
        assert lever.attempts == list(range(1, 51))
