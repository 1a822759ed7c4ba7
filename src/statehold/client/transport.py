"""One request and its answer: problems become errors, and what can be repeated is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pydantic

from statehold import wire
from statehold.client.problems import ProblemError, error_of
from statehold.errors import StateholdError, Unavailable


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often, and after how long, a request is sent again.

    Before try ``n + 1`` it waits a random time up to ``first_seconds * 2 ** (n - 1)``, at most
    ``longest_seconds``, but never less than the server's ``Retry-After`` asks for (which is cut
    to ``longest_seconds`` too).
    """

    tries: int = 5
    first_seconds: float = 0.1
    longest_seconds: float = 5.0

    def delay_seconds(self, failed: int, retry_after_seconds: float = 0.0) -> float:
        ceiling: float = self.first_seconds * 2 ** float(min(failed - 1, 32))
        delay = max(ceiling * random.random(), retry_after_seconds)
        return min(delay, self.longest_seconds)


class Transport:
    """Sends requests over one ``httpx.AsyncClient``."""

    def __init__(self, http: httpx.AsyncClient, backoff: Backoff) -> None:
        self.http = http
        self.backoff = backoff

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

        Raises the error that the server's problem stands for, or ``Unavailable`` where it can't
        be reached. ``repeatable``: sending it twice does no harm, so it is sent again whatever
        became of it; else only where it surely was not taken.
        """
        extra = dict(headers or {})
        if content is not None:
            extra.setdefault("Content-Type", "application/json")
        failed = 0
        while True:
            wait = 0.0
            try:
                response = await self.http.request(
                    method, path, content=content, headers=extra, params=_given(params)
                )
            except httpx.TransportError as error:
                failure: StateholdError = unreachable(self.http, error)
                again = repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            else:
                if response.is_success:
                    return response.content
                failure = failure_of(response)
                # 503 says that nothing is known to have happened: only a repeatable request may
                # be sent again
                again = repeatable and response.status_code == 503
                wait = retry_after_seconds(response)
            failed += 1
            if not again or failed >= self.backoff.tries:
                raise failure
            await anyio.sleep(self.backoff.delay_seconds(failed, wait))


def failure_of(response: httpx.Response) -> StateholdError:
    """The error that an answer with a status of 300 or more stands for."""
    try:
        problem = wire.Problem.model_validate_json(response.content)
    except pydantic.ValidationError:
        problem = wire.Problem(
            type="about:blank",
            title=response.reason_phrase,
            status=response.status_code,
            detail=f"{response.request.url} answered {response.status_code} "
            f"{response.reason_phrase} and not as a Statehold server does",
        )
        return ProblemError(problem) if response.status_code < 500 else Unavailable(problem.detail)
    return error_of(problem)


def unreachable(http: httpx.AsyncClient, error: httpx.TransportError) -> Unavailable:
    why = str(error) or type(error).__name__
    return Unavailable(f"no answer from {http.base_url}: {why}; is the server running?")


def retry_after_seconds(response: httpx.Response) -> float:
    """Seconds; a date, which a Statehold server never sends, counts as none."""
    given = response.headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdecimal() else 0.0


def _given(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: v for name, v in params.items() if v is not None} if params else None
