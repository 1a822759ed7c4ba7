"""The engine over HTTP: each endpoint reads its request, asks the engine once, and answers.

An error that is raised anywhere below becomes a problem in :mod:`.guard` and in no other place, so
that the routes do the same within a user's own application as in ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from fastapi import APIRouter

from statehold.server.auth import Authenticate, MayAct, MayPut, as_coroutine, by_headers
from statehold.server.bounds import Bounds
from statehold.server.guard import guarded_by
from statehold.server.routes.caller import CallerEndpoints
from statehold.server.routes.endpoints import Endpoints, Serving
from statehold.server.routes.events import Events
from statehold.server.routes.incidents import IncidentEndpoints
from statehold.server.routes.instances import InstanceEndpoints
from statehold.server.routes.journal import JournalEndpoints
from statehold.server.routes.machines import MachineEndpoints
from statehold.server.routes.operator import OperatorEndpoints
from statehold.server.routes.route import Route, routes_of
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
)
ROUTES: tuple[Route, ...] = tuple(route for group in _GROUPS for route in routes_of(group))


def router(
    engine: Engine,
    *,
    authenticate: Authenticate | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    may_put: MayPut | None = None,
    may_act: MayAct | None = None,
    studio: bool = False,
    extra_query: Collection[str] = (),
) -> APIRouter:
    """The routes, to be included into an application of yours.

    The engine is opened and closed by the application's lifespan. Streams end at the signal that
    stops the server. ``authenticate``, ``may_put``, ``may_act`` and ``extra_query`` are those of
    :func:`.create_app`. ``studio`` adds the browser application, where it was built, at the prefix
    that the router is included with, with a slash at its end.
    """
    made = APIRouter()
    Routes(
        lambda: engine, authenticate or by_headers(bounds), bounds, may_put, may_act, extra_query
    ).add_to(made, direct=False)
    if studio:
        made.routes.extend(studio_routes())
    return made


class Routes:
    """The routes of one server. ``engine`` gives the engine that is open now."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        authenticate: Authenticate,
        bounds: Bounds,
        may_put: MayPut | None = None,
        may_act: MayAct | None = None,
        extra_query: Collection[str] = (),
    ) -> None:
        self.extra_query = extra_query
        self.streams = Streams(bounds)
        self.authenticate = as_coroutine(authenticate)
        serving = Serving(engine, bounds, self.streams, may_put, may_act)
        self._groups = [group(serving) for group in _GROUPS]
        self.send = Events(serving).send

    def add_to(self, target: APIRouter, *, direct: bool) -> None:
        """``direct``: nothing puts dependencies before the routes, so that endpoints which take the
        bare request are called without FastAPI's reading of parameters."""
        before = target.route_class
        target.route_class = guarded_by(
            self.authenticate, direct=direct, extra_query=self.extra_query
        )
        for group in self._groups:
            for route in routes_of(type(group)):
                route.add_to(target, getattr(group, route.name))
        target.route_class = before
