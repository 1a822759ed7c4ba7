"""Host names and addresses as requests write them, in one form that can be compared."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

#: the names under which programs on the same host reach a server that listens to loopback
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

_DEFAULT_PORTS = {"http": 80, "https": 443}

#: an address in brackets or a name of a host, and a port that may be empty (RFC 9110, 7.2). No
#: userinfo, no zone of an address: no browser sends these, and readers disagree about them.
_AUTHORITY = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[0-9A-Za-z](?:[0-9A-Za-z._-]{0,252}[0-9A-Za-z_-])?)\.?)"
    r"(?::(?P<port>[0-9]{0,5}))?",
    re.ASCII,
)


class Authority(NamedTuple):
    """``host`` is in lower case, without a dot at its end; an address in its shortest form."""

    host: str
    port: int | None = None


def authority_of(text: str) -> Authority | None:
    """A ``Host`` header, or what an option names; None if it is none."""
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        return None
    if match["six"] is not None:
        address = address_of(match["six"])
        if address is None or ":" not in match["six"]:
            return None
        host = str(address)
    else:
        host = match["name"].lower()
    port = int(match["port"]) if match["port"] else None
    return None if port is not None and port > 65535 else Authority(host, port)


def origin_of(text: str) -> tuple[str, Authority] | None:
    """The scheme and the authority, with its port, of an ``Origin`` header; None for ``null`` and
    for what is no origin of a page."""
    scheme, mark, rest = text.partition("://")
    scheme = scheme.lower()
    authority = authority_of(rest) if mark else None
    if authority is None or scheme not in _DEFAULT_PORTS:
        return None
    return scheme, with_port(authority, scheme)


def with_port(authority: Authority, scheme: str) -> Authority:
    """With the port that the scheme has where none is named."""
    port = authority.port
    return Authority(authority.host, _DEFAULT_PORTS[scheme] if port is None else port)


# the addresses of the open connections: each request asks for its own
@lru_cache(maxsize=1024)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address, which is IPv4 where it is written as IPv6 only because a socket takes both;
    None if it is none, or has a zone."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
