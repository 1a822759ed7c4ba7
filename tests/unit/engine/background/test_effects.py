"""Effects: after the commit, at least once, under one key, cancelled with their state."""

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
    Permanent,
    Result,
    State,
    effect,
    hours,
    on_failure,
    on_result,
    seconds,
)
from statehold.engine.clock import SystemClock
from statehold.engine.limits import Limits
from statehold.records import Ref
from tests.unit.engine.works import (
    Detached,
    Drop,
    Fix,
    Lever,
    Parcel,
    Shipping,
    Stamp,
    Unhandled,
    Weigh,
    tell_customer,
)
from tests.unit.engine.world import (
    PATIENCE,
    World,
    an_incident,
    journal,
    kind,
    kinds,
    quiet,
    signal,
    state,
)

pytestmark = pytest.mark.anyio

TICK = timedelta(microseconds=1)


async def test_an_effects_result_comes_back_as_an_event(world: World, lever: Lever) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append("L-1")
        await engine.start(Shipping, "p-1")
        line = await kind(engine, Shipping, "p-1", "result")
        assert line.event == {
            "type": "Result", "effect": "buy_label", "key": "1.1", "value": "L-1"
        }  # fmt: skip
        answer = await engine.read(Shipping, "p-1")
        assert (answer.state, answer.view.label) == (["labelled"], "L-1")
        (call,) = lever.calls
        assert (call.key, call.machine, call.instance, call.attempt) == (
            "shipping/p-1/1.1", "shipping", "p-1", 1,
        )  # fmt: skip
        assert call.asked_at == world.clock.now()


async def test_an_effect_is_recorded_before_it_is_performed(world: World, lever: Lever) -> None:
    engine = await world.open(Shipping)
    world.gate.left = 0
    starting = asyncio.ensure_future(engine.start(Shipping, "p-1"))
    await signal(world.gate.stuck)
    await quiet()
    assert lever.calls == []
    starting.cancel()
    await world.crash(engine)


