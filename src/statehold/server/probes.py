"""Endpoints for load balancers and scrapers: health, readiness and metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from statehold.engine.observer import ReadStats
from statehold.errors import Forbidden, Unavailable
from statehold.server.admission import Admission
from statehold.server.guard import caller_of, sees_troubles, unexplained
from statehold.server.problems import documented, response_of_any
from statehold.wire.operations import Health, ReadStoreHealth

if TYPE_CHECKING:
    from statehold.engine import Engine
    from statehold.observe.metrics import Metrics


#: load balancers ask these by whatever address they know
PROBES = ("/health", "/ready")


def add_probes(app: FastAPI, engine: Callable[[], Engine], admission: Admission) -> None:
    """Load balancers ask without a caller, and get a status. What is wrong is for those who may
    read the metrics: it names machines, workers and what the store has said."""

    @app.get("/health", tags=["probes"], summary="Whether the process is up", response_model=Health)
    async def health() -> Health:
        return Health(status="ok")

    @app.get(
        "/ready",
        tags=["probes"],
        summary="Whether the server takes requests",
        response_model=Health,
        responses=documented(503),
    )
    async def ready(request: Request) -> Any:
        try:
            await engine().check_ready()
        except Unavailable as error:
            sees = await _sees_troubles(request, admission)
            return response_of_any(request, error if sees else unexplained(error))
        if not await _sees_troubles(request, admission):
            return Health(status="ok")
        # the others are served, so this is no reason to send requests elsewhere; nor is a standby
        # that can't be read, as the store's own server answers for it
        return Health(
            status="ok",
            detail="; ".join(engine().troubles()) or None,
            read_store=_read_store(engine().stats().read_store),
        )


async def _sees_troubles(request: Request, admission: Admission) -> bool:
    caller = await admission.recognized(request)
    return caller is not None and sees_troubles(caller)


def _read_store(stats: ReadStats | None) -> ReadStoreHealth | None:
    if stats is None:
        return None
    return ReadStoreHealth(used=stats.used, lag_seconds=stats.lag_seconds, why=stats.why)


def exposition_of(
    metrics: Metrics, admission: Admission
) -> Callable[[Request], Awaitable[Response]]:
    async def exposition(request: Request) -> Response:
        caller = caller_of(request)
        if not sees_troubles(caller):
            why = Forbidden("the caller's roles do not permit reading the metrics of the server")
            admission.refused(caller, "metrics", why)
            raise why
        text, content_type = await metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return exposition
