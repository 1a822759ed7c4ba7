"""Databases that earlier releases wrote are opened by this one, and their instances go on.

``kept/`` has one file for each store that has any, by the commit that wrote it
(``kept/write_kept.py``). The memory store has none: what is in it ends with its process.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from statehold import Engine
from statehold.engine.clock import ManualClock
from statehold.instance.reply import InstanceReply
from statehold.stores.postgres.migrate import upgrade
from tests.acceptance.kept import machines as kept
from tests.acceptance.kept.machines import Shop
from tests.acceptance.kept.write_kept import MANY, START
from tests.unit.engine.world import kind
from tests.unit.engine.world import state as wait_for_state

pytestmark = pytest.mark.anyio

KEPT = Path(kept.__file__).parent
MACHINES = (Shop, kept.Inspecting, kept.RouteV2, kept.BELL)


@pytest.fixture(params=["sqlite", "postgres"])
async def address(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> str:
    if request.param == "sqlite":
        shutil.copy(KEPT / "d0b6975.sqlite", tmp_path / "kept.sqlite")
        return f"sqlite:///{tmp_path / 'kept.sqlite'}"
    dsn: str = request.getfixturevalue("postgres_dsn")
    database = await asyncpg.connect(dsn)
    await database.execute((KEPT / "d0b6975.sql").read_text(encoding="utf-8"))
    await database.close()
    # as `statehold db upgrade` does
    await upgrade(dsn, "after")
    return dsn


class Kept:
    """The database, opened a minute after it was written."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock

    async def reaches(self, machine: Any, id: str, state: str) -> Any:
        """The instance once a step has led into the state."""
        await wait_for_state(self.engine, machine, id, state)
        return await self.engine.read(machine, id)


@pytest.fixture
async def opened(address: str) -> AsyncIterator[Kept]:
    kept.LABELS.clear()
    kept.BROKEN.clear()
    clock = ManualClock(START + timedelta(minutes=1))
    async with Engine(address, MACHINES, clock=clock) as engine:
        yield Kept(engine, clock)


async def test_a_timer_fires_at_its_time(opened: Kept) -> None:
    assert (await opened.engine.read(Shop, "timer")).state == ["waiting"]
    opened.clock.set(START + timedelta(hours=1))
    reply = await opened.reaches(Shop, "timer", "lapsed")
    assert (reply.status, reply.seq, reply.output) == ("done", 3, {"count": 0})


async def test_an_effect_that_was_in_flight_is_run_again(opened: Kept) -> None:
    reply = await opened.reaches(Shop, "in-flight", "labelled")
    assert reply.view.label == "label of in-flight"


async def test_an_effect_that_failed_is_run_again_at_its_time(opened: Kept) -> None:
    assert (await opened.engine.explain(Shop, "retried")).effects[0].status == "waiting"
    opened.clock.set(START + timedelta(seconds=200))
    assert (await opened.reaches(Shop, "retried", "labelled")).seq == 3


async def test_an_incident_is_retried(opened: Kept) -> None:
    (incident,) = (await opened.engine.incidents("shop")).incidents
    assert (incident.id, incident.attempts) == ("shop/incident/2.1", 1)
    assert incident.error == "Permanent: no printer"
    await opened.engine.retry(incident.id)
    await opened.reaches(Shop, "incident", "labelled")
    assert (await opened.engine.incidents("shop")).incidents == []


async def test_a_timer_whose_step_failed_fires_again_at_its_time(opened: Kept) -> None:
    assert (await opened.engine.read(Shop, "broken-timer")).state == ["risking"]
    opened.clock.set(START + timedelta(minutes=3))
    await opened.reaches(Shop, "broken-timer", "labelled")


async def test_a_paused_instance_takes_what_was_held_for_it_once(opened: Kept) -> None:
    reply = await opened.engine.read(Shop, "paused")
    assert (reply.status, reply.view.count) == ("paused", 2)
    again = await opened.engine.send(Shop, "paused", kept.Add(n=3), key="held")
    assert again.held
    reply = await opened.engine.resume(Shop, "paused")
    assert (reply.status, reply.view.count, reply.seq) == ("running", 2 + 3 + 4, 6)
    again = await opened.engine.send(Shop, "paused", kept.Add(n=3), key="held")
    assert again.seq == 5


