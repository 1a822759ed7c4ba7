"""The engine over HTTP: each endpoint reads its request, asks the engine once, and answers.

An error that is raised anywhere below becomes a problem in :mod:`.guard` and in no other place, so
that the routes do the same within a user's own application as in ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter

from statehold.chart.access import ServerAccess
from statehold.server.admission import Admission, checked
from statehold.server.authenticators.base import Authenticate, opened
from statehold.server.bounds import Bounds
from statehold.server.guard import guarded_by
from statehold.server.routes.audit import AuditEndpoints
from statehold.server.routes.caller import CallerEndpoints
from statehold.server.routes.endpoints import Endpoints, Serving
from statehold.server.routes.events import Events
from statehold.server.routes.incidents import IncidentEndpoints
from statehold.server.routes.instances import InstanceEndpoints
from statehold.server.routes.journal import JournalEndpoints
from statehold.server.routes.machines import MachineEndpoints
from statehold.server.routes.operator import OperatorEndpoints
from statehold.server.routes.route import Route, routes_of
from statehold.server.sign_in import add_sign_in, origins_of
from statehold.server.stream import Streams
from statehold.server.studio import studio_routes

if TYPE_CHECKING:
    from statehold.engine import Engine

#: routes are tried in this order: the hot path stands first
_GROUPS: tuple[type[Endpoints], ...] = (
    Events,
    InstanceEndpoints,
    JournalEndpoints,
    OperatorEndpoints,
    MachineEndpoints,
    CallerEndpoints,
    IncidentEndpoints,
    AuditEndpoints,
)
ROUTES: tuple[Route, ...] = tuple(route for group in _GROUPS for route in routes_of(group))


def router(
    engine: Engine,
    *,
    authenticate: Authenticate | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    access: ServerAccess | None = None,
    allowed_hosts: Collection[str] = (),
    allowed_origins: Collection[str] = (),
    studio: bool = False,
    extra_query: Collection[str] = (),
) -> APIRouter:
    """The routes, to be included into an application of yours.

    The engine is opened and closed by the application's lifespan, within which the router opens and
    closes the authenticator. Streams end at the signal that stops the server. ``authenticate``,
    ``access``, ``allowed_hosts``, ``allowed_origins`` and ``extra_query`` are those of
    :func:`.create_app`. ``studio`` adds the browser application, where it was built, at the prefix
    that the router is included with, with a slash at its end.
    """
    admission = Admission(
        authenticate, access=access, hosts=allowed_hosts, origins=allowed_origins, bounds=bounds
    )

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with opened(admission.authenticate, engine):
            yield

    made = APIRouter(lifespan=lifespan)
    Routes(lambda: engine, admission, bounds, extra_query).add_to(made, direct=False)
    if studio:
        for file in studio_routes(connects_to=origins_of(admission.authenticate)):
            made.add_route(file.path, checked(file.endpoint, admission), include_in_schema=False)
    return made


class Routes:
    """The routes of one server. ``engine`` gives the engine that is open now."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        admission: Admission,
        bounds: Bounds,
        extra_query: Collection[str] = (),
    ) -> None:
        self.extra_query = extra_query
        self.streams = Streams(bounds, admission.shares.streams)
        self.admission = admission
        admission.on_refusal = lambda caller, what, why: engine().refused(caller, what, detail=why)
        serving = Serving(engine, bounds, self.streams)
        self._groups = [group(serving) for group in _GROUPS]
        self.send = Events(serving).send

    def add_to(self, target: APIRouter, *, direct: bool) -> None:
        """``direct``: nothing puts dependencies before the routes, so that endpoints which take the
        bare request are called without FastAPI's reading of parameters."""
        before = target.route_class
        target.route_class = guarded_by(self.admission, direct=direct, extra_query=self.extra_query)
        for group in self._groups:
            for route in routes_of(type(group)):
                route.add_to(target, getattr(group, route.name))
        target.route_class = before
        add_sign_in(target, self.admission)
