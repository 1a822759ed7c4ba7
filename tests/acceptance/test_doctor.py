"""The doctor, on deployments with one fault each: it finds that one, and no other."""

from __future__ import annotations

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from statehold.doctor import examine, postgres_server, sqlite
from statehold.doctor.postgres import why_unreachable
from statehold.engine import Engine
from statehold.stores import SqliteStore
from statehold.stores.sqlite.file import SqliteFile
from tests.acceptance.command_line import run
from tests.acceptance.doctor_looks import (
    ask,
    by_code,
    look,
    no_pause,
    renumbered,
    with_chart,
    wrong,
)
from tests.acceptance.orders import Accept, OrderFlow, Pay
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio

MAIL = (
    "INSERT INTO mailbox (writer, rev, ordinal, partition, to_machine, to_id, kind, body, sent_at, "
    "held) VALUES (1, 1, 0, 0, '{to}', 'o-1', 'event', {body}, 0, {held})"
)
# PostgreSQL also knows where it is to go
POSTGRES_MAIL = MAIL.replace("partition,", "partition, to_partition,").replace("0, 0,", "0, 0, 0,")


# --- PostgreSQL ---------------------------------------------------------------------------------


async def test_nothing_is_wrong_with_a_deployment_that_works(postgres_dsn: str) -> None:
    async with Engine(postgres_dsn, [OrderFlow], worker="w-1") as engine:
        await engine.start(OrderFlow, "o-1")
        found = await look(postgres_dsn, OrderFlow)
        assert wrong(found) == set()
        assert "w-1" in found["workers"].what
        assert "instances" in found["tables"].what
        assert found["fsync"].severity == "error"


async def test_a_store_whose_workers_have_all_stopped_is_reported(deployed: str) -> None:
    found = await look(deployed, OrderFlow)
    assert wrong(found) == {"no-worker"}
    assert found["no-worker"].severity == "error"
    assert "statehold serve" in found["no-worker"].do


@pytest.mark.parametrize(
    ("statement", "code", "result"),
    [
        (
            "INSERT INTO workers VALUES ('gone-1', 99, now(), now() - interval '5 minutes')",
            "expired-lease",
            "gone-1 (5 min ago)",
        ),
        ("UPDATE instances SET held_by = '[\"gone-1\"]'", "held-by-dead", "gone-1 (1 instance)"),
        ("UPDATE instances SET held_by = 'gone-1'", "held-by-dead", "1 instance"),
        (
            "UPDATE instances SET held_by = '[\"(waiting)\"]'",
            "effects-wait",
            "1 instance for coroutine functions",
        ),
        (
            "UPDATE instances SET partition = (partition + 1) % 64",
            "wrong-partition",
            "instances: order/o-1",
        ),
        (
            POSTGRES_MAIL.format(to="order", body="'{}'", held="true"),
            "wrong-partition",
            "messages: 1.1.0",
        ),
        ("UPDATE instances SET wake_at = 0", "overdue", "1 instance of order is due"),
        (
            POSTGRES_MAIL.format(to="nobody", body="'{}'", held="false"),
            "mail-astray",
            "nobody",
        ),
        (
            POSTGRES_MAIL.format(to="order", body="'{}'", held="false"),
            "mail-waits",
            "1 message to order",
        ),
        (
            "UPDATE instances SET document = convert_to('{\"output\": NaN}', 'UTF8')",
            "unreadable-instances",
            "1 instance of order can't be read: o-1",
        ),
        (
            "INSERT INTO aside VALUES (60, 'order', 'o-1', 1, 0, 'the town is missing')",
            "unreadable-instances",
            "o-1 (the town is missing)",
        ),
        ("ALTER TABLE instances SET (autovacuum_enabled = off)", "table-autovacuum", "instances"),
        (
            "ALTER DATABASE {database} SET default_transaction_read_only = on",
            "read-only",
            "default_transaction_read_only is on",
        ),
        (
            "UPDATE schema_migrations SET oldest_code = 9000",
            "schema",
            "needs a release that knows migration 9000",
        ),
        ("DROP TABLE schema_migrations", "no-schema", "has no tables of Statehold"),
        (
            "UPDATE charts SET machine = 'refund'; UPDATE configurations SET machine = 'refund'",
            "not-run",
            "1 instance of refund",
        ),
        (
            "INSERT INTO fences (partition, worker, slot) VALUES (0, 'ghost', 9)",
            "lonely-fence",
            "fences of workers that have no lease: ghost",
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'instances_awake'::regclass",
            "broken-index",
            "instances_awake",
        ),
    ],
)
async def test_a_planted_fault_is_found(
    postgres: PostgresServer, deployed: str, statement: str, code: str, result: str
) -> None:
    assert code not in await look(deployed, OrderFlow)
    ask(postgres, deployed, statement)
    found = await look(deployed, OrderFlow)
    assert wrong(found) - {"no-worker"} == {code}
    assert result in found[code].what
    assert found[code].means
    assert found[code].do


