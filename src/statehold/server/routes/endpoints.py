"""The base of all endpoints: the server's context, and how requests are read and answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from statehold import store
from statehold.errors import InvalidPayload, UnknownInstance
from statehold.interpreter.command import ID_LIMIT
from statehold.server.body import Model, read_json
from statehold.server.bounds import Bounds
from statehold.server.guard import caller_of
from statehold.server.routes.route import ACT
from statehold.server.stream import Streams
from statehold.wire.base import ID_PATTERN
from statehold.wire.operations import ActRequest

if TYPE_CHECKING:
    from statehold.engine import Engine

JSON = "application/json"

Name = Annotated[str, Path(description="the machine's name", examples=["order"])]
Id = Annotated[str, Path(description="the instance's id", examples=["o-1"])]
AnyVersion = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="default: every version")]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="default: the newest")]
Limit = Annotated[int, Query(ge=1, le=store.PAGE_LIMIT)]
Seq = Annotated[int, Query(ge=0, le=2**53)]
Text = Annotated[str | None, Query(max_length=1000)]

_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Serving:
    """What the endpoints of one server share. ``engine`` gives the engine that is open now."""

    engine: Callable[[], Engine]
    bounds: Bounds
    streams: Streams


class Endpoints:
    """The base of each group of endpoints: one method a route."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.bounds = serving.bounds

    @property
    def engine(self) -> Engine:
        return self.serving.engine()

    async def read_body(self, request: Request, model: Model) -> Any:
        body = await read_json(request, self.bounds)
        return model.parse(body)

    async def act(
        self, request: Request, act: Callable[..., Awaitable[Any]], *parts: str
    ) -> Response:
        """Does what an operator asks for to an instance, or to one of its ``parts``, which the
        address names; the body may have a reason."""
        asked: ActRequest = await self.read_body(request, ACT)
        named = [request.path_params[part] for part in parts]
        answer = await act(
            *instance_of(request), *named, reason=asked.reason, caller=caller_of(request)
        )
        return reply(answer, 200)

    def page(self, limit: int) -> int:
        if limit > self.bounds.page:
            raise InvalidPayload(
                "the request", {"query.limit": f"it is {limit}, the limit is {self.bounds.page}"}
            )
        return limit


def instance_of(request: Request) -> tuple[str, str]:
    """Machine and id of the address; raises ``UnknownInstance`` for an id that none can have."""
    machine, id = request.path_params["machine"], request.path_params["id"]
    if _ID.fullmatch(id) is None:
        raise UnknownInstance(machine, id[:ID_LIMIT])
    return machine, id


def reply(answer: Any, status: int) -> Response:
    return Response(
        answer.json(),
        status_code=status,
        media_type=JSON,
        headers={"ETag": f'"{answer.seq}"', "Cache-Control": "no-store"},
    )


def json(model: BaseModel, *, lag_seconds: float = 0.0) -> Response:
    """``lag_seconds``: how far what was read from a standby may be behind."""
    headers = {"Cache-Control": "no-store"}
    if lag_seconds:
        headers["Statehold-Lag"] = f"{lag_seconds:.3f}"
    return Response(model.model_dump_json(), media_type=JSON, headers=headers)
