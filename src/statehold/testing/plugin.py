"""The pytest plugin: fixtures ``harness`` and ``engine_kit``, and the path of a failed test.

pytest loads it where Statehold is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from statehold.testing.engine_kit import EngineKit
from statehold.testing.harness import Harness

_MADE = pytest.StashKey[list[Harness[Any]]]()


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Callable[..., Harness[Any]]:
    """Makes harnesses: ``order = harness(OrderFlow, {"items": ["pizza"]})``.

    A failing test shows the path that each one took.
    """
    made = request.node.stash.setdefault(_MADE, [])

    def make(*args: Any, **kwargs: Any) -> Harness[Any]:
        one: Harness[Any] = Harness(*args, **kwargs)
        made.append(one)
        return one

    return make


@pytest.fixture
def engine_kit() -> Callable[..., EngineKit]:
    """Makes kits: ``async with engine_kit(OrderFlow, fakes={...}) as kit:``."""
    return EngineKit


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        for one in item.stash.get(_MADE, []):
            report.sections.append((f"path of {one.definition.name}/{one.id}", one.log))
    return report
