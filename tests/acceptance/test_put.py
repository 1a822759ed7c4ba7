"""Machines are put into a server that runs: over HTTP, by the clients, from the command line."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from statehold.client import Client
from statehold.errors import DocumentRefused, PutRefused
from tests.acceptance.processes import Command

FIRST = """
statehold: 1
name: ticket
version: 1
data:
  properties:
    votes: {type: integer, default: 0}
events:
  Vote: {}
  Close: {}
states:
  open: {initial: true}
  closed: {final: true}
transitions:
  vote: {on: Vote, from: open, do: {set: {votes: data.votes + 1}}}
  close: {on: Close, from: open, to: closed}
"""
SECOND = (
    FIRST.replace("version: 1", "version: 2").replace("open", "waiting")
    + "upgrades:\n  - from: 1\n    states: {open: waiting}\n"
)
OPERATOR = {"Statehold-Roles": "operator"}
YAML = {**OPERATOR, "Content-Type": "application/yaml"}


def serving(cwd: Path, store: str = "sqlite:///put.db", *options: str) -> Command:
    return Command("serve", "--put", "--port", "0", *options, cwd=cwd, store=store)


def statehold(*arguments: str, url: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from statehold.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments, "--url", url, "--roles", "operator"],
        cwd=cwd, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip


def test_a_machine_is_deployed_upgraded_and_kept_after_the_server_is_killed(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(FIRST)
    (tmp_path / "second.yaml").write_text(SECOND)
    with serving(tmp_path) as server:
        url = server.address()
        tried = statehold("put", "first.yaml", "--dry-run", url=url, cwd=tmp_path)
        assert (tried.returncode, "could be put" in tried.stdout) == (0, True), tried
        put = statehold("put", "first.yaml", "--reason", "first", url=url, cwd=tmp_path)
        assert (put.returncode, "ticket v1 was put" in put.stdout) == (0, True), put
        with Client(url, roles=["operator"]) as client:
            client.start("ticket", "t-1")
            client.send("ticket", "t-1", {"type": "Vote"})
            second = statehold("put", "second.yaml", url=url, cwd=tmp_path)
            assert "open → waiting" in second.stdout, second
            reply = client.send("ticket", "t-1", {"type": "Vote"})
            assert (reply.version, reply.state, reply.view) == (2, ["waiting"], {"votes": 2})
        assert "ticket" in httpx.get(f"{url}/api/machines").text
        server.signal(signal.SIGKILL)
        server.ended()
    with serving(tmp_path) as server, Client(server.address(), roles=["operator"]) as client:
        reply = client.send("ticket", "t-1", {"type": "Vote"})
        assert (reply.version, reply.view) == (2, {"votes": 3})
        assert client.document("ticket", 1) == FIRST.encode()


def test_every_problem_of_a_document_is_reported_and_nothing_changes(tmp_path: Path) -> None:
    broken = FIRST.replace("from: open, do", "from: opne, do").replace("to: closed", "to: clsoed")
    (tmp_path / "broken.yaml").write_text(broken)
    with serving(tmp_path) as server:
        url = server.address()
        found = statehold("put", "broken.yaml", url=url, cwd=tmp_path)
        assert found.returncode == 1
        assert "opne" in found.stderr
        assert "clsoed" in found.stderr
        assert statehold("put", "nowhere.yaml", url=url, cwd=tmp_path).returncode == 3
        with Client(url, roles=["operator"]) as client:
            with pytest.raises(DocumentRefused) as refused:
                client.put(broken)
            assert len(refused.value.problems) >= 2
            assert client.machines() == []
            client.put(FIRST)
            with pytest.raises(PutRefused) as conflict:
                client.put(FIRST.replace("closed", "shut"))
            assert "state shut was added" in conflict.value.differences


def test_each_outcome_has_its_status(tmp_path: Path) -> None:
    with serving(tmp_path) as server, httpx.Client(base_url=server.address()) as http:

        def put(text: str, **params: str) -> httpx.Response:
            return http.post("/api/machines", content=text, headers=YAML, params=params)

        assert put(FIRST, dry_run="true").status_code == 200
        added = put(FIRST)
        assert added.status_code == 201
        assert added.headers["location"] == "/api/machines/ticket?version=1"
        assert http.get(added.headers["location"]).json()["notation"] == "native"
        assert put(FIRST).status_code == 200
        assert put(FIRST + "#").status_code == 409
        for text in (
            "",
            "{",
            "[]",
            "a: &a [*a]",
            "a: {b: " * 3000,
            "statehold: 2",
            "\0",
            "- x\n" * 9,
        ):
            answer = put(text)
            assert answer.status_code == 422, (text[:20], answer.text)
            assert answer.json()["problems"], text[:20]
        assert put("#" * 1_000_001).status_code == 413
        assert put(FIRST, notation="bpmn").status_code == 422
        form = http.post(
            "/api/machines", content=FIRST, headers=OPERATOR | {"Content-Type": "text/plain"}
        )
        assert form.status_code == 415
        cook = {**YAML, "Statehold-Roles": "cook"}
        assert http.post("/api/machines", content=SECOND, headers=cook).status_code == 403
        operator = {**YAML, "Statehold-Roles": "operator", "Statehold-Caller": "ada"}
        assert http.post("/api/machines", content=SECOND, headers=operator).status_code == 201
        assert http.get("/api/machines/ticket").json()["put_by"] == "ada"
        assert http.get("/api/machines/ticket/document", params={"version": 7}).status_code == 422
        assert http.get("/api/machines/other/document").status_code == 404


def test_a_server_without_the_option_accepts_no_machines(tmp_path: Path) -> None:
    orders = str(Path(__file__).with_name("orders.py"))
    command = Command("serve", orders, "--port", "0", cwd=tmp_path, store="memory:")
    with command as server, httpx.Client(base_url=server.address()) as http:
        answer = http.post("/api/machines", content=FIRST, headers=YAML)
        assert (answer.status_code, "--put" in answer.json()["detail"]) == (403, True)
    with Command("serve", "--port", "0", cwd=tmp_path, store="memory:") as server:
        assert server.ended() == 2
        assert "--put" in server.said()


def test_every_worker_of_a_server_serves_what_was_put(tmp_path: Path, migrated_dsn: str) -> None:
    with serving(tmp_path, migrated_dsn, "--workers", "2", "--act-role", "operator") as server:
        url = server.address()
        with Client(url, roles=["operator"]) as client:
            client.put(FIRST)
            for n in range(20):
                # each over a connection of its own, which either worker may accept
                httpx.post(f"{url}/api/machines/ticket/instances", json={"id": f"t-{n}"})
                client.send("ticket", f"t-{n}", {"type": "Vote"})
            client.put(SECOND)
            client.upgrade("ticket")
        answers = [
            httpx.get(f"{url}/api/machines/ticket/instances/t-{n}").json() for n in range(20)
        ]
        assert {(a["version"], a["view"]["votes"]) for a in answers} == {(2, 1)}
        (one, two) = server.workers()
        assert one != two
        server.wait_for(r"machine ticket 2, which was put", 2)
