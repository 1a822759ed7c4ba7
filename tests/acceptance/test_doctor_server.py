"""The doctor on a server, its command, and the commands of a schema."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import httpx
import pytest
from pydantic import BaseModel

from statehold import Final, State, effect, on_result, seconds
from statehold.define import Machine
from statehold.doctor import examine
from statehold.engine import Engine
from statehold.server import create_app
from statehold.stores import MemoryStore, SqliteStore
from statehold.wire.journal import JournalEntry
from tests.acceptance.command_line import run
from tests.acceptance.doctor_looks import ask, by_code, look, renumbered, wrong
from tests.acceptance.orders import OrderFlow
from tests.acceptance.serving import listening
from tests.access import OPEN
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio
ORDERS = str(Path(__file__).with_name("orders.py"))


# --- a server -----------------------------------------------------------------------------------


async def test_a_working_server_is_reported_with_its_release(engine: Engine) -> None:
    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        found = await look(None, OrderFlow, server=address)
    assert wrong(found) == set()
    assert "is Statehold" in found["server"].what


async def test_a_server_that_is_not_ready_is_reported_with_its_reason(engine: Engine) -> None:
    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        await engine.close()
        found = await look(None, server=address)
    assert wrong(found) == {"server-not-ready"}
    assert "stopping" in found["server-not-ready"].what


class Job(BaseModel):
    pass


gate = threading.Event()


@effect(attempts=1, timeout=seconds(0.05))
def stuck(job: Job) -> None:
    gate.wait()


class Stuck(Machine[Job], name="stuck", version=1):
    working = State(initial=True, invoke=stuck)
    ended = Final()
    end = on_result(stuck, working >> ended)


async def test_hanging_calls_are_reported_by_the_probe_and_the_doctor() -> None:
    gate.clear()
    async with Engine(MemoryStore(), [Stuck]) as engine:
        assert list(engine.troubles()) == []
        try:
            await engine.start(Stuck, "s-1")
            watched = cast("AsyncGenerator[JournalEntry, None]", engine.watch(Stuck, "s-1"))
            async with contextlib.aclosing(watched) as entries:
                async for entry in entries:
                    if entry.kind == "incident":
                        break
            async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
                async with httpx.AsyncClient(base_url=address) as http:
                    ready = await http.get("/ready")
                found = await look(None, server=address)
        finally:
            gate.set()
    assert ready.status_code == 200
    answer = "calls of a plain function that go on though their time is up: 1; at 64"
    assert answer in ready.json()["detail"]
    assert wrong(found) == {"server-troubles"}
    assert answer in found["server-troubles"].what


async def test_an_unreachable_server_and_another_program_are_reported(engine: Engine) -> None:
    assert wrong(await look(None, server="http://127.0.0.1:1")) == {"server-unreachable"}
    unread = await look(None, server="http://ada:s3cret@host:port")
    assert wrong(unread) == {"server-address"}
    assert "s3cret" not in str(unread)
    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        guarded = address.replace("//", "//ada:s3cret@") + "/shop"
        found = await look(None, server=guarded)
        assert wrong(found) == {"server-unhealthy"}
        assert "s3cret" not in str(found)


async def test_a_server_with_other_versions_is_reported(engine: Engine) -> None:
    later = renumbered(OrderFlow.definition, 2)
    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        found = by_code(await examine(None, [later], address))
    assert wrong(found) == {"server-version"}
    assert "order v1, here v2" in found["server-version"].what


# --- the command --------------------------------------------------------------------------------


async def test_the_command_prints_each_finding_and_exits_with_1(
    postgres: PostgresServer, deployed: str
) -> None:
    ask(postgres, deployed, "UPDATE instances SET wake_at = 0")
    ran = await asyncio.to_thread(run, "doctor", ORDERS, "--store", deployed)
    assert ran.code == 1
    for answer in ("error overdue 1 instance of order is due", "do check that a worker runs order"):
        assert answer in ran.out, ran.out
    ran = await asyncio.to_thread(run, "doctor", "--store", deployed, "--json")
    assert ran.code == 1
    assert {"overdue", "no-worker"} <= {one["code"] for one in json.loads(ran.out)}


async def test_the_command_exits_with_0_where_nothing_is_wrong(tmp_path: Path) -> None:
    async with Engine(SqliteStore(tmp_path / "orders.db"), [OrderFlow]):
        ran = await asyncio.to_thread(run, "doctor", "--store", f"sqlite:///{tmp_path}/orders.db")
    assert ran.code == 0, ran.out
    assert "nothing is wrong" in ran.out


def test_the_command_needs_a_store_or_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATEHOLD_STORE", raising=False)
    monkeypatch.delenv("STATEHOLD_URL", raising=False)
    assert run("doctor").code == 2
    assert run("doctor", "--store", "memory:").code == 1
    assert run("doctor", "--store", "mysql://x").code == 1


# --- db -----------------------------------------------------------------------------------------


def test_a_schema_is_checked_and_upgraded(postgres_dsn: str) -> None:
    empty = run("db", "check", "--store", postgres_dsn)
    assert empty.code == 1
    assert "pending 0001_first.sql" in empty.out
    done = run("db", "upgrade", "--phase", "all", "--store", postgres_dsn)
    assert done.code == 0
    assert "0001_first.sql" in done.out
    assert "nothing to do" in run("db", "upgrade", "--store", postgres_dsn).out
    checked = run("db", "check", "--store", postgres_dsn, "--json")
    assert checked.code == 0
    state = json.loads(checked.out)
    assert state["can_run"]
    assert "0001_first.sql" in state["applied"]
    assert state["pending"] == []


async def test_the_schema_of_a_file_is_shown_and_not_upgraded_by_hand(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/orders.db"
    assert run("db", "check", "--store", store).code == 1
    async with Engine(store, [OrderFlow]):
        assert "applied 0001_first.sql" in (await asyncio.to_thread(
            run, "db", "check", "--store", store
        )).out  # fmt: skip
    assert run("db", "upgrade", "--store", store).code == 2
    assert run("db", "check", "--store", "memory:").code == 2
