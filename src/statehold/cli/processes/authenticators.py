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
    except ValueError as error:
        raise UsageError(f"--auth {options.auth}: {error}") from None
