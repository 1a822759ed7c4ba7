"""The memory of a real server under each attack: at most 500 MB, and others are answered.

The system keeps the most that it ever had (``VmHWM``), which is looked at after each attack.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.fuzz.sockets.look import look
from tests.fuzz.sockets.requests import chunked, request
from tests.fuzz.sockets.server import Served, served

#: megabytes that a server may ever have
MOST = 500
#: real seconds after which an attack that has not been answered has succeeded
PATIENCE = 30
INSTANCES = "/api/machines/order/instances"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One after another attacks it: what each leaves behind is there for the next."""
    folder = tmp_path_factory.mktemp("served")
    with served(folder, "--put", "--act-role", "operator") as server:
        yield server


@pytest.fixture
def server(attacked: Served) -> Iterator[Served]:
    yield attacked
    assert look(attacked.port).startswith(b"HTTP/1.1 200")
    assert attacked.megabytes() < MOST
    assert attacked.errors() == []


def post(server: Served, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """The status and the code of what is answered, within so many seconds."""
    given = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    started = time.monotonic()
    answer = httpx.post(
        f"http://127.0.0.1:{server.port}{path}", content=body, headers=given, timeout=PATIENCE
    )
    assert time.monotonic() - started < PATIENCE
    assert answer.is_success or len(answer.content) < 200_000
    return answer.status_code, answer.json().get("type", "").rpartition(":")[2]


def many(value: bytes, size: int) -> bytes:
    """A list of this value, of about so many bytes."""
    return b"[" + b",".join([value] * (size // (len(value) + 1))) + b"]"


@contextlib.contextmanager
def connections(server: Served, count: int, addresses: int = 1) -> Iterator[list[socket.socket]]:
    """So many of each of the addresses."""
    there = ("127.0.0.1", server.port)
    ends = [
        socket.create_connection(there, PATIENCE, (f"127.0.0.{1 + n}", 0))
        for n in range(addresses)
        for _ in range(count)
    ]
    try:
        yield ends
    finally:
        for end in ends:
            end.close()


def send(end: socket.socket, data: bytes) -> None:
    """As much as the server takes before it ends the connection."""
    with contextlib.suppress(OSError):
        end.sendall(data)


def answer_to(end: socket.socket) -> bytes:
    with contextlib.suppress(OSError):
        return end.recv(65_536)
    return b""


@pytest.mark.parametrize("size", [900_000, 7_800_000])
@pytest.mark.parametrize("value", [b"{}", b"[]", b"1", b'{"machine":1}', b'{"event":{"a":[]}}'])
def test_batches_of_many_small_values(server: Served, value: bytes, size: int) -> None:
    assert post(server, "/api/events", many(value, size)) == (413, "too-large")


def test_a_batch_of_few_events_with_many_values(server: Served) -> None:
    event = b'{"machine":"order","id":"o","event":{"type":"Accept","a":%b}}' % many(b"{}", 8_000)
    assert post(server, "/api/events", many(event, 7_000_000)) == (413, "too-large")


@pytest.mark.parametrize("value", [b"{}", b"[]", b"1", b'{"a":{}}'])
@pytest.mark.parametrize("place", [b'{"data":%b}', b'{"data":{"items":%b}}', b'{"data":{"x":%b}}'])
def test_data_of_many_small_values(server: Served, value: bytes, place: bytes) -> None:
    assert post(server, INSTANCES, place % many(value, 1_000_000)) == (413, "too-large")
    # below the bound of values they are read; the data has no `x`, and leaves out what it has not
    status, _ = post(server, INSTANCES, place % many(value, 140_000))
    assert status == (201 if b"x" in place else 422)


def test_quotes_that_do_not_pair(server: Served) -> None:
    body = b"[" * 65 + b'"' + b'\\"' * 500_000
    assert post(server, INSTANCES, body) == (400, "not-json")


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b'{"statehold":1,"a":%b}' % many(b"{}", 990_000), "application/json"),
        (b'{"statehold":1,"a":%b}' % many(b'{"b":1}', 990_000), "application/json"),
        (
            b'{"statehold":1,%b}' % b",".join(b'"k%d":1' % n for n in range(60_000)),
            "application/json",
        ),
        (b'{"statehold":1,%b}' % b",".join([b'"k":1'] * 60_000), "application/json"),
        (b"statehold: 1\na: %b" % many(b"{}", 990_000), "application/yaml"),
        (b"statehold: 1\n" + b"- a\n" * 240_000, "application/yaml"),
        (b"states: " + b"[" * 400_000, "application/yaml"),
    ],
    ids=["json-{}", "json-objects", "keys", "double-keys", "yaml-{}", "yaml-lines", "yaml-deep"],
)
def test_documents_of_many_values(server: Served, document: bytes, kind: str) -> None:
    headers = {"statehold_roles": "operator", "content_type": kind}
    status, _ = post(server, "/api/machines", document, **headers)
    assert status in (403, 409, 422)


