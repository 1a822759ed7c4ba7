"""What the OpenAPI document says of each route: a table, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from statehold.records import Status
from statehold.server.body import Model
from statehold.server.problems import documented
from statehold.wire.base import KEY_LIMIT, Wire
from statehold.wire.instances import Explanation, Incidents, Instances, Reply
from statehold.wire.journal import Journal
from statehold.wire.machines import Flows, Found, MachineDetail, Machines, PutReport
from statehold.wire.operations import (
    ActRequest,
    Me,
    RepairRequest,
    RescheduleRequest,
    ResolveRequest,
    SendAnswers,
    SendRequest,
    StartRequest,
    UpgradeReport,
)


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


# --- bodies --------------------------------------------------------------------------------------

START = Model(StartRequest, optional=True, example={"id": "o-1", "data": {"items": ["pizza"]}})
SEND_MANY = Model(
    list[SendRequest],
    example=[
        {"machine": "order", "id": "o-1", "event": {"type": "Accept", "prep_minutes": 12}},
        {"machine": "order", "id": "o-2", "event": {"type": "Reject", "reason": "closed"}},
    ],
    maxItems=1000,
)
ACT = Model(ActRequest, optional=True, example={"reason": "the kitchen is on fire"})
RESOLVE = Model(
    ResolveRequest, optional=True, example={"result": {"charge": "ch_1"}, "reason": "by hand"}
)
REPAIR = Model(RepairRequest, example={"data": {"items": ["pizza"]}, "reason": "by hand"})
RESCHEDULE = Model(RescheduleRequest, example={"seconds": 600, "reason": "the courier is late"})
_EVENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "Event",
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"type": "string", "description": "the event's name"}},
                    "additionalProperties": True,
                },
                "example": {"type": "Accept", "prep_minutes": 12},
            }
        },
    }
}


_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"title": "Machine", "type": "object"}},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


# --- parameters ----------------------------------------------------------------------------------


def _parameter(name: str, place: str, description: str, example: str, **schema: Any) -> Any:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


_MACHINE = _parameter("machine", "path", "the machine's name", "order")
_ID = _parameter("id", "path", "the instance's id", "o-1")
_INCIDENT = _parameter("incident", "path", "machine/instance/key", "order/o-1/3.0")
_TIMER = _parameter("timer", "path", "the timer's id, as `explain` tells it", "accepted.after.0")
_EFFECT = _parameter("key", "path", "the effect's key, as `explain` tells it", "3.0")
_KEY = _parameter(
    "Idempotency-Key",
    "header",
    "the same key gives the same reply and no second step",
    "2f1d6f1c-4a55-4f7c-9d3e-0a2a3f5c8b11",
    minLength=1,
    maxLength=KEY_LIMIT,
)
_LEFT_OUT = _parameter(
    "Statehold-Left-Out",
    "header",
    "members of the body that the sender filled in with defaults, as JSON: they do not count for "
    "the key, and the machine sees them as left out",
    '{"note":null}',
)
_IF_MATCH = _parameter("If-Match", "header", "the seq that the sender saw", '"3"')
_LAST_EVENT_ID = _parameter("Last-Event-ID", "header", "the last seq that the client got", "3")
_CALLER = [
    _parameter("Statehold-Caller", "header", "who asks (the default way to tell)", "ada"),
    _parameter(
        "Statehold-Roles",
        "header",
        "the caller's roles, by commas; left out: trusted, no `by` stops it",
        "restaurant, support",
    ),
]

_ETAG = {"ETag": {"description": "the seq, quoted", "schema": {"type": "string"}}}
_ALWAYS = (400, 401, 403, 500, 503)
_BODY = (413, 415, 422)


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Documented:
    """``bare``: parameters of an endpoint that takes the bare request, which FastAPI can't see."""

    method: str
    path: str
    endpoint: str
    tag: str
    summary: str
    answer: dict[int, Any]
    problems: tuple[int, ...]
    bare: tuple[Any, ...] = ()
    body: dict[str, Any] | None = None
    description: str = ""

    def to(self, router: APIRouter, endpoint: Callable[..., Any]) -> None:
        success = next(iter(self.answer))
        parameters = [*self.bare, *_CALLER]
        router.add_api_route(
            self.path,
            endpoint,
            methods=[self.method],
            name=self.endpoint,
            operation_id=f"statehold_{self.endpoint}",
            tags=[self.tag],
            summary=self.summary,
            description=self.description,
            status_code=success,
            # says that FastAPI is not to describe the answer by itself: `answer` does
            response_class=Response,
            response_model=None,
            responses={
                **{status: _answer(status, shape) for status, shape in self.answer.items()},
                **documented(*_ALWAYS, *self.problems),
            },
            openapi_extra={"parameters": parameters, **(self.body or {})},
        )


