"""The audit finds what a store does wrong: each slip that one could make is made once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from statehold import Call
from statehold.engine import Engine
from statehold.engine.limits import Limits
from statehold.errors import StateholdError
from statehold.records import Write
from tests.acceptance.chaos import bugs, flow
from tests.acceptance.chaos.bugs import Slip, slipping
from tests.acceptance.chaos.endpoint import Asked
from tests.acceptance.chaos.flow import HUBS, MACHINES, RECALLS, Accept, Note, OrderFlow
from tests.simulation.auditor import Ledger, audit, audit_at_rest
from tests.simulation.images import read_sqlite
from tests.simulation.machines import LedgerFlow, Put

pytestmark = pytest.mark.anyio

PATIENCE = 20.0
#: nothing is kept between turns, so that what was stored is what is gone on with
LIMITS = Limits(cached=0, poll_seconds=0.05, grace_seconds=0.0)


class Work:
    """What a store is put through: a ledger that is asked everything twice, and an order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings: list[str] = []
        self.ledger = Ledger()
        self.calls: list[Asked] = []
        self._asked = asyncio.Event()
        self._open = asyncio.Event()

    async def ask(self, call: Call, what: str) -> str:
        one = Asked(call.key, datetime.now(UTC))
        self.calls.append(one)
        self._asked.set()
        await self._open.wait()
        one.ended = datetime.now(UTC)
        return call.key

    async def run(self, slip: Slip) -> list[str]:
        """Everything that the auditors find."""
        store = slipping(f"sqlite:///{self.path}", slip)
        async with asyncio.timeout(PATIENCE), Engine(store, MACHINES, limits=LIMITS) as engine:
            for number in range(HUBS):
                await engine.start("hub", f"hub-{number}")
            await engine.start(LedgerFlow, "l-1")
            for number in range(5):
                for _ in range(2):
                    await engine.send(LedgerFlow, "l-1", Put(n=1), key=f"k-{number}")
                self.ledger.acknowledged.add(f"k-{number}")
            await engine.start(OrderFlow, "o-1")
            await self._asked.wait()
            # while an effect is under way
            self.findings += audit(read_sqlite(self.path))
            self._open.set()
            await self._reached(engine, "offered")
            await engine.send(OrderFlow, "o-1", Note(text="warm"))
            await engine.send(OrderFlow, "o-1", Accept())
            await self._reached(engine, "shipping")
        image = read_sqlite(self.path)
        at_rest = audit_at_rest(image, self.calls, recalls=RECALLS)
        return self.findings + audit(image, self.ledger) + at_rest

    async def _reached(self, engine: Engine, state: str) -> None:
        async for line in engine.watch(OrderFlow, "o-1"):
            if line.state == [state]:
                return


def as_it_comes(write: Write) -> Write:
    return write


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str) -> Work:
    work = Work(tmp_path / "s.db")
    monkeypatch.setattr(flow.Outside, "ask", work.ask)
    return work


@pytest.mark.parametrize(
    ("slip", "finding"),
    [
        (bugs.forget_keys, "k-0 was acknowledged and is in the journal 0 times"),
        (bugs.lose_writes, "was acknowledged and is in the journal 0 times"),
        (bugs.lose_entries, "its steps are"),
        (bugs.hasten_timers, "and was due at"),
        (bugs.repeat_timers, "and was not set"),
        (bugs.lose_holders, "perform it, its row says []"),
        (bugs.lose_messages, "did not arrive"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_slip_of_the_store_is_found(
    work: Work, slip: Callable[[Write], Write | None], finding: str
) -> None:
    try:
        found = await work.run(slip)
    except (StateholdError, TimeoutError):
        # it went so wrong that the work could not be done; what is there is looked at
        image = read_sqlite(work.path)
        found = [*work.findings, *audit(image, work.ledger), *audit_at_rest(image, work.calls)]
    assert any(finding in one for one in found), found


async def test_nothing_is_found_where_there_is_no_slip(work: Work) -> None:
    left = [one for one in await work.run(as_it_comes) if "still on its way" not in one]
    assert left == []
