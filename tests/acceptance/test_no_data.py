"""Machines without data, and of optional data: what is left out is not None, whoever starts one."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from statehold import Event, Final, Machine, State, child, on, on_failure, on_result
from statehold.check.explore.explore import explore
from statehold.check.explore.predicate import done
from statehold.check.explore.property import reachable
from statehold.cli import main
from statehold.client import AsyncClient
from statehold.engine import Engine
from statehold.errors import InvalidPayload
from statehold.server import create_app
from statehold.store import Query, Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from statehold.testing import Harness
from tests.acceptance.serving import listening
from tests.access import OPEN
from tests.unit.engine.world import state

pytestmark = pytest.mark.anyio


class Go(Event):
    pass


class Order(BaseModel):
    items: list[str] = []


class Full(BaseModel):
    items: list[str]


class Record(Machine[None], name="record", version=1):
    kept = State(initial=True)
    gone = Final()
    go = on(Go, kept >> gone)


class Maybe(Machine[Order | None], name="maybe", version=1):
    kept = State(initial=True)
    gone = Final()
    go = on(Go, kept >> gone)


class MaybeFull(Machine[Full | None], name="maybe-full", version=1):
    kept = State(initial=True)
    gone = Final()
    go = on(Go, kept >> gone)


class Orders(Machine[Order], name="orders", version=1):
    kept = State(initial=True)
    gone = Final()
    go = on(Go, kept >> gone)


class Count(Machine[int], name="count", version=1):
    kept = State(initial=True)
    gone = Final()
    go = on(Go, kept >> gone)


def nothing(order: Order) -> None:
    return None


def parent(machine: Any, called: str, **options: Any) -> Any:
    class Parent(Machine[Order], name=called, version=1):
        waits = State(initial=True, invoke=child(machine, **options))
        ok = State()
        bad = State()
        ended = on_result(machine, waits >> ok)
        failed = on_failure(machine, waits >> bad)

    return Parent


CHILDREN: list[tuple[Any, Any]] = [
    (parent(Record, "p-record"), None),
    (parent(Record, "p-record-none", input=nothing), None),
    (parent(Maybe, "p-maybe"), {"items": []}),
    (parent(Maybe, "p-maybe-none", input=nothing), None),
    (parent(MaybeFull, "p-full"), None),
]
MACHINES = [Record, Maybe, MaybeFull, Orders, Count, *(machine for machine, _ in CHILDREN)]

#: machine, what is given (none: left out), the data that the instance begins with
STARTS: list[tuple[Any, tuple[Any, ...], Any]] = [
    (Record, (), None),
    (Record, (None,), None),
    (Record, ({},), None),
    (Maybe, (), {"items": []}),
    (Maybe, (None,), None),
    (Maybe, ({"items": ["a"]},), {"items": ["a"]}),
    (MaybeFull, (), None),
    (MaybeFull, (None,), None),
    (Orders, (), {"items": []}),
    (Orders, (None,), {"items": []}),
    (Count, (0,), 0),
]
REFUSED: list[tuple[Any, tuple[Any, ...]]] = [
    (Count, ()), (Count, (None,)), (Record, (0,)), (Record, ([],)), (Record, ({"a": 1},)),
    (MaybeFull, ({},)), (Maybe, (0,)),
]  # fmt: skip


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    if request.param == "memory":
        kept = MemoryStore()
        return lambda: kept
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "none.db")
    dsn = request.getfixturevalue("migrated_dsn")
    return lambda: PostgresStore(dsn)


async def test_an_engine_starts_them_and_has_their_data_after_a_restart(
    make_store: Callable[[], Store],
) -> None:
    async with Engine(make_store(), MACHINES) as engine:
        for number, (machine, given, expected) in enumerate(STARTS):
            for way in (given, tuple(json.dumps(one).encode() for one in given)):
                id = f"i-{number}-{way is given}"
                assert _plain(await engine.start(machine, id, *way, key="k")) == expected
                # the same request again, from the journal
                assert (await engine.start(machine, id, *way, key="k")).wire().view == expected
        for machine, given in REFUSED:
            with pytest.raises(InvalidPayload):
                await engine.start(machine, "no", *given)
    async with Engine(make_store(), MACHINES) as engine:
        for number, (machine, _, expected) in enumerate(STARTS):
            id = f"i-{number}-True"
            assert _plain(await engine.read(machine, id)) == expected
            answer = await engine.send(machine, id, Go())
            assert (answer.status, _plain(answer)) == ("done", expected)
            assert (await engine.at(machine, id, 2)).data == expected


async def test_a_parent_starts_children_with_the_result_of_its_input(
    make_store: Callable[[], Store],
) -> None:
    async with Engine(make_store(), MACHINES) as engine:
        for machine, expected in CHILDREN:
            name = machine.definition.name
            await engine.start(machine, name)
            inner = next(iter(machine.definition.children))
            await begun(engine, inner, f"{name}:1.1")
            assert _plain(await engine.read(inner, f"{name}:1.1")) == expected
            await engine.send(inner, f"{name}:1.1", Go())
            await state(engine, machine, name, "ok")


async def test_they_are_started_over_http_by_the_client_and_by_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Engine("memory:", MACHINES) as engine:
        app = create_app(engine, owns_engine=False, access=OPEN)
        async with listening(app) as address:
            monkeypatch.setenv("STATEHOLD_URL", address)
            async with httpx.AsyncClient(base_url=address) as http, AsyncClient(address) as client:
                for number, (machine, given, expected) in enumerate(STARTS):
                    name = machine.definition.name
                    body = {"id": f"h-{number}"} | ({"data": given[0]} if given else {})
                    answer = await http.post(f"/api/machines/{name}/instances", json=body)
                    assert (answer.status_code, answer.json()["view"]) == (201, expected)
                    assert (await client.start(name, f"c-{number}", *given)).view == expected
                    said = ["--data", json.dumps(given[0])] if given else []
                    await asyncio.to_thread(_run, "start", name, f"l-{number}", *said)
                    assert (await client.get(name, f"l-{number}")).view == expected
                for machine, given in REFUSED:
                    name = machine.definition.name
                    body = {"data": given[0]} if given else {}
                    answer = await http.post(f"/api/machines/{name}/instances", json=body)
                    assert answer.status_code == 422, answer.text
                empty = await http.post("/api/machines/record/instances", json={})
                assert empty.status_code == 201


def test_a_harness_and_an_exploration_start_them() -> None:
    for machine, given, expected in STARTS:
        harness = Harness(machine, *given)
        assert (
            machine.definition.data.dump(harness.data)
            == json.dumps(expected, separators=(",", ":")).encode()
        )
        harness.send(Go()).assert_state(machine.gone)
    assert explore(Record).check(reachable(done())).holds
    for machine, _ in CHILDREN:
        assert Harness(machine).asked


async def begun(engine: Engine, machine: str, id: str) -> None:
    """Waits until the machine has an instance of this id."""
    async with asyncio.timeout(10):
        changes = await engine.watch_machine(machine)
        async for _ in changes:
            if (await engine.list(Query(machine, prefix=id))).instances:
                return


def _plain(answer: Any) -> Any:
    return answer.wire().view


def _run(*arguments: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code, arguments
