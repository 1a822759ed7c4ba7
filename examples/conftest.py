"""What the tests of all examples share."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No example calls anybody, whatever the environment says."""
    monkeypatch.delenv("ORDER_EFFECTS_URL", raising=False)
    monkeypatch.delenv("ONBOARDING_EFFECTS_URL", raising=False)
