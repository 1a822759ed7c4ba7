"""The caller itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from statehold.server.guard import caller_of
from statehold.server.routes.endpoints import Endpoints, json
from statehold.server.routes.route import route
from statehold.wire.operations import May, Me


class CallerEndpoints(Endpoints):
    @route("GET", "/api/me", "caller", {200: Me})
    async def me(self, request: Request) -> Response:
        """Read the caller's name, roles and permissions."""
        caller = caller_of(request)
        may = May(put=self.serving.permits_puts(request), act=self.serving.permits_acts(request))
        roles = None if caller.roles is None else sorted(caller.roles)
        return json(Me(name=caller.name, roles=roles, may=may))
