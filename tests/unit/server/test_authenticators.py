"""Who is asking: callers from headers, and from whom these are believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from statehold.errors import Forbidden, StateholdError
from statehold.records import Caller
from statehold.server import Loopback, Proxy, Unauthorized
from statehold.server.problems import BadRequest

NOBODY = Caller("", frozenset())


def request_of(*headers: tuple[str, str], client: str | None = "127.0.0.1") -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return Request({
        "type": "http", "method": "POST", "path": "/", "headers": raw,
        "client": None if client is None else (client, 5),
    })  # fmt: skip


# --- loopback ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ([], NOBODY),
        ([("Statehold-Caller", "ada")], Caller("ada", frozenset())),
        ([("Statehold-Roles", "a, b,,")], Caller("", frozenset({"a", "b"}))),
        ([("Statehold-Roles", "")], NOBODY),
        ([("Statehold-Roles", " , ,")], NOBODY),
        ([("Statehold-Caller", "josé")], Caller("josé", frozenset())),
    ],
)
def test_headers_name_the_caller_of_this_host(
    headers: Sequence[tuple[str, str]], caller: Caller
) -> None:
    assert Loopback()(request_of(*headers)) == caller


@pytest.mark.parametrize("name", ["Statehold-Caller", "Statehold-Roles"])
@pytest.mark.parametrize(
    "given",
    [
        lambda name: [(name, "x" * 1001)],
        lambda name: [(name, "a"), (name, "b")],
        lambda name: [(name, "a"), (name, "a")],
        lambda name: [(name, ""), (name, "a")],
        lambda name: [(name.replace("-", "_"), "a")],
        lambda name: [(name, "a"), (name.replace("-", "_"), "a")],
    ],
)
def test_a_header_that_names_the_caller_is_given_once_as_it_is_called(
    name: str, given: object
) -> None:
    assert callable(given)
    with pytest.raises(BadRequest, match=name):
        Loopback()(request_of(*given(name)))


def test_bytes_that_are_no_text_name_nobody() -> None:
    request = request_of()
    request.scope["headers"] = [(b"statehold-caller", b"\xff")]
    with pytest.raises(BadRequest, match="UTF-8"):
        Loopback()(request)


@pytest.mark.parametrize(
    "client", [None, "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%lo", "testclient", "", "localhost"]
)
def test_nobody_else_is_believed(client: str | None) -> None:
    with pytest.raises(Forbidden, match="its own host"):
        Loopback()(request_of(client=client))
    assert Loopback(any_address=True)(request_of(client=client)) == NOBODY


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_programs_on_this_host_are_believed(client: str) -> None:
    assert Loopback()(request_of(client=client)) == NOBODY


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded", "X-Forwarded-For", "X-Real-IP", "Via", "X-Forwarded-Host", "X-Forwarded-Proto",
        "X-Forwarded-User", "X_Forwarded_For", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP",
    ],
)  # fmt: skip
def test_a_proxy_on_this_host_makes_nobody_a_program_of_this_host(header: str) -> None:
    request = request_of((header, "127.0.0.1"), ("Statehold-Caller", "ada"))
    with pytest.raises(Forbidden, match="through a proxy"):
        Loopback()(request)


# --- proxy ---------------------------------------------------------------------------------------

ADA = [("X-Forwarded-User", "ada"), ("X-Forwarded-Groups", "ops, staff")]


def test_a_proxys_headers_are_believed_from_its_address_alone() -> None:
    behind = Proxy(["10.0.0.5", "10.1.0.0/16", "fd00::/8"])
    for client in ("10.0.0.5", "10.1.200.3", "fd00::7", "::ffff:10.0.0.5"):
        found = behind(request_of(*ADA, client=client))
        assert found == Caller("ada", frozenset({"ops", "staff"}))
    for other in ("10.0.0.6", "10.2.0.1", "fe00::7", "127.0.0.1", "", None, "unix", "fd00::7%a"):
        with pytest.raises(Unauthorized) as caught:
            behind(request_of(*ADA, client=other))
        assert "10." not in str(caught.value)


@pytest.mark.parametrize("name", [[], [("X-Forwarded-User", "")], [("X-Forwarded-User", " ")]])
def test_a_caller_whom_the_proxy_does_not_name_is_not_let_in(
    name: Sequence[tuple[str, str]],
) -> None:
    with pytest.raises(Unauthorized):
        Proxy(["10.0.0.5"])(request_of(*name, ADA[1], client="10.0.0.5"))


@pytest.mark.parametrize(
    "more",
    [
        ("X-Forwarded-User", "eve"),
        ("x_forwarded_user", "eve"),
        ("X-Forwarded_User", "eve"),
        ("X-Forwarded-Groups", "admin"),
        ("X_Forwarded_Groups", "admin"),
    ],
)
def test_what_a_client_adds_to_the_proxys_headers_is_refused(more: tuple[str, str]) -> None:
    for headers in ([*ADA, more], [more, *ADA]):
        with pytest.raises(BadRequest):
            Proxy(["10.0.0.5"])(request_of(*headers, client="10.0.0.5"))


def test_the_names_of_the_headers_are_the_proxys() -> None:
    behind = Proxy(["10.0.0.5"], caller="Remote-User", roles="Remote-Roles", teams="Remote-Teams")
    headers = [("Remote-User", "ada"), ("Remote-Teams", "north"), ADA[1], ("Statehold-Roles", "x")]
    found = behind(request_of(*headers, client="10.0.0.5"))
    assert found == Caller("ada", frozenset(), teams=frozenset({"north"}))


@pytest.mark.parametrize(
    ("addresses", "names"),
    [
        ([], {}),
        (["proxy.example"], {}),
        (["10.0.0.5/8"], {}),
        (["10.0.0.5/99"], {}),
        (["::ffff:10.0.0.0/104"], {}),
        ([""], {}),
        (["10.0.0.5"], {"caller": "X Forwarded"}),
        (["10.0.0.5"], {"caller": ""}),
        (["10.0.0.5"], {"roles": "X_Groups"}),
        (["10.0.0.5"], {"teams": "tëams"}),
        (["10.0.0.5"], {"teams": ""}),
        (["10.0.0.5"], {"caller": "Host"}),
        (["10.0.0.5"], {"roles": "cookie"}),
        (["10.0.0.5"], {"caller": "X-User", "roles": "x-user"}),
        (["10.0.0.5"], {"teams": "X-Forwarded-Groups"}),
    ],
)
def test_what_is_no_proxy_is_refused_at_once(addresses: list[str], names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Proxy(addresses, **names)


def test_every_refusal_is_one_of_the_packages_errors() -> None:
    assert issubclass(Unauthorized, StateholdError)
