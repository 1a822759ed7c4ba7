"""Workers that share a store: one's work is done once, and taken over when it can't go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel

from statehold import Context, Event, Machine, State, after, on, seconds
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.errors import LeaseLost, StoreRefused, StoreUnavailable
from statehold.store import WriteResult
from tests.unit.engine.background.company import LIMITS, TWO_HEARTBEATS, Company, under_way
from tests.unit.engine.sample_machines import Add, Counter
from tests.unit.engine.works import Drop, Lever, Shipping
from tests.unit.engine.world import journal, quiet, state

pytestmark = pytest.mark.anyio


@pytest.fixture
async def company(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Company]:
    made = Company(tmp_path)
    yield made
    for line in made.lines:
        line.is_cut = False
    await made.close()


# --- taking over ----------------------------------------------------------------------------------


@pytest.mark.parametrize("since_beat", [0.0, 2.5, 4.9])
async def test_a_crashed_workers_effect_is_taken_over_within_two_heartbeats(
    company: Company, lever: Lever, since_beat: float
) -> None:
    one, _ = await company.hire(Shipping)
    two, _ = await company.hire(Shipping)
    await under_way(one, lever)
    await company.spend(since_beat)
    await company.crash(one)
    lever.answers[0] = "L-1"
    await company.spend(TWO_HEARTBEATS)
    assert "labelled" in (await two.read(Shipping, "p-1")).state
    assert lever.keys == ["shipping/p-1/1.1"] * 2
    assert lever.attempts == [1, 1]
    assert company.alive == {"w2"}


async def test_a_crashed_workers_timers_and_messages_are_taken_over(company: Company) -> None:
    one, _ = await company.hire(Alarm, Postbox)
    two, _ = await company.hire(Alarm, Postbox)
    await two.start(Postbox, "b-1")
    await company.spend(30)
    await one.start(Alarm, "a-1", {"post": 1})
    # what it has claimed by now stays claimed for a while
    await company.crash(one)
    await company.spend(10 + TWO_HEARTBEATS)
    assert (await two.read(Alarm, "a-1")).state == ["rung"]
    assert (await two.read(Postbox, "b-1")).view.got == ["a-1/1"]


async def test_a_worker_that_leaves_hands_over_at_once(company: Company, lever: Lever) -> None:
    one, _ = await company.hire(Shipping)
    two, _ = await company.hire(Shipping)
    await under_way(one, lever)
    await company.spend(3)
    lever.answers[0] = "L-1"
    await company.stop(one)
    assert company.alive == {"w2"}
    # no clock was moved: by then the other one was notified, and has begun
    await state(two, Shipping, "p-1", "labelled")
    assert lever.attempts == [1, 1]


async def test_a_worker_whose_hints_get_lost_hands_over_within_a_heartbeat(
    company: Company, lever: Lever
) -> None:
    one, line = await company.hire(Shipping)
    two, _ = await company.hire(Shipping)
    await under_way(one, lever)
    await company.spend(3)
    line.is_mute = True
    lever.answers[0] = "L-1"
    await company.stop(one)
    await company.spend(LIMITS.heartbeat_seconds)
    assert "labelled" in (await two.read(Shipping, "p-1")).state


async def test_a_buried_worker_writes_nothing_and_joins_again_under_another_name(
    company: Company, lever: Lever
) -> None:
    one, line = await company.hire(Shipping, Counter)
    two, _ = await company.hire(Shipping, Counter)
    await one.start(Counter, "c-1")
    await under_way(one, lever)
    await company.spend(1)
    line.is_cut = True
    await company.spend(LIMITS.lease_seconds + 2)
    assert company.alive == {"w2"}
    assert company.holders() == ("w2",)
    assert len(lever.calls) == 2
    assert not lever.cancelled.is_set()

    line.is_cut = False
    with pytest.raises(LeaseLost, match="w1 did not renew its lease"):
        await one.send(Counter, "c-1", Add())
    assert (await two.read(Counter, "c-1")).seq == 1
    await company.spend(1)
    assert company.alive == {"w1#2", "w2"}
    assert lever.cancelled.is_set(), "its effect is another's by now"
    assert company.holders() == ("w2",)
    assert (await one.send(Counter, "c-1", Add())).seq == 2
    await company.stop(two)
    await quiet()
    # what the other one performed is this one's now, under its new name
    assert company.holders() == ("w1#2",)


async def test_a_buried_worker_that_is_refused_when_it_joins_again_goes_on_trying(
    company: Company,
) -> None:
    one, line = await company.hire(Counter)
    await company.hire(Counter)
    await one.start(Counter, "c-1")
    line.is_cut = True
    await company.spend(LIMITS.lease_seconds + 2)
    assert company.alive == {"w2"}
    line.is_cut = False
    line.refusals = [RuntimeError("a bug"), StoreRefused("the password has changed")]
    await company.spend(3)
    assert line.refusals == []
    assert company.alive == {"w1#4", "w2"}
    assert (await one.send(Counter, "c-1", Add())).seq == 2


async def test_a_store_that_was_away_from_all_takes_no_worker_for_dead(
    company: Company, lever: Lever
) -> None:
    engines = [await company.hire(Shipping) for _ in range(3)]
    await under_way(engines[0][0], lever)
    await company.spend(1)
    for line in company.lines:
        line.is_cut = True
    await company.spend(4 * LIMITS.lease_seconds, step=1)
    for line in company.lines:
        line.is_cut = False
    await company.spend(TWO_HEARTBEATS)
    assert company.alive == {"w1", "w2", "w3"}
    assert company.holders() == ("w1",)
    assert len(lever.calls) == 1


async def test_a_commit_that_is_written_after_it_was_given_up_leaves_no_effect_undone(
    company: Company, lever: Lever
) -> None:
    one, line = await company.hire(Shipping)
    lever.answers.append("L-1")
    line.late = []
    with pytest.raises(StoreUnavailable):
        await one.start(Shipping, "p-1")
    # looked for in vain, once and again
    await company.spend(3)
    (writes,) = line.late
    line.late = None
    assert await line.commit(writes) == [WriteResult.WRITTEN]
    assert company.holders() == ("w1",)
    assert lever.calls == []
    await company.spend(10)
    assert (await one.read(Shipping, "p-1")).state == ["labelled"]
    assert len(lever.calls) == 1


async def test_a_graceful_stop_ends_while_a_batch_is_being_committed(company: Company) -> None:
    one, line = await company.hire(Counter)
    await one.start(Counter, "c-1")
    line.passes.clear()
    sending = asyncio.ensure_future(one.send(Counter, "c-1", Add()))
    await quiet()
    stopping = asyncio.ensure_future(company.stop(one))
    await quiet()
    line.passes.set()
    async with asyncio.timeout(5):
        assert (await sending).seq == 2
        await stopping


# --- steps of another worker are noticed ---------------------------------------------------------


async def test_an_effect_whose_state_another_worker_leaves_is_stopped_by_its_hint(
    company: Company, lever: Lever
) -> None:
    one, _ = await company.hire(Shipping)
    two, _ = await company.hire(Shipping)
    await company.spend(LIMITS.heartbeat_seconds + 1)
    await under_way(one, lever)
    await two.send(Shipping, "p-1", Drop())
    await company.spend(0.25)
    assert lever.cancelled.is_set()


async def test_where_the_hint_is_lost_the_next_heartbeat_stops_it(
    company: Company, lever: Lever
) -> None:
    one, _ = await company.hire(Shipping)
    two, line = await company.hire(Shipping)
    await company.spend(LIMITS.heartbeat_seconds + 1)
    await under_way(one, lever)
    line.is_mute = True
    await two.send(Shipping, "p-1", Drop())
    await company.spend(0.25)
    assert not lever.cancelled.is_set()
    await company.spend(LIMITS.heartbeat_seconds)
    assert lever.cancelled.is_set()
    assert line.calls["notify"] > 0


async def test_a_heartbeat_stops_nothing_that_is_still_wanted(
    company: Company, lever: Lever
) -> None:
    one, _ = await company.hire(Shipping)
    await company.hire(Shipping)
    await under_way(one, lever)
    await company.spend(7 * LIMITS.heartbeat_seconds, step=1)
    assert not lever.cancelled.is_set()
    assert company.holders() == ("w1",)


async def test_a_watcher_at_one_worker_sees_a_step_at_another(company: Company) -> None:
    one, _ = await company.hire(Counter)
    two, _ = await company.hire(Counter)
    await company.spend(LIMITS.heartbeat_seconds)
    await one.start(Counter, "c-1")
    lines: list[int] = []

    async def watch() -> None:
        async for line in one.watch(Counter, "c-1"):
            lines.append(line.seq)

    watching = asyncio.ensure_future(watch())
    await quiet()
    assert lines == [1]
    await two.send(Counter, "c-1", Add())
    await company.spend(0.25)
    assert lines == [1, 2]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_what_one_worker_wrote_another_reads_and_goes_on_from(company: Company) -> None:
    one, _ = await company.hire(Counter)
    two, _ = await company.hire(Counter)
    await one.start(Counter, "c-1")
    for engine in (one, two, two, one, two):
        before = (await engine.read(Counter, "c-1")).seq
        assert (await engine.send(Counter, "c-1", Add(), expected_seq=before)).seq == before + 1
    assert (await one.read(Counter, "c-1")).view.count == 5


async def test_a_key_is_known_to_all_workers(company: Company) -> None:
    one, _ = await company.hire(Counter)
    two, _ = await company.hire(Counter)
    await one.start(Counter, "c-1")
    answers = await asyncio.gather(
        *(engine.send(Counter, "c-1", Add(), key="k") for engine in (one, two, one, two))
    )
    assert [answer.seq for answer in answers] == [2] * 4


# --- each thing is done once ----------------------------------------------------------------------


class Box(BaseModel):
    got: list[str] = []


class Letter(Event):
    text: str


def keep(box: Box, event: Letter) -> None:
    box.got.append(event.text)


class Postbox(Machine[Box], name="postbox", version=1):
    open = State(initial=True)
    getting = on(Letter, open, do=keep)


class Bell(BaseModel):
    post: int = 0


class Post(Event):
    pass


def post(bell: Bell, event: object, context: Context) -> None:
    for number in range(bell.post):
        context.send("postbox", "b-1", Letter(text=f"{context.instance}/{number + 1}"))


def post_more(bell: Bell, event: Post, context: Context) -> None:
    bell.post += 1
    context.send("postbox", "b-1", Letter(text=f"{context.instance}/{bell.post}"))


class Alarm(Machine[Bell], name="alarm", version=1):
    """Rings ten seconds after its start, and sends letters when it starts or is asked to."""

    set = State(initial=True, entry=post)
    rung = State()
    posting = on(Post, set | rung, do=post_more)
    ring = after(seconds(10), set >> rung)


async def test_two_dispatchers_deliver_each_message_once_and_those_of_a_sender_in_order(
    company: Company,
) -> None:
    one, first = await company.hire(Alarm, Postbox)
    two, second = await company.hire(Alarm, Postbox)
    await one.start(Postbox, "b-1")
    senders = [f"a-{n}" for n in range(4)]
    await asyncio.gather(*(one.start(Alarm, id) for id in senders))
    for number in range(10):
        await asyncio.gather(
            *((one, two)[(number + n) % 2].send(Alarm, id, Post()) for n, id in enumerate(senders))
        )
        if number % 3 == 0:
            await company.spend(0.1, step=0.1)
    await company.spend(10)
    got = (await one.read(Postbox, "b-1")).view.got
    for id in senders:
        assert [text for text in got if text.startswith(f"{id}/")] == [
            f"{id}/{number + 1}" for number in range(10)
        ]
    assert len(got) == 40
    assert company.shared.mail.messages == {}
    assert first.calls["mail"] > 0 < second.calls["mail"]


async def test_two_schedulers_fire_each_timer_once_and_do_not_get_in_each_others_way(
    company: Company,
) -> None:
    limits = Limits(grace_seconds=0.0, page=7)
    one, first = await company.hire(Alarm, Postbox, limits=limits)
    two, second = await company.hire(Alarm, Postbox, limits=limits)
    ids = [f"a-{n}" for n in range(60)]
    await asyncio.gather(*((one, two)[n % 2].start(Alarm, id) for n, id in enumerate(ids)))
    await company.spend(5)
    before = [line.outcomes[WriteResult.WRITTEN] for line in (first, second)]
    await company.spend(6)
    for id in ids:
        assert [line.kind for line in await journal(one, Alarm, id)] == ["start", "timer"]
    fired = [
        line.outcomes[WriteResult.WRITTEN] - n
        for line, n in zip((first, second), before, strict=True)
    ]
    assert sum(fired) == 60
    assert min(fired) > 0, "claims divide the work"
    assert first.outcomes[WriteResult.CONFLICT] == second.outcomes[WriteResult.CONFLICT] == 0


@pytest.mark.parametrize("workers", [1, 3])
async def test_workers_that_have_nothing_to_do_hardly_ask(company: Company, workers: int) -> None:
    for _ in range(workers):
        await company.hire(Alarm, Postbox, Shipping)
    await company.spend(60, step=0.5)
    before = sum(sum(line.calls.values()) for line in company.lines)
    await company.spend(60, step=0.5)
    asked = sum(sum(line.calls.values()) for line in company.lines) - before
    assert 0 < asked < 2 * 60


async def test_a_worker_whose_clock_is_wrong_logs_it_once(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = ManualClock(company.clock.now() + timedelta(seconds=3))
    await company.hire(Counter, clock=wrong)
    await company.hire(Counter)
    for _ in range(20):
        wrong.advance(timedelta(seconds=1))
        await company.spend(1, step=1)
    told = [record.getMessage() for record in caplog.records if "clock" in record.getMessage()]
    assert told == ["this machine's clock is +3.0 s from the store's; set it, as timers fire by it"]


@pytest.mark.parametrize(
    ("times", "complaint"),
    [
        ({"lease_seconds": 5.0}, "over before the next heartbeat"),
        ({"heartbeat_seconds": 6.0}, "claims of 4 s outlast"),
    ],
)
def test_times_that_let_living_workers_be_taken_for_dead_are_refused(
    times: dict[str, float], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Limits(**times)  # type: ignore[arg-type]
