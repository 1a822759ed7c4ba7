"""Group commit: requests that share a commit do not share their fate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import BaseModel, field_validator

from statehold import Context, Event, Machine, State, on
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import (
    ActionFailed,
    NotAllowed,
    Overloaded,
    StateholdError,
    StepFailed,
    StoreUnavailable,
    UnknownInstance,
)
from statehold.records import Write
from statehold.store import WriteResult
from statehold.stores import Memory, MemoryStore
from statehold.wire.operations import SendRequest
from tests.unit.engine.sample_machines import Add, Counter, Explode, Note, Shut, Tally
from tests.unit.engine.world import Gate, GatedMemory, World, journal

pytestmark = pytest.mark.anyio


async def test_requests_that_arrive_together_share_one_commit(world: World) -> None:
    async with world.running(Counter) as engine:
        await asyncio.gather(*(engine.start(Counter, f"c-{n}") for n in range(50)))
        assert [len(writes) for writes in world.gate.commits] == [50]


async def test_many_events_for_one_instance_in_one_batch_are_one_write_and_many_steps(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        world.gate.commits.clear()
        answers = await asyncio.gather(*(engine.send(Counter, "c-1", Add(n=2)) for _ in range(20)))
        assert [len(writes) for writes in world.gate.commits] == [1]
        assert [answer.seq for answer in answers] == list(range(2, 22))
        # each was answered with the data as it was then, though they were committed together
        assert [answer.view.count for answer in answers][::5] == [2, 12, 22, 32]
        lines = await journal(engine, Counter, "c-1")
        assert [line.seq for line in lines] == list(range(1, 22))


async def test_a_start_and_its_first_events_may_share_a_batch(world: World) -> None:
    async with world.running(Counter) as engine:
        answers = await asyncio.gather(
            engine.start(Counter, "c-1"),
            engine.send(Counter, "c-1", Add()),
            engine.send(Counter, "c-1", Shut()),
        )
        assert [answer.seq for answer in answers] == [1, 2, 3]
        assert (await engine.read(Counter, "c-1")).status == "done"


async def test_a_refused_request_does_not_hurt_the_others_of_its_batch(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        answers = await asyncio.gather(
            engine.send(Counter, "c-1", Add(n=1)),
            engine.send(Counter, "c-1", Explode()),
            engine.send(Counter, "c-1", Add(n=2)),
            engine.send(Counter, "gone", Add()),
            engine.start(Counter, "c-2"),
            return_exceptions=True,
        )
        assert [type(a).__name__ for a in answers] == [
            "InstanceReply", "ActionFailed", "InstanceReply", "UnknownInstance", "InstanceReply",
        ]  # fmt: skip
        assert (await engine.read(Counter, "c-1")).view.count == 3
        assert [line.seq for line in await journal(engine, Counter, "c-1")] == [1, 2, 3]


class Pick(BaseModel):
    number: int = 0

    @field_validator("number")
    @classmethod
    def check(cls, number: int) -> int:
        if number == 13:
            raise RuntimeError("a validator with a bug in it")
        return number


class Choose(Event):
    number: int


class Misuse(Event):
    pass


def choose(pick: Pick, event: Choose) -> None:
    pick.number = event.number


def send_nonsense(pick: Pick, event: Misuse, context: Context) -> None:
    context.send("picker", "p-2", 5)  # type: ignore[call-overload]


class Picker(Machine[Pick], name="picker", version=1):
    open = State(initial=True)
    choosing = on(Choose, open, do=choose)
    misusing = on(Misuse, open, do=send_nonsense)


@pytest.mark.parametrize("event", [Choose(number=13), Misuse()])
async def test_what_a_machine_breaks_outside_of_its_actions_is_its_own_requests_failure(
    world: World, event: Event
) -> None:
    async with world.running(Picker) as engine:
        for number in range(3):
            await engine.start(Picker, f"p-{number}")
        answers = await asyncio.gather(
            engine.send(Picker, "p-0", Choose(number=1)),
            engine.send(Picker, "p-1", Choose(number=1)),
            engine.send(Picker, "p-1", event),
            engine.send(Picker, "p-1", Choose(number=2)),
            engine.send(Picker, "p-2", Choose(number=3)),
            return_exceptions=True,
        )
        assert isinstance(answers[2], StepFailed)
        assert [answer.seq for answer in answers if not isinstance(answer, BaseException)] == [
            2, 2, 3, 2,
        ]  # fmt: skip


async def test_a_request_whose_caller_has_gone_is_not_applied(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        task = asyncio.ensure_future(engine.send(Counter, "c-1", Add()))
        await asyncio.sleep(0)
        other = asyncio.ensure_future(engine.send(Counter, "c-1", Add(n=5)))
        task.cancel()
        assert (await other).view.count == 5


async def test_send_many_answers_each_for_itself_and_in_order(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        answers = await engine.send_many(
            [
                SendRequest(machine="counter", id="c-1", event={"type": "Add"}, key="a"),
                SendRequest(machine="none", id="c-1", event={"type": "Add"}),
                SendRequest(machine="counter", id="c-1", event={"type": "Shut"}),
                SendRequest(machine="counter", id="c-1", event={"type": "Add"}, key="a"),
                SendRequest(machine="counter", id="c-1", event={"type": "Add"}),
            ]
        )
        assert [a.code if isinstance(a, StateholdError) else a.seq for a in answers] == [
            2, "unknown-machine", 3, 2, "not-allowed",
        ]  # fmt: skip


async def test_more_waiting_requests_than_the_limit_are_overload_and_the_rest_is_served(
    world: World,
) -> None:
    async with world.running(Counter, limits=Limits(waiting=5, batch=2)) as engine:
        await engine.start(Counter, "c-1")
        answers = await asyncio.gather(
            *(engine.send(Counter, "c-1", Add()) for _ in range(8)), return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert [type(error) for error in refused] == [Overloaded] * 3
        assert "limit is 5" in str(refused[0])
        assert (await engine.send(Counter, "c-1", Add())).view.count == 6


async def test_a_store_that_is_away_fails_every_call_and_works_again_afterwards(
    world: World,
) -> None:
    async with world.running(Counter) as engine:
        before = await engine.start(Counter, "c-1")
        world.gate.closed = True
        answers = await asyncio.gather(
            engine.send(Counter, "c-1", Add(), key="k"),
            engine.start(Counter, "c-2"),
            return_exceptions=True,
        )
        assert all(isinstance(answer, StoreUnavailable) for answer in answers)
        assert (await engine.read(Counter, "c-1")).json() == before.json()
        world.gate.closed = False
        assert (await engine.send(Counter, "c-1", Add(), key="k")).view.count == 1
        assert (await engine.start(Counter, "c-2")).seq == 1


# --- several engines on one store ---------------------------------------------------------------


class Shared(GatedMemory):
    """A store that waits before it commits, as for a server."""

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.gate = Gate()
        self.conflicts = 0

    async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
        # waiting for a server lets others go first
        await asyncio.sleep(0)
        outcomes = await super().commit(writes)
        self.conflicts += outcomes.count(WriteResult.CONFLICT)
        return outcomes


def two_stores() -> tuple[Shared, Shared]:
    """What two engines open that share everything that is kept."""
    memory = Memory()
    return Shared(memory), Shared(memory)


async def test_concurrent_steps_of_two_engines_on_the_same_instances_end_exact() -> None:
    stores = two_stores()
    async with Engine(stores[0], [Counter]) as one, Engine(stores[1], [Counter]) as two:
        ids = [f"c-{n}" for n in range(4)]
        for id in ids:
            await one.start(Counter, id, Tally(count=-1000))

        async def sender(engine: Engine, id: str) -> None:
            for _ in range(25):
                await engine.send(Counter, id, Add())

        await asyncio.gather(
            *(sender(engine, id) for engine in (one, two) for id in ids for _ in range(2))
        )
        for id in ids:
            assert (await one.read(Counter, id)).view.count == -900
            assert (await two.read(Counter, id)).seq == 101
            lines = await journal(two, Counter, id)
            assert [line.seq for line in lines] == list(range(1, 102))
    assert sum(store.conflicts for store in stores) > 0


async def test_a_refusal_is_judged_by_what_another_engine_has_written_since() -> None:
    stores = two_stores()
    async with Engine(stores[0], [Counter]) as one, Engine(stores[1], [Counter]) as two:
        await one.start(Counter, "c-1", Tally(count=99))
        await two.send(Counter, "c-1", Note(text="held by both now"))
        await one.send(Counter, "c-1", Add())
        with pytest.raises(NotAllowed, match="is_small"):
            await two.send(Counter, "c-1", Add())
        await one.send(Counter, "c-1", Shut())
        with pytest.raises(NotAllowed, match="it is done"):
            await two.send(Counter, "c-1", Note(text="late"))
        await one.start(Counter, "c-2")
        assert (await two.send(Counter, "c-2", Add())).seq == 2


async def test_one_key_given_to_two_engines_at_once_makes_one_step() -> None:
    stores = two_stores()
    async with Engine(stores[0], [Counter]) as one, Engine(stores[1], [Counter]) as two:
        await one.start(Counter, "c-1")
        answers = await asyncio.gather(
            *(e.send(Counter, "c-1", Add(), key=f"k{n}") for n in range(5) for e in (one, two))
        )
        assert len({answer.json() for answer in answers}) == 5
        assert (await two.read(Counter, "c-1")).seq == 6


async def test_an_instance_that_others_change_without_end_is_given_up_with_a_named_error() -> None:
    class Contended(MemoryStore):
        async def commit(self, writes: Sequence[Write]) -> list[WriteResult]:
            if writes[0].expected_rev is None:
                return await super().commit(writes)
            return [WriteResult.CONFLICT for _ in writes]

    limits = Limits(conflicts=3)
    async with Engine(Contended(Memory()), [Counter], limits=limits) as engine:
        await engine.start(Counter, "c-1")
        with pytest.raises(StoreUnavailable, match="3 times"):
            await engine.send(Counter, "c-1", Add())


async def test_a_refused_request_names_its_own_failure(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c-1")
        with pytest.raises(ActionFailed, match=r"'explode' raised ValueError: boom"):
            await engine.send(Counter, "c-1", Explode())
        with pytest.raises(UnknownInstance):
            await engine.pause(Counter, "none")


async def test_an_error_in_what_follows_a_commit_does_not_reach_its_requests(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    async with world.running(Counter) as engine:
        await engine.start(Counter, "c")
        with monkeypatch.context() as patch:
            patch.setattr(engine._parts.group_commit._after, "committed", broken)
            assert (await engine.send(Counter, "c", Add(), key="k")).seq == 2
        assert "a batch failed" in caplog.text
        assert (await engine.send(Counter, "c", Add(), key="k")).seq == 2
        assert (await engine.send(Counter, "c", Add())).seq == 3
