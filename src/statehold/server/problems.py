"""Errors as RFC 9457 problems: one table says which status each has, and nothing else decides.

A problem's ``type`` is ``urn:statehold:problem:<code>`` and stays the same for a kind of error;
what else it carries are the error's ``details()``.
"""

from __future__ import annotations

import http
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from statehold import errors
from statehold.chart.complaint import place_of, words_of
from statehold.errors import Refused, StateholdError
from statehold.wire.base import Problem

TYPE_PREFIX = "urn:statehold:problem:"
MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger("statehold.server")


# --- what only a server refuses ----------------------------------------------------------------


class BadRequest(Refused):
    """The request can't be read; ``where`` names the header or the body."""

    code = "bad-request"

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        super().__init__(f"{where} can't be read: {why}")

    def details(self) -> dict[str, Any]:
        return {"where": self.where}


class NotJson(BadRequest):
    code = "not-json"

    def __init__(self, why: str) -> None:
        super().__init__("the body", f"{why}; send JSON (RFC 8259)")


class UnsupportedMedia(BadRequest):
    code = "unsupported-media-type"

    def __init__(self, given: str, wanted: str = "application/json") -> None:
        super().__init__("the body", f"it is {given or 'of no named type'}; send {wanted}")


class HeadTooLarge(Refused):
    """The request's line and headers have more than ``limit`` of their ``unit``."""

    code = "head-too-large"

    def __init__(self, unit: str, limit: int) -> None:
        self.unit = unit
        self.limit = limit
        super().__init__(
            f"the request's line and headers have more than {limit} {unit}; send fewer headers, "
            "or a shorter address"
        )

    def details(self) -> dict[str, Any]:
        return {"limit": self.limit, "unit": self.unit}


class TooSlow(Refused):
    """A part of the request did not arrive in its time."""

    code = "too-slow"

    def __init__(self, what: str, allowed: str) -> None:
        super().__init__(f"{what} did not arrive within {allowed}; send the request again")


class Unauthorized(Refused):
    """Authentication required. ``scheme`` is for ``WWW-Authenticate`` (RFC 9110, 11.6.1), with its
    parameters: ``Bearer error="invalid_token"``. The answer has ``why``, which
    has to be the same for a credential that is unknown and one that is wrong."""

    code = "unauthorized"

    def __init__(self, why: str, scheme: str = "Bearer") -> None:
        self.scheme = scheme
        super().__init__(f"the caller is not authenticated: {why}")


class NoSuchRoute(errors.NotFound):
    code = "no-such-route"

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no {path[:200]!r}; /api/openapi.json lists all paths")


class MethodNotAllowed(Refused):
    code = "method-not-allowed"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allowed = tuple(allowed)
        super().__init__(f"{method[:20]} is not supported here; use {', '.join(allowed)}")

    def details(self) -> dict[str, Any]:
        return {"methods": list(self.allowed)}


class Internal(StateholdError):
    """An error of the server itself: the log has it, the answer does not."""

    code = "internal"

    def __init__(self) -> None:
        super().__init__("internal error; see the server log")


# --- the table ---------------------------------------------------------------------------------


class ProblemType(NamedTuple):
    status: int
    title: str


#: looked up along the error's bases, so that a new error has its branch's row until it gets its
#: own
TABLE: dict[type[StateholdError], ProblemType] = {
    Refused: ProblemType(409, "The request was refused"),
    errors.NotFound: ProblemType(404, "Not found"),
    errors.UnknownMachine: ProblemType(404, "No such machine"),
    errors.UnknownInstance: ProblemType(404, "No such instance"),
    errors.UnknownIncident: ProblemType(404, "No such incident"),
    errors.UnknownTimer: ProblemType(404, "No such timer"),
    errors.UnknownEffect: ProblemType(404, "No such effect"),
    NoSuchRoute: ProblemType(404, "No such path"),
    MethodNotAllowed: ProblemType(405, "Method not supported"),
    errors.UnknownEvent: ProblemType(422, "No such event"),
    errors.InvalidPayload: ProblemType(422, "The payload does not fit"),
    errors.InstanceExists: ProblemType(409, "The instance exists"),
    errors.StaleSeq: ProblemType(409, "The instance has changed"),
    errors.BeyondEnd: ProblemType(409, "The instance has no such step"),
    errors.KeyReused: ProblemType(409, "The idempotency key belongs to another request"),
    errors.NotAllowed: ProblemType(409, "The event is not allowed now"),
    errors.AttemptOver: ProblemType(409, "The attempt of the effect is over"),
    errors.DocumentRefused: ProblemType(422, "The machine has mistakes"),
    errors.PutRefused: ProblemType(409, "The machine can't be deployed"),
    errors.TooLarge: ProblemType(413, "Too large"),
    # The machine's own code raised, on this payload and in this state, and the step was dropped
    # whole. 500 would mean an error of the server to operators and a useful retry to proxies; 409
    # would mean that waiting helps. Neither is true: the request was understood and can't be
    # carried out as it is, which is what 422 says (RFC 9110, 15.5.21).
    errors.StepFailed: ProblemType(422, "The machine could not take the step"),
    BadRequest: ProblemType(400, "The request can't be read"),
    UnsupportedMedia: ProblemType(415, "Another media type is needed"),
    HeadTooLarge: ProblemType(431, "The headers are too large"),
    TooSlow: ProblemType(408, "The request took too long to arrive"),
    Unauthorized: ProblemType(401, "Authentication required"),
    errors.Forbidden: ProblemType(403, "Not permitted"),
    # neither an error of the server nor one that passes: an operator has to repair it
    errors.InstanceUnreadable: ProblemType(409, "The instance can't be read"),
    errors.Unavailable: ProblemType(503, "Not available now"),
    errors.TooManyRequests: ProblemType(429, "The caller has its share of the server in use"),
    # a machine that can't be built and a store that can't be opened are the operator's
    StateholdError: ProblemType(500, "Server error"),
}

