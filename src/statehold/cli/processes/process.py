"""One process that runs an engine, with HTTP or without, until a signal stops it.

Signals are taken from when the engine is open until the process ends:

1. SIGTERM or SIGINT stops it: open requests are finished, running effects get their grace time,
   claims are returned to the store, and the exit code is 0.
2. A second one ends the wait for open requests. Everything else stays the same.
3. SIGHUP replaces it, as a supervisor replaces its workers; from a terminal it stops it. SIGTERM
   after it stops the process for good, and SIGHUP once more, while one starts, waits for that.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from fastapi import FastAPI

from statehold.chart.machine import Definition
from statehold.cli.offering import close_offered
from statehold.cli.processes.authenticators import authenticator_of
from statehold.cli.processes.balance import Acceptor, Moving, Slots
from statehold.cli.processes.bounds import read_bounds
from statehold.cli.processes.descriptors import most_connections
from statehold.cli.processes.job import Job
from statehold.cli.processes.retention import read_retention
from statehold.cli.processes.signals import Requested
from statehold.cli.processes.tls import Encrypted, Tls
from statehold.engine import Deployments, Engine
from statehold.formats.notation import Offered
from statehold.observe.metrics import Metrics
from statehold.server import Bounds, create_app, create_probes
from statehold.server.connection import Connections

if TYPE_CHECKING:
    from statehold.observe.tracing import Tracing

log = logging.getLogger(__name__)

#: allocations between two looks for cycles, and how many of these until an older generation is
#: looked at. An engine's values are never part of one; with Python's own numbers, looking for them
#: takes a tenth of a busy process's time.
_COLLECT_AFTER = (20_000, 20, 50)


def run_job(
    job: Job,
    machines: Sequence[Definition[Any]],
    offered: Offered,
    resources: Sequence[Any],
    listener: socket.socket | None,
    worker: str,
    up: Callable[[str], None],
    asked: Requested,
    *,
    slots: Slots | None = None,
) -> bool:
    """Returns after a graceful stop: whether it is to be started again, with the listener that is
    left open then. ``up`` is called once requests can be taken, with what is run:
    ``order v3, refund v1``. ``slots`` are shared with processes that have the same listener.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_run(job, machines, offered, resources, listener, worker, up, asked, slots))
    return asked.is_replaced()


async def _run(
    job: Job,
    machines: Sequence[Definition[Any]],
    offered: Offered,
    resources: Sequence[Any],
    listener: socket.socket | None,
    worker: str,
    up: Callable[[str], None],
    asked: Requested,
    slots: Slots | None,
) -> None:
    if job.admission.insecure and listener is not None:
        log.warning(
            "--insecure: everybody who reaches %s has any name and any roles that they claim",
            listener.getsockname(),
        )
    metrics = Metrics(process=job.process, directory=job.metrics_directory)
    tracing = _tracing()
    async with (
        _lent(offered),
        Engine(
            job.store,
            machines,
            schema=job.options.schema,
            direct_store=job.options.direct_store,
            read_store=job.options.read_store,
            limits=job.limits(),
            worker=worker,
            observer=metrics,
            tracer=tracing,
            retention=read_retention(job.keep, None if job.archive is None else Path(job.archive)),
            deployments=Deployments(offered) if job.puts else None,
            resources=resources,
        ) as engine,
    ):
        asked.take_signals()
        bounds = read_bounds(job.bounds)
        running = (f"{m.name} v{m.version}" for m in engine.machines.values())
        what = ", ".join(running) or "no machine yet"
        _settle_memory()
        if listener is None:
            up(what)
            await asked.to_stop.wait()
            return
        admitting: dict[str, Any] = {
            "authenticate": authenticator_of(job.admission, bounds),
            "access": job.admission.access(puts=job.puts),
            "allowed_hosts": job.admission.hosts,
            "metrics": metrics,
        }
        if job.serves:
            app = create_app(engine, bounds=bounds, owns_engine=False, tracing=tracing, **admitting)
        else:
            app = create_probes(engine, **admitting)
        await _Server(job, app, bounds, lambda: up(what), listener, asked, slots).serve()


@asynccontextmanager
async def _lent(offered: Offered) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await close_offered(offered)


def _settle_memory() -> None:
    """What is there by now, modules and charts, stays: no collection has to look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


class _Server(uvicorn.Server):
    """Stops as :class:`.Requested` says: uvicorn's own handlers would raise a signal again before
    the engine is closed. Ends its event streams before it waits for requests to end."""

    def __init__(
        self,
        job: Job,
        app: FastAPI,
        bounds: Bounds,
        up: Callable[[], None],
        listener: socket.socket,
        asked: Requested,
        slots: Slots | None,
    ) -> None:
        self._tls = Tls(*job.tls) if job.tls else None
        connections = Connections(bounds, most=most_connections())
        config = uvicorn.Config(
            app if slots is None else Moving(app, self._is_surplus),
            # it names a class of a protocol, and makes one of whatever is called like it
            http=cast("type[asyncio.Protocol]", connections.protocol),
            ws="none",
            timeout_keep_alive=math.ceil(bounds.idle_seconds),
            log_config=None,
            access_log=job.access_log,
            server_header=False,
            # the address of a caller is the other end of the connection, not what a header says
            proxy_headers=False,
            ssl_context_factory=self._tls.give if self._tls is not None else None,
            # uvicorn takes 0 for "without a bound"
            timeout_graceful_shutdown=max(1, round(job.grace_seconds)),
        )
        super().__init__(config)
        self._app = app
        self._up = up
        self._listener = listener
        self._asked = asked
        self._slots = slots
        self._acceptor: Acceptor | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        # uvicorn names a class of any protocol, and makes it with these
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        protocol = partial(
            make,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        encrypted: Encrypted = {} if self._tls is None else self._tls.for_connections()
        if self._slots is not None:
            self._acceptor = Acceptor(
                self._listener, self._slots, self.server_state.connections, protocol, encrypted
            )
            self._acceptor.start()
        else:
            # by uvicorn itself, a handshake could take a minute
            self.servers.append(
                await asyncio.get_running_loop().create_server(
                    protocol,
                    # the loop closes the socket that it is given
                    sock=self._listener.dup(),
                    backlog=self.config.backlog,
                    **encrypted,
                )
            )
        self._up()

    async def on_tick(self, counter: int) -> bool:
        if self._acceptor is not None:
            self._acceptor.beat()
        if self._tls is not None:
            self._tls.look()
        return await super().on_tick(counter) or self._asked.to_stop.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._acceptor is not None:
            self._acceptor.stop()
        if not self._asked.to_replace:
            self._listener.close()
        streams = getattr(self._app.state, "streams", None)
        if streams is not None:
            streams.stop()
        at_once = asyncio.create_task(self._end_at_once())
        try:
            await super().shutdown()
        finally:
            at_once.cancel()
        if self.force_exit:
            # uvicorn leaves both out
            for task in self.server_state.tasks:
                task.cancel()
            await self.lifespan.shutdown()

    async def _end_at_once(self) -> None:
        await self._asked.at_once.wait()
        self.force_exit = True

    def _is_surplus(self) -> bool:
        acceptor = self._acceptor
        if acceptor is None or acceptor.surplus <= 0:
            return False
        acceptor.surplus -= 1
        return True


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
