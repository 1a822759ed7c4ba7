"""Machines: the catalogue, charts, deployed documents, throughput, changes, and search."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from statehold.formats.mermaid import to_mermaid
from statehold.interpreter.command import ID_LIMIT
from statehold.server.body import read_document
from statehold.server.guard import caller_of
from statehold.server.headers import max_lag_of
from statehold.server.routes.endpoints import AnyVersion, Endpoints, Name, Version, json
from statehold.server.routes.route import BODY, MACHINE_PATH, MAX_LAG, route
from statehold.server.stream import change_events
from statehold.wire.machines import Flows, Found, MachineDetail, Machines, PutReport, Window

_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"title": "Machine", "type": "object"}},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


class MachineEndpoints(Endpoints):
    @route("GET", "/api/machines", "machines", {200: Machines}, bare=(MAX_LAG,))
    async def machines(self, request: Request) -> Response:
        """List the machines on which the caller has any right.

        Counts are for callers who may read all instances.
        """
        found = await self.engine.machine_list(
            max_lag_seconds=max_lag_of(request), caller=caller_of(request)
        )
        return json(found, lag_seconds=found.lag_seconds)

    @route(
        "POST", "/api/machines", "machines",
        {201: PutReport, 200: PutReport}, (409, *BODY), body=_DOCUMENT,
    )  # fmt: skip
    async def put(
        self,
        request: Request,
        notation: Annotated[str, Query(max_length=50)] = "native",
        dry_run: Annotated[bool, Query(description="only report what would be done")] = False,
        reason: Annotated[
            str | None, Query(max_length=2000, description="why; stored with the document")
        ] = None,
    ) -> Response:
        """Deploy a machine, or its next version.

        The body is the document, JSON or YAML. It is checked first: a problem means that nothing
        changed. 200: the same text was deployed before, or it was a dry run.
        """
        text = await read_document(request, self.bounds.document_bytes)
        report = await self.engine.put(
            text, notation, reason=reason, caller=caller_of(request), dry_run=dry_run
        )
        response = json(report)
        if report.added:
            response.status_code = 201
            name = quote(report.machine, safe="")
            response.headers["Location"] = f"{request.url.path}/{name}?version={report.version}"
        return response

    @route("GET", f"{MACHINE_PATH}/document", "machines", {200: "text/plain"}, (404, 422))
    async def document(self, request: Request, machine: Name, version: Version = None) -> Response:
        """Read the document of a version that was deployed as data."""
        found = await self.engine.document(machine, version, caller=caller_of(request))
        return Response(
            found.text,
            media_type="text/plain; charset=utf-8",
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
        )

    @route("GET", MACHINE_PATH, "machines", {200: MachineDetail}, (404, 422), bare=(MAX_LAG,))
    async def machine(self, request: Request, machine: Name, version: Version = None) -> Response:
        """Read a machine: its chart, and how many instances are in each state."""
        found = await self.engine.machine_detail(
            machine, version, max_lag_seconds=max_lag_of(request), caller=caller_of(request)
        )
        return json(found, lag_seconds=found.lag_seconds)

    @route("GET", f"{MACHINE_PATH}/diagram", "machines", {200: "text/plain"}, (404, 422))
    async def diagram(
        self,
        request: Request,
        machine: Name,
        format: Annotated[Literal["mermaid"], Query()] = "mermaid",
        instance: Annotated[
            str | None, Query(max_length=1000, description="highlight this one's states")
        ] = None,
        version: Version = None,
    ) -> Response:
        """Draw the chart as a diagram."""
        caller = caller_of(request)
        if instance is None:
            return _text(to_mermaid(await self.engine.chart(machine, version, caller=caller)))
        answer = await self.engine.read(machine, instance, caller=caller)
        chart = await self.engine.chart(machine, answer.version, caller=caller)
        return _text(to_mermaid(chart, active=answer.state))

    @route("GET", f"{MACHINE_PATH}/flows", "machines", {200: Flows}, (404, 422), bare=(MAX_LAG,))
    async def flows(
        self,
        request: Request,
        machine: Name,
        window: Annotated[Window, Query(description="how far back")] = "24h",
        version: AnyVersion = None,
    ) -> Response:
        """Read a machine's throughput in a window of time.

        It is counted as it happens, never by reading journals.
        """
        found = await self.engine.flows(
            machine, window, version, max_lag_seconds=max_lag_of(request), caller=caller_of(request)
        )
        return json(found, lag_seconds=found.lag_seconds)

    @route("GET", "/api/stream", "machines", {200: "text/event-stream"})
    async def stream_machines(self, request: Request) -> Response:
        """Watch which instances of all machines change, as server-sent events.

        They are the machines of which the caller may read all instances. The events are those of
        the stream of one machine.
        """
        changes = await self.engine.watch_machines(caller=caller_of(request))
        return self.serving.streams.respond(change_events(changes), request)

    @route("GET", f"{MACHINE_PATH}/stream", "machines", {200: "text/event-stream"}, (404,))
    async def stream_machine(self, request: Request, machine: Name) -> Response:
        """Watch which instances of a machine change, as server-sent events.

        `event: hello` comes first. `event: change` has a Summary of an instance as it is now, and
        may combine several changes. `event: more`: more instances may have changed than the stream
        reports, fetch again. There are no ids: a client that reconnects fetches again, too.
        """
        changes = await self.engine.watch_machine(machine, caller=caller_of(request))
        return self.serving.streams.respond(change_events(changes), request)

    @route("GET", "/api/search", "machines", {200: Found}, (422,), bare=(MAX_LAG,))
    async def search(
        self,
        request: Request,
        q: Annotated[str, Query(min_length=1, max_length=ID_LIMIT)],
        limit: Annotated[int, Query(ge=1, le=100, description="of each kind")] = 20,
    ) -> Response:
        """Search machines, states, events and instances by text."""
        found = await self.engine.search(
            q, limit=limit, max_lag_seconds=max_lag_of(request), caller=caller_of(request)
        )
        return json(found, lag_seconds=found.lag_seconds)


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8")
