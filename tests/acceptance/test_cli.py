"""The command line, against a real server."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from statehold.engine import Engine
from tests.acceptance.command_line import ORDERS, Cli, Serving, run
from tests.acceptance.orders import OrderFlow, Pay, Reject

pytestmark = pytest.mark.anyio


# --- instances ----------------------------------------------------------------------------------


async def test_an_order_is_started_moved_and_finished(cli: Cli) -> None:
    started = await cli("start", "order", "o-1", 'items=["soup"]', "city=Bergen")
    assert started.code == 0
    assert "order/o-1" in started.out
    assert "offering" in started.out
    sent = await cli("send", "order", "o-1", "Accept", "prep_minutes=12", "--expect", "1")
    assert sent.code == 0
    assert "seq 2" in sent.out
    shown = await cli("show", "order", "o-1")
    for answer in ("fulfilling.kitchen.cooking", "prep_minutes", "12", "soup", "Packed", "ago"):
        assert answer in shown.out
    listed = await cli("list", "order", "--where", "city=Bergen", "--state", "fulfilling")
    assert "o-1" in listed.out
    assert "none" in (await cli("list", "order", "--owner", "restaurant", "--status", "done")).out
    unknown = await cli("list", "order", "--owner", "nobody")
    assert unknown.code == 1
    assert "no owner is called 'nobody'; there are restaurant" in unknown.err


async def test_the_timer_of_an_instance_is_shown_with_its_time_left(cli: Cli) -> None:
    await cli("start", "order", "o-1")
    shown = await cli("show", "order", "o-1")
    assert "lapse" in shown.out
    assert "Accept" in shown.out


async def test_a_program_gets_json_and_nothing_else(cli: Cli) -> None:
    reply = json.loads((await cli("start", "order", "o-1", "--json")).out)
    assert (reply["id"], reply["seq"]) == ("o-1", 1)
    event = '{"type": "Accept", "prep_minutes": 1}'
    sent = await cli("send", "order", "o-1", "--event", event, "--key", "k", "--json")
    assert json.loads(sent.out)["seq"] == 2
    again = await cli("send", "order", "o-1", "--event", event, "--key", "k", "--json")
    assert again.out == sent.out
    assert json.loads((await cli("show", "order", "o-1", "--json")).out)["seq"] == 2
    assert [one["id"] for one in json.loads((await cli("list", "order", "--json")).out)] == ["o-1"]
    history = json.loads((await cli("history", "order", "o-1", "--data", "--json")).out)
    assert [entry["seq"] for entry in history] == [1, 2]
    answer = json.loads((await cli("explain", "order", "o-1", "--json")).out)
    assert answer["instance"]["id"] == "o-1"
    assert json.loads((await cli("incidents", "--json")).out) == []
    assert json.loads((await cli("upgrade", "order", "--json")).out)["failed"] == {}


async def test_show_has_the_same_as_json(cli: Cli) -> None:
    await cli("start", "order", "o-1")
    shown = json.loads((await cli("show", "order", "o-1", "--json")).out)
    assert (shown["id"], shown["state"], shown["seq"]) == ("o-1", ["offering"], 1)
    assert shown["timers"][0]["due"] > shown["since"]
    assert [state["id"] for state in shown["active"]] == ["offering"]
    assert (shown["effects"], shown["incidents"]) == ([], [])


def test_the_version_is_printed() -> None:
    ran = run("--version")
    assert ran.code == 0
    assert ran.out.startswith(f"statehold {version('statehold')}, Python 3.")


def test_an_encoding_without_arrows_is_no_error() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from statehold.cli import main; main()", "check", ORDERS],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""}, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert rb"\u2713 order" in ran.stdout


async def test_the_history_shows_events_arrows_and_changes(cli: Cli, engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    await cli("send", "order", "o-1", "Accept", "prep_minutes=12", "--caller", "ada")
    answer = (await cli("history", "order", "o-1")).out
    assert "Accept by ada" in answer
    assert "offering → fulfilling.kitchen.cooking, fulfilling.courier.waiting" in answer
    assert "prep_minutes = 12" in answer


async def test_an_instance_is_watched_to_its_end(cli: Cli, engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    watching = asyncio.create_task(cli("watch", "order", "o-1"))
    await engine.send(OrderFlow, "o-1", Reject(reason="closed for today"))
    watched = await watching
    assert watched.code == 0
    assert "offering → cancelled" in watched.out
    assert 'reason = "closed for today"' in watched.out
    lines = (await cli("watch", "order", "o-1", "--json")).out.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2]


async def test_an_instance_is_explained_paused_resumed_and_cancelled(cli: Cli) -> None:
    await cli("start", "order", "o-1")
    assert "Accept" in (await cli("explain", "order", "o-1")).out
    assert "paused" in (await cli("pause", "order", "o-1", "--reason", "stocktaking")).out
    held = await cli("send", "order", "o-1", "Reject", "reason=x")
    assert "held until it is resumed" in held.out
    assert (await cli("resume", "order", "o-1")).code == 0
    await cli("start", "order", "o-2")
    assert "cancelled" in (await cli("cancel", "order", "o-2")).out


async def test_an_incident_is_listed_and_resolved(cli: Cli, engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    await engine.send(OrderFlow, "o-1", Pay())
    async for entry in engine.watch(OrderFlow, "o-1"):
        if entry.kind == "incident":
            break
    answer = (await cli("incidents")).out
    assert "the card was declined" in answer
    (incident,) = json.loads((await cli("incidents", "order", "--json")).out)
    resolved = await cli("resolve", incident["id"], "--result", '"ch_1"', "--reason", "by hand")
    assert "delivered" in resolved.out
    assert "none" in (await cli("incidents")).out
    assert (await cli("skip", incident["id"])).code == 3


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "answer"),
    [
        (["send", "order", "o-1", "Packed"], 1, "allowed now: Accept"),
        (["send", "order", "o-1", "Accept", "prep_minutes=soon"], 1, "prep_minutes"),
        (["send", "order", "o-1", "Reject", "reason=x", "--expect", "9"], 1, "is at seq 1"),
        (["send", "order", "o-1", "Accept", "prep_minutes"], 2, "NAME=VALUE"),
        (["send", "order", "o-1"], 2, "either as EVENT"),
        (["send", "order", "o-1", "--event", "{"], 2, "not JSON"),
        (["send", "order", "o-1", "--event", "@/nowhere.json"], 2, "No such file"),
        (["send", "order", "o-1", "Pay", "--header", "x"], 2, "Name: value"),
        (["list", "order", "--status", "asleep"], 2, "running"),
        (["list", "order", "--limit", "0"], 2, "limit"),
        (["fly"], 2, "fly"),
        (["show", "order", "nobody"], 3, "nobody"),
        (["list", "none"], 3, "none"),
        (["watch", "order", "nobody"], 3, "nobody"),
    ],
)
async def test_a_mistake_has_its_code_and_a_word_on_stderr(
    cli: Cli, engine: Engine, arguments: list[str], code: int, answer: str
) -> None:
    await engine.start(OrderFlow, "o-1")
    ran = await cli(*arguments)
    assert ran.code == code, ran.err
    assert answer in ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_a_server_that_is_away_has_a_code_of_its_own() -> None:
    ran = run("send", "order", "o-1", "Packed", "--url", "http://127.0.0.1:1")
    assert (ran.code, ran.out) == (4, "")
    assert "http://127.0.0.1:1" in ran.err


def test_help_lists_the_exit_codes() -> None:
    answer = run("--help").out
    for word in ("refused", "not found", "not available", "serve", "incidents"):
        assert word in answer


# --- serve --------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_serve_keeps_its_instances_over_a_graceful_stop(
    tmp_path: Path, signal_: signal.Signals
) -> None:
    arguments = (ORDERS, "--port", "0", "--store", "sqlite:///orders.db")
    with Serving(*arguments, cwd=tmp_path) as first:
        assert first.greeting.startswith("serving order v1 at http://127.0.0.1:")
        instances = f"{first.address}/api/machines/order/instances"
        assert httpx.post(instances, json={"id": "o-1"}).status_code == 201
        # a name that points here from elsewhere is not answered to
        rebound = httpx.get(instances, headers={"Host": "evil.example"})
        assert rebound.status_code == 403
        # an open stream does not keep the server
        with httpx.stream("GET", f"{instances}/o-1/stream") as stream:
            next(stream.iter_bytes())
            code, err = first.stop(signal_)
        assert (code, err) == (0, "")
    with Serving(*arguments, cwd=tmp_path) as second:
        shown = run("show", "order", "o-1", "--json", "--url", second.address)
        assert json.loads(shown.out)["state"] == ["offering"]
        assert second.stop()[0] == 0


ELSEWHERE = (ORDERS, "--store", "memory:", "--host", "0.0.0.0", "--port", "0")


def test_serve_elsewhere_than_loopback_warns_where_everybody_is_believed(tmp_path: Path) -> None:
    with Serving(*ELSEWHERE, "--insecure", cwd=tmp_path) as serving:
        code, err = serving.stop()
    assert code == 0
    assert "warning" in err
    assert "--insecure" in err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_serve_elsewhere_than_loopback_asks_how_callers_are_known(host: str) -> None:
    ran = run("serve", ORDERS, "--store", "memory:", "--host", host, "--port", "0")
    assert (ran.code, "--auth" in ran.err, "--insecure" in ran.err) == (2, True, True)


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with Serving(ORDERS, "--store", "memory:", "--port", "0", cwd=tmp_path) as serving:
        port = serving.address.rpartition(":")[2]
        ran = run("serve", ORDERS, "--store", "memory:", "--port", port)
        assert ran.code == 1
        assert f"127.0.0.1:{port}" in ran.err


# --- watching ends ------------------------------------------------------------------------------


class Watching:
    """``statehold watch order o-1`` as a process, after its first line has come."""

    def __init__(self, address: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from statehold.cli import main; main()",
             "watch", "order", "o-1", "--url", address],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline()

    def ended(self) -> tuple[int, str]:
        assert self.process.stderr is not None
        with self.process:
            err = self.process.stderr.read()
        return self.process.returncode, err


async def test_watch_ends_without_a_word_when_the_instance_is_over(
    address: str, engine: Engine
) -> None:
    await engine.start(OrderFlow, "o-1")
    watching = await asyncio.to_thread(Watching, address)
    assert "→ offering" in watching.first
    await engine.send(OrderFlow, "o-1", Reject(reason="closed for today"))
    assert await asyncio.to_thread(watching.ended) == (0, "")


async def test_watch_ends_without_a_word_at_ctrl_c(address: str, engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    watching = await asyncio.to_thread(Watching, address)
    watching.process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(watching.ended) == (130, "")


async def test_watch_ends_without_a_word_when_nobody_reads_on(address: str, engine: Engine) -> None:
    await engine.start(OrderFlow, "o-1")
    watching = await asyncio.to_thread(Watching, address)
    assert watching.process.stdout is not None
    watching.process.stdout.close()
    await engine.send(OrderFlow, "o-1", Reject(reason="closed for today"))
    assert await asyncio.to_thread(watching.ended) == (1, "")


# --- wrong input --------------------------------------------------------------------------------


def test_a_foreign_host_and_a_port_in_use_are_different_errors() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy = run("serve", ORDERS, "--store", "memory:", "--port", port)
    assert (busy.code, "--port" in busy.err, "--host" in busy.err) == (1, True, False)
    nowhere = run(
        "serve",
        ORDERS,
        "--store",
        "memory:",
        "--host",
        "192.0.2.1",
        "--port",
        "0",
        "--auth",
        "loopback",
    )
    assert (nowhere.code, "--port" in nowhere.err, "--host" in nowhere.err) == (1, False, True)


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (("--url", "nonsense"), "write http://host:port"),
        (("--url", "ftp://x"), "write http://host:port"),
        (("--url", ""), "write http://host:port"),
        (("--url", "http://host:port"), "is no server's address"),
        (("--header", "x-a: \u20ac"), "x-a '\u20ac' goes into a header"),
    ],
)
def test_what_no_request_could_be_made_of_is_wrong_usage(
    options: tuple[str, str], answer: str
) -> None:
    ran = run("show", "order", "o-1", *options)
    assert (ran.code, ran.out) == (2, "")
    assert answer in ran.err


async def test_a_screen_of_no_width_is_printed_to(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cli("start", "order", "o-1")
    for columns in ("0", "1", "x", ""):
        monkeypatch.setenv("COLUMNS", columns)
        assert "offering" in (await cli("history", "order", "o-1")).out, columns


async def test_an_instance_that_is_not_there_is_not_found_by_any_command(cli: Cli) -> None:
    for command in (
        ("show",), ("history",), ("watch",), ("explain",), ("pause",), ("resume",), ("cancel",),
        ("upgrade",), ("repair", "--data", "{}"),
    ):  # fmt: skip
        ran = await cli(command[0], "order", "nobody", *command[1:])
        assert (ran.code, ran.out) == (3, ""), ran
        assert "has no instance 'nobody'" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_output_is_an_error_without_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        printed = subprocess.run(
            [sys.executable, "-c", "from statehold.cli import main; main()", "schema"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert printed.returncode == 1
    assert printed.stderr.splitlines() == [
        "error cannot-write the output can't be written: No space left on device"
    ]
