"""Stores, clocks and engines for the tests of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.engine import works
from tests.unit.engine.works import Lever
from tests.unit.engine.world import World


@pytest.fixture(params=["memory", "sqlite"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[World]:
    """A world on each store."""
    made = World(request.param, tmp_path / "engine.db")
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def lever() -> Lever:
    """What the effects of these tests do, new for each."""
    works.lever.__init__()  # type: ignore[misc]
    return works.lever
