"""Child instances: another machine's instance that lives as long as a state."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from statehold import (
    Event,
    Failure,
    Final,
    Machine,
    Result,
    State,
    UnknownInstance,
    child,
    effect,
    on,
    on_failure,
    on_result,
)
from tests.unit.engine.works import Lever, lever
from tests.unit.engine.world import World, journal, kind, kinds, quiet, signal, state

pytestmark = pytest.mark.anyio


class Check(BaseModel):
    subject: str = "nobody"
    score: int = 0


class Score(Event):
    score: int


class Stop(Event):
    pass


def score(check: Check, event: Score) -> None:
    check.score = event.score


def verdict(check: Check) -> dict[str, int | str]:
    return {"subject": check.subject, "score": check.score}


@effect(attempts=1)
async def look_up(check: Check) -> None:
    lever.called.set()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        lever.cancelled.set()
        raise


class Checking(Machine[Check], name="checking", version=1):
    looking = State(initial=True, invoke=look_up)
    known = Final(output=verdict)
    scoring = on(Score, looking >> known, do=score)


class Case(BaseModel):
    name: str = "ann"
    result: object = None
    error: str | None = None


def about(case: Case) -> dict[str, str]:
    return {"subject": case.name}


def keep(case: Case, event: Result[object]) -> None:
    case.result = event.value


def keep_error(case: Case, event: Failure) -> None:
    case.error = f"{event.error}: {event.message}"


class CaseFlow(Machine[Case], name="case", version=1):
    checking = State(initial=True, invoke=child(Checking, input=about))
    checked = State()
    unknown = State()
    stopped = Final()

    good = on_result(Checking, checking >> checked, do=keep)
    bad = on_failure(Checking, checking >> unknown, do=keep_error)
    stop = on(Stop, checking >> stopped)


async def test_a_child_starts_with_its_input_and_its_output_comes_back(world: World) -> None:
    async with world.running(CaseFlow) as engine:
        await engine.start(CaseFlow, "k-1", Case(name="bob"))
        await quiet()
        line = await kind(engine, Checking, "k-1:1.1", "start")
        assert line.cause == "case/k-1"
        await engine.send(Checking, "k-1:1.1", Score(score=8))
        await state(engine, CaseFlow, "k-1", "checked")
        answer = await engine.read(CaseFlow, "k-1")
        assert answer.view.result == {"subject": "bob", "score": 8}
        assert (await engine.read(Checking, "k-1:1.1")).output == answer.view.result
        assert (await journal(engine, CaseFlow, "k-1"))[-1].cause == "checking/k-1:1.1"


async def test_a_parent_is_explained_with_its_childs_id_and_what_that_waits_for(
    world: World, lever: Lever
) -> None:
    async with world.running(CaseFlow) as engine:
        await engine.start(CaseFlow, "k-1")
        await signal(lever.called)
        await quiet()
        told = await engine.explain(CaseFlow, "k-1")
        child = told.effects[0].child
        assert child is not None
        assert (child.machine, child.id, child.status) == ("checking", "k-1:1.1", "running")
        assert (child.state, child.allowed) == (["looking"], ["Score"])
        assert (
            "It waits for its child checking/k-1:1.1 to end, which is running in looking, for "
            "0 seconds now and accepts Score."
        ) in told.summary


async def test_a_childs_end_survives_a_crash_and_is_delivered_once(world: World) -> None:
    for commits in range(5):
        id = f"k-{commits}"
        engine = await world.open(CaseFlow)
        await engine.start(CaseFlow, id)
        await quiet()
        world.gate.left = commits
        scoring = asyncio.ensure_future(engine.send(Checking, f"{id}:1.1", Score(score=3), key="k"))
        await quiet()
        scoring.cancel()
        await world.crash(engine)
        engine = await world.open(CaseFlow)
        await engine.send(Checking, f"{id}:1.1", Score(score=3), key="k")
        await state(engine, CaseFlow, id, "checked")
        await quiet()
        assert await kinds(engine, CaseFlow, id) == ["start", "result"]
        await world.stop(engine)


async def test_a_child_is_cancelled_with_all_it_does_when_its_state_is_left(
    world: World, lever: Lever
) -> None:
    async with world.running(CaseFlow) as engine:
        await engine.start(CaseFlow, "k-1")
        await signal(lever.called)
        await engine.send(CaseFlow, "k-1", Stop())
        await signal(lever.cancelled)
        await quiet()
        ended = await engine.read(Checking, "k-1:1.1")
        assert (ended.status, ended.state) == ("cancelled", ["looking"])
        last = (await journal(engine, Checking, "k-1:1.1"))[-1]
        assert last.reason == "its parent left the state that invoked it"
        assert await kinds(engine, CaseFlow, "k-1") == ["start", "event"]


async def test_a_child_whose_state_is_left_at_once_is_cancelled_though_it_was_never_seen(
    world: World,
) -> None:
    async with world.running(CaseFlow) as engine:
        await asyncio.gather(engine.start(CaseFlow, "k-1"), engine.send(CaseFlow, "k-1", Stop()))
        await quiet()
        assert (await engine.read(Checking, "k-1:1.1")).status == "cancelled"


async def test_a_child_that_is_cancelled_by_a_person_has_failed_for_its_parent(
    world: World,
) -> None:
    async with world.running(CaseFlow) as engine:
        await engine.start(CaseFlow, "k-1")
        await quiet()
        await engine.cancel(Checking, "k-1:1.1", reason="too slow")
        await state(engine, CaseFlow, "k-1", "unknown")
        assert (await engine.read(CaseFlow, "k-1")).view.error == "Cancelled: too slow"


class Picky(BaseModel):
    needed: int


class Demanding(Machine[Picky], name="demanding", version=1):
    open = State(initial=True)
    over = Final()
    end = on(Stop, open >> over)


class Hopeful(Machine[Case], name="hopeful", version=1):
    trying = State(initial=True, invoke=child(Demanding))
    failed = State()
    bad = on_failure(Demanding, trying >> failed, do=keep_error)


async def test_a_child_that_can_not_be_started_has_failed_for_its_parent(world: World) -> None:
    async with world.running(Hopeful) as engine:
        await engine.start(Hopeful, "h-1")
        await state(engine, Hopeful, "h-1", "failed")
        error = (await engine.read(Hopeful, "h-1")).view.error
        assert error is not None
        assert error.startswith("InvalidPayload: the child's data is not valid: needed")


async def test_a_child_that_could_not_be_started_is_cancelled_with_no_effect(world: World) -> None:
    """Its parent does not know yet that it failed."""
    async with world.running(Hopeful) as engine:
        await engine.start(Hopeful, "h-1")
        await engine.pause(Hopeful, "h-1")
        await quiet()
        await engine.cancel(Hopeful, "h-1")
        await quiet()
        assert (await engine.read(Hopeful, "h-1")).status == "cancelled"
        with pytest.raises(UnknownInstance):
            await engine.read(Demanding, "h-1:1.1")
        assert await engine._parts.store.mail(None, world.clock.now(), None, 10) == []


async def test_a_paused_parent_gets_its_childs_end_when_it_is_resumed(world: World) -> None:
    async with world.running(CaseFlow) as engine:
        await engine.start(CaseFlow, "k-1")
        await quiet()
        await engine.pause(CaseFlow, "k-1")
        await engine.send(Checking, "k-1:1.1", Score(score=1))
        await quiet()
        assert (await engine.read(CaseFlow, "k-1")).state == ["checking"]
        await engine.resume(CaseFlow, "k-1")
        await state(engine, CaseFlow, "k-1", "checked")


async def test_cancelling_the_parent_cancels_the_child(world: World) -> None:
    async with world.running(CaseFlow) as engine:
        await engine.start(CaseFlow, "k-1")
        await quiet()
        await engine.cancel(CaseFlow, "k-1")
        await quiet()
        assert (await engine.read(Checking, "k-1:1.1")).status == "cancelled"
