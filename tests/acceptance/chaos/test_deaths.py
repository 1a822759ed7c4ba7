"""A process dies around every statement that writes; the next one goes on, and nothing is wrong."""

from __future__ import annotations

import random
import sys

import pytest

from tests.acceptance.chaos.deaths import (
    Player,
    Stage,
    count_moments,
    die_at,
    on_postgres,
    on_sqlite,
)
from tests.acceptance.chaos.seed import choose_seed
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

#: of some hundred moments; `make chaos` tries all
TRIED = 8


@pytest.fixture(params=["sqlite", "postgres", "postgres-spread"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "sqlite":
        return on_sqlite
    server: PostgresServer = request.getfixturevalue("postgres")
    return on_postgres(server, request.getfixturevalue("postgres_template"))


@pytest.mark.timeout(240)
def test_a_process_that_dies_around_a_statement_leaves_nothing_undone(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    seed = choose_seed()
    with Player(spread="spread" in request.node.callspec.id) as player:
        names = count_moments(stage, player)
        check_that_all_is_seen(names)
        # one of each stretch, so that early and late ones are tried alike
        stride = len(names) / TRIED
        chance = random.Random(seed)
        moments = [1 + int(stride * (number + chance.random())) for number in range(TRIED)]
        deaths = die_at(stage, [player], moments, seed)
    sys.stdout.write(f"{deaths}\n")
    assert deaths.violations == []
    # a moment of the last ones may not come in every performance
    assert deaths.died >= TRIED - 2


def check_that_all_is_seen(names: list[str]) -> None:
    # were the statements not seen any more, there would be few moments
    assert len(names) > 300
    assert sum("COMMIT" in name for name in names) >= 50
    assert sum(name.startswith("after effect") for name in names) >= 5