async def test_a_newer_release_beside_this_one_is_no_fault(
    postgres: PostgresServer, deployed: str
) -> None:
    ask(postgres, deployed, "INSERT INTO schema_migrations VALUES (9000, '9000_later.sql', 0)")
    found = await look(deployed)
    assert wrong(found) == {"no-worker"}
    assert "9000_later.sql" in found["schema-newer"].what


async def test_an_incident_and_held_messages_are_reported_with_their_machine(
    postgres_dsn: str,
) -> None:
    async with Engine(postgres_dsn, [OrderFlow]) as engine:
        await engine.start(OrderFlow, "o-1")
        await engine.send(OrderFlow, "o-1", Pay())
        async for entry in engine.watch(OrderFlow, "o-1"):
            if entry.kind == "incident":
                break
        await engine.start(OrderFlow, "o-2")
        await engine.pause(OrderFlow, "o-2")
        await engine.send(OrderFlow, "o-2", Accept(prep_minutes=1))
        found = await look(postgres_dsn, OrderFlow)
    assert wrong(found) == {"incidents"}
    assert "1 incident of 1 instance of order" in found["incidents"].what
    assert found["held-mail"].severity == "note"
    assert "(1 message) for order/o-2" in found["held-mail"].what


async def test_different_clocks_are_reported(deployed: str) -> None:
    for ahead, result in ((3600, "1 h ahead of"), (-90, "90 s behind")):
        found = by_code(
            await examine(
                deployed,
                local_now=lambda ahead=ahead: datetime.now(UTC) + timedelta(seconds=ahead),  # type: ignore[misc]
                pause=no_pause,
            )
        )
        assert result.replace("1 h", "60 min") in found["clock"].what


async def test_a_forgotten_transaction_is_reported(
    deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "IDLE_TRANSACTION", timedelta(0))
    forgetful = await asyncpg.connect(deployed, server_settings={"application_name": "reports"})
    try:
        async with forgetful.transaction():
            await forgetful.fetchval("SELECT count(*) FROM instances")
            found = await look(deployed)
            assert "reports" in found["idle-transaction"].what
            assert f"pg_terminate_backend({forgetful.get_server_pid()})" in (
                found["idle-transaction"].do
            )
    finally:
        await forgetful.close()


async def test_more_workers_than_connections_are_reported(
    deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "CONNECTIONS", 98)
    async with Engine(deployed, [OrderFlow]):
        found = await look(deployed)
    assert wrong(found) == {"connections"}


async def test_settings_that_endanger_commits_are_reported() -> None:
    dangerous = {"full_page_writes": False, "autovacuum": False}
    with PostgresServer(settings=dangerous) as server:
        found = await look(server.create_database())
        assert wrong(found) >= {"full-page-writes", "autovacuum"}
        await asyncio.to_thread(server.stop)
        away = await look(server.dsn())
    assert wrong(away) == {"refused"}


async def test_a_version_without_an_upgrade_is_reported(deployed: str) -> None:
    later = renumbered(OrderFlow.definition, 2)
    (problem,) = [
        f for f in await examine(deployed, [later], pause=no_pause) if f.code == "version"
    ]
    assert "version 1" in problem.what
    assert "Upgrade(from_version=1" in problem.do


