"""A route: its method and path, its endpoint, and what the OpenAPI document says of it.

``@route(…)`` stands above each endpoint. The first paragraph of the endpoint's docstring is the
summary, the rest the description.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.responses import Response

from statehold.server.body import Model
from statehold.server.problems import documented
from statehold.wire.base import KEY_LIMIT
from statehold.wire.instances import Reply
from statehold.wire.operations import ActRequest

MACHINE_PATH = "/api/machines/{machine}"
INSTANCE_PATH = "/api/machines/{machine}/instances/{id}"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Route:
    """``name`` is the endpoint's; ``answer`` the shape, or the media type, of each good status, and
    ``problems`` the statuses of its own refusals. ``bare``: parameters that FastAPI can't see,
    since the endpoint reads them from the request itself."""

    name: str
    method: str
    path: str
    tag: str
    answer: dict[int, Any]
    problems: tuple[int, ...]
    bare: tuple[Any, ...]
    body: dict[str, Any]

    @property
    def operation_id(self) -> str:
        return f"statehold_{self.name}"

    def add_to(self, router: APIRouter, endpoint: Callable[..., Any]) -> None:
        summary, _, description = (inspect.getdoc(endpoint) or "").partition("\n\n")
        router.add_api_route(
            self.path,
            endpoint,
            methods=[self.method],
            name=self.name,
            operation_id=self.operation_id,
            tags=[self.tag],
            summary=_one_line(summary).rstrip("."),
            description="\n\n".join(map(_one_line, description.split("\n\n"))),
            status_code=next(iter(self.answer)),
            # keeps FastAPI from describing the answer itself: `responses` does
            response_class=Response,
            response_model=None,
            responses={
                **{status: _answer(status, shape) for status, shape in self.answer.items()},
                **documented(*_ALWAYS, *self.problems),
            },
            openapi_extra={"parameters": [*self.bare, *_CALLER], **self.body},
        )


def route(
    method: str,
    path: str,
    tag: str,
    answer: dict[int, Any],
    problems: tuple[int, ...] = (),
    *,
    bare: tuple[Any, ...] = (),
    body: Model | dict[str, Any] | None = None,
) -> Callable[[F], F]:
    """Makes a method of an endpoints' class a route; :class:`Route` has the meaning of each."""
    described = body.openapi if isinstance(body, Model) else body or {}

    def declare(endpoint: F) -> F:
        made = Route(endpoint.__name__, method, path, tag, answer, problems, bare, described)
        endpoint.__route__ = made  # type: ignore[attr-defined]
        return endpoint

    return declare


def routes_of(kind: type) -> Iterator[Route]:
    """Those that a class declares, in order."""
    for value in vars(kind).values():
        found = getattr(value, "__route__", None)
        if isinstance(found, Route):
            yield found


# --- what several routes have --------------------------------------------------------------------

#: statuses of problems that come of reading a body
BODY = (413, 415, 422)
#: a step, or an action of an operator, on an instance
ON_INSTANCE = (404, 409, *BODY)
_ALWAYS = (400, 401, 403, 429, 500, 503)

ACT = Model(ActRequest, optional=True, example={"reason": "the kitchen is on fire"})


def _parameter(name: str, place: str, description: str, example: str, **schema: Any) -> Any:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


MACHINE = _parameter("machine", "path", "the machine's name", "order")
ID = _parameter("id", "path", "the instance's id", "o-1")
KEY = _parameter(
    "Idempotency-Key",
    "header",
    "the same key gives the same reply and no second step",
    "2f1d6f1c-4a55-4f7c-9d3e-0a2a3f5c8b11",
    minLength=1,
    maxLength=KEY_LIMIT,
)
LEFT_OUT = _parameter(
    "Statehold-Left-Out",
    "header",
    "members of the body that the sender filled in with defaults, as JSON: they do not count for "
    "the key, and the machine sees them as left out",
    '{"note":null}',
)
IF_MATCH = _parameter("If-Match", "header", "the seq that the sender saw", '"3"')
LAST_EVENT_ID = _parameter("Last-Event-ID", "header", "the last seq that the client received", "3")
INCIDENT = _parameter("incident", "path", "machine/instance/key", "order/o-1/3.0")
VIEW = _parameter(
    "view",
    "query",
    "a view of the caller's by role, in place of the first one of the machine's that it has",
    "courier",
    maxLength=200,
) | {"required": False}
TIMER = _parameter("timer", "path", "the timer's id, as in `explain`", "accepted.after.0")
EFFECT = _parameter("key", "path", "the effect's key, as in `explain`", "3.0")
MAX_LAG = _parameter(
    "Statehold-Max-Lag",
    "header",
    "by how many seconds the answer may be behind, where the server reads lists and counts from a "
    "standby; less than the time since your last write was answered: the answer has it; 0: it is "
    "not behind. Default: the server's bound, which is never exceeded",
    "2.5",
    pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$",
)
_CALLER = [
    _parameter(
        "Statehold-Caller", "header", "the caller's name, where the server believes it", "ada"
    ),
    _parameter(
        "Statehold-Roles",
        "header",
        "the caller's roles, separated by commas, where the server believes it; left out: none",
        "restaurant, support",
    ),
]

_ETAG = {"ETag": {"description": "the seq, quoted", "schema": {"type": "string"}}}
_LAG = {
    "Statehold-Lag": {
        "description": "`lag_seconds` of an answer from a standby; left out where it is 0",
        "schema": {"type": "number"},
    }
}
_DONE = {200: "done", 201: "created", 202: "held until the instance is resumed"}


def _answer(status: int, shape: Any) -> dict[str, Any]:
    if isinstance(shape, str):
        return {"description": "done", "content": {shape: {"schema": {"type": "string"}}}}
    answer: dict[str, Any] = {"model": shape, "description": _DONE[status]}
    if shape is Reply:
        answer["headers"] = dict(_ETAG)
    if "lag_seconds" in shape.model_fields:
        answer["headers"] = dict(_LAG)
    if status == 201:
        answer.setdefault("headers", {})["Location"] = {"schema": {"type": "string"}}
    return answer


def _one_line(paragraph: str) -> str:
    return " ".join(paragraph.split())
