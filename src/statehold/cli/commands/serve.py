"""``serve`` and ``worker``: engines until a signal stops them, in one or several processes."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

import msgspec
import typer
from msgspec.structs import replace

from statehold.chart.machine import Definition
from statehold.cli import environment
from statehold.cli.admission import takes_admission
from statehold.cli.offering import check_hosts, offer_to_machines
from statehold.cli.options import (
    TARGET_HELP,
    AllowHost,
    ArchiveTo,
    Bound,
    DirectStore,
    Keep,
    Offer,
    ReadLag,
    ReadStore,
    RunsPuts,
    Schema,
    StoreAddress,
    TakesPuts,
    UsesResources,
)
from statehold.cli.outcome import UsageError
from statehold.cli.processes.admission import AdmissionOptions
from statehold.cli.processes.bounds import read_bounds
from statehold.cli.processes.job import Job, name_worker
from statehold.cli.processes.logs import LogFormat, configure_logging
from statehold.cli.processes.retention import read_retention
from statehold.cli.processes.signals import HANGUP, STOPS, Requested, ignore, take
from statehold.cli.processes.supervisor import Supervisor
from statehold.cli.processes.tls import Tls
from statehold.cli.resources import load_resources
from statehold.cli.targets import load_machines
from statehold.cli.terminal import Terminal
from statehold.errors import StateholdError
from statehold.formats.notation import Offered
from statehold.server.studio import is_built
from statehold.stores.address import StoreOptions, is_shared

log = logging.getLogger(__name__)

DEFAULT_STORE = "sqlite:///statehold.db"

#: bytes of a path to a directory of Unix sockets: systems take 104 to 108 in all, with a name
_LONGEST_PLACE = 70

#: processes below one supervisor; more machines do more than more processes on one
MOST_WORKERS = 64

Workers = Annotated[
    int,
    typer.Option(min=1, max=MOST_WORKERS, help="Equal processes, on one PostgreSQL database."),
]
Format = Annotated[LogFormat, typer.Option("--log-format")]
Grace = Annotated[
    float, typer.Option(min=0, max=3600, help="Seconds that open requests get after a signal.")
]


Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TARGET]...", help=f"{TARGET_HELP}; none with --put alone"),
]


TlsCertificate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar=environment.TLS_CERTIFICATE,
        show_envvar=True,
        help="Serve https: the certificate, in PEM, with those between it and the authority.",
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar=environment.TLS_KEY,
        show_envvar=True,
        help="The certificate's key, in PEM. Both files are read again when they change.",
    ),
]


class CannotListen(StateholdError):
    code = "cannot-listen"


@takes_admission
def serve(
    targets: Targets = None,
    store: StoreAddress = DEFAULT_STORE,
    schema: Schema = None,
    direct_store: DirectStore = None,
    read_store: ReadStore = None,
    read_lag: ReadLag = 10,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8420,
    workers: Workers = 1,
    grace: Grace = 30,
    log_format: Format = LogFormat.text,
    access_log: Annotated[bool, typer.Option(help="Log every request.")] = False,
    keep: Keep = None,
    archive: ArchiveTo = None,
    puts: TakesPuts = False,
    offer: Offer = None,
    allow_host: AllowHost = None,
    resources: UsesResources = None,
    tls_certificate: TlsCertificate = None,
    tls_key: TlsKey = None,
    bound: Bound = None,
    *,
    admission: AdmissionOptions,
) -> None:
    """Serve machines over HTTP until SIGTERM or ctrl-c."""
    options = _options(store, schema, direct_store, read_store)
    job = Job(
        targets=targets or [],
        puts=puts,
        admission=admission,
        tls=_tls(tls_certificate, tls_key),
        offer=offer or [],
        allow_hosts=allow_host or [],
        resources=resources or [],
        store=store,
        options=options,
        read_lag_seconds=read_lag,
        serves=True,
        log_format=log_format.value,
        access_log=access_log,
        grace_seconds=grace,
        keep=keep or [],
        archive=None if archive is None else str(archive),
        bounds=bound or [],
    )
    _check_workers(store, workers)
    _check_targets(targets, puts=puts)
    check_hosts(allow_host or ())
    read_retention(keep or (), archive)
    read_bounds(bound or ())
    # mistakes in the machines are reported before the port is taken
    alone = _Alone.of(job) if workers == 1 else None
    listener = _listen(host, port)
    console = Terminal(stderr=True)
    if not is_built():
        console.say(
            ("note", "yellow"),
            " the studio was not built into this installation, so there is a plain page at the "
            "root: `make studio` builds it in a checkout with Node.js",
        )
    _run(job, workers, alone, listener, "serving {} at " + _address(listener, job.tls))


@takes_admission
def worker(
    targets: Targets = None,
    store: StoreAddress = DEFAULT_STORE,
    schema: Schema = None,
    direct_store: DirectStore = None,
    health_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Answer /health, /ready and /metrics on 127.0.0.1; 0: any free port.",
        ),
    ] = None,
    workers: Workers = 1,
    grace: Grace = 30,
    log_format: Format = LogFormat.text,
    keep: Keep = None,
    archive: ArchiveTo = None,
    puts: RunsPuts = False,
    offer: Offer = None,
    allow_host: AllowHost = None,
    resources: UsesResources = None,
    *,
    admission: AdmissionOptions,
) -> None:
    """Run timers, effects and messages without serving HTTP."""
    if store == "memory:":
        raise UsageError(
            "a worker on memory: has nothing to do, since its instances can't be reached; choose "
            "another --store, or serve"
        )
    options = _options(store, schema, direct_store)
    _check_workers(store, workers)
    _check_targets(targets, puts=puts)
    check_hosts(allow_host or ())
    read_retention(keep or (), archive)
    job = Job(
        targets=targets or [],
        puts=puts,
        offer=offer or [],
        allow_hosts=allow_host or [],
        resources=resources or [],
        store=store,
        options=options,
        serves=False,
        admission=admission,
        log_format=log_format.value,
        grace_seconds=grace,
        keep=keep or [],
        archive=None if archive is None else str(archive),
    )
    alone = _Alone.of(job) if workers == 1 else None
    listener = None if health_port is None else _listen("127.0.0.1", health_port)
    health = "" if listener is None else f", health at {_address(listener)}"
    _run(job, workers, alone, listener, "working on {}" + health)


class _Alone(NamedTuple):
    """The machines of a single process. Several processes each load their own."""

    name: str
    loaded: Sequence[Definition[Any]]
    offered: Offered
    resources: Sequence[Any]

    @classmethod
    def of(cls, job: Job) -> Self:
        name = name_worker()
        configure_logging(
            LogFormat(job.log_format),
            access_log=job.access_log,
            worker=name if is_shared(job.store) else None,
        )
        offered = offer_to_machines(job.offer, job.allow_hosts)
        machines = load_machines(job.targets, offered)
        return cls(name, machines, offered, load_resources(job.resources))


def _run(
    job: Job,
    workers: int,
    alone: _Alone | None,
    listener: socket.socket | None,
    greeting: str,
) -> None:
    """``greeting`` has a place for the machines' names."""
    if alone is not None:
        # the server's libraries take long to load, and several processes load their own
        from statehold.cli.processes.process import run_job

        # a program that waits for this line may connect when it reads it
        if run_job(
            job,
            alone.loaded,
            alone.offered,
            alone.resources,
            listener,
            alone.name,
            lambda what: print(greeting.format(what), flush=True),
            Requested(lambda: _may_replace(job)),
        ):
            _start_again(listener)
        return
    configure_logging(LogFormat(job.log_format), access_log=job.access_log)
    with _socket_directory() as directory:
        supervisor = Supervisor(
            replace(job, metrics_directory=directory),
            workers,
            listener,
            lambda what: print(greeting.format(f"{what} with {workers} workers"), flush=True),
        )
        code = asyncio.run(_supervise(supervisor))
        ignore()
    if code:
        raise typer.Exit(code)


