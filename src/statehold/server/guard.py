"""What stands before every route: who asks is found out, and what is raised becomes a problem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from statehold import wire
from statehold.server.problems import BadRequest, response_of_any


def guarded_by(
    authenticate: Callable[[Request], Awaitable[wire.Caller]], *, direct: bool
) -> type[APIRoute]:
    class _Guarded(APIRoute):
        """Nobody reaches an endpoint unknown, and whatever is raised in one is a problem."""

        def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            super().__init__(path, endpoint, **options)
            # An endpoint that takes the bare request needs nothing of FastAPI's reading of
            # parameters, which costs more than all else on the way of an event. It would skip
            # the dependencies of an application that includes the routes, too.
            if direct and [*endpoint.__annotations__] == ["request", "return"]:
                self.app = _answer_directly(guard(endpoint, authenticate))

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            return guard(super().get_route_handler(), authenticate)

    return _Guarded


_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def guard(
    handle: Callable[..., Awaitable[Response]],
    authenticate: Callable[[Request], Awaitable[wire.Caller]],
) -> _Handler:
    """The endpoint, answering for whatever is raised in it."""

    async def guarded(request: Request) -> Response:
        try:
            request.scope[_CALLER] = await authenticate(request)
            return await handle(request)
        except ClientDisconnect:
            # nobody is left to read this
            return response_of_any(request, BadRequest("the body", "it was cut short"))
        except Exception as error:  # noqa: BLE001 - logged and told there
            return response_of_any(request, error)

    return guarded


def _answer_directly(handle: _Handler) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


_CALLER = "statehold.caller"


def caller_of(request: Request) -> wire.Caller:
    caller: wire.Caller = request.scope[_CALLER]
    return caller
