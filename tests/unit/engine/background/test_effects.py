"""Effects are performed after their commit, retried with one key, cancelled with their state."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from statehold import (
    Final,
    Machine,
    Permanent,
    State,
    effect,
    hours,
    on_result,
    seconds,
)
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
    Weigh,
    tell_customer,
)
from tests.unit.engine.world import (
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


async def test_each_attempt_has_the_same_key_and_the_next_number_and_waits_longer(
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


async def test_an_effect_out_of_attempts_is_a_failure_event_where_a_transition_takes_it(
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


async def test_an_effect_waiting_for_its_next_attempt_is_forgotten_with_its_state(
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


async def test_what_an_action_asked_for_outlives_a_cancellation_unless_it_is_forced(
    world: World, lever: Lever
) -> None:
    class Asking(Machine[Parcel], name="asking", version=1):
        open = State(initial=True, entry=tell_customer)

    async with world.running(Asking) as engine:
        lever.answers.append(asyncio.Event())
        await engine.start(Asking, "a-1")
        await signal(lever.called)
        await engine.start(Asking, "a-2")
        await quiet()
        await engine.cancel(Asking, "a-1", force=True)
        await signal(lever.cancelled)
        await engine.cancel(Asking, "a-2")
        lever.answers[0].set()
        await quiet()
        assert (await kinds(engine, Asking, "a-2"))[-2:] == ["cancel", "done"]


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


async def test_a_result_of_another_type_than_declared_is_reported_as_such(
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
