"""Instances that can't be read, of each kind of damage."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec.structs import replace
from pydantic import BaseModel

from statehold import (
    Engine,
    Event,
    Final,
    Machine,
    State,
    after,
    effect,
    minutes,
    on,
    on_result,
)
from statehold.engine.clock import ManualClock
from statehold.records import Caller, Ref, Row, Write
from statehold.store import Store
from statehold.stores import MemoryStore
from tests.unit.engine.world import World

ANN = Caller("ann")


#: bad rows of each kind
MANY = 1000


#: nested deeper than anything reads
DEEP = b"[" * 100_000


class Job(BaseModel):
    n: int = 0


class Go(Event):
    pass


@effect
async def work(job: Job) -> None: ...


class Jobs(Machine[Job], name="jobs", version=1):
    idle = State(initial=True)
    waiting = State()
    working = State(invoke=work)
    over = Final()
    go = on(Go, idle >> waiting)
    lapse = after(minutes(1), waiting >> over)
    done = on_result(work, working >> over)


class Other(Machine[Job], name="other", version=1):
    lit = State(initial=True)
    out = Final()
    lapse = after(minutes(1), lit >> out)


def broken(row: Row, kind: str) -> Row:
    """The same, as nobody can read it."""
    document = msgspec.json.decode(row.document)
    if kind == "no JSON":
        return replace(row, document=b"\xff{")
    if kind == "nested too deep":
        return replace(row, document=DEEP)
    if kind == "data of another type":
        return replace(row, document=msgspec.json.encode({**document, "data": {"n": "x"}}))
    if kind == "timers of another shape":
        return replace(row, document=msgspec.json.encode({**document, "timers": [{"id": 1}]}))
    if kind == "an unknown state":
        return replace(row, state=("gone",))
    assert kind == "no state"
    return replace(row, state=())


KINDS = [
    "no JSON",
    "nested too deep",
    "data of another type",
    "timers of another shape",
    "an unknown state",
    "no state",
]


async def spread(store: Store, worker: str, rows: list[Row], **parts: Any) -> None:
    """Writes rows that are new."""
    await store.open(worker)
    await store.join(worker, minutes(5))
    for first in range(0, len(rows), 500):
        await store.commit([Write(row, None, **parts) for row in rows[first : first + 500]])
    await store.close()


async def a_row(machine: type[Machine[Job]], clock: ManualClock) -> Row:
    """One that waits for its timer."""
    async with Engine(MemoryStore(), [Jobs, Other], clock=clock) as engine:
        await engine.start(machine, "one")
        if machine is Jobs:
            await engine.send(Jobs, "one", Go())
        (row,) = (await engine._parts.store.load([Ref(machine.definition.name, "one")])).values()
    return replace(row, rev=1)


async def until_over(engine: Engine, machine: str, ids: list[str]) -> None:
    """Waits until they are all done: in real time, while the engine's clock stands still."""
    async with asyncio.timeout(60):
        while True:
            rows = await engine._parts.store.load([Ref(machine, id) for id in ids])
            if all(row.status == "done" for row in rows.values()):
                return
            await asyncio.sleep(0)


async def spoil(world: World, id: str, kind: str, machine: str = "jobs") -> None:
    """What a release that wrote otherwise has left."""
    store = world.store()
    await store.open("spoiler")
    row = (await store.load([Ref(machine, id)]))[Ref(machine, id)]
    await store.commit([Write(replace(broken(row, kind), rev=row.rev + 1), row.rev)])
    await store.close()
