"""Whom a server's process lets in, as the options of ``serve`` and ``worker`` say it."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from statehold.chart.access import OWN_USER, Access, Grant, ServerAccess, role

Kind = Literal["loopback", "proxy", "tokens", "oidc"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: the role that ``--put`` requires
PUT_ROLE = "operator"


class AdmissionOptions(Struct, frozen=True, kw_only=True):
    """A part of the job, which goes to the processes of a supervisor as JSON.

    ``auth``: the authenticator. ``insecure``: callers are believed whatever their address is.
    ``hosts``: the names, with or without a port, that a request's Host may have, beside those of
    loopback and of this end of the connection. ``proxies``: the addresses from which the headers
    ``proxy_caller``, ``proxy_roles`` and ``proxy_teams`` are believed. The fields
    that begin with ``oidc_`` are those of :class:`.oidc.OidcSettings`. ``act_role``,
    ``metrics_role`` and ``audit_role``: the roles that may act by hand and upgrade, read
    ``/metrics`` and read the audit log; None: what the authenticator's kind permits.
    """

    auth: Kind = "loopback"
    insecure: bool = False
    hosts: list[str] = []
    proxies: list[str] = []
    proxy_caller: str = "X-Forwarded-User"
    proxy_roles: str = "X-Forwarded-Groups"
    proxy_teams: str | None = None
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    oidc_client_id: str = ""
    oidc_scopes: list[str] = []
    oidc_resource: str = ""
    oidc_name_claim: str = "sub"
    oidc_roles_claim: str = "roles"
    oidc_teams_claim: str = "groups"
    oidc_machines_claim: str = ""
    oidc_leeway: float = 60.0
    oidc_ca: str | None = None
    act_role: str | None = None
    metrics_role: str | None = None
    audit_role: str | None = None

    def access(self, *, puts: bool) -> ServerAccess:
        """What the server permits beyond what machines state."""
        base = OWN_USER if self.auth == "loopback" else ServerAccess()
        unstated: dict[str, Grant] = {}
        if self.act_role is not None:
            unstated["act"] = unstated["upgrade"] = role(self.act_role)
        if puts:
            unstated["put"] = role(PUT_ROLE)
        return replace(
            base,
            unstated=_with(base.unstated, unstated),
            metrics=base.metrics if self.metrics_role is None else role(self.metrics_role),
            audit=base.audit if self.audit_role is None else role(self.audit_role),
        )


def _with(access: Access, grants: dict[str, Grant]) -> Access:
    return replace(access, **grants)
