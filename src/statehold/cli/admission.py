"""The options of ``serve`` and ``worker`` that say whom they let in, in one place for both."""

from __future__ import annotations

import functools
import inspect
import ipaddress
from collections.abc import Callable
from typing import Annotated, Any, get_args

import typer

from statehold.chart.access import is_machine
from statehold.cli import environment
from statehold.cli.oidc import OIDC_OPTIONS
from statehold.cli.outcome import UsageError
from statehold.cli.processes.admission import KINDS, AdmissionOptions

_AUTH = typer.Option(
    "--auth",
    metavar="|".join(KINDS),
    envvar=environment.AUTH,
    show_envvar=True,
    help="How callers are known. loopback, the default there: headers say it, and are believed of "
    "programs on this host; proxy: headers say it, and are believed of --proxy-address; tokens: "
    "tokens that `statehold token` makes, as in Authorization: Bearer sth_…; oidc: access tokens "
    "of the provider at --oidc-issuer.",
)
_INSECURE = typer.Option(
    "--insecure",
    help="Believe what requests say of their callers from every address: everybody who reaches "
    "the server has any name and any roles.",
)
_HOSTS = typer.Option(
    "--allowed-host",
    metavar="HOST[:PORT]",
    envvar=environment.ALLOWED_HOST,
    show_envvar=True,
    help="A name under which clients reach the server, such as its name at the proxy; may be "
    "repeated. Loopback's names and the server's own address are allowed without it.",
)
_PROXIES = typer.Option(
    "--proxy-address",
    metavar="ADDRESS[/BITS]",
    envvar=environment.PROXY_ADDRESS,
    show_envvar=True,
    help="With --auth proxy: an address, or a network, that only the proxy has; may be repeated.",
)
_PROXY_CALLER = typer.Option(
    "--proxy-caller",
    metavar="HEADER",
    envvar=environment.PROXY_CALLER,
    show_envvar=True,
    help="With --auth proxy: the header that names the caller.",
)
_PROXY_ROLES = typer.Option(
    "--proxy-roles",
    metavar="HEADER",
    envvar=environment.PROXY_ROLES,
    show_envvar=True,
    help="With --auth proxy: the header with its roles, separated by commas.",
)
_PROXY_TEAMS = typer.Option(
    "--proxy-teams",
    metavar="HEADER",
    envvar=environment.PROXY_TEAMS,
    show_envvar=True,
    help="With --auth proxy: the header with its teams, separated by commas.",
)
_ACT_ROLE = typer.Option(
    "--act-role",
    metavar="ROLE",
    envvar=environment.ACT_ROLE,
    show_envvar=True,
    help="Callers with this role may act by hand (pause, cancel, retry, fire a timer) and upgrade, "
    "where a machine does not say who may. Default: nobody.",
)
_METRICS_ROLE = typer.Option(
    "--metrics-role",
    metavar="ROLE",
    envvar=environment.METRICS_ROLE,
    show_envvar=True,
    help="Callers with this role may read /metrics. Default: nobody, but with loopback everybody.",
)
_AUDIT_ROLE = typer.Option(
    "--audit-role",
    metavar="ROLE",
    envvar=environment.AUDIT_ROLE,
    show_envvar=True,
    help="Callers with this role may read the audit log. Default: nobody.",
)

#: by the fields of ``AdmissionOptions``; typer gives None, or an empty list, for what is left out
_OPTIONS: dict[str, Any] = {
    "auth": Annotated[str | None, _AUTH],
    "insecure": Annotated[bool, _INSECURE],
    "hosts": Annotated[list[str], _HOSTS],
    "proxies": Annotated[list[str], _PROXIES],
    "proxy_caller": Annotated[str, _PROXY_CALLER],
    "proxy_roles": Annotated[str, _PROXY_ROLES],
    "proxy_teams": Annotated[str | None, _PROXY_TEAMS],
    **OIDC_OPTIONS,
    "act_role": Annotated[str | None, _ACT_ROLE],
    "metrics_role": Annotated[str | None, _METRICS_ROLE],
    "audit_role": Annotated[str | None, _AUDIT_ROLE],
}
_DEFAULTS: dict[str, Any] = {name: getattr(AdmissionOptions(), name) for name in _OPTIONS}
# whether one was chosen matters
_DEFAULTS["auth"] = None


def takes_admission(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command these options, and to its function ``admission``: what they say, checked."""

    @functools.wraps(command)
    def run(**given: Any) -> None:
        own = {name: given.pop(name) for name in _OPTIONS}
        host = given.get("host", "127.0.0.1")
        command(**given, admission=_checked(own, host))

    # typer reads a command's options from its signature
    parameters = [
        one
        for one in inspect.signature(command, eval_str=True).parameters.values()
        if one.name != "admission"
    ] + [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name], annotation=annotation
        )
        for name, annotation in _OPTIONS.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked(given: dict[str, Any], host: str) -> AdmissionOptions:
    """Raises ``UsageError``."""
    auth, insecure = given["auth"], given["insecure"]
    if auth is not None and auth not in KINDS:
        raise UsageError(f"--auth {auth[:40]!r} is none of {', '.join(KINDS)}")
    if insecure and auth not in (None, "loopback"):
        raise UsageError(f"--insecure believes everybody, and --auth {auth} does not; choose one")
    if auth is None and not insecure and not is_loopback(host):
        raise UsageError(
            f"--host {host} can be reached from elsewhere, and nothing says how callers are known: "
            "choose --auth (see `statehold serve --help`), leave --host out to serve this host "
            "alone, or give --insecure to believe everybody"
        )
    for name, value in given.items():
        kind = "proxy" if name.startswith("prox") else name.partition("_")[0]
        if kind in ("proxy", "oidc") and kind != auth and value != _DEFAULTS[name]:
            raise UsageError(f"{_option_of(name)} is for --auth {kind}")
        if name.endswith("_role") and value is not None and (not value or is_machine(value)):
            raise UsageError(f"{_option_of(name)} {value[:40]!r} is no role that a caller can have")
    allowed = given["hosts"]
    if auth == "oidc" and not (given["oidc_issuer"] and given["oidc_audience"]):
        raise UsageError("--auth oidc needs --oidc-issuer and --oidc-audience")
    if not is_wildcard(host):
        given = {**given, "hosts": [*allowed, host]}
    options = AdmissionOptions(**{**given, "auth": auth or "loopback"})
    if allowed or options.auth != "loopback":
        # loads the server's libraries, which a supervisor does without where nothing can be wrong
        from statehold.cli.processes.authenticators import check

        check(options)
    return options


def _option_of(field: str) -> str:
    option = get_args(_OPTIONS[field])[1]
    # typer keeps the first of an option's names where the default is otherwise
    return str(option.default)


def is_wildcard(host: str) -> bool:
    """Whether it stands for all addresses of this machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host
