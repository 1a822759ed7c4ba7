"""The engine over HTTP: each route reads its request, asks the engine once, and answers.

What goes wrong anywhere below becomes a problem in :mod:`.guard` and in no other place, so
that the routes do the same within a user's own application as in ours.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from msgspec import UNSET
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from statehold import store
from statehold.errors import BeyondEnd, InvalidPayload, StateholdError, TooLarge, UnknownInstance
from statehold.formats.mermaid import to_mermaid
from statehold.interpreter.command import ID_LIMIT
from statehold.records import Status
from statehold.server import openapi
from statehold.server.auth import Authenticate, MayAct, MayPut, as_coroutine, by_headers
from statehold.server.body import Model, read_document, read_json
from statehold.server.bounds import Bounds
from statehold.server.guard import caller_of, guarded_by
from statehold.server.headers import expected_seq_of, key_of, last_event_id_of, left_out_of
from statehold.server.problems import Forbidden, problem_bytes
from statehold.server.stream import Streams, change_events, journal_events
from statehold.server.studio import studio_routes
from statehold.wire.base import ID_PATTERN
from statehold.wire.machines import Window
from statehold.wire.operations import (
    ActRequest,
    May,
    Me,
    RepairRequest,
    RescheduleRequest,
    ResolveRequest,
    SendRequest,
    StartRequest,
)

if TYPE_CHECKING:
    from statehold.engine import Engine

JSON = "application/json"

_ID = re.compile(ID_PATTERN)

Name = Annotated[str, Path(description="the machine's name", examples=["order"])]
Id = Annotated[str, Path(description="the instance's id", examples=["o-1"])]
IncidentId = Annotated[str, Path(description="machine/instance/key", examples=["order/o-1/3.0"])]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="the newest if left out")]
Limit = Annotated[int, Query(ge=1, le=store.PAGE_LIMIT)]
Seq = Annotated[int, Query(ge=0, le=2**53)]
Text = Annotated[str | None, Query(max_length=1000)]


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

    The engine is opened and closed by the application's lifespan. ``authenticate`` tells who
    asks, from the request; :func:`.auth.by_headers` if left out. Streams end at the signal that
    stops the server. ``may_put`` says who may put machines; nobody if
    left out. ``may_act`` says who may act on instances by hand (pause, cancel, retry, fire a timer
    …); everybody that ``authenticate`` lets in if left out. ``studio`` adds the browser
    application, where it was built, at the prefix that the router is included with, with a slash at
    its end. ``extra_query`` names query parameters that ``authenticate`` or a middleware of yours
    reads; one that nobody reads is refused.
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
        self._may_put = may_put
        self._may_act = may_act
        self._engine = engine
        self._bounds = bounds
        self.streams = Streams(bounds)
        self.authenticate = as_coroutine(authenticate)

    def add_to(self, target: APIRouter, *, direct: bool) -> None:
        """The hot path stands first, since routes are tried in order.

        ``direct``: no dependencies will be put before the routes, so that some need not look for
        any.
        """
        before = target.route_class
        target.route_class = guarded_by(
            self.authenticate, direct=direct, extra_query=self.extra_query
        )
        for add in openapi.ROUTES:
            add.to(target, getattr(self, add.endpoint))
        target.route_class = before

    # --- events: the hot path, without models on the way in or out --------------------------

    async def send(self, request: Request) -> Response:
        machine, id = request.path_params["machine"], self._id(request)
        answer = await self._engine().send(
            machine,
            id,
            await read_json(request, self._bounds.body_bytes, self._bounds.json_depth) or b"{}",
            key=key_of(request, self._bounds),
            expected_seq=expected_seq_of(request),
            caller=caller_of(request),
            left_out=left_out_of(request),
        )
        return _reply(answer, 202 if answer.held else 200)

    async def send_many(self, request: Request) -> Response:
        body = await read_json(request, self._bounds.batch_bytes, self._bounds.json_depth)
        sent: list[SendRequest] = openapi.SEND_MANY.parse(body)
        if len(sent) > self._bounds.batch_events:
            raise TooLarge("the request", len(sent), self._bounds.batch_events, "events")
        answers = await self._engine().send_many(sent, caller=caller_of(request))
        parts = [
            b'{"problem":%b}' % problem_bytes(answer)
            if isinstance(answer, StateholdError)
            else b'{"reply":%b}' % answer.json()
            for answer in answers
        ]
        return Response(b'{"answers":[%b]}' % b",".join(parts), media_type=JSON)

    # --- instances ---------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        asked: StartRequest = await self._body(request, openapi.START)
        answer = await self._engine().start(
            request.path_params["machine"],
            asked.id,
            # as bytes again, so that the data's type reads JSON and not Python values
            to_json(asked.data) if "data" in asked.model_fields_set else UNSET,
            key=key_of(request, self._bounds),
            caller=caller_of(request),
            left_out=left_out_of(request),
        )
        response = _reply(answer, 201)
        response.headers["Location"] = f"{request.url.path}/{quote(answer.id, safe='')}"
        return response

    async def read(self, request: Request) -> Response:
        answer = await self._engine().read(
            request.path_params["machine"], self._id(request), caller=caller_of(request)
        )
        return _reply(answer, 200)

    async def list(
        self,
        request: Request,
        machine: Name,
        state: Annotated[
            str | None, Query(max_length=1000, description="in that state or below it")
        ] = None,
        tag: Text = None,
        owner: Text = None,
        status: Annotated[Status | None, Query()] = None,
        version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        where: Annotated[
            list[str],
            Query(max_length=20, description="`name=value` of an index; all must hold"),
        ] = [],  # noqa: B006 - FastAPI copies defaults
        in_state_since: Annotated[
            datetime | None, Query(description="its present state was entered then or earlier")
        ] = None,
        incidents: Annotated[bool, Query(description="only those that wait for a person")] = False,
        q: Annotated[
            str | None,
            Query(max_length=ID_LIMIT, description="the id begins with it; sorted by id then"),
        ] = None,
        order: Annotated[
            store.Order,
            Query(description="`created`: newest first; `since`: longest in its state first"),
        ] = "created",
        limit: Limit = 50,
        cursor: Text = None,
    ) -> Response:
        query = store.Query(
            machine=machine,
            state=state,
            tag=tag,
            owner=owner,
            status=status,
            version=version,
            where=_where(where),
            in_state_since=_aware(in_state_since),
            incidents=incidents,
            prefix=q,
            order=order,
            limit=self._page(limit),
            cursor=cursor,
        )
        return _json(await self._engine().list(query))

    async def journal(
        self,
        request: Request,
        machine: Name,
        id: Id,
        after: Seq = 0,
        limit: Limit = 100,
        data: Annotated[bool, Query(description="with the data after each step")] = False,
    ) -> Response:
        found = await self._engine().journal(
            machine, self._id(request), after=after, limit=self._page(limit), data=data
        )
        return _json(found)

    async def at(
        self,
        request: Request,
        machine: Name,
        id: Id,
        seq: Annotated[int, Path(ge=1, le=2**53)],
    ) -> Response:
        past = await self._engine().at(machine, self._id(request), seq)
        return _json(
            openapi.PastInstance(
                machine=machine,
                id=id,
                version=past.version,
                seq=past.seq,
                at=past.at,
                status=past.status,
                state=list(past.state),
                data=past.data,
            )
        )

    async def explain(self, request: Request) -> Response:
        machine, id = request.path_params["machine"], self._id(request)
        return _json(await self._engine().explain(machine, id, caller=caller_of(request)))

    async def stream(
        self,
        request: Request,
        machine: Name,
        id: Id,
        after: Annotated[
            int | None,
            Query(ge=0, le=2**53, description="Last-Event-ID goes before it; 0: everything"),
        ] = None,
    ) -> Response:
        # an unknown instance is a problem, not a stream that ends at once
        now = await self._engine().read(machine, self._id(request))
        seen = last_event_id_of(request)
        # the notes under a step come again, since a client can't say which of them it has
        position = seen if seen is not None else after or 0
        if position > now.seq:
            raise BeyondEnd(machine, now.id, position, now.seq)
        entries = self._engine().watch(machine, id, after=position)
        return self.streams.respond(journal_events(entries, now.status))

    async def pause(self, request: Request) -> Response:
        return await self._act(request, self._engine().pause)

    async def resume(self, request: Request) -> Response:
        return await self._act(request, self._engine().resume)

    async def cancel(self, request: Request) -> Response:
        return await self._act(request, self._engine().cancel)

    async def repair(self, request: Request) -> Response:
        self._check_may_act(request)
        asked: RepairRequest = await self._body(request, openapi.REPAIR)
        answer = await self._engine().repair(
            request.path_params["machine"],
            self._id(request),
            # as bytes again, so that the data's type reads JSON and not Python values
            to_json(asked.data),
            state=asked.state,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return _reply(answer, 200)

    async def upgrade(self, request: Request) -> Response:
        return await self._upgrade(request, self._id(request))

    # --- timers and effects of one instance --------------------------------------------------

    async def fire_timer(self, request: Request) -> Response:
        return await self._act_on(request, "timer", self._engine().fire_timer)

    async def cancel_timer(self, request: Request) -> Response:
        return await self._act_on(request, "timer", self._engine().cancel_timer)

    async def reschedule_timer(self, request: Request) -> Response:
        self._check_may_act(request)
        asked: RescheduleRequest = await self._body(request, openapi.RESCHEDULE)
        answer = await self._engine().reschedule_timer(
            request.path_params["machine"],
            self._id(request),
            request.path_params["timer"],
            due=asked.due,
            seconds=asked.seconds,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return _reply(answer, 200)

    async def retry_effect(self, request: Request) -> Response:
        return await self._act_on(request, "key", self._engine().retry_effect)

    async def skip_effect(self, request: Request) -> Response:
        return await self._act_on(request, "key", self._engine().skip_effect)

    async def resolve_effect(self, request: Request) -> Response:
        self._check_may_act(request)
        asked: ResolveRequest = await self._body(request, openapi.RESOLVE)
        answer = await self._engine().resolve_effect(
            request.path_params["machine"],
            self._id(request),
            request.path_params["key"],
            asked.result,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return _reply(answer, 200)

    # --- machines ----------------------------------------------------------------------------

    async def flows(
        self,
        request: Request,
        machine: Name,
        window: Annotated[Window, Query(description="how far back")] = "24h",
        version: Annotated[
            int | None, Query(ge=1, le=2**31 - 1, description="every version if left out")
        ] = None,
    ) -> Response:
        return _json(await self._engine().flows(machine, window, version))

    async def stream_machine(self, request: Request, machine: Name) -> Response:
        changes = await self._engine().watch_machine(machine)
        return self.streams.respond(change_events(changes))

    async def stream_machines(self, request: Request) -> Response:
        changes = await self._engine().watch_machines()
        return self.streams.respond(change_events(changes))

    async def machines(self, request: Request) -> Response:
        return _json(await self._engine().machine_list())

    async def machine(self, request: Request, machine: Name, version: Version = None) -> Response:
        return _json(await self._engine().machine_detail(machine, version))

    async def put(
        self,
        request: Request,
        notation: Annotated[str, Query(max_length=50)] = "native",
        dry_run: Annotated[bool, Query(description="only say what would be")] = False,
        reason: Annotated[
            str | None, Query(max_length=2000, description="why; kept with the document")
        ] = None,
    ) -> Response:
        caller = caller_of(request)
        if self._may_put is None:
            raise Forbidden("this server takes no machines; `statehold serve --put` does")
        if not self._may_put(caller):
            raise Forbidden("the caller's roles do not permit putting machines")
        text = await read_document(request, self._bounds.document_bytes)
        report = await self._engine().put(
            text, notation, reason=reason, caller=caller, dry_run=dry_run
        )
        response = _json(report)
        if report.added:
            response.status_code = 201
            name = quote(report.machine, safe="")
            response.headers["Location"] = f"{request.url.path}/{name}?version={report.version}"
        return response

    async def document(self, request: Request, machine: Name, version: Version = None) -> Response:
        found = await self._engine().document(machine, version)
        return Response(
            found.text,
            media_type="text/plain; charset=utf-8",
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
        )

    async def diagram(
        self,
        request: Request,
        machine: Name,
        format: Annotated[Literal["mermaid"], Query()] = "mermaid",
        instance: Annotated[
            str | None, Query(max_length=1000, description="mark where this one is")
        ] = None,
        version: Version = None,
    ) -> Response:
        engine = self._engine()
        if instance is None:
            return _text(to_mermaid(await engine.chart(machine, version)))
        answer = await engine.read(machine, instance)
        chart = await engine.chart(machine, answer.version)
        return _text(to_mermaid(chart, active=answer.state))

    async def upgrade_all(self, request: Request) -> Response:
        return await self._upgrade(request, None)

    async def _upgrade(self, request: Request, id: str | None) -> Response:
        self._check_may_act(request)
        asked: ActRequest = await self._body(request, openapi.ACT)
        report = await self._engine().upgrade(
            request.path_params["machine"], id, reason=asked.reason, caller=caller_of(request)
        )
        return _json(report)

    # --- the caller, and everything at once --------------------------------------------------

    async def me(self, request: Request) -> Response:
        caller = caller_of(request)
        may = May(
            put=self._may_put is not None and self._may_put(caller),
            act=self._may_act is None or self._may_act(caller),
        )
        roles = None if caller.roles is None else sorted(caller.roles)
        return _json(Me(name=caller.name, roles=roles, may=may))

    async def search(
        self,
        request: Request,
        q: Annotated[str, Query(min_length=1, max_length=ID_LIMIT)],
        limit: Annotated[int, Query(ge=1, le=100, description="of each kind")] = 20,
    ) -> Response:
        return _json(await self._engine().search(q, limit=limit))

    # --- incidents ---------------------------------------------------------------------------

    async def incidents(
        self, request: Request, machine: Text = None, limit: Limit = 50, cursor: Text = None
    ) -> Response:
        found = await self._engine().incidents(machine, limit=self._page(limit), cursor=cursor)
        return _json(found)

    async def retry(self, request: Request) -> Response:
        self._check_may_act(request)
        asked: ActRequest = await self._body(request, openapi.ACT)
        incident = request.path_params["incident"]
        answer = await self._engine().retry(
            incident, reason=asked.reason, caller=caller_of(request)
        )
        return _reply(answer, 200)

    async def skip(self, request: Request) -> Response:
        self._check_may_act(request)
        asked: ActRequest = await self._body(request, openapi.ACT)
        incident = request.path_params["incident"]
        answer = await self._engine().skip(incident, reason=asked.reason, caller=caller_of(request))
        return _reply(answer, 200)

    async def resolve(self, request: Request) -> Response:
        self._check_may_act(request)
        asked: ResolveRequest = await self._body(request, openapi.RESOLVE)
        incident = request.path_params["incident"]
        answer = await self._engine().resolve(
            incident, asked.result, reason=asked.reason, caller=caller_of(request)
        )
        return _reply(answer, 200)

    # --- what several of them need -----------------------------------------------------------

    async def _act(self, request: Request, act: Callable[..., Awaitable[Any]]) -> Response:
        self._check_may_act(request)
        asked: ActRequest = await self._body(request, openapi.ACT)
        machine, id = request.path_params["machine"], self._id(request)
        answer = await act(machine, id, reason=asked.reason, caller=caller_of(request))
        return _reply(answer, 200)

    async def _act_on(
        self, request: Request, what: str, act: Callable[..., Awaitable[Any]]
    ) -> Response:
        """An act on a part of an instance, which the address names last but one."""
        self._check_may_act(request)
        asked: ActRequest = await self._body(request, openapi.ACT)
        machine, id = request.path_params["machine"], self._id(request)
        part = request.path_params[what]
        answer = await act(machine, id, part, reason=asked.reason, caller=caller_of(request))
        return _reply(answer, 200)

    def _check_may_act(self, request: Request) -> None:
        if self._may_act is not None and not self._may_act(caller_of(request)):
            raise Forbidden("the caller's roles do not permit acting on instances by hand")

    async def _body(self, request: Request, model: Model) -> Any:
        body = await read_json(request, self._bounds.body_bytes, self._bounds.json_depth)
        return model.parse(body)

    def _id(self, request: Request) -> str:
        id: str = request.path_params["id"]
        if _ID.fullmatch(id) is None:
            # no instance can have it, and it is not worth a question to the store
            raise UnknownInstance(request.path_params["machine"], id[:ID_LIMIT])
        return id

    def _page(self, limit: int) -> int:
        if limit > self._bounds.page:
            raise InvalidPayload(
                "the request", {"query.limit": f"it is {limit}, the limit is {self._bounds.page}"}
            )
        return limit


def _reply(answer: Any, status: int) -> Response:
    return Response(
        answer.json(),
        status_code=status,
        media_type=JSON,
        headers={"ETag": f'"{answer.seq}"', "Cache-Control": "no-store"},
    )


def _json(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), media_type=JSON, headers={"Cache-Control": "no-store"})


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8")


def _where(pairs: list[str]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    found: dict[str, str] = {}
    for number, pair in enumerate(pairs):
        name, sign, value = pair.partition("=")
        if not sign:
            wrong[f"query.where.{number}"] = "write name=value"
        elif found.setdefault(name, value) != value:
            wrong[f"query.where.{number}"] = f"{name} is given twice, and can't be both"
    if wrong:
        raise InvalidPayload("the request", wrong)
    return found


def _aware(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise InvalidPayload(
            "the request", {"query.in_state_since": "it has no time zone; end it with Z, say"}
        )
    return moment
