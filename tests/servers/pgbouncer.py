"""A real PgBouncer before a server of the tests, in transaction mode.

::

    with PgBouncer(server) as pooler:
        dsn = pooler.before(server.create_database())

It listens on 127.0.0.1 only, and everything it has lies in one new folder. It runs as the user
that the servers run as, and goes with the process that started it, as they do.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.servers.pooler_program import find_pooler, libraries_of
from tests.servers.postgres import USER, PostgresServer, free_port, unprivileged
from tests.servers.programs import PostgresError

_POLL_SECONDS = 0.02


class PgBouncer:
    """``settings`` are those of ``pgbouncer.ini``. ``patience_seconds`` bounds each wait. Raises
    ``PostgresError`` if there is no program; each method does if what it does fails."""

    def __init__(
        self,
        server: PostgresServer,
        *,
        settings: Mapping[str, str | int] | None = None,
        patience_seconds: float = 60,
    ) -> None:
        self._program = find_pooler()
        self._server = server
        self._settings = settings or {}
        self._owner = unprivileged()
        self._port = 0
        self._folder: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.patience_seconds = patience_seconds

    def before(self, dsn: str) -> str:
        """The address of the same database through this pooler."""
        parts = urlsplit(dsn)
        place = f"{parts.username}@127.0.0.1:{self._port}"
        return parts._replace(netloc=place).geturl()

    @property
    def folder(self) -> Path:
        """Where settings and log lie; there from the first start until ``close()``."""
        if self._folder is None:
            raise PostgresError("A pooler has a folder from its first start() until its close()")
        return self._folder

    def start(self) -> None:
        """The first time, on a port of its own, which is kept. Waits until it can be reached."""
        assert self._process is None
        if self._folder is None:
            self._make()
        owner = self._owner
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, self.folder / "pgbouncer.ini"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, **libraries_of(self._program), "LC_ALL": "C"},
                start_new_session=True,
                user=None if owner is None else owner.pw_uid,
                group=None if owner is None else owner.pw_gid,
                extra_groups=None if owner is None else (),
            )
        self._tell_keeper(self._process.pid)
        deadline = time.monotonic() + self.patience_seconds
        while not self._is_reached():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise PostgresError(
                    f"{self._program} did not start; the end of its log:\n{self.log_tail()}"
                )
            time.sleep(_POLL_SECONDS)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ends it at once, and with it the connections of its clients and to the server."""
        assert self._process is not None
        self._process.send_signal(by)
        try:
            self._process.wait(self.patience_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._tell_keeper(0)

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-lines:])

    def close(self) -> None:
        """Ends it and removes all it had; harmless if done twice."""
        if self._process is not None:
            self.stop()
        keeper, self._keeper, self._folder = self._keeper, None, None
        if keeper is not None:
            assert keeper.stdin is not None
            keeper.stdin.close()
            keeper.wait(self.patience_seconds)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _make(self) -> None:
        folder = self._folder = Path(tempfile.mkdtemp(prefix="statehold-pooler-"))
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).with_name("keeper.py")), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        self._port = free_port()
        settings: dict[str, str | int] = {
            "listen_addr": "127.0.0.1",
            "listen_port": self._port,
            "unix_socket_dir": "",
            "auth_type": "trust",
            "auth_file": str(folder / "users"),
            "pool_mode": "transaction",
            "max_client_conn": 500,
            "default_pool_size": 10,
            # a server that was away is tried again at once
            "server_login_retry": 1,
            **self._settings,
        }
        (folder / "users").write_text(f'"{USER}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={self._server.port}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in settings.items())
        )
        (folder / "log").touch()
        if self._owner is not None:
            for path in (folder, *folder.iterdir()):
                os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _is_reached(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _tell_keeper(self, pid: int) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{pid}\n".encode())
        self._keeper.stdin.flush()