@pytest.mark.parametrize(
    ("notation", "document"),
    [
        ("scxml", b"<scxml>" + b"<a/>" * 240_000 + b"</scxml>"),
        ("scxml", b'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0">'
         + b'<state id="a"/>' * 60_000 + b"</scxml>"),
        ("scxml", b"<a " + b" ".join(b'b%d=""' % n for n in range(90_000)) + b"/>"),
        ("xstate", b'{"id":"a","states":{%b}}' % b",".join(b'"s%d":{}' % n for n in range(70_000))),
        ("xstate", b'{"id":"a","on":%b}' % many(b"{}", 900_000)),
    ],
    ids=["elements", "states", "attributes", "xstate-states", "xstate-{}"],
)  # fmt: skip
def test_documents_of_other_notations(server: Served, notation: str, document: bytes) -> None:
    kind = "application/xml" if notation == "scxml" else "application/json"
    path = f"/api/machines?notation={notation}"
    status, _ = post(server, path, document, statehold_roles="operator", content_type=kind)
    assert status in (403, 409, 422)


def test_headers_without_an_end(server: Served) -> None:
    with connections(server, 20) as ends:
        for end in ends:
            send(end, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 3_000_000)
            assert answer_to(end).startswith(b"HTTP/1.1 431")


def test_many_small_headers(server: Served) -> None:
    with connections(server, 20) as ends:
        for end in ends:
            send(end, b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 400_000)
            assert answer_to(end).startswith(b"HTTP/1.1 431")


def test_trailers_and_chunks_without_an_end(server: Served) -> None:
    with connections(server, 20) as ends:
        for number, end in enumerate(ends):
            last = b"0\r\n" + b"a: b\r\n" * 400_000 if number % 2 else b"1;" + b"e" * 3_000_000
            send(end, chunked(INSTANCES.encode(), b"{}", 1, end=last))


def test_pipelines_of_many_requests(server: Served) -> None:
    with connections(server, 200) as ends:
        for end in ends:
            send(end, request(b"GET", b"/api/stream") + request(b"GET", b"/health") * 4_000)


def test_connections_that_stop_in_the_middle(server: Served) -> None:
    with connections(server, 1_000) as ends:
        for number, end in enumerate(ends):
            event = request(b"POST", INSTANCES.encode(), body=b"{}", length=1_000_000)
            send(end, event[: 40 + number % 80] if number % 2 else event + b"{" * 30_000)
        assert look(server.port).startswith(b"HTTP/1.1 200")


def test_large_bodies_that_stop_before_their_end(server: Served) -> None:
    with connections(server, 100) as ends:
        for end in ends:
            body = b"[" * 7_000_000
            send(end, request(b"POST", b"/api/events", body=body, length=8_000_000))
        assert look(server.port).startswith(b"HTTP/1.1 200")


def test_streams_of_one_caller(server: Served) -> None:
    """One address has a quarter of all streams, and another one finds the rest."""
    opened = 0
    with connections(server, 1_000) as ends:
        for end in ends:
            send(end, request(b"GET", b"/api/stream"))
        statuses = [answer_to(end)[9:12] for end in ends]
        opened = statuses.count(b"200")
        assert statuses.count(b"429") == 1_000 - opened
        with socket.create_connection(
            ("127.0.0.1", server.port), PATIENCE, ("127.0.0.3", 0)
        ) as other:
            send(other, request(b"GET", b"/api/stream"))
            assert answer_to(other).startswith(b"HTTP/1.1 200")
        for number in range(50):
            assert post(server, INSTANCES, b'{"id":"o-%d"}' % number)[0] == 201
    assert opened == 250


@pytest.mark.parametrize("addresses", [1, 4])
@pytest.mark.parametrize(
    "path",
    [
        "/api/openapi.json",
        f"{INSTANCES}?limit=1000",
        "/api/machines/order",
        f"{INSTANCES}/long/journal?limit=1000&data=true",
    ],
)
def test_long_answers_that_nobody_reads(server: Served, path: str, addresses: int) -> None:
    address = f"http://127.0.0.1:{server.port}{INSTANCES}/long"
    if "long" in path and httpx.get(address).status_code == 404:
        long_journal(server)
    with connections(server, 200, addresses) as ends:
        for end in ends:
            send(end, request(b"GET", path.encode()) * 16)
        assert look(server.port).startswith(b"HTTP/1.1 200")


def long_journal(server: Served) -> None:
    """An instance of many steps and much data."""
    items = b",".join([b'"%b"' % (b"x" * 1000)] * 900)
    assert post(server, INSTANCES, b'{"id":"long","data":{"items":[%b]}}' % items)[0] == 201
    for act in ("pause", "resume") * 60:
        assert post(server, f"{INSTANCES}/long/{act}", b"", statehold_roles="operator")[0] == 200
