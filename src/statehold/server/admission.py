"""Which requests are let in, before anything of them is read, and who sends them.

Checked for every request, whichever authenticator there is, and with a body or without:

1. ``Host`` names this server. Otherwise a foreign page whose name is made to resolve to this
   address (DNS rebinding) could read everything that the browser's user may read.
2. A request that a browser makes for a page of another origin is refused: the browser adds
   the user's credentials (those of Basic authentication, a certificate, a cookie of the proxy's) to
   it. Only following a link to here is permitted, which changes nothing and shows the page nothing.

The authenticator's answer is completed here, and nowhere else: a caller over HTTP always has roles,
none at least, and what the server permits.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

from msgspec.structs import replace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from statehold.chart.access import CLOSED, ServerAccess, is_machine
from statehold.errors import Forbidden, StateholdError
from statehold.plain.text import CONTROLS
from statehold.records import Caller
from statehold.server.authenticators.base import Authenticate
from statehold.server.authenticators.loopback import Loopback
from statehold.server.authority import (
    LOOPBACK_NAMES,
    Authority,
    address_of,
    authority_of,
    origin_of,
    with_port,
)
from statehold.server.bounds import Bounds
from statehold.server.header_names import TWICE, names_of
from statehold.server.problems import BadRequest, Unauthorized, response_of
from statehold.server.shares import Shares

NOSNIFF = (b"x-content-type-options", b"nosniff")
#: any name of a host
ANY_HOST = "*"

#: hosts that were let in and need no second look
_REMEMBERED = 64
#: callers that need no second completion, of at most so many characters each
_REMEMBERED_CALLERS, _SHORT = 1024, 1000
_CHECKED = "statehold.admission"
#: what can't be stored, would write lines of its own into logs, or shows as another name
_CONTROL = re.compile(f"[{CONTROLS}]")
_OWN_SITE = frozenset({b"same-origin", b"none"})


class Admission:
    """The checks of one server. ``authenticate`` None: :class:`.authenticators.Loopback`.
    ``access`` None: what the authenticator's kind permits.

    Raises ``ValueError`` for a host or an origin that is none.
    """

    def __init__(
        self,
        authenticate: Authenticate | None,
        *,
        access: ServerAccess | None = None,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
    ) -> None:
        self.authenticate: Authenticate = authenticate or Loopback(bounds)
        self.access: ServerAccess = (
            getattr(self.authenticate, "access", CLOSED) if access is None else access
        )
        self._proves: bool = getattr(self.authenticate, "proves", True)
        self._any_host = ANY_HOST in hosts
        self._hosts = frozenset(_named(hosts))
        self._origins = frozenset(_origins(origins))
        self._bounds = bounds
        #: what each caller has at work
        self.shares = Shares(bounds)
        self._remembered: set[tuple[bytes, str]] = set()
        #: callers as they were completed, by what the authenticator gave, and their address
        self._known: dict[tuple[Caller, str], Caller] = {}
        #: records in the audit log what is refused here: to whom as far as that is known, what was
        #: asked for, and why
        self.on_refusal: Callable[[Caller, str, str], None] | None = None

    # --- the request itself -----------------------------------------------------------------

    def check(self, scope: Scope) -> None:
        """Raises ``BadRequest`` and ``Forbidden``."""
        if scope.get(_CHECKED) is self:
            return
        try:
            self._check(scope)
        except Forbidden as error:
            self._note(scope, error)
            raise
        scope[_CHECKED] = self

    def _check(self, scope: Scope) -> None:
        names = names_of(scope)
        host = self._checked_host(names.position(b"host"), scope)
        if not names.is_of_browser:
            return
        origins: list[bytes] = []
        fetch: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name == b"origin":
                origins.append(value)
            elif name.startswith(b"sec-fetch-"):
                # no browser sends one twice, so neither is believed
                fetch[name] = b"" if name in fetch else value
        self._check_site(scope, host, origins, fetch)

    def _checked_host(self, position: int | None, scope: Scope) -> bytes:
        if position is None or position == TWICE:
            raise BadRequest(
                "Host", "it is missing" if position is None else "it is given more than once"
            )
        given: bytes = scope["headers"][position][1]
        server = scope.get("server")
        own = str(server[0]) if server else ""
        if (given, own) in self._remembered:
            return given
        authority = authority_of(given.decode("latin-1"))
        if authority is None:
            raise BadRequest("Host", "it is no name of a host, with or without a port")
        if not self._answers_to(authority, own):
            raise Forbidden(
                "this server does not answer to the host that the request names; it has to be "
                "permitted, as in `serve --allowed-host NAME`"
            )
        if len(self._remembered) < _REMEMBERED:
            self._remembered.add((given, own))
        return given

    def _answers_to(self, host: Authority, own: str) -> bool:
        if self._any_host or host.host in LOOPBACK_NAMES:
            return True
        if host in self._hosts or Authority(host.host) in self._hosts:
            return True
        # the address of this end of the connection, which no foreign page's name is
        address = address_of(own)
        return host.host == (own.lower() if address is None else str(address))

    def _check_site(
        self, scope: Scope, host: bytes, origins: list[bytes], fetch: dict[bytes, bytes]
    ) -> None:
        if origins:
            own = authority_of(host.decode("latin-1"))
            for origin in origins:
                if not self._is_own(origin.decode("latin-1"), own, scope):
                    raise Forbidden(_FOREIGN)
            if len(origins) == 1 and origins[0].decode("latin-1") in self._origins:
                return
        if fetch.get(b"sec-fetch-site", b"none") in _OWN_SITE:
            return
        # following a link
        if (
            scope["method"] in ("GET", "HEAD")
            and fetch.get(b"sec-fetch-mode") == b"navigate"
            and fetch.get(b"sec-fetch-dest") == b"document"
        ):
            return
        raise Forbidden(_FOREIGN)

    def _is_own(self, text: str, own: Authority | None, scope: Scope) -> bool:
        if text in self._origins:
            return True
        origin = origin_of(text)
        if origin is None or own is None:
            return False
        scheme, authority = origin
        if scope.get("scheme") == "https" and scheme != "https":
            return False
        # a proxy that ends TLS makes the server's own scheme another than the page's
        if authority == with_port(own, scheme):
            return True
        # a proxy that sends another Host: the page's own is named
        return any(authority == with_port(host, scheme) for host in self._hosts)

    # --- the caller -------------------------------------------------------------------------

    async def admit(self, request: Request) -> Caller:
        """The caller; raises what :meth:`check` and the authenticator raise, and ``Forbidden``."""
        self.check(request.scope)
        try:
            found: Any = self.authenticate(request)
            caller: Caller = await found if inspect.isawaitable(found) else found
            return self._completed(caller, request)
        except (Unauthorized, Forbidden, BadRequest, HTTPException) as error:
            # the last is how functions of others may refuse
            if getattr(error, "status_code", 401) in (401, 403):
                self._note(request.scope, error)
            raise

    async def recognized(self, request: Request) -> Caller | None:
        """The caller where :meth:`admit` would let it in. None, and nothing is recorded, where it
        would not: for answers that everybody gets, and some get more of."""
        try:
            self._check(request.scope)
            found: Any = self.authenticate(request)
            return self._completed(await found if inspect.isawaitable(found) else found, request)
        except (StateholdError, HTTPException):
            return None

    def _note(self, scope: Scope, error: Exception) -> None:
        client = scope.get("client")
        address = str(client[0]) if client else ""
        self.refused(Caller("", frozenset(), address=address), "admission", error)

    def refused(self, caller: Caller, action: str, error: Exception) -> None:
        """Records a refusal in the audit log."""
        if self.on_refusal is not None:
            self.on_refusal(caller, action, str(error))

    def _completed(self, caller: Caller, request: Request) -> Caller:
        client = request.scope.get("client")
        address = str(client[0]) if client else ""
        key = (caller, address)
        try:
            known = self._known.get(key)
        except TypeError:
            # its roles are a list, say
            return self._complete(caller, address)
        if known is not None:
            return known
        complete = self._complete(caller, address)
        texts = (*(complete.roles or ()), *complete.teams, *(complete.machines or ()))
        if len(complete.name) + sum(map(len, texts)) <= _SHORT:
            if len(self._known) == _REMEMBERED_CALLERS:
                self._known.clear()
            self._known[key] = complete
        return complete

    def _complete(self, caller: Caller, address: str) -> Caller:
        roles = _texts("roles", caller.roles or frozenset())
        teams = _texts("teams", caller.teams)
        machines = caller.machines
        if machines is not None:
            _texts("machines", machines)
        self._check_names("name", (caller.name,))
        self._check_names("role", roles)
        self._check_names("team", teams)
        if any(map(is_machine, roles)):
            raise Forbidden("a role that begins with 'machine:' is a machine's, and no caller's")
        return replace(
            caller,
            roles=roles,
            teams=teams,
            machines=None if machines is None else tuple(machines),
            proved=self._proves and bool(caller.name),
            server=self.access,
            address=address,
        )

    def _check_names(self, kind: str, names: Collection[str]) -> None:
        if len(names) > self._bounds.caller_roles:
            raise Forbidden(
                f"the caller has {len(names)} {kind}s, the limit is {self._bounds.caller_roles}"
            )
        for name in names:
            if len(name) > self._bounds.claim_length:
                raise Forbidden(
                    f"a {kind} of the caller has {len(name)} characters, the limit is "
                    f"{self._bounds.claim_length}"
                )
            if _CONTROL.search(name):
                raise Forbidden(f"a {kind} of the caller has a control character")


class Front:
    """ASGI middleware around the whole application: its static files, its probes and its errors are
    behind the same checks, and have the same headers. ``open_to``: paths of which a load balancer
    asks by the server's address, whatever that is to others."""

    def __init__(self, app: ASGIApp, admission: Admission, open_to: Collection[str] = ()) -> None:
        self._app = app
        self._admission = admission
        self._open_to = frozenset(open_to)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_nosniff(message)
            await send(message)

        if scope["path"].removeprefix(scope.get("root_path", "")) not in self._open_to:
            try:
                self._admission.check(scope)
            except StateholdError as error:
                await response_of(error)(scope, receive, send_on)
                return
        await self._app(scope, receive, send_on)


