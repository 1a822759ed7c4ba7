"""The stores under test: one suite is run on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from statehold.store import Store
from statehold.stores import MemoryStore, SqliteStore
from statehold.stores.postgres import PostgresStore
from tests.stores.build import LEASE


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Store]:
    """Every store that there is, open and empty."""
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SqliteStore(tmp_path / "s.db")
    else:
        made = PostgresStore(request.getfixturevalue("migrated_dsn"))
    await made.open("w1")
    await made.join("w1", LEASE)
    yield made
    await made.close()


@pytest.fixture
async def sqlite(tmp_path: Path, anyio_backend: str) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "s.db")
    await made.open("w1")
    yield made
    await made.close()
