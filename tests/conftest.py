"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Coroutines are tested on the loop that the engine runs on."""
    return "asyncio"
