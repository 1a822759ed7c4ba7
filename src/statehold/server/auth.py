"""Authentication: the default believes the request's headers, since ``serve`` listens on loopback.

An application passes its own ``authenticate``: a function from the request to a
:class:`.records.Caller` that raises :class:`.problems.Unauthorized`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request

from statehold.errors import Forbidden
from statehold.records import Caller
from statehold.server.bounds import Bounds
from statehold.server.headers import header
from statehold.server.problems import BadRequest

#: whether a caller may deploy machines as data
MayPut = Callable[[Caller], bool]
#: whether a caller may act on instances by hand, whatever their charts allow: pause, cancel, retry,
#: fire a timer …
MayAct = Callable[[Caller], bool]
#: the role that ``serve --put`` requires
PUT_ROLE = "operator"

Authenticate = Callable[[Request], "Caller | Awaitable[Caller]"]

#: the names under which a browser on the same host reaches a server that listens to loopback
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def by_headers(
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    *,
    hosts: Collection[str] | None = None,
) -> Authenticate:
    """Reads ``Statehold-Caller: name`` and ``Statehold-Roles: a, b`` and believes them.

    Without ``Statehold-Roles`` the caller is trusted and no ``by`` refuses it. ``hosts``, if given,
    are the only names that a request's ``Host`` may have: otherwise a foreign page whose name
    resolves to this host could use the server from a browser that runs here (DNS rebinding). For
    the same reason a changing request that a browser marks as another site's is refused with
    ``Forbidden``.
    """

    def authenticate(request: Request) -> Caller:
        if hosts is not None and _host_name(header(request, b"host") or "") not in hosts:
            raise Forbidden(
                f"this server answers to {', '.join(sorted(hosts))}, not to the request's host"
            )
        if request.method not in _SAFE_METHODS and header(request, b"sec-fetch-site") in _FOREIGN:
            raise Forbidden("a page of another site can't change instances here")
        name = _bounded(header(request, b"statehold-caller") or "", "Statehold-Caller", bounds)
        roles = header(request, b"statehold-roles")
        if roles is None:
            return Caller(name) if name else _TRUSTED
        _bounded(roles, "Statehold-Roles", bounds)
        return Caller(name, frozenset(role for r in roles.split(",") if (role := r.strip())))

    return authenticate


def as_coroutine(authenticate: Authenticate) -> Callable[[Request], Awaitable[Caller]]:
    """The function as a coroutine function, whichever of the two it is."""

    async def caller_of(request: Request) -> Caller:
        caller = authenticate(request)
        return await caller if inspect.isawaitable(caller) else caller

    return caller_of


def by_role(role: str) -> MayPut:
    """Callers with this role, and trusted ones."""
    return lambda caller: caller.roles is None or role in caller.roles


_TRUSTED = Caller()
_FOREIGN = frozenset({"cross-site", "same-site"})


def _bounded(value: str, header: str, bounds: Bounds) -> str:
    if len(value) > bounds.claim_length:
        raise BadRequest(
            header, f"it has {len(value)} characters, the limit is {bounds.claim_length}"
        )
    return value


def _host_name(host: str) -> str:
    """The name in a ``Host`` header, without the port: ``[::1]:80`` is ``::1``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] or host
