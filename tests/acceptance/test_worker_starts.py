"""Workers that can't start, workers without HTTP, and a database that goes away."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from statehold.cli.processes import supervisor
from statehold.cli.processes.job import Job
from statehold.cli.processes.supervisor import Supervisor, WorkersFailed
from tests.acceptance.processes import Command
from tests.acceptance.worker_processes import ALARM, ORDERS, serving
from tests.servers.postgres import PostgresServer
from tests.servers.programs import PostgresError

pytestmark = pytest.mark.anyio


# --- starts that fail ---------------------------------------------------------------------------


def test_a_mistake_that_keeps_workers_from_starting_is_reported_once(
    postgres_dsn: str, tmp_path: Path
) -> None:
    target = tmp_path / "broken.py"
    target.write_text("1 / 0")
    with serving(postgres_dsn, tmp_path, str(target), workers=4) as command:
        assert command.greeting() == ""
        assert command.ended() == 1
        assert command.said().count("division by zero") == 1
        assert len(command.workers()) == 1
        assert "Traceback" not in command.said()


def test_an_outdated_schema_is_reported_once(
    postgres: PostgresServer, postgres_dsn: str, tmp_path: Path
) -> None:
    with Command("db", "upgrade", "--phase", "all", cwd=tmp_path, store=postgres_dsn) as made:
        assert made.ended() == 0, made.said()
    database = postgres_dsn.rpartition("/")[2]
    postgres.execute("UPDATE schema_migrations SET oldest_code = 9000", database=database)
    with serving(postgres_dsn, tmp_path) as command:
        assert command.ended() == 1
        assert command.said().count("9000") == 1
        assert len(command.workers()) == 1


@pytest.mark.parametrize("store", ["sqlite:///orders.db", "memory:"])
def test_a_store_of_one_process_takes_no_more_workers(tmp_path: Path, store: str) -> None:
    with serving(store, tmp_path) as command:
        assert command.ended() == 2
        assert "--workers 2" in command.said()
        assert "postgresql://" in command.said()
    assert list(tmp_path.iterdir()) == []


async def test_a_supervisor_gives_up_when_no_worker_can_be_started_any_more(
    postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "START_TRIES", 2)
    target = tmp_path / "alarms.py"
    target.write_text(ALARM)
    pids: list[int] = []

    def break_down(what: str) -> None:
        assert what == "alarm v1"
        target.write_text("1 / 0")
        pids.extend(supervised.pids())
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    job = Job(targets=[str(target)], store=postgres_dsn, serves=False)
    supervised = Supervisor(job, 2, None, break_down)
    with pytest.raises(WorkersFailed, match="2 workers has failed 2 times"):
        await supervised.run()
    assert len(pids) == 2
    assert supervised.pids() == []


async def test_a_supervisor_does_not_give_up_on_workers_that_were_ready(
    postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(supervisor, "START_TRIES", 1)
    target = tmp_path / "alarms.py"
    target.write_text(ALARM)
    job = Job(targets=[str(target)], store=postgres_dsn, serves=False)
    ready: list[int] = []

    class Deadly(Supervisor):
        """Each child dies as soon as it is ready, but the last."""

        async def _start(self, place: supervisor._Place) -> tuple[supervisor._Child, str]:
            child, what = await super()._start(place)
            ready.append(child.pid)
            if len(ready) < 4:
                child.signal(signal.SIGKILL)
            else:
                self.stop()
            return child, what

    assert await Deadly(job, 1, None, lambda what: None).run() == 0
    assert len(set(ready)) == 4


# --- without HTTP -------------------------------------------------------------------------------


def test_a_worker_runs_what_is_due_and_answers_probes_only(
    postgres: PostgresServer, postgres_dsn: str, tmp_path: Path
) -> None:
    target = tmp_path / "alarms.py"
    target.write_text(ALARM)
    with serving(postgres_dsn, tmp_path, str(target), workers=1) as server:
        instances = f"{server.address()}/api/machines/alarm/instances"
        with Command(
            "worker", str(target), "--health-port", "0", cwd=tmp_path, store=postgres_dsn
        ) as worker:
            greeting = worker.greeting()
            assert greeting.startswith("working on alarm v1, health at http://127.0.0.1:")
            probes = greeting.rpartition(" ")[2]
            assert httpx.get(f"{probes}/health").json()["status"] == "ok"
            assert httpx.get(f"{probes}/ready").status_code == 200
            assert "statehold_workers 2" in httpx.get(f"{probes}/metrics").text
            assert httpx.get(f"{probes}/api/machines").status_code == 404
            assert httpx.post(instances, json={"id": "a-1"}).status_code == 201
            server.signal(signal.SIGKILL)
            server.process.wait()
            # the timer is the worker's to fire
            database = postgres_dsn.rpartition("/")[2]
            over = "SELECT count(*) FROM instances WHERE finished_at IS NOT NULL"
            while postgres.execute(over, database=database) != "1":
                continue
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0, worker.said()


def test_a_worker_without_probes_stops_on_a_signal(tmp_path: Path) -> None:
    with Command("worker", ORDERS, "--store", "sqlite:///orders.db", cwd=tmp_path) as worker:
        assert worker.greeting() == "working on order v1"
        worker.signal(signal.SIGTERM)
        assert (worker.ended(), worker.said()) == (0, "")


def test_a_worker_that_nobody_could_give_anything_to_do_is_refused(tmp_path: Path) -> None:
    with Command("worker", ORDERS, "--store", "memory:", cwd=tmp_path) as worker:
        assert worker.ended() == 2
        assert "memory:" in worker.said()


# --- a database that goes away ------------------------------------------------------------------


def test_a_worker_is_not_ready_while_its_database_is_away(tmp_path: Path) -> None:
    with (
        PostgresServer() as postgres,
        serving(postgres.create_database(), tmp_path) as command,
    ):
        address = command.address()
        assert httpx.get(f"{address}/ready").status_code == 200
        postgres.stop("immediate")
        away = httpx.get(f"{address}/ready", timeout=60)
        assert away.status_code == 503
        assert httpx.get(f"{address}/health").status_code == 200
        postgres.start()
        while httpx.get(f"{address}/ready", timeout=60).status_code != 200:
            continue
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


#: what an operator, or an accident, does to the database of a server that runs; and what mends it
REFUSALS = [
    ("ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN"),
    ("ALTER ROLE {role} CONNECTION LIMIT 0", "ALTER ROLE {role} CONNECTION LIMIT -1"),
    ("ALTER DATABASE {db} ALLOW_CONNECTIONS false", "ALTER DATABASE {db} ALLOW_CONNECTIONS true"),
    ("ALTER DATABASE {db} RENAME TO {db}_away", "ALTER DATABASE {db}_away RENAME TO {db}"),
    (
        "ALTER DATABASE {db} SET default_transaction_read_only = on",
        "ALTER DATABASE {db} RESET default_transaction_read_only",
    ),
]


def test_a_database_that_refuses_a_running_server_is_unavailable_until_it_does_not(
    postgres: PostgresServer, postgres_dsn: str, tmp_path: Path
) -> None:
    db = postgres_dsn.rpartition("/")[2]
    role = f"role_{db}"
    postgres.execute(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {db} OWNER TO {role}")
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE '{db}%'"
    dsn = postgres_dsn.replace("//postgres@", f"//{role}@")
    assert role in dsn
    with serving(dsn, tmp_path, workers=1) as command:
        address = command.address()
        instances = f"{address}/api/machines/order/instances"
        number = 0

        def statuses() -> set[int]:
            nonlocal number
            number += 1
            started = httpx.post(instances, json={"id": f"o-{number}"}, timeout=60)
            ready = httpx.get(f"{address}/ready", timeout=60)
            for answer in (started, ready):
                if answer.status_code == 503:
                    assert answer.headers["Retry-After"] == "1"
                    assert answer.json()["type"].endswith("store-unavailable")
            return {started.status_code, ready.status_code}

        assert statuses() == {200, 201}
        for away, back in REFUSALS:
            # a renamed database must have no connections, and those that are there outlive the rest
            postgres.execute(f"{cut}; " * 2)
            _until(postgres, away.format(role=role, db=db), cut)
            postgres.execute(cut)
            while (found := statuses()) != {503}:
                # what was not cut off yet, and never a server error
                assert found <= {200, 201, 503}
                postgres.execute(cut)
            assert statuses() == {503}
            postgres.execute(back.format(role=role, db=db))
            postgres.execute(cut)
            while (found := statuses()) != {200, 201}:
                assert found <= {200, 201, 503}
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()
    assert '"exception"' not in command.said()
    # each kind of line once a minute, not at each attempt of each task
    assert len(command.said().splitlines()) < 40, command.said()
    postgres.execute(f"ALTER DATABASE {db} OWNER TO postgres")


def _until(postgres: PostgresServer, statement: str, cut: str) -> None:
    """A server that connects again at once may be faster than the statement."""
    for _ in range(50):
        try:
            postgres.execute(statement)
        except PostgresError:
            postgres.execute(cut)
        else:
            return
    pytest.fail(f"{statement} was not possible")
