"""One loop for all background tasks: when it walks, how it stops, what it does about errors."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from statehold.engine.background.capacity import Capacity
from statehold.engine.background.task import BackgroundTask
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.engine.log_fields import forget_outages, logger
from statehold.engine.machines.compatibility import UpgradePlans
from statehold.engine.requests.context import EngineContext, Identity
from statehold.errors import Stopping, StoreUnavailable
from tests.unit.engine.world import quiet

pytestmark = pytest.mark.anyio

NAME = "statehold.tests.task"
log = logger(NAME)
SECOND = timedelta(seconds=1)
AWAY = StoreUnavailable("no route")


class Walks:
    """A walk that is counted; ``ends`` is what its next ones return or raise, ``last`` what all
    others do after them."""

    def __init__(self, *ends: datetime | Exception | None, last: Any = None) -> None:
        self.count = 0
        self.ends = list(ends)
        self.last = last

    async def __call__(self) -> datetime | None:
        self.count += 1
        end = self.ends.pop(0) if self.ends else self.last
        if isinstance(end, Exception):
            raise end
        return end


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def a_task(
    clock: ManualClock, walk: Callable[[], Awaitable[datetime | None]], **how: Any
) -> BackgroundTask:
    limits, worker = Limits(), Identity("w1", "w1")
    context = EngineContext(
        {}, clock, limits, worker, random.Random(1), UpgradePlans(), Capacity(limits)
    )
    return BackgroundTask(context, "test", walk, log, "the walk failed", **how)


async def test_it_walks_when_it_is_time_and_not_before(clock: ManualClock) -> None:
    walks = Walks(last=clock.now() + 5 * SECOND)
    task = a_task(clock, walks)
    task.start(clock.now() + SECOND)
    await quiet()
    assert walks.count == 0
    clock.advance(SECOND)
    await quiet()
    assert (walks.count, task.until) == (1, clock.now() + 4 * SECOND)
    clock.advance(3 * SECOND)
    await quiet()
    assert walks.count == 1
    walks.last = None
    clock.advance(SECOND)
    await quiet()
    assert (walks.count, task.until) == (2, None)
    await task.stop()


async def test_a_moment_that_has_passed_means_at_once(clock: ManualClock) -> None:
    walks = Walks(clock.now(), clock.now() - SECOND, None)
    task = a_task(clock, walks)
    task.start(clock.now())
    await quiet()
    assert walks.count == 3
    await task.stop()


async def test_a_task_that_is_woken_walks_at_once(clock: ManualClock) -> None:
    walks = Walks()
    task = a_task(clock, walks)
    task.start(None)
    await quiet()
    assert walks.count == 0
    task.wake()
    await quiet()
    task.wake()
    await quiet()
    assert walks.count == 2
    await task.stop()


async def test_one_that_is_woken_while_it_walks_walks_again(clock: ManualClock) -> None:
    goes_on, count = asyncio.Event(), 0

    async def walk() -> None:
        nonlocal count
        count += 1
        await goes_on.wait()

    task = a_task(clock, walk)
    task.start(clock.now())
    await quiet()
    for _ in range(3):
        task.wake()
    task.wake_by(clock.now() + 100 * SECOND)
    goes_on.set()
    await quiet()
    assert count == 2
    await task.stop()


async def test_waking_by_a_moment_wakes_only_one_that_sleeps_longer(clock: ManualClock) -> None:
    walks = Walks(last=clock.now() + 5 * SECOND)
    task = a_task(clock, walks)
    task.start(clock.now())
    await quiet()
    task.wake_by(clock.now() + 6 * SECOND)
    await quiet()
    assert walks.count == 1
    task.wake_by(clock.now() + 4 * SECOND)
    await quiet()
    assert walks.count == 2
    await task.stop()


async def test_what_wakes_a_task_that_gathers_shares_a_walk(clock: ManualClock) -> None:
    walks = Walks()
    task = a_task(clock, walks, gather_seconds=2.0)
    task.start(None)
    task.wake()
    await quiet()
    clock.advance(SECOND)
    task.wake()
    await quiet()
    assert walks.count == 0
    clock.advance(SECOND)
    await quiet()
    assert walks.count == 1
    await task.stop()


@pytest.mark.parametrize("error", [AWAY, ZeroDivisionError("a bug")])
async def test_an_error_is_counted_and_the_walk_repeated_after_a_while(
    clock: ManualClock, error: Exception
) -> None:
    walks = Walks(error, error)
    task = a_task(clock, walks, retry_seconds=3.0)
    task.start(clock.now())
    await quiet()
    assert (walks.count, task.failures) == (1, 1)
    clock.advance(2 * SECOND)
    await quiet()
    assert walks.count == 1
    clock.advance(SECOND)
    await quiet()
    assert (walks.count, task.failures) == (2, 2)
    clock.advance(3 * SECOND)
    await quiet()
    assert (walks.count, task.failures) == (3, 2)
    await task.stop()


async def test_without_a_time_for_it_a_failed_walk_is_repeated_when_it_is_woken(
    clock: ManualClock,
) -> None:
    walks = Walks(AWAY)
    task = a_task(clock, walks)
    task.start(clock.now())
    clock.advance(1000 * SECOND)
    await quiet()
    assert (walks.count, task.until) == (1, None)
    task.wake()
    await quiet()
    assert walks.count == 2
    await task.stop()


async def test_an_outage_is_one_line_of_the_log_and_a_bug_one_with_its_traceback(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    forget_outages()
    walks = Walks(AWAY, AWAY, AWAY, ZeroDivisionError("a bug"))
    task = a_task(clock, walks, retry_seconds=1.0)
    with caplog.at_level(logging.INFO, logger=NAME):
        task.start(clock.now())
        for _ in range(4):
            await quiet()
            clock.advance(SECOND)
        await quiet()
    await task.stop()
    lines = [(one.levelname, one.getMessage(), bool(one.exc_info)) for one in caplog.records]
    assert lines == [
        ("WARNING", f"the walk failed: {AWAY}", False),
        ("ERROR", "the walk failed", True),
    ]
    assert all(one.__dict__["worker"] == "w1" for one in caplog.records)


async def test_stopping_ends_it(clock: ManualClock) -> None:
    walks = Walks(Stopping())
    task = a_task(clock, walks, retry_seconds=1.0)
    task.start(clock.now())
    await quiet()
    assert task.task is not None
    assert (walks.count, task.failures, task.task.done()) == (1, 0, True)
    await task.stop()


async def test_a_stop_cancels_the_walk_or_waits_for_its_end(clock: ManualClock) -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def careful() -> None:
        await two.stopping.wait()
        ended.append("by itself")

    one, two = a_task(clock, endless), a_task(clock, careful)
    for task in (one, two):
        task.start(clock.now())
    await quiet()
    await one.stop()
    await two.stop(cancel=False)
    assert ended == ["cancelled", "by itself"]
    for task in (one, two):
        assert task.task is not None
        assert task.task.done()


async def test_a_stop_ends_one_that_sleeps_or_gathers_or_never_began(clock: ManualClock) -> None:
    walks = Walks()
    sleeping = a_task(clock, walks)
    gathering = a_task(clock, walks, gather_seconds=5.0)
    sleeping.start(clock.now() + SECOND)
    gathering.start(None)
    gathering.wake()
    await quiet()
    for task in (sleeping, gathering, a_task(clock, walks)):
        await task.stop(cancel=False)
    assert walks.count == 0
