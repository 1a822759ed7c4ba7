"""What a server knows of its OpenID provider: its address, and which claims name what."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from statehold.errors import StateholdError

#: asymmetric alone: a key that verifies signs nothing. ``none`` and ``HS256`` can't be added.
#: Ed25519 is EdDSA's name since RFC 9864
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
#: seconds by which the clocks of provider and server may differ, at most
LEEWAY_LIMIT = 300.0


class WrongSettings(StateholdError, ValueError):
    """The settings can't be used; the message names the one, and what it may be."""

    code = "wrong-settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """An OpenID provider, and how its access tokens are read.

    ``issuer`` is compared with the provider's own and with each token's character by character.
    ``audience`` is what a token has to be made for. ``client_id`` is the studio's client, without
    which the studio asks for a token; ``scopes`` and ``resource`` (RFC 8707) are what it asks the
    provider for. A claim is named by its path: ``realm_access.roles`` is ``roles`` within
    ``realm_access``, unless a claim has that whole name. ``machines_claim`` empty: tokens do not
    limit their callers to machines; otherwise one without the claim has none. ``ca_file`` has the
    certificates (PEM) that the provider's is checked against, instead of the usual ones.
    Raises ``WrongSettings``.
    """

    issuer: str
    audience: str
    client_id: str = ""
    scopes: tuple[str, ...] = ("openid",)
    resource: str = ""
    name_claim: str = "sub"
    roles_claim: str = "roles"
    teams_claim: str = "groups"
    machines_claim: str = ""
    algorithms: tuple[str, ...] = field(default=ALGORITHMS)
    leeway_seconds: float = 60.0
    ca_file: str | None = None

    def __post_init__(self) -> None:
        check_address("the issuer", self.issuer)
        if urlsplit(self.issuer).query:
            raise WrongSettings(f"the issuer {self.issuer!r} has a query; an issuer has none")
        if not self.audience:
            raise WrongSettings(
                "no audience is given: without one, a token for any other service would be taken"
            )
        for name in ("name_claim", "roles_claim", "teams_claim"):
            if not getattr(self, name):
                raise WrongSettings(f"{name} is empty; name a claim, such as sub or roles")
        unknown = [one for one in self.algorithms if one not in ALGORITHMS]
        if unknown or not self.algorithms:
            raise WrongSettings(
                f"algorithms {unknown or 'none'} can't be used; choose of {', '.join(ALGORITHMS)}"
            )
        if not 0 <= self.leeway_seconds <= LEEWAY_LIMIT:
            raise WrongSettings(
                f"a leeway of {self.leeway_seconds:g} s is not between 0 and {LEEWAY_LIMIT:g} s"
            )
        if self.client_id and "openid" not in self.scopes:
            raise WrongSettings("scopes lack openid, without which nobody signs in")


def check_address(what: str, address: str) -> None:
    """Raises ``WrongSettings`` for what is no ``https`` address; on loopback, ``http`` is taken."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise WrongSettings(f"{what} {address[:200]!r} is no address: {error}") from None
    if not host or parts.username is not None or parts.fragment or not address.isascii():
        raise WrongSettings(f"{what} {address[:200]!r} is no plain https address")
    if any(char.isspace() or not char.isprintable() for char in address):
        raise WrongSettings(f"{what} {address[:200]!r} has spaces or control characters")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise WrongSettings(
            f"{what} {address[:200]!r} is not https; plain http is for loopback alone"
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(address: str) -> str:
    """The origin of an address, as a browser writes it."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{name}{port}"
