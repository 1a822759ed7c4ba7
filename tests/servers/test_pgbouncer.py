"""The poolers that other tests run through: started, killed, and gone without a trace."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from tests.servers import pooler_program
from tests.servers.pgbouncer import PgBouncer
from tests.servers.pooler_program import PROGRAM_VARIABLE, find_pooler
from tests.servers.postgres import PostgresServer
from tests.servers.programs import PostgresError

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer

with PostgresServer() as server:
    pooler = PgBouncer(server)
    pooler.start()
    print(pooler.folder, server.folder, flush=True)
    sys.stdin.readline()
"""


async def test_it_lends_a_session_for_one_transaction_and_comes_back_on_its_port(
    pooler: PgBouncer, postgres: PostgresServer, postgres_dsn: str
) -> None:
    with PgBouncer(postgres, settings={"default_pool_size": 1}) as own:
        dsn = own.before(postgres_dsn)
        for _ in range(2):
            one = await asyncpg.connect(dsn, statement_cache_size=0)
            two = await asyncpg.connect(dsn, statement_cache_size=0)
            pid = await one.fetchval("SELECT pg_backend_pid()")
            assert await two.fetchval("SELECT pg_backend_pid()") == pid
            own.stop(signal.SIGKILL)
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await one.fetchval("SELECT 1")
            one.terminate()
            two.terminate()
            own.start()
        folder = own.folder
    assert not folder.exists()


@pytest.mark.usefixtures("pooler")
def test_nothing_is_left_when_the_process_that_started_it_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        folders = [Path(folder) for folder in process.stdout.readline().split()]
        assert len(folders) == 2
        assert all(folder.exists() for folder in folders)
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 30
    while any(folder.exists() for folder in folders):
        assert time.monotonic() < deadline, folders
        time.sleep(0.01)


def test_settings_that_it_can_not_have_are_reported_with_its_log(
    pooler: PgBouncer, postgres: PostgresServer
) -> None:
    own = PgBouncer(postgres, settings={"pool_mode": "whatever"})
    with pytest.raises(PostgresError, match="pool_mode"):
        own.start()
    own.close()


def test_without_any_pooler_the_ways_out_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PROGRAM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pooler_program, "FOLDERS", ())
    monkeypatch.setattr(pooler_program, "UNPACKED", tmp_path)
    with pytest.raises(PostgresError, match=f"apt install pgbouncer(?s:.)*{PROGRAM_VARIABLE}"):
        find_pooler()
    monkeypatch.setenv(PROGRAM_VARIABLE, "nothing-of-the-kind")
    with pytest.raises(PostgresError, match="nothing-of-the-kind: there is no such program"):
        find_pooler()