def _answer(status: int, shape: Any) -> dict[str, Any]:
    if isinstance(shape, str):
        return {"description": "done", "content": {shape: {"schema": {"type": "string"}}}}
    told = {200: "done", 201: "created", 202: "held until the instance is resumed"}
    answer: dict[str, Any] = {"model": shape, "description": told[status]}
    if shape is Reply:
        answer["headers"] = dict(_ETAG)
    if status == 201:
        answer.setdefault("headers", {})["Location"] = {"schema": {"type": "string"}}
    return answer


_M = "/api/machines/{machine}"
_I = "/api/machines/{machine}/instances"
_ONE = "/api/machines/{machine}/instances/{id}"
_INC = "/api/incidents/{incident:path}"
_REPLY = {200: Reply}


def _act(name: str, summary: str) -> Documented:
    return Documented(
        "POST", f"{_ONE}/{name}", name, "instances", summary, _REPLY, (404, 409, *_BODY),
        bare=(_MACHINE, _ID), body=ACT.openapi,
    )  # fmt: skip


def _settle(name: str, summary: str, model: Model) -> Documented:
    return Documented(
        "POST", f"{_INC}/{name}", name, "incidents", summary, _REPLY, (404, 409, *_BODY),
        bare=(_INCIDENT,), body=model.openapi,
    )  # fmt: skip


def _on_timer(name: str, endpoint: str, summary: str, model: Model) -> Documented:
    return Documented(
        "POST", f"{_ONE}/timers/{{timer:path}}/{name}", endpoint, "instances", summary, _REPLY,
        (404, 409, *_BODY), bare=(_MACHINE, _ID, _TIMER), body=model.openapi,
    )  # fmt: skip


def _on_effect(name: str, endpoint: str, summary: str, model: Model) -> Documented:
    return Documented(
        "POST", f"{_ONE}/effects/{{key:path}}/{name}", endpoint, "instances", summary, _REPLY,
        (404, 409, *_BODY), bare=(_MACHINE, _ID, _EFFECT), body=model.openapi,
    )  # fmt: skip


