"""What a client sends to say who it is: claims that a server may believe, or a bearer token."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import anyio
import httpx

#: a token, or a function that gives one: called before the first request, and whenever the server
#: no longer accepts the last
TokenSource: TypeAlias = "str | Callable[[], str | Awaitable[str]]"

#: RFC 6750, 2.1
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)


def claims(
    caller: str | None, roles: Sequence[str] | None, headers: Mapping[str, str] | None
) -> list[tuple[bytes, bytes]]:
    """The headers of each request, in UTF-8, as the server reads those of names."""
    sent = dict(headers or {})
    if caller is not None:
        sent["Statehold-Caller"] = caller
    if roles is not None:
        sent["Statehold-Roles"] = ", ".join(roles)
    return [(name.encode(), value.encode()) for name, value in sent.items()]


class Bearer(httpx.Auth):
    """Sends a token with each request (RFC 6750). One that a function gave, and that the server
    refuses, is asked for anew, once for each request. Raises ``ValueError`` for what is no token.
    """

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._token = checked_token(source) if isinstance(source, str) else None
        #: how many the function has given
        self._given = 0
        self._asking = anyio.Lock()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token, given = await self._after(-1) if self._token is None else (self._token, self._given)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code != 401 or isinstance(self._source, str):
            return
        token, _ = await self._after(given)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request

    async def _after(self, given: int) -> tuple[str, int]:
        """The token that is newer than this one, which is asked for once, however many requests
        wait for it."""
        assert not isinstance(self._source, str)
        async with self._asking:
            if self._token is None or self._given == given:
                found = self._source()
                self._token = checked_token(await found if inspect.isawaitable(found) else found)
                self._given += 1
            return self._token, self._given


def checked_token(token: str) -> str:
    """The token; raises ``ValueError``, without it, for what is none."""
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        # it is a secret, so it is not shown
        raise ValueError("the token is not one: letters, digits and -._~+/ are sent, then =")
    return token
