"""Instances are kept decoded between turns, within a number and within bytes."""

from __future__ import annotations

import asyncio

import pytest

from statehold import Machine, State
from statehold.engine.limits import Limits
from tests.unit.engine.sample_machines import Add, Counter, Note
from tests.unit.engine.world import World

pytestmark = pytest.mark.anyio

#: of one instance's note
LARGE = 100_000


async def test_large_instances_are_kept_up_to_the_bound_of_bytes(world: World) -> None:
    limits = Limits(cached_bytes=1_000_000, grace_seconds=0.0)
    async with world.running(Counter, limits=limits) as engine:
        for number in range(20):
            await engine.start(Counter, f"c-{number}")
            await engine.send(Counter, f"c-{number}", Note(text="x" * LARGE))
            assert engine.stats().cached_bytes <= 1_000_000
        # the note stands in the document, and in the data beside it
        assert engine.stats().cached == 4
        assert engine.stats().cached_bytes > 4 * 2 * LARGE
        for number in range(20):
            assert (await engine.send(Counter, f"c-{number}", Add())).seq == 3


async def test_one_that_is_larger_than_the_bound_is_not_kept_and_pushes_nothing_out(
    world: World,
) -> None:
    limits = Limits(cached_bytes=50_000, grace_seconds=0.0)
    async with world.running(Counter, limits=limits) as engine:
        await engine.start(Counter, "large")
        await engine.send(Counter, "large", Note(text="x" * LARGE))
        assert (engine.stats().cached, engine.stats().cached_bytes) == (0, 0)
        await engine.start(Counter, "small")
        await engine.send(Counter, "large", Add())
        assert engine.stats().cached == 1
        answers = await asyncio.gather(
            *(engine.send(Counter, id, Add()) for id in ("large", "small", "large"))
        )
        assert [answer.seq for answer in answers] == [4, 2, 5]
        assert engine.stats().cached_bytes <= 50_000


async def test_what_is_forgotten_counts_no_more(world: World) -> None:
    async with world.running(Counter) as engine:
        await engine.start(Counter, "c")
        before = engine.stats().cached_bytes
        await engine.send(Counter, "c", Note(text="x" * LARGE))
        assert engine.stats().cached_bytes > before + LARGE
        engine._parts.cache.drop([])
        assert engine.stats().cached == 1
        engine._parts.cache.clear()
        assert (engine.stats().cached, engine.stats().cached_bytes) == (0, 0)


class Listed(Machine[dict[str, str]], name="listed", version=1):
    open = State(initial=True)
    indexes = {"long": lambda data: data["note"] * 10}  # noqa: RUF012 - as machines are written


async def test_what_an_instance_is_listed_by_counts_too(world: World) -> None:
    limits = Limits(cached_bytes=200_000, grace_seconds=0.0)
    async with world.running(Listed, limits=limits) as engine:
        for number in range(4):
            await engine.start(Listed, f"l-{number}", {"note": "x" * 5_000})
            assert 50_000 < engine.stats().cached_bytes <= 200_000
        assert engine.stats().cached == 3
