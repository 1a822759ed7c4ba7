"""Several processes below one supervisor, on a real PostgreSQL: killed, replaced, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.acceptance.processes import PATIENCE, Command
from tests.acceptance.worker_processes import (
    ALARM,
    ORDERS,
    Traffic,
    connections_of,
    listed,
    serving,
)

pytestmark = pytest.mark.anyio


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
                answer = asked.process.stdout.read()
                assert asked.ended() == 0, asked.said()
        assert json.loads(answer)[0]["data"]["items"] == data["items"]