#: a missing role is the only reason
_ROLE_MISSING = ProblemType(403, "The caller's roles do not permit the event")


def row_of(error: StateholdError) -> ProblemType:
    if isinstance(error, errors.NotAllowed) and error.forbidden:
        return _ROLE_MISSING
    return row_of_kind(type(error))


def row_of_kind(kind: type[StateholdError]) -> ProblemType:
    return next(TABLE[base] for base in kind.__mro__ if base in TABLE)


# --- making them -------------------------------------------------------------------------------


def problem_of(error: StateholdError) -> Problem:
    """The problem of an error. One with status 500 is logged, and answered without details."""
    row = row_of(error)
    if row.status == 500 and not isinstance(error, Internal):
        _log.error("request failed: %s", error, exc_info=error)
        error = Internal()
    # an error's own members never hide the standard's
    members = {k: v for k, v in error.details().items() if k not in _STANDARD}
    return Problem(
        type=TYPE_PREFIX + error.code,
        title=row.title,
        status=row.status,
        detail=str(error),
        **members,
    )


_STANDARD = frozenset(Problem.model_fields)


def problem_bytes(error: StateholdError) -> bytes:
    return problem_of(error).model_dump_json(exclude_none=True).encode()


def response_of(error: StateholdError) -> Response:
    """The error as a response, with the headers of its status."""
    problem = problem_of(error)
    # also of errors outside all routes, such as the framework's own
    headers: dict[str, str] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = error.scheme
    elif isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def response_of_any(request: Request, error: Exception) -> Response:
    """Any exception as a response; an unexpected one is logged, and answered as ``internal``."""
    if isinstance(error, StateholdError):
        return response_of(error)
    if isinstance(error, RequestValidationError):
        return response_of(_invalid(error))
    if isinstance(error, HTTPException):
        return _of_http(request, error)
    extra = {
        name: request.path_params[given]
        for given, name in (("machine", "machine"), ("id", "instance"))
        if given in request.path_params
    }
    path = request.url.path
    _log.error("%s %s failed", request.method, path, exc_info=error, extra=extra)
    return response_of(Internal())


def _invalid(error: RequestValidationError) -> errors.InvalidPayload:
    fields = {place_of(e["loc"]): words_of(e) for e in error.errors()}
    return errors.InvalidPayload("the request", fields)


def _methods_at(request: Request) -> list[str]:
    """The methods of every route with this path; the framework names those of the first alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = (route for route in routes if route.matches(request.scope)[0] is Match.PARTIAL)
    return sorted({method for route in found for method in route.methods or ()})


def _of_http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return response_of(NoSuchRoute(request.url.path))
    if error.status_code == 405:
        return response_of(MethodNotAllowed(request.method, _methods_at(request)))
    # raised by a user's own `authenticate`, say: its status and text in our shape
    try:
        title = http.HTTPStatus(error.status_code).phrase
    except ValueError:
        title = "Refused"
    body = {
        "type": "about:blank",
        "title": title,
        "status": error.status_code,
        "detail": str(error.detail),
    }
    return Response(
        json.dumps(body),
        status_code=error.status_code,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


# --- in the OpenAPI document -------------------------------------------------------------------

_DESCRIPTIONS: Mapping[int, str] = {
    400: "the request can't be read",
    401: "authentication required",
    403: "not permitted",
    404: "not found",
    409: "refused in the present state; nothing changed",
    413: "too large",
    415: "the body is not declared as JSON",
    429: "the caller has its share of the server in use; the same request can succeed later",
    422: "the payload is not valid, or the machine's own code failed on it",
    500: "internal error; see the server log",
    503: "not available now; the same request can succeed later",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that an operation may answer, for FastAPI's ``responses``."""
    # written in place, without a reference: the router may be mounted into an application that
    # has a `Problem` of its own
    schema = Problem.model_json_schema()
    return {
        status: {
            "description": f"Problem: {_DESCRIPTIONS[status]}",
            "content": {MEDIA_TYPE: {"schema": schema}},
            **({"headers": _RETRY_AFTER} if status in (429, 503) else {}),
        }
        for status in statuses
    }


_RETRY_AFTER = {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}},
}