async def test_a_child_ends_and_its_parent_goes_on(opened: Kept) -> None:
    assert (await opened.engine.explain(Shop, "parent")).effects[0].status == "child"
    await opened.engine.send(kept.Inspecting, "parent:2.1", kept.Judge(verdict="fine"))
    assert (await opened.reaches(Shop, "parent", "inspected")).view.verdict == "fine"
    child = await opened.engine.read(kept.Inspecting, "parent:2.1")
    assert child.output == {"subject": "parent", "verdict": "fine"}


async def test_a_message_in_the_mailbox_is_delivered_at_its_time(opened: Kept) -> None:
    assert (await opened.engine.read(Shop, "told")).view.heard == []
    opened.clock.set(START + timedelta(hours=1))
    await kind(opened.engine, Shop, "told", "event")
    assert (await opened.engine.read(Shop, "told")).view.heard == ["later"]


async def test_a_message_that_ends_with_its_sender_is_delivered_to_it(opened: Kept) -> None:
    assert (await opened.engine.read("bell", "bell")).state == ["quiet"]
    opened.clock.set(START + timedelta(hours=1))
    assert (await opened.reaches("bell", "bell", "rung")).status == "done"


async def test_a_message_that_ends_with_its_sender_is_taken_back(opened: Kept) -> None:
    await opened.engine.cancel("bell", "bell")
    opened.clock.set(START + timedelta(hours=2))
    await opened.reaches(Shop, "timer", "lapsed")
    journal = await opened.engine.journal("bell", "bell")
    assert [entry.kind for entry in journal.entries] == ["start", "cancel"]


async def test_a_history_state_remembers(opened: Kept) -> None:
    reply = await opened.engine.send(Shop, "history", kept.Return())
    assert reply.state == ["packing.taping"]


async def test_a_journal_is_read_and_goes_on(opened: Kept) -> None:
    engine = opened.engine
    past = [(await engine.at(Shop, "many", seq)).data["count"] for seq in (1, 30, MANY + 1)]
    assert past == [0, 29, MANY]
    # an answer that was stored with its key shows the view as it was stored
    repeated: InstanceReply = await engine.send(Shop, "many", kept.Add(n=100), key="once")
    assert (repeated.seq, repeated.view.count) == (MANY + 2, MANY + 100)
    reply = await engine.send(Shop, "many", kept.Add(n=7))
    assert (reply.seq, reply.view.count) == (MANY + 3, MANY + 107)
    assert (await engine.at(Shop, "many", reply.seq)).data["count"] == MANY + 107


async def test_an_ended_instance_is_read_as_it_ended(opened: Kept) -> None:
    done = await opened.engine.read(Shop, "done")
    assert (done.status, done.state, done.output) == ("done", ["closed"], {"count": 5})
    cancelled = await opened.engine.read(Shop, "cancelled")
    assert (cancelled.status, cancelled.state, cancelled.seq) == ("cancelled", ["waiting"], 3)
    reason = (await opened.engine.journal(Shop, "cancelled")).entries[-1].reason
    assert reason == "changed their mind"


async def test_an_instance_of_an_earlier_version_is_upgraded(opened: Kept) -> None:
    reply = await opened.engine.send(kept.RouteV2, "route", kept.Parked())
    assert (reply.version, reply.state) == (2, ["late"])
    assert (reply.view.stops, reply.view.city) == (3, "Graz")


async def test_a_timer_of_an_earlier_version_keeps_its_time(opened: Kept) -> None:
    opened.clock.set(START + timedelta(hours=2) - timedelta(seconds=1))
    explained = await opened.engine.explain(kept.RouteV2, "route")
    assert explained.instance.state == ["driving"]
    opened.clock.set(START + timedelta(hours=2))
    assert (await opened.reaches(kept.RouteV2, "route", "late")).version == 2
