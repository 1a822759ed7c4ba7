"""The options beside ``--store``, on every command that has it: a schema, and a direct address."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from tests.acceptance.command_line import ORDERS, run
from tests.acceptance.processes import Command
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer

SCHEMA = "North"


@pytest.fixture(params=["directly", "through a pooler"])
def options(request: pytest.FixtureRequest, postgres_dsn: str) -> dict[str, str]:
    """By the names of their variables."""
    named = {"STATEHOLD_STORE": postgres_dsn, "STATEHOLD_SCHEMA": SCHEMA}
    if request.param == "directly":
        return named
    pooler: PgBouncer = request.getfixturevalue("pooler")
    return {
        **named,
        "STATEHOLD_STORE": pooler.before(postgres_dsn),
        "STATEHOLD_DIRECT_STORE": postgres_dsn,
    }


def as_arguments(options: dict[str, str]) -> list[str]:
    """The same as options of a command."""
    words: list[str] = []
    for variable, value in options.items():
        words += [f"--{variable.removeprefix('STATEHOLD_').lower().replace('_', '-')}", value]
    return words


def test_every_command_works_on_the_schema_that_it_is_given(
    options: dict[str, str],
    postgres: PostgresServer,
    postgres_dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = postgres_dsn.rpartition("/")[2]
    given: list[str] = []
    if "STATEHOLD_DIRECT_STORE" in options:
        given = as_arguments(options)
    else:
        for variable, value in options.items():
            monkeypatch.setenv(variable, value)
    done = run("db", "upgrade", "--phase", "all", *given)
    assert done.code == 0, done.err
    assert "0001_first.sql" in done.out
    assert run("db", "check", *given).code == 0
    environment = {} if given else options
    with Command(
        "serve", ORDERS, *given, "--port", "0", "--workers", "2",
        "--act-role", "operator", cwd=tmp_path, environment=environment,
    ) as server:  # fmt: skip
        address = server.address()
        with Command("worker", ORDERS, *given, cwd=tmp_path, environment=environment) as worker:
            assert worker.greeting() == "working on order v1"
            instances = f"{address}/api/machines/order/instances"
            assert httpx.post(instances, json={"id": "o-1"}).status_code == 201
            examined = run("doctor", ORDERS, *given)
            assert "3 workers alive" in examined.out, examined.out
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0, worker.said()
        cancelled = httpx.post(
            f"{instances}/o-1/cancel", json={}, headers={"Statehold-Roles": "operator"}
        )
        assert cancelled.status_code == 200, cancelled.text
        purged = run("purge", ORDERS, "--older-than", "0s", *given)
        assert purged.out.strip() == "order 1 purged", purged.err
        server.signal(signal.SIGTERM)
        assert server.ended() == 0, server.said()
    made = postgres.execute(
        "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('instances', 'workers')",
        database=database,
    )
    assert made == SCHEMA


def test_no_command_takes_a_schema_where_there_is_none(tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path}/orders.db", "--schema", "north")
    for command in (
        ("serve", ORDERS, "--port", "0"), ("worker", ORDERS), ("doctor",), ("db", "check"),
        ("db", "upgrade"), ("purge", ORDERS, "--older-than", "1d"),
    ):  # fmt: skip
        ran = run(*command, *store)
        assert ran.code == 1, command
        assert "only a PostgreSQL store has a schema (--schema)" in ran.err, command
    assert list(tmp_path.iterdir()) == []


def test_the_address_of_a_pooler_alone_is_refused_with_the_way_out(
    pooler: PgBouncer, postgres_dsn: str
) -> None:
    store = ("--store", pooler.before(postgres_dsn))
    for command in (("db", "check"), ("db", "upgrade"), ("purge", ORDERS, "--older-than", "1d")):
        ran = run(*command, *store)
        assert ran.code == 1, command
        assert "the address is one of a pooler" in ran.err
        assert "--direct-store" in ran.err
    examined = run("doctor", *store)
    assert examined.code == 1
    assert "--direct-store" in examined.out
