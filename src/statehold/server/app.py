"""The application: the routes, the probes, the studio or the plain page, and the lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from statehold.chart.access import ServerAccess
from statehold.errors import Stopping
from statehold.server import description
from statehold.server.admission import Admission, Front
from statehold.server.authenticators.base import Authenticate, opened
from statehold.server.bounds import Bounds
from statehold.server.guard import guard
from statehold.server.page import front_page
from statehold.server.probes import PROBES, add_probes, exposition_of
from statehold.server.problems import response_of_any
from statehold.server.routes import Routes
from statehold.server.shortcut import EventShortcut
from statehold.server.sign_in import origins_of
from statehold.server.studio import studio_routes

if TYPE_CHECKING:
    from statehold.engine import Engine
    from statehold.observe.metrics import Metrics
    from statehold.observe.tracing import Tracing


def create_app(
    engine: Engine | Callable[[], Engine],
    *,
    authenticate: Authenticate | None = None,
    access: ServerAccess | None = None,
    allowed_hosts: Collection[str] = (),
    allowed_origins: Collection[str] = (),
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    owns_engine: bool = True,
    metrics: Metrics | None = None,
    tracing: Tracing | None = None,
    studio: bool = True,
    extra_query: Collection[str] = (),
) -> FastAPI:
    """An application that serves an engine.

    ``engine``: an engine, or a function that makes one at each start of the lifespan, which opens
    and closes it. With ``owns_engine=False`` the engine's owner opens and closes it, and the
    application works without its lifespan, as where it is mounted below another application; an
    authenticator that has to be opened does not.
    ``authenticate`` returns the caller of a request; by default the request's headers are believed,
    from programs on this host (:class:`.authenticators.Loopback`). ``access``: who has the rights
    that machines leave out, by default nobody; where no ``authenticate`` is given, everybody but
    for acts by hand, ``put``, ``upgrade`` and ``erase``. ``allowed_hosts`` are further names, with
    or without a port, that a request's ``Host`` may have, beside those of loopback and this end of
    the connection; ``"*"``: any. ``allowed_origins`` (``https://app.example.com``) are origins of
    pages that may use the API, beside a CORS middleware of yours. ``metrics`` and ``tracing`` are
    the engine's observer and tracer: the first is exposed at ``/metrics``, the second continues a
    request's trace in the engine.
    ``studio=False``, or a studio that was not built: a plain page at the root. ``extra_query``
    names query parameters that ``authenticate`` or a middleware of yours reads; an unknown one is
    refused. ``app.state.streams.stop()`` ends the open event streams, to be called before a server
    waits for its requests to end.
    """
    served = _Served(engine, owns_engine)
    admission = Admission(
        authenticate, access=access, hosts=allowed_hosts, origins=allowed_origins, bounds=bounds
    )
    routes = Routes(served.engine, admission, bounds, extra_query)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            served.open() as engine,
            opened(admission.authenticate, engine),
            _observed(engine, metrics),
        ):
            routes.streams.start()
            try:
                yield
            finally:
                routes.streams.stop()

    app = _application(
        lifespan,
        title="Statehold",
        summary="Durable statecharts: instances of machines, moved by events",
    )
    app.state.streams = routes.streams
    app.add_route(description.PATH, description.description_of(app), include_in_schema=False)
    routes.add_to(app.router, direct=True)
    app.add_middleware(EventShortcut, handle=guard(routes.send, admission, extra_query))
    add_probes(app, served.engine, admission)
    files = studio_routes(connects_to=origins_of(admission.authenticate)) if studio else []
    app.router.routes.extend(files)
    if not files:
        page = front_page(served.engine, studio_is_missing=studio)
        app.add_route("/", guard(page, admission), include_in_schema=False)
    _surround(app, admission, metrics, tracing)
    return app


def create_probes(
    engine: Engine,
    *,
    authenticate: Authenticate | None = None,
    access: ServerAccess | None = None,
    allowed_hosts: Collection[str] = (),
    metrics: Metrics | None = None,
) -> FastAPI:
    """An application with the probes and the metrics alone, for an engine that serves nobody. The
    engine is opened and closed by its owner. The others are those of :func:`create_app`."""
    admission = Admission(authenticate, access=access, hosts=allowed_hosts)
    admission.on_refusal = lambda caller, what, why: engine.refused(caller, what, detail=why)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(admission.authenticate, engine), _observed(engine, metrics):
            yield

    app = _application(lifespan, title="Statehold worker")
    add_probes(app, lambda: engine, admission)
    _surround(app, admission, metrics)
    return app


def _surround(
    app: FastAPI, admission: Admission, metrics: Metrics | None, tracing: Tracing | None = None
) -> None:
    """Adds the metrics, and what every request goes through."""
    if metrics is not None:
        exposition = guard(exposition_of(metrics, admission), admission)
        app.add_route("/metrics", exposition, include_in_schema=False)
    if tracing is not None:
        # OpenTelemetry is installed where there is one
        from statehold.observe.tracing import Incoming

        app.add_middleware(Incoming)
    app.add_middleware(Front, admission=admission, open_to=PROBES)


def _application(lifespan: Callable[[FastAPI], Any], **options: Any) -> FastAPI:
    """Without FastAPI's own documentation pages, which load scripts from another origin, and with
    a description that is not written anew for each request."""
    app = FastAPI(
        **options,
        version=version("statehold"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _problem)
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


def _observed(engine: Engine, metrics: Metrics | None) -> AbstractAsyncContextManager[None]:
    return nullcontext() if metrics is None else metrics.serving(engine)


async def _problem(request: Request, error: Exception) -> Response:
    return response_of_any(request, error)
