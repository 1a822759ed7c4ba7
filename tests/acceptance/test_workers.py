"""Several processes below one supervisor, on a real PostgreSQL: killed, replaced, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from statehold.cli.processes import supervisor
from statehold.cli.processes.job import Job
from statehold.cli.processes.supervisor import Supervisor, WorkersFailed
from statehold.client import Client
from tests.acceptance.processes import PATIENCE, Command
from tests.servers.postgres import PostgresError, PostgresServer

pytestmark = pytest.mark.anyio

ORDERS = str(Path(__file__).with_name("orders.py"))

ALARM = """
from datetime import timedelta

from pydantic import BaseModel

from statehold import Final, Machine, State, after


class Nothing(BaseModel):
    pass


class Alarm(Machine[Nothing], name="alarm", version=1):
    waiting = State(initial=True)
    rung = Final()
    ring = after(timedelta(seconds=1), waiting >> rung)
"""


STUCK = """
import time

from pydantic import BaseModel

from statehold import Machine, State


class Nothing(BaseModel):
    pass


def wait_for_ever(data: Nothing) -> None:
    time.sleep(3600)


class Stuck(Machine[Nothing], name="stuck", version=1):
    waiting = State(initial=True, entry=wait_for_ever)
"""


def serving(dsn: str, cwd: Path, target: str = ORDERS, *options: str, workers: int = 2) -> Command:
    return Command(
        "serve", target, "--port", "0", "--workers", str(workers), "--log-format", "json",
        *options, cwd=cwd, store=dsn,
    )  # fmt: skip


class Traffic:
    """Starts orders one after another, each over a connection of its own, until it is told to end.

    ``refused`` has what went wrong where nothing was to be sent again.
    """

    def __init__(self, address: str) -> None:
        self._instances = f"{address}/api/machines/order/instances"
        self.started: list[str] = []
        self.refused: list[str] = []
        self._lost = 0
        self._stop = threading.Event()
        self._progress = threading.Condition()

    @contextmanager
    def flowing(self) -> Iterator[Traffic]:
        thread = threading.Thread(target=self._flow)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def wait_for_more(self, count: int) -> None:
        with self._progress:
            wanted = len(self.started) + count
            assert self._progress.wait_for(lambda: len(self.started) >= wanted, 60)

    def _flow(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            id = f"o-{number}"
            while not self._ask(id) and not self._stop.is_set():
                continue

    def _ask(self, id: str) -> bool:
        try:
            answer = httpx.post(
                self._instances, json={"id": id}, headers={"Idempotency-Key": id}, timeout=30
            )
        except httpx.TransportError as error:
            self.refused.append(f"{id}: {error!r}")
            return False
        if answer.status_code != 201:
            self.refused.append(f"{id}: {answer.status_code} {answer.text}")
            return False
        with self._progress:
            self.started.append(id)
            self._progress.notify_all()
        return True


def listed(address: str) -> set[str]:
    with Client(address) as client:
        return {one.id for one in client.list("order")}


def test_a_killed_worker_is_replaced_while_requests_go_on(
    postgres_dsn: str, tmp_path: Path
) -> None:
    with serving(postgres_dsn, tmp_path) as command:
        address = command.address()
        first, second = command.workers()
        with Traffic(address).flowing() as traffic:
            traffic.wait_for_more(20)
            os.kill(second, signal.SIGKILL)
            command.wait_for(r"was ended by (SIGKILL)")
            # the other one goes on meanwhile
            traffic.wait_for_more(20)
            *_, third = command.wait_for(r"is process (\d+)", times=3)
            traffic.wait_for_more(20)
        # what was under way in the killed one was sent again, with its key
        assert len(traffic.refused) <= 1, traffic.refused
        assert listed(address) >= set(traffic.started)
        assert len({first, second, int(third)}) == 3
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


def test_no_worker_outlives_its_supervisor(postgres_dsn: str, tmp_path: Path) -> None:
    with serving(postgres_dsn, tmp_path) as command:
        address = command.address()
        os.kill(command.process.pid, signal.SIGKILL)
        # waits for the workers too
        assert command.ended() == -signal.SIGKILL
        assert command.said().count("the process that started this one is gone") == 2
        # the name that stands in the database tells whose line of the log it is
        for pid in command.workers():
            assert re.search(rf'"worker": "[^"]+-{pid}-[0-9a-f]{{8}}"', command.said())
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/health")


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_workers_stop_gracefully_with_their_supervisor(
    postgres_dsn: str, tmp_path: Path, signal_: signal.Signals
) -> None:
    with serving(postgres_dsn, tmp_path) as command:
        address = command.address()
        instances = f"{address}/api/machines/order/instances"
        assert httpx.post(instances, json={"id": "o-1"}).status_code == 201
        with httpx.stream("GET", f"{instances}/o-1/stream") as stream:
            chunks = stream.iter_bytes()
            next(chunks)
            command.signal(signal_)
            # the stream is ended, not cut off
            for _ in chunks:
                pass
        assert command.ended() == 0, command.said()
        assert '"level": "error"' not in command.said()


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_that_is_stuck_ends_with_its_supervisor_all_the_same(
    postgres_dsn: str, tmp_path: Path, signal_: signal.Signals
) -> None:
    target = tmp_path / "stuck.py"
    target.write_text(STUCK)
    with serving(postgres_dsn, tmp_path, str(target), "--grace", "0") as command:
        address = command.address()
        # the worker that takes this never comes back to its event loop
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/api/machines/stuck/instances", json={"id": "s-1"}, timeout=1)
        command.signal(signal_)
        assert command.ended() == (1 if signal_ == signal.SIGTERM else -signal.SIGKILL)
        if signal_ == signal.SIGTERM:
            assert command.said().count("has not stopped in time and is killed") == 1


def test_workers_are_replaced_one_by_one_and_no_request_is_lost(
    postgres_dsn: str, tmp_path: Path
) -> None:
    with serving(postgres_dsn, tmp_path) as command:
        address = command.address()
        with Traffic(address).flowing() as traffic:
            traffic.wait_for_more(10)
            command.signal(signal.SIGHUP)
            command.wait_for("(all workers were replaced)")
            traffic.wait_for_more(10)
        assert traffic.refused == []
        assert len(command.workers()) == 4
        # whichever of them is asked answers for both, and the old ones are gone from it
        assert "statehold_processes 2" in httpx.get(f"{address}/metrics").text
        assert listed(address) == set(traffic.started)
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


def test_workers_that_run_stay_where_their_replacement_does_not_start(
    postgres_dsn: str, tmp_path: Path
) -> None:
    target = tmp_path / "alarms.py"
    target.write_text(ALARM)
    with serving(postgres_dsn, tmp_path, str(target)) as command:
        address = command.address()
        target.write_text("1 / 0")
        command.signal(signal.SIGHUP)
        command.wait_for("(was not replaced)")
        assert "division by zero" in command.said()
        assert httpx.get(f"{address}/ready").status_code == 200
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


# --- signals ------------------------------------------------------------------------------------

#: its effect waits until the test says how it ends
PATIENT = """
import asyncio
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from statehold import Call, Final, Machine, State, effect, on_result

