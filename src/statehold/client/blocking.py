"""The client for code without an event loop.

It has no logic of its own: each method runs the one of :class:`.AsyncClient` on an event loop in a
thread of the client's own, and waits.

1. The thread is a daemon and starts at the first call, so that an unused client has none and a
   process never waits for one at its end. Connections are closed then, by ``atexit``, and when a
   client that was not closed is collected.
2. A forked process has neither the thread nor a right to the parent's connections. Loops are kept
   per process (:data:`_forks`): the first call in a child starts its own. The parent's loop is
   kept and never touched: collecting it would remove file descriptors from an epoll instance that
   both processes share.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import CancelledError, Future
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, overload

import httpx
from anyio import EndOfStream, create_memory_object_stream
from msgspec import UNSET, UnsetType

from statehold.chart.event import Event
from statehold.chart.machine import Definition, E, I, MachineClass, V
from statehold.client.asynchronous import DEFAULT_URL, AsyncClient
from statehold.client.credentials import TokenSource
from statehold.client.transport import Backoff
from statehold.errors import StateholdError
from statehold.wire.instances import Reply

#: seconds that the end of a process, or ``close``, waits for connections to be closed
CLOSING_SECONDS = 2.0

P = ParamSpec("P")
R = TypeVar("R")


def _waits(
    method: Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Client, P], R]:
    @wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> R:
        loop = self._loop()
        return loop.run(method(loop.client, *args, **kwargs))

    return call


def _iterates(
    method: Callable[Concatenate[AsyncClient, P], AsyncIterator[R]],
) -> Callable[Concatenate[Client, P], Iterator[R]]:
    @wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        loop = self._loop()
        return _pull(self, loop, method(loop.client, *args, **kwargs))

    return call


#: how often the process, or one of its ancestors, was forked; unlike a process id, the number does
#: not come again in a line of processes
_forks = 0
#: event loops whose thread runs in this process
_running: set[_Loop] = set()


def _forked() -> None:
    global _forks
    _forks += 1
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


#: the process ends, and only daemon threads are left
_is_over = False


@atexit.register
def _close_all() -> None:
    global _is_over
    _is_over = True
    loops = list(_running)
    for loop in loops:
        loop.stop()
    for loop in loops:
        loop.join()


class ClientClosed(StateholdError):
    """The blocking client was closed before the call, or while it waited."""

    code = "client-closed"

    def __init__(self) -> None:
        super().__init__("the client is closed; make another one")


class Client:
    """The methods of :class:`.AsyncClient` for code without an event loop; its async iterators are
    iterators here.

    It may be used from several threads, and in processes that were forked after it was made, each
    of which has its own connections. It is closed by ``close``, by a ``with`` statement, when it is
    collected, and at the end of the process. Every method raises ``ClientClosed`` after ``close``,
    and if another thread closes the client while the method waits.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        caller: str | None = None,
        roles: Sequence[str] | None = None,
        token: TokenSource | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``transport`` belongs to this process: a call in a forked process is refused."""
        self._forks = _forks

        def make() -> AsyncClient:
            return AsyncClient(
                base_url, caller=caller, roles=roles, token=token, headers=headers,
                timeout_seconds=timeout_seconds, backoff=backoff, transport=transport,
            )  # fmt: skip

        self._has_transport = transport is not None
        # made here too, so that wrong arguments are refused here
        self._loops = {_forks: _Loop(make())}
        self._make = make
        weakref.finalize(self, _abandon, self._loops).atexit = False

    def _loop(self) -> _Loop:
        loop = self._loops.get(_forks)
        if loop is None:
            if self._has_transport:
                raise StateholdError(
                    "this client was given a transport, whose connections belong to the process "
                    "that made it; make a client in this process"
                )
            # two threads at once get the same loop
            loop = self._loops.setdefault(_forks, _Loop(self._make()))
        return loop

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
        """Closes the connections and ends the thread; a second time does nothing."""
        loop = self._loops.setdefault(_forks, _Loop(self._make()))
        loop.stop()
        loop.join()

    @overload
    def start(
        self, machine: type[MachineClass[Any, I, V]], id: str | None = None,
        data: I | Mapping[str, Any] | UnsetType | None = UNSET, *, key: str | None = None,
    ) -> Reply[V]: ...  # fmt: skip
    @overload
    def start(
        self, machine: Definition[Any] | str, id: str | None = None, data: Any = UNSET, *,
        key: str | None = None,
    ) -> Reply: ...  # fmt: skip
    def start(self, machine: Any, *args: Any, **kwargs: Any) -> Any:
        """As :meth:`.AsyncClient.start`."""
        loop = self._loop()
        return loop.run(loop.client.start(machine, *args, **kwargs))

    @overload
    def send(
        self, machine: type[MachineClass[E, Any, V]], id: str, event: E | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Reply[V]: ...  # fmt: skip
    @overload
    def send(
        self, machine: Definition[Any] | str, id: str, event: Event | Mapping[str, Any], *,
        key: str | None = None, expected_seq: int | None = None,
    ) -> Reply: ...  # fmt: skip
    def send(self, machine: Any, id: str, event: Any, **kwargs: Any) -> Any:
        """As :meth:`.AsyncClient.send`."""
        loop = self._loop()
        return loop.run(loop.client.send(machine, id, event, **kwargs))

    send_many = _waits(AsyncClient.send_many)
    get = _waits(AsyncClient.get)
    page = _waits(AsyncClient.page)
    list = _iterates(AsyncClient.list)
    journal = _waits(AsyncClient.journal)
    explain = _waits(AsyncClient.explain)
    watch = _iterates(AsyncClient.watch)
    watch_view = _iterates(AsyncClient.watch_view)
    watch_machine = _iterates(AsyncClient.watch_machine)
    watch_machines = _iterates(AsyncClient.watch_machines)
    pause = _waits(AsyncClient.pause)
    resume = _waits(AsyncClient.resume)
    cancel = _waits(AsyncClient.cancel)
    repair = _waits(AsyncClient.repair)
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
    audit = _waits(AsyncClient.audit)
    me = _waits(AsyncClient.me)


def _abandon(loops: dict[int, _Loop]) -> None:
    """Stops the loop of a collected client, in any thread, the loop's own too: nothing waits."""
    loop = loops.get(_forks)
    if loop is not None:
        loop.stop()


