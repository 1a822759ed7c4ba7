"""One simulated run: several workers, one store, callers, and a seed that chooses everything else.

Faults come and go for a while; the store is audited all along. Then they stop, and everything has
to come to rest. The same seed gives the same run: ``digest`` is that of everything that happened.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from statehold.engine.limits import Limits
from statehold.errors import StateholdError
from statehold.store import Store
from statehold.stores import Memory
from tests.simulation.auditor import audit, audit_at_rest, check_echoes, check_legs
from tests.simulation.clients import (
    Broken,
    Client,
    Journal,
    Person,
    Request,
    opening,
)
from tests.simulation.images import read_memory
from tests.simulation.linearizability import TooMuchWork, violations
from tests.simulation.loop import SimulatedLoop, owner
from tests.simulation.machines import Outside, outside
from tests.simulation.model import LedgerModel
from tests.simulation.network import CALM, Network, stormy
from tests.simulation.workers import Worker, Workers

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """How much of what. Seconds are virtual."""

    workers: int = 3
    clients: int = 4
    #: while faults happen
    storm_seconds: float = 90.0
    #: between two of them
    fault_seconds: float = 3.0
    audit_seconds: float = 5.0
    #: in which everything has to come to rest
    rest_seconds: float = 900.0
    #: how far a worker's clock is from the true one, at most
    skew_seconds: float = 0.3
    limits: Limits = field(default_factory=lambda: Limits(grace_seconds=2.0, page=50))


def plan_of(seed: int) -> Plan:
    """A plan that the seed chooses as well."""
    chance = random.Random(f"plan {seed}")
    return Plan(
        workers=chance.choice([2, 3, 3, 5]),
        clients=chance.choice([2, 4, 6]),
        storm_seconds=chance.choice([45.0, 90.0, 180.0]),
        fault_seconds=chance.choice([1.0, 3.0, 6.0]),
        skew_seconds=chance.choice([0.0, 0.3, 2.0]),
        limits=Limits(
            grace_seconds=2.0,
            page=50,
            # so few that effects wait, here and in the store
            effects=chance.choice([1, 3, 1_000]),
            effects_waiting=chance.choice([0, 2, 1_000]),
        ),
    )


@dataclass
class Report:
    """What came of a run. ``digest`` is the same for the same seed and plan."""

    seed: int
    findings: list[str]
    digest: str
    steps: int
    seconds: float
    #: what the run was made of, to see that it was not empty
    counts: dict[str, int]
    trace: list[str]


def simulate(
    seed: int, plan: Plan | None = None, *, around: Callable[[Store], Store] = lambda store: store
) -> Report:
    """Runs one seed. ``around`` may put something between each worker and its store: a fault that
    is planted, to see that it is found."""
    chance = random.Random(seed)
    loop = SimulatedLoop(random.Random(chance.random()))
    heard = _Heard()
    log = logging.getLogger("statehold")
    log.addHandler(heard)
    propagates, log.propagate = log.propagate, False
    asyncio.set_event_loop(loop)
    try:
        loop.set_exception_handler(lambda _, context: heard.findings.append(str(context)))
        run = Simulation(seed, chance, loop, plan or Plan(), around)
        findings = loop.run_until_complete(run.run())
        return run.report(findings + heard.findings)
    finally:
        log.removeHandler(heard)
        log.propagate = propagates
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


class Simulation:
    """The world of one run."""

    def __init__(
        self,
        seed: int,
        chance: random.Random,
        loop: SimulatedLoop,
        plan: Plan,
        around: Callable[[Store], Store],
    ) -> None:
        def a_chance() -> random.Random:
            return random.Random(chance.random())

        self.seed = seed
        self.plan = plan
        self.loop = loop
        self.chance = chance
        self.around = around
        self.trace: list[str] = []
        self.memory = Memory(self.now)
        self.network = Network(self.memory, loop, a_chance(), self.record)
        self.outside = Outside(seed, self.now, _name_of_owner)
        self.journal = Journal(loop.time)
        self.company = Workers(self, a_chance())
        self.person = Person(self.company, self.journal, a_chance())
        self.clients = [
            Client(f"c{number}", self.company, self.journal, a_chance())
            for number in range(plan.clients)
        ]
        self._skew = timedelta(seconds=2 * plan.skew_seconds)
        self._tasks: list[asyncio.Task[None]] = []

    def now(self) -> datetime:
        """The true time, which is the store's."""
        return START + timedelta(seconds=self.loop.time())

    def record(self, what: str) -> None:
        self.trace.append(f"{self.loop.time():.6f} {what}")

    async def run(self) -> list[str]:
        """All that is wrong."""
        outside.set(self.outside)
        self.company.open()
        for request in opening():
            await self._until_answered(request)
        try:
            return await self._storm() or await self._calm()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self.company.end()

    async def _storm(self) -> list[str]:
        """Faults and traffic, audited all along."""
        self._tasks = [asyncio.create_task(client.run()) for client in self.clients]
        self._tasks.append(asyncio.create_task(self.person.run()))
        faults = asyncio.create_task(Faults(self).run())
        self._tasks.append(faults)
        until = self.loop.time() + self.plan.storm_seconds
        while self.loop.time() < until:
            await asyncio.sleep(self.plan.audit_seconds)
            if findings := self._audit():
                return findings
        faults.cancel()
        return []

    async def _calm(self) -> list[str]:
        """No more faults, no more traffic: what is left to do is done."""
        self.record("calm")
        self.outside.is_kind = True
        self.network.weather = CALM
        self.network.is_down = False
        self.company.mend()
        for client in self.clients:
            client.is_stopped = True
        self.person.is_stopped = True
        done, left = await asyncio.wait(self._tasks, timeout=200)
        if left:
            return [f"callers wait for ever: {left}"]
        for task in done:
            if not task.cancelled() and (error := task.exception()):
                raise error
        until = self.loop.time() + self.plan.rest_seconds
        while True:
            await self.person.clear()
            incidents = await self.person.settle()
            if findings := self._audit():
                return findings
            image = read_memory(self.memory)
            findings = audit_at_rest(image, self.outside.calls, recalls={"Hush"})
            findings += check_legs(image, self.outside.legs)
            findings += check_echoes(image, self.outside.echoes)
            if not findings and not incidents:
                return await self.company.leave_all() or self._check_log()
            if self.loop.time() > until:
                return [*findings, f"it did not come to rest in {self.plan.rest_seconds:g} s"]
            await asyncio.sleep(5.0)

    def _audit(self) -> list[str]:
        return audit(read_memory(self.memory), self.journal.ledger, skew=self._skew) + (
            self.journal.findings
        )

    def _check_log(self) -> list[str]:
        # of what its caller knows nothing, the journal has whether it happened, though not when;
        # to try each of them at each moment would take too long
        lines = (line for one in read_memory(self.memory).instances for line in one.lines)
        keys = {line.key for line in lines}
        log = [
            one for one in self.journal.operations if one.outcome != "unknown" or one.key in keys
        ]
        try:
            return violations(log, LedgerModel())
        except TooMuchWork as error:
            return [str(error)]

    async def _until_answered(self, request: Request) -> None:
        while True:
            try:
                await self.company.ask(request)
                return
            except (Broken, StateholdError):
                await asyncio.sleep(0.5)

    def report(self, findings: list[str]) -> Report:
        image = read_memory(self.memory)
        kinds = [line.kind for one in image.instances for line in one.lines]
        counts = {
            "instances": len(image.instances),
            "operations": len(self.journal.operations),
            "acknowledged": len(self.journal.ledger.acknowledged),
            "refused": len(self.journal.ledger.refused),
            "unknown": len(self.journal.ledger.unknown),
            "calls of effects": len(self.outside.calls),
            "legs": len(self.outside.legs),
            "echoes": len(self.outside.echoes),
            "workers": self.company.started,
            **{f"{kind} lines": kinds.count(kind) for kind in sorted(set(kinds))},
        }
        parts = [*self.trace, *map(str, image.instances), *map(str, self.journal.operations)]
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return Report(
            self.seed, findings, digest, self.loop.steps, self.loop.time(), counts, self.trace
        )


