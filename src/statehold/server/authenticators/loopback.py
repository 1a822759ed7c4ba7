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
from statehold.wire.operations import SignInKind

#: what proxies add: a proxy on this host would make everybody behind it a program on this host
_OF_PROXIES = frozenset({
    b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip",
    b"cf-connecting-ip", b"x-original-host", b"x-envoy-external-address",
})  # fmt: skip
#: all that begin so: of the address, the host, the scheme, the user
_FORWARDED = b"x-forwarded"


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
    for given, _ in request.scope["headers"]:
        name = given.replace(b"_", b"-")
        if name in _OF_PROXIES or name.startswith(_FORWARDED):
            raise Forbidden(
                f"the request came through a proxy, as its header {name.decode('latin-1')!r} says, "
                "and this server believes what a request says of its caller; choose an "
                "authenticator, as in `serve --auth proxy`"
            )
