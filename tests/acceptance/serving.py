"""An application behind a real socket, in the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from statehold.server import Bounds
from statehold.server.connection import Connections

DEFAULT = Bounds()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self.app = app
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.app.state.streams.stop()
        await super().shutdown(sockets)


@asynccontextmanager
async def listening(
    app: FastAPI, port: int = 0, *, bounds: Bounds = DEFAULT, **options: Any
) -> AsyncIterator[str]:
    """The address that the application answers at until the end of the block. ``bounds`` are those
    of its connections."""
    listener = socket.create_server(("127.0.0.1", port))
    host, port = listener.getsockname()
    given: dict[str, Any] = {"http": Connections(bounds).protocol, "ws": "none", **options}
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5, **given)
    server = _Server(config, app)
    task = asyncio.create_task(server.serve([listener]))
    try:
        await server.up.wait()
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task