async def test_each_try_has_the_same_key_and_the_next_number_and_waits_longer(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.extend([RuntimeError("busy"), RuntimeError("busy"), "L-1"])
        await engine.start(Shipping, "p-1")
        for tries, (least, most) in ((1, (5, 10)), (2, (12.5, 25))):
            await quiet()
            assert len(lever.calls) == tries
            row = (await world.rows(engine, ("shipping", "p-1")))[Ref("shipping", "p-1")]
            assert row.wake_at is not None
            wait = (row.wake_at - world.clock.now()).total_seconds()
            assert least <= wait <= most
            world.clock.set(row.wake_at - TICK)
            await quiet()
            assert len(lever.calls) == tries
            world.clock.advance(TICK)
        await state(engine, Shipping, "p-1", "labelled")
        assert set(lever.keys) == {"shipping/p-1/1.1"}
        assert lever.attempts == [1, 2, 3]
        lines = await journal(engine, Shipping, "p-1")
        assert [line.kind for line in lines] == ["start", "tried", "tried", "result"]
        assert lines[1].effects[0]["error"] == "RuntimeError: busy"


async def test_the_jitter_is_repeatable_by_the_engines_seed(world: World, lever: Lever) -> None:
    async def first_wait(id: str, seed: int) -> timedelta:
        async with world.running(Shipping, seed=seed) as engine:
            lever.answers.append(RuntimeError("busy"))
            await engine.start(Shipping, id)
            await quiet()
            row = (await world.rows(engine, ("shipping", id)))[Ref("shipping", id)]
            assert row.wake_at is not None
            return row.wake_at - world.clock.now()

    waits = [await first_wait(f"p-{n}", seed) for n, seed in enumerate((1, 1, 2))]
    assert waits[0] == waits[1] != waits[2]


async def test_a_permanent_failure_is_delivered_at_once(world: World, lever: Lever) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(Permanent("no such street"))
        await engine.start(Shipping, "p-1")
        await state(engine, Shipping, "p-1", "failed")
        assert (await engine.read(Shipping, "p-1")).view.error == "Permanent: no such street (1)"
        assert len(lever.calls) == 1


async def test_used_up_tries_are_a_failure_event_where_somebody_handles_it(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(KeyError("busy"))
        await engine.start(Shipping, "p-1")
        for _ in range(3):
            await quiet()
            world.clock.advance(seconds(25))
        await state(engine, Shipping, "p-1", "failed")
        assert (await engine.read(Shipping, "p-1")).view.error == "KeyError: 'busy' (3)"
        assert len(lever.calls) == 3
        assert (await engine.incidents()).incidents == []


async def test_an_effect_is_cancelled_when_its_state_is_left(world: World, lever: Lever) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Shipping, "p-1")
        await signal(lever.called)
        await engine.send(Shipping, "p-1", Drop())
        await signal(lever.cancelled)
        await quiet()
        lines = await journal(engine, Shipping, "p-1")
        assert [line.kind for line in lines] == ["start", "event"]
        assert lines[1].effects == [{"key": "1.1", "name": "buy_label", "what": "cancelled"}]


async def test_an_effect_whose_state_is_left_in_the_same_batch_is_never_run(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        await asyncio.gather(engine.start(Shipping, "p-1"), engine.send(Shipping, "p-1", Drop()))
        await quiet()
        assert lever.calls == []
        assert (await engine.read(Shipping, "p-1")).state == ["dropped"]


async def test_an_effect_waiting_for_its_next_try_is_forgotten_with_its_state(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(RuntimeError("busy"))
        await engine.start(Shipping, "p-1")
        await quiet()
        await engine.send(Shipping, "p-1", Drop())
        world.clock.advance(hours(1))
        await quiet()
        assert len(lever.calls) == 1
        row = (await world.rows(engine, ("shipping", "p-1")))[Ref("shipping", "p-1")]
        assert (row.wake_at, row.held_by, row.incidents) == (None, (), 0)


async def test_an_effect_that_is_asked_for_anew_has_a_key_of_its_own(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Shipping, "p-1")
        await signal(lever.called)
        await engine.send(Shipping, "p-1", Drop())
        await engine.send(Shipping, "p-1", Fix())
        await quiet()
        assert lever.keys == ["shipping/p-1/1.1", "shipping/p-1/3.1"]


async def test_a_retried_effect_is_given_the_data_as_it_was_when_it_was_asked_for(
    world: World, lever: Lever
) -> None:
    lever.answers.extend([RuntimeError("busy"), RuntimeError("busy"), "L-1"])
    engine = await world.open(Shipping)
    await engine.start(Shipping, "p-1", Parcel(weight=5))
    await quiet()
    await engine.send(Shipping, "p-1", Weigh(weight=6))
    world.clock.advance(seconds(25))
    await quiet()
    await engine.send(Shipping, "p-1", Weigh(weight=7))
    await world.crash(engine)
    engine = await world.open(Shipping)
    world.clock.advance(seconds(25))
    await state(engine, Shipping, "p-1", "labelled")
    assert [seen["weight"] for seen in lever.seen] == [5, 5, 5]
    assert (await engine.read(Shipping, "p-1")).view.weight == 7


async def test_an_effect_can_not_change_the_instances_data(world: World, lever: Lever) -> None:
    async with world.running(Meddling) as engine:
        await engine.start(Meddling, "m-1")
        await kind(engine, Meddling, "m-1", "result")
        assert (await engine.read(Meddling, "m-1")).view.notes == []


@effect
async def meddle(parcel: Parcel) -> str:
    parcel.notes.append("mine")
    return "done"


class Meddling(Machine[Parcel], name="meddling", version=1):
    open = State(initial=True, invoke=meddle)
    over = Final()
    done = on_result(meddle, open >> over)


async def test_a_detached_effect_survives_the_end_of_its_instance(
    world: World, lever: Lever
) -> None:
    lever.answers.extend([RuntimeError("busy"), None])
    engine = await world.open(Detached)
    await engine.start(Detached, "d-1", Parcel(weight=3))
    assert (await engine.send(Detached, "d-1", Stamp())).status == "done"
    await quiet()
    await world.crash(engine)
    engine = await world.open(Detached)
    world.clock.advance(seconds(10))
    await kind(engine, Detached, "d-1", "done")
    assert lever.keys == ["detached/d-1/2.1"] * 2
    assert [seen["weight"] for seen in lever.seen] == [3, 3]
    assert await kinds(engine, Detached, "d-1") == ["start", "event", "tried", "done"]
    row = (await world.rows(engine, ("detached", "d-1")))[Ref("detached", "d-1")]
    assert (row.status, row.wake_at, row.held_by) == ("done", None, ())


async def test_a_detached_effect_that_fails_for_good_is_an_incident_of_the_done_instance(
    world: World, lever: Lever
) -> None:
    async with world.running(Detached) as engine:
        lever.answers.append(Permanent("no address"))
        await engine.start(Detached, "d-1")
        await engine.send(Detached, "d-1", Stamp())
        await kind(engine, Detached, "d-1", "incident")
        incident = await an_incident(engine)
        assert (incident.name, incident.error) == (tell_customer.name, "Permanent: no address")
        lever.answers[0] = None
        await engine.retry(incident.id)
        await kind(engine, Detached, "d-1", "done")
        assert (await engine.incidents()).incidents == []


async def test_cancelling_an_instance_cancels_its_detached_effects_too(
    world: World, lever: Lever
) -> None:
    class Asking(Machine[Parcel], name="asking", version=1):
        open = State(initial=True, entry=tell_customer)

    async with world.running(Asking) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Asking, "a-1")
        await signal(lever.called)
        await engine.cancel(Asking, "a-1")
        await signal(lever.cancelled)


# --- results --------------------------------------------------------------------------------------


async def test_a_result_whose_action_raises_is_kept_and_applied_without_a_second_run(
    world: World, lever: Lever
) -> None:
    lever.answers.append("unreadable")
    engine = await world.open(Shipping)
    await engine.start(Shipping, "p-1")
    await quiet()
    assert (await engine.read(Shipping, "p-1")).seq == 1
    await world.crash(engine)
    lever.mended = True
    engine = await world.open(Shipping)
    world.clock.advance(seconds(1))
    await state(engine, Shipping, "p-1", "labelled")
    assert len(lever.calls) == 1
    assert (await engine.read(Shipping, "p-1")).view.label == "unreadable"


async def test_a_result_that_never_fits_becomes_an_incident_and_can_be_retried(
    world: World, lever: Lever
) -> None:
    limits = Limits(timer_attempts=2, grace_seconds=0.0)
    async with world.running(Shipping, limits=limits) as engine:
        lever.answers.append("unreadable")
        await engine.start(Shipping, "p-1")
        for _ in range(3):
            await quiet()
            world.clock.advance(seconds(30))
        incident = await an_incident(engine)
        assert "can't read the label" in incident.error
        lever.mended = True
        await engine.retry(incident.id)
        await state(engine, Shipping, "p-1", "labelled")
        assert len(lever.calls) == 1


async def test_a_result_of_another_type_than_declared_is_told_as_such(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append({"not": "a string"})
        await engine.start(Shipping, "p-1")
        line = await kind(engine, Shipping, "p-1", "tried")
        assert "the result of buy_label" in line.effects[0]["error"]


async def test_a_result_that_is_no_json_fails_for_good(world: World, lever: Lever) -> None:
    async with world.running(Shipping) as engine:
        lever.answers.append(object())
        await engine.start(Shipping, "p-1")
        await state(engine, Shipping, "p-1", "failed")


async def test_an_outcome_that_can_not_be_committed_is_handed_in_once_it_can(
    world: World, lever: Lever
) -> None:
    async with world.running(Shipping) as engine:
        held = asyncio.Event()
        lever.answers.append(held)
        await engine.start(Shipping, "p-1")
        await signal(lever.called)
        world.gate.closed = True
        held.set()
        await quiet()
        world.gate.closed = False
        await kind(engine, Shipping, "p-1", "tried")
        assert len(lever.calls) == 1


# --- bounds of one try; these effects take real time, of milliseconds -----------------------------


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


async def test_a_try_that_takes_longer_than_its_timeout_has_failed(world: World) -> None:
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
        assert "CancelledError" in (await engine.read(Cancelling, "c-1")).view.said


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


async def test_an_engine_on_the_systems_clock_retries_by_itself(world: World) -> None:
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


async def test_tries_without_a_delay_between_them_are_all_made(world: World, lever: Lever) -> None:
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
