"""Declared requests, performed by the real engine against a real server on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from statehold.effects import Hosts, Requests
from statehold.errors import DefinitionError
from statehold.formats.native import read_native
from statehold.formats.notation import Imported, Offered, RequestRefused
from statehold.testing import EngineKit
from tests.unit.effects.answering import Reply, answering

DOCUMENT = """
statehold: 1
name: asking
data:
  properties:
    id: {type: string}
    got: {}
    why: {type: string}
  required: [id]
effects:
  ask:
    http: HTTP
    timeout: TIMEOUT
    retry: {attempts: 3, first: 1s, factor: 1}
states:
  asking: {initial: true, invoke: ask}
  good: {final: true}
  bad: {final: true}
transitions:
  good: {on_result: ask, from: asking, to: good, do: {set: {got: result}}}
  bad:
    on_failure: ask
    from: asking
    to: bad
    do: {set: {why: "error.type + ': ' + error.message"}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def requests_to() -> AsyncIterator[Any]:
    made: list[Requests] = []

    def allow(*hosts: str, body_limit: int = 1_000_000) -> Offered:
        made.append(Requests(Hosts(hosts), body_limit=body_limit))
        return Offered(http=made[-1])

    yield allow
    for requests in made:
        await requests.close()


def asking(http: str, offered: Offered, timeout: str = "30s") -> Imported:
    return read_native(DOCUMENT.replace("HTTP", http).replace("TIMEOUT", timeout), offered)


async def played(imported: Imported, id: str = "o/1") -> tuple[list[str], Any]:
    """Until the machine is over, or for as long as its tries last."""
    machine = imported.definition
    async with EngineKit(machine) as kit:
        await kit.start(machine, "i-1", {"id": id})
        for _ in range(4):
            await kit.advance(timedelta(seconds=5))
        reply = await kit.read(machine, "i-1")
        return list(reply.state), reply.view


@pytest.mark.anyio
async def test_a_request_is_made_of_the_data_and_its_answer_comes_back(requests_to: Any) -> None:
    with answering(Reply(body={"price": 12})) as server:
        http = (
            f"{{method: PUT, url: '{server.origin}/things/{{data.id}}?v=1', "
            "query: {q: data.id, none: 'null'}, headers: {X-Kind: \"'a'\"}, "
            "body: {id: data.id, list: [1, instance]}, gives: response.body.price}"
        )
        state, view = await played(asking(http, requests_to(server.origin)))
    assert (state, view["got"]) == (["good"], 12)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PUT", "/things/o%2F1?v=1&q=o%2F1")
    assert asked.body == {"id": "o/1", "list": [1, "i-1"]}
    assert asked.headers["x-kind"] == "a"
    assert asked.headers["content-type"] == "application/json"


@pytest.mark.anyio
@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_a_failing_server_is_retried_with_the_same_key(requests_to: Any, status: int) -> None:
    with answering(Reply(status), Reply(status), Reply(body="at last")) as server:
        http = f"{{url: '{server.origin}/'}}"
        state, view = await played(asking(http, requests_to(server.origin)))
    assert (state, view["got"]) == (["good"], "at last")
    assert len(server.asked) == 3
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1
    assert all(asked.headers["idempotency-key"] for asked in server.asked)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 400, 404, 422])
async def test_a_refusal_is_for_good(requests_to: Any, status: int) -> None:
    away = {"location": "http://127.0.0.1:1/elsewhere"}
    with answering(Reply(status, {"why": "so"}, away)) as server:
        http = f"{{url: '{server.origin}/x?secret=1'}}"
        state, view = await played(asking(http, requests_to(server.origin)))
    assert state == ["bad"]
    assert f"answered {status}" in view["why"]
    assert view["why"].startswith("Permanent")
    assert "secret" not in view["why"]
    assert len(server.asked) == 1


@pytest.mark.anyio
async def test_which_statuses_are_for_good_can_be_said(requests_to: Any) -> None:
    with answering(Reply(404), Reply(503)) as server:
        http = f"{{url: '{server.origin}/', permanent: [503], key_header: X-Key}}"
        state, view = await played(asking(http, requests_to(server.origin)))
    assert state == ["bad"]
    assert "answered 503" in view["why"]
    assert ["x-key" in asked.headers for asked in server.asked] == [True, True]


