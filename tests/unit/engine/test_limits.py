"""Limits are named where they are given: there are many, and nearly all are numbers."""

from __future__ import annotations

from typing import Any

import pytest

from statehold.engine.limits import Limits
from statehold.instance.limits import InstanceLimits


@pytest.mark.parametrize("kind", [Limits, InstanceLimits])
def test_limits_have_no_order(kind: Any) -> None:
    # the bounds of an instance stand first, those of the engine after them
    with pytest.raises(TypeError, match="positional"):
        kind(100)
    assert kind(held=100).held == 100
