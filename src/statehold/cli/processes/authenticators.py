"""The authenticator that options name: apart from them, since it loads the server's libraries."""

from __future__ import annotations

from statehold.cli.outcome import UsageError
from statehold.cli.processes.admission import AdmissionOptions
from statehold.server import Authenticator, Bounds, Loopback, Proxy, Tokens
from statehold.server.admission import Admission


def check(options: AdmissionOptions) -> None:
    """Raises ``UsageError`` for options that no server could be made with."""
    try:
        Admission(authenticator_of(options, Bounds()), hosts=options.hosts)
    except ValueError as error:
        raise UsageError(f"--allowed-host: {error}") from None


def authenticator_of(options: AdmissionOptions, bounds: Bounds) -> Authenticator:
    """Raises ``UsageError`` for options that it can't be made of."""
    try:
        match options.auth:
            case "loopback":
                return Loopback(bounds, any_address=options.insecure)
            case "proxy":
                return Proxy(
                    options.proxies,
                    caller=options.proxy_caller,
                    roles=options.proxy_roles,
                    teams=options.proxy_teams,
                    bounds=bounds,
                )
            case "tokens":
                return Tokens()
            case "oidc":
                return _oidc(options)
    except ValueError as error:
        raise UsageError(f"--auth {options.auth}: {error}") from None


def _oidc(options: AdmissionOptions) -> Authenticator:
    try:
        from statehold.server.authenticators.oidc import Oidc, OidcSettings
    except ImportError as error:
        raise UsageError(
            f"--auth oidc needs the extra oidc, as in pip install 'statehold[cli,oidc]': {error}"
        ) from error
    return Oidc(
        OidcSettings(
            issuer=options.oidc_issuer or "",
            audience=options.oidc_audience or "",
            client_id=options.oidc_client_id,
            scopes=tuple(dict.fromkeys(("openid", *options.oidc_scopes))),
            resource=options.oidc_resource,
            name_claim=options.oidc_name_claim,
            roles_claim=options.oidc_roles_claim,
            teams_claim=options.oidc_teams_claim,
            machines_claim=options.oidc_machines_claim,
            leeway_seconds=options.oidc_leeway,
            ca_file=options.oidc_ca,
        )
    )