def checked(
    endpoint: Callable[[Request], Awaitable[Response]], admission: Admission
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that asks for no caller, with the checks of the request itself before it: of the
    routes within another application, which has no :class:`Front`."""

    async def answer(request: Request) -> Response:
        try:
            admission.check(request.scope)
        except StateholdError as error:
            return response_of(error)
        return await endpoint(request)

    return answer


def add_nosniff(message: Message) -> None:
    """A browser must not guess that what it is sent is a page or a script."""
    if NOSNIFF not in message["headers"]:
        message["headers"] = [*message["headers"], NOSNIFF]


_FOREIGN = (
    "a browser sent the request for a page of another origin, which can't use this server; the "
    "names of this server's own pages have to be permitted, as in `serve --allowed-host NAME`"
)


def _texts(kind: str, given: Collection[Any]) -> frozenset[str]:
    """Raises ``TypeError`` for one text in place of several: ``"port" in "support"`` is true, so
    its parts would be roles."""
    if isinstance(given, str | bytes) or not all(isinstance(one, str) for one in given):
        raise TypeError(f"the authenticator gave {kind} that are no collection of texts")
    return frozenset(given)


def _named(hosts: Iterable[str]) -> Iterable[Authority]:
    for text in hosts:
        if text == ANY_HOST:
            continue
        authority = authority_of(f"[{text}]" if text.count(":") > 1 and text[0] != "[" else text)
        if authority is None:
            raise ValueError(f"{text!r} is no name of a host, with or without a port")
        yield authority


def _origins(origins: Iterable[str]) -> Iterable[str]:
    for text in origins:
        if origin_of(text) is None or text != text.lower():
            raise ValueError(f"{text!r} is no origin; write it as in https://app.example.com")
        yield text
