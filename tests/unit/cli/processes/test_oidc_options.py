"""What the options say of an OpenID provider is what its tokens are read by."""

from __future__ import annotations

from typing import Any

import pytest

from statehold.cli.outcome import UsageError
from statehold.cli.processes.admission import AdmissionOptions
from statehold.cli.processes.authenticators import authenticator_of
from statehold.server import Bounds
from statehold.server.authenticators.oidc import Oidc, OidcSettings

GIVEN: dict[str, Any] = {
    "auth": "oidc",
    "oidc_issuer": "https://id.example",
    "oidc_audience": "statehold",
}


def test_the_least_that_is_said_gives_the_defaults_of_the_settings() -> None:
    made = authenticator_of(AdmissionOptions(**GIVEN), Bounds())
    assert isinstance(made, Oidc)
    assert made.settings == OidcSettings(issuer="https://id.example", audience="statehold")


def test_every_option_is_a_setting() -> None:
    options = AdmissionOptions(
        **GIVEN,
        oidc_client_id="studio",
        oidc_scopes=["profile", "openid", "profile"],
        oidc_resource="https://statehold.example/api",
        oidc_name_claim="preferred_username",
        oidc_roles_claim="realm_access.roles",
        oidc_teams_claim="teams",
        oidc_machines_claim="machines",
        oidc_leeway=5,
    )
    made = authenticator_of(options, Bounds())
    assert isinstance(made, Oidc)
    assert made.settings == OidcSettings(
        issuer="https://id.example",
        audience="statehold",
        client_id="studio",
        scopes=("openid", "profile"),
        resource="https://statehold.example/api",
        name_claim="preferred_username",
        roles_claim="realm_access.roles",
        teams_claim="teams",
        machines_claim="machines",
        leeway_seconds=5,
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"oidc_issuer": "http://id.example"}, "not https"),
        ({"oidc_leeway": 3600}, "leeway"),
        ({"oidc_ca": "/nowhere/ca.pem"}, "can't be read"),
        ({"oidc_roles_claim": ""}, "roles_claim"),
    ],
)
def test_options_that_are_not_safe_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        authenticator_of(AdmissionOptions(**{**GIVEN, **wrong}), Bounds())