HERE = Path(__file__).parent


class Nothing(BaseModel):
    pass


@effect(timeout=timedelta(minutes=1))
async def wait_to_be_told(data: Nothing, call: Call) -> str:
    told = await asyncio.to_thread((HERE / "told").read_text)
    (HERE / "ended").write_text(told)
    return told


class Patient(Machine[Nothing], name="patient", version=1):
    waiting = State(initial=True, invoke=wait_to_be_told)
    over = Final()
    end = on_result(wait_to_be_told, waiting >> over)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_signal_skips_open_requests_and_nothing_else(
    postgres: PostgresServer, postgres_dsn: str, tmp_path: Path, workers: int
) -> None:
    target = tmp_path / "patient.py"
    target.write_text(PATIENT)
    os.mkfifo(tmp_path / "told")
    with serving(postgres_dsn, tmp_path, str(target), workers=workers) as command:
        instances = f"{command.address()}/api/machines/patient/instances"
        assert httpx.post(instances, json={"id": "p-1"}).status_code == 201
        # opens once the effect runs
        with (tmp_path / "told").open("w") as told:
            for _ in range(10):
                command.signal(signal.SIGTERM)
                # the effect has its time, and the process waits for it
                with pytest.raises(subprocess.TimeoutExpired):
                    command.process.wait(0.1)
            told.write("by the test")
        assert command.ended() == 0, command.said()
    assert (tmp_path / "ended").read_text() == "by the test"
    database = postgres_dsn.rpartition("/")[2]
    assert postgres.execute("SELECT count(*) FROM workers", database=database) == "0"
    over = "SELECT count(*) FROM instances WHERE finished_at IS NOT NULL"
    assert postgres.execute(over, database=database) == "1"