ROUTES: tuple[Documented, ...] = (
    Documented(
        "POST", f"{_ONE}/events", "send", "events", "Send an event to an instance",
        {200: Reply, 202: Reply}, (404, 409, *_BODY),
        bare=(_MACHINE, _ID, _KEY, _IF_MATCH, _LEFT_OUT), body=_EVENT,
        description="The event is flat JSON, its name in `type`. A reply means that the step is "
        "stored; a problem means that nothing changed.",
    ),
    Documented(
        "POST", "/api/events", "send_many", "events", "Send many events, to any instances",
        {200: SendAnswers}, _BODY, body=SEND_MANY.openapi,
        description="Answered in order, each with a reply or a problem of its own.",
    ),
    Documented(
        "POST", _I, "start", "instances", "Start an instance",
        {201: Reply}, (404, 409, *_BODY), bare=(_MACHINE, _KEY, _LEFT_OUT), body=START.openapi,
    ),
    Documented(
        "GET", _I, "list", "instances", "List instances",
        {200: Instances}, (404, 422),
    ),
    Documented(
        "GET", _ONE, "read", "instances", "Read an instance",
        _REPLY, (404,), bare=(_MACHINE, _ID),
    ),
    Documented(
        "GET", f"{_ONE}/journal", "journal", "instances", "What happened to it, in order",
        {200: Journal}, (404, 409, 422),
    ),
    Documented(
        "GET", f"{_ONE}/at/{{seq}}", "at", "instances", "How it was after one of its steps",
        {200: PastInstance}, (404, 422),
    ),
    Documented(
        "GET", f"{_ONE}/explain", "explain", "instances",
        "Where it is, why, and what may happen next",
        {200: Explanation}, (404,), bare=(_MACHINE, _ID),
    ),
    Documented(
        "GET", f"{_ONE}/stream", "stream", "instances", "Watch it, as server-sent events",
        {200: "text/event-stream"}, (404, 409, 422), bare=(_LAST_EVENT_ID,),
        description="`event: step` has `id: seq`, `event: note` has none; the data is a "
        "JournalEntry. `event: end` comes when the instance is over.",
    ),
    _act("pause", "Hold its events, timers and effects' outcomes"),
    _act("resume", "Go on after a pause"),
    _act("cancel", "End it where it is"),
    Documented(
        "POST", f"{_ONE}/repair", "repair", "instances",
        "Give an instance that can't be read new data",
        _REPLY, (404, 409, *_BODY), bare=(_MACHINE, _ID), body=REPAIR.openapi,
        description="It goes on in the states that it is in, or in those that are given, in the "
        "version that runs here. 409 where it can be read.",
    ),
    Documented(
        "POST", f"{_ONE}/upgrade", "upgrade", "instances", "Bring it to the machine's version",
        {200: UpgradeReport}, (404, 409, *_BODY), bare=(_MACHINE, _ID), body=ACT.openapi,
    ),
    _on_timer("fire", "fire_timer", "Fire a timer now", ACT),
    _on_timer("cancel", "cancel_timer", "Take a timer away: it will not fire", ACT),
    _on_timer("reschedule", "reschedule_timer", "Let a timer fire at another time", RESCHEDULE),
    _on_effect("retry", "retry_effect", "Try an effect again at once, from its first try on", ACT),
    _on_effect("skip", "skip_effect", "Go on without an effect: no event comes of it", ACT),
    _on_effect("resolve", "resolve_effect", "Give an effect's result by hand", RESOLVE),
    Documented(
        "GET", "/api/machines", "machines", "machines", "The machines that this engine runs",
        {200: Machines}, (),
    ),
    Documented(
        "POST", "/api/machines", "put", "machines", "Put a machine, or its next version",
        {201: PutReport, 200: PutReport}, (409, *_BODY), body=_DOCUMENT,
        description="The body is the document, JSON or YAML. It is checked first: a problem means "
        "that nothing changed. 200: the same text was put before, or it was a dry run.",
    ),
    Documented(
        "GET", f"{_M}/document", "document", "machines", "A version as it was put",
        {200: "text/plain"}, (404, 422),
    ),
    Documented(
        "GET", _M, "machine", "machines", "A machine: its chart and how many are where",
        {200: MachineDetail}, (404, 422),
    ),
    Documented(
        "GET", f"{_M}/flows", "flows", "machines", "What went through it in a window of time",
        {200: Flows}, (404, 422),
        description="Counted as it happens, never by reading journals.",
    ),
    Documented(
        "GET", "/api/stream", "stream_machines", "machines",
        "Watch which instances of all machines change, as server-sent events",
        {200: "text/event-stream"}, (),
        description="As the stream of one machine.",
    ),
    Documented(
        "GET", f"{_M}/stream", "stream_machine", "machines",
        "Watch which of its instances change, as server-sent events",
        {200: "text/event-stream"}, (404,),
        description="`event: hello` comes at first; `event: change` has a Summary of an instance "
        "as it is now, several changes in one; `event: more`: more may have changed than are told "
        "of, fetch anew. There are no ids: whoever comes back fetches anew, too.",
    ),
    Documented(
        "GET", f"{_M}/diagram", "diagram", "machines", "The chart as a diagram",
        {200: "text/plain"}, (404, 422),
    ),
    Documented(
        "POST", f"{_M}/upgrade", "upgrade_all", "machines",
        "Bring every instance to the machine's version",
        {200: UpgradeReport}, (404, 409, *_BODY), bare=(_MACHINE,), body=ACT.openapi,
    ),
    Documented("GET", "/api/me", "me", "caller", "Who I am here", {200: Me}, (), bare=()),
    Documented(
        "GET", "/api/search", "search", "machines", "What a text leads to",
        {200: Found}, (422,),
    ),
    Documented(
        "GET", "/api/incidents", "incidents", "incidents", "What waits for a person",
        {200: Incidents}, (404, 422),
    ),
    _settle("retry", "Try again", ACT),
    _settle("skip", "Go on without it", ACT),
    _settle("resolve", "Give the result by hand", RESOLVE),
)  # fmt: skip
