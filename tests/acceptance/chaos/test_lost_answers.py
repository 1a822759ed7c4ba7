"""A commit is done and nobody is told: whoever asks again with the key gets that step's reply."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from statehold import Call
from statehold.engine import Engine
from statehold.errors import StoreUnavailable
from statehold.stores import SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.acceptance.chaos import flow
from tests.acceptance.chaos.flow import MACHINES, Note, OrderFlow
from tests.acceptance.chaos.worker import LIMITS
from tests.servers.postgres import PostgresServer
from tests.servers.proxy import Proxy
from tests.simulation.auditor import Ledger, audit
from tests.simulation.images import read_postgres, read_sqlite
from tests.simulation.machines import LedgerFlow, Put

pytestmark = pytest.mark.anyio

#: seconds for what has to happen by itself
PATIENCE = 20.0


@pytest.fixture
async def proxy(postgres: PostgresServer, anyio_backend: str) -> AsyncIterator[Proxy]:
    async with Proxy(postgres.port).listening() as proxy:
        yield proxy


def through(proxy: Proxy, dsn: str) -> str:
    return proxy.dsn(urlsplit(dsn).path.removeprefix("/"))


async def asked_again(engine: Engine, id: str, key: str) -> Any:
    """The answer to an event whose first answer is lost, and that is then sent once more."""
    with pytest.raises(StoreUnavailable):
        await engine.send(LedgerFlow, id, Put(n=3), key=key)
    return await engine.send(LedgerFlow, id, Put(n=3), key=key)


async def test_an_event_whose_answer_was_lost_is_one_step_with_one_reply(
    proxy: Proxy, migrated_dsn: str
) -> None:
    async with Engine(PostgresStore(through(proxy, migrated_dsn)), MACHINES) as engine:
        await engine.start(LedgerFlow, "l-1")
        proxy.lose_next_commit()
        answer = await asked_again(engine, "l-1", "k-1")
        assert proxy.commits_lost == 1
        third = await engine.send(LedgerFlow, "l-1", Put(n=3), key="k-1")
        assert answer.json() == third.json()
        assert (answer.seq, answer.view.balance) == (2, 3)
        assert (await engine.read(LedgerFlow, "l-1")).seq == 2
    assert audit(await read_postgres(migrated_dsn), Ledger(acknowledged={"k-1"})) == []


async def test_a_start_whose_answer_was_lost_is_one_instance_and_its_effect_is_performed(
    proxy: Proxy, migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    performed = asyncio.Event()

    async def ask(call: Call, what: str) -> str:
        performed.set()
        return call.key

    monkeypatch.setattr(flow.Outside, "ask", staticmethod(ask))
    store = PostgresStore(through(proxy, migrated_dsn))
    async with asyncio.timeout(PATIENCE), Engine(store, MACHINES, limits=LIMITS) as engine:
        await engine.start("hub", flow.hub_of("o-1"))
        proxy.lose_next_commit()
        with pytest.raises(StoreUnavailable):
            await engine.start(OrderFlow, "o-1", key="k-1")
        assert proxy.commits_lost == 1
        # nobody asks again: the engine itself finds out what became of it
        await performed.wait()
        again = await engine.start(OrderFlow, "o-1", key="k-1")
        assert (again.seq, again.state) == (1, ["paying"])
        async for line in engine.watch(OrderFlow, "o-1"):
            if line.state == ["offered"]:
                break
    assert audit(await read_postgres(migrated_dsn), Ledger(acknowledged={"k-1"})) == []


async def test_an_event_that_is_held_and_whose_answer_was_lost_is_held_once(
    proxy: Proxy, migrated_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(call: Call, what: str) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(flow.Outside, "ask", staticmethod(ask))
    store = PostgresStore(through(proxy, migrated_dsn))
    async with asyncio.timeout(PATIENCE), Engine(store, MACHINES, limits=LIMITS) as engine:
        await engine.start("hub", flow.hub_of("o-1"))
        await engine.start(OrderFlow, "o-1")
        await engine.pause(OrderFlow, "o-1")
        proxy.lose_next_commit()
        with pytest.raises(StoreUnavailable):
            await engine.send(OrderFlow, "o-1", Note(text="held"), key="k-1")
        assert proxy.commits_lost == 1
        assert (await engine.send(OrderFlow, "o-1", Note(text="held"), key="k-1")).held
        resumed = await engine.resume(OrderFlow, "o-1")
        assert resumed.view.notes == ["held"]
        monkeypatch.undo()
    assert audit(await read_postgres(migrated_dsn), Ledger(acknowledged={"k-1"})) == []


class Forgetful(sqlite3.Connection):
    """Fails after the commit that it is told to fail after."""

    is_armed = False

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *parameters)
        if sql == "COMMIT" and Forgetful.is_armed:
            Forgetful.is_armed = False
            raise sqlite3.OperationalError("disk I/O error")
        return cursor


async def test_a_commit_that_sqlite_reports_as_failed_and_is_on_the_disk_is_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect

    def connect(*place: Any, **how: Any) -> sqlite3.Connection:
        # the auditor's own connection is sound
        forgetful = {} if "uri" in how else {"factory": Forgetful}
        made: sqlite3.Connection = real(*place, **forgetful, **how)  # type: ignore[call-overload]
        return made

    monkeypatch.setattr(sqlite3, "connect", connect)
    path = tmp_path / "s.db"
    async with Engine(SqliteStore(path), MACHINES) as engine:
        await engine.start(LedgerFlow, "l-1")
        Forgetful.is_armed = True
        answer = await asked_again(engine, "l-1", "k-1")
        assert not Forgetful.is_armed
        third = await engine.send(LedgerFlow, "l-1", Put(n=3), key="k-1")
        assert answer.json() == third.json()
        assert (await engine.read(LedgerFlow, "l-1")).seq == 2
    assert audit(read_sqlite(path), Ledger(acknowledged={"k-1"})) == []