async def _supervise(supervisor: Supervisor) -> int:
    for sig in STOPS:
        take(sig, supervisor.stop)
    for sig in HANGUP:
        # from a terminal, the signal says that the terminal is gone
        take(sig, supervisor.stop if os.isatty(0) else supervisor.reload)
    return await supervisor.run()


async def _may_replace(job: Job) -> bool:
    """Whether a process that is started now could load the machines. One that can't must not take
    the place of this one."""
    if job.store == "memory:":
        log.warning("SIGHUP is ignored: a memory: store would forget everything")
        return False
    check = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "statehold.cli.processes.child",
        "check",
        stdin=asyncio.subprocess.PIPE,
    )
    await check.communicate(msgspec.json.encode(job))
    if check.returncode:
        log.error("this process was not replaced: its machines can't be loaded")
        return False
    log.info("replacing this process")
    return True


def _start_again(listener: socket.socket | None) -> None:
    """The same command in this process's place, with its listener: what waits there waits on."""
    if listener is not None:
        listener.set_inheritable(True)
        os.environ[environment.LISTENER] = str(listener.fileno())
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


@contextmanager
def _socket_directory() -> Iterator[str | None]:
    """A new directory, only for this user, whose path leaves room for the name of a Unix socket in
    it; None where there is no place for one."""
    try:
        usual = tempfile.gettempdir()
    except OSError:
        usual = None
    for place in (usual, os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", "/run", "/tmp"):
        if place is None or len(os.fsencode(place)) > _LONGEST_PLACE:
            continue
        try:
            made = tempfile.TemporaryDirectory(prefix="statehold-", dir=place)
        except OSError:
            continue
        with made as directory:
            yield directory
        return
    log.warning(
        "no directory for sockets can be made, so a request for /metrics is answered by one worker "
        f"for itself; set TMPDIR to a writable one with a path of at most {_LONGEST_PLACE} bytes"
    )
    yield None


def _options(
    store: str, schema: str | None, direct_store: str | None, read_store: str | None = None
) -> StoreOptions:
    """Raises ``StoreRefused``."""
    options = StoreOptions(schema=schema, direct_store=direct_store, read_store=read_store)
    options.check(store)
    return options


def _check_targets(targets: list[str] | None, *, puts: bool) -> None:
    """Raises ``UsageError``."""
    if not targets and not puts:
        raise UsageError(
            f"name what to run, {TARGET_HELP}, or give --put to run what was put into the store"
        )


def _check_workers(store: str, workers: int) -> None:
    """Raises ``UsageError``."""
    if workers == 1:
        return
    if not is_shared(store):
        scheme = store.partition(":")[0][:40]
        raise UsageError(
            f"--workers {workers}: a {scheme} store serves one process; give --store "
            "postgresql://…, or leave --workers out"
        )
    if os.name != "posix":
        raise UsageError(
            f"--workers {workers}: this system can't hand a socket to other processes; start "
            "several servers on ports of their own"
        )


def _listen(host: str, port: int) -> socket.socket:
    inherited = os.environ.pop(environment.LISTENER, None)
    if inherited is not None:
        return socket.socket(fileno=int(inherited))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # the library adds the address to the system's words
        why = (error.strerror or str(error)).partition(" (while ")[0]
        is_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
        way_out = (
            "choose another with --port, 0 for any free one"
            if is_port
            else "name an address of this machine with --host"
        )
        raise CannotListen(f"can't listen at {host}:{port}: {why}; {way_out}") from None


def _address(listener: socket.socket, tls: object = None) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "http" if tls is None else "https"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _tls(certificate: Path | None, key: Path | None) -> tuple[str, str] | None:
    """Raises ``UsageError`` for one of the two alone, and ``TlsRefused``."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError("--tls-certificate and --tls-key belong together: give both, or neither")
    files = (str(certificate.absolute()), str(key.absolute()))
    # before anything is started that would end by it
    Tls(*files)
    return files
