"""The pytest plugin: fixtures ``harness`` and ``engine_kit``, and the path of a failed test.

pytest loads it by itself where Statehold is installed, so it imports nothing until it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from statehold.testing import EngineKit, Harness

_MADE: pytest.StashKey[list[Harness[Any]]] = pytest.StashKey()


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Callable[..., Harness[Any]]:
    """Makes harnesses: ``order = harness(OrderFlow, {"items": ["pizza"]})``.

    The path that each took is shown where the test fails.
    """
    from statehold.testing import Harness

    made = request.node.stash.setdefault(_MADE, [])

    def make(*args: Any, **kwargs: Any) -> Harness[Any]:
        one: Harness[Any] = Harness(*args, **kwargs)
        made.append(one)
        return one

    return make


@pytest.fixture
def engine_kit() -> Callable[..., EngineKit]:
    """Makes kits: ``async with engine_kit(OrderFlow, fakes={...}) as kit:``."""
    from statehold.testing import EngineKit

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