class Faults:
    """What goes wrong, one after the other; each ends by itself."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._chance = random.Random(sim.chance.random())
        #: a dict, for its order
        self._ends: dict[asyncio.Task[None], None] = {}

    async def run(self) -> None:
        chance = self._chance
        faults = [self._kill, self._freeze, self._cut, self._leave, self._weather, self._away]
        try:
            while True:
                await asyncio.sleep(chance.expovariate(1 / self._sim.plan.fault_seconds))
                fault = chance.choices(faults, [4, 4, 3, 2, 4, 1])[0]
                self._begin(fault())
        finally:
            for task in self._ends:
                task.cancel()

    def _begin(self, fault: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(fault)
        self._ends[task] = None
        task.add_done_callback(self._ends.pop)

    def _one(self) -> Worker | None:
        alive = self._sim.company.alive
        return self._chance.choice(alive) if alive else None

    async def _kill(self) -> None:
        if worker := self._one():
            self._sim.company.kill(worker)

    async def _leave(self) -> None:
        worker = self._one()
        if worker is not None and worker.is_open:
            # not to be broken off when faults end
            await asyncio.shield(asyncio.ensure_future(self._sim.company.leave(worker)))

    async def _freeze(self) -> None:
        """For longer than its lease, or not."""
        worker = self._one()
        if worker is None or worker.owner.is_frozen:
            return
        self._sim.record(f"{worker.owner.name} is frozen")
        self._sim.loop.freeze(worker.owner)
        await asyncio.sleep(self._chance.choice([0.5, 3.0, 8.0, 12.0, 25.0]))
        if not worker.is_dead:
            self._sim.record(f"{worker.owner.name} is thawed")
            self._sim.loop.thaw(worker.owner)

    async def _cut(self) -> None:
        if worker := self._one():
            self._sim.network.cut(worker.owner)
            await asyncio.sleep(self._chance.choice([1.0, 6.0, 15.0]))
            self._sim.network.mend(worker.owner)

    async def _weather(self) -> None:
        self._sim.network.weather = weather = stormy(self._chance)
        self._sim.record(f"{weather}")

    async def _away(self) -> None:
        """The store's server, from all."""
        self._sim.record("the server is away")
        self._sim.network.is_down = True
        await asyncio.sleep(self._chance.choice([1.0, 5.0, 20.0]))
        self._sim.network.is_down = False
        self._sim.record("the server is back")


class _Heard(logging.Handler):
    """Findings out of the engine's own log: what it calls a bug is one."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.findings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            text = logging.Formatter().format(record)
            self.findings.append(f"the engine logged: {text}")


def _name_of_owner() -> str:
    mine = owner()
    return "nobody" if mine is None else mine.name
