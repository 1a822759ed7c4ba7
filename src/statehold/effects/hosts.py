"""The servers that requests may go to: exact hosts.

``pay.example`` allows https on its own port, ``pay.example:8443`` on that port, and
``http://127.0.0.1:9000`` plain HTTP there. There are no wildcards: a name below an allowed one is
often under another control. An IP address is allowed only if it is listed as such.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from statehold.formats.notation import RequestRefused

_PORTS = {"https": 443, "http": 80}


class Hosts:
    """Raises ``ValueError`` for an entry that is no host."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(allowed)
        self._origins = frozenset(_origin_allowed(text) for text in self.allowed)

    def check(self, url: str) -> None:
        """Raises :class:`.RequestRefused` for an address whose host is not listed."""
        try:
            parts = urlsplit(url)
            origin = _origin(parts)
        except ValueError as error:
            raise RequestRefused(f"{url!r} is no address: {error}") from None
        if parts.username is not None or parts.password is not None or "\\" in url:
            raise RequestRefused(f"{url!r} has a user in it; leave it out")
        if origin not in self._origins:
            allowed = ", ".join(self.allowed) or "none"
            raise RequestRefused(
                f"requests to {parts.scheme}://{parts.netloc} are not allowed; "
                f"allowed hosts: {allowed}"
            )


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    host = (parts.hostname or "").rstrip(".")
    port = _PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    return parts.scheme, host, port


def _origin_allowed(text: str) -> tuple[str, str, int]:
    parts = urlsplit(text if "://" in text else f"https://{text}")
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or not is_bare or "@" in parts.netloc:
        raise ValueError(f"{text!r} is no host; write pay.example, or http://127.0.0.1:9000")
    if "*" in parts.netloc:
        raise ValueError(f"{text!r} has a wildcard; list each host")
    return _origin(parts)
