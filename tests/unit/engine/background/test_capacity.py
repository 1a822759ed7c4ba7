"""What finds no place in one worker is performed by another that has one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import BaseModel, field_validator

from statehold import Call, Final, Machine, State, effect, on_result
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.engine.requests.request import Request
from statehold.errors import StoreUnavailable
from statehold.instance.attempts import WAITING
from statehold.instance.draft import Draft
from statehold.records import Ref
from statehold.store import Store
from statehold.stores import Memory, MemoryStore
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.background.company import Company
from tests.unit.engine.world import PATIENCE, World, kind, quiet, signal, state

pytestmark = pytest.mark.anyio


class Job(BaseModel):
    pass


class Hands:
    """What the effects of a test do: those of ``stuck`` workers never end by themselves."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        self.begins = asyncio.Event()
        self.go_on = asyncio.Event()
        #: the first so many never end by themselves
        self.stuck = 0

    async def work(self, call: Call) -> str:
        self.begun[call.instance] += 1
        self.begins.set()
        if self.stuck:
            self.stuck -= 1
            await self.go_on.wait()
        return f"attempt {call.attempt}"


Hire = Callable[..., Awaitable[Engine]]

hands: Hands


@pytest.fixture(autouse=True)
def new_hands(anyio_backend: str) -> Hands:
    global hands
    hands = Hands()
    return hands


@effect(attempts=2)
async def work(job: Job, call: Call) -> str:
    return await hands.work(call)


class Working(Machine[Job], name="working", version=1):
    working = State(initial=True, invoke=work)
    over = Final()
    good = on_result(work, working >> over)


@pytest.fixture(params=["memory", "postgres"])
async def hire(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Hire]:
    """Opens an engine beside others on a store that workers share, on the system's clock."""
    memory = Memory()
    dsn: str = request.getfixturevalue("migrated_dsn") if request.param == "postgres" else ""

    def store() -> Store:
        return PostgresStore(dsn) if dsn else MemoryStore(memory)

    async with AsyncExitStack() as engines:

        async def open_one(**limits: float) -> Engine:
            # on PostgreSQL a worker knows of others from its second heartbeat on
            beat = {"heartbeat_seconds": 0.2} if dsn else {}
            bounds = Limits(grace_seconds=0.0, **beat, **limits)  # type: ignore[arg-type]
            return await engines.enter_async_context(Engine(store(), [Working], limits=bounds))

        yield open_one
        hands.go_on.set()


async def beside(engine: Engine) -> None:
    """Waits until the engine knows that it is not alone."""
    async with asyncio.timeout(PATIENCE):
        while engine._parts.context.identity.is_alone:
            await engine._parts.membership._beat()