async def test_a_chart_that_changed_under_its_version_is_reported(deployed: str) -> None:
    definition = OrderFlow.definition
    chart = replace(definition.chart, transitions=definition.chart.transitions[1:])
    changed = with_chart(definition, chart)
    found = by_code(await examine(deployed, [changed], pause=no_pause))
    assert "is not the one that ran under this number" in found["version"].what


# --- what keeps a database from answering ---------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.InvalidPasswordError('password authentication failed for user "ada"'),
         "wrong-password"),
        (asyncpg.InvalidAuthorizationSpecificationError("no pg_hba.conf entry"), "not-admitted"),
        (asyncpg.InvalidCatalogNameError('database "x" does not exist'), "no-database"),
        (asyncpg.TooManyConnectionsError("sorry, too many clients"), "too-many-connections"),
        (asyncpg.CannotConnectNowError("the database system is starting up"), "not-now"),
        (asyncpg.TargetServerAttributeNotMatched("None of the hosts match"), "no-primary"),
        (ssl.SSLCertVerificationError("self-signed certificate"), "tls"),
        (ConnectionError("PostgreSQL server rejected SSL upgrade"), "tls"),
        (ConnectionRefusedError(111, "Connect call failed"), "refused"),
        (TimeoutError(), "no-answer"),
        (OSError("Name or service not known"), "unreachable"),
    ],
)  # fmt: skip
def test_each_way_of_not_reaching_a_database_has_words_of_its_own(
    error: Exception, code: str
) -> None:
    finding = why_unreachable(error)
    assert (finding.severity, finding.code) == ("error", code)
    assert finding.means
    assert finding.do


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://ada:s3cret@127.0.0.1:1/orders", "refused"),
        ("postgresql://ada:s3cret@127.0.0.1:{port}/nowhere", "not-admitted"),
        ("postgresql://postgres:s3cret@127.0.0.1:{port}/nowhere", "no-database"),
        ("postgresql://postgres:s3cret@127.0.0.1:{port}/postgres?sslmode=require", "tls"),
        ("postgresql://ada:s3cret@127.0.0.1:port/orders", "address"),
        # not encoded, so that it is taken for a port
        ("postgresql://ada:s3cret/@127.0.0.1:{port}/orders", "address"),
        ("postgresql://ada:s3cret@127.0.0.1:{port}/x?sslmode=s3cret", "address"),
        (
            "postgresql://postgres:s3cret@127.0.0.1:{port}/x?target_session_attrs=standby",
            "no-database",
        ),
        (
            "postgresql://postgres:s3cret@127.0.0.1:{port}/postgres?target_session_attrs=standby",
            "no-primary",
        ),
    ],
)
async def test_a_password_is_never_shown(postgres: PostgresServer, address: str, code: str) -> None:
    store = address.replace("{port}", str(postgres.port))
    found = await look(store)
    assert wrong(found) == {code}
    for arguments in (["doctor"], ["doctor", "--json"], ["db", "check"], ["db", "upgrade"]):
        ran = await asyncio.to_thread(run, *arguments, "--store", store)
        assert ran.code in (1, 4)
        assert "s3cret" not in ran.out + ran.err
        assert "Traceback" not in ran.err


# --- SQLite -------------------------------------------------------------------------------------


