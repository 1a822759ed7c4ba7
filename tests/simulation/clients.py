"""Simulated callers: each sends a request, repeats it with its key where it learned nothing, and
logs what it knows in the end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from statehold import Event
from statehold.engine import Engine
from statehold.errors import (
    LeaseLost,
    Overloaded,
    Refused,
    StateholdError,
    Stopping,
    StoreUnavailable,
)
from tests.simulation.auditor import Ledger
from tests.simulation.linearizability import Operation
from tests.simulation.machines import (
    HUBS,
    Approve,
    HubFlow,
    Hush,
    JobFlow,
    LedgerFlow,
    Note,
    Put,
    Reopen,
    Shut,
    Stop,
    Take,
)
from tests.simulation.model import Action, Refusal, Seen

LEDGERS = 3

#: sent to one worker's engine
Request = Callable[[Engine], Awaitable[Any]]


class Broken(Exception):
    """The connection to the worker broke before it answered."""


class Company(Protocol):
    """The workers, as callers see them."""

    async def ask(self, request: Request) -> Any:
        """The answer of some worker; raises :class:`Broken` or what the engine raised."""


class Journal:
    """What all callers know."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.ledger = Ledger()
        self.operations: list[Operation] = []
        #: what no caller may ever see
        self.findings: list[str] = []
        #: ids of jobs that were started, as far as somebody knows
        self.jobs: list[str] = []


class Client:
    """One after the other, until it is stopped."""

    def __init__(
        self, name: str, company: Company, journal: Journal, chance: random.Random
    ) -> None:
        self._name = name
        self._company = company
        self._journal = journal
        self._chance = chance
        self._count = 0
        self.is_stopped = False

    async def run(self) -> None:
        while not self.is_stopped:
            await asyncio.sleep(self._chance.expovariate(2.0))
            roll = self._chance.random()
            if roll < 0.15:
                await self._start_job()
            elif roll < 0.55 and self._journal.jobs:
                await self._send_to_job()
            else:
                await self._use_ledger()

    # --- jobs ---

    async def _start_job(self) -> None:
        number = len(self._journal.jobs)
        id = f"{self._name}-{self._count}"
        data = {"number": number, "amount": self._chance.randrange(1, 9)}

        async def request(engine: Engine) -> Any:
            return await engine.start(JobFlow, id, data, key=key)

        key = self._key()
        if (await self._keyed(key, request))[0] != "failed":
            self._journal.jobs.append(id)

    async def _send_to_job(self) -> None:
        jobs = self._journal.jobs
        id = jobs[max(0, len(jobs) - 1 - int(self._chance.expovariate(0.3)))]
        event: Event = self._chance.choice(
            [Approve(), Approve(), Approve(), Stop(), Hush(), Note(text=f"{self._count}")]
        )
        key = self._key()
        await self._keyed(key, lambda engine: engine.send(JobFlow, id, event, key=key))

    # --- ledgers, whose log is checked against a model ---

    async def _use_ledger(self) -> None:
        id = f"l-{self._chance.randrange(LEDGERS)}"
        action = self._action()
        begin = self._journal.now()
        outcome: Any
        key = ""
        if action.name == "read":
            outcome, result = await self._once(lambda engine: engine.read(LedgerFlow, id))
        elif action.name == "start":
            key = self._key()
            outcome, result = await self._keyed(
                key, lambda engine: engine.start(LedgerFlow, id, key=key)
            )
        else:
            event = _EVENTS[action.name](action)
            key = self._key()
            outcome, result = await self._keyed(
                key,
                lambda engine: engine.send(
                    LedgerFlow, id, event, key=key, expected_seq=action.expected_seq or None
                ),
            )
        if outcome == "nothing":
            return
        self._journal.operations.append(
            Operation(id, action, begin, self._journal.now(), outcome, result, self._name, key)
        )

    def _action(self) -> Action:
        chance = self._chance
        name = chance.choices(
            ["start", "read", "put", "take", "shut", "reopen"], [1, 3, 6, 4, 1, 2]
        )[0]
        n = chance.randrange(1, 20) if name in ("put", "take") else 0
        named = name not in ("start", "read") and chance.random() < 0.1
        return Action(name, n, chance.randrange(1, 60) if named else 0)

    # --- asking ---

    def _key(self) -> str:
        self._count += 1
        return f"{self._name}/{self._count}"

    async def _keyed(self, key: str, request: Request) -> tuple[str, Any]:
        """``ok`` with the answer, ``failed`` with the refusal, or ``unknown``; repeated with the
        same key for as long as the caller has patience, which is not always."""
        ledger = self._journal.ledger
        patience = self._chance.choice([1, 1, 3, 30])
        pending = False
        for _ in range(patience):
            outcome, result = await self._once(request)
            if outcome == "ok":
                ledger.acknowledged.add(key)
                return outcome, result
            if outcome == "failed" and not pending:
                ledger.refused.add(key)
                return outcome, result
            if outcome == "failed":
                break
            # an earlier request may still be with a worker, or its commit on its way, and what it
            # comes to may be other than what became of this one
            pending = pending or outcome == "unknown"
            await asyncio.sleep(self._chance.expovariate(2.0))
        if not pending:
            ledger.refused.add(key)
            return "nothing", None
        ledger.unknown.add(key)
        return "unknown", None

    async def _once(self, request: Request) -> tuple[str, Any]:
        """``nothing`` where it is certain that nothing was done, and the request was not judged."""
        try:
            return "ok", _seen(await self._company.ask(request))
        except Refused as error:
            return "failed", Refusal(type(error).__name__)
        except (LeaseLost, Overloaded, Stopping):
            return "nothing", None
        except (Broken, StoreUnavailable):
            return "unknown", None
        except StateholdError as error:
            self._journal.findings.append(f"{self._name} was answered {error!r}")
            return "unknown", None