async def test_what_is_asked_for_while_the_worker_joins_again_is_performed(
    hire: Hire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name changes between the beginning of a turn and the commit."""
    engine = await hire()
    drafts = engine._parts.lookup.drafts

    async def and_join_again(batch: list[Request]) -> tuple[dict[Ref, Draft], set[Ref]]:
        found = await drafts(batch)
        monkeypatch.setattr(engine._parts.lookup, "drafts", drafts)
        await engine._parts.membership._join()
        return found

    monkeypatch.setattr(engine._parts.lookup, "drafts", and_join_again)
    await engine.start(Working, id="j")
    await state(engine, Working, "j", "over")
    assert hands.begun["j"] >= 1


async def test_what_finds_no_room_in_a_busy_worker_is_taken_by_an_idle_one(hire: Hire) -> None:
    busy = await hire(effects=1, effects_waiting=0)
    idle = await hire()
    await beside(busy)
    hands.stuck = 1
    await busy.start(Working, "stuck")
    await signal(hands.begins)
    ids = [f"x-{number}" for number in range(20)]
    await asyncio.gather(*(busy.start(Working, id) for id in ids))
    for id in ids:
        await state(idle, Working, id, "over")
    # by one worker, once each
    assert hands.begun == dict.fromkeys(["stuck", *ids], 1)
    assert (await busy.read(Working, "stuck")).state == ["working"]


async def test_what_waits_in_a_busy_worker_for_long_is_offered_to_an_idle_one(
    hire: Hire,
) -> None:
    busy = await hire(effects=1, effects_waiting=100, poll_seconds=0.05)
    await hire()
    await beside(busy)
    hands.stuck = 1
    await busy.start(Working, "stuck")
    await signal(hands.begins)
    await asyncio.gather(*(busy.start(Working, f"x-{number}") for number in range(5)))
    for number in range(5):
        await state(busy, Working, f"x-{number}", "over")
    assert set(hands.begun.values()) == {1}
    assert (await busy.read(Working, "stuck")).state == ["working"]


async def test_workers_that_are_busy_share_what_waits_and_perform_each_once(
    hire: Hire,
) -> None:
    both = [await hire(effects=2, effects_waiting=1, poll_seconds=0.02) for _ in range(2)]
    await beside(both[0])
    ids = [f"x-{number}" for number in range(60)]
    await asyncio.gather(*(both[n % 2].start(Working, id) for n, id in enumerate(ids)))
    for id in ids:
        await state(both[0], Working, id, "over")
    assert hands.begun == dict.fromkeys(ids, 1)


async def test_a_worker_that_is_alone_keeps_what_waits_in_it(world: World) -> None:
    hands.stuck = 1
    limits = Limits(effects=1, poll_seconds=0.001, grace_seconds=0.0)
    async with world.running(Working, limits=limits) as engine:
        for number in range(3):
            await engine.start(Working, f"x-{number}")
        await quiet()
        rows = await world.rows(engine, *(("working", f"x-{number}") for number in range(3)))
        assert not any(one in WAITING for row in rows.values() for one in row.held_by)
        hands.go_on.set()
        for number in range(3):
            await state(engine, Working, f"x-{number}", "over")


async def test_an_instance_that_can_not_be_read_keeps_no_other_from_its_place(
    world: World,
) -> None:
    strict: list[bool] = []

    class Careful(BaseModel):
        weight: int = 1

        @field_validator("weight")
        @classmethod
        def is_light(cls, weight: int) -> int:
            if strict and weight > 5:
                raise ValueError("too heavy")
            return weight

    @effect(attempts=1)
    async def carry(job: Careful, call: Call) -> str:
        return await hands.work(call)

    class Carrying(Machine[Careful], name="carrying", version=1):
        open = State(initial=True, invoke=carry)
        over = Final()
        good = on_result(carry, open >> over)

    hands.stuck = 1
    limits = Limits(effects=1, effects_waiting=0, grace_seconds=0.0)
    async with world.running(Carrying, limits=limits) as engine:
        await engine.start(Carrying, "stuck")
        for number in range(3):
            await engine.start(Carrying, f"heavy-{number}", {"weight": 9})
        await engine.start(Carrying, "light")
        strict.append(True)
        engine._parts.cache.clear()
        hands.go_on.set()
        await state(engine, Carrying, "light", "over")
        assert set(hands.begun) == {"stuck", "light"}


async def test_what_waits_here_is_handed_back_when_the_engine_stops(world: World) -> None:
    hands.stuck = 1
    limits = Limits(effects=1, effects_waiting=1, grace_seconds=0.0)
    engine = await world.open(Working, limits=limits)
    # one runs, one waits here, one waits in the store
    for number in range(3):
        await engine.start(Working, f"x-{number}")
    await signal(hands.begins)
    await world.stop(engine)
    assert hands.begun == {"x-0": 1}
    async with world.running(Working) as engine:
        for number in range(3):
            line = await kind(engine, Working, f"x-{number}", "result")
            assert line.event["value"] == "attempt 1"


async def test_a_worker_is_not_called_as_what_waits_is_marked(world: World) -> None:
    with pytest.raises(ValueError, match="parenthesis"):
        Engine(world.store(), [Working], worker=WAITING[0])


# --- in doubt -------------------------------------------------------------------------------------


async def test_instances_in_doubt_are_bounded_and_all_are_looked_at_beyond_the_bound(
    tmp_path: Path, anyio_backend: str
) -> None:
    company = Company(tmp_path)
    limits = Limits(doubtful=3, batch=1, grace_seconds=0.0)
    engine, line = await company.hire(Working, limits=limits)
    line.late = []
    for number in range(8):
        with pytest.raises(StoreUnavailable):
            await engine.start(Working, f"x-{number}")
    assert len(engine._parts.rescuer._doubtful) <= 3
    late, line.late = line.late, None
    # they are written after all, and nobody has begun their effects
    for writes in late:
        await MemoryStore.commit(line, writes)
    assert company.holders(Ref("working", "x-0")) == ("w1",)
    assert hands.begun == {}
    await company.spend(60)
    for number in range(8):
        await state(engine, Working, f"x-{number}", "over")
    assert hands.begun == {f"x-{number}": 1 for number in range(8)}
    await company.close()
