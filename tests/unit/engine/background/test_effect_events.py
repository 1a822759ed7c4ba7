"""The event that asked for an effect is kept with it: over attempts, restarts and upgrades."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from pydantic import BaseModel, PlainSerializer, SecretStr

from statehold import (
    Call,
    Event,
    Machine,
    State,
    Upgrade,
    effect,
    on,
    on_failure,
    on_result,
    seconds,
)
from statehold.engine.limits import Limits
from statehold.errors import StepFailed, TooLarge, UpgradeFailed
from statehold.instance.stored import StoredEffect
from statehold.records import Ref
from tests.unit.engine.works import Lever
from tests.unit.engine.works import lever as _lever
from tests.unit.engine.world import World, quiet, state

pytestmark = pytest.mark.anyio


class Order(BaseModel):
    note: str = ""


Pin = Annotated[SecretStr, PlainSerializer(lambda pin: pin.get_secret_value(), when_used="json")]


class Pay(Event):
    cents: int
    pin: Pin = SecretStr("")


class Poke(Event):
    pass


seen: list[Pay | None] = []


@effect(attempts=9, first=seconds(1), factor=1, jitter=0)
async def charge(order: Order, event: Pay, call: Call) -> None:
    seen.append(event)
    await _lever.pull(order, call)


@effect
async def plain(order: Order, call: Call) -> None:
    await _lever.pull(order, call)


class Paying(Machine[Order], name="paying", version=1):
    open = State(initial=True)
    paying = State(invoke=charge)
    paid = State(invoke=plain)
    lost = State()

    pay = on(Pay, open >> paying)
    poke = on(Poke, paying)
    done = on_result(charge, paying >> paid)
    fail = on_failure(charge, paying >> lost)


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


async def document(world: World, engine: object) -> str:
    row = (await world.rows(engine, ("paying", "p-1")))[Ref("paying", "p-1")]  # type: ignore[arg-type]
    return row.document.decode()


async def test_it_is_the_same_at_each_attempt_and_after_a_crash(world: World, lever: Lever) -> None:
    lever.answers.extend([ValueError("a"), ValueError("b"), None])
    engine = await world.open(Paying)
    await engine.start(Paying, "p-1")
    await engine.send(Paying, "p-1", Pay(cents=7, pin=SecretStr("1234")))
    await quiet()
    await engine.send(Paying, "p-1", Poke())
    await world.crash(engine)
    engine = await world.open(Paying)
    await quiet()
    world.clock.advance(seconds(1))
    await quiet()
    world.clock.advance(seconds(1))
    await state(engine, Paying, "p-1", "paid")
    assert [(one.cents, one.pin.get_secret_value()) for one in seen if one] == [(7, "1234")] * 3
    assert len(seen) == 3
    assert '"event"' not in await document(world, engine)
    await world.stop(engine)


async def test_one_that_is_too_large_is_refused_where_it_asks(world: World) -> None:
    class Go(Event):
        text: str

    class Big(Event):
        text: str

    @effect
    async def work(order: Order, event: Big) -> None: ...

    def grow(order: Order, event: Go, context: object) -> None:
        context.raise_(Big(text=event.text * 100))  # type: ignore[attr-defined]

    class Growing(Machine[Order], name="growing", version=1):
        open = State(initial=True)
        working = State(invoke=work)
        go = on(Go, open, do=grow)
        big = on(Big, open >> working)

    async with world.running(Growing, limits=Limits(event_bytes=1_000)) as engine:
        await engine.start(Growing, "g-1")
        with pytest.raises(TooLarge, match="the event that asks for work"):
            await engine.send(Growing, "g-1", Go(text="x" * 50))
        assert (await engine.read(Growing, "g-1")).state == ["open"]


def test_an_effect_without_one_is_stored_as_the_release_before_has_it() -> None:
    stored = StoredEffect("1.1", "a/b", "b", "effect", "a", msgspec.UNSET)  # type: ignore[arg-type]
    assert "event" not in msgspec.to_builtins(stored, builtin_types=(type(msgspec.UNSET),))


async def upgraded(world: World, lever: Lever, after: type[Machine[Order]]) -> object:
    lever.answers.extend([ValueError("a"), None])
    engine = await world.open(Paying)
    await engine.start(Paying, "p-1")
    await engine.send(Paying, "p-1", Pay(cents=7))
    await quiet()
    await world.crash(engine)
    return await world.open(after)


async def test_an_upgrade_carries_it_to_an_event_that_reads_it(world: World, lever: Lever) -> None:
    class Wider(Event):
        cents: int
        tip: int = 1

    Wider.__event__ = "Pay"

    @effect(attempts=9)
    async def charge(order: Order, event: Wider, call: Call) -> None:
        seen.append(event)  # type: ignore[arg-type]

    class Later(Machine[Order], name="paying", version=2):
        upgrades = (Upgrade(1),)
        open = State(initial=True)
        paying = State(invoke=charge)
        paid = State()
        lost = State()
        pay = on(Wider, open >> paying)
        poke = on(Poke, paying)
        done = on_result(charge, paying >> paid)
        fail = on_failure(charge, paying >> lost)

    # `pin` was stored with its default, which the new class does not take
    engine = await upgraded(world, lever, Later)
    with pytest.raises(UpgradeFailed, match="effect charge can't go on"):
        await engine.send(Later, "p-1", Poke())  # type: ignore[attr-defined]
    await world.stop(engine)  # type: ignore[arg-type]


async def test_an_upgrade_whose_effect_takes_what_was_not_kept_is_refused_by_name(
    world: World, lever: Lever
) -> None:
    @effect
    async def plain(order: Order, event: Pay) -> None: ...

    class Later(Machine[Order], name="paying", version=2):
        upgrades = (Upgrade(1),)
        open = State(initial=True)
        paying = State()
        paid = State(invoke=plain)
        lost = State()
        pay = on(Pay, open >> paid)
        done = on_result(plain, paid >> lost)

    lever.answers.append(ValueError("x"))
    engine = await world.open(Paying)
    await engine.start(Paying, "p-1")
    await engine.send(Paying, "p-1", Pay(cents=7))
    lever.answers.clear()
    lever.answers.extend([None, ValueError("x")])
    await quiet()
    world.clock.advance(seconds(1))
    await state(engine, Paying, "p-1", "paid")
    await world.crash(engine)
    engine = await world.open(Later)
    with pytest.raises(StepFailed, match=r"there is none; take Pay \| None"):
        await engine.send(Later, "p-1", Pay(cents=1))
    await world.stop(engine)
