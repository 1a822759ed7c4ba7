"""The job of one process of a server, as its supervisor sends it."""

from __future__ import annotations

import os
import socket
import uuid

from msgspec import Struct

from statehold.cli.processes.admission import AdmissionOptions
from statehold.engine.limits import Limits
from statehold.stores.address import StoreOptions

#: seconds that running effects get after the last request, of the time for a graceful stop
_EFFECTS_SECONDS = Limits().grace_seconds
#: seconds that resources get to close
_RESOURCES_SECONDS = Limits().resource_seconds
#: seconds beyond its own bounds that a process needs to close, and to be gone
_CLOSING_SECONDS = 5


class Job(Struct, frozen=True, kw_only=True):
    """The job of a process. It is sent to children as JSON, over a socket: the store's address may
    have a password, and everybody on the host can read a command line.

    ``options`` are the store's, and ``read_lag_seconds`` is how far lists and counts of its
    standby may be behind. ``serves``: the API is offered at the listener, else only the
    probes, if there is one. ``grace_seconds``: how long open requests may take after a signal.
    ``process`` is its place among those that share the listener, whose metrics meet in
    ``metrics_directory``; empty and None for one alone. ``keep`` and ``archive`` are those of
    :func:`.retention.read_retention`. ``puts``: machines that were put are run too, and taken where
    it serves. ``offer`` and ``allow_hosts`` are what machines that come as data may use,
    ``resources`` what effects take by type. ``admission``: whom it lets in. ``tls``: the files of
    its certificate and its key. ``bounds`` are those of :func:`.bounds.read_bounds`.
    """

    targets: list[str]
    store: str
    serves: bool
    options: StoreOptions = StoreOptions()
    read_lag_seconds: float = Limits().read_lag_seconds
    log_format: str = "text"
    access_log: bool = False
    grace_seconds: float = 30
    keep: list[str] = []
    archive: str | None = None
    puts: bool = False
    admission: AdmissionOptions = AdmissionOptions()
    tls: tuple[str, str] | None = None
    bounds: list[str] = []
    offer: list[str] = []
    allow_hosts: list[str] = []
    resources: list[str] = []
    process: str = ""
    metrics_directory: str | None = None

    @property
    def stop_seconds(self) -> float:
        """From the signal to the end, at most."""
        closing = _CLOSING_SECONDS + (_RESOURCES_SECONDS if self.resources else 0)
        return self.grace_seconds + self._effects_seconds + closing

    @property
    def _effects_seconds(self) -> float:
        return min(_EFFECTS_SECONDS, self.grace_seconds)

    def limits(self) -> Limits:
        return Limits(grace_seconds=self._effects_seconds, read_lag_seconds=self.read_lag_seconds)


def name_worker() -> str:
    """A unique name of a worker, for its logs and the store."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
