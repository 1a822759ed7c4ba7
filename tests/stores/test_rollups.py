"""What is counted: put again and again by its source, exchanged whole or not at all."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statehold.store import Rollup, Store
from tests.stores.build import at

pytestmark = pytest.mark.anyio


def a_rollup(start: float = 0, **fields: object) -> Rollup:
    made = Rollup("order", 1, 60, at(start), "s1", b'{"steps":1}')
    return replace(made, **fields)


async def everything(store: Store, machine: str = "order") -> list[Rollup]:
    found = await store.rollups(machine, at(-1e6), None, 1000)
    return sorted(found, key=lambda one: (one.start, one.version, one.span, one.source))


async def test_what_is_put_again_takes_the_place_of_what_was(store: Store) -> None:
    other = a_rollup(source="s2")
    await store.put_rollups([a_rollup(), other])
    await store.put_rollups([a_rollup(body=b'{"steps":7}')])
    assert await everything(store) == [a_rollup(body=b'{"steps":7}'), other]


async def test_the_newest_since_a_moment_are_read_of_one_version_or_of_every(store: Store) -> None:
    rollups = [a_rollup(60.0 * n, version=1 + n % 2) for n in range(6)]
    await store.put_rollups([*rollups, a_rollup(machine="courier", source="s9")])
    assert await store.rollups("order", at(120), None, 100) == rollups[:1:-1]
    assert await store.rollups("order", at(120), 2, 100) == [rollups[5], rollups[3]]
    assert await store.rollups("order", at(0), None, 2) == rollups[:3:-1]
    assert await store.rollups("nothing", at(0), None, 100) == []


async def test_the_old_ones_of_a_span_are_found_together_by_what_they_count(store: Store) -> None:
    old = [
        a_rollup(60, machine="courier"),
        a_rollup(0),
        a_rollup(60),
        a_rollup(60, source="s2"),
        a_rollup(0, version=2),
    ]
    await store.put_rollups([a_rollup(120), a_rollup(0, span=3600, source="s3"), *reversed(old)])
    assert await store.old_rollups(60, at(120), 100) == old
    assert await store.old_rollups(60, at(0), 100) == []
    assert {one.start for one in await store.old_rollups(60, at(120), 2)} == {at(0)}


async def test_rollups_are_exchanged_for_one(store: Store) -> None:
    minutes = [a_rollup(60.0 * n) for n in range(3)]
    await store.put_rollups(minutes)
    hour = a_rollup(span=3600, source="s5", body=b'{"steps":2}')
    assert await store.exchange_rollups(minutes[:2], hour)
    assert await everything(store) == [hour, minutes[2]]
    assert await store.exchange_rollups([hour], None)
    assert await everything(store) == [minutes[2]]


@pytest.mark.parametrize("way", ["gone", "put again"])
async def test_nothing_is_exchanged_where_one_is_not_what_it_was(store: Store, way: str) -> None:
    minutes = [a_rollup(60.0 * n) for n in range(3)]
    await store.put_rollups(minutes[:2] if way == "gone" else minutes)
    if way == "put again":
        await store.put_rollups([replace(minutes[2], body=b'{"steps":2}')])
    before = await everything(store)
    assert not await store.exchange_rollups(minutes, a_rollup(span=3600))
    assert await everything(store) == before
