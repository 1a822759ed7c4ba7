"""Wraps every route: lets the request in, and converts errors to problems."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from time import monotonic
from typing import Any, get_type_hints

from fastapi import FastAPI
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from statehold.errors import InvalidPayload, Stopping, StoreUnavailable, Unavailable
from statehold.instance.authorize import permits
from statehold.records import Caller
from statehold.server.admission import NOSNIFF, Admission
from statehold.server.problems import BadRequest, response_of_any
from statehold.server.shares import begin

_log = logging.getLogger("statehold.server")

#: seconds of a read after which others' requests have a turn
LONG_READ = 0.0005


def guarded_by(
    admission: Admission, *, direct: bool, extra_query: Collection[str] = ()
) -> type[APIRoute]:
    class _Guarded(APIRoute):
        """Lets the caller in, refuses query parameters that nothing reads, and answers errors
        with problems."""

        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            super().__init__(path, endpoint, **options)
            # An endpoint that takes the bare request does not need FastAPI's reading of parameters,
            # which costs more than everything else on the way of an event. This also skips the
            # dependencies of an application that includes the routes.
            if direct and [*endpoint.__annotations__] == ["request", "return"]:
                known = [*query_of(endpoint), *extra_query]
                self.app = _answer_directly(guard(endpoint, admission, known))

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            known = [*query_of(self.endpoint), *extra_query]
            return guard(super().get_route_handler(), admission, known, self.operation_id)

    return _Guarded


def query_of(endpoint: Callable[..., Any]) -> list[str]:
    """The query parameters that an endpoint reads, by its signature or from the request itself."""
    declared = getattr(endpoint, "__route__", None)
    bare = [] if declared is None else [p["name"] for p in declared.bare if p["in"] == "query"]
    return bare + [
        name
        for name, hint in get_type_hints(endpoint, include_extras=True).items()
        if any(isinstance(one, Query) for one in getattr(hint, "__metadata__", ()))
    ]


_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def guard(
    handle: Callable[..., Awaitable[Response]],
    admission: Admission,
    known: Collection[str] | None = None,
    operation_id: str | None = None,
) -> _Handler:
    """The endpoint with the checks of its server before it, and with its errors as problems.
    ``known``: the query parameters that are read; None: any is accepted. ``operation_id``: where
    the application's OpenAPI document has those of dependencies before the route."""

    async def guarded(request: Request) -> Response:
        response = await answer(request)
        # also where the routes are part of another application
        if NOSNIFF not in response.raw_headers:
            response.raw_headers.append(NOSNIFF)
        return response

    async def answer(request: Request) -> Response:
        try:
            request.scope[_ADMIT] = admission.admit
            caller = request.scope[_CALLER] = await admission.admit(request)
            request.scope[_ADMITTED] = monotonic()
            hold = begin(admission.shares, request, caller)
            try:
                if known is not None and request.scope["query_string"]:
                    _check_query(request, known, operation_id)
                if request.scope["method"] != "GET":
                    return await handle(request)
                async with admission.shares.reading(hold.who):
                    await check_again(request)
                    began = monotonic()
                    response = await handle(request)
                    if monotonic() - began > LONG_READ:
                        # It keeps its place for a turn of the loop. A read that never waits would
                        # give it to the next one within the same turn: hundreds would be answered
                        # before any other request, and before a connection that was cut off ends.
                        await asyncio.sleep(0)
                    return response
            finally:
                hold.end()
        except ClientDisconnect:
            # nobody reads this
            return response_of_any(request, BadRequest("the body", "it was cut short"))
        except StoreUnavailable as error:
            # there is none yet where the authenticator has asked the store
            there: Caller | None = request.scope.get(_CALLER)
            if there is not None and sees_troubles(there):
                return response_of_any(request, error)
            _log.warning("%s %s: %s", request.method, request.url.path, error)
            return response_of_any(request, unexplained(error))
        except Exception as error:  # noqa: BLE001 - logged and answered there
            return response_of_any(request, error)

    return guarded


def sees_troubles(caller: Caller) -> bool:
    """Whether a caller may see what is wrong with the server: who may read its metrics."""
    return caller.server is not None and permits(caller.server.metrics, caller)


def unexplained(error: Unavailable) -> Unavailable:
    """The same without its reason, which may name machines, workers and what the store has said."""
    if isinstance(error, Stopping):
        return error
    why = "the log of the server has the reason"
    shorter = (
        StoreUnavailable(why)
        if isinstance(error, StoreUnavailable)
        else Unavailable(f"the server takes no requests now; {why}")
    )
    shorter.withheld = error
    return shorter


#: may be given several times
_REPEATED = frozenset({"where"})


def _check_query(request: Request, known: Collection[str], operation_id: str | None) -> None:
    """Raises ``InvalidPayload`` for an unknown one: a misspelt filter would find everything."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if operation_id is not None and not given.keys() <= {*known}:
        known = dict.fromkeys([*known, *_read_before(request.app, operation_id)])
    wrong: dict[str, str] = {}
    for name, times in given.items():
        if name not in known:
            there = f"known here are {', '.join(known)}" if known else "none is known here"
            wrong[f"query.{name[:100]}"] = f"is no query parameter; {there}"
        elif times > 1 and name not in _REPEATED:
            wrong[f"query.{name}"] = f"is given {times} times; give it once"
    if wrong:
        raise InvalidPayload("the request", wrong)


def _read_before(app: Any, operation_id: str) -> list[str]:
    """The query parameters of a route, with those of the dependencies of the application that
    includes it. FastAPI keeps the document once it is made."""
    if not isinstance(app, FastAPI):
        return []
    return [
        parameter["name"]
        for methods in app.openapi().get("paths", {}).values()
        for operation in methods.values()
        if operation.get("operationId") == operation_id
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    ]


def _answer_directly(handle: _Handler) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


_CALLER, _ADMIT, _ADMITTED = "statehold.caller", "statehold.admit", "statehold.admitted"
#: seconds for which a request is let in without a second look
ADMITTED_SECONDS = 0.5


def caller_of(request: Request) -> Caller:
    caller: Caller = request.scope[_CALLER]
    return caller


async def check_again(request: Request) -> None:
    """Lets the caller in once more where that was long ago: a body may take minutes to arrive, and
    a read waits for others of its caller. What was revoked meanwhile begins nothing. Raises as the
    authenticator does."""
    at: float | None = request.scope.get(_ADMITTED)
    if at is not None and monotonic() - at > ADMITTED_SECONDS:
        request.scope[_CALLER] = await admitted_again(request)
        request.scope[_ADMITTED] = monotonic()


async def admitted_again(request: Request) -> Caller:
    """The caller as it is let in now, with the same request; raises as the authenticator does."""
    caller: Caller = await request.scope[_ADMIT](request)
    return caller
