"""What the acceptance tests share: real servers, started and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from statehold.engine import Engine
from statehold.engine.clock import ManualClock
from statehold.server import create_app
from statehold.stores import MemoryStore
from tests.acceptance.orders import OrderFlow
from tests.acceptance.serving import listening


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def engine(clock: ManualClock) -> AsyncIterator[Engine]:
    async with Engine(MemoryStore(), [OrderFlow], clock=clock) as engine:
        yield engine


@pytest.fixture
async def app(engine: Engine) -> AsyncIterator[FastAPI]:
    app = create_app(engine, owns_engine=False)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application without a socket: what it answers, not how it is carried."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
        yield client


@pytest.fixture
async def address(engine: Engine) -> AsyncIterator[str]:
    """The same behind a real socket, for streams and for clients."""
    async with listening(create_app(engine, owns_engine=False)) as address:
        yield address
