"""Who is asking: callers from headers, and requests from other sites."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from statehold.errors import Forbidden, StateholdError
from statehold.records import Caller
from statehold.server import by_headers
from statehold.server.auth import LOOPBACK_HOSTS, as_coroutine
from statehold.server.problems import BadRequest

pytestmark = pytest.mark.anyio


def request_of(method: str = "POST", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ({}, Caller()),
        ({"statehold_caller": "ada"}, Caller("ada")),
        ({"statehold_roles": "a, b,,"}, Caller("", frozenset({"a", "b"}))),
        ({"statehold_roles": ""}, Caller("", frozenset())),
        ({"statehold_caller": "ada", "statehold_roles": "a"}, Caller("ada", frozenset({"a"}))),
    ],
)
def test_the_headers_name_the_caller(headers: dict[str, str], caller: Caller) -> None:
    assert by_headers()(request_of(**headers)) == caller


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"statehold_caller": "x" * 1001}, BadRequest),
        ({"statehold_roles": "x" * 1001}, BadRequest),
        ({"sec_fetch_site": "cross-site"}, Forbidden),
        ({"sec_fetch_site": "same-site"}, Forbidden),
    ],
)
def test_what_no_caller_sends_is_refused(
    headers: dict[str, str], kind: type[StateholdError]
) -> None:
    with pytest.raises(kind):
        by_headers()(request_of(**headers))


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_servers_own_page_may_change_things(site: str) -> None:
    assert by_headers()(request_of(sec_fetch_site=site)) == Caller()


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8420", "127.0.0.1", "localhost:1", "[::1]:8420", "[::1]"]
)
def test_this_host_is_answered_to(host: str) -> None:
    assert by_headers(hosts=LOOPBACK_HOSTS)(request_of(host=host)) == Caller()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8420", "", "localhost.evil.example"]
)
def test_a_name_from_elsewhere_is_not_answered_to(host: str) -> None:
    with pytest.raises(Forbidden):
        by_headers(hosts=LOOPBACK_HOSTS)(request_of("GET", host=host))


async def test_both_kinds_of_functions_can_authenticate() -> None:
    async def later(request: Request) -> Caller:
        return Caller("later")

    assert await as_coroutine(later)(request_of()) == Caller("later")
    assert await as_coroutine(lambda _: Caller("now"))(request_of()) == Caller("now")
