"""Live streams that are reconnected: an instance's journal, the changes of machines.

A generator that is left half-way is closed by the code that iterates over it: the event loop would
close it in another task, while its connection is in use.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any

import anyio
import httpx
from pydantic import BaseModel, ValidationError

from statehold.client.events import ServerEvent, read_events
from statehold.client.transport import (
    Failures,
    Transport,
    failure_of,
    not_ours,
    retry_after_seconds,
    unreachable,
)
from statehold.errors import BeyondEnd, Forbidden, InvalidPayload, Unavailable
from statehold.wire.instances import Changes, Reply, Summary
from statehold.wire.journal import JournalEntry

#: three times the server's heartbeat: a stream that is silent for longer is dead
_STREAM_TIMEOUT = httpx.Timeout(30.0, read=45.0)


async def watch_instance(
    transport: Transport, instance: str, after: int
) -> AsyncGenerator[JournalEntry, None]:
    """The entries of the instance at this path: :meth:`.AsyncClient.watch`."""
    begin = after
    is_known = False
    while True:
        try:
            async with aclosing(_history(transport, instance, begin)) as entries:
                async for entry in entries:
                    is_known = True
                    if entry is not None:
                        yield entry
            return
        except BeyondEnd:
            # on the first connection, the caller asked for a step that does not exist
            if not is_known:
                raise
        begin = 0


async def watch_replies(
    transport: Transport, instance: str, view: str | None
) -> AsyncGenerator[Reply, None]:
    """The views of the instance at this path: :meth:`.AsyncClient.watch_view`."""
    before: str | None = None
    params = {"views": "true"} if view is None else {"view": view}
    async with aclosing(_connected(transport, f"{instance}/stream", params, _no_headers)) as events:
        async for event in events:
            if event is not None and event.event == "end":
                return
            # a connection begins with the instance as it is
            if event is not None and event.event == "view" and event.data != before:
                before = event.data
                yield Reply.model_validate_json(event.data)


async def watch_changes(transport: Transport, path: str) -> AsyncGenerator[Changes, None]:
    """The changes of one machine, or of all: :meth:`.AsyncClient.watch_machine`."""
    is_first = True
    async with aclosing(_connected(transport, path, {}, _no_headers)) as events:
        async for event in events:
            if event is None:
                continue
            if event.event == "change":
                summary = Summary.model_validate_json(event.data)
                yield Changes(instances=[summary])
            elif event.event in ("more", "hello"):
                yield Changes(instances=[], more=not is_first)
                is_first = False


async def _history(
    transport: Transport, instance: str, after: int
) -> AsyncGenerator[JournalEntry | None, None]:
    """Entries after ``after``, over any number of connections; None where one begins. Raises
    ``BeyondEnd`` if the last step that was seen does not exist any more."""
    seen = (after, 0)
    step: JournalEntry | None = None

    async def position() -> dict[str, str]:
        if step is None:
            return {}
        await _check_there(transport, instance, step)
        return {"Last-Event-ID": str(step.seq)}

    async with aclosing(
        _connected(transport, f"{instance}/stream", {"after": after}, position)
    ) as events:
        async for event in events:
            if event is None:
                yield None
            elif event.event == "end":
                return
            elif event.event == "view":
                raise Forbidden("the caller may read the instance and not inspect it; watch_view")
            elif event.event in ("step", "note"):
                entry = JournalEntry.model_validate_json(event.data)
                place = (entry.seq, entry.part)
                if place <= seen:
                    continue
                seen = place
                if entry.part == 0:
                    step = entry
                yield entry


async def _check_there(transport: Transport, instance: str, step: JournalEntry) -> None:
    """Raises ``BeyondEnd`` if another step has its seq, or none; ``_Retry`` without an answer."""
    path = f"{instance}/at/{step.seq}"
    try:
        response = await transport.http.get(path)
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _Retry(unreachable(transport.http, error), 0.0) from error
    if response.is_success:
        try:
            if _Moment.model_validate_json(response.content).at == step.at:
                return
        except ValidationError as error:
            raise _Retry(not_ours("GET", path, error), 0.0) from error
    else:
        failure = failure_of(response)
        if isinstance(failure, Unavailable):
            raise _Retry(failure, retry_after_seconds(response))
        if not isinstance(failure, InvalidPayload):
            raise failure
    raise BeyondEnd("", "", step.seq, 0)


async def _connected(
    transport: Transport,
    path: str,
    params: Mapping[str, Any],
    headers: Callable[[], Awaitable[Mapping[str, str]]],
) -> AsyncGenerator[ServerEvent | None, None]:
    """The events of one connection after the other; None where one begins.

    Attempts since a connection was last open count towards giving up. Connections that were open
    and ended soon, without an event, only make the pause longer.
    """
    backoff = transport.backoff
    failures = Failures(backoff)
    idle = 0
    while True:
        opened: float | None = None
        was_idle = True
        try:
            async with aclosing(_events(transport, path, params, await headers())) as events:
                async for event in events:
                    if event is None:
                        opened = anyio.current_time()
                        failures.reset()
                    else:
                        was_idle = False
                    yield event
            failure: Unavailable = Unavailable("the server ended the stream")
            wait = 0.0
        except _Retry as error:
            failure, wait = error.failure, error.wait_seconds
        if opened is None:
            await failures.wait(failure, wait)
            continue
        lasted = anyio.current_time() - opened
        idle = idle + 1 if was_idle and lasted < backoff.longest_seconds else 1
        await anyio.sleep(backoff.delay_seconds(idle, wait))


async def _events(
    transport: Transport, path: str, params: Mapping[str, Any], headers: Mapping[str, str]
) -> AsyncGenerator[ServerEvent | None, None]:
    """None at the first bytes, then one connection's events; raises ``_Retry`` where another
    connection may succeed."""
    sent = {"Accept": "text/event-stream", **headers}
    try:
        async with transport.http.stream(
            "GET", path, params=params, headers=sent, timeout=_STREAM_TIMEOUT
        ) as response:
            if not response.is_success:
                await response.aread()
                failure = failure_of(response)
                if isinstance(failure, Unavailable):
                    raise _Retry(failure, retry_after_seconds(response))
                raise failure
            chunks = response.aiter_bytes()
            async for first in chunks:
                yield None
                async with aclosing(read_events(_with(first, chunks))) as events:
                    async for event in events:
                        yield event
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _Retry(unreachable(transport.http, error), 0.0) from error


class _Moment(BaseModel):
    """When an instance took one of its steps."""

    at: datetime


async def _with(first: bytes, others: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in others:
        yield chunk


async def _no_headers() -> dict[str, str]:
    return {}


class _Retry(Exception):
    def __init__(self, failure: Unavailable, wait_seconds: float) -> None:
        self.failure = failure
        self.wait_seconds = wait_seconds