@pytest.mark.anyio
async def test_a_server_that_does_not_answer_in_time_is_given_up(requests_to: Any) -> None:
    with answering(Reply(held=True)) as server:
        http = f"{{url: '{server.origin}/'}}"
        state, view = await played(asking(http, requests_to(server.origin), "50ms"))
        assert state == ["bad"]
        assert "Timeout" in view["why"]
        assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1


@pytest.mark.anyio
async def test_nobody_there_is_tried_again(requests_to: Any) -> None:
    with answering(Reply()) as server:
        gone = server.origin
    state, view = await played(asking(f"{{url: '{gone}/'}}", requests_to(gone)))
    assert state == ["bad"]
    assert view["why"].startswith("RequestFailed")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply",
    [
        Reply(body="x" * 2_000),
        Reply(body=b"x", headers={"content-encoding": "gzip"}),
        Reply(body=b"{", headers={}),
        Reply(body=b'{"mean": NaN}'),
        Reply(body=b'{"mean": [-Infinity]}'),
        Reply(body=b'{"mean": 1e999}'),
        Reply(body=b'{"mean": %b}' % (b"9" * 900)),
        Reply(body=b'{"paid": true, "paid": false}'),
        Reply(body=b'{"mean": "\\ud800"}'),
        Reply(body=b"[" * 300 + b"]" * 300),
        Reply(body='{"mean": 1}'.encode("utf-16")),
    ],
    ids=[
        "too large", "compressed", "not JSON", "no number", "infinity", "beyond all numbers",
        "an endless whole number", "one key twice", "half of a character", "deep", "not UTF-8",
    ],
)  # fmt: skip
async def test_an_answer_that_can_not_be_taken_is_for_good(requests_to: Any, reply: Reply) -> None:
    with answering(reply) as server:
        offered = requests_to(server.origin, body_limit=1_000)
        state, view = await played(asking(f"{{url: '{server.origin}/'}}", offered))
    assert state == ["bad"]
    assert view["why"].startswith("Permanent")
    assert len(server.asked) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("id", ["..", ".", ""])
async def test_data_can_not_lead_a_request_to_another_path(requests_to: Any, id: str) -> None:
    with answering(Reply()) as server:
        http = f"{{url: '{server.origin}/things/{{data.id}}/x'}}"
        state, view = await played(asking(http, requests_to(server.origin)), id)
    assert state == ["bad"]
    assert "changes the path" in view["why"]
    assert server.asked == []


@pytest.mark.anyio
async def test_a_header_can_not_be_broken_in_two(requests_to: Any) -> None:
    with answering(Reply()) as server:
        http = f"{{url: '{server.origin}/', headers: {{X-A: data.id}}}}"
        state, view = await played(asking(http, requests_to(server.origin)), "a\r\nX-B: b")
    assert state == ["bad"]
    assert "line break" in view["why"]
    assert server.asked == []


@pytest.mark.anyio
async def test_placeholders_together_can_not_lead_to_another_path(requests_to: Any) -> None:
    with answering(Reply()) as server:
        http = f"{{url: '{server.origin}/things/{{data.id}}{{data.id}}/x'}}"
        state, view = await played(asking(http, requests_to(server.origin)), ".")
    assert state == ["bad"]
    assert "changes the path" in view["why"]
    assert server.asked == []


_SET_BY_SENDER = (
    "Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
    "Keep-Alive", "Proxy-Connection", "Expect", "HTTP2-Settings", "Forwarded", "Via",
    "X-Forwarded-For", "X_Forwarded_Host", "X-Real-IP", "X-Original-URL", "X-Rewrite-URL",
    "X-HTTP-Method-Override", "Proxy-Authorization", "Origin", "Sec-Fetch-Site",
    "Content-Encoding", "Accept-Encoding",
)  # fmt: skip
_NOT_FOR_A_KEY = (
    "Authorization", "Cookie", "X-Api-Key", "X-Auth-Request-User", "Content-Type", "Accept",
    "If-Match", "Range", "bad name", "x\\r\\ny",
)  # fmt: skip


@pytest.mark.parametrize("name", [*map(str.swapcase, _SET_BY_SENDER), *_NOT_FOR_A_KEY])
def test_the_key_of_a_call_goes_under_no_header_that_means_something(name: str) -> None:
    http = f'{{url: "https://pay.example/", key_header: "{name}"}}'
    with pytest.raises(DefinitionError, match=r"http\.key_header"):
        asking(http, Offered(http=Requests(Hosts(["pay.example"]))))


