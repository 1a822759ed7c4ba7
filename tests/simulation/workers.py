"""The workers of a simulated run: each with an engine, a clock that is a bit wrong, and an end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from statehold.engine import Engine
from statehold.engine.clock import SystemClock
from statehold.errors import StateholdError
from tests.simulation.clients import (
    Broken,
    Request,
)
from tests.simulation.loop import Owner
from tests.simulation.machines import MACHINES

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


class SkewedClock(SystemClock):
    """The true time and a bit, on the loop that everything runs on."""

    def __init__(self, now: Callable[[], datetime], skew: timedelta) -> None:
        self._now = now
        self._skew = skew

    def now(self) -> datetime:
        return self._now() + self._skew


class Worker:
    """One process, with one engine, under a name that is never used again."""

    def __init__(self, sim: Simulation, name: str, chance: random.Random) -> None:
        self.owner = Owner(name)
        skew = chance.uniform(-1, 1) * sim.plan.skew_seconds
        self.engine = Engine(
            sim.around(sim.network.connect(self.owner)),
            MACHINES,
            clock=SkewedClock(sim.now, timedelta(seconds=skew)),
            limits=sim.plan.limits,
            seed=chance.getrandbits(32),
            worker=name,
        )
        self.is_open = False
        self.is_leaving = False
        self.is_dead = False
        #: set when it is no more, or is about to be
        self.ended = asyncio.Event()
        #: who waits for an answer
        self.asked: list[asyncio.Future[Any]] = []

    def break_off(self) -> None:
        """Those that wait for it get an error: the connection broke."""
        for answer in self.asked:
            if not answer.done():
                answer.set_exception(Broken("its process is gone"))
        self.asked.clear()


class Workers:
    """Keeps so many of them going: whichever ends is followed by another."""

    def __init__(self, sim: Simulation, chance: random.Random) -> None:
        self._sim = sim
        self._chance = chance
        self.started = 0
        self.places: list[Worker | None] = [None] * sim.plan.workers
        self._dead: list[Worker] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._leaving: list[asyncio.Task[None]] = []
        self._hurry = asyncio.Event()

    def open(self) -> None:
        self._keepers = [
            asyncio.create_task(self._keep(place)) for place in range(len(self.places))
        ]

    @property
    def alive(self) -> list[Worker]:
        return [one for one in self.places if one is not None and not one.is_dead]

    async def ask(self, request: Request) -> Any:
        """As a client does over a connection: what it does not hear in time, it does not know."""
        sim = self._sim
        await asyncio.sleep(sim.network.way())
        up = [worker for worker in self.alive if worker.is_open]
        if not up:
            raise Broken("nobody listens")
        worker = self._chance.choice(up)
        answer: asyncio.Future[Any] = sim.loop.create_future()
        worker.asked.append(answer)
        task = sim.loop.spawn(worker.owner, _awaited(request, worker.engine))
        task.add_done_callback(lambda ended: _pass_on(ended, answer))
        try:
            async with asyncio.timeout(self._chance.choice([2.0, 10.0])):
                return await answer
        except TimeoutError:
            if self._chance.random() < 0.5:
                # the server sees that its caller has gone
                sim.loop.call_soon(task.cancel, context=worker.owner.context.copy())
            raise Broken("no answer in time") from None
        finally:
            if answer in worker.asked:
                worker.asked.remove(answer)

    def kill(self, worker: Worker) -> None:
        """As SIGKILL does it."""
        self._sim.record(f"{worker.owner.name} is killed")
        self._sim.network.drop(worker.owner)
        self._sim.loop.freeze(worker.owner)
        worker.is_dead = True
        worker.is_open = False
        worker.break_off()
        worker.ended.set()
        self._dead.append(worker)

    async def leave(self, worker: Worker) -> None:
        """A graceful stop."""
        self._sim.record(f"{worker.owner.name} leaves")
        worker.is_open, worker.is_leaving = False, True
        closing = self._sim.loop.spawn(worker.owner, worker.engine.close())
        ending = asyncio.ensure_future(worker.ended.wait())
        await asyncio.wait([closing, ending], return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if worker.is_dead:
            return
        if (error := closing.exception()) and not isinstance(error, StateholdError):
            raise error
        self._sim.record(f"{worker.owner.name} has left")
        # whatever is left of it dies with the process
        self.kill(worker)

    async def leave_all(self) -> list[str]:
        """What is wrong where all stop gracefully, those that began before as well."""
        for worker in self.alive:
            if worker.is_open:
                self._leaving.append(asyncio.create_task(self.leave(worker)))
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=60.0)
        return [
            f"{worker.owner.name} does not stop"
            for worker in (*self.alive, *self._dead)
            if worker.is_leaving and not worker.ended.is_set()
        ]

    def mend(self) -> None:
        """No one is frozen or cut off any more, and no place stays empty."""
        for worker in self.alive:
            self._sim.loop.thaw(worker.owner)
            self._sim.network.mend(worker.owner)
        self._hurry.set()

    async def end(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for worker in self.alive:
            self.kill(worker)
        self._sim.network.is_down = True
        for worker in self._dead:
            await self._sim.loop.end(worker.owner)
        await asyncio.sleep(10.0)

    async def _keep(self, place: int) -> None:
        while True:
            self.started += 1
            worker = Worker(self._sim, f"w{self.started}", self._chance)
            self.places[place] = worker
            self._sim.record(f"{worker.owner.name} starts")
            opening = self._sim.loop.spawn(worker.owner, worker.engine.open())
            ending = asyncio.ensure_future(worker.ended.wait())
            await asyncio.wait([opening, ending], return_when=asyncio.FIRST_COMPLETED)
            if not worker.is_dead:
                error = opening.exception()
                if error is None:
                    self._sim.record(f"{worker.owner.name} is open")
                    worker.is_open = True
                    await ending
                elif isinstance(error, StateholdError):
                    self._sim.record(f"{worker.owner.name} could not open: {type(error).__name__}")
                    self.kill(worker)
                else:
                    raise error
            ending.cancel()
            self.places[place] = None
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._chance.expovariate(0.3)):
                await self._hurry.wait()
        except TimeoutError:
            return
        await asyncio.sleep(0.5)


async def _awaited(request: Request, engine: Engine) -> Any:
    result: Awaitable[Any] = request(engine)
    return await result


def _pass_on(ended: asyncio.Task[Any], answer: asyncio.Future[Any]) -> None:
    if ended.cancelled():
        error: BaseException | None = Broken("its handler was cancelled")
    else:
        error = ended.exception()
    if answer.done():
        return
    if error is None:
        answer.set_result(ended.result())
    else:
        answer.set_exception(error)