class _Loop:
    """One process's client, and the thread that it runs in from the first call on."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        # a signal's handler may close the client in the middle of a call of the same thread
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._is_closed = False
        self._has_ended = False
        #: to be called in the loop's thread
        self._calls: deque[Callable[[], None]] = deque()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Its result. It is cancelled if this thread is interrupted meanwhile."""
        future = self.begin(work)
        try:
            return future.result()
        except CancelledError:
            if _is_over and threading.current_thread().daemon:
                # only daemon threads are left, and the process ends without them: an error would
                # be printed in the time that is left
                threading.Event().wait()
            raise ClientClosed() from None
        finally:
            future.cancel()

    def begin(self, work: Coroutine[Any, Any, R]) -> Future[R]:
        try:
            if threading.current_thread() is self._thread:
                raise StateholdError("a call in the client's own thread would wait for itself")
            # whatever is begun stands in the loop's queue before what ends the loop
            with self._lock:
                return asyncio.run_coroutine_threadsafe(work, self._started())
        except BaseException:
            work.close()
            raise

    def soon(self, call: Callable[[], None]) -> None:
        """Calls it in the loop's thread, or in this one if that has ended or never started."""
        with self._lock:
            if self._loop is None or self._has_ended:
                call()
                return
            self._calls.append(call)
            # where the loop is closing, its thread makes the calls that are left
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._make_calls)

    def _make_calls(self) -> None:
        while self._calls:
            self._calls.popleft()()

    def stop(self) -> None:
        """Cancels what is running, and returns at once."""
        with self._lock:
            self._is_closed = True
            self.soon(self._stopped.set)

    def join(self) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSING_SECONDS)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._is_closed:
            raise ClientClosed()
        if self._loop is None:
            up: Future[asyncio.AbstractEventLoop] = Future()
            self._thread = threading.Thread(
                target=self._serve, args=(up,), name="statehold-client", daemon=True
            )
            self._thread.start()
            self._loop = up.result()
        return self._loop

    def _serve(self, up: Future[asyncio.AbstractEventLoop]) -> None:
        _running.add(self)
        try:
            with asyncio.Runner() as runner:
                up.set_result(runner.get_loop())
                runner.run(self._until_stopped())
        finally:
            _running.discard(self)
            with self._lock:
                self._has_ended = True
                self._make_calls()

    async def _until_stopped(self) -> None:
        async with self.client:
            await self._stopped.wait()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _pull(client: Client, loop: _Loop, found: AsyncIterator[R]) -> Iterator[R]:
    """One item at a time; at most one is fetched before it is asked for. ``client`` is not
    collected before its iterator is.

    The whole iteration is one task, since what it holds (a connection, a timeout) has to be
    entered and left in the same one.
    """
    into, out = create_memory_object_stream[R](0)

    async def produce() -> None:
        async with into:
            try:
                async for item in found:
                    await into.send(item)
            finally:
                # without this an abandoned stream would keep its connection until collected
                if isinstance(found, AsyncGenerator):
                    await found.aclose()

    producer: Future[None] | None = None
    try:
        producer = loop.begin(produce())
        while True:
            try:
                item = loop.run(out.receive())
            except EndOfStream:
                break
            yield item
        producer.result()
    finally:
        # this may run in any thread, in the loop's own too: nothing is waited for
        if producer is not None:
            producer.cancel()
        # what is cancelled before it begins closes nothing itself
        loop.soon(into.close)
        loop.soon(out.close)
