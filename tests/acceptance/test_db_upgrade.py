"""`statehold db` during a migration that takes its time."""

from __future__ import annotations

import asyncio
import json

import pytest

from statehold.cli.progress import progress_lines
from statehold.doctor.postgres import examine_postgres
from statehold.stores.postgres.migrate import upgrade
from statehold.stores.postgres.progress import Progress, Waiting
from tests.acceptance.command_line import run
from tests.stores.old_database import make_old

pytestmark = pytest.mark.anyio


class Ended(Exception):
    """The process that migrates has ended."""


def end(_: object) -> None:
    raise Ended


async def test_a_migration_shows_how_far_it_is_and_goes_on(postgres_dsn: str) -> None:
    await make_old(postgres_dsn, 50, 2)
    with pytest.raises(Ended):
        await upgrade(postgres_dsn, report=end)
    checked = await asyncio.to_thread(run, "db", "check", "--store", postgres_dsn)
    assert checked.code == 1
    assert "pending 0006_partitions.sql has begun; `statehold db upgrade` goes on" in checked.out
    asked = await asyncio.to_thread(run, "db", "check", "--store", postgres_dsn, "--json")
    assert json.loads(asked.out)["unfinished"] == "0006_partitions.sql"
    found = await examine_postgres(postgres_dsn, {}, ())
    (finding,) = [one for one in found if one.code == "schema"]
    assert "0006_partitions.sql is unfinished" in finding.what
    assert finding.do == "statehold db upgrade"
    done = await asyncio.to_thread(run, "db", "upgrade", "--store", postgres_dsn)
    assert done.code == 0
    assert "0006_partitions.sql instances: 50 rows (step 3 of " in done.out
    assert "✓ 0006_partitions.sql" in done.out.splitlines()
    checked = await asyncio.to_thread(run, "db", "check", "--store", postgres_dsn)
    assert checked.code == 0


async def test_a_migration_shows_how_far_it_is_to_programs(postgres_dsn: str) -> None:
    await make_old(postgres_dsn, 50, 2)
    done = await asyncio.to_thread(run, "db", "upgrade", "--store", postgres_dsn, "--json")
    assert json.loads(done.out)[0] == "0006_partitions.sql"
    steps = [json.loads(line)["progress"] for line in done.err.splitlines()]
    assert {step["migration"] for step in steps} == {"0006_partitions.sql"}
    assert [step["rows"] for step in steps if step["step"] == "mailbox"] == [2]
    assert (steps[-1]["step"], steps[-1]["is_done"]) == ("end", True)
    assert steps[-1]["place"] == steps[-1]["of"]


def test_a_step_that_goes_on_is_shown_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter((0.0, 1.0, 6.0, 6.0, 7.0))
    show = progress_lines(lambda: next(times))
    for rows in (10, 2_000, 3_000):
        show(Progress("0006_x.sql", "journal", 5, 9, rows, False))
    show(Waiting())
    assert capsys.readouterr().out.splitlines() == [
        "0006_x.sql journal: 2,000 rows",
        "another process migrates this database; waiting until it has ended",
    ]
