"""Names of hosts, resolved without holding up anything else.

The system's resolver blocks a thread until it gives up, which takes long where a name server does
not answer, and event loops share few threads for all lookups: some hosts whose names can't be
resolved would stop every request. Here a lookup has a thread of its own, there is one at a time for
each name, and it is not waited for longer than ``LOOKUP_SECONDS``. Names come from the list of
allowed hosts, so there are no more threads than that has.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

#: how long a lookup is waited for
LOOKUP_SECONDS = 10.0
#: how long its addresses are used
FRESH_SECONDS = 10.0

_Addresses: TypeAlias = tuple[str, ...]


class Names:
    """``look_up`` is ``socket.getaddrinfo``."""

    def __init__(self, look_up: Callable[..., Any] = socket.getaddrinfo) -> None:
        self._look_up = look_up
        self._found: dict[str, tuple[float, _Addresses]] = {}
        self._under_way: dict[str, asyncio.Future[_Addresses]] = {}

    async def addresses(self, host: str) -> _Addresses:
        """The addresses of a host, in the order in which they are to be tried. Raises ``OSError``
        for a name that has none, ``TimeoutError``."""
        with suppress(ValueError):
            return (str(ipaddress.ip_address(host)),)
        loop = asyncio.get_running_loop()
        at, found = self._found.get(host, (0.0, ()))
        if found and loop.time() - at < FRESH_SECONDS:
            return found
        under_way = self._under_way.get(host)
        if under_way is None or under_way.get_loop() is not loop:
            under_way = self._begin(host, loop)
        async with asyncio.timeout(LOOKUP_SECONDS):
            # another request may wait for the same lookup
            return await asyncio.shield(under_way)

    def _begin(self, host: str, loop: asyncio.AbstractEventLoop) -> asyncio.Future[_Addresses]:
        ended: asyncio.Future[_Addresses] = loop.create_future()
        self._under_way[host] = ended
        # nobody may be left who waits for it
        ended.add_done_callback(lambda one: one.cancelled() or one.exception())
        thread = threading.Thread(
            target=self._run, args=(host, loop, ended), name=f"statehold-name {host}", daemon=True
        )
        thread.start()
        return ended

    def _run(
        self, host: str, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[_Addresses]
    ) -> None:
        addresses: _Addresses = ()
        error: OSError | None = None
        try:
            infos = self._look_up(host, None, type=socket.SOCK_STREAM)
            addresses = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
        except (OSError, UnicodeError) as failed:
            error = failed if isinstance(failed, OSError) else OSError(str(failed))
        # the loop may have ended meanwhile
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._end, host, ended, addresses, error)

    def _end(
        self,
        host: str,
        ended: asyncio.Future[_Addresses],
        addresses: _Addresses,
        error: OSError | None,
    ) -> None:
        if self._under_way.get(host) is ended:
            del self._under_way[host]
        if ended.done():
            return
        if error is not None or not addresses:
            ended.set_exception(error or OSError(f"{host} has no address"))
            return
        self._found[host] = (ended.get_loop().time(), addresses)
        ended.set_result(addresses)
