"""Instances that can't be read keep no other waiting, however many they are."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from statehold import (
    Engine,
    minutes,
)
from statehold.engine.clock import ManualClock
from statehold.engine.limits import Limits
from statehold.records import Message, Write
from statehold.store import Query
from tests.unit.engine.requests.unreadable import (
    KINDS,
    MANY,
    Jobs,
    Other,
    a_row,
    broken,
    spread,
    until_over,
)
from tests.unit.engine.world import PATIENCE

pytestmark = pytest.mark.anyio


async def test_among_thousands_that_cannot_be_read_every_good_instance_is_on_time(
    stores: Any,
) -> None:
    clock = ManualClock()
    jobs, other = await a_row(Jobs, clock), await a_row(Other, clock)
    bad = [
        replace(broken(jobs, kind), id=f"bad-{number}-{n}")
        for number, kind in enumerate(KINDS)
        for n in range(MANY if kind != "nested too deep" else 20)
    ]
    late = replace(jobs, wake_at=jobs.wake_at and jobs.wake_at + minutes(0.001))
    good = [replace(late, id=f"good-{n}") for n in range(20)]
    others = [replace(other, id=f"o-{n}") for n in range(20)]
    await spread(stores(), "w1", [*bad, *good, *others])
    clock.advance(minutes(1.1))
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2") as engine:
        await until_over(engine, "jobs", [row.id for row in good])
        await until_over(engine, "other", [row.id for row in others])
        assert (await engine.incidents()).count == min(1000, len(bad))
        page = await engine.incidents(limit=5)
        assert [one.kind for one in page.incidents] == ["unreadable"] * 5
        assert (await engine.list(Query("jobs", incidents=True, limit=7))).cursor is not None
        assert await engine._parts.store.next_wake(["jobs"]) is None


async def test_among_many_that_dead_workers_hold_every_good_one_is_rescued(stores: Any) -> None:
    clock = ManualClock()
    jobs = await a_row(Jobs, clock)
    document = msgspec.json.decode(jobs.document)
    begun = jobs.changed_at.isoformat()
    document |= {
        "timers": [],
        "effects": [{"key": "2.1", "invoke": "working.work", "name": "work", "kind": "effect",
                     "state": "working", "asked_at": begun}],
        "tries": {"2.1": {"worker": "w0"}},
    }  # fmt: skip
    invoke = Jobs.definition.chart.states
    (one,) = [state.invokes[0] for state in invoke if state.invokes]
    document["effects"][0] |= {"invoke": one.id, "name": one.name}
    held = replace(
        jobs,
        state=("working",),
        wake_at=None,
        held_by=("w0",),
        document=msgspec.json.encode(document),
    )
    bad = [
        replace(broken(held, kind), id=f"bad-{number}-{n}")
        for number, kind in enumerate(KINDS)
        for n in range(MANY // 5 if kind != "nested too deep" else 5)
    ]
    #: a row that says that it is held, and a document that knows of nothing
    bad += [replace(jobs, id=f"wrong-{n}", wake_at=None, held_by=("w0",)) for n in range(50)]
    good = [replace(held, id=f"good-{n}") for n in range(20)]
    await spread(stores(), "w1", [*bad, *good])
    limits = Limits(page=50)
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2", limits=limits) as engine:
        await until_over(engine, "jobs", [row.id for row in good])
        assert await engine._parts.store.orphans(["jobs"], None, 10) == []


async def test_messages_to_many_that_cannot_be_read_keep_no_other_message(stores: Any) -> None:
    clock = ManualClock()
    jobs = await a_row(Jobs, clock)
    idle = replace(jobs, state=("idle",), wake_at=None)
    bad = [replace(broken(idle, "no JSON"), id=f"bad-{n}") for n in range(200)]
    good = [replace(idle, id=f"good-{n}") for n in range(5)]
    body = b'{"event":{"type":"Go"}}'
    store = stores()
    await store.open("w1")
    await store.join("w1", minutes(5))
    for row in [*bad, *good]:
        message = Message(row.ref, "event", body)
        assert await store.commit([Write(row, None, messages=[message])])
    garbage = [Message(one.ref, "event", b"\xff{") for one in good]
    await store.commit([Write(replace(idle, id="s"), None, messages=garbage)])
    await store.close()
    limits = Limits(page=50)
    async with Engine(stores(), [Jobs, Other], clock=clock, worker="w2", limits=limits) as engine:
        refs = [row.ref for row in good]
        async with asyncio.timeout(PATIENCE):
            while True:
                rows = (await engine._parts.store.load(refs)).values()
                are_there = all(row.state == ("waiting",) for row in rows)
                if are_there and not await engine._parts.store.mailed(refs):
                    break
                await asyncio.sleep(0)
