"""Instances: started, read, listed and explained."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path, Query
from msgspec import UNSET
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from statehold import store
from statehold.errors import InvalidPayload
from statehold.interpreter.command import ID_LIMIT
from statehold.records import Status
from statehold.server.body import Model
from statehold.server.guard import caller_of
from statehold.server.headers import key_of, left_out_of, max_lag_of
from statehold.server.routes.endpoints import (
    Endpoints,
    Id,
    Limit,
    Name,
    Text,
    instance_of,
    json,
    reply,
)
from statehold.server.routes.route import (
    ID,
    INSTANCE_PATH,
    KEY,
    LEFT_OUT,
    MACHINE,
    MACHINE_PATH,
    MAX_LAG,
    ON_INSTANCE,
    VIEW,
    route,
)
from statehold.wire.base import Wire
from statehold.wire.instances import Explanation, Instances, Reply
from statehold.wire.operations import StartRequest

_Where = Annotated[
    list[str], Query(max_length=20, description="`name=value` of an index; all must hold")
]

_START = Model(StartRequest, optional=True, example={"id": "o-1", "data": {"items": ["pizza"]}})


class PastInstance(Wire):
    """An instance as it was after one of its steps."""

    machine: str
    id: str
    version: int
    seq: int
    at: datetime
    status: Status
    state: list[str]
    data: Any


class InstanceEndpoints(Endpoints):
    @route(
        "POST", f"{MACHINE_PATH}/instances", "instances",
        {201: Reply}, ON_INSTANCE, bare=(MACHINE, KEY, LEFT_OUT), body=_START,
    )  # fmt: skip
    async def start(self, request: Request) -> Response:
        """Start an instance."""
        asked: StartRequest = await self.read_body(request, _START)
        answer = await self.engine.start(
            request.path_params["machine"],
            asked.id,
            # as bytes again, so that the data's type reads JSON and not Python values
            to_json(asked.data) if "data" in asked.model_fields_set else UNSET,
            key=key_of(request, self.bounds),
            caller=caller_of(request),
            left_out=left_out_of(request),
        )
        response = reply(answer, 201)
        response.headers["Location"] = f"{request.url.path}/{quote(answer.id, safe='')}"
        return response

    @route(
        "GET", f"{MACHINE_PATH}/instances", "instances",
        {200: Instances}, (404, 422), bare=(MAX_LAG,),
    )  # fmt: skip
    async def list(
        self,
        request: Request,
        machine: Name,
        state: Annotated[
            str | None, Query(max_length=1000, description="in this state or below it")
        ] = None,
        tag: Text = None,
        owner: Text = None,
        status: Annotated[Status | None, Query()] = None,
        version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        where: _Where = [],  # noqa: B006 - FastAPI copies defaults
        in_state_since: Annotated[
            datetime | None, Query(description="its present state was entered then or earlier")
        ] = None,
        incidents: Annotated[bool, Query(description="only those with incidents")] = False,
        q: Annotated[
            str | None,
            Query(max_length=ID_LIMIT, description="a prefix of the id; sorts by id"),
        ] = None,
        order: Annotated[
            store.Order,
            Query(description="`created`: newest first; `since`: longest in its state first"),
        ] = "created",
        limit: Limit = 50,
        cursor: Text = None,
    ) -> Response:
        """List the instances of a machine that the caller may read.

        Filters by an index that the machine's grant to read does not name, `in_state_since`,
        `incidents` and `order=since` are for callers who may inspect all that they may read. With
        `q`, those who may read only some instances get them newest first.
        """
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
            limit=self.page(limit),
            cursor=cursor,
        )
        found = await self.engine.list(
            query, max_lag_seconds=max_lag_of(request), caller=caller_of(request)
        )
        return json(found, lag_seconds=found.lag_seconds)

    @route("GET", INSTANCE_PATH, "instances", {200: Reply}, (404, 422), bare=(MACHINE, ID, VIEW))
    async def read(self, request: Request) -> Response:
        """Read an instance, in the caller's view of it."""
        machine, id = instance_of(request)
        view = request.query_params.get("view") if request.scope["query_string"] else None
        answer = await self.engine.read(machine, id, view=view, caller=caller_of(request))
        return reply(answer, 200)

    @route("GET", f"{INSTANCE_PATH}/at/{{seq}}", "instances", {200: PastInstance}, (404, 422))
    async def at(
        self,
        request: Request,
        machine: Name,
        id: Id,
        seq: Annotated[int, Path(ge=1, le=2**53)],
    ) -> Response:
        """Read an instance as it was after one of its steps."""
        past = await self.engine.at(*instance_of(request), seq, caller=caller_of(request))
        return json(
            PastInstance(
                machine=machine,
                id=id,
                version=past.version,
                seq=past.seq,
                at=past.at,
                status=past.status,
                state=[*past.state],
                data=past.data,
            )
        )

    @route(
        "GET", f"{INSTANCE_PATH}/explain", "instances",
        {200: Explanation}, (404,), bare=(MACHINE, ID),
    )  # fmt: skip
    async def explain(self, request: Request) -> Response:
        """Explain where an instance is, why, and what can happen next."""
        found = await self.engine.explain(*instance_of(request), caller=caller_of(request))
        return json(found)


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
