"""``serve``: an engine and its HTTP server in one process."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console

from statehold.chart.machine import Definition
from statehold.cli.definition import Targets
from statehold.cli.retention import ArchiveTo, Keep, read_retention
from statehold.cli.targets import load_machines
from statehold.engine import Engine, Retention
from statehold.errors import StateholdError
from statehold.observe.metrics import Metrics
from statehold.server import Bounds, by_headers, create_app
from statehold.server.auth import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from statehold.observe.tracing import Tracing

DEFAULT_STORE = "sqlite:///statehold.db"

#: how long open requests may take after a signal
_GRACE_SECONDS = 30


class LogFormat(Enum):
    text = "text"
    json = "json"


class CannotListen(StateholdError):
    code = "cannot-listen"


def serve(
    targets: Targets,
    store: Annotated[
        str, typer.Option(envvar="STATEHOLD_STORE", help="sqlite:///FILE or memory:")
    ] = DEFAULT_STORE,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8420,
    log_format: Annotated[LogFormat, typer.Option()] = LogFormat.text,
    access_log: Annotated[bool, typer.Option(help="Log every request.")] = False,
    keep: Keep = None,
    archive: ArchiveTo = None,
) -> None:
    """Serve machines over HTTP until SIGTERM or ctrl-c."""
    machines = load_machines(targets)
    retention = read_retention(keep or (), archive)
    _configure_logging(log_format, access_log)
    listener = _listen(host, port)
    loopback = _is_loopback(host)
    if not loopback:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[yellow]warning[/] whoever reaches {host} may do everything here in anyone's name: "
            "put a proxy in front that says who asks, or serve create_app(authenticate=...) "
            "yourself"
        )
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(machines, store, listener, loopback, access_log, retention))


async def _run(
    machines: Sequence[Definition[Any]],
    store: str,
    listener: socket.socket,
    loopback: bool,
    access_log: bool,
    retention: Retention | Mapping[str, Retention] | None,
) -> None:
    bounds = Bounds()
    metrics = Metrics()
    tracing = _tracing()
    async with Engine(
        store, machines, observer=metrics, tracer=tracing, retention=retention
    ) as engine:
        app = create_app(
            engine,
            authenticate=by_headers(bounds, hosts=LOOPBACK_HOSTS if loopback else None),
            bounds=bounds,
            owns_engine=False,
            metrics=metrics,
            tracing=tracing,
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=access_log,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        names = ", ".join(f"{m.name} v{m.version}" for m in machines)
        await _Server(config, app, f"serving {names} at {_address(listener)}").serve([listener])


class _Server(uvicorn.Server):
    """Ends its event streams before it waits for requests to end, and exits with 0 on a signal:
    uvicorn's own handler would raise the signal again, before the engine is closed."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, greeting: str) -> None:
        super().__init__(config)
        self._app = app
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # whoever waits for this line may connect when it is there
        print(self._greeting, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.streams.stop()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # the second signal does not wait for open requests
        self.force_exit = self.should_exit
        self.should_exit = True


def _tracing() -> Tracing | None:
    """Traces go where the machines' modules, or ``opentelemetry-instrument``, say; else there are
    none, and they cost nothing."""
    try:
        from statehold.observe.tracing import configured
    except ImportError:
        # what statehold[otel] brings is not installed
        return None
    return configured()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise CannotListen(
            f"can't listen at {host}:{port}: {error.strerror or error}; choose another with "
            "--port, 0 for any free one"
        ) from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        # there is none for Windows; asyncio's own loop does the same, more slowly
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _configure_logging(form: LogFormat, access_log: bool) -> None:
    """Everything that logs, ours or a library's, goes to stderr in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
        if form is LogFormat.json
        else [structlog.dev.ConsoleRenderer(colors=False)]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # its notes on starting and stopping say what our own line says
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO if access_log else logging.WARNING)
