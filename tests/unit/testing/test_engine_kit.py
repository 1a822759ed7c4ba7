"""The engine kit runs an engine on a clock that the test moves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from statehold import (
    Machine,
    NotAllowed,
    State,
    effect,
    minutes,
    seconds,
)
from statehold.testing import (
    EPOCH,
    EngineKit,
    Harness,
    NotSettled,
    fail,
    hold,
    succeed,
)
from statehold.testing import engine_kit as engine_kit_module
from tests.unit.testing.parcels import Go, Note, Parcel, Parcels, Stop, print_label, thank, weigh


@pytest.mark.anyio
async def test_the_kit_tries_again_as_the_clock_moves_and_not_before() -> None:
    labels = fail(ConnectionError("away"), times=1)
    fakes = {print_label: labels, weigh: succeed(7)}
    async with EngineKit(Parcels, fakes=fakes) as kit:
        await kit.start(Parcels, "p-1", {"weight": 2})
        await kit.send(Parcels, "p-1", Go(weight=3), roles="driver")
        await kit.settle()
        assert len(labels.calls) == 1
        assert kit.now == EPOCH
        await kit.advance(seconds(1))
        assert labels.keys == ["parcel/p-1/2.1"] * 2
        assert labels.calls[0][0] == Parcel(weight=3)


@pytest.mark.anyio
async def test_the_kit_runs_children_and_timers_in_their_order() -> None:
    fakes = {print_label: succeed(lambda parcel: f"L-{parcel.weight}"), weigh: succeed(7)}
    async with EngineKit(Parcels, fakes=fakes) as kit:
        await kit.start(Parcels, "p-1")
        await kit.send(Parcels, "p-1", Go(weight=3))
        await kit.advance(minutes(1))
        answer = await kit.read(Parcels, "p-1")
        assert answer.state == ["moving.paper.printed", "moving.road.slow"]
        assert answer.view.label == "L-3"
        # slow since the trip ended at 1 min, so at 11 min it drives again, with another trip
        await kit.advance(minutes(11))
        answer = await kit.read(Parcels, "p-1")
        assert answer.state == ["moving.paper.printed", "moving.road.slow"]


@pytest.mark.anyio
async def test_what_a_fake_holds_does_not_keep_the_kit_from_settling() -> None:
    labels = hold("late")
    async with EngineKit(Parcels, fakes={print_label: labels, weigh: succeed(7)}) as kit:
        await kit.start(Parcels, "p-1")
        await kit.send(Parcels, "p-1", Go(weight=3))
        await kit.settle()
        assert "moving.paper.printing" in (await kit.read(Parcels, "p-1")).state
        labels.release()
        await kit.settle()
        assert "moving.paper.printed" in (await kit.read(Parcels, "p-1")).state


@pytest.mark.anyio
async def test_an_effect_that_does_not_come_back_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_kit_module, "SETTLE_SECONDS", 0.05)
    going = threading.Event()

    @effect
    async def endless(data: dict[str, int]) -> None:
        going.set()
        await asyncio.Event().wait()

    class Stuck(Machine[dict[str, int]], name="stuck", version=1):
        """Waits for ever."""

        on_it = State(initial=True, invoke=endless)

    async with EngineKit(Stuck) as kit:
        await kit.start(Stuck, "s-1")
        with pytest.raises(NotSettled, match=r"an effect running, stuck/s-1/1\.1"):
            await kit.settle()
        assert going.is_set()


def test_a_fake_for_an_effect_that_no_machine_has_is_reported() -> None:
    with pytest.raises(ValueError, match="has an effect 'prnt'; there are print_label"):
        EngineKit(Parcels, fakes={"prnt": succeed()})


@pytest.mark.anyio
async def test_the_kits_roles_are_required(engine_kit: Callable[..., EngineKit]) -> None:
    async with engine_kit(Parcels, fakes={print_label: hold(), weigh: hold()}) as kit:
        await kit.start(Parcels, "p-1")
        with pytest.raises(NotAllowed):
            await kit.send(Parcels, "p-1", Go(weight=3), roles="cook")
        await kit.send(Parcels, "p-1", Go(weight=3), roles=["cook", "boss"])


@pytest.mark.anyio
async def test_harness_and_engine_agree_on_a_whole_life() -> None:
    events: list[tuple[Any, str | None]] = [
        (Note(text="later"), None),
        (Note(text="unheard"), None),
        (Go(weight=400), "driver"),
        (Go(weight=4), "driver"),
        (Stop(), "cook"),
        (Stop(), None),
    ]
    harness = Harness(Parcels, id="p-1")
    fakes = {print_label: hold(), weigh: hold(), thank: hold()}
    async with EngineKit(Parcels, fakes=fakes) as kit:
        await kit.start(Parcels, "p-1")
        for event, roles in events:
            by_harness = by_kit = None
            try:
                await kit.send(Parcels, "p-1", event, roles=roles)
            except NotAllowed as error:
                by_kit = error.details()
            try:
                harness.send(event, roles=roles)
            except NotAllowed as error:
                by_harness = error.details()
            assert by_harness == by_kit
            await kit.settle()
            answer = await kit.read(Parcels, "p-1")
            by_engine = (answer.seq, answer.state, answer.view, answer.allowed, answer.output)
            by_hand = (harness.seq, harness.state, harness.data, harness.allowed, harness.output)
            assert by_hand == by_engine
