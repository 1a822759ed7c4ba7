"""Requests that mean harm, byte by byte, and the headers of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
import pytest
from fastapi import FastAPI

from statehold.chart.access import ServerAccess, role
from statehold.engine import Engine
from statehold.errors import StoreUnavailable
from statehold.observe.metrics import Metrics
from statehold.records import Caller
from statehold.security import AuditQuery
from statehold.server import Bounds, Proxy, create_app, create_probes, router
from statehold.server.studio import is_built
from tests.acceptance.http_orders import INSTANCES, ONE, RESTAURANT
from tests.acceptance.orders import OrderFlow
from tests.acceptance.serving import listening
from tests.access import OPEN

pytestmark = pytest.mark.anyio

CANCEL = f"{ONE}/cancel"
JSON = "Content-Type: application/json"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: str

    def all(self, name: str) -> list[str]:
        return [value for given, value in self.headers if given == name]


class Raw:
    """Sends bytes, and reads one answer up to the end of the connection or of its headers."""

    def __init__(self, address: str) -> None:
        self.host, _, port = address.removeprefix("http://").rpartition(":")
        self.port = int(port)
        self.own = f"Host: {self.host}:{port}"

    async def __call__(
        self, *headers: str, first: str = f"POST {CANCEL} HTTP/1.1", body: str = ""
    ) -> Answer:
        lines = [first, *headers, "Connection: close"]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode("latin-1")
            status, *rest = head.rstrip().split("\r\n")
            pairs = [(n.lower(), v) for n, _, v in (line.partition(": ") for line in rest)]
            answer = Answer(int(status.split()[1]), pairs, "")
            if not answer.all("content-length"):
                return answer
            text = (await asyncio.wait_for(reader.read(), 20)).decode()
            return answer._replace(body=text)
        finally:
            writer.close()


@pytest.fixture
async def raw(engine: Engine, address: str) -> Raw:
    await engine.start(OrderFlow, "o-1")
    return Raw(address)


async def status_of(engine: Engine) -> str:
    return (await engine.read(OrderFlow, "o-1")).status


# --- what is refused, and changes nothing ---------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "hosts"),
    [
        (400, []),
        (400, ["Host:"]),
        (400, ["Host: 127.0.0.1", "Host: 127.0.0.1"]),
        (400, ["Host: 127.0.0.1", "Host: evil.example"]),
        (400, ["Host: evil.example", "hOST: 127.0.0.1"]),
        (403, ["Host: evil.example"]),
        (403, ["Host: 127.0.0.1.evil.example"]),
        (400, ["Host: eve@127.0.0.1"]),
        (400, ["Host: 127.0.0.1:80@evil.example"]),
        (400, ["Host: [::1%25eth0]"]),
        (400, ["Host: [fe80::1%eth0]"]),
        (400, ["Host: 127.0.0.1,evil.example"]),
        (400, ["Host: 127.0.0.1 evil.example"]),
        (400, ["Host: 127.0.0.1/"]),
        (400, ["Host: löcalhost"]),
        (400, ["Host: 127.0.0.1", "Host"]),
        (400, ["Host: evil.example\r\n 127.0.0.1"]),
        (403, ["Host: [::2]"]),
        (403, ["Host: 2130706433"]),
    ],
)
async def test_a_foreign_host_is_refused(
    raw: Raw, engine: Engine, status: int, hosts: list[str]
) -> None:
    for first in (f"POST {CANCEL} HTTP/1.1", f"GET {ONE}/journal HTTP/1.1", "GET / HTTP/1.1"):
        answer = await raw(*hosts, first=first)
        assert answer.status == status, answer
        assert "o-1" not in answer.body
        assert answer.all("x-content-type-options") == ["nosniff"]
    assert await status_of(engine) == "running"


async def test_a_request_of_old_clients_needs_a_host_too(raw: Raw, engine: Engine) -> None:
    assert (await raw(first=f"POST {CANCEL} HTTP/1.0")).status == 400
    assert await status_of(engine) == "running"
    assert (await raw(raw.own, first=f"POST {CANCEL} HTTP/1.0")).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example{path}",
        "http://evil.example:{port}{path}",
        "http://127.0.0.1:1{path}",
        "http://eve@127.0.0.1:{port}{path}",
        "http://eve:pw@127.0.0.1:{port}{path}",
        "https://127.0.0.1.evil.example:{port}{path}",
        "evil.example:{port}{path}",
    ],
)
async def test_a_target_that_names_another_host_is_refused(
    raw: Raw, engine: Engine, target: str
) -> None:
    given = target.format(path=CANCEL, port=raw.port)
    assert (await raw(raw.own, first=f"POST {given} HTTP/1.1")).status == 400
    assert await status_of(engine) == "running"


async def test_a_target_with_the_same_host_is_answered(raw: Raw) -> None:
    own = f"http://127.0.0.1:{raw.port}{CANCEL}"
    assert (await raw(raw.own, first=f"POST {own} HTTP/1.1")).status == 200


@pytest.mark.parametrize("host", ["LOCALHOST", "localhost.", "localhost:9", "127.0.0.1:", "[::1]"])
async def test_a_name_of_this_host_is_answered(raw: Raw, host: str) -> None:
    assert (await raw(f"Host: {host}")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        ["Origin: null"],
        ["Origin: https://evil.example"],
        ["Origin: http://127.0.0.1:1"],
        ["Origin: http://127.0.0.1"],
        ["Origin:"],
        ["Sec-Fetch-Site: cross-site"],
        ["Sec-Fetch-Site: same-site"],
        ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"],
        ["Sec-Fetch-Site: none", "Origin: null"],
        ["Sec-Fetch-Site: same-origin", "Origin: https://evil.example"],
        ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"],
    ],
)
@pytest.mark.parametrize("body", ["", '{"reason": "x"}'])
async def test_a_foreign_page_changes_nothing(
    raw: Raw, engine: Engine, headers: list[str], body: str
) -> None:
    answer = await raw(raw.own, JSON, *headers, body=body)
    assert (answer.status, answer.all("access-control-allow-origin")) == (403, [])
    assert await status_of(engine) == "running"


@pytest.mark.parametrize("path", [ONE, f"{ONE}/stream", "/api/stream", INSTANCES, "/metrics", "/"])
@pytest.mark.parametrize(
    "header", ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"]
)
async def test_a_foreign_page_reads_nothing_and_holds_no_stream(
    raw: Raw, path: str, header: str
) -> None:
    assert (await raw(raw.own, header, first=f"GET {path} HTTP/1.1")).status == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_the_servers_own_page_changes_things(raw: Raw, site: str) -> None:
    own = f"Origin: http://127.0.0.1:{raw.port}"
    assert (await raw(raw.own, own, f"Sec-Fetch-Site: {site}")).status == 200


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (400, ["Statehold-Caller: ada", "Statehold-Caller: ada"]),
        (400, ["Statehold-Roles: a", "statehold-roles: restaurant"]),
        (400, ["Statehold-Roles: a", "Statehold_Roles: restaurant"]),
        (400, ["statehold_caller: ada"]),
        (400, ["Statehold-Caller: " + "x" * 1001]),
        (400, ["Statehold-Roles: " + ",".join(map(str, range(1000)))]),
        (400, ["Statehold-Caller: \xff"]),
        (403, ["Statehold-Roles: a,,machine:x"]),
        (403, ["Statehold-Roles: machine:"]),
        (403, ["X-Forwarded-For: 127.0.0.1"]),
        (403, ["Forwarded: for=127.0.0.1"]),
    ],
)
async def test_claims_that_no_program_makes_are_refused(
    raw: Raw, engine: Engine, status: int, headers: list[str]
) -> None:
    answer = await raw(raw.own, *headers)
    assert (answer.status, await status_of(engine)) == (status, "running")


async def test_a_line_that_is_folded_is_no_second_header(raw: Raw, engine: Engine) -> None:
    """Obsolete folding (RFC 9112, 5.2): refused, or a space, but never a header of its own."""
    answer = await raw(raw.own, "X-A: a\r\n Statehold-Roles: restaurant", JSON,
                       first=f"POST {ONE}/events HTTP/1.1",
                       body='{"type": "Accept", "prep_minutes": 1}')  # fmt: skip
    assert answer.status in (400, 403)
    assert (await engine.read(OrderFlow, "o-1")).seq == 1


async def test_without_a_header_nobody_has_a_role(raw: Raw) -> None:
    accept = {
        "first": f"POST {ONE}/events HTTP/1.1",
        "body": '{"type": "Accept", "prep_minutes": 1}',
    }
    for headers in ([], ["Statehold-Roles:"], ["Statehold-Roles: ,"], ["Statehold-Caller: ada"]):
        assert (await raw(raw.own, JSON, *headers, **accept)).status == 403
    assert (await raw(raw.own, JSON, "Statehold-Roles: restaurant", **accept)).status == 200


# --- every way in ---------------------------------------------------------------------------------


@asynccontextmanager
async def answering(app: FastAPI, engine: Engine) -> AsyncIterator[Raw]:
    await engine.start(OrderFlow, "o-1")
    async with listening(app) as address:
        yield Raw(address)


async def test_an_application_that_includes_the_routes_has_the_same_checks(engine: Engine) -> None:
    app = FastAPI()
    app.state.streams = create_app(engine, owns_engine=False).state.streams
    app.include_router(router(engine, access=OPEN), prefix="/flows")
    async with answering(app, engine) as raw:
        for path in (CANCEL, f"{ONE}/events", f"{ONE}/pause"):
            first = f"POST /flows{path} HTTP/1.1"
            assert (await raw("Host: evil.example", first=first)).status == 403
            foreign = await raw(raw.own, "Sec-Fetch-Site: cross-site", first=first)
            assert (foreign.status, foreign.all("x-content-type-options")) == (403, ["nosniff"])
        assert await status_of(engine) == "running"
        first = f"GET /flows{ONE}/stream HTTP/1.1"
        assert (await raw("Host: evil.example", first=first)).status == 403
        own = await raw(raw.own, first=first)
        assert (own.status, own.all("x-content-type-options")) == (200, ["nosniff"])


@pytest.mark.parametrize("path", ["/api/sign-in", "/"])
async def test_what_asks_for_no_caller_is_behind_the_checks_too(engine: Engine, path: str) -> None:
    app = FastAPI()
    app.state.streams = create_app(engine, owns_engine=False).state.streams
    app.include_router(router(engine, studio=is_built()), prefix="/flows")
    own_app = create_app(engine, owns_engine=False)
    for one, prefix in ((app, "/flows"), (own_app, "")):
        if path == "/" and not is_built():
            continue
        async with listening(one) as address:
            raw = Raw(address)
            first = f"GET {prefix}{path} HTTP/1.1"
            assert (await raw("Host: evil.example", first=first)).status == 403
            foreign = await raw(raw.own, "Origin: https://evil.example", first=first)
            assert (foreign.status, foreign.all("x-content-type-options")) == (403, ["nosniff"])
            own = await raw(raw.own, first=first)
            assert (own.status, own.all("x-content-type-options")) == (200, ["nosniff"])


async def refusals(engine: Engine) -> list[tuple[str, str]]:
    engine._parts.audit._seal()
    await engine._parts.audit._writer.walk_once()
    return [(one.caller, one.action) for one in (await engine.audit(AuditQuery())).entries]


async def test_a_look_of_a_load_balancer_is_no_refusal_and_a_refused_scrape_is(
    engine: Engine,
) -> None:
    app = create_app(
        engine, owns_engine=False, metrics=Metrics(), authenticate=Proxy(["127.0.0.1"])
    )
    async with listening(app) as address:
        raw = Raw(address)
        for host in (raw.own, "Host: 10.0.0.1"):
            for path in ("/ready", "/health"):
                assert (await raw(host, first=f"GET {path} HTTP/1.1")).status == 200
        assert await refusals(engine) == []
        ann = "X-Forwarded-User: ann"
        assert (await raw(raw.own, ann, first="GET /metrics HTTP/1.1")).status == 403
        assert await refusals(engine) == [("ann", "metrics")]


async def test_hosts_and_origins_are_those_that_the_application_allows(engine: Engine) -> None:
    app = create_app(
        engine,
        owns_engine=False,
        access=OPEN,
        allowed_hosts=["flows.example.com"],
        allowed_origins=["https://app.example.com"],
    )
    async with answering(app, engine) as raw:
        first = f"GET {ONE} HTTP/1.1"
        assert (await raw("Host: flows.example.com", first=first)).status == 200
        assert (await raw("Host: other.example.com", first=first)).status == 403
        page = ("Origin: https://app.example.com", "Sec-Fetch-Site: same-site")
        assert (await raw("Host: flows.example.com", *page, first=first)).status == 200


async def test_every_answer_forbids_browsers_to_guess_its_type(engine: Engine) -> None:
    async def authenticate(request: object) -> Caller:
        raise RuntimeError("broken")

    broken = create_app(engine, owns_engine=False, authenticate=authenticate)
    async with answering(broken, engine) as raw:
        for first in (f"GET {ONE} HTTP/1.1", "GET /nothing HTTP/1.1", "GET /health HTTP/1.1"):
            answer = await raw(raw.own, first=first)
            assert answer.all("x-content-type-options") == ["nosniff"], answer
    app = create_app(engine, owns_engine=False, bounds=Bounds(body_bytes=10), metrics=Metrics())
    statuses = {}
    async with listening(app) as address:
        raw = Raw(address)
        for status, first, body in (
            (404, "GET /nothing HTTP/1.1", ""),
            (404, "GET /api/machines/none HTTP/1.1", ""),
            (405, "DELETE /api/machines HTTP/1.1", ""),
            (413, f"POST {ONE}/events HTTP/1.1", "x" * 11),
            (400, "NO HTTP", ""),
            (200, "GET / HTTP/1.1", ""),
            (200, "GET /metrics HTTP/1.1", ""),
            (200, "GET /ready HTTP/1.1", ""),
            (200, f"GET {ONE}/stream HTTP/1.1", ""),
            (200, "GET /api/openapi.json HTTP/1.1", ""),
        ):
            answer = await raw(raw.own, JSON, first=first, body=body)
            statuses[first] = (answer.status, answer.all("x-content-type-options"))
            assert statuses[first] == (status, ["nosniff"]), first


async def test_the_probes_answer_to_any_host_and_the_metrics_do_not(engine: Engine) -> None:
    app = create_probes(engine, metrics=Metrics())
    app.state.streams = create_app(engine, owns_engine=False).state.streams
    async with listening(app) as address:
        raw = Raw(address)
        for path, status in (("/health", 200), ("/ready", 200), ("/metrics", 403)):
            assert (await raw("Host: pod-7", first=f"GET {path} HTTP/1.1")).status == status
        assert (await raw(raw.own, first="GET /metrics HTTP/1.1")).status == 200


async def test_why_a_server_is_not_ready_is_for_those_who_may_read_its_metrics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine("memory:", [OrderFlow])
    app = create_app(
        engine,
        authenticate=Proxy(["127.0.0.1"]),
        access=ServerAccess(metrics=role("scraper")),
    )
    scraper = {"X-Forwarded-User": "prometheus", "X-Forwarded-Groups": "scraper"}
    others: list[dict[str, str]] = [{}, {"X-Forwarded-User": "ann"}, scraper | {"Host": "pod-7"}]

    async def away() -> None:
        raise StoreUnavailable("postgresql://10.0.0.7 is away")

    async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
        monkeypatch.setattr(engine, "troubles", lambda: ["order/o-1 is broken"])
        assert "o-1" in (await http.get("/ready", headers=scraper)).text
        for headers in others:
            answer = await http.get("/ready", headers=headers)
            assert (answer.status_code, "o-1" in answer.text) == (200, False)
        monkeypatch.setattr(engine, "check_ready", away)
        assert "10.0.0.7" in (await http.get("/ready", headers=scraper)).text
        for headers in others:
            answer = await http.get("/ready", headers=headers)
            assert (answer.status_code, "10.0.0.7" in answer.text) == (503, False)
            assert answer.headers["retry-after"] == "1"


async def test_metrics_are_for_those_whom_the_server_permits(engine: Engine) -> None:
    app = create_app(
        engine,
        owns_engine=False,
        metrics=Metrics(),
        authenticate=Proxy(["127.0.0.1"]),
        access=ServerAccess(metrics=role("scraper")),
    )
    async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
        ann = {"X-Forwarded-User": "ann"}
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/metrics", headers=ann)).status_code == 403
        ann["X-Forwarded-Groups"] = "scraper"
        assert (await http.get("/metrics", headers=ann)).status_code == 200


async def test_behind_a_proxy_the_headers_of_clients_count_for_nothing(engine: Engine) -> None:
    app = create_app(engine, owns_engine=False, authenticate=Proxy(["127.0.0.1"]), access=OPEN)
    await engine.start(OrderFlow, "o-1")
    accept = {"type": "Accept", "prep_minutes": 1}
    async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
        unknown = await http.post(f"{ONE}/events", json=accept, headers=RESTAURANT)
        assert (unknown.status_code, "www-authenticate" in unknown.headers) == (401, True)
        ann = {"X-Forwarded-User": "ann", **RESTAURANT}
        assert (await http.post(f"{ONE}/events", json=accept, headers=ann)).status_code == 403
        cook = {"X-Forwarded-User": "cook", "X-Forwarded-Groups": "restaurant"}
        assert (await http.post(f"{ONE}/events", json=accept, headers=cook)).status_code == 200
        me = (await http.get("/api/me", headers=cook)).json()
        assert (me["name"], me["roles"]) == ("cook", ["restaurant"])
