"""What the acceptance tests share: real servers, started and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.server import create_app
from statehold.stores import MemoryStore
from tests.acceptance.command_line import Cli, Ran, run
from tests.acceptance.http_orders import INSTANCES, RESTAURANT
from tests.acceptance.orders import OrderFlow
from tests.acceptance.serving import listening
from tests.access import OPEN


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def engine(clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine(MemoryStore(), [OrderFlow], clock=clock) as engine:
        yield engine


@pytest.fixture
async def app(engine: Engine) -> AsyncIterator[FastAPI]:
    app = create_app(engine, owns_engine=False, access=OPEN)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application without a socket: what it answers, not how it is carried."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8420", headers=RESTAURANT
    ) as client:
        yield client


@pytest.fixture
async def address(engine: Engine) -> AsyncIterator[str]:
    """The same behind a real socket, for streams and for clients."""
    async with listening(create_app(engine, owns_engine=False, access=OPEN)) as address:
        yield address


@pytest.fixture
async def order(http: httpx.AsyncClient) -> httpx.Response:
    answer = await http.post(INSTANCES, json={"id": "o-1"})
    assert answer.status_code == 201, answer.text
    return answer


@pytest.fixture
async def cli(address: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command in a thread, since it has an event loop of its own."""
    monkeypatch.setenv("STATEHOLD_URL", address)
    monkeypatch.setenv("STATEHOLD_ROLES", "restaurant")
    monkeypatch.setenv("COLUMNS", "200")

    async def asked(*arguments: str) -> Ran:
        return await asyncio.to_thread(run, *arguments)

    return asked


@pytest.fixture
async def deployed(postgres_dsn: str) -> str:
    """A database on which an order was started, and whose worker has left."""
    async with Engine(postgres_dsn, [OrderFlow]) as engine:
        await engine.start(OrderFlow, "o-1")
    return postgres_dsn
