"""Which claims make which caller."""

from __future__ import annotations

from typing import Any

import pytest

from statehold.server.authenticators.oidc.access_token import TokenRefused
from statehold.server.authenticators.oidc.claims import caller_of_claims
from statehold.server.authenticators.oidc.settings import OidcSettings, WrongSettings, origin_of


def settings(**more: Any) -> OidcSettings:
    return OidcSettings(issuer="https://id.example", audience="statehold", **more)


def test_roles_and_teams_are_found_by_their_paths() -> None:
    claims = {
        "sub": "u1",
        "preferred_username": "ada",
        "realm_access": {"roles": ["ops", "support"]},
        "org": {"teams": "kitchen"},
    }
    found = caller_of_claims(
        claims,
        settings(
            name_claim="preferred_username",
            roles_claim="realm_access.roles",
            teams_claim="org.teams",
        ),
    )
    assert found.name == "ada"
    assert found.roles == frozenset({"ops", "support"})
    assert found.teams == {"kitchen"}


def test_a_claim_with_dots_in_its_name_goes_before_one_within_others() -> None:
    claims = {"sub": "ada", "https://shop.example/roles": ["ops"], "https://shop": {}}
    found = caller_of_claims(claims, settings(roles_claim="https://shop.example/roles"))
    assert found.roles == frozenset({"ops"})


def test_the_words_of_a_scope_are_roles_and_those_of_another_text_are_one() -> None:
    claims = {"sub": "ada", "scope": "order.read order.send", "groups": "The kitchen"}
    found = caller_of_claims(claims, settings(roles_claim="scope"))
    assert found.roles == frozenset({"order.read", "order.send"})
    assert found.teams == {"The kitchen"}


def test_a_token_without_roles_gives_none_and_never_every_right() -> None:
    for claims in ({"sub": "ada"}, {"sub": "ada", "roles": None}):
        found = caller_of_claims(claims, settings())
        assert found.roles == frozenset()
        assert found.teams == frozenset()
        assert found.machines is None


def test_machines_are_limited_where_a_claim_of_them_is_named() -> None:
    limited = settings(machines_claim="machines")
    found = caller_of_claims({"sub": "ada", "machines": ["order", "shop.*"]}, limited)
    assert found.machines == ("order", "shop.*")
    assert caller_of_claims({"sub": "ada"}, limited).machines == ()
    with pytest.raises(TokenRefused, match="names no machine"):
        caller_of_claims({"sub": "ada", "machines": ["*order"]}, limited)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"issuer": "http://id.example"}, "not https"),
        ({"issuer": "ftp://127.0.0.1"}, "not https"),
        ({"issuer": "id.example"}, "no plain https"),
        ({"issuer": "https://ada:pw@id.example"}, "no plain https"),
        ({"issuer": "https://id.example/#x"}, "no plain https"),
        ({"issuer": "https://id.example/?x=1"}, "query"),
        ({"issuer": "https://id.example:99999"}, "no address"),
        ({"issuer": "https://id.example/ x"}, "spaces"),
        ({"issuer": "http://127.0.0.1.evil.example"}, "not https"),
        ({"audience": ""}, "audience"),
        ({"algorithms": ("HS256",)}, "HS256"),
        ({"algorithms": ("none",)}, "none"),
        ({"algorithms": ()}, "none"),
        ({"leeway_seconds": 301.0}, "leeway"),
        ({"leeway_seconds": -1.0}, "leeway"),
        ({"leeway_seconds": float("nan")}, "leeway"),
        ({"roles_claim": ""}, "roles_claim"),
        ({"client_id": "studio", "scopes": ("profile",)}, "openid"),
    ],
)
def test_settings_that_are_not_safe_are_refused(wrong: dict[str, Any], why: str) -> None:
    given: dict[str, Any] = {"issuer": "https://id.example", "audience": "statehold", **wrong}
    with pytest.raises(WrongSettings, match=why):
        OidcSettings(**given)


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:4000", "http://localhost/realm", "http://[::1]:80"]
)
def test_plain_http_is_taken_on_loopback(issuer: str) -> None:
    assert OidcSettings(issuer=issuer, audience="x").issuer == issuer


def test_an_origin_is_written_as_browsers_write_it() -> None:
    assert origin_of("https://id.example:443/a/b?c") == "https://id.example"
    assert origin_of("http://[::1]:4000/a") == "http://[::1]:4000"
    assert origin_of("https://ID.example:8443") == "https://id.example:8443"
