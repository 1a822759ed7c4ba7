"""What all tests share: coroutines run on asyncio, and hypothesis tells how to repeat a failure."""

from __future__ import annotations

import pytest
from hypothesis import settings

# a busy machine is no failure, so an example has no deadline; pytest's own timeout bounds the test
settings.register_profile("statehold", deadline=None, print_blob=True)
settings.load_profile("statehold")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
