"""One request and its answer: problems become errors, and repeatable requests are repeated."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pydantic
from anyio.lowlevel import EventLoopToken, current_token

from statehold.client.problems import ProblemError, error_of
from statehold.errors import InvalidPayload, StateholdError, Unavailable
from statehold.wire.base import Problem

#: a longer bound than this is none: a server allows less
LONGEST_LAG_SECONDS = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often, and after how long, a request is repeated.

    After the ``n``-th failure in a row the client waits a random time between one half and the
    whole of ``first_seconds * 2 ** (n - 1)``, at most ``longest_seconds``, and at least the
    server's ``Retry-After``, which is cut to ``longest_seconds`` too. It gives up after ``tries``
    attempts, or if the next one would begin more than ``total_seconds`` after the first failure.

    With the defaults a server that refuses connections is asked for 10 to 21 seconds, longer than
    its restart takes. One attempt may take the client's ``timeout_seconds`` besides.
    """

    tries: int = 10
    first_seconds: float = 0.1
    longest_seconds: float = 5.0
    total_seconds: float = 30.0

    def delay_seconds(self, failed: int, retry_after_seconds: float = 0.0) -> float:
        ceiling: float = min(
            self.first_seconds * 2 ** float(min(failed, 32) - 1), self.longest_seconds
        )
        # never nearly nothing: a row of short waits would be over before a restart is
        delay = ceiling * (1 + random.random()) / 2
        return min(max(delay, retry_after_seconds), self.longest_seconds)


class Failures:
    """Counts failures in a row, of one request or one stream: waits after each, or gives up."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self.reset()

    def reset(self) -> None:
        self._count = 0

    async def wait(self, failure: StateholdError, retry_after_seconds: float) -> None:
        """Waits before the next attempt; raises ``failure`` if there is none."""
        now = anyio.current_time()
        if self._count == 0:
            self._began = now
        self._count += 1
        delay = self._backoff.delay_seconds(self._count, retry_after_seconds)
        over = now + delay - self._began > self._backoff.total_seconds
        if over or self._count >= self._backoff.tries:
            raise failure
        await anyio.sleep(delay)


class Transport:
    """Sends requests over an ``httpx.AsyncClient``, which ``make`` makes. Its connections belong to
    the event loop that opened them, so another loop (the next ``asyncio.run``) gets another
    client."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], backoff: Backoff) -> None:
        self._make = make
        # made here too, so that wrong arguments are refused here
        self._http = make()
        self._loop: EventLoopToken | None = None
        self._is_closed = False
        #: when the last request ended that may have changed something, by the monotonic clock
        self._wrote_at: float | None = None
        self.backoff = backoff

    @property
    def http(self) -> httpx.AsyncClient:
        loop = current_token()
        if self._loop != loop and not self._is_closed:
            if self._loop is not None:
                self._http = self._make()
            self._loop = loop
        return self._http

    async def close(self) -> None:
        http = self.http
        self._is_closed = True
        await http.aclose()

    def max_lag(self, seconds: float | None) -> dict[str, str]:
        """The header that bounds how far lists and counts may be behind: by ``seconds``, and by
        less than the time since this client's last write, so that the answer has it. The server's
        clock does not matter: it is how long ago that counts."""
        bounds = [] if seconds is None else [seconds]
        if self._wrote_at is not None:
            bounds.append(time.monotonic() - self._wrote_at)
        if not bounds:
            return {}
        if not min(bounds) >= 0:
            why = f"it is {seconds}, and has to be 0 seconds or more"
            raise InvalidPayload("the request", {"max_lag_seconds": why})
        # cut off, never up
        cut = math.floor(min(*bounds, LONGEST_LAG_SECONDS) * 1000) / 1000
        return {"Statehold-Max-Lag": f"{cut:.3f}"}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The answer's body.

        Raises the error of the server's problem, or ``Unavailable`` if the server can't be
        reached. A ``repeatable`` request is repeated after every failure that may pass; another
        one only where the server surely did not receive it.
        """
        try:
            return await self._ask(method, path, repeatable, content, headers, params)
        finally:
            if method != "GET":
                # also one that failed: it may have taken effect
                self._wrote_at = time.monotonic()

    async def _ask(
        self,
        method: str,
        path: str,
        repeatable: bool,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, Any] | None,
    ) -> bytes:
        extra = dict(headers or {})
        if content is not None:
            extra.setdefault("Content-Type", "application/json")
        failures = Failures(self.backoff)
        while True:
            wait = 0.0
            http = self.http
            try:
                response = await http.request(
                    method, path, content=content, headers=extra, params=_given(params)
                )
            except (httpx.TransportError, httpx.DecodingError) as error:
                failure: StateholdError = unreachable(http, error)
                again = repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if response.is_success:
                    return response.content
                failure = failure_of(response)
                # whether it was applied is not known, be it the server's 503 or a proxy's 502
                again = repeatable and isinstance(failure, Unavailable)
                wait = retry_after_seconds(response)
            if not again:
                raise failure
            await failures.wait(failure, wait)


def failure_of(response: httpx.Response) -> StateholdError:
    """The error of an answer whose status is 300 or more."""
    try:
        problem = Problem.model_validate_json(response.content)
    except pydantic.ValidationError:
        problem = Problem(
            type="about:blank",
            title=response.reason_phrase,
            status=response.status_code,
            detail=f"{response.request.url} answered {response.status_code} "
            f"{response.reason_phrase} and not as a Statehold server does",
        )
        return ProblemError(problem) if response.status_code < 500 else Unavailable(problem.detail)
    return error_of(problem)


def unreachable(http: httpx.AsyncClient, error: httpx.RequestError) -> Unavailable:
    why = str(error) or type(error).__name__
    return Unavailable(f"no answer from {http.base_url}: {why}; is the server running?")


def not_ours(method: str, path: str, error: pydantic.ValidationError) -> Unavailable:
    return Unavailable(f"the answer to {method} {path} is not a Statehold server's: {error}")


def retry_after_seconds(response: httpx.Response) -> float:
    """Seconds; a date, which a Statehold server never sends, counts as none."""
    given = response.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdecimal() else 0.0


def _given(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: v for name, v in params.items() if v is not None} if params else None
