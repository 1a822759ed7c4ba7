"""What each caller has of a server at once: so much and no more, so that none shuts out the others.

A caller is a proved name, or else an address: a claimed name would be another one at each request.
The counts are of one process.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from statehold.errors import Overloaded, TooManyRequests
from statehold.records import Caller
from statehold.server.bounds import Bounds

#: what a value of a body counts for, in bytes: about what it takes in memory once it is parsed
VALUE_BYTES = 100


class Share:
    """One kind of thing: ``total`` for all callers, ``each`` for one."""

    def __init__(self, what: str, total: int, each: int) -> None:
        self.what = what
        self.total = total
        self.each = each
        #: what all have
        self.used = 0
        self._of: dict[str, int] = {}

    def check(self, who: str, amount: int = 1) -> None:
        """Raises ``Overloaded`` where all would have more than there is, and ``TooManyRequests``
        where the caller would have more than its share."""
        if self.used + amount > self.total:
            raise Overloaded(self.used, self.total, f"{self.what} are at work")
        if self._of.get(who, 0) + amount > self.each:
            raise TooManyRequests(self.what, self.each)

    def add(self, who: str, amount: int = 1) -> None:
        self.used += amount
        self._of[who] = self._of.get(who, 0) + amount

    def take(self, who: str, amount: int = 1) -> None:
        """As :meth:`check`, and then it has them."""
        self.check(who, amount)
        self.add(who, amount)

    def give(self, who: str, amount: int = 1) -> None:
        """Gives back what was taken."""
        self.used -= amount
        left = self._of[who] - amount
        if left:
            self._of[who] = left
        else:
            # no name is kept of a caller that has nothing
            del self._of[who]


class Shares:
    """All kinds, of one server."""

    def __init__(self, bounds: Bounds) -> None:
        def share(what: str, total: int) -> Share:
            return Share(what, total, bounds.share_of(total))

        self.requests = share("requests", bounds.requests)
        self.streams = share("streams", bounds.streams)
        self.events = share("events of batches", bounds.events)
        self.bodies = share("bytes of bodies", bounds.bodies_bytes)
        self._reads = bounds.share_of(bounds.reads)
        self._all_reads = asyncio.Semaphore(bounds.reads)
        self._gates: dict[str, Gate] = {}

    @asynccontextmanager
    async def reading(self, who: str) -> AsyncIterator[None]:
        """Waits until the caller, and all together, have fewer reads at work. A long answer takes
        the time of all while it is written, and one caller may ask for hundreds: the others'
        requests are between them."""
        gate = self._gates.get(who)
        if gate is None:
            gate = self._gates[who] = Gate(self._reads)
        gate.users += 1
        try:
            # its own place first: one that waits for it takes none of the others'
            async with gate.free, self._all_reads:
                yield
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[who]

    def begin(self, caller: Caller) -> Hold:
        """A request of this caller begins. Raises ``TooManyRequests``, ``Overloaded``."""
        who = who_is(caller)
        self.requests.take(who)
        return Hold(self, who)


class Gate:
    """The reads of one caller that are at work, and how many of its are at the gate or within."""

    __slots__ = ("free", "users")

    def __init__(self, reads: int) -> None:
        self.free = asyncio.Semaphore(reads)
        self.users = 0


class Hold:
    """What one request has, until :meth:`end`."""

    __slots__ = ("_bytes", "_events", "_shares", "who")

    def __init__(self, shares: Shares, who: str) -> None:
        self.who = who
        self._shares = shares
        self._bytes = 0
        self._events = 0

    def take_body(self, size: int, values: int = 0) -> None:
        """Raises ``TooManyRequests``, ``Overloaded``."""
        size += VALUE_BYTES * values
        self._shares.bodies.take(self.who, size)
        self._bytes += size

    def take_events(self, count: int) -> None:
        """Raises ``TooManyRequests``, ``Overloaded``."""
        self._shares.events.take(self.who, count)
        self._events += count

    def end(self) -> None:
        self._shares.requests.give(self.who)
        if self._bytes:
            self._shares.bodies.give(self.who, self._bytes)
        if self._events:
            self._shares.events.give(self.who, self._events)


_HOLD = "statehold.hold"


def begin(shares: Shares, request: Request, caller: Caller) -> Hold:
    """A request of this caller is at work, until what it has is ended. Raises
    ``TooManyRequests``, ``Overloaded``."""
    hold = request.scope[_HOLD] = shares.begin(caller)
    return hold


def hold_of(request: Request) -> Hold:
    """What the request has, of which the guard has given it none yet where it stands alone."""
    hold: Hold | None = request.scope.get(_HOLD)
    if hold is None:
        hold = request.scope[_HOLD] = Hold(Shares(Bounds()), "")
    return hold


def who_is(caller: Caller) -> str:
    # neither can be taken for the other: no address has a space in it
    return f"name {caller.name}" if caller.proved and caller.name else network_of(caller.address)


def network_of(host: str) -> str:
    """Who connects, as far as an address says: one host has a whole /64 of IPv6."""
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