@pytest.mark.parametrize("name", _SET_BY_SENDER)
def test_no_document_sets_a_header_that_the_sender_sets(name: str) -> None:
    http = f'{{url: "https://pay.example/", headers: {{{name}: "\'x\'"}}}}'
    with pytest.raises(DefinitionError, match=rf"http\.headers\.{name}"):
        asking(http, Offered(http=Requests(Hosts(["pay.example"]))))


@pytest.mark.parametrize("names", [("X-A", "x-a"), ("X-A", "idempotency-key")])
def test_a_header_is_set_once(names: tuple[str, str]) -> None:
    both = ", ".join(f"{name}: \"'x'\"" for name in names)
    http = f'{{url: "https://pay.example/", headers: {{{both}}}}}'
    with pytest.raises(DefinitionError, match=r"http\.headers.* too"):
        asking(http, Offered(http=Requests(Hosts(["pay.example"]))))


@pytest.mark.parametrize("name", ["Authorization", "X-Tenant", "Content-Type", "Accept"])
def test_other_headers_are_the_document_s_own(name: str) -> None:
    http = f'{{url: "https://pay.example/", headers: {{{name}: "\'x\'"}}}}'
    asking(http, Offered(http=Requests(Hosts(["pay.example"]))))


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "http://pay.example/",
        "https://pay.example:8443/",
        "https://pay.example.evil.example/",
        "https://93.184.216.34/",
        "https://sub.pay.example/",
        "https://[::1]/",
        "https://2130706433/",
    ],
)
def test_a_host_that_is_not_listed_is_refused_when_the_machine_is_read(url: str) -> None:
    with pytest.raises(DefinitionError, match=r"not allowed; allowed hosts: pay\.example"):
        asking(f"{{url: '{url}'}}", Offered(http=Requests(Hosts(["pay.example"]))))


@pytest.mark.parametrize(
    "url",
    [
        "https://user@pay.example/",
        "https://{data.id}/",
        "https://pay.example{data.id}/",
        "ftp://pay.example/",
        "https:///x",
        "https://pay.example:0/",
        "https://pay.example/#x",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_none(url: str) -> None:
    with pytest.raises(DefinitionError, match=r"http\.url"):
        asking(f"{{url: '{url}'}}", Offered(http=Requests(Hosts(["pay.example"]))))


def test_without_an_allowance_there_are_no_requests() -> None:
    with pytest.raises(DefinitionError, match="makes no requests"):
        asking("{url: 'https://pay.example/'}", Offered())


@pytest.mark.parametrize(
    "allowed", ["*.example", "https://a@b.example", "ftp://b", "b.example/x", ""]
)
def test_an_allowed_host_is_one_exact_host(allowed: str) -> None:
    with pytest.raises(ValueError, match=r"no host|wildcard"):
        Hosts([allowed])


def test_an_allowed_host_is_the_same_however_it_is_spelt() -> None:
    hosts = Hosts(["pay.example", "http://127.0.0.1:9000", "b.example:8443"])
    for url in ("https://PAY.example/x", "https://pay.example:443", "http://127.0.0.1:9000/a?b"):
        hosts.check(url)
    with pytest.raises(RequestRefused):
        hosts.check("https://pay.example\\@evil.example/")


@pytest.mark.anyio
async def test_a_status_can_have_a_policy_of_its_own(requests_to: Any) -> None:
    with answering(Reply(404), Reply(503), Reply(404), Reply(404)) as server:
        http = f"{{url: '{server.origin}/'}}\n    errors: {{'404': {{attempts: 3, first: 1s}}}}"
        state, view = await played(asking(http, requests_to(server.origin)))
    assert state == ["bad"]
    assert "answered 404" in view["why"]
    assert len(server.asked) == 4


@pytest.mark.anyio
async def test_a_class_of_statuses_and_a_named_error_can_have_one(requests_to: Any) -> None:
    with answering(Reply(503)) as server:
        http = (
            f"{{url: '{server.origin}/'}}\n    errors: {{5xx: {{attempts: 1}}, "
            "RequestFailed: {attempts: 2}}"
        )
        state, _ = await played(asking(http, requests_to(server.origin)))
    assert state == ["bad"]
    assert len(server.asked) == 1
