"""The callers: they send over HTTP to whichever worker there is, and note the answers."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx

from tests.acceptance.chaos.flow import HUBS
from tests.acceptance.chaos.workers import Workers
from tests.simulation.auditor import Ledger
from tests.simulation.linearizability import Operation
from tests.simulation.model import Action, Refusal, Seen

#: seconds after which a caller takes a request for lost; a worker that is stopped answers nothing
PATIENCE = 1.5
#: operations on one ledger, so that the search for an order of them stays small
OPERATIONS = 60
#: callers at one ledger at a time
SHARING = 4
#: what some callers wait instead: by then there is an answer, whatever went wrong, or a connection
#: that broke; all that workers themselves wait for is over sooner
LONG_PATIENCE = 25.0

Outcome = Literal["acknowledged", "refused", "unknown"]


class Answered:
    """What became of one request: of its last answer, and of whether another may have counted."""

    def __init__(self, outcome: Outcome, status: int = 0, body: Mapping[str, Any] = {}) -> None:
        self.outcome: Outcome = outcome
        self.status = status
        self.body = body


class Clients:
    """``stopping``: begin nothing new; ``is_calm``: no faults any more, so everything is asked for
    until it is known."""

    def __init__(self, workers: Workers, chance: random.Random, orders: int, ledgers: int) -> None:
        self.ledger = Ledger()
        self.log: list[Operation] = []
        #: answers by status, 0 where there was none
        self.answers: Counter[int] = Counter()
        #: answers that no caller should ever get, in words
        self.wrong: list[str] = []
        self.longest = 0.0
        self.orders_done = 0
        self.stopping = False
        self._workers = workers
        self._chance = chance
        self._http = httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=64))
        self._number = 0
        self._callers = [self._order_caller] * orders + [self._ledger_group] * ledgers

    async def run(self) -> None:
        """Until ``stopping``, and then until everything begun is known."""
        try:
            for number in range(HUBS):
                await self._ask("hub", None, {"id": f"hub-{number}"}, f"hub-{number}", until=True)
            async with asyncio.TaskGroup() as group:
                for caller in self._callers:
                    group.create_task(caller(random.Random(self._chance.random())))
            await self.resume_all()
        finally:
            await self._http.aclose()

    # --- orders -----------------------------------------------------------------------------

    async def _order_caller(self, chance: random.Random) -> None:
        while not self.stopping:
            self._number += 1
            id = f"o-{self._number}"
            await self._ask("order", None, {"id": id}, f"{id}/start", until=True)
            if chance.random() < 0.3:
                await self._interrupt(id, chance)
            for event in ("Accept", "Delivered"):
                if chance.random() < 0.4:
                    note = {"type": "Note", "text": event}
                    await self._ask("order", id, note, f"{id}/{event}/note", until=False)
                if not await self._insist(id, event, chance):
                    break
            self.orders_done += 1

    async def _interrupt(self, id: str, chance: random.Random) -> None:
        """An order is paused, hears something, and goes on."""
        await self._order_act(id, "pause")
        for number in range(chance.randrange(3)):
            held = {"type": "Note", "text": f"held {number}"}
            await self._ask("order", id, held, f"{id}/held/{number}", until=True)
            await asyncio.sleep(chance.uniform(0.0, 0.1))
        await self._order_act(id, "resume")

    async def resume_all(self) -> None:
        """A request to pause may come late, to a worker that was stopped; then its order rests."""
        while True:
            path = "/api/machines/order/instances?status=paused"
            answered, _ = await self._until("GET", path, None, {}, until=True)
            paused = [one["id"] for one in answered.body["instances"]]
            if not paused:
                return
            for id in paused:
                await self._order_act(id, "resume")

    async def _order_act(self, id: str, act: str) -> None:
        await self._until("POST", f"/api/machines/order/instances/{id}/{act}", {}, {}, until=True)

    async def _insist(self, id: str, event: str, chance: random.Random) -> bool:
        """Sends until it is taken; False where the order has lapsed. Each try has a key of its own,
        and each that was refused is remembered."""
        tries = 0
        while True:
            key = f"{id}/{event}/{tries}"
            answered = await self._ask("order", id, {"type": event}, key, until=True)
            if answered.outcome == "acknowledged":
                return True
            (state,) = answered.body["state"]
            if state not in _BEFORE[event]:
                # it has lapsed, or one of the tries that had no answer was taken after all
                return state not in ("lapsed", "delivered")
            tries += 1
            await asyncio.sleep(chance.uniform(0.05, 0.2))

    # --- ledgers ----------------------------------------------------------------------------

    async def _ledger_group(self, chance: random.Random) -> None:
        while not self.stopping:
            self._number += 1
            id = f"l-{self._number}"
            async with asyncio.TaskGroup() as group:
                for number in range(SHARING):
                    own = random.Random(chance.random())
                    group.create_task(self._ledger_caller(id, f"{id}/{number}", own))

    async def _ledger_caller(self, id: str, caller: str, chance: random.Random) -> None:
        seq = 0
        for number in range(OPERATIONS // SHARING):
            if self.stopping:
                return
            action = self._choose(chance, seq, number)
            key = f"{caller}/{number}"
            begin = time.monotonic()
            answered = await self._act(id, action, key, until=chance.random() < 0.8)
            result: Seen | Refusal | None = None
            if answered.outcome == "acknowledged":
                body = answered.body
                result = Seen(body["seq"], body["state"][0], body["view"]["balance"])
                seq = result.seq
            elif answered.outcome == "refused":
                result = _refusal(answered.body)
            names: dict[Outcome, Literal["ok", "failed", "unknown"]] = {
                "acknowledged": "ok", "refused": "failed", "unknown": "unknown",
            }  # fmt: skip
            self.log.append(
                Operation(
                    f"ledger/{id}", action, begin, time.monotonic(), names[answered.outcome],
                    result, caller,
                )
            )  # fmt: skip
            await asyncio.sleep(chance.uniform(0.0, 0.05))

    def _choose(self, chance: random.Random, seq: int, number: int) -> Action:
        if number == 0:
            return Action("start")
        name = chance.choices(
            ("put", "take", "read", "shut", "reopen", "start"), (40, 25, 20, 3, 10, 2)
        )[0]
        named = seq if chance.random() < 0.3 and name in ("put", "take", "shut") else 0
        return Action(name, chance.randrange(1, 9) if name in ("put", "take") else 0, named)

    async def _act(self, id: str, action: Action, key: str, *, until: bool) -> Answered:
        if action.name == "start":
            return await self._ask("ledger", None, {"id": id}, key, until=until)
        if action.name == "read":
            return await self._read(id, until=until)
        event: dict[str, Any] = {"type": action.name.capitalize()}
        if action.n:
            event["n"] = action.n
        return await self._ask(
            "ledger", id, event, key, until=until, expected_seq=action.expected_seq
        )

    async def _read(self, id: str, *, until: bool) -> Answered:
        path = f"/api/machines/ledger/instances/{id}"
        return (await self._until("GET", path, None, {}, until=until))[0]

    # --- asking -----------------------------------------------------------------------------

    async def _ask(
        self,
        machine: str,
        id: str | None,
        body: Any,
        key: str,
        *,
        until: bool,
        expected_seq: int = 0,
    ) -> Answered:
        """``until``: asks with the same key until an answer comes, of whichever worker.

        Now and then it is asked twice at the same time, and both answers have to be the same.
        """
        path = f"/api/machines/{machine}/instances"
        if id is not None:
            path = f"{path}/{id}/events"
        headers = {"Idempotency-Key": key}
        if expected_seq:
            headers["If-Match"] = str(expected_seq)
        twice = 2 if machine == "ledger" and self._chance.random() < 0.2 else 1
        all_answers = await asyncio.gather(
            *(self._until("POST", path, body, headers, until=until) for _ in range(twice))
        )
        answered, doubts = self._agreed(key, all_answers)
        if answered.outcome == "refused" and doubts:
            # one that was sent before may still come to a worker that was stopped
            answered = Answered("unknown", answered.status, answered.body)
        getattr(self.ledger, answered.outcome).add(key)
        return answered

    def _agreed(
        self, key: str, all_answers: Sequence[tuple[Answered, int]]
    ) -> tuple[Answered, int]:
        """What two answers to one request come to, and how many of its kind may still come true."""
        done = [answered for answered, _ in all_answers if answered.outcome == "acknowledged"]
        if any(answered.body != done[0].body for answered in done):
            self.wrong.append(f"{key} was answered {[answered.body for answered in done]}")
        doubts = sum(doubts for _, doubts in all_answers)
        if done:
            return done[0], doubts
        # refused first, the other one may come to an instance that has moved on meanwhile
        answered, _ = all_answers[0]
        return answered, doubts

    async def _until(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, until: bool
    ) -> tuple[Answered, int]:
        """The last answer, and how many requests before it had none that says what became of it."""
        doubts = 0
        while True:
            answer = await self._once(method, path, body, headers)
            status = 0 if answer is None else answer.status_code
            if answer is not None and status in (200, 201, 202):
                return Answered("acknowledged", status, answer.json()), doubts
            if answer is not None and status in (404, 409):
                return Answered("refused", status, answer.json()), doubts
            doubts += 1
            if not until and not self.stopping:
                return Answered("unknown", status), doubts
            await asyncio.sleep(0.05)

    async def _once(
        self, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> httpx.Response | None:
        """None where nobody is there, or the connection broke, or nothing came in time."""
        serving = self._workers.serving
        if not serving:
            await asyncio.sleep(0.05)
            return None
        address = self._chance.choice(serving).address
        begun = time.monotonic()
        patience = LONG_PATIENCE if self._chance.random() < 0.1 else PATIENCE
        url = f"{address}{path}"
        try:
            answer = await self._http.request(
                method, url, json=body, headers=headers, timeout=patience
            )
        except httpx.TransportError as error:
            if patience == LONG_PATIENCE and isinstance(error, httpx.TimeoutException):
                self.wrong.append(f"{method} {path}: no answer within {patience:g} s")
            self.answers[0] += 1
            return None
        self.longest = max(self.longest, time.monotonic() - begun)
        self.answers[answer.status_code] += 1
        if answer.status_code not in (200, 201, 202, 404, 409, 503):
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        if answer.status_code == 503 and "retry-after" not in answer.headers:
            self.wrong.append(f"{method} {path}: 503 without Retry-After")
        return answer


_BEFORE_ACCEPT = ("paying", "unpaid", "offered")
#: states in which an event may still be taken later
_BEFORE = {
    "Accept": _BEFORE_ACCEPT,
    "Delivered": (*_BEFORE_ACCEPT, "checking", "cooking", "packed", "shipping"),
}

#: a problem's code to the error's name in the model
_REFUSALS = {
    "instance-exists": "InstanceExists",
    "unknown-instance": "UnknownInstance",
    "stale-seq": "StaleSeq",
    "not-allowed": "NotAllowed",
}


def _refusal(body: Mapping[str, Any]) -> Refusal:
    code = str(body["type"]).rpartition(":")[2]
    return Refusal(_REFUSALS.get(code, code))
