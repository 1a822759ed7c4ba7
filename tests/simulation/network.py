"""What lies between workers and their store: requests take time, get lost, come late.

A request and its answer travel by themselves, as packets do: a worker that is killed or frozen
meanwhile does not keep a commit from being written. A call ends in one of these ways:

- it is answered;
- nothing arrives, and the caller gets ``StoreUnavailable``;
- it is done, and the caller gets ``StoreUnavailable`` because the answer is lost;
- the caller gets ``StoreUnavailable``, and the commit is written some time later.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from typing import Any, cast

from statehold.errors import StateholdError, StoreUnavailable
from statehold.store import Hint, Store
from statehold.stores import Memory, MemoryStore
from tests.simulation.loop import Owner, SimulatedLoop, run_now

#: called with everything that happens, for the trace
Record = Callable[[str], None]


@dataclass(frozen=True)
class Weather:
    """Probabilities of each call, and seconds."""

    lost_before: float = 0.0
    lost_after: float = 0.0
    #: of a commit
    late: float = 0.0
    late_seconds: float = 5.0
    lost_hint: float = 0.0
    #: one way
    delay_seconds: float = 0.01
    #: probability of a way that takes a hundred times as long
    slow: float = 0.0
    #: until the caller gives up on an answer that does not come
    timeout_seconds: float = 2.0


CALM = Weather(delay_seconds=0.002)


class Network:
    """One for each store; ``connect`` gives each worker a store of its own to talk to."""

    def __init__(self, memory: Memory, loop: SimulatedLoop, chance: random.Random, record: Record):
        self.memory = memory
        self.weather = CALM
        #: the server is away
        self.is_down = False
        #: calls by name
        self.calls: Counter[str] = Counter()
        self._loop = loop
        self._chance = chance
        self._record = record
        self._open: list[Connection] = []
        #: packets belong to nobody
        self._context = Context()

    def connect(self, one: Owner) -> Store:
        """A store for one worker."""
        made = Connection(self, MemoryStore(self.memory), one)
        self._open.append(made)
        return cast(Store, made)

    def cut(self, one: Owner) -> None:
        """Nothing of it arrives, nothing arrives there."""
        for connection in self._of(one):
            connection.is_cut = True
        self._record(f"{one.name} is cut off")

    def mend(self, one: Owner) -> None:
        for connection in self._of(one):
            connection.is_cut = False
        self._record(f"{one.name} is connected")

    def drop(self, one: Owner) -> None:
        """Its process has died: what it sent may have arrived or not."""
        for connection in self._of(one):
            connection.is_dropped = True

    def _of(self, one: Owner) -> list[Connection]:
        return [connection for connection in self._open if connection.owner is one]

    # --- what connections use ---

    def way(self) -> float:
        """Seconds of one way."""
        weather = self.weather
        seconds = self._chance.expovariate(1 / weather.delay_seconds)
        return seconds * 100 if self._chance.random() < weather.slow else seconds

    def later(self, seconds: float, function: Callable[..., object], *arguments: Any) -> None:
        self._loop.call_later(seconds, function, *arguments, context=self._context)

    def share(self, seconds: float) -> float:
        return self._chance.random() * seconds

    def happens(self, probability: float) -> bool:
        return self._chance.random() < probability

    def spread(self, sender: Connection, hint: Hint) -> None:
        """To all others, in an order of its own to each, or not at all."""
        for connection in self._open:
            if connection is sender or connection.heard is None:
                continue
            if connection.is_cut or self.happens(self.weather.lost_hint):
                self._record(f"{connection.owner.name} misses {sender.owner.name}'s hint")
                continue
            self._loop.call_later(
                self.way(), connection.heard, hint, context=connection.owner.context.copy()
            )

    def forget(self, connection: Connection) -> None:
        connection.heard = None
        if connection in self._open:
            self._open.remove(connection)

    def record(self, what: str) -> None:
        self._record(what)


class Connection:
    """A :class:`~statehold.store.Store` at the other end of the network."""

    exclusive = False
    standby = None

    def __init__(self, network: Network, inner: MemoryStore, one: Owner) -> None:
        self.owner = one
        self.is_cut = False
        self.is_dropped = False
        self.heard: Callable[[Hint], None] | None = None
        self._network = network
        self._inner = inner

    async def close(self) -> None:
        """Needs nobody at the other end."""
        self._network.forget(self)
        await self._inner.close()

    def listen(self, on_hint: Callable[[Hint], None]) -> None:
        self.heard = on_hint

    async def notify(self, hint: Hint) -> None:
        await self._asked("notify", self._spread, (hint,), {})

    async def _spread(self, hint: Hint) -> None:
        self._network.spread(self, hint)

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        call = getattr(self._inner, name)

        async def asked(*arguments: Any, **named: Any) -> Any:
            return await self._asked(name, call, arguments, named)

        return asked

    async def _asked(
        self, name: str, call: Callable[..., Any], arguments: Any, named: dict[str, Any]
    ) -> Any:
        network = self._network
        network.calls[name] += 1
        weather = network.weather
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        is_late = name == "commit" and network.happens(weather.late)

        def arrive() -> None:
            dropped = self.is_dropped and network.happens(0.5)
            if dropped or self._is_away() or network.happens(weather.lost_before):
                lose("was lost on its way there")
            elif is_late:
                lose("is still on its way there")
                network.later(network.way() + network.share(weather.late_seconds), done)
            else:
                result = done()
                if network.happens(weather.lost_after):
                    lose("was done, its answer was lost")
                else:
                    network.later(network.way(), back, result)

        def done() -> object:
            if network.is_down:
                return StoreUnavailable("the server is away")
            try:
                result: object = run_now(call(*arguments, **named))
            except StateholdError as error:
                result = error
            network.record(f"{self.owner.name} {name}{_shown(name, result)}")
            return result

        def back(result: object) -> None:
            if self._is_away():
                lose("was done, its answer was lost")
            elif not answer.done():
                if isinstance(result, BaseException):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)

        def lose(why: str) -> None:
            network.record(f"{self.owner.name} {name} {why}")
            network.later(network.share(weather.timeout_seconds), give_up, why)

        def give_up(why: str) -> None:
            if not answer.done():
                answer.set_exception(StoreUnavailable(f"{name} {why}"))

        network.later(network.way(), arrive)
        return await answer

    def _is_away(self) -> bool:
        return self.is_cut or self._network.is_down


def _shown(name: str, result: object) -> str:
    if isinstance(result, BaseException):
        return f": {type(result).__name__}"
    if name == "commit":
        return f": {[outcome.value for outcome in cast(Any, result)]}"
    return ""


def stormy(chance: random.Random) -> Weather:
    """Some bad weather or other."""
    return Weather(
        lost_before=chance.choice([0.0, 0.02, 0.1]),
        lost_after=chance.choice([0.0, 0.02, 0.1]),
        late=chance.choice([0.0, 0.0, 0.05]),
        late_seconds=chance.choice([1.0, 5.0]),
        lost_hint=chance.choice([0.0, 0.5, 1.0]),
        delay_seconds=chance.choice([0.001, 0.01, 0.05]),
        slow=chance.choice([0.0, 0.01]),
    )
