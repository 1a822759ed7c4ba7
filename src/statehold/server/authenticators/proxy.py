"""A proxy in front knows the caller and says it in headers, which are believed from it alone."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network

from starlette.requests import Request

from statehold.records import Caller
from statehold.server.authenticators.base import Authenticator, claim_of, listed
from statehold.server.authority import address_of
from statehold.server.bounds import Bounds
from statehold.server.problems import Unauthorized


class Proxy(Authenticator):
    """Believes the headers of requests that come from ``addresses``, and answers nobody else.

    ``addresses`` are IP addresses and networks (``10.0.0.5``, ``10.1.0.0/16``) that only the proxy
    has. ``caller``, ``roles`` and ``teams`` name its headers; roles and teams are separated by
    commas. It has to set or remove each of them in every request, as otherwise the sender's own
    would be believed. Raises ``ValueError`` for what is no address, and for none.
    """

    def __init__(
        self,
        addresses: Collection[str],
        *,
        caller: str = "X-Forwarded-User",
        roles: str = "X-Forwarded-Groups",
        teams: str | None = None,
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    ) -> None:
        if not addresses:
            raise ValueError("no address of a proxy is named, so nobody could be let in")
        self._networks = [network_of(address) for address in addresses]
        named = [caller, roles, *(() if teams is None else (teams,))]
        for header in named:
            if not _is_header(header):
                raise ValueError(f"{header!r} is no name of a header that can be believed")
        if len({header.lower() for header in named}) < len(named):
            raise ValueError(
                f"{', '.join(named)}: one header would say two things, so a caller named like a "
                "role would have that role"
            )
        self._caller = caller
        self._roles = roles
        self._teams = teams
        self._most = bounds.claim_length

    def __call__(self, request: Request) -> Caller:
        client = request.scope.get("client")
        address = address_of(client[0]) if client else None
        if address is None or not any(address in network for network in self._networks):
            raise Unauthorized(_WHY, _SCHEME)
        name = claim_of(request, self._caller, self._most)
        if not name or name.isspace():
            raise Unauthorized(_WHY, _SCHEME)
        teams = None if self._teams is None else claim_of(request, self._teams, self._most)
        return Caller(name, listed(claim_of(request, self._roles, self._most)), teams=listed(teams))


#: the same for each reason: nobody learns which addresses are believed
_WHY = "the request does not come through the proxy, or the proxy names no caller"
#: what proxies pass on as the client has sent it
_OF_CLIENTS = frozenset({
    "accept", "authorization", "connection", "content-length", "content-type", "cookie", "host",
    "origin", "referer", "user-agent",
})  # fmt: skip
#: no scheme of RFC 9110 is meant; a 401 has to name one
_SCHEME = 'Proxy realm="statehold"'


def network_of(text: str) -> IPv4Network | IPv6Network:
    """Raises ``ValueError`` for what is no address or network, or has bits beyond its length."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None:
        raise ValueError(f"{text!r} is IPv4 written as IPv6; write the IPv4 address")
    return network


def _is_header(name: str) -> bool:
    return name.isascii() and name.replace("-", "").isalnum() and name.lower() not in _OF_CLIENTS
