"""Signals to servers and workers: graceful stops, and replacements without a lost request."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.acceptance.processes import PATIENCE, Command
from tests.acceptance.worker_processes import ORDERS, Traffic, connections_of, listed, serving
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio


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
    answer = await asyncio.to_thread((HERE / "answer").read_text)
    (HERE / "ended").write_text(answer)
    return answer


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
    os.mkfifo(tmp_path / "answer")
    with serving(postgres_dsn, tmp_path, str(target), workers=workers) as command:
        instances = f"{command.address()}/api/machines/patient/instances"
        assert httpx.post(instances, json={"id": "p-1"}).status_code == 201
        # opens once the effect runs
        with (tmp_path / "answer").open("w") as answer:
            for _ in range(10):
                command.signal(signal.SIGTERM)
                # the effect has its time, and the process waits for it
                with pytest.raises(subprocess.TimeoutExpired):
                    command.process.wait(0.1)
            answer.write("by the test")
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
    os.mkfifo(tmp_path / "answer")
    with serving("sqlite:///p.db", tmp_path, str(target), workers=1) as command:
        instances = f"{command.address()}/api/machines/patient/instances"
        assert httpx.post(instances, json={"id": "p-1"}).status_code == 201
        with (tmp_path / "answer").open("w") as answer:
            command.signal(signal.SIGHUP)
            command.wait_for("(replacing this process)")
            command.signal(signal.SIGTERM)
            answer.write("by the test")
        # and nothing is served in its place
        assert command.greeting() == ""
        assert command.ended() == 0, command.said()


def test_a_server_that_receives_two_hangups_goes_on(tmp_path: Path) -> None:
    target = tmp_path / "loaded.py"
    # one that takes long to load
    os.mkfifo(tmp_path / "answer")
    target.write_text(
        "import os\n"
        "from tests.acceptance.orders import OrderFlow\n"
        "if os.environ.get('STATEHOLD_LISTENER'): open('answer').read()\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with Command(
        "serve", f"{target}:OrderFlow", "--port", "0",
        cwd=tmp_path, store="sqlite:///o.db", environment=environment,
    ) as command:  # fmt: skip
        address = command.address()
        command.signal(signal.SIGHUP)
        # opens once the next one loads its machines
        with (tmp_path / "answer").open("w"):
            command.signal(signal.SIGHUP)
        assert command.address() == address
        with (tmp_path / "answer").open("w"):
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
