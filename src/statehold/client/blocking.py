"""The client for code without an event loop.

It has no logic of its own: each method runs :class:`.AsyncClient`'s on an event loop in a thread
of the client's own, and waits.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import ExitStack
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx
from anyio import EndOfStream, create_memory_object_stream
from anyio.from_thread import BlockingPortal, start_blocking_portal

from statehold.client.asynchronous import DEFAULT_URL, AsyncClient
from statehold.client.transport import Backoff

P = ParamSpec("P")
R = TypeVar("R")


def _waits(
    method: Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Client, P], R]:
    @wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> R:
        async def run() -> R:
            return await method(self._client, *args, **kwargs)

        return self._portal.call(run)

    return call


def _iterates(
    method: Callable[Concatenate[AsyncClient, P], AsyncIterator[R]],
) -> Callable[Concatenate[Client, P], Iterator[R]]:
    @wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        return _pull(self._portal, method(self._client, *args, **kwargs))

    return call


class Client:
    """As :class:`.AsyncClient`, method for method; what is an async iterator there is an iterator
    here. May be used from several threads. To be closed, or used in a ``with`` statement."""

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        caller: str | None = None,
        roles: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = AsyncClient(
            base_url, caller=caller, roles=roles, headers=headers,
            timeout_seconds=timeout_seconds, backoff=backoff, transport=transport,
        )  # fmt: skip
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal(name="statehold-client"))
        self._stack.callback(lambda: self._portal.call(self._client.close))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the thread; a second time does nothing."""
        self._stack.close()

    start = _waits(AsyncClient.start)
    send = _waits(AsyncClient.send)
    send_many = _waits(AsyncClient.send_many)
    get = _waits(AsyncClient.get)
    page = _waits(AsyncClient.page)
    list = _iterates(AsyncClient.list)
    journal = _waits(AsyncClient.journal)
    explain = _waits(AsyncClient.explain)
    watch = _iterates(AsyncClient.watch)
    watch_machine = _iterates(AsyncClient.watch_machine)
    watch_machines = _iterates(AsyncClient.watch_machines)
    pause = _waits(AsyncClient.pause)
    resume = _waits(AsyncClient.resume)
    cancel = _waits(AsyncClient.cancel)
    fire_timer = _waits(AsyncClient.fire_timer)
    cancel_timer = _waits(AsyncClient.cancel_timer)
    reschedule_timer = _waits(AsyncClient.reschedule_timer)
    retry_effect = _waits(AsyncClient.retry_effect)
    skip_effect = _waits(AsyncClient.skip_effect)
    resolve_effect = _waits(AsyncClient.resolve_effect)
    upgrade = _waits(AsyncClient.upgrade)
    incidents = _waits(AsyncClient.incidents)
    retry = _waits(AsyncClient.retry)
    skip = _waits(AsyncClient.skip)
    resolve = _waits(AsyncClient.resolve)
    put = _waits(AsyncClient.put)
    document = _waits(AsyncClient.document)
    machines = _waits(AsyncClient.machines)
    machine = _waits(AsyncClient.machine)
    mermaid = _waits(AsyncClient.mermaid)
    flows = _waits(AsyncClient.flows)
    search = _waits(AsyncClient.search)
    me = _waits(AsyncClient.me)


def _pull(portal: BlockingPortal, found: AsyncIterator[R]) -> Iterator[R]:
    """One item at a time; at most one is fetched before it is asked for.

    The whole iteration is one task, since what it holds (a connection, a timeout) has to be
    entered and left in the same one.
    """
    into, out = portal.call(lambda: create_memory_object_stream[R](0))

    async def produce() -> None:
        async with into:
            try:
                async for item in found:
                    await into.send(item)
            finally:
                # without this an abandoned stream would keep its connection until collected
                if isinstance(found, AsyncGenerator):
                    await found.aclose()

    producer = portal.start_task_soon(produce)
    try:
        while True:
            try:
                item = portal.call(out.receive)
            except EndOfStream:
                break
            yield item
        producer.result()
    finally:
        producer.cancel()
        portal.call(out.aclose)