class Person:
    """Pauses, resumes, cancels and settles incidents; in the end, until nothing is left of any."""

    def __init__(self, company: Company, journal: Journal, chance: random.Random) -> None:
        self._company = company
        self._journal = journal
        self._chance = chance
        #: in the order in which they were paused first, resumed since or not
        self._paused: dict[tuple[Any, str], None] = {}
        self.is_stopped = False

    async def run(self) -> None:
        while not self.is_stopped:
            await asyncio.sleep(self._chance.expovariate(0.5))
            await self._tried(self._act())

    async def clear(self) -> None:
        """Resumes whatever was paused once: a pause that was given up may come late."""
        for which in self._paused:
            await self._until_done(_resuming(which))

    async def settle(self) -> int:
        """Does something about each incident; gives how many there were."""
        found = await self._tried(self._ask(lambda engine: engine.incidents()))
        incidents = [] if found is None else found.incidents
        for incident in incidents:
            await self._tried(self._settle(incident.id))
        return len(incidents)

    async def _act(self) -> None:
        roll = self._chance.random()
        if roll < 0.4:
            await self._pause(self._some())
        elif roll < 0.48:
            await self._cancel()
        elif roll < 0.75 and self._paused:
            await self._resume(self._chance.choice(list(self._paused)))
        else:
            await self.settle()

    def _some(self) -> tuple[Any, str]:
        if self._journal.jobs and self._chance.random() < 0.6:
            return JobFlow, self._chance.choice(self._journal.jobs[-5:])
        return HubFlow, f"hub-{self._chance.randrange(HUBS)}"

    async def _pause(self, which: tuple[Any, str]) -> None:
        self._paused[which] = None
        await self._ask(lambda engine: engine.pause(*which))

    async def _cancel(self) -> None:
        """Asks more than once, as one does who got no answer."""
        if self._journal.jobs:
            id = self._chance.choice(self._journal.jobs[-5:])
            for _ in range(self._chance.choice([1, 1, 2])):
                await self._tried(self._ask(lambda engine: engine.cancel(JobFlow, id)))

    async def _resume(self, which: tuple[Any, str]) -> None:
        await self._ask(lambda engine: engine.resume(*which))

    async def _settle(self, incident: str) -> None:
        act = self._chance.choice(["retry", "retry", "skip", "resolve"])
        if act == "retry":
            await self._ask(lambda engine: engine.retry(incident))
        elif act == "skip":
            await self._ask(lambda engine: engine.skip(incident))
        else:
            await self._ask(lambda engine: engine.resolve(incident, "by hand"))

    async def _until_done(self, request: Request) -> None:
        while True:
            try:
                await self._company.ask(request)
                return
            except Refused:
                return
            except (Broken, StateholdError):
                await asyncio.sleep(0.5)

    async def _ask(self, request: Request) -> Any:
        return await self._company.ask(request)

    async def _tried(self, work: Awaitable[Any]) -> Any:
        try:
            return await work
        except (Broken, StateholdError):
            return None


def _resuming(which: tuple[Any, str]) -> Request:
    return lambda engine: engine.resume(*which)


_EVENTS: dict[str, Callable[[Action], Event]] = {
    "put": lambda action: Put(n=action.n),
    "take": lambda action: Take(n=action.n),
    "shut": lambda action: Shut(),
    "reopen": lambda action: Reopen(),
}


def _seen(answer: Any) -> Seen | None:
    if answer.machine != LedgerFlow.definition.name:
        return None
    reply = answer.wire()
    return Seen(reply.seq, reply.state[0], reply.view["balance"])


def opening() -> Sequence[Request]:
    """What has to be there before anybody sends it anything."""

    def one(id: str) -> Request:
        return lambda engine: engine.start(HubFlow, id, key=f"open/{id}")

    return [one(f"hub-{number}") for number in range(HUBS)]
