"""How a browser signs in, which it has to know before it is anybody."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from statehold.server.admission import NOSNIFF, Admission
from statehold.server.problems import documented, response_of_any
from statehold.wire.operations import SignIn


def add_sign_in(target: APIRouter, admission: Admission) -> None:
    """Adds the one route of the API that asks for no caller. The authenticator may have
    ``sign_in``, or ``signs_in`` with the kind alone; of a plain function it is ``other``."""
    authenticate: Any = admission.authenticate

    @target.get(
        "/api/sign-in",
        operation_id="statehold_sign_in",
        tags=["caller"],
        summary="Read how a browser signs in",
        response_model=SignIn,
        responses=documented(400, 403, 503),
    )
    async def sign_in(request: Request, response: Response) -> Any:
        response.raw_headers.append(NOSNIFF)
        try:
            admission.check(request.scope)
            own = getattr(authenticate, "sign_in", None)
            if own is not None:
                return await own()
            return SignIn(kind=getattr(authenticate, "signs_in", "other"))
        except Exception as error:  # noqa: BLE001 - logged and answered there
            return response_of_any(request, error)


def origins_of(authenticate: Any) -> Callable[[], Collection[str]]:
    """Asked now and then: where browsers that sign in send requests beside this server."""
    asked: Callable[[], Collection[str]] = getattr(authenticate, "connects_to", tuple)
    return asked
