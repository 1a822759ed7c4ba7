"""``serve`` and ``worker`` on a network: how they know their callers, their hosts, and TLS."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import time
from pathlib import Path

import httpx
import pytest

from statehold.server.authenticators.tokens import STALE_SECONDS
from tests.acceptance.command_line import ORDERS, run
from tests.acceptance.processes import Command
from tests.unit.cli.certificates import Files, make

ORDER = "/api/machines/order/instances"


def serving(cwd: Path, *options: str, store: str = "memory:", **environment: str) -> Command:
    return Command(
        "serve", ORDERS, "--port", "0", *options, cwd=cwd, store=store, environment=environment
    )


def trusting(files: Files) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files.certificate))


# --- authenticators -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--auth", "magic"], "none of"),
        (["--auth", "proxy"], "no address of a proxy"),
        (["--auth", "proxy", "--proxy-address", "proxy.example"], "proxy.example"),
        (["--auth", "proxy", "--proxy-address", "10.0.0.1", "--insecure"], "choose one"),
        (["--proxy-address", "10.0.0.1"], "--auth proxy"),
        (["--auth", "tokens", "--proxy-caller", "X-Me"], "--proxy-caller is for --auth proxy"),
        (["--proxy-teams", "X-Teams"], "--proxy-teams is for --auth proxy"),
        (["--oidc-issuer", "https://id.example"], "--oidc-issuer is for --auth oidc"),
        (["--auth", "tokens", "--oidc-scope", "all"], "--oidc-scope is for --auth oidc"),
        (["--auth", "proxy", "--proxy-address", "10.0.0.1", "--proxy-caller", "Host"], "'Host'"),
        (
            ["--auth", "proxy", "--proxy-address", "10.0.0.1", "--proxy-roles", "X-Forwarded-User"],
            "two things",
        ),
        (["--act-role", ""], "--act-role ''"),
        (["--audit-role", "machine:lead"], "--audit-role 'machine:lead'"),
        (["--allowed-host", "https://x"], "https://x"),
        (["--tls-certificate", "x.pem"], "--tls-key"),
        (["--tls-key", "x.pem"], "--tls-certificate"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_anything_starts(
    options: list[str], why: str
) -> None:
    ran = run("serve", ORDERS, "--store", "memory:", "--port", "0", *options)
    assert (ran.code, ran.out, why in ran.err) == (2, "", True), ran
    ran = run("serve", ORDERS, "--store", "postgresql:///none", "--workers", "2", *options)
    assert (ran.code, why in ran.err) == (2, True), ran


def test_behind_a_proxy_its_headers_name_the_caller(tmp_path: Path) -> None:
    options = ["--auth", "proxy", "--proxy-address", "127.0.0.1", "--proxy-roles", "X-Roles"]
    with (
        serving(tmp_path, *options, "--metrics-role", "ops") as server,
        httpx.Client(base_url=server.address()) as http,
    ):
        claimed = {"Statehold-Caller": "ann", "Statehold-Roles": "ops"}
        assert http.get("/api/me", headers=claimed).status_code == 401
        ann = {"X-Forwarded-User": "ann", "X-Roles": "ops, cook"}
        assert http.get("/api/me", headers=ann).json()["roles"] == ["cook", "ops"]
        assert http.get("/metrics", headers=ann).status_code == 200
        assert http.get("/metrics", headers={"X-Forwarded-User": "bo"}).status_code == 403
        assert http.get("/health").status_code == 200


def test_options_come_from_the_environment_too(tmp_path: Path) -> None:
    environment = {
        "STATEHOLD_AUTH": "proxy",
        "STATEHOLD_PROXY_ADDRESS": "10.0.0.0/8 127.0.0.0/8",
        "STATEHOLD_PROXY_CALLER": "Remote-User",
        "STATEHOLD_ALLOWED_HOST": "flows.example.com other.example:1",
        "STATEHOLD_METRICS_ROLE": "ops",
    }
    with (
        serving(tmp_path, **environment) as server,
        httpx.Client(base_url=server.address()) as http,
    ):
        ann = {"Remote-User": "ann", "Host": "flows.example.com"}
        assert http.get("/api/me", headers=ann).json()["name"] == "ann"
        assert http.get("/metrics", headers=ann).status_code == 403
        assert http.get("/api/me", headers=ann | {"Host": "example.com"}).status_code == 403


def test_insecure_believes_everybody_and_says_so_at_every_start(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "0.0.0.0", "--insecure") as server:
        port = server.address().rpartition(":")[2]
        (warning,) = server.wait_for("(.*--insecure.*)")
        assert "warning" in warning
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
            for claimed in ({"Statehold-Caller": "ann"}, {"X-Forwarded-For": "1.2.3.4"}):
                assert http.get("/api/me", headers=claimed).status_code == 200
            rebound = {"Host": f"evil.example:{port}"}
            assert http.get(ORDER, headers=rebound).status_code == 403


def test_a_workers_metrics_are_behind_its_authenticator(tmp_path: Path) -> None:
    health = ("worker", ORDERS, "--health-port", "0")
    with (
        Command(*health, cwd=tmp_path, store="sqlite:///orders.db") as worker,
        httpx.Client(base_url=worker.address()) as http,
    ):
        assert http.get("/metrics").status_code == 200
        assert http.get("/metrics", headers={"Host": "evil.example"}).status_code == 403
        assert http.get("/ready", headers={"Host": "pod-7"}).status_code == 200
    proxy = ("--auth", "proxy", "--proxy-address", "127.0.0.1", "--metrics-role", "ops")
    with (
        Command(*health, *proxy, cwd=tmp_path, store="sqlite:///orders.db") as worker,
        httpx.Client(base_url=worker.address()) as http,
    ):
        assert http.get("/metrics").status_code == 401
        scraper = {"X-Forwarded-User": "prometheus", "X-Forwarded-Groups": "ops"}
        assert http.get("/metrics", headers=scraper).status_code == 200


# --- TLS ------------------------------------------------------------------------------------------


def options_of(files: Files) -> list[str]:
    return ["--tls-certificate", str(files.certificate), "--tls-key", str(files.key)]


def test_requests_are_encrypted_and_older_versions_and_plain_text_are_not_answered(
    tmp_path: Path,
) -> None:
    files = make(tmp_path / "tls")
    with serving(tmp_path, *options_of(files)) as server:
        address = server.address()
        assert address.startswith("https://127.0.0.1:")
        with httpx.Client(base_url=address, verify=trusting(files)) as http:
            assert http.post(ORDER, json={"id": "o-1"}).status_code == 201
            secure = {"Origin": address}
            assert http.post(ORDER, json={"id": "o-2"}, headers=secure).status_code == 201
            plain = {"Origin": address.replace("https", "http")}
            assert http.post(ORDER, json={"id": "o-3"}, headers=plain).status_code == 403
            # it would speak for all servers of this name, at other ports too
            assert "strict-transport-security" not in http.get("/").headers
        host, port = address.removeprefix("https://").split(":")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with (
            socket.create_connection((host, int(port)), timeout=20) as connection,
            pytest.raises((ssl.SSLError, ConnectionError)),
        ):
            old.wrap_socket(connection)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{host}:{port}/health", timeout=20)
        assert httpx.get(f"{address}/health", verify=trusting(files)).status_code == 200
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        assert "Traceback" not in server.said()


def test_a_new_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    files = make(tmp_path / "tls")
    with serving(tmp_path, *options_of(files), store="sqlite:///orders.db") as server:
        address = server.address()
        before = trusting(files)
        assert httpx.get(f"{address}/health", verify=before).status_code == 200
        make(tmp_path / "tls")
        server.wait_for("certificate was read again")
        assert httpx.get(f"{address}/health", verify=trusting(files)).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/health", verify=before)
        # SIGHUP starts the process again, unless it could not
        files.key.write_text("nothing")
        server.signal(signal.SIGHUP)
        server.wait_for("was not replaced")
        assert httpx.get(f"{address}/health", verify=trusting(files)).status_code == 200


def test_a_certificate_that_can_not_be_used_stops_the_start(tmp_path: Path) -> None:
    files = make(tmp_path / "tls")
    files.key.write_text("nothing")
    ran = run("serve", ORDERS, "--store", "memory:", "--port", "0", *options_of(files))
    assert (ran.code, ran.out, "tls-refused" in ran.err) == (1, "", True)


def test_several_processes_share_authenticator_and_certificate(
    tmp_path: Path, migrated_dsn: str
) -> None:
    files = make(tmp_path / "tls")
    options = ["--workers", "2", "--auth", "proxy", "--proxy-address", "127.0.0.1"]
    with serving(tmp_path, *options, *options_of(files), store=migrated_dsn) as server:
        address, trusted = server.address(), trusting(files)
        assert len(server.workers()) == 2
        for _ in range(8):
            # each over a connection of its own, which either process may accept
            assert httpx.get(f"{address}/api/me", verify=trusted).status_code == 401
            ann = {"X-Forwarded-User": "ann"}
            found = httpx.get(f"{address}/api/me", headers=ann, verify=trusted)
            assert found.json()["name"] == "ann"


def test_a_token_that_is_revoked_is_refused_by_every_process_within_five_seconds(
    tmp_path: Path, migrated_dsn: str
) -> None:
    made = run("token", "create", "billing", "--store", migrated_dsn, "--json")
    bearer = {"Authorization": f"Bearer {json.loads(made.out)['token']}"}
    with serving(tmp_path, "--workers", "2", "--auth", "tokens", store=migrated_dsn) as server:
        url = f"{server.address()}/api/me"

        def status() -> int:
            # over a connection of its own, which either process may accept
            return httpx.get(url, headers=bearer).status_code

        assert {status() for _ in range(16)} == {200}
        (one,) = json.loads(run("token", "list", "--store", migrated_dsn, "--json").out)
        assert run("token", "revoke", one["id"], "--store", migrated_dsn).code == 0
        revoked = last = time.monotonic()
        refused = 0
        while refused < 40:
            sent = time.monotonic()
            if status() == 401:
                refused += 1
            else:
                refused, last = 0, sent
                assert last - revoked < STALE_SECONDS
    logged = run("audit", "list", "--store", migrated_dsn, "--action", "admission", "--json")
    lines = json.loads(logged.out)
    assert lines
    assert all(one["id"] in line["detail"] for line in lines)
