"""The options of ``serve`` and ``worker`` about an OpenID provider."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from statehold.cli import environment


def _option(name: str, variable: str, metavar: str, text: str) -> Any:
    return typer.Option(
        f"--oidc-{name}",
        metavar=metavar,
        envvar=variable,
        show_envvar=True,
        help=f"With --auth oidc: {text}",
    )


#: by the fields of ``AdmissionOptions``
OIDC_OPTIONS: dict[str, Any] = {
    "oidc_issuer": Annotated[
        str | None,
        _option(
            "issuer",
            environment.OIDC_ISSUER,
            "ADDRESS",
            "the provider, by its issuer, character by character. Its keys and addresses are found "
            "there.",
        ),
    ],
    "oidc_audience": Annotated[
        str | None,
        _option(
            "audience",
            environment.OIDC_AUDIENCE,
            "NAME",
            "what access tokens have to be made for (aud): a name that is this server's alone.",
        ),
    ],
    "oidc_client_id": Annotated[
        str,
        _option(
            "client-id",
            environment.OIDC_CLIENT_ID,
            "ID",
            "the studio's client, public and with PKCE, whose redirect address is the studio's. "
            "Without it, the studio asks for a token.",
        ),
    ],
    "oidc_scopes": Annotated[
        list[str],
        _option(
            "scope",
            environment.OIDC_SCOPE,
            "SCOPE",
            "what the studio asks for besides openid; may be repeated.",
        ),
    ],
    "oidc_resource": Annotated[
        str,
        _option(
            "resource",
            environment.OIDC_RESOURCE,
            "ADDRESS",
            "what the studio asks a token for (RFC 8707), where the provider wants that said.",
        ),
    ],
    "oidc_name_claim": Annotated[
        str,
        _option(
            "name-claim",
            environment.OIDC_NAME_CLAIM,
            "CLAIM",
            "the claim that names the caller: one that nobody can choose or change.",
        ),
    ],
    "oidc_roles_claim": Annotated[
        str,
        _option(
            "roles-claim",
            environment.OIDC_ROLES_CLAIM,
            "CLAIM",
            "the claim with its roles, by its path, as in realm_access.roles.",
        ),
    ],
    "oidc_teams_claim": Annotated[
        str,
        _option(
            "teams-claim",
            environment.OIDC_TEAMS_CLAIM,
            "CLAIM",
            "the claim with its teams, by its path.",
        ),
    ],
    "oidc_machines_claim": Annotated[
        str,
        _option(
            "machines-claim",
            environment.OIDC_MACHINES_CLAIM,
            "CLAIM",
            "a claim with the only machines that it may use, as order or shop.*; a token without "
            "it has none. Default: tokens do not limit that.",
        ),
    ],
    "oidc_leeway": Annotated[
        float,
        _option(
            "leeway",
            environment.OIDC_LEEWAY,
            "SECONDS",
            "by how much the clocks of provider and server may differ, at most 300.",
        ),
    ],
    "oidc_ca": Annotated[
        str | None,
        _option(
            "ca",
            environment.OIDC_CA,
            "FILE",
            "certificates (PEM) that the provider's is checked against, instead of the usual ones.",
        ),
    ],
}
