"""``/api/openapi.json``: the description of all routes, written once and not at each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

PATH = "/api/openapi.json"

#: prefixes that it is kept for: a proxy has one, and what is sent in its place must not add up
_PREFIXES = 8


def description_of(app: FastAPI) -> Callable[[Request], Awaitable[Response]]:
    written: dict[str, bytes] = {}

    async def describe(request: Request) -> Response:
        prefix = request.scope.get("root_path", "").rstrip("/")
        text = written.get(prefix)
        if text is None:
            document = app.openapi()
            if prefix:
                document = document | {"servers": [{"url": prefix}]}
            text = msgspec.json.encode(document)
            if len(written) < _PREFIXES:
                written[prefix] = text
        return Response(text, media_type="application/json")

    return describe
