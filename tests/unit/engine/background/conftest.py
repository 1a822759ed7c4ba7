"""A world in memory, and functions that have not run yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.engine.background.jobs import runs
from tests.unit.engine.world import (
    World,
)


@pytest.fixture
async def place(tmp_path: Path, anyio_backend: str) -> AsyncIterator[World]:
    made = World("memory", tmp_path / "engine.db")
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def nothing_has_run() -> None:
    runs.clear()
