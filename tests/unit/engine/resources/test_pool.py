"""Resources open before effects run, once a worker, and close after them, in the reverse order."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from statehold import (
    Call,
    DefinitionError,
    Event,
    Final,
    Machine,
    ResourcesInvalid,
    State,
    effect,
    on,
    on_failure,
    on_result,
)
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.testing import EngineKit, Harness, replacing
from tests.unit.engine.world import World, journal, quiet, signal, state

pytestmark = pytest.mark.anyio


@dataclass
class Order:
    receipt: str = ""


@dataclass
class Settings:
    url: str = "bank"
    token: str = "hunter2-token"


@dataclass
class Client:
    """``events`` of all clients go to one list."""

    url: str
    events: list[str]

    async def charge(self, key: str) -> str:
        self.events.append(f"charge {key}")
        return f"receipt of {self.url}"


class Bank:
    def __init__(self, client: Client) -> None:
        self.client = client


@dataclass
class Place:
    """What happened, and what is to go wrong."""

    events: list[str] = field(default_factory=list)
    #: tries that fail
    failing: int = 0
    error: BaseException = field(default_factory=lambda: ConnectionError("bank is down"))
    on_close: BaseException | None = None
    hangs_open: bool = False
    hangs_closing: bool = False
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[Any] = field(default_factory=list)

    @property
    def resources(self) -> list[Any]:
        @asynccontextmanager
        async def client(settings: Settings) -> AsyncIterator[Client]:
            self.tasks.append(asyncio.current_task())
            if self.hangs_open:
                await asyncio.Event().wait()
            if self.failing:
                self.failing -= 1
                self.events.append("failed")
                raise self.error
            self.events.append("open client")
            self.opened.set()
            try:
                yield Client(settings.url, self.events)
            finally:
                self.tasks.append(asyncio.current_task())
                self.events.append("close client")
                if self.on_close is not None:
                    raise self.on_close
                if self.hangs_closing:
                    await asyncio.Event().wait()

        @asynccontextmanager
        async def bank(client: Client) -> AsyncIterator[Bank]:
            self.events.append("open bank")
            yield Bank(client)
            self.events.append("close bank")

        return [bank, client, Settings()]


class Pay(Event):
    pass


@effect(attempts=10, first=timedelta(seconds=1), jitter=0)
async def charge(order: Order, client: Client, call: Call) -> str:
    return await client.charge(call.key)


@effect(attempts=1)
def charge_in_a_thread(order: Order, call: Call, bank: Bank, settings: Settings) -> str:
    return f"{settings.url} by {type(bank).__name__}"


@effect(attempts=1)
async def leak(order: Order, settings: Settings) -> None:
    raise ValueError(f"bad token {settings.token}")


def note(order: Order, event: Any) -> None:
    order.receipt = event.value


class Shop(Machine[Order], name="shop", version=1):
    asking = State(initial=True)
    paying = State(invoke=charge)
    paid = State(invoke=charge_in_a_thread)
    over = Final()
    failed = Final()

    pay = on(Pay, asking >> paying)
    done = on_result(charge, paying >> paid, do=note)
    done_too = on_result(charge_in_a_thread, paid >> over, do=note)
    broken = on_failure(charge, paying >> failed)
    broken_too = on_failure(charge_in_a_thread, paid >> failed)


async def shopping(world: World, place: Place, **more: Any) -> Engine:
    return await world.open(Shop, resources=place.resources, **more)


async def test_they_open_once_before_effects_and_close_after_them(world: World) -> None:
    place = Place()
    engine = await shopping(world, place)
    assert place.events == ["open client", "open bank"]
    for number in range(3):
        await engine.start(Shop, f"s-{number}")
        await engine.send(Shop, f"s-{number}", Pay())
        await state(engine, Shop, f"s-{number}", "over")
    assert (await engine.read(Shop, "s-0")).view.receipt == "bank by Bank"
    await world.stop(engine)
    assert place.events == [
        "open client",
        "open bank",
        *(f"charge shop/s-{number}/2.1" for number in range(3)),
        "close bank",
        "close client",
    ]
    # what was opened may belong to its task
    assert place.tasks[0] is place.tasks[-1]


async def test_each_opening_of_an_engine_opens_them_anew(world: World) -> None:
    place = Place()
    engine = await shopping(world, place)
    await engine.close()
    await engine.open()
    await engine.close()
    assert place.events == ["open client", "open bank", "close bank", "close client"] * 2


async def test_one_that_fails_to_open_fails_attempts_and_is_opened_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(failing=3, error=ConnectionError("no answer to hunter2-token"))
    resources = [*place.resources[:2], {Settings: Settings(), str: "hunter2-token"}]
    with caplog.at_level(logging.INFO):
        engine = await world.open(Shop, resources=resources)
        await engine.start(Shop, "s-1")
        await engine.send(Shop, "s-1", Pay())
        await quiet()
        (waiting,) = (await engine.explain(Shop, "s-1")).effects
        why = "resource client (Client) is not open: ConnectionError: no answer to …"
        assert waiting.error == f"ResourceUnavailable: {why}"
        (trouble, other) = engine.troubles()
        assert trouble == (
            "resource client (Client) is not open, attempts that need it fail: ConnectionError: "
            "no answer to …"
        )
        assert "it needs client (Client), which is not open" in other
        assert engine.stats().resources["client"].failures == 1
        # the worker takes requests all the same
        await engine.check_ready()
        for seconds in (1, 2, 4):
            assert not place.opened.is_set()
            await _tries(place, seconds, world)
        await signal(place.opened)
        await state(engine, Shop, "s-1", "over")
    assert engine.troubles() == []
    assert engine.stats().resources["client"].is_open
    await world.stop(engine)
    lines = [one.getMessage() for one in caplog.records if one.name.endswith(".pool")]
    assert lines[0].startswith("resource client (Client) is not open, and attempts")
    assert lines[1].startswith("resource bank (Bank) is not open, and attempts")
    assert lines[2:] == ["resource client (Client) is open now", "resource bank (Bank) is open now"]
    assert "hunter2" not in caplog.text


async def _tries(place: Place, seconds: float, world: World) -> None:
    """The next try is due after so many seconds, and not a moment earlier."""
    before = len(place.events)
    await quiet()
    world.clock.advance(timedelta(seconds=seconds) - timedelta(microseconds=1))
    await quiet()
    assert len(place.events) == before
    world.clock.advance(timedelta(microseconds=1))
    await quiet()
    assert len(place.events) > before


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), BaseException("x")]
)
async def test_whatever_it_raises_ends_only_this_try(world: World, error: BaseException) -> None:
    place = Place(failing=1, error=error)
    engine = await shopping(world, place)
    assert len(engine.troubles()) == 2
    assert not engine.stats().resources["client"].is_open
    await world.stop(engine)


async def test_an_exit_in_a_task_that_it_starts_does_not_end_the_worker(world: World) -> None:
    @asynccontextmanager
    async def client() -> AsyncIterator[Client]:
        async def leave() -> None:
            sys.exit(3)

        async with asyncio.TaskGroup() as group:
            group.create_task(leave())
        yield Client("", [])

    before = asyncio.get_running_loop().get_task_factory()
    engine = await world.open(Shop, resources=[client, *Place().resources[::2]])
    assert "client" in engine.troubles()[0]
    await world.stop(engine)
    assert asyncio.get_running_loop().get_task_factory() is before


async def test_a_resource_that_never_opens_does_not_hold_up_the_engine(world: World) -> None:
    place = Place(hangs_open=True)
    limits = Limits(grace_seconds=0.0, resource_seconds=0.05)
    engine = await shopping(world, place, limits=limits)
    await engine.check_ready()
    assert "resource client (Client) is not open" in engine.troubles()[0]
    await world.stop(engine)
    assert place.events == []


async def test_one_that_fails_to_close_is_logged_and_others_are_closed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    @asynccontextmanager
    async def worst(bank: Bank) -> AsyncIterator[float]:
        yield 1.0
        sys.exit(3)

    place = Place(on_close=ConnectionError("gone with hunter2-token"))
    engine = await world.open(
        Shop, resources=[worst, *place.resources[:2], {Settings: Settings(), str: "hunter2-token"}]
    )
    await world.stop(engine)
    assert place.events[-2:] == ["close bank", "close client"]
    assert "resource worst (float) failed to close: SystemExit: 3" in caplog.text
    assert "resource client (Client) failed to close: ConnectionError: gone with …" in caplog.text


async def test_one_that_never_closes_is_broken_off(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    @asynccontextmanager
    async def stubborn(client: Client) -> AsyncIterator[float]:
        yield 1.0
        released = asyncio.Event()
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                asyncio.get_running_loop().call_later(1, released.set)

    place = Place(hangs_closing=True)
    limits = Limits(grace_seconds=0.0, resource_seconds=0.05)
    engine = await world.open(Shop, resources=[stubborn, *place.resources], limits=limits)
    await world.stop(engine)
    assert place.events[-1] == "close client"
    assert "resource stubborn (float) ignores its cancellation and goes on" in caplog.text
    assert "resource client (Client) did not close in time, and is broken off" in caplog.text


async def test_an_engine_does_not_open_without_what_its_effects_take(world: World) -> None:
    with pytest.raises(ResourcesInvalid) as refused:
        await world.open(Shop, resources=[Settings()])
    text = str(refused.value)
    assert "effect charge of machine shop: parameter client takes Client, which no" in text
    assert "effect charge_in_a_thread of machine shop: parameter bank takes Bank" in text
    assert not isinstance(refused.value, DefinitionError)


async def test_an_engine_that_was_refused_can_be_made_again_on_its_store(world: World) -> None:
    with pytest.raises(ResourcesInvalid):
        await world.open(Shop)
    async with world.running(Shop, resources=Place().resources) as engine:
        await engine.start(Shop, "s-1")


class Leaky(Machine[Order], name="leaky", version=1):
    leaking = State(initial=True, invoke=leak)
    over = Final()
    failed = on_failure(leak, leaking >> over)


async def test_a_secret_is_in_no_error_that_is_kept(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    resources = [Settings(), {str: "hunter2-token"}]
    with caplog.at_level(logging.DEBUG):
        async with world.running(Leaky, resources=resources) as engine:
            await engine.start(Leaky, "l-1")
            await state(engine, Leaky, "l-1", "over")
            lines = str(await journal(engine, Leaky, "l-1"))
            assert "bad token …" in lines
            assert "hunter2" not in lines
    assert "hunter2" not in caplog.text


async def test_a_kit_runs_effects_with_fakes_of_resources() -> None:
    place, fake = Place(), Client("fake", [])
    given = replacing(place.resources, {Client: fake})
    async with EngineKit(Shop, resources=given) as kit:
        await kit.start(Shop, "s-1")
        await kit.send(Shop, "s-1", Pay())
        await kit.settle()
        assert (await kit.read(Shop, "s-1")).state == ["over"]
    assert fake.events == ["charge shop/s-1/2.1"]
    assert "open client" not in place.events


async def test_effects_that_are_faked_need_no_resources() -> None:
    fakes: Any = {charge: _fake("r"), charge_in_a_thread: _fake("t")}
    async with EngineKit(Shop, fakes=fakes) as kit:
        await kit.start(Shop, "s-1")
        await kit.send(Shop, "s-1", Pay())
        await kit.settle()
        assert (await kit.read(Shop, "s-1")).view.receipt == "t"


def _fake(result: str) -> Any:
    from statehold.testing import succeed

    return succeed(result)


@pytest.mark.parametrize("in_a_loop", [True, False])
def test_a_harness_opens_them_for_one_run(in_a_loop: bool) -> None:
    place = Place()

    def run() -> None:
        order = Harness(Shop, resources=place.resources)
        order.send(Pay())
        assert order.run(charge) == "receipt of bank"
        assert place.events[0] == "open client"
        assert place.events[-1] == "close client"
        assert "open bank" not in place.events
        assert order.run(charge_in_a_thread) == "bank by Bank"
        order.assert_state(Shop.over)

    async def inside() -> None:
        run()

    if in_a_loop:
        asyncio.run(inside())
    else:
        run()


def test_providers_do_not_see_the_errors_of_effects_in_a_harness() -> None:
    @asynccontextmanager
    async def settings() -> AsyncIterator[Settings]:
        try:
            yield Settings()
        except ValueError:
            seen.append("an error")

    seen: list[str] = []
    leaky = Harness(Leaky, resources=[settings])
    with pytest.raises(ValueError, match="bad token"):
        leaky.run(leak)
    assert seen == []


def test_a_harness_says_what_it_was_not_given() -> None:
    order = Harness(Shop)
    order.send(Pay())
    with pytest.raises(ResourcesInvalid, match="effect charge of machine shop"):
        order.run(charge)
    order.succeed(charge, "x")
