"""TLS from files: checked when a server starts, and read again when they change.

A certificate is replaced while the server runs, by whatever renews it. What is read then is checked
as at the start, and takes the place of the former as a whole: connections that are made later have
it. One that is wrong is logged, and the former stays.

The check is a handshake with a client in memory that trusts this certificate alone. So what passes
is what a client will accept: the key belongs to the certificate, which is valid now and is meant
for servers.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from pathlib import Path
from typing import NamedTuple, NoReturn, TypedDict

from statehold.errors import StateholdError

log = logging.getLogger(__name__)

#: how long a client may take for its handshake
HANDSHAKE_SECONDS = 10.0
#: between two looks at the files
LOOK_SECONDS = 5.0
#: a certificate that is valid for no longer is warned of
SOON_SECONDS = 14 * 86_400.0


class TlsRefused(StateholdError):
    """Files that no server can use."""

    code = "tls-refused"


class Encrypted(TypedDict, total=False):
    """What loops take for connections with TLS; empty: without."""

    ssl: ssl.SSLContext
    ssl_handshake_timeout: float


class Tls:
    """The certificate and the key that connections are encrypted with.

    Raises ``TlsRefused`` for files that can't be read, do not belong together, or whose certificate
    is not valid now.
    """

    def __init__(self, certificate: str, key: str) -> None:
        self._files = (certificate, key)
        self._seen = _versions(self._files)
        self._now = _checked(*self._files)
        self._looked_at = time.monotonic()
        #: for all connections: each handshake takes what was read last
        self.context = _context(*self._files)
        self.context.sni_callback = self._choose

    def give(self, *_: object) -> ssl.SSLContext:
        """As uvicorn asks for it."""
        return self.context

    def for_connections(self) -> Encrypted:
        return {"ssl": self.context, "ssl_handshake_timeout": HANDSHAKE_SECONDS}

    def look(self) -> None:
        """To be called now and then: reads the files again if they have changed."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        seen = _versions(self._files)
        if seen == self._seen:
            return
        # also if it is wrong: it is looked at again once it changes
        self._seen = seen
        try:
            self._now = _checked(*self._files)
        except TlsRefused as error:
            log.error("the former certificate stays in use: %s", error)
        else:
            log.info("the certificate was read again")

    def _choose(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        """Called in each handshake, whether the client names a host or not."""
        connection.context = self._now


class _Version(NamedTuple):
    changed: int
    size: int
    file: int


def _versions(files: tuple[str, str]) -> list[_Version | None]:
    found: list[_Version | None] = []
    for path in files:
        try:
            stat = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append(_Version(stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return found


def _checked(certificate: str, key: str) -> ssl.SSLContext:
    """Raises ``TlsRefused``."""
    for path, what in ((certificate, "certificate"), (key, "key")):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise TlsRefused(f"the {what} {path} can't be read: {error.strerror}") from None
    context = _context(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        client.load_verify_locations(certificate)
        described = _shake_hands(context, client)
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", None) or error.reason or error
        raise TlsRefused(f"the certificate {certificate} can't be used: {why}") from None
    ends = str(described.get("notAfter", ""))
    left = ssl.cert_time_to_seconds(ends) - time.time()
    if left < SOON_SECONDS:
        log.warning(
            "the certificate %s is valid for %.0f hours, to %s", certificate, left / 3600, ends
        )
    return context


def _context(certificate: str, key: str) -> ssl.SSLContext:
    """Raises ``TlsRefused``."""

    def ask() -> NoReturn:
        # else the terminal would be asked
        raise TlsRefused(f"the key {key} is encrypted; store it without a passphrase")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, ask)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsRefused(
                f"the key {key} is not that of the certificate {certificate}"
            ) from None
        raise TlsRefused(
            f"{certificate} and {key} are no certificate and key in PEM: {error.reason or error}"
        ) from None
    except OSError as error:
        raise TlsRefused(f"{certificate} or {key} can't be read: {error.strerror}") from None
    return context


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, object]:
    """The certificate as the client sees it; raises ``SSLError`` if it refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_side=False),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    # a handshake of TLS 1.3 takes three messages
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return {**(ends[0].getpeercert() or {})}
