"""The step by hand behind an endpoint: FastAPI, pydantic on the way in and out, uvicorn.

``python -m benchmarks.peers.endpoint DSN PORT DOCUMENT ENTRY``: one process, uvloop and httptools,
no access log, as ours is served. The tables are there already.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

from benchmarks.load import HOST
from benchmarks.parcel import Parcel, Scan
from benchmarks.peers import by_hand
from benchmarks.peers.by_hand import ByHand, UnknownParcel

#: connections: with 8 or 32 it was no faster
POOL = 16


class Reply(BaseModel):
    id: str
    seq: int
    state: str
    parcel: Parcel


def make_app(dsn: str, document: int, entry: int) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with by_hand.over(dsn, document, entry, POOL) as app.state.parcels:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.post("/parcels/{id}/step")
    async def step(id: str, event: Scan, request: Request) -> Reply:
        parcels: ByHand = request.app.state.parcels
        try:
            return _reply(id, *await parcels.step(id, event))
        except UnknownParcel:
            raise HTTPException(404, f"no parcel {id!r}") from None

    @app.post("/parcels/{id}/two-trips")
    async def two_trips(id: str, event: Scan, request: Request) -> Reply:
        parcels: ByHand = request.app.state.parcels
        try:
            return _reply(id, *await parcels.two_trips(id, event))
        except UnknownParcel:
            raise HTTPException(404, f"no parcel {id!r}") from None

    return app


def _reply(id: str, seq: int, state: str, parcel: Parcel) -> Reply:
    return Reply(id=id, seq=seq, state=state, parcel=parcel)


if __name__ == "__main__":
    dsn, port, document, entry = sys.argv[1:]
    uvicorn.run(
        make_app(dsn, int(document), int(entry)),
        host=HOST,
        port=int(port),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
