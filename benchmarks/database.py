"""The PostgreSQL that all contenders share: one server, started for the run, fsync on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.machine import file_system
from benchmarks.place import IN_MEMORY, NotADisk
from tests.servers.postgres import PostgresServer

#: 64 callers' connections of one peer, and what the others hold meanwhile
CONNECTIONS = 300
#: what a small server of one's own would be given; the rest are PostgreSQL's defaults, so a commit
#: is on the disk when it is answered
SETTINGS: dict[str, str | int | bool] = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "max_connections": CONNECTIONS,
    # the timers' lateness is that of their commits, by the server's own clock
    "track_commit_timestamp": True,
}


@contextmanager
def server() -> Iterator[PostgresServer]:
    """Raises ``NotADisk`` where temporary files are in memory; ``TMPDIR`` names another place."""
    with PostgresServer(fsync=True, settings=SETTINGS) as started:
        kind = file_system(started.folder)
        if kind in IN_MEMORY:
            raise NotADisk(f"{started.folder} is on {kind}; name a directory on a disk: TMPDIR=DIR")
        settings = ", ".join(f"{name} {value}" for name, value in SETTINGS.items())
        print(f"postgresql {started.version} on {kind}, fsync on, {settings}", flush=True)
        yield started
