"""What stands before every route: who asks is found out, and what is raised becomes a problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

from fastapi import routing
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from statehold.errors import InvalidPayload
from statehold.records import Caller
from statehold.server.problems import BadRequest, response_of_any


def guarded_by(
    authenticate: Callable[[Request], Awaitable[Caller]],
    *,
    direct: bool,
    extra_query: Collection[str] = (),
) -> type[APIRoute]:
    class _Guarded(APIRoute):
        """Nobody reaches an endpoint unknown, or with a query parameter that nothing reads, and
        whatever is raised in one is a problem."""

        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            super().__init__(path, endpoint, **options)
            # An endpoint that takes the bare request needs nothing of FastAPI's reading of
            # parameters, which costs more than all else on the way of an event. It would skip
            # the dependencies of an application that includes the routes, too.
            if direct and [*endpoint.__annotations__] == ["request", "return"]:
                self.app = _answer_directly(guard(endpoint, authenticate, extra_query))

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            flat = get_flat_params(_dependant_of(self))
            read = (one.alias for one in flat if isinstance(one.field_info, Query))
            known = [*read, *extra_query]
            return guard(super().get_route_handler(), authenticate, known)

    return _Guarded


def _dependant_of(route: APIRoute) -> Dependant:
    """With the dependencies of the application that includes the route: newer releases of FastAPI
    keep them beside it, and without them their query parameters would have to be named."""
    context: Any = getattr(routing, "_effective_route_context_var", None)
    effective = context.get() if context is not None else None
    if effective is not None and effective.original_route is route:
        dependant: Dependant = effective.dependant
        return dependant
    return route.dependant


_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def guard(
    handle: Callable[..., Awaitable[Response]],
    authenticate: Callable[[Request], Awaitable[Caller]],
    known: Collection[str] | None = None,
) -> _Handler:
    """The endpoint, answering for whatever is raised in it. ``known``: the query parameters that
    are read; None: any may be given."""

    async def guarded(request: Request) -> Response:
        try:
            request.scope[_CALLER] = await authenticate(request)
            if known is not None and request.scope["query_string"]:
                _check_query(request, known)
            return await handle(request)
        except ClientDisconnect:
            # nobody is left to read this
            return response_of_any(request, BadRequest("the body", "it was cut short"))
        except Exception as error:  # noqa: BLE001 - logged and told there
            return response_of_any(request, error)

    return guarded


#: may be given several times
_REPEATED = frozenset({"where"})


def _check_query(request: Request, known: Collection[str]) -> None:
    """Raises ``InvalidPayload``: a filter that is misspelt would find everything."""
    wrong: dict[str, str] = {}
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            there = f"known here are {', '.join(known)}" if known else "none is known here"
            wrong[f"query.{name[:100]}"] = f"is no query parameter; {there}"
        elif times > 1 and name not in _REPEATED:
            wrong[f"query.{name}"] = f"is given {times} times; give it once"
    if wrong:
        raise InvalidPayload("the request", wrong)


def _answer_directly(handle: _Handler) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


_CALLER = "statehold.caller"


def caller_of(request: Request) -> Caller:
    caller: Caller = request.scope[_CALLER]
    return caller
