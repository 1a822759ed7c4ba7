"""``statehold token`` and ``statehold audit``, and a server that lets in who has a token."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from statehold.chart.access import Access, ServerAccess, role
from statehold.client import AsyncClient
from statehold.engine import Engine
from statehold.instance.audited import audit_entry
from statehold.records import Caller
from statehold.server import Bounds, Tokens, create_app
from statehold.server.shares import Hold, Shares
from statehold.stores import SqliteStore
from statehold.stores.address import StoreOptions
from statehold.stores.security import open_security
from tests.acceptance.command_line import run
from tests.acceptance.orders import OrderFlow

pytestmark = pytest.mark.anyio


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 's.db'}"


def made(address: str, name: str, *options: str) -> str:
    done = run("token", "create", name, "--store", address, *options)
    assert done.code == 0, done.err
    return done.out.strip()


def listed(address: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        run("token", "list", "--store", address, "--json").out
    )
    return found


def test_a_token_is_printed_once_and_kept_as_a_digest(address: str) -> None:
    text = made(address, "billing", "--role", "ops", "--team", "north", "--machine", "shop.*")
    (one,) = listed(address)
    assert text.startswith(f"sth_{one['id']}_")
    assert (one["name"], one["roles"], one["teams"]) == ("billing", ["ops"], ["north"])
    assert (one["machines"], one["status"], one["used_at"]) == (["shop.*"], "good", None)
    secret = text[17:]
    assert secret not in run("token", "list", "--store", address).out
    assert secret.encode() not in Path(address.removeprefix("sqlite:///")).read_bytes()
    shown = run("audit", "list", "--store", address, "--json").out
    assert secret not in shown
    assert [entry["action"] for entry in json.loads(shown)] == ["token.create"]


def test_a_token_is_rotated_and_revoked_once(address: str) -> None:
    before = made(address, "billing")
    id = str(listed(address)[0]["id"])
    after = run("token", "rotate", id, "--store", address, "--overlap", "0s")
    assert after.code == 0
    assert after.out.strip().startswith(f"sth_{id}_")
    assert after.out.strip() != before
    assert run("token", "revoke", id, "--store", address).code == 0
    again = run("token", "revoke", id, "--store", address)
    assert (again.code, "was revoked before" in again.err) == (1, True)
    assert run("token", "rotate", id, "--store", address).code == 1
    assert run("token", "revoke", "nobody", "--store", address).code == 3
    assert listed(address)[0]["status"] == "revoked"
    found = json.loads(run("audit", "list", "--store", address, "--json").out)
    assert [entry["action"] for entry in found] == ["token.revoke", "token.rotate", "token.create"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["billing", "--expires", "367d"], "366d at most"),
        (["billing", "--expires", "soon"], "--expires"),
        (["billing", "--expires", "0d"], "no time at all"),
        (["billing", "--expires", "0s"], "no time at all"),
        ([" billing"], "spaces at its ends"),
        (["billing", "--team", "north "], "spaces at its ends"),
        (["bil\u202eling"], "control characters"),
        (["billing", "--role", "ops\u2028x"], "control characters"),
        (["billing", "--role", "machine:lead"], "messages of machines"),
        (["bil\nling"], "control characters"),
        (["  "], "is empty"),
        (["b" * 201], "the limit is 200"),
        (["billing", "--role", "\x1b[31m"], "control characters"),
        (["billing", *(f"--role=r{n}" for n in range(65))], "64 at most"),
    ],
)
def test_what_no_token_can_be_is_refused(
    address: str, arguments: list[str], complaint: str
) -> None:
    refused = run("token", "create", "--store", address, *arguments)
    assert refused.code == 2
    assert complaint in refused.err
    assert not Path(address.removeprefix("sqlite:///")).exists()


def test_the_end_of_the_secret_before_is_said_as_it_is(address: str) -> None:
    made(address, "billing", "--expires", "1h")
    (one,) = listed(address)
    changed = run("token", "rotate", str(one["id"]), "--store", address, "--json")
    # the token was good for less than the overlap of a day
    assert json.loads(changed.out)["old_until"] == one["expires_at"]


def test_memory_has_no_tokens_that_a_command_could_make() -> None:
    refused = run("token", "create", "billing", "--store", "memory:")
    assert refused.code == 1
    assert "gone with its process" in refused.err


# --- a server ---------------------------------------------------------------------------------


ACCESS = ServerAccess(
    unstated=Access(read="ops", start="ops", inspect="ops", send="ops"), audit=role("auditor")
)


DEFAULT_BOUNDS = Bounds()


@asynccontextmanager
async def serving(
    address: str, bounds: Bounds = DEFAULT_BOUNDS
) -> AsyncIterator[httpx.AsyncClient]:
    engine = Engine(SqliteStore(address.removeprefix("sqlite:///")), [OrderFlow])
    app = create_app(engine, authenticate=Tokens(), access=ACCESS, bounds=bounds)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


@pytest.fixture
async def served(address: str, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(address) as client:
        yield client


async def beside(address: str, name: str, *options: str) -> str:
    """A token that is made while the server runs."""
    return await asyncio.to_thread(made, address, name, *options)


def as_(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_tokens_are_made_and_revoked_while_the_server_runs_on_its_file(
    served: httpx.AsyncClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await served.get("/api/machines")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    text = await beside(address, "billing", "--role", "ops")
    for path in ("/api/machines", "/api/machines/order/instances"):
        assert (await served.get(path, headers=as_(text))).status_code == 200
    (one,) = await asyncio.to_thread(listed, address)
    revoked = await asyncio.to_thread(run, "token", "revoke", str(one["id"]), "--store", address)
    assert revoked.code == 0
    # five seconds later
    monkeypatch.setattr("statehold.server.authenticators.tokens.STALE_SECONDS", 0.0)
    assert (await served.get("/api/machines", headers=as_(text))).status_code == 401


async def test_a_stream_ends_once_its_token_is_revoked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statehold.server.authenticators.tokens.STALE_SECONDS", 0.0)
    text = await beside(address, "billing", "--role", "ops")
    async with serving(address, Bounds(caller_seconds=0.05)) as client:
        started = await client.post(
            "/api/machines/order/instances", headers=as_(text), json={"id": "o-1"}
        )
        assert started.status_code == 201, started.text
        # its answer is here once the stream has ended
        path = "/api/machines/order/instances/o-1/stream"
        stream = asyncio.create_task(client.get(path, headers=as_(text)))
        (one,) = await asyncio.to_thread(listed, address)
        await asyncio.to_thread(run, "token", "revoke", str(one["id"]), "--store", address)
        ended = await asyncio.wait_for(stream, 30)
    assert ended.status_code in (200, 401)
    assert "event: end" not in ended.text


ORDERS = "/api/machines/order/instances"


async def revoke_all(address: str) -> None:
    for one in await asyncio.to_thread(listed, address):
        await asyncio.to_thread(run, "token", "revoke", str(one["id"]), "--store", address)


async def test_a_token_that_is_revoked_while_a_body_arrives_does_nothing(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statehold.server.authenticators.tokens.STALE_SECONDS", 0.0)
    monkeypatch.setattr("statehold.server.guard.ADMITTED_SECONDS", 0.0)
    text = await beside(address, "billing", "--role", "ops")
    arriving, rest = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b'{"id": '
        arriving.set()
        await rest.wait()
        yield b'"o-1"}'

    async with serving(address) as client:
        headers = {**as_(text), "Content-Type": "application/json"}
        slow = asyncio.create_task(client.post(ORDERS, headers=headers, content=body()))
        await asyncio.wait_for(arriving.wait(), 30)
        await revoke_all(address)
        rest.set()
        assert (await asyncio.wait_for(slow, 30)).status_code == 401
        other = await beside(address, "other", "--role", "ops")
        assert (await client.get(f"{ORDERS}/o-1", headers=as_(other))).status_code == 404


async def test_a_token_that_is_revoked_while_a_read_waits_for_others_reads_nothing(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statehold.server.authenticators.tokens.STALE_SECONDS", 0.0)
    monkeypatch.setattr("statehold.server.guard.ADMITTED_SECONDS", 0.0)
    text = await beside(address, "billing", "--role", "ops")
    at_work, go_on = asyncio.Event(), asyncio.Event()
    read = Engine.read

    async def slowly(engine: Engine, *given: Any, **named: Any) -> Any:
        at_work.set()
        await go_on.wait()
        return await read(engine, *given, **named)

    let_in, begin = asyncio.Event(), Shares.begin

    def begun(shares: Shares, caller: Caller) -> Hold:
        if at_work.is_set():
            let_in.set()
        return begin(shares, caller)

    monkeypatch.setattr(Engine, "read", slowly)
    monkeypatch.setattr(Shares, "begin", begun)
    async with serving(address, Bounds(reads=1, caller_share=1)) as client:
        made = await client.post(ORDERS, headers=as_(text), json={"id": "o-1"})
        assert made.status_code == 201
        first = asyncio.create_task(client.get(f"{ORDERS}/o-1", headers=as_(text)))
        await asyncio.wait_for(at_work.wait(), 30)
        second = asyncio.create_task(client.get(f"{ORDERS}/o-1", headers=as_(text)))
        await asyncio.wait_for(let_in.wait(), 30)
        await revoke_all(address)
        go_on.set()
        # the one at work is finished, the one that waited is not begun
        assert (await asyncio.wait_for(first, 30)).status_code == 200
        assert (await asyncio.wait_for(second, 30)).status_code == 401


async def test_a_request_at_work_is_finished_when_its_token_is_revoked(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statehold.server.authenticators.tokens.STALE_SECONDS", 0.0)
    text = await beside(address, "billing", "--role", "ops")
    at_work, go_on = asyncio.Event(), asyncio.Event()
    start = Engine.start

    async def slowly(engine: Engine, *given: Any, **named: Any) -> Any:
        at_work.set()
        await go_on.wait()
        return await start(engine, *given, **named)

    monkeypatch.setattr(Engine, "start", slowly)
    async with serving(address) as client:
        running = asyncio.create_task(client.post(ORDERS, headers=as_(text), json={"id": "o-1"}))
        await asyncio.wait_for(at_work.wait(), 30)
        await revoke_all(address)
        assert (await client.get(ORDERS, headers=as_(text))).status_code == 401
        go_on.set()
        assert (await asyncio.wait_for(running, 30)).status_code == 201
        assert (await client.get(ORDERS, headers=as_(text))).status_code == 401


async def test_rights_are_those_of_the_token(served: httpx.AsyncClient, address: str) -> None:
    anywhere = await beside(address, "anywhere", "--role", "ops")
    elsewhere = await beside(address, "elsewhere", "--role", "ops", "--machine", "shop.*")
    path = "/api/machines/order/instances/o-1"
    assert (await served.get(path, headers=as_(anywhere))).status_code == 404
    assert (await served.get(path, headers=as_(elsewhere))).status_code == 403


async def test_the_log_is_listed_for_those_who_may_read_it(
    served: httpx.AsyncClient, address: str
) -> None:
    bob = await beside(address, "bob", "--role", "ops")
    eve = await beside(address, "eve", "--role", "auditor")
    assert (await served.get("/api/audit", headers=as_(bob))).status_code == 403
    limited = await beside(address, "sam", "--role", "auditor", "--machine", "order")
    assert (await served.get("/api/audit", headers=as_(limited))).status_code == 403
    answer = await served.get("/api/audit", headers=as_(eve), params={"limit": 1})
    assert answer.status_code == 200
    (entry,) = answer.json()["entries"]
    assert (entry["action"], entry["outcome"], entry["proved"]) == ("token.create", "done", False)
    more = {"limit": 1, "cursor": answer.json()["cursor"]}
    assert (await served.get("/api/audit", headers=as_(eve), params=more)).json()["entries"] != [
        entry
    ]
    for wrong in ({"outcome": "maybe"}, {"since": "yesterday"}, {"cursor": "x"}, {"limit": "0"}):
        answer = await served.get("/api/audit", headers=as_(eve), params=wrong)
        assert answer.status_code == 422


async def test_what_was_refused_is_in_the_log_once_the_server_has_stopped(address: str) -> None:
    bob = await beside(address, "bob", "--role", "clerk")
    secret = "sth_secret_text"
    async with serving(address) as client:
        await client.get("/api/machines/order/instances/o-1", headers=as_(bob))
        await client.get("/api/machines", headers=as_(secret))
        await client.get("/api/machines", headers={**as_(bob), "Origin": "https://evil.example"})
    listing = ("audit", "list", "--store", address)
    shown = (await asyncio.to_thread(run, *listing, "--json", "--outcome", "refused")).out
    lines = json.loads(shown)
    found = {(one["caller"], one["action"], one["instance"]) for one in lines}
    assert found == {("bob", "read", "o-1"), ("", "admission", "")}
    assert len(lines) == 3
    assert all(one["proved"] == (one["caller"] == "bob") for one in lines)
    assert secret not in shown
    assert bob[17:] not in shown


def test_a_name_forges_no_line_of_an_export(address: str) -> None:
    async def add() -> None:
        async with open_security(address, StoreOptions()) as kept:
            forged = "x\u2028{}\u2029{}\x85{}\n{}"
            at = datetime.now(UTC) - timedelta(hours=1)
            caller = Caller(forged, frozenset())
            await kept.add_audit(
                [audit_entry(at, caller, "read", forged, outcome="refused", detail=forged)]
            )

    asyncio.run(add())
    exported = run("audit", "export", "--store", address).out
    (line,) = exported.splitlines()
    assert json.loads(line)["machine"] == "x\u2028{}\u2029{}\x85{}\n{}"


def test_a_name_forges_no_line_of_the_table(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # a width would break lines
    monkeypatch.delenv("COLUMNS", raising=False)
    made(address, "billing")
    fill(address, 1, 1, timedelta(hours=1))
    table = run("audit", "list", "--store", address).out
    assert len(table.splitlines()) == 3
    assert "ada\\nforged" in table


async def test_the_client_reads_the_log(served: httpx.AsyncClient, address: str) -> None:
    eve = await beside(address, "eve", "--role", "auditor")
    async with AsyncClient(
        "http://localhost", headers=as_(eve), transport=served._transport
    ) as client:
        page = await client.audit(action="token.create", outcome="done", limit=5)
        assert [entry.action for entry in page.entries] == ["token.create"]
        assert (await client.audit(until="2020-01-01T00:00:00Z")).entries == []


# --- the doctor -------------------------------------------------------------------------------


def set_times(address: str, name: str, created: timedelta, expires: timedelta) -> None:
    now = datetime.now(UTC)
    times = [int((now + one).timestamp() * 1e6) for one in (created, expires)]
    with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as db, db:
        db.execute(
            "UPDATE tokens SET created_at = ?, expires_at = ? WHERE name = ?", (*times, name)
        )


def test_the_doctor_reports_tokens_that_end_soon_are_unused_or_too_long(address: str) -> None:
    day = timedelta(days=1)
    for name, created, expires in (
        ("new", -1 * day, 90 * day),
        ("soon", -1 * day, 13 * day),
        ("unused", -31 * day, 60 * day),
        ("forever", -1 * day, 9_000 * day),
        ("expired", -40 * day, -1 * day),
        ("revoked", -40 * day, 1 * day),
    ):
        made(address, name)
        set_times(address, name, created, expires)
    (revoked,) = [str(one["id"]) for one in listed(address) if one["name"] == "revoked"]
    assert run("token", "revoke", revoked, "--store", address).code == 0
    found = json.loads(run("doctor", "--store", address, "--json").out)
    whose = {one["code"]: one["what"] for one in found if one["code"].startswith("token")}
    assert whose.keys() == {"token-expires", "token-unused", "token-too-long"}
    for code, name in (
        ("token-expires", "soon"),
        ("token-unused", "unused"),
        ("token-too-long", "forever"),
    ):
        assert whose[code].count("(") == 1
        assert f"({name})" in whose[code]


# --- an export --------------------------------------------------------------------------------


def fill(address: str, begin: int, count: int, before: timedelta) -> None:
    with closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as db, db:
        at = int((datetime.now(UTC) - before).timestamp() * 1e6)
        db.executemany(
            "INSERT INTO audit VALUES "
            "(?, ?, 'ada\nforged', 1, '', 'pause', 'order', 'o-1', 'done', '', 1)",
            [(at + n // 3, n) for n in range(begin, begin + count)],
        )


def test_an_export_goes_on_behind_its_last_line(address: str, tmp_path: Path) -> None:
    made(address, "billing")
    to = tmp_path / "audit.jsonl"
    fill(address, 1, 2_500, timedelta(hours=2))
    assert run("audit", "export", "--store", address, "--to", str(to)).code == 0
    assert len(to.read_text().splitlines()) == 2_500
    assert to.stat().st_mode & 0o777 == 0o600
    fill(address, 3_000, 7, timedelta(hours=1))
    # as one that was killed leaves it
    with to.open("ab") as file:
        file.write(b'{"id":"1","at":"20')
    assert run("audit", "export", "--store", address, "--to", str(to)).code == 0
    assert run("audit", "export", "--store", address, "--to", str(to)).code == 0
    lines = [json.loads(line) for line in to.read_text().splitlines()]
    assert [int(line["id"]) for line in lines] == [*range(1, 2_501), *range(3_000, 3_007)]
    assert {line["caller"] for line in lines} == {"ada\nforged"}


def test_an_export_leaves_the_last_minute_for_the_next(address: str) -> None:
    made(address, "billing")
    fill(address, 1, 2, timedelta(minutes=2))
    out = run("audit", "export", "--store", address).out
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["1", "2"]


def test_a_file_of_something_else_is_not_added_to(address: str, tmp_path: Path) -> None:
    made(address, "billing")
    to = tmp_path / "notes.txt"
    to.write_text("remember the milk\n")
    refused = run("audit", "export", "--store", address, "--to", str(to))
    assert refused.code == 2
    assert to.read_text() == "remember the milk\n"
