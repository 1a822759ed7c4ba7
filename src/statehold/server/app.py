"""The application: the routes, the probes, the front page, and what is around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from statehold.errors import Stopping, Unavailable
from statehold.server.auth import Authenticate, MayAct, MayPut, by_headers
from statehold.server.bounds import Bounds
from statehold.server.guard import guard
from statehold.server.page import CONTENT_SECURITY_POLICY, render
from statehold.server.problems import documented, response_of_any
from statehold.server.routes import Routes
from statehold.server.shortcut import EventShortcut
from statehold.server.studio import studio_routes
from statehold.wire.operations import Health

if TYPE_CHECKING:
    from statehold.engine import Engine
    from statehold.observe.metrics import Metrics
    from statehold.observe.tracing import Tracing


def create_app(
    engine: Engine | Callable[[], Engine],
    *,
    authenticate: Authenticate | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    owns_engine: bool = True,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
    may_put: MayPut | None = None,
    may_act: MayAct | None = None,
    studio: bool = True,
    extra_query: Collection[str] = (),
) -> FastAPI:
    """An application that serves an engine.

    The application's lifespan opens the engine and closes it; with ``owns_engine=False`` whoever
    made the engine does, and the application works without its lifespan, as where it is mounted
    below another one, which does not run it. A function is called for an engine at each start of
    the lifespan, for
    servers that start the application more than once. ``authenticate`` tells who asks; left out,
    the caller is believed (:func:`.auth.by_headers`), which is for loopback only. ``metrics`` and
    ``tracing`` are what the engine was given as its observer and tracer: the first is shown at
    ``/metrics``, with the second a request's trace goes on in the engine.
    ``may_put`` says who may put machines that come as data (:func:`.auth.by_role`); nobody if left
    out. ``may_act`` says who may act on instances by hand: pause, cancel, retry, fire a timer …;
    everybody that ``authenticate`` lets in if left out.
    At the root is the studio, or without ``studio``, or where it was not built, a plain page.
    ``app.state.streams.stop()`` ends the open event streams, to be called before a server waits
    for its requests to end. ``extra_query`` names query parameters that ``authenticate`` or a
    middleware of yours reads; one that nobody reads is refused.
    """
    served = _Served(engine, owns_engine)
    routes = Routes(
        served.engine, authenticate or by_headers(bounds), bounds, may_put, may_act, extra_query
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with served.open() as engine, _observed(engine, metrics):
            routes.streams.start()
            try:
                yield
            finally:
                routes.streams.stop()

    # the documentation pages that FastAPI brings load scripts from another origin
    app = FastAPI(
        title="Statehold",
        summary="Durable statecharts: instances of machines, moved by events",
        version=version("statehold"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.streams = routes.streams
    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _problem)
    routes.add_to(app.router, direct=True)
    app.add_middleware(EventShortcut, handle=guard(routes.send, routes.authenticate, extra_query))
    _add_probes(app, served.engine)
    _add_front(app, served.engine, routes, studio)
    if metrics is not None:
        _add_metrics(app, metrics, routes)
    if tracing is not None:
        # OpenTelemetry is installed where there is one
        from statehold.observe.tracing import Incoming

        app.add_middleware(Incoming)
    return app


def create_probes(engine: Engine, *, metrics: Metrics | None = None) -> FastAPI:
    """An application with the probes and the metrics alone, for an engine that serves nobody. The
    engine is opened and closed by whoever made it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _observed(engine, metrics):
            yield

    app = FastAPI(
        title="Statehold worker",
        lifespan=lifespan,
        version=version("statehold"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _problem)
    _add_probes(app, lambda: engine)
    if metrics is not None:
        app.add_route("/metrics", _exposition(metrics), include_in_schema=False)
    return app


class _Served:
    """The engine of one application, once there is one."""

    def __init__(self, engine: Engine | Callable[[], Engine], owned: bool) -> None:
        self._given = engine
        self._owned = owned
        self._open: Engine | None = None

    def engine(self) -> Engine:
        if self._open is None and not self._owned and not callable(self._given):
            return self._given
        if self._open is None:
            # before the lifespan began, and after it ended
            raise Stopping()
        return self._open

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Engine]:
        given: Any = self._given
        # an engine has no __call__, whatever its class is
        engine = cast("Engine", given() if callable(given) else given)
        if self._owned:
            await engine.open()
        self._open = engine
        try:
            yield engine
        finally:
            self._open = None
            if self._owned:
                await engine.close()


def _add_probes(app: FastAPI, engine: Callable[[], Engine]) -> None:
    @app.get("/health", tags=["probes"], summary="The process is up", response_model=Health)
    async def health() -> Health:
        return Health(status="ok")

    @app.get(
        "/ready",
        tags=["probes"],
        summary="Requests can be taken",
        response_model=Health,
        responses=documented(503),
    )
    async def ready(request: Request) -> Any:
        try:
            await engine().check_ready()
        except Unavailable as error:
            return response_of_any(request, error)
        # the others are served, so this is no reason to send requests elsewhere
        return Health(status="ok", detail="; ".join(engine().troubles()) or None)


def _add_front(app: FastAPI, engine: Callable[[], Engine], routes: Routes, studio: bool) -> None:
    files = studio_routes() if studio else []
    app.router.routes.extend(files)
    if files:
        return

    async def page(request: Request) -> Response:
        running = engine()
        machines = (await running.machine_list()).machines
        counts = [(await running.machine_detail(m.name)).counts for m in machines]
        return HTMLResponse(
            render(list(zip(machines, counts, strict=True)), studio_is_missing=studio),
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )

    app.add_route("/", guard(page, routes.authenticate), include_in_schema=False)


def _add_metrics(app: FastAPI, metrics: Metrics, routes: Routes) -> None:
    exposition = guard(_exposition(metrics), routes.authenticate)
    app.add_route("/metrics", exposition, include_in_schema=False)


def _exposition(metrics: Metrics) -> Callable[[Request], Awaitable[Response]]:
    async def exposition(request: Request) -> Response:
        text, content_type = await metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return exposition


def _observed(engine: Engine, metrics: Metrics | None) -> AbstractAsyncContextManager[None]:
    return nullcontext() if metrics is None else metrics.serving(engine)


async def _problem(request: Request, error: Exception) -> Response:
    return response_of_any(request, error)
