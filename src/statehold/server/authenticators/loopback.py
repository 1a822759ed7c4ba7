"""For the machine's own user: headers name the caller, and are believed.

Everybody is who they say, so only programs on the same host are answered: the other end of the
connection is loopback, and the request came through no proxy.
"""

from __future__ import annotations

from typing import ClassVar

from starlette.requests import Request

from statehold.chart.access import OWN_USER, ServerAccess
from statehold.errors import Forbidden
from statehold.records import Caller
from statehold.server.authenticators.base import Authenticator, claim_of, listed
from statehold.server.authority import address_of
from statehold.server.bounds import Bounds
from statehold.server.header_names import names_of
from statehold.wire.operations import SignInKind


class Loopback(Authenticator):
    """Believes ``Statehold-Caller: name`` and ``Statehold-Roles: a, b`` of programs on this host.

    Without ``Statehold-Roles`` the caller has no roles. ``any_address``: believes everybody, as
    ``serve --insecure`` does.
    """

    proves: ClassVar[bool] = False
    signs_in: ClassVar[SignInKind] = "claims"
    access: ClassVar[ServerAccess] = OWN_USER

    def __init__(
        self,
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        *,
        any_address: bool = False,
    ) -> None:
        self._most = bounds.claim_length
        self._any_address = any_address

    def __call__(self, request: Request) -> Caller:
        if not self._any_address:
            _check_is_local(request)
        name = claim_of(request, "Statehold-Caller", self._most) or ""
        return Caller(name, listed(claim_of(request, "Statehold-Roles", self._most)))


def _check_is_local(request: Request) -> None:
    client = request.scope.get("client")
    address = address_of(client[0]) if client else None
    if address is None or not address.is_loopback:
        raise Forbidden(
            "this server believes what a request says of its caller, so it answers to programs on "
            "its own host alone; choose an authenticator, as in `serve --auth tokens`"
        )
    of_proxy = names_of(request.scope).of_proxy
    if of_proxy is not None:
        raise Forbidden(
            f"the request came through a proxy, as its header {of_proxy.decode('latin-1')!r} says, "
            "and this server believes what a request says of its caller; choose an "
            "authenticator, as in `serve --auth proxy`"
        )
