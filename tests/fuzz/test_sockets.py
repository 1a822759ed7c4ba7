"""A short attack at the socket leaves a server that answers everybody else, and nothing behind."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from tests.fuzz.sockets.requests import rubbish
from tests.fuzz.sockets.run import attack
from tests.fuzz.sockets.server import served

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_short_attack_finds_nothing(tmp_path: Path) -> None:
    with served(tmp_path, "--put") as server:
        # the machine that tests run on is busy with others of them
        report = await attack(server, seed=1, seconds=4, bound=20)
    assert report.findings == []
    assert report.failed == []
    assert report.peak_megabytes < 500
    assert {200, 400} <= set(report.statuses)


def test_the_same_seed_makes_the_same_requests() -> None:
    made = [[rubbish(random.Random(number)) for number in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 30
