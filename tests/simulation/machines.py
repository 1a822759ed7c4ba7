"""What simulations run: machines that are small and use everything, and their outside world."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from statehold import (
    Call,
    Context,
    Event,
    Failure,
    Final,
    Machine,
    Result,
    State,
    after,
    always,
    child,
    effect,
    on,
    on_cancel,
    on_failure,
    on_result,
    seconds,
)
from statehold.errors import Permanent

HUBS = 2


# --- the outside world --------------------------------------------------------------------------


@dataclass
class Performed:
    """One call of an effect, as its endpoint saw it. ``ended`` None: broken off, or it raised."""

    key: str
    attempt: int
    worker: str
    begun: datetime
    ended: datetime | None = None
    value: object = None


@dataclass(frozen=True)
class Noted:
    """What an effect was given or has been answered. ``text`` is that of the event."""

    key: str
    text: str


class Outside:
    """Whatever effects talk to. How a call goes hangs on its key and on how often it was asked."""

    def __init__(self, seed: int, now: Callable[[], datetime], worker: Callable[[], str]) -> None:
        self.calls: list[Performed] = []
        #: legs whose step was acknowledged to the effect, and notes that effects were given
        self.legs: list[Noted] = []
        self.echoes: list[Noted] = []
        #: nothing fails any more
        self.is_kind = False
        self.pause: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._seed = seed
        self._now = now
        self._worker = worker
        self._asked: dict[str, int] = {}

    async def perform(self, call: Call, *, beats: bool = False) -> str:
        """Takes a while and gives a value, raises, or falls silent."""
        asked = self._asked[call.key] = self._asked.get(call.key, 0) + 1
        chance = random.Random(f"{self._seed} {call.key} {asked}")
        one = Performed(call.key, call.attempt, self._worker(), self._now())
        self.calls.append(one)
        mood = 1.0 if self.is_kind else chance.random()
        if mood < 0.04:
            await self.pause(60)
        for _ in range(chance.randrange(1, 6) if beats else 1):
            await self.pause(chance.choice([0.05, 0.5, 1.0]))
            if beats:
                call.heartbeat()
        if mood < 0.15:
            raise RuntimeError("not in the mood")
        if mood < 0.2:
            raise Permanent("never")
        one.value = f"{call.key} {asked}"
        one.ended = self._now()
        return one.value


outside: ContextVar[Outside] = ContextVar("outside")


# --- a job: pay, be approved, be checked by a child, be carried, rest, report to the hub ----------


class Job(BaseModel):
    number: int = 0
    amount: int = 1
    tries: int = 0
    receipt: str | None = None
    verdict: object = None
    notes: list[str] = []
    undone: int = 0
    legs: list[str] = []


class Approve(Event):
    pass


class Note(Event):
    text: str


class Leg(Event, internal=True):
    """A leg of a journey, which the effect itself reports."""

    of: str
    text: str


class Stop(Event):
    pass


class Hush(Event):
    pass


class Heard(Event):
    text: str


@effect(attempts=4, first=seconds(0.5), longest=seconds(3), timeout=seconds(6))
async def charge(job: Job, call: Call) -> str:
    return await outside.get().perform(call)


@effect(attempts=3, first=seconds(1), timeout=seconds(20), heartbeat=seconds(2.5))
async def carry(job: Job, call: Call) -> str:
    await report(call, "there")
    value = await outside.get().perform(call, beats=True)
    await report(call, "back")
    return value


async def report(call: Call, leg: str) -> None:
    await call.send(Leg(of=call.key, text=leg), key=leg)
    outside.get().legs.append(Noted(call.key, leg))


@effect(attempts=20, first=seconds(0.5), longest=seconds(5), timeout=seconds(6))
async def echo(job: Job, event: Note, call: Call) -> None:
    outside.get().echoes.append(Noted(call.key, event.text))
    await outside.get().perform(call)


@effect(attempts=20, first=seconds(0.5), longest=seconds(5), timeout=seconds(6))
async def send_receipt(job: Job, call: Call) -> None:
    await outside.get().perform(call)


@effect(attempts=4, first=seconds(0.5), longest=seconds(3), timeout=seconds(6))
async def refund(job: Job, call: Call) -> str:
    return await outside.get().perform(call)


def hub_of(id: str) -> str:
    return f"hub-{sum(id.encode()) % HUBS}"


def pause_before_next(job: Job) -> timedelta:
    return seconds(0.5 * job.tries)


def rest(job: Job) -> timedelta:
    return seconds(job.amount % 7)


def may_try(job: Job) -> bool:
    return job.tries < 3


def may_not_try(job: Job) -> bool:
    return job.tries >= 3


def count_try(job: Job) -> None:
    job.tries += 1


def keep_receipt(job: Job, event: Result[str]) -> None:
    job.receipt = event.value


def keep_verdict(job: Job, event: Result[object]) -> None:
    job.verdict = event.value


def keep_failure(job: Job, event: Failure) -> None:
    job.verdict = event.error


def note(job: Job, event: Note, context: Context) -> None:
    job.notes.append(event.text)
    context.send("hub", hub_of(context.instance), Heard(text=event.text))


def keep_leg(job: Job, event: Leg) -> None:
    job.legs.append(f"{event.of} {event.text}")


def promise(job: Job, event: object, context: Context) -> None:
    to = hub_of(context.instance)
    context.send("hub", to, Heard(text="resting"))
    context.send("hub", to, Heard(text="later"), delay=seconds(3), id="later")
    context.send("hub", to, Heard(text="soon"), delay=seconds(1), id="soon")


def hush(job: Job, event: Hush, context: Context) -> None:
    context.cancel("later")


def undo(job: Job) -> None:
    job.undone += 1


def record(job: Job, event: object, context: Context) -> None:
    context.send("hub", hub_of(context.instance), Heard(text="over"))


class Case(BaseModel):
    subject: int = 0
    seen: str | None = None


@effect(attempts=3, first=seconds(0.2), timeout=seconds(5))
async def look(case: Case, call: Call) -> str:
    return await outside.get().perform(call)


@effect(attempts=20, first=seconds(0.2), longest=seconds(5), timeout=seconds(5))
async def tidy(case: Case, call: Call) -> None:
    await outside.get().perform(call)


def keep_seen(case: Case, event: Result[str]) -> None:
    case.seen = event.value


def verdict(case: Case) -> dict[str, object]:
    return {"subject": case.subject, "seen": case.seen}


class CheckFlow(Machine[Case], name="check", version=1):
    """A child that looks at something, for nine seconds at most."""

    looking = State(initial=True, invoke=look, exit=tidy)
    known = Final(output=verdict)
    unknown = Final(output=verdict)

    seen = on_result(look, looking >> known, do=keep_seen)
    unseen = on_failure(look, looking >> unknown)
    late = after(seconds(9), looking >> unknown)


def about(job: Job) -> dict[str, int]:
    return {"subject": job.number}


class JobFlow(Machine[Job], name="job", version=1):
    """Everything that can be interrupted."""

    indexes = ("number",)

    charging = State(initial=True, invoke=charge)
    broke = State()
    paid = State(owner="boss")
    checking = State(invoke=child(CheckFlow, input=about))
    carrying = State(invoke=carry)
    resting = State(entry=promise)
    undoing = State(invoke=refund)
    over = Final()
    given_up = Final()
    undone = Final()

    undo = on_cancel((charging | paid | checking | carrying) >> undoing, do=(undo, record))
    refunded = on_result(refund, undoing >> undone, do=record)
    lost = on_failure(refund, undoing >> undone)
    noting = on(Note, charging | broke | paid | checking, do=note)
    echoing = on(Note, carrying | resting, do=(note, echo))
    leg = on(Leg, carrying, do=keep_leg)
    pay = on_result(charge, charging >> paid, do=keep_receipt)
    fail = on_failure(charge, charging >> broke, do=count_try)
    again = after(pause_before_next, broke >> charging, when=may_try)
    enough = always(broke >> given_up, when=may_not_try)
    approve = on(Approve, paid >> checking)
    lapse = after(seconds(12), paid >> given_up, do=record)
    checked = on_result(CheckFlow, checking >> carrying, do=keep_verdict)
    unchecked = on_failure(CheckFlow, checking >> given_up, do=keep_failure)
    carried = on_result(carry, carrying >> resting, do=keep_receipt)
    stop = on(Stop, (checking | carrying) >> given_up, do=record)
    hushing = on(Hush, resting, do=hush)
    rested = after(rest, resting >> over, do=(record, send_receipt))


# --- a hub counts jobs ---------------------------------------------------------------------------


class Hub(BaseModel):
    count: int = 0


def count(hub: Hub, event: Heard) -> None:
    hub.count += 1


class HubFlow(Machine[Hub], name="hub", version=1):
    open = State(initial=True)
    hearing = on(Heard, open, do=count)


# --- a ledger does what its callers say and nothing else, so that it has a model ------------------


class Ledger(BaseModel):
    balance: int = 0


class Put(Event):
    n: int


class Take(Event):
    n: int


class Shut(Event):
    pass


class Reopen(Event):
    pass


def put(ledger: Ledger, event: Put) -> None:
    ledger.balance += event.n


def take(ledger: Ledger, event: Take) -> None:
    ledger.balance -= event.n


def covers(ledger: Ledger, event: Take) -> bool:
    return ledger.balance >= event.n


class LedgerFlow(Machine[Ledger], name="ledger", version=1):
    open = State(initial=True)
    shut = State()

    putting = on(Put, open, do=put)
    taking = on(Take, open, do=take, when=covers)
    shutting = on(Shut, open >> shut)
    reopening = on(Reopen, shut >> open)


MACHINES = (JobFlow, HubFlow, LedgerFlow)
