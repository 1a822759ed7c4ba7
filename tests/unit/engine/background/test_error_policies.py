"""Retries by type of error: each type counts its own failures, whatever comes between them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Failure,
    Final,
    Machine,
    Permanent,
    Retry,
    State,
    effect,
    on_failure,
    on_result,
    seconds,
)
from statehold.instance.attempts import Attempt
from statehold.records import Ref
from tests.unit.engine.works import Lever
from tests.unit.engine.works import lever as _lever
from tests.unit.engine.world import World, journal, quiet, state

pytestmark = pytest.mark.anyio


class Declined(Exception):
    pass


class Limited(Exception):
    pass


class Locked(Permanent):
    pass


class Order(BaseModel):
    why: str | None = None


def keep(order: Order, event: Failure) -> None:
    order.why = f"{event.error} ({event.attempts})"


@effect(
    attempts=3,
    first=seconds(1),
    factor=1,
    jitter=0,
    errors={
        Declined: Retry(attempts=1),
        Limited: Retry(attempts=4, first=seconds(60), factor=2, jitter=0),
        Locked: Retry(attempts=2, first=seconds(5), jitter=0),
    },
)
async def charge(order: Order, call: Call) -> None:
    await _lever.pull(order, call)


class Paying(Machine[Order], name="paying", version=1):
    paying = State(initial=True, invoke=charge)
    paid = Final()
    declined = Final()
    lost = Final()

    pay = on_result(charge, paying >> paid)
    decline = on_failure(charge, paying >> declined, error=Declined, do=keep)
    lose = on_failure(charge, paying >> lost, do=keep)


async def test_an_error_whose_policy_has_one_attempt_is_for_good(
    world: World, lever: Lever
) -> None:
    async with world.running(Paying) as engine:
        lever.answers.append(Declined("no"))
        await engine.start(Paying, "p-1")
        await state(engine, Paying, "p-1", "declined")
        assert (await engine.read(Paying, "p-1")).view.why == "Declined (1)"


async def test_each_type_counts_its_own_failures_and_waits_as_its_policy_says(
    world: World, lever: Lever
) -> None:
    errors = [ValueError, Limited, Locked, Limited, ValueError, Limited, ValueError]
    lever.answers.extend([error("x") for error in errors])
    waits = []
    async with world.running(Paying) as engine:
        await engine.start(Paying, "p-1")
        for _ in errors[:-1]:
            await quiet()
            row = (await world.rows(engine, ("paying", "p-1")))[Ref("paying", "p-1")]
            assert row.wake_at is not None
            waits.append((row.wake_at - world.clock.now()).total_seconds())
            world.clock.set(row.wake_at)
        await state(engine, Paying, "p-1", "lost")
        assert (await engine.read(Paying, "p-1")).view.why == "ValueError (7)"
    assert waits == [1, 60, 5, 120, 1, 240]


async def test_the_counts_outlive_the_worker(world: World, lever: Lever) -> None:
    lever.answers.extend([Limited("x"), Limited("x"), Limited("x"), Limited("x")])
    engine = await world.open(Paying)
    await engine.start(Paying, "p-1")
    for _ in range(3):
        await quiet()
        await world.crash(engine)
        engine = await world.open(Paying)
        await quiet()
        world.clock.advance(seconds(240))
        await quiet()
    await state(engine, Paying, "p-1", "lost")
    assert (await engine.read(Paying, "p-1")).view.why == "Limited (4)"
    await world.stop(engine)


async def test_a_permanent_error_with_a_policy_is_tried_again(world: World, lever: Lever) -> None:
    async with world.running(Paying) as engine:
        lever.answers.extend([Locked("x"), Locked("x")])
        await engine.start(Paying, "p-1")
        await quiet()
        world.clock.advance(seconds(5))
        await state(engine, Paying, "p-1", "lost")
        assert [line.kind for line in await journal(engine, Paying, "p-1")] == [
            "start", "tried", "failure"
        ]  # fmt: skip


def test_an_attempt_without_counts_is_stored_as_the_release_before_has_it() -> None:
    plain = Attempt(1, "w")
    assert b"by_error" not in msgspec.json.encode(plain)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    counted = plain.postpone(1, "x", now, "E").begin("w").postpone(2, "y", now)
    assert counted.by_error == {"E": 1}


def test_a_retry_by_hand_counts_anew() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    attempt = Attempt(3, "w", by_error={"E": 2})
    assert (attempt.failures(""), attempt.failures("E")) == (1, 3)
    again = attempt.raise_incident(now, 3, "x", "charge").retry(now).begin("w")
    assert (again.failures(""), again.failures("E")) == (1, 1)