async def test_a_sqlite_file_in_use_is_looked_at_without_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    async with Engine(SqliteStore(path), [OrderFlow]) as engine:
        await engine.start(OrderFlow, "o-1")
        before = sorted(os.listdir(tmp_path))
        found = await look(f"sqlite:///{path}", OrderFlow)
        assert wrong(found) == set()
        assert f"process {os.getpid()}" in found["in-use"].what
        assert sorted(os.listdir(tmp_path)) == before
    before = sorted(os.listdir(tmp_path))
    assert wrong(await look(f"sqlite:///{path}", OrderFlow)) == {"no-worker"}
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("statement", "code", "result"),
    [
        (
            "UPDATE instances SET partition = (partition + 1) % 64",
            "wrong-partition",
            "instances: order/o-1",
        ),
        (
            MAIL.format(to="order", body="x'7b7d'", held="1"),
            "wrong-partition",
            "messages: 1.1.0",
        ),
        ("UPDATE instances SET wake_at = 0", "overdue", "1 instance of order is due"),
        (
            MAIL.format(to="nobody", body="x'7b7d'", held="0"),
            "mail-astray",
            "nobody",
        ),
        (
            MAIL.format(to="order", body="x'7b7d'", held="0"),
            "mail-waits",
            "1 message to order",
        ),
        ("UPDATE instances SET incidents = 2", "incidents", "2 incidents of 1 instance of order"),
        ("UPDATE instances SET incidents = 9223372036854775807", "incidents", "of 1 instance"),
        ("UPDATE instances SET wake_at = -9223372036854775808", "overdue", "1 instance of order"),
        (
            "UPDATE instances SET document = CAST('{\"output\": NaN}' AS BLOB)",
            "unreadable-instances",
            "1 instance of order can't be read: o-1",
        ),
        (
            "INSERT INTO aside VALUES ('order', 'o-1', 1, 0, 'the town is missing')",
            "unreadable-instances",
            "o-1 (the town is missing)",
        ),
        ("PRAGMA user_version = 9000", "schema", "9000"),
        ("PRAGMA user_version = 0", "schema", "schema 0"),
        ("PRAGMA application_id = 7", "other-program", "not a database of Statehold"),
    ],
)
async def test_a_fault_planted_in_a_file_is_found(
    tmp_path: Path, statement: str, code: str, result: str
) -> None:
    path = tmp_path / "orders.db"
    async with Engine(SqliteStore(path), [OrderFlow]) as engine:
        await engine.start(OrderFlow, "o-1")
    file = SqliteFile(path, "w")
    file.db.execute(statement)
    file.close()
    found = await look(f"sqlite:///{path}", OrderFlow)
    assert wrong(found) - {"no-worker"} == {code}
    assert result in found[code].what


async def test_invalid_text_does_not_hide_other_findings(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    async with Engine(SqliteStore(path), [OrderFlow]) as engine:
        await engine.start(OrderFlow, "o-1")
    file = SqliteFile(path, "w")
    file.db.execute("UPDATE instances SET held_by = CAST(x'ff' AS TEXT), incidents = 2")
    file.close()
    assert wrong(await look(f"sqlite:///{path}", OrderFlow)) == {"no-worker", "incidents"}


async def test_a_problem_of_the_file_itself_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "orders.db"
    store = f"sqlite:///{path}"
    assert wrong(await look(store)) == {"no-file"}
    async with Engine(SqliteStore(path), [OrderFlow]):
        pass
    path.chmod(0o446)
    assert wrong(await look(store)) == {"no-worker", "read-only", "world-writable", "readable"}
    path.chmod(0o600)
    monkeypatch.setattr(sqlite, "FREE_WANTED", 1 << 60)
    assert wrong(await look(store)) == {"no-worker", "disk-space"}
    monkeypatch.setattr(sqlite, "FREE_BYTES", 1 << 60)
    assert wrong(await look(store)) == {"no-worker", "disk-full"}
    monkeypatch.undo()
    path.write_bytes(b"not a database, for all that it has the name of one" * 100)
    assert wrong(await look(store)) == {"no-worker", "unreadable"}


async def test_a_lock_without_read_permission_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(lock: Path) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "orders.db"
    async with Engine(SqliteStore(path), [OrderFlow]):
        monkeypatch.setattr(sqlite, "holder_of", refuse)
        found = await look(f"sqlite:///{path}")
    assert wrong(found) == {"no-rights"}
    assert "orders.db.lock can't be read: Permission denied" in found["no-rights"].what


async def test_a_growing_log_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOG_BYTES", 1000)
    path = tmp_path / "orders.db"
    async with Engine(SqliteStore(path), [OrderFlow]) as engine:
        await engine.start(OrderFlow, "o-1")
        assert wrong(await look(f"sqlite:///{path}")) == {"log-size"}
