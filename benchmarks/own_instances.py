"""A page of those instances that are a caller's, out of a million: what a list costs whose machine
says that customers read their own.

Every caller has a hundred instances, spread over all of them. Measured beside the list of a caller
who may read all instances.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from time import perf_counter

import msgspec
from pydantic import BaseModel

from benchmarks.beside_million import settle
from benchmarks.scene import Scene
from benchmarks.table import number, print_table
from statehold import Access, Machine, State, index, role
from statehold.chart.access import CLOSED
from statehold.engine import Engine
from statehold.records import Caller, Ref, Write
from statehold.store import Query
from statehold.stores import open_store

INSTANCES = 1_000_000
QUICK_INSTANCES = 20_000
OF_ONE = 100
WRITES_A_COMMIT = 1_000
CALLS = 200
PAGE = 50


class Owned(BaseModel):
    customer: str
    depot: str = ""


class OwnedFlow(Machine[Owned], name="owned", version=1):
    access = Access(read=index("customer") | index("depot", of="teams") | role("support"))
    indexes = ("customer", "depot")
    open = State(initial=True)


async def measure(scene: Scene) -> None:
    instances = QUICK_INSTANCES if scene.quick else INSTANCES
    customers = instances // OF_ONE
    address = scene.fresh_ours("owned")
    await _fill(address, instances, customers)
    await settle(address)
    rows = []
    callers: dict[str, Callable[[int], Caller]] = {
        "reads all": lambda n: _caller("sam", "support"),
        "its own": lambda n: _caller(f"c-{n}"),
        "its own and a team's": lambda n: _caller(f"c-{n}", team=f"d-{n % 100}"),
    }
    async with Engine(address, machines=[OwnedFlow]) as engine:
        for name, caller_of in callers.items():
            times: list[float] = []
            for call in range(CALLS):
                caller = caller_of(call * 7919 % customers)
                begun = perf_counter()
                page = await engine.list(Query("owned", limit=PAGE), caller=caller)
                times.append((perf_counter() - begun) * 1000)
                if len(page.instances) != PAGE or page.cursor is None:
                    raise RuntimeError(f"a page of {len(page.instances)} for {caller.name}")
            cuts = quantiles(times, n=100)
            rows.append([name, number(cuts[49]), number(cuts[94]), number(max(times))])
    print_table(
        f"a list of {PAGE} out of {instances:,} instances, ms",
        ["the caller reads", "median", "p95", "longest"],
        rows,
    )


def _caller(name: str, *roles: str, team: str = "") -> Caller:
    teams = frozenset({team}) if team else frozenset()
    return Caller(name, frozenset(roles), teams, server=CLOSED)


async def _fill(address: str, instances: int, customers: int) -> None:
    now = datetime.now(UTC)
    async with Engine(address, machines=[OwnedFlow]) as engine:
        await engine.start(OwnedFlow, id="model", data=Owned(customer="c-model"))
    store = open_store(address)
    await store.open("benchmark")
    try:
        await store.join("benchmark", timedelta(hours=1))
        model = (await store.load([Ref("owned", "model")]))[Ref("owned", "model")]
        for first in range(0, instances, WRITES_A_COMMIT):
            await store.commit([
                Write(
                    msgspec.structs.replace(
                        model,
                        id=f"o-{n}",
                        created_at=now + timedelta(microseconds=n),
                        indexes={"customer": f"c-{n % customers}", "depot": f"d-{n * 31 % 100}"},
                    ),
                    None,
                )
                for n in range(first, min(first + WRITES_A_COMMIT, instances))
            ])  # fmt: skip
        await store.leave()
    finally:
        await store.close()
