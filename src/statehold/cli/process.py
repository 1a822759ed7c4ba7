"""One process that runs an engine, with HTTP or without, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI
from msgspec import Struct

from statehold.chart.machine import Definition
from statehold.cli.offering import take_back
from statehold.cli.retention import read_retention
from statehold.engine import Engine, Puts
from statehold.engine.limits import Limits
from statehold.formats.notation import Offered
from statehold.observe.metrics import Metrics
from statehold.server import Bounds, by_headers, create_app, create_probes
from statehold.server.auth import LOOPBACK_HOSTS, PUT_ROLE, by_role

if TYPE_CHECKING:
    from statehold.observe.tracing import Tracing

#: seconds that running effects get after the last request, of the time for a graceful stop
_EFFECTS_SECONDS = Limits().grace_seconds
#: allocations between two looks for cycles, and how many of these until an older generation is
#: looked at. An engine's values are never part of one; with Python's own numbers, looking for them
#: takes a tenth of a busy process's time.
_COLLECT_AFTER = (20_000, 20, 50)
#: seconds beyond its own bounds that a process needs to close, and to be gone
_CLOSING_SECONDS = 5


class Job(Struct, frozen=True, kw_only=True):
    """What a process is to do. It goes to children as JSON, over a socket: the store's address may
    hold a password, and everybody on the machine can read a command line.

    ``serves``: the API is offered at the listener, else only the probes, if there is one.
    ``grace_seconds``: how long open requests may take after a signal. ``process`` is its place
    among those that share the listener, whose metrics meet in ``metrics_directory``; empty and None
    for one alone. ``keep`` and ``archive`` are those of :func:`.retention.read_retention`.
    ``puts``: machines that were put are run too, and taken where it serves. ``offer`` and
    ``allow_hosts`` are what machines that come as data are lent. ``act_role``: who may act on
    instances by hand; None: everybody.
    """

    targets: list[str]
    store: str
    serves: bool
    loopback: bool = True
    log_format: str = "text"
    access_log: bool = False
    grace_seconds: float = 30
    keep: list[str] = []
    archive: str | None = None
    puts: bool = False
    act_role: str | None = None
    offer: list[str] = []
    allow_hosts: list[str] = []
    process: str = ""
    metrics_directory: str | None = None

    @property
    def stop_seconds(self) -> float:
        """From the signal to the end, at most."""
        return self.grace_seconds + self._effects_seconds + _CLOSING_SECONDS

    @property
    def _effects_seconds(self) -> float:
        return min(_EFFECTS_SECONDS, self.grace_seconds)

    def limits(self) -> Limits:
        return Limits(grace_seconds=self._effects_seconds)


def name_worker() -> str:
    """A name that no other worker was ever given: it stands in logs and in the store alike."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def run_job(
    job: Job,
    machines: Sequence[Definition[Any]],
    offered: Offered,
    listener: socket.socket | None,
    worker: str,
    up: Callable[[str], None],
) -> None:
    """Returns after a graceful stop. ``up`` is called once requests can be taken, with what is
    run: ``order v3, refund v1``."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(job, machines, offered, listener, worker, up))


async def _run(
    job: Job,
    machines: Sequence[Definition[Any]],
    offered: Offered,
    listener: socket.socket | None,
    worker: str,
    up: Callable[[str], None],
) -> None:
    metrics = Metrics(process=job.process, directory=job.metrics_directory)
    tracing = _tracing()
    async with (
        _lent(offered),
        Engine(
            job.store,
            machines,
            limits=job.limits(),
            worker=worker,
            observer=metrics,
            tracer=tracing,
            retention=read_retention(job.keep, None if job.archive is None else Path(job.archive)),
            puts=Puts(offered) if job.puts else None,
        ) as engine,
    ):
        running = (f"{m.name} v{m.version}" for m in engine.machines.values())
        what = ", ".join(running) or "no machine yet"
        _settle_memory()
        if listener is None:
            await _wait_for_signal(lambda: up(what))
            return
        if job.serves:
            bounds = Bounds()
            app = create_app(
                engine,
                authenticate=by_headers(bounds, hosts=LOOPBACK_HOSTS if job.loopback else None),
                bounds=bounds,
                owns_engine=False,
                metrics=metrics,
                tracing=tracing,
                may_put=by_role(PUT_ROLE) if job.puts else None,
                may_act=None if job.act_role is None else by_role(job.act_role),
            )
        else:
            app = create_probes(engine, metrics=metrics)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=job.access_log,
            server_header=False,
            # uvicorn takes 0 for "without a bound"
            timeout_graceful_shutdown=max(1, round(job.grace_seconds)),
        )
        await _Server(config, app, lambda: up(what)).serve([listener])


@asynccontextmanager
async def _lent(offered: Offered) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await take_back(offered)


def _settle_memory() -> None:
    """What is there by now, modules and charts, stays: no collection has to look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


class _Server(uvicorn.Server):
    """Ends its event streams before it waits for requests to end, and exits with 0 on a signal:
    uvicorn's own handler would raise the signal again, before the engine is closed."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, up: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        streams = getattr(self._app.state, "streams", None)
        if streams is not None:
            streams.stop()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # the second signal does not wait for open requests
        self.force_exit = self.should_exit
        self.should_exit = True


async def _wait_for_signal(up: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()

    def tell(sig: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(told.set)

    # not loop.add_signal_handler, which Windows has not
    before = {sig: signal.signal(sig, tell) for sig in (signal.SIGTERM, signal.SIGINT)}
    try:
        up()
        await told.wait()
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


def _tracing() -> Tracing | None:
    """Traces go where the machines' modules, or ``opentelemetry-instrument``, say; else there are
    none, and they cost nothing."""
    try:
        from statehold.observe.tracing import configured
    except ImportError:
        # what statehold[otel] brings is not installed
        return None
    return configured()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        # there is none for Windows; asyncio's own loop does the same, more slowly
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
