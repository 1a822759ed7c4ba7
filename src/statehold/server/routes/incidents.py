"""Incidents: what ran out of attempts and needs a decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from statehold.server.body import Model
from statehold.server.guard import caller_of
from statehold.server.headers import max_lag_of
from statehold.server.routes.endpoints import Endpoints, Limit, Text, json, reply
from statehold.server.routes.operator import RESOLVE
from statehold.server.routes.route import ACT, INCIDENT, MAX_LAG, ON_INSTANCE, F, route
from statehold.wire.instances import Incidents, Reply
from statehold.wire.operations import ActRequest, ResolveRequest


def _settle(name: str, body: Model) -> Callable[[F], F]:
    return route(
        "POST", f"/api/incidents/{{incident:path}}/{name}", "incidents",
        {200: Reply}, ON_INSTANCE, bare=(INCIDENT,), body=body,
    )  # fmt: skip


class IncidentEndpoints(Endpoints):
    @route("GET", "/api/incidents", "incidents", {200: Incidents}, (404, 422), bare=(MAX_LAG,))
    async def incidents(
        self, request: Request, machine: Text = None, limit: Limit = 50, cursor: Text = None
    ) -> Response:
        """List the incidents of instances that the caller may inspect, oldest first.

        A caller who may not inspect all of them gets them machine by machine.
        """
        found = await self.engine.incidents(
            machine,
            limit=self.page(limit),
            cursor=cursor,
            max_lag_seconds=max_lag_of(request),
            caller=caller_of(request),
        )
        return json(found, lag_seconds=found.lag_seconds)

    @_settle("retry", ACT)
    async def retry(self, request: Request) -> Response:
        """Retry what failed."""
        return await self._settle(request, self.engine.retry)

    @_settle("skip", ACT)
    async def skip(self, request: Request) -> Response:
        """Go on without what failed."""
        return await self._settle(request, self.engine.skip)

    @_settle("resolve", RESOLVE)
    async def resolve(self, request: Request) -> Response:
        """Set the result of what failed by hand."""
        asked: ResolveRequest = await self.read_body(request, RESOLVE)
        answer = await self.engine.resolve(
            request.path_params["incident"],
            asked.result,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return reply(answer, 200)

    async def _settle(self, request: Request, settle: Callable[..., Awaitable[Any]]) -> Response:
        asked: ActRequest = await self.read_body(request, ACT)
        incident = request.path_params["incident"]
        answer = await settle(incident, reason=asked.reason, caller=caller_of(request))
        return reply(answer, 200)