def test_a_server_of_one_process_is_replaced_and_no_request_is_lost(tmp_path: Path) -> None:
    target = tmp_path / "orders.py"
    target.write_text(Path(ORDERS).read_text())
    with serving("sqlite:///orders.db", tmp_path, str(target), workers=1) as command:
        address = command.address()
        with Traffic(address).flowing() as traffic:
            traffic.wait_for_more(10)
            # a mistake is found before anything is stopped
            target.write_text("1 / 0")
            command.signal(signal.SIGHUP)
            command.wait_for("(was not replaced)")
            assert "division by zero" in command.said()
            traffic.wait_for_more(10)
            target.write_text(Path(ORDERS).read_text() + "\nprint('as it is now')\n")
            command.signal(signal.SIGHUP)
            # the check loads it, then the process that took the place
            assert command.greeting() == "as it is now"
            assert command.greeting() == "as it is now"
            assert command.address() == address
            traffic.wait_for_more(10)
        assert traffic.refused == []
        assert listed(address) == set(traffic.started)
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


def test_a_signal_to_each_process_of_a_group_finishes_open_requests(
    postgres_dsn: str, tmp_path: Path
) -> None:
    with serving(postgres_dsn, tmp_path) as command:
        address = httpx.URL(command.address())
        body = b'{"id": "o-1"}'
        head = (
            "POST /api/machines/order/instances HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((address.host, address.port or 0), PATIENCE) as connection:
            connection.sendall(head.encode() + body[:5])
            while sum(connections_of(command.workers(), str(address))) < 1:
                continue
            # as systemd does it, beside what the supervisor sends
            for pid in (*command.workers(), command.process.pid):
                os.kill(pid, signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                command.process.wait(1)
            connection.sendall(body[5:])
            assert connection.recv(100).startswith(b"HTTP/1.1 201 ")
        assert command.ended() == 0, command.said()


def test_a_server_that_stops_to_be_replaced_is_ended_by_sigterm(tmp_path: Path) -> None:
    target = tmp_path / "patient.py"
    target.write_text(PATIENT)
    os.mkfifo(tmp_path / "told")
    with serving("sqlite:///p.db", tmp_path, str(target), workers=1) as command:
        instances = f"{command.address()}/api/machines/patient/instances"
        assert httpx.post(instances, json={"id": "p-1"}).status_code == 201
        with (tmp_path / "told").open("w") as told:
            command.signal(signal.SIGHUP)
            command.wait_for("(replacing this process)")
            command.signal(signal.SIGTERM)
            told.write("by the test")
        # and nothing is served in its place
        assert command.greeting() == ""
        assert command.ended() == 0, command.said()


def test_a_server_that_is_told_twice_to_be_replaced_runs_on(tmp_path: Path) -> None:
    target = tmp_path / "loaded.py"
    # one that takes long to load
    os.mkfifo(tmp_path / "told")
    target.write_text(
        "import os\n"
        "from tests.acceptance.orders import OrderFlow\n"
        "if os.environ.get('STATEHOLD_LISTENER'): open('told').read()\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with Command(
        "serve", f"{target}:OrderFlow", "--port", "0",
        cwd=tmp_path, store="sqlite:///o.db", environment=environment,
    ) as command:  # fmt: skip
        address = command.address()
        command.signal(signal.SIGHUP)
        # opens once the next one loads its machines
        with (tmp_path / "told").open("w"):
            command.signal(signal.SIGHUP)
        assert command.address() == address
        with (tmp_path / "told").open("w"):
            pass
        assert command.address() == address
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


def test_what_only_memory_has_is_not_given_up_for_a_replacement(tmp_path: Path) -> None:
    with serving("memory:", tmp_path, workers=1) as command:
        instances = f"{command.address()}/api/machines/order/instances"
        assert httpx.post(instances, json={"id": "o-1"}).status_code == 201
        command.signal(signal.SIGHUP)
        command.wait_for("(SIGHUP is ignored)")
        assert httpx.get(f"{instances}/o-1").status_code == 200
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


# --- connections --------------------------------------------------------------------------------


def connections_of(pids: list[int], address: str) -> list[int]:
    """How many each process has open at the address."""
    port = int(address.rpartition(":")[2])
    return [
        sum(
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port
            for one in psutil.Process(pid).net_connections("tcp")
        )
        for pid in pids
    ]


def test_kept_connections_are_spread_over_the_workers_and_again_after_a_death(
    postgres_dsn: str, tmp_path: Path
) -> None:
    with serving(postgres_dsn, tmp_path) as command, ExitStack() as clients:
        address = command.address()
        kept = [clients.enter_context(httpx.Client(base_url=address)) for _ in range(8)]

        def ask_until_spread(pids: list[int]) -> None:
            deadline = time.monotonic() + PATIENCE
            while sum(spread := connections_of(pids, address)) < 8 or min(spread) < 3:
                assert time.monotonic() < deadline, spread
                for client in kept:
                    assert client.get("/health").status_code == 200

        pids = command.workers()
        ask_until_spread(pids)
        os.kill(pids[0], signal.SIGKILL)
        # what the dead one had is cut, and the other takes all of it
        for client in kept:
            with suppress(httpx.TransportError):
                client.get("/health")
        *_, third = command.wait_for(r"is process (\d+)", times=3)
        ask_until_spread([pids[1], int(third)])
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


def test_no_connection_waits_for_a_worker_that_is_stopped(
    postgres_dsn: str, tmp_path: Path
) -> None:
    with serving(postgres_dsn, tmp_path) as command:
        address = command.address()
        stopped, _ = command.workers()
        os.kill(stopped, signal.SIGSTOP)
        for _ in range(50):
            assert httpx.get(f"{address}/health", timeout=10).status_code == 200
        os.kill(stopped, signal.SIGCONT)
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()


# --- as a process finds its surroundings --------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_starts_with_closed_streams_and_a_long_temporary_directory(
    postgres_dsn: str, tmp_path: Path, workers: int
) -> None:
    long = tmp_path / ("long/" * 30)
    long.mkdir(parents=True)
    target = tmp_path / "logged.py"
    # a handler of the application's own, as that of OpenTelemetry
    target.write_text(f"""
import logging
from tests.acceptance.orders import OrderFlow
handler = logging.FileHandler({str(tmp_path / "own.log")!r})
logging.getLogger().addHandler(handler)
logging.basicConfig()
""")
    closed = "import os, sys; os.close(0); sys.argv[0] = 'statehold'"
    with Command(
        "serve", f"{target}:OrderFlow", "--port", "0", "--workers", str(workers), "--access-log",
        cwd=tmp_path, store=postgres_dsn, first=closed,
        environment={"TMPDIR": str(long), "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as command:  # fmt: skip
        address = command.address()
        instances = f"{address}/api/machines/order/instances"
        assert httpx.post(instances, json={"id": "o-1"}).status_code == 201
        if workers == 2:
            assert "statehold_processes 2" in httpx.get(f"{address}/metrics").text
        command.signal(signal.SIGTERM)
        assert command.ended() == 0, command.said()
    for lines in (command.said(), (tmp_path / "own.log").read_text()):
        assert lines.count("POST /api/machines/order/instances") == 1


def test_what_an_encoding_lacks_is_escaped_in_the_output(tmp_path: Path) -> None:
    spoken = {"PYTHONIOENCODING": "ascii"}
    with Command("check", ORDERS, cwd=tmp_path, environment=spoken) as check:
        assert check.ended() == 0, check.said()
    with serving("memory:", tmp_path, workers=1) as server:
        address = server.address()
        data = {"items": ["suppe", "\u2713 \U0001f600"]}
        instances = f"{address}/api/machines/order/instances"
        assert httpx.post(instances, json={"id": "o-1", "data": data}).status_code == 201
        for arguments in (["history"], ["history", "--json", "--data"]):
            with Command(
                *arguments, "order", "o-1", "--url", address, cwd=tmp_path, environment=spoken
            ) as asked:
                assert asked.process.stdout is not None
                told = asked.process.stdout.read()
                assert asked.ended() == 0, asked.said()
        assert json.loads(told)[0]["data"]["items"] == data["items"]


# --- starts that fail ---------------------------------------------------------------------------


def test_a_mistake_that_keeps_workers_from_starting_is_told_once(
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


def test_a_schema_that_refuses_is_told_once(
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


def test_a_worker_does_what_is_due_and_answers_probes_alone(
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
