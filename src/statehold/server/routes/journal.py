"""The journal of an instance: in pages, and as a live stream."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from statehold.errors import BeyondEnd
from statehold.instance.authorize import is_permitted
from statehold.server.guard import caller_of
from statehold.server.headers import last_event_id_of
from statehold.server.routes.endpoints import Endpoints, Id, Limit, Name, Seq, instance_of, json
from statehold.server.routes.route import INSTANCE_PATH, LAST_EVENT_ID, route
from statehold.server.stream import journal_events, view_events
from statehold.wire.journal import Journal


class JournalEndpoints(Endpoints):
    @route("GET", f"{INSTANCE_PATH}/journal", "instances", {200: Journal}, (404, 409, 422))
    async def journal(
        self,
        request: Request,
        machine: Name,
        id: Id,
        after: Seq = 0,
        limit: Limit = 100,
        data: Annotated[bool, Query(description="with the data after each step")] = False,
    ) -> Response:
        """Read what happened to an instance, in order; for callers who may inspect it."""
        found = await self.engine.journal(
            *instance_of(request),
            after=after,
            limit=self.page(limit),
            data=data,
            caller=caller_of(request),
        )
        return json(found)

    @route(
        "GET", f"{INSTANCE_PATH}/stream", "instances",
        {200: "text/event-stream"}, (404, 409, 422), bare=(LAST_EVENT_ID,),
    )  # fmt: skip
    async def stream(
        self,
        request: Request,
        machine: Name,
        id: Id,
        after: Annotated[
            int | None,
            Query(ge=0, le=2**53, description="Last-Event-ID precedes it; 0: everything"),
        ] = None,
        views: Annotated[
            bool, Query(description="views, also where the caller may inspect")
        ] = False,
        view: Annotated[
            str | None, Query(max_length=200, description="views, those of this name")
        ] = None,
    ) -> Response:
        """Watch an instance, as server-sent events.

        Callers who may inspect it get its journal: `event: step` has `id: seq`, `event: note` has
        none; the data is a JournalEntry. Callers who may only read it, or who ask for views, get
        `event: view` with `id: seq`, now and after each change of it; the data is a Reply.
        `event: end` comes when the instance is over. The stream ends without it as soon as the
        caller has no right to it any more.
        """
        caller = caller_of(request)
        # an unknown instance is a problem, not a stream that ends at once
        now = await self.engine.read(*instance_of(request), view=view, caller=caller)
        seen = last_event_id_of(request)
        # the notes under a step come again, since a client can't say which of them it has
        position = seen if seen is not None else after or 0
        if position > now.seq:
            raise BeyondEnd(machine, now.id, position, now.seq)
        instance = now.instance
        is_whole = not views and view is None
        if is_whole and is_permitted(caller, "inspect", instance.definition, instance):
            entries = self.engine.watch(machine, id, after=position, caller=caller)
            events = journal_events(entries, now.status)
        else:
            events = view_events(self.engine.watch_view(machine, id, view=view, caller=caller))
        return self.serving.streams.respond(events, request)
