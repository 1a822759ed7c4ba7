"""The demo runs as its users run it: orders flow, and it leaves nothing behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FIGURES = re.compile(
    r"orders: (?P<started>\d+) started, .* (?P<delivered>\d+) delivered, .*"
    r"events: (?P<accepted>\d+) accepted"
)

Demo = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "examples.demo", "--pace", "5", *arguments],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def last_figures(answer: str) -> dict[str, int]:
    found = list(FIGURES.finditer(answer))
    assert found, answer
    return {name: int(value) for name, value in found[-1].groupdict().items()}


def nothing_answers(answer: str) -> bool:
    address = re.search(r"http://127\.0\.0\.1:(\d+)", answer)
    assert address, answer
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(address[1]))) != 0


def test_orders_flow_and_the_demo_ends_by_itself(demo: Demo, tmp_path: Path) -> None:
    process = demo("--seconds", "6", "--port", "0", "--seed", "3")
    answer, _ = process.communicate(timeout=60)
    assert process.returncode == 0, answer
    figures = last_figures(answer)
    assert figures["started"] >= 5
    assert figures["accepted"] >= 5
    assert figures["delivered"] >= 1
    assert nothing_answers(answer)
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_reported_and_ctrl_c_stops_all(demo: Demo, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = demo("--port", str(port))
        assert process.stdout is not None
        answer = ""
        while not FIGURES.search(answer):
            line = process.stdout.readline()
            assert line, answer
            answer += line
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    answer += rest
    assert process.returncode == 0, answer
    assert f"port {port} is taken" in answer
    assert nothing_answers(answer)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_start_is_reported(demo: Demo, tmp_path: Path) -> None:
    nowhere = tmp_path / "no-such-folder" / "demo.db"
    process = demo("--seconds", "6", "--port", "0", "--store", str(nowhere))
    answer, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the server ended by itself" in answer
    assert "no-such-folder" in answer
