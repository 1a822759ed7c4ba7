"""What an authenticator is, and how the headers that name a caller are read.

An authenticator is a function from the request to a :class:`.records.Caller`, or to an awaitable of
one, that raises :class:`.problems.Unauthorized`. One that needs the engine, or has something to
close, has the methods of :class:`Authenticator` besides.

Whatever it returns is checked and completed in :mod:`statehold.server.admission`: it can't make a
caller trusted, or give a role that only machines have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

from starlette.requests import Request

from statehold.chart.access import CLOSED, ServerAccess
from statehold.records import Caller
from statehold.server.header_names import TWICE, UNDERSCORED, names_of
from statehold.server.problems import BadRequest
from statehold.wire.operations import SignInKind

if TYPE_CHECKING:
    from statehold.engine import Engine

#: what ``create_app`` and ``router`` take
Authenticate = Callable[[Request], "Caller | Awaitable[Caller]"]


class Authenticator(ABC):
    """The base of those that come with Statehold; a plain function does as well."""

    #: whether it proves a caller's name, which is only claimed otherwise; of a plain function: yes
    proves: ClassVar[bool] = True
    #: what a server permits with it, unless it is given another ``access``
    access: ClassVar[ServerAccess] = CLOSED
    #: how a browser comes by what it takes; one that has more to say has a coroutine ``sign_in``
    signs_in: ClassVar[SignInKind] = "other"

    @abstractmethod
    def __call__(self, request: Request) -> Caller | Awaitable[Caller]:
        """Raises ``Unauthorized`` where the caller is not known."""

    async def open(self, engine: Engine) -> None:  # noqa: B027 - most need nothing
        """Called once the engine is open, before the first request."""

    async def close(self) -> None:  # noqa: B027 - most need nothing
        """Called after the last request, before the engine is closed."""


@asynccontextmanager
async def opened(authenticate: Authenticate, engine: Engine) -> AsyncIterator[None]:
    """Within it, the authenticator is open, if it is one that has to be opened."""
    open_ = getattr(authenticate, "open", None)
    close = getattr(authenticate, "close", None)
    if open_ is not None:
        await open_(engine)
    try:
        yield
    finally:
        if close is not None:
            await close()


def claim_of(request: Request, name: str, most: int) -> str | None:
    """The text of a header that names the caller, with at most so many characters; None if there is
    none. It is UTF-8, as proxies send it.

    Raises ``BadRequest`` if it is given twice, since the sender and a proxy may each have written
    one, or as ``X_Forwarded_User``, which some proxies let pass and others read as the header.
    """
    position = names_of(request.scope).position(name.lower().encode("latin-1"))
    if position is None:
        return None
    if position == TWICE:
        raise BadRequest(name, "it is given more than once")
    if position == UNDERSCORED:
        raise BadRequest(name, "it is given with an underscore in its name")
    found: bytes = request.scope["headers"][position][1]
    if len(found) > most:
        raise BadRequest(name, f"it has {len(found)} bytes, the limit is {most}")
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise BadRequest(name, "it is not UTF-8") from None


def listed(text: str | None) -> frozenset[str]:
    """``a, b`` as a set; None: an empty one."""
    return frozenset(one for part in (text or "").split(",") if (one := part.strip()))
