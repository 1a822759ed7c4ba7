"""An idempotency key: the same answer and no second step."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import BaseModel

from statehold import Event, Machine, State, on
from statehold.errors import ActionFailed, KeyReused, NotAllowed, StepFailed, TooLarge
from tests.unit.engine.sample_machines import Add, Counter, Note, Shut, Tally
from tests.unit.engine.world import World, journal, kinds, quiet

pytestmark = pytest.mark.anyio


async def test_a_key_gives_the_same_answer_and_no_second_step(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        first = await engine.send(Counter, "c-1", Add(n=2), key="k")
        await engine.send(Counter, "c-1", Add(n=5))
        again = await engine.send(Counter, "c-1", Add(n=2), key="k")
        assert again.json() == first.json()
        assert (again.seq, again.state, again.status, again.held) == (2, ["open"], "running", False)
        assert (await engine.read(Counter, "c-1")).view.count == 7


async def test_a_key_that_comes_twice_in_one_batch_makes_one_step(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        answers = await asyncio.gather(
            *(engine.send(Counter, "c-1", Add(), key="k") for _ in range(10))
        )
        assert {answer.json() for answer in answers} == {answers[0].json()}
        assert (await engine.read(Counter, "c-1")).seq == 2


async def test_a_key_holds_over_a_restart_with_an_event_as_a_mapping(world: World) -> None:
    engine = await world.open(Counter)
    await engine.start(Counter, "c-1", key="s")
    first = await engine.send(Counter, "c-1", Add(), key="k")
    await world.crash(engine)
    async with world.running(Counter) as engine:
        again = await engine.send(Counter, "c-1", {"type": "Add"}, key="k")
        assert again.json() == first.json()
        assert await kinds(engine, Counter, "c-1") == ["start", "event"]


async def test_a_start_with_a_key_and_no_id_gives_one_instance(world: World) -> None:
    engine = await world.open(Counter)
    first, second = await asyncio.gather(
        engine.start(Counter, key="s"), engine.start(Counter, key="s")
    )
    assert first.json() == second.json()
    await world.crash(engine)
    async with world.running(Counter) as engine:
        assert (await engine.start(Counter, key="s")).id == first.id
        assert (await engine.start(Counter, key="t")).id != first.id


async def test_a_key_that_comes_back_with_another_request_is_refused(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", key="s")
        await engine.send(Counter, "c-1", Add(n=1), key="k")
        for event in (Add(n=2), Note(text="a")):
            with pytest.raises(KeyReused, match="'k'"):
                await engine.send(Counter, "c-1", event, key="k")
        with pytest.raises(KeyReused):
            await engine.start(Counter, "c-1", key="k")
        with pytest.raises(KeyReused):
            await engine.send(Counter, "c-1", Add(), key="s")
        assert (await engine.read(Counter, "c-1")).seq == 2


async def test_one_key_may_be_used_for_several_instances(world: World) -> None:
    async with world.running(Counter) as engine:
        for id in ("c-1", "c-2"):
            await engine.start(Counter, id)
            assert (await engine.send(Counter, id, Add(), key="k")).id == id


async def test_the_key_of_a_refused_request_may_be_used_again(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", Tally(count=100))
        with pytest.raises(NotAllowed):
            await engine.send(Counter, "c-1", Add(), key="k")
        assert (await engine.send(Counter, "c-1", Note(text="a"), key="k")).seq == 2


async def test_a_key_gives_its_answer_after_the_instance_is_done(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        first = await engine.send(Counter, "c-1", Shut(), key="k")
        assert (await engine.send(Counter, "c-1", Shut(), key="k")).json() == first.json()


async def test_a_stale_expected_seq_does_not_matter_to_a_repeated_key(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        first = await engine.send(Counter, "c-1", Add(), key="k", expected_seq=1)
        again = await engine.send(Counter, "c-1", Add(), key="k", expected_seq=1)
        assert again.json() == first.json()


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_has_between_1_and_200_characters(world: World, key: str) -> None:
    async with world.running(Counter) as engine:
        with pytest.raises(TooLarge, match="key"):
            await engine.start(Counter, "c-1", key=key)


async def test_a_held_events_key_makes_one_step_whenever_it_is_repeated(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        await engine.pause(Counter, "c-1")
        for _ in range(2):
            answer = await engine.send(Counter, "c-1", Add(), key="k")
            assert answer.held
        await engine.resume(Counter, "c-1")
        await quiet()
        await engine.send(Counter, "c-1", Add(), key="k")
        assert (await engine.read(Counter, "c-1")).view.count == 1
        keys = [line.key for line in await journal(engine, Counter, "c-1") if line.key]
        assert keys == ["k"]


async def test_a_held_events_key_holds_where_the_event_is_refused_on_resumption(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1", Tally(count=99))
        await engine.pause(Counter, "c-1")
        await engine.send(Counter, "c-1", Add())
        first = await engine.send(Counter, "c-1", Add(), key="k")
        await engine.resume(Counter, "c-1")
        await quiet()
        assert (await kinds(engine, Counter, "c-1"))[-2:] == ["event", "refused"]
        again = await engine.send(Counter, "c-1", Add(), key="k")
        assert first.held
        assert again.held
        assert (await engine.read(Counter, "c-1")).view.count == 100


class Secret(BaseModel):
    word: str = ""


class Say(Event):
    word: str


def say(secret: Secret, event: Say) -> None:
    secret.word = event.word


class Parrot(Machine[Secret], name="parrot", version=1):
    listening = State(initial=True)
    saying = on(Say, listening, do=say)

    @staticmethod
    def view(secret: Secret) -> str:
        if secret.word == "bad":
            raise ValueError("not for your eyes")
        return secret.word


@pytest.mark.parametrize("key", ["k", None])
async def test_a_view_that_raises_refuses_its_own_request_and_no_other(
    world: World, key: str | None
) -> None:
    async with world.running(Parrot) as engine:
        await engine.start(Parrot, "p-1")
        await engine.start(Parrot, "p-2")
        good, bad = await asyncio.gather(
            engine.send(Parrot, "p-1", Say(word="good"), key=key),
            engine.send(Parrot, "p-2", Say(word="bad"), key=key),
            return_exceptions=True,
        )
        assert not isinstance(good, BaseException)
        assert isinstance(bad, ActionFailed)
        assert isinstance(bad, StepFailed)
        assert "view" in str(bad)
        assert (await engine.read(Parrot, "p-2")).seq == 1
        assert (await engine.send(Parrot, "p-2", Say(word="fine"), key=key)).view == "fine"
