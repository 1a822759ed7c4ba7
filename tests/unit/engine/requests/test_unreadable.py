"""Instances that can't be read are incidents, and keep no other from anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pydantic import BaseModel, field_validator

from statehold import (
    Engine,
    Final,
    Machine,
    State,
    Upgrade,
    after,
    minutes,
    on,
    on_result,
)
from statehold.engine.retention.policy import Retention
from statehold.errors import (
    ActRefused,
    InstanceUnreadable,
    InvalidPayload,
    UnknownIncident,
)
from statehold.instance.reply import InstanceReply
from statehold.records import Ref, Write
from statehold.store import Query
from tests.unit.engine.requests.unreadable import ANN, KINDS, Go, Job, Jobs, Other, spoil, work
from tests.unit.engine.world import World, an_incident, journal, kinds, quiet

pytestmark = pytest.mark.anyio


async def test_what_cannot_be_read_is_an_incident_that_says_why_and_what_to_do(
    spoilt: Engine,
) -> None:
    with pytest.raises(InstanceUnreadable, match="repair"):
        await spoilt.read(Jobs, "bad")
    incident = await an_incident(spoilt)
    assert (incident.id, incident.kind) == ("jobs/bad/unreadable", "unreadable")
    assert "valid integer" in incident.error
    assert (await spoilt.list(Query("jobs", incidents=True))).instances[0].id == "bad"
    assert (await spoilt.read(Jobs, "good")).state == ["idle"]


async def test_it_refuses_its_own_requests_and_no_other_of_its_batch(spoilt: Engine) -> None:
    refused, taken = await asyncio.gather(
        spoilt.send(Jobs, "bad", Go()), spoilt.send(Jobs, "good", Go()), return_exceptions=True
    )
    assert isinstance(refused, InstanceUnreadable)
    assert not isinstance(taken, BaseException)
    assert taken.state == ["waiting"]


@pytest.mark.parametrize("kind", KINDS)
async def test_it_can_be_cancelled_and_purged(world: World, kind: str) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad", {"n": 7})
    await spoil(world, "bad", kind)
    async with world.running(Jobs, Other) as engine:
        with pytest.raises(InstanceUnreadable):
            await engine.send(Jobs, "bad", Go())
        answer = await engine.cancel(Jobs, "bad", force=True, reason="beyond help", caller=ANN)
        assert answer.status == "cancelled"
        assert (await engine.read(Jobs, "bad")).status == "cancelled"
        assert (await engine.incidents()).incidents == []
        line = (await journal(engine, Jobs, "bad"))[-1]
        assert (line.kind, line.caller, line.reason) == ("cancel", "ann", "beyond help")
        world.clock.advance(minutes(5))
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 1


async def test_what_is_over_is_shown_as_it_was_stored_whatever_the_type_says(world: World) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad", {"n": 7})
        await engine.cancel(Jobs, "bad", force=True)
    await spoil(world, "bad", "data of another type")
    async with world.running(Jobs, Other) as engine:
        answer: InstanceReply = await engine.read(Jobs, "bad")
        assert (answer.status, answer.view) == ("cancelled", {"n": "x"})
        assert (await engine.explain(Jobs, "bad")).instance.status == "cancelled"
        assert (await engine.incidents()).count == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_over_is_purged_and_archived_whatever_is_left_of_it(
    world: World, kind: str, tmp_path: Path
) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad", {"n": 7})
        await engine.cancel(Jobs, "bad", force=True)
    await spoil(world, "bad", kind)
    async with world.running(Jobs, Other) as engine:
        world.clock.advance(minutes(5))
        archive = tmp_path / "archive"
        archive.mkdir()
        assert (await engine.purge(Jobs, Retention(minutes(1), archive))).purged == 1
        (file,) = archive.iterdir()
        (line,) = file.read_text().splitlines()
        assert msgspec.json.decode(line)["id"] == "bad"


async def test_it_is_repaired_with_new_data_and_goes_on(spoilt: Engine, world: World) -> None:
    answer = await spoilt.repair(Jobs, "bad", {"n": 8}, reason="typo", caller=ANN)
    assert (answer.state, answer.view) == (["waiting"], Job(n=8))
    assert (await spoilt.incidents()).count == 0
    line = (await journal(spoilt, Jobs, "bad"))[-1]
    assert (line.kind, line.caller, line.reason) == ("repair", "ann", "typo")
    assert "valid integer" in line.event["why"]
    assert (await spoilt.at(Jobs, "bad", line.seq)).data == {"n": 8}
    # the timer that was running still is
    world.clock.advance(minutes(1))
    await quiet()
    assert (await spoilt.read(Jobs, "bad")).status == "done"


async def test_a_repair_with_data_of_another_type_or_to_no_configuration_changes_nothing(
    spoilt: Engine,
) -> None:
    for data, state in (({"n": "x"}, ()), ({"n": 1}, ["nowhere"]), ({"n": 1}, ["idle", "over"])):
        with pytest.raises(InvalidPayload):
            await spoilt.repair(Jobs, "bad", data, state=state)
    assert (await an_incident(spoilt)).kind == "unreadable"
    assert len(await spoilt._parts.store.journal(Ref("jobs", "bad"))) == 2


async def test_what_can_be_read_is_not_repaired(spoilt: Engine) -> None:
    with pytest.raises(ActRefused, match="it can be read"):
        await spoilt.repair(Jobs, "good", {"n": 1})
    assert await kinds(spoilt, Jobs, "good") == ["start"]


@pytest.mark.parametrize("kind", ["no JSON", "an unknown state", "no state"])
async def test_a_repair_to_given_states_starts_what_belongs_to_them(
    world: World, kind: str
) -> None:
    async with world.running(Jobs, Other) as engine:
        await engine.start(Jobs, "bad")
    await spoil(world, "bad", kind)
    async with world.running(Jobs, Other) as engine:
        answer = await engine.repair(Jobs, "bad", {"n": 1}, state=["waiting"])
        assert answer.state == ["waiting"]
        world.clock.advance(minutes(1))
        await quiet()
        assert (await engine.read(Jobs, "bad")).status == "done"


class Lax(BaseModel):
    n: int = 0


class Strict(BaseModel):
    n: int = 0

    @field_validator("n")
    @classmethod
    def positive(cls, n: int) -> int:
        if n <= 0:
            raise ZeroDivisionError("a validator may raise anything")
        return n


def _jobs_of(data: type[BaseModel]) -> type[Machine[Any]]:
    """The same chart over another type, as a release changes it without a new version."""

    class Made(Machine[data], name="jobs", version=1):  # type: ignore[valid-type]
        idle = State(initial=True)
        waiting = State()
        over = Final()
        go = on(Go, idle >> waiting)
        lapse = after(minutes(1), waiting >> over)

    return Made


async def test_it_goes_on_by_itself_where_a_release_runs_that_can_read_it(world: World) -> None:
    LaxJobs, StrictJobs = _jobs_of(Lax), _jobs_of(Strict)
    async with world.running(LaxJobs) as engine:
        await engine.start(LaxJobs, "j")
        await engine.send(LaxJobs, "j", Go())
    world.clock.advance(minutes(1))
    async with world.running(StrictJobs) as engine:
        await quiet()
        assert (await an_incident(engine)).kind == "unreadable"
        with pytest.raises(InstanceUnreadable):
            await engine.retry("jobs/j/unreadable")
    async with world.running(StrictJobs) as engine:
        # it survives a restart
        assert (await an_incident(engine)).kind == "unreadable"
    async with world.running(LaxJobs) as engine:
        await quiet()
        assert (await engine.incidents()).count == 0
        assert (await engine.read(LaxJobs, "j")).status == "done"


async def test_its_journal_can_be_read(spoilt: Engine) -> None:
    with pytest.raises(InstanceUnreadable):
        await spoilt.read(Jobs, "bad")
    assert await kinds(spoilt, Jobs, "bad") == ["start", "event"]
    assert (await spoilt.at(Jobs, "bad", 1)).data == {"n": 7}


async def test_what_is_over_and_was_set_aside_can_be_cancelled_and_purged(world: World) -> None:
    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        await engine.cancel(Jobs, "bad", force=True)
        ref = Ref("jobs", "bad")
        row = (await engine._parts.store.load([ref]))[ref]
        odd = replace(row, rev=3, wake_at=row.since, document=b"x")
        await engine._parts.store.commit([Write(odd, row.rev)])
        engine._parts.cache.drop([ref])
        world.clock.advance(minutes(5))
        await quiet()
        assert (await an_incident(engine)).kind == "unreadable"
        await engine.cancel(Jobs, "bad", force=True)
        assert (await engine.incidents()).count == 0
        world.clock.advance(minutes(5))
        assert (await engine.purge(Jobs, Retention(minutes(1)))).purged == 1


async def test_only_what_is_set_aside_is_read_again_by_hand(spoilt: Engine) -> None:
    with pytest.raises(UnknownIncident):
        await spoilt.retry("jobs/good/unreadable")


async def test_a_bulk_upgrade_reports_what_cannot_be_read(world: World) -> None:
    class Jobs2(Machine[Job], name="jobs", version=2):
        upgrades = (Upgrade(from_version=1),)
        idle = State(initial=True)
        waiting = State()
        working = State(invoke=work)
        over = Final()
        go = on(Go, idle >> waiting)
        lapse = after(minutes(1), waiting >> over)
        done = on_result(work, working >> over)

    async with world.running(Jobs) as engine:
        await engine.start(Jobs, "bad")
        await engine.start(Jobs, "good")
    await spoil(world, "bad", "no JSON")
    async with world.running(Jobs2) as engine:
        report = await engine.upgrade(Jobs2)
        assert (report.upgraded, set(report.failed)) == (1, {"bad"})
