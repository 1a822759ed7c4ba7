"""A guard or an action that exits fails its step, and not the engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from statehold import (
    Event,
    Final,
    Machine,
    State,
    after,
    effect,
    on,
    on_result,
)
from statehold.engine.limits import Limits
from statehold.errors import ActionFailed
from tests.unit.engine.background.jobs import Job, Leave
from tests.unit.engine.world import (
    World,
    quiet,
    state,
)

pytestmark = pytest.mark.anyio


class Ask(Event):
    pass


def quits(job: Job) -> None:
    if not mended:
        raise SystemExit(1)


mended: list[bool] = []


class Quitting(Machine[Job], name="quitting", version=1):
    """Its action calls ``sys.exit()``, on an event, a timer and a result."""

    idle = State(initial=True)
    timed = State()
    working = State()
    over = Final()

    asking = on(Ask, idle >> over, do=quits)
    leaving = on(Leave, idle >> timed)
    lapsing = after(timedelta(seconds=1), timed >> over, do=quits)


@effect(attempts=1)
async def quick(job: Job) -> int:
    return 1


class QuittingOnResult(Machine[Job], name="quitting-on-result", version=1):
    working = State(initial=True, invoke=quick)
    over = Final()
    good = on_result(quick, working >> over, do=quits)


async def test_an_action_that_exits_fails_its_step_and_not_the_engine(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    mended.clear()
    limits = Limits(timer_attempts=2, grace_seconds=0.0)
    async with world.running(Quitting, QuittingOnResult, limits=limits) as engine:
        await engine.start(Quitting, "asked")
        await engine.start(Quitting, "timed")
        with pytest.raises(ActionFailed, match="SystemExit"):
            await engine.send(Quitting, "asked", Ask())
        await engine.send(Quitting, "timed", Leave())
        await engine.start(QuittingOnResult, "x")
        for _ in range(3):
            await quiet()
            world.clock.advance(timedelta(seconds=400))
        await quiet()
        found = {one.instance: one.error for one in (await engine.incidents()).incidents}
        assert set(found) == {"timed", "x"}
        assert all("SystemExit" in error for error in found.values())
        mended.append(True)
        for incident in (await engine.incidents()).incidents:
            await engine.retry(incident.id)
        await state(engine, Quitting, "timed", "over")
        await state(engine, QuittingOnResult, "x", "over")
