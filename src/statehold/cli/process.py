"""One process that runs an engine, with HTTP or without, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from fastapi import FastAPI

from statehold.chart.machine import Definition
from statehold.cli.job import Job
from statehold.cli.offering import take_back
from statehold.cli.retention import read_retention
from statehold.engine import Engine, Puts
from statehold.formats.notation import Offered
from statehold.observe.metrics import Metrics
from statehold.server import Bounds, by_headers, create_app, create_probes
from statehold.server.auth import LOOPBACK_HOSTS, PUT_ROLE, by_role

if TYPE_CHECKING:
    from statehold.observe.tracing import Tracing

#: allocations between two looks for cycles, and how many of these until an older generation is
#: looked at. An engine's values are never part of one; with Python's own numbers, looking for them
#: takes a tenth of a busy process's time.
_COLLECT_AFTER = (20_000, 20, 50)


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
