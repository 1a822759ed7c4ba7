"""10,000 timers due at one instant: how long until the last has fired, and how late each was.

A timer has fired when the transaction that moved its instance is committed, by the server's own
timestamp of that commit. One before its moment is an error. Beside ours, on a table of its own, a
bare loop over asyncpg: it sleeps until the moment, then claims 500 rows at a time with SKIP LOCKED,
moves them and adds their entries in one statement, with documents and entries as long as ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

import asyncpg

from benchmarks.callers import quantile
from benchmarks.durable import lengths
from benchmarks.peers import claims
from benchmarks.peers.claims import Claims
from benchmarks.reminder import Arm, Fired, Reminder, ReminderFlow
from benchmarks.rounds import ROUNDS, Series, each_in_turn
from benchmarks.scene import Scene
from benchmarks.table import number, percent, print_ratio, print_table
from statehold.engine import Engine
from statehold.store import PAGE_LIMIT, Query

TIMERS = 10_000
QUICK_TIMERS = 1_000
#: how many are armed at once
AT_ONCE = 256
#: from the last arming to the moment, so that all wait for it and none is armed late
LEAD_SECONDS = 1.0
#: until all have fired; longer is an error
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.005


COMMITS = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM instances
WHERE machine = 'reminder'
"""


class WrongTimers(Exception):
    """A timer fired early, was armed too late or never fired, so the numbers would mean nothing."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds from the moment to a timer's commit."""

    least: float
    p50: float
    p99: float
    last: float

    @classmethod
    def of(cls, due: datetime, fired: Sequence[float]) -> Lateness:
        """Raises ``WrongTimers`` if one fired early."""
        late = sorted(at - due.timestamp() for at in fired)
        if late[0] < 0:
            raise WrongTimers(f"a timer has fired {-late[0] * 1e3:.3g} ms before it was due")
        return cls(late[0], quantile(late, 0.50), quantile(late, 0.99), late[-1])


async def measure(scene: Scene) -> None:
    timers = QUICK_TIMERS if scene.quick else TIMERS
    document, entry = await lengths(scene.fresh_ours("sample_timers"))
    address = scene.fresh_ours("ours_timers")
    async with (
        Engine(address, machines=[ReminderFlow]) as engine,
        claims.running(scene.fresh("claims"), timers, document, entry) as by_hand,
    ):
        ours = Ours(engine, address, timers)
        await ours.start()
        taken = await each_in_turn(
            {"statehold": ours.lap, "asyncpg-claims": lambda: _claims_lap(by_hand, timers)}, ROUNDS
        )
    print_table(
        f"{timers:,} timers due at one instant, median of {ROUNDS} laps; ms late",
        ["who", "first", "p50", "p99", "last", "spread of last"],
        [
            [
                name,
                number(median(lap.least for lap in laps) * 1e3),
                number(median(lap.p50 for lap in laps) * 1e3),
                number(median(lap.p99 for lap in laps) * 1e3),
                number(_last(laps) * 1e3),
                percent(Series(tuple(lap.last for lap in laps)).spread),
            ]
            for name, laps in taken.items()
        ],
    )
    print_ratio(
        "timers-last", "asyncpg-claims", _last(taken["statehold"]) / _last(taken["asyncpg-claims"])
    )


def _last(laps: Sequence[Lateness]) -> float:
    return median(lap.last for lap in laps)


async def _claims_lap(by_hand: Claims, timers: int) -> Lateness:
    due = datetime.now(UTC) + timedelta(seconds=LEAD_SECONDS)
    await by_hand.arm(due)
    if datetime.now(UTC) >= due:
        raise WrongTimers(f"arming {timers:,} timers took longer than {LEAD_SECONDS} s")
    return Lateness.of(due, await by_hand.fire())


class Ours:
    def __init__(self, engine: Engine, address: str, timers: int) -> None:
        self._engine = engine
        self._address = address
        self._ids = [f"reminder-{n}" for n in range(timers)]
        self._arming_seconds = 0.0

    async def start(self) -> None:
        """The instances; and how long it takes to arm them, which gives the moments to come."""
        for first in range(0, len(self._ids), AT_ONCE):
            await asyncio.gather(
                *(
                    self._engine.start(ReminderFlow, id=id, data=Reminder())
                    for id in self._ids[first : first + AT_ONCE]
                )
            )
        began = perf_counter()
        await self._arm(datetime.now(UTC))
        await self._until_fired(len(self._ids))
        self._arming_seconds = perf_counter() - began

    async def lap(self) -> Lateness:
        before = Fired.count
        lead = 2 * self._arming_seconds + LEAD_SECONDS
        due = datetime.now(UTC) + timedelta(seconds=lead)
        await self._arm(due)
        if datetime.now(UTC) >= due:
            raise WrongTimers(f"arming {len(self._ids):,} timers took longer than {lead:.3g} s")
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
        await self._until_fired(before + len(self._ids))
        return Lateness.of(due, await self._commits())

    async def _arm(self, due: datetime) -> None:
        event = Arm(due=due)
        for first in range(0, len(self._ids), AT_ONCE):
            await asyncio.gather(
                *(
                    self._engine.send(ReminderFlow, id, event)
                    for id in self._ids[first : first + AT_ONCE]
                )
            )

    async def _until_fired(self, count: int) -> None:
        """Their steps made, first, which costs nothing to ask; then, that all are committed."""
        end = perf_counter() + PATIENCE_SECONDS
        while Fired.count < count or await self._idle() < len(self._ids):
            if perf_counter() > end:
                raise WrongTimers(f"not all have fired {PATIENCE_SECONDS} s after their moment")
            await asyncio.sleep(POLL_SECONDS)

    async def _idle(self) -> int:
        return (await self._engine.machine_detail(ReminderFlow)).counts.get("idle", 0)

    async def _commits(self) -> list[float]:
        """When each was committed, in seconds; SQLite, which does not record it, says when its step
        was made."""
        if not self._address.startswith("sqlite:"):
            connection = await asyncpg.connect(self._address)
            try:
                return [row[0] for row in await connection.fetch(COMMITS)]
            finally:
                await connection.close()
        found: list[float] = []
        cursor: str | None = None
        while True:
            page = await self._engine.list(Query("reminder", limit=PAGE_LIMIT, cursor=cursor))
            found += [one.changed_at.timestamp() for one in page.instances if one.changed_at]
            cursor = page.cursor
            if cursor is None:
                return found
