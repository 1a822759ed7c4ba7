"""Calls the endpoint of an event directly, without FastAPI's and Starlette's layers before it.

Nearly every request of a busy server is one event for one instance. The layers between the server
and a route (exception handling, the search for a route, the stack of exits) do nothing for this
one, whose guard turns errors into problems, and take a tenth of its time. The route stays: the
OpenAPI document describes it, and it answers where the application is mounted below another one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_PATH = re.compile(r"/api/machines/([^/]+)/instances/([^/]+)/events").fullmatch


class EventShortcut:
    """ASGI middleware; ``handle`` is the route's own endpoint, with its guard."""

    def __init__(self, app: ASGIApp, handle: Callable[[Request], Awaitable[Response]]) -> None:
        self._app = app
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            match = _PATH(scope["path"])
            if match is not None:
                scope["path_params"] = {"machine": match[1], "id": match[2]}
                response = await self._handle(Request(scope, receive, send))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
