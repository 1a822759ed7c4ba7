"""What ``statehold serve`` writes to its log, for programs to read."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from statehold.cli.processes.logs import mask_query

FLAKY = """
from pydantic import BaseModel
from statehold import Final, Machine, State, effect, on_result

class Parcel(BaseModel):
    to: str = "the door"

@effect(attempts=5)
async def carry(parcel: Parcel) -> None:
    raise RuntimeError("a flat tyre")

class ParcelFlow(Machine[Parcel], name="parcel", version=1):
    under_way = State(initial=True, invoke=carry)
    delivered = Final()
    arrive = on_result(carry, under_way >> delivered)
"""

Server = tuple[str, "subprocess.Popen[str]"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The address of a server whose log is JSON, and its process."""
    (tmp_path / "flaky.py").write_text(FLAKY)
    command = [
        sys.executable, "-c", "from statehold.cli import main; main()", "serve", "flaky.py",
        "--port", "0", "--store", "memory:", "--log-format", "json", "--access-log",
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        address = re.search(r"http://\S+", greeting)
        assert address, f"it did not start: {greeting!r}"
        yield address.group(), process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def lines_of(log: IO[str] | None) -> Iterator[dict[str, Any]]:
    """Each line as it comes; one that is no JSON fails the test."""
    assert log is not None
    for line in log:
        yield json.loads(line)


def test_a_line_says_what_it_is_about(server: Server) -> None:
    address, process = server
    answer = httpx.post(f"{address}/api/machines/parcel/instances", json={"id": "p-1"})
    assert answer.status_code == 201
    line = next(line for line in lines_of(process.stderr) if line.get("instance"))
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("worker")
    # and where: the machine's own file and line
    assert re.search(r"\(at \S*flaky\.py:\d+ in carry\)$", line["event"])
    line["event"] = line["event"].partition(" (at ")[0]
    assert line == {
        "event": "carry failed at attempt 1: RuntimeError: a flat tyre",
        "level": "info",
        "logger": "statehold.engine.background.effect_runner",
        "machine": "parcel",
        "instance": "p-1",
        "seq": 1,
        "effect": "carry",
        "attempt": 1,
    }


def test_libraries_log_in_the_same_form(server: Server) -> None:
    address, process = server
    assert httpx.get(f"{address}/metrics").status_code == 200
    line = next(line for line in lines_of(process.stderr) if "/metrics" in line["event"])
    assert line["logger"] == "uvicorn.access"


SECRETIVE = """
import logging
import sys

from statehold.cli.processes.logs import LogFormat, configure_logging

configure_logging(LogFormat(sys.argv[1]), access_log=False)


def connect(password: str) -> None:
    raise ConnectionError("nobody there")


try:
    connect("hush" + "-hush")
except ConnectionError:
    logging.getLogger("driver").exception("it went wrong")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_has_no_values_of_variables(form: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SECRETIVE, form], capture_output=True, text=True, check=True
    )
    assert "nobody there" in ended.stderr
    assert "hush-hush" not in ended.stderr


FORGING = """
import logging
import sys

from statehold.cli.processes.logs import LogFormat, configure_logging

configure_logging(LogFormat(sys.argv[1]), access_log=False)
evil = "\\x1b[2J\\x9b1m\\u202e o-1\\n2026-01-01T00:00:00Z [info     ] all is well [statehold]"
log = logging.getLogger("statehold.engine")
log.warning("instance %s failed", evil, extra={"instance": evil, "nested": [evil]})
log.warning("raised", extra={"exception": "Traceback: " + evil})
try:
    raise RuntimeError(evil)
except RuntimeError:
    log.exception("it went wrong")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_from_outside_writes_a_line_or_controls_the_terminal(form: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FORGING, form], capture_output=True, check=True, encoding="utf-8"
    )
    lines = ended.stderr.splitlines()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", ended.stderr)
    if form == "text":
        begun = [line for line in lines if not line.startswith(" ")]
        assert len(begun) == 3, ended.stderr
        assert "Traceback (most recent call last):" in ended.stderr
        assert r"\x1b[2J\x9b1m\u202e o-1\n2026" in begun[0]
    else:
        assert len(lines) == 3


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/api/me", "/api/me"),
        ("/x?state=open&limit=5", "/x?state=open&limit=5"),
        ("/x?where=mail%3Dann@example.org&state=open", "/x?where=***&state=open"),
        ("/x?q=ann&cursor=abc&reason=so", "/x?q=***&cursor=***&reason=***"),
        ("/x?%77here=mail=ann&Where=ann&token=t&bare", "/x?where=***&***&***&***"),
        ("/x?state=a&state=b&where=c?d=ann", "/x?state=a&state=b&where=***"),
        ("/x?", "/x?"),
    ],
)
def test_a_value_that_is_data_is_not_in_the_access_log(path: str, logged: str) -> None:
    assert mask_query(path) == logged


def test_the_access_log_masks_the_filters_of_lists(server: Server) -> None:
    address, process = server
    asked = f"{address}/api/machines/parcel/instances?state=under_way&where=to=Ann&q=Bob"
    assert httpx.get(asked).status_code == 422
    line = next(line for line in lines_of(process.stderr) if "/instances?" in line["event"])
    assert "/instances?state=under_way&where=***&q=***" in line["event"]
