"""Which requests are let in, and what a caller is made of."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from statehold.chart.access import CLOSED, OWN_USER, ServerAccess, role
from statehold.errors import Forbidden, StoreUnavailable
from statehold.records import Caller
from statehold.server import Bounds, Loopback
from statehold.server.admission import Admission
from statehold.server.problems import BadRequest, Unauthorized

pytestmark = pytest.mark.anyio

HERE = "127.0.0.1:8420"


def request_of(
    host: str | None = HERE,
    method: str = "POST",
    server: tuple[str, int] | None = ("10.0.0.9", 8420),
    scheme: str = "http",
    more: tuple[tuple[str, str], ...] = (),
) -> Request:
    headers = [*(() if host is None else (("host", host),)), *more]
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return Request({
        "type": "http", "method": method, "path": "/", "headers": raw, "scheme": scheme,
        "client": ("127.0.0.1", 5), "server": server,
    })  # fmt: skip


def of_site(
    host: str = HERE, method: str = "POST", scheme: str = "http", **headers: str
) -> Request:
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return request_of(host, method, scheme=scheme, more=more)


def check(request: Request, *hosts: str, origins: tuple[str, ...] = ()) -> None:
    Admission(Loopback(), hosts=hosts, origins=origins).check(request.scope)


# --- Host ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8420", "127.0.0.1", "localhost:1", "[::1]:8420", "[::1]", "LOCALHOST",
        "localhost.", "localhost.:80", "127.0.0.1:", "[0:0:0:0:0:0:0:1]", "10.0.0.9", "10.0.0.9:1",
        "[::ffff:127.0.0.1]",
    ],
)  # fmt: skip
def test_loopback_and_this_end_of_the_connection_are_answered_to(host: str) -> None:
    check(request_of(host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8420", "localhost.evil.example", "10.0.0.8", "127.0.0.1.evil",
        "2130706433", "127.1", "0x7f.1", "[::2]", "localhosts", "127.0.0.2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_name_is_not_answered_to(host: str, method: str) -> None:
    with pytest.raises(Forbidden):
        check(request_of(host, method))


@pytest.mark.parametrize(
    "host",
    [
        None, "", " ", ".", ":80", "@", "a@127.0.0.1", "user:pw@localhost", "127.0.0.1:80:80",
        "127.0.0.1:x", "127.0.0.1:99999", "localhost..", "[::1", "::1", "[127.0.0.1]",
        "[fe80::1%eth0]", "[fe80::1%25eth0]", "[]", "127.0.0.1, evil.example", "127.0.0.1 evil",
        "localhost/", "localhost#", "localhost?", "http://localhost", "löcalhost", "-a", "a" * 300,
    ],
)  # fmt: skip
def test_what_is_no_host_can_not_be_read(host: str | None) -> None:
    with pytest.raises(BadRequest):
        check(request_of(host), "*")


@pytest.mark.parametrize("two", [(HERE, HERE), (HERE, "evil.example"), ("evil.example", HERE)])
def test_two_hosts_are_none(two: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match="more than once"):
        check(request_of(two[0], more=(("Host", two[1]),)))


def test_hosts_are_allowed_with_any_port_or_with_their_own() -> None:
    hosts = ("Flows.Example.com", "other.example:8443", "fd00::1")
    for host in ("flows.example.com", "FLOWS.example.com.:9", "other.example:8443", "[fd00::1]:1"):
        check(request_of(host), *hosts)
    for other in ("other.example", "other.example:443", "example.com", "x.flows.example.com"):
        with pytest.raises(Forbidden):
            check(request_of(other), *hosts)
    check(request_of("whatever.example:1"), "*")


@pytest.mark.parametrize("wrong", ["", "a b", "https://a.example", "*.example.com", "a:b", "a@b"])
def test_what_is_no_host_can_not_be_allowed(wrong: str) -> None:
    with pytest.raises(ValueError, match="no name of a host"):
        Admission(Loopback(), hosts=[wrong])


def test_the_end_of_another_connection_is_not_remembered() -> None:
    admission = Admission(Loopback())
    admission.check(request_of("10.0.0.9", server=("10.0.0.9", 1)).scope)
    with pytest.raises(Forbidden):
        admission.check(request_of("10.0.0.9", server=("10.0.0.7", 1)).scope)
    with pytest.raises(Forbidden):
        admission.check(request_of("10.0.0.9", server=None).scope)


# --- pages of other origins ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "", "other"])
def test_a_page_of_another_origin_gets_nothing(site: str, method: str) -> None:
    with pytest.raises(Forbidden, match="another origin"):
        check(of_site(method=method, sec_fetch_site=site))
    with pytest.raises(Forbidden, match="another origin"):
        check(of_site(method=method, sec_fetch_site=site, sec_fetch_mode="no-cors"))


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_servers_own_page_may_change_things(site: str) -> None:
    check(of_site(sec_fetch_site=site))
    check(of_site(sec_fetch_site=site, origin=f"http://{HERE}"))


def test_a_link_from_elsewhere_can_be_followed_and_nothing_else() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    check(of_site(method="GET", **link, sec_fetch_dest="document"))
    for method, dest in (("GET", "iframe"), ("GET", "object"), ("POST", "document")):
        with pytest.raises(Forbidden):
            check(of_site(method=method, **link, sec_fetch_dest=dest))


def test_a_header_of_the_browser_that_comes_twice_is_not_believed() -> None:
    for values in (("same-origin", "cross-site"), ("cross-site", "same-origin")):
        more = tuple(("Sec-Fetch-Site", value) for value in values)
        with pytest.raises(Forbidden):
            check(request_of(more=more))
    origins = (("Origin", f"http://{HERE}"), ("Origin", "https://evil.example"))
    for more in (origins, origins[::-1]):
        with pytest.raises(Forbidden):
            check(request_of(more=more))


@pytest.mark.parametrize(
    "origin",
    [
        "null", "", "https://evil.example", "http://127.0.0.1:3000", "http://127.0.0.1",
        "http://localhost:8420", "file://", "http://127.0.0.1:8420.evil.example",
        "http://a@127.0.0.1:8420", "chrome-extension://abc", "127.0.0.1:8420",
        "http://127.0.0.1:8420/", "http://evil.example http://127.0.0.1:8420",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_another_origin_gets_nothing(origin: str, method: str) -> None:
    with pytest.raises(Forbidden, match="another origin"):
        check(of_site(method=method, origin=origin))
    with pytest.raises(Forbidden, match="another origin"):
        check(of_site(method=method, origin=origin, sec_fetch_site="same-origin"))


def test_an_origin_is_that_of_the_host() -> None:
    hosts = ("flows.example.com", "other.example:8443")
    # a proxy ends TLS, and keeps Host
    check(of_site("flows.example.com", origin="https://flows.example.com"), *hosts)
    check(of_site("flows.example.com:80", origin="http://flows.example.com"), *hosts)
    # a proxy that does not
    check(of_site("127.0.0.1:8420", origin="https://flows.example.com"), *hosts)
    check(of_site("127.0.0.1:8420", origin="https://other.example:8443"), *hosts)
    for foreign in ("https://flows.example.com:444", "https://other.example"):
        with pytest.raises(Forbidden):
            check(of_site("127.0.0.1:8420", origin=foreign), *hosts)


def test_a_page_without_tls_is_another_than_the_server_with_it() -> None:
    check(of_site(origin=f"https://{HERE}", scheme="https"))
    with pytest.raises(Forbidden):
        check(of_site(origin=f"http://{HERE}", scheme="https"))


def test_origins_can_be_allowed() -> None:
    app = "https://app.example.com"
    check(of_site(origin=app, sec_fetch_site="cross-site"), origins=(app,))
    with pytest.raises(Forbidden):
        check(of_site(origin="https://app.example.org"), origins=(app,))
    with pytest.raises(Forbidden):
        check(of_site(sec_fetch_site="cross-site"), origins=(app,))
    for wrong in ("*", "null", "app.example.com", "https://App.example.com", "https://a/b"):
        with pytest.raises(ValueError, match="no origin"):
            Admission(Loopback(), origins=[wrong])


# --- the caller ----------------------------------------------------------------------------------


async def admitted(caller: Caller, **options: Any) -> Caller:
    return await Admission(lambda _: caller, **options).admit(request_of())


async def test_no_caller_over_http_is_trusted() -> None:
    for trusted in (Caller(), Caller("ada"), Caller("ada", None)):
        assert (await admitted(trusted)).roles == frozenset()


async def test_a_caller_has_what_the_server_permits_and_where_it_comes_from() -> None:
    given = ServerAccess(metrics=role("ops"))
    found = await admitted(Caller("ada", frozenset({"ops"}), address="forged", server=OWN_USER))
    assert (found.server, found.address, found.proved) == (CLOSED, "127.0.0.1", True)
    assert (await admitted(Caller("ada"), access=given)).server == given
    assert not (await admitted(Caller("", proved=True))).proved
    request = request_of(more=(("Statehold-Caller", "ada"),))
    found = await Admission(Loopback()).admit(request)
    assert (found.name, found.server, found.proved) == ("ada", OWN_USER, False)


@pytest.mark.parametrize(
    "caller",
    [
        Caller("ada", frozenset({"a", "machine:lead"})),
        Caller("ada", frozenset({"machine:"})),
        Caller("a\nb"),
        Caller("a\0"),
        Caller("\ud800"),
        Caller("x" * 1001),
        Caller("ada", frozenset({"x" * 1001})),
        Caller("ada", frozenset({"a\r"})),
        Caller("ada", teams=frozenset({"\x85"})),
        Caller("ada", frozenset(map(str, range(251)))),
        Caller("ada", teams=frozenset(map(str, range(251)))),
    ],
)
async def test_what_no_caller_can_be_is_refused_whoever_says_it(caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await admitted(caller)


async def test_claims_are_bounded() -> None:
    thousand = ",".join(map(str, range(1000)))
    with pytest.raises(BadRequest):
        await Admission(Loopback()).admit(request_of(more=(("Statehold-Roles", thousand),)))
    wide = Bounds(claim_length=10_000)
    with pytest.raises(Forbidden, match="1000 roles"):
        await Admission(Loopback(wide), bounds=wide).admit(
            request_of(more=(("Statehold-Roles", thousand),))
        )
    with pytest.raises(Forbidden, match="machine"):
        await Admission(Loopback()).admit(request_of(more=(("Statehold-Roles", "a,,machine:x"),)))


async def test_a_caller_that_comes_again_is_the_one_of_its_own_request() -> None:
    given = [Caller("ada", frozenset({"ops"})), Caller("ada"), Caller("ada", teams=frozenset("t"))]
    turns = iter(given * 2)
    admission = Admission(lambda _: next(turns))
    first, second = request_of(), request_of()
    second.scope["client"] = ("127.0.0.9", 1)
    for request, address in ((first, first.scope["client"][0]), (second, "127.0.0.9")):
        for one in given:
            found = await admission.admit(request)
            assert (found.name, found.roles, found.teams, found.address) == (
                one.name, one.roles or frozenset(), one.teams, address,
            )  # fmt: skip


async def test_one_that_is_refused_is_refused_again() -> None:
    admission = Admission(lambda _: Caller("a\nb"))
    for _ in range(2):
        with pytest.raises(Forbidden):
            await admission.admit(request_of())


async def test_both_kinds_of_functions_can_authenticate() -> None:
    async def later(request: Request) -> Caller:
        return Caller("later")

    assert (await Admission(later).admit(request_of())).name == "later"
    assert (await admitted(Caller("now"))).name == "now"


# --- what an authenticator of one's own gives -----------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": "my support desk"},
        {"roles": b"ops"},
        {"roles": ["ops", 7]},
        {"teams": "north"},
        {"machines": "order"},
    ],
)
async def test_one_text_is_no_collection_of_roles(wrong: dict[str, Any]) -> None:
    admission = Admission(lambda _: Caller("ada", **({"roles": frozenset()} | wrong)))
    with pytest.raises(TypeError, match="no collection of texts"):
        await admission.admit(request_of())


async def test_other_collections_are_taken() -> None:
    given: Any = Caller("ada", ["ops", "ops"], ["north"], ["order"])  # type: ignore[arg-type]
    caller = await Admission(lambda _: given).admit(request_of())
    assert caller.roles == frozenset({"ops"})
    assert (caller.teams, caller.machines) == (frozenset({"north"}), ("order",))


@pytest.mark.parametrize("name", ["ada\u2028forged", "\u202eada", "a\u2066b", "a\x85b", "a\nb"])
async def test_a_name_that_shows_as_another_is_refused(name: str) -> None:
    for caller in (Caller(name, frozenset()), Caller("ada", frozenset({name}))):
        with pytest.raises(Forbidden, match="control character"):
            await gives(caller).admit(request_of())


def gives(caller: Caller) -> Admission:
    return Admission(lambda _: caller)


def refuses(error: Exception) -> Admission:
    def authenticate(request: Request) -> Caller:
        raise error

    return Admission(authenticate)


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (Unauthorized("who"), 1),
        (Forbidden("you"), 1),
        (BadRequest("X-Forwarded-User", "it is given more than once"), 1),
        (HTTPException(401, "who"), 1),
        (HTTPException(403, "you"), 1),
        (HTTPException(429, "later"), 0),
        (StoreUnavailable("away"), 0),
    ],
)
async def test_what_an_authenticator_refuses_is_recorded(error: Exception, times: int) -> None:
    admission = refuses(error)
    noted: list[tuple[Caller, str, str]] = []
    admission.on_refusal = lambda *given: noted.append(given)
    with pytest.raises(type(error)):
        await admission.admit(request_of())
    assert [(one.name, one.address, what) for one, what, _ in noted] == [
        ("", "127.0.0.1", "admission")
    ] * times
    with pytest.raises(type(error)):
        await admission.admit(request_of())
    assert len(noted) == 2 * times
