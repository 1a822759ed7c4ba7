"""The caller itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from statehold.chart.access import RIGHTS, Right
from statehold.chart.machine import Definition
from statehold.instance.authorize import is_permitted, may_some, permits, permitted_unstated
from statehold.instance.disclosure import uses
from statehold.records import Caller
from statehold.server.guard import caller_of
from statehold.server.routes.endpoints import Endpoints, json
from statehold.server.routes.route import route
from statehold.wire.operations import May, Me


class CallerEndpoints(Endpoints):
    @route("GET", "/api/me", "caller", {200: Me})
    async def me(self, request: Request) -> Response:
        """Read who the caller is and what it may do."""
        return json(me(caller_of(request), self.engine.machines))


def me(caller: Caller, machines: Mapping[str, Definition[Any]]) -> Me:
    server = caller.server
    return Me(
        name=caller.name,
        proved=caller.proved,
        roles=sorted(caller.roles or ()),
        teams=sorted(caller.teams),
        machines=None if caller.machines is None else sorted(caller.machines),
        may=May(
            put=_may_some(caller, "put", machines),
            act=_may_some(caller, "act", machines),
            audit=server is not None and permits(server.audit, caller),
            metrics=server is not None and permits(server.metrics, caller),
        ),
        rights={
            name: [right for right in RIGHTS if is_permitted(caller, right, one)]
            for name, one in sorted(machines.items())
            if uses(caller, one)
        },
    )


def _may_some(caller: Caller, right: Right, machines: Mapping[str, Definition[Any]]) -> bool:
    """Whether there can be anything on which the caller has the right; of machines that are not
    there yet the server says it."""
    return permitted_unstated(caller, right) or any(
        may_some(caller, right, one) for one in machines.values()
    )
