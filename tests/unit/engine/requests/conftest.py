"""An engine with an instance that can't be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from statehold import (
    Engine,
)
from statehold.stores import Memory, MemoryStore, SqliteStore
from statehold.stores.postgres.store import PostgresStore
from tests.unit.engine.requests.unreadable import (
    Go,
    Jobs,
    Other,
    spoil,
)
from tests.unit.engine.world import World


@pytest.fixture
async def spoilt(world: World) -> AsyncIterator[Engine]:
    """An engine with one instance that can't be read, ``bad``, and one that can, ``good``."""
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "good")
        await engine.start(Jobs, "bad", {"n": 7})
        await engine.send(Jobs, "bad", Go())
    await spoil(world, "bad", "data of another type")
    async with world.running(Jobs, Other) as engine:
        yield engine


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes openings of one store, one after the other."""
    if request.param == "memory":
        memory = Memory()
        return lambda: MemoryStore(memory)
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "s.db")
    dsn = request.getfixturevalue("migrated_dsn")
    return lambda: PostgresStore(dsn)
