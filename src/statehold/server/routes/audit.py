"""The audit log."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

from statehold.security import AuditQuery
from statehold.server.guard import caller_of
from statehold.server.routes.endpoints import Endpoints, Limit, Text, json
from statehold.server.routes.route import route
from statehold.wire.audit import AuditLines, audit_line

_Time = Annotated[AwareDatetime | None, Query()]


class AuditEndpoints(Endpoints):
    @route("GET", "/api/audit", "audit", {200: AuditLines}, (422,))
    async def audit(
        self,
        request: Request,
        machine: Text = None,
        id: Text = None,
        caller: Text = None,
        action: Text = None,
        outcome: Annotated[Literal["done", "refused"] | None, Query()] = None,
        since: _Time = None,
        until: _Time = None,
        limit: Limit = 50,
        cursor: Text = None,
    ) -> Response:
        """List refusals and acts of administration, newest first. A page may have fewer entries
        than `limit`, or none, before the last one."""
        query = AuditQuery(
            machine=machine,
            id=id,
            caller=caller,
            action=action,
            outcome=outcome,
            since=since,
            until=until,
            limit=self.page(limit),
            cursor=cursor,
        )
        page = await self.engine.audit(query, caller=caller_of(request))
        return json(AuditLines(entries=[*map(audit_line, page.entries)], cursor=page.cursor))
