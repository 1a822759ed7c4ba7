"""Upgrades end to end: a store that ran version 1 is opened by an engine of version 2."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field

from statehold import (
    Call,
    Compound,
    DefinitionError,
    Event,
    Final,
    Machine,
    Result,
    State,
    Upgrade,
    after,
    always,
    effect,
    hours,
    minutes,
    on,
    on_result,
)
from statehold.errors import IncidentKept, NewerVersion, NotAllowed, UpgradeFailed
from statehold.instance.reply import InstanceReply
from statehold.records import Ref
from statehold.store import Query
from tests.unit.engine.works import Lever, lever
from tests.unit.engine.world import World, an_incident, journal, kinds, quiet, signal

pytestmark = pytest.mark.anyio

TICK = timedelta(microseconds=1)


class Old(BaseModel):
    name: str = "ann"
    entered: int = 0


class New(BaseModel):
    names: list[str]
    entered: int = 0
    told: bool = False


class Go(Event):
    pass


class Rename(Event):
    name: str


class Tell(Event):
    pass


@effect(attempts=2, first=minutes(1), jitter=0)
async def tell_customer(data: Any, call: Call) -> None:
    await lever.pull(data, call)


def count(data: Any) -> None:
    data.entered += 1


def rename_old(data: Old, event: Rename) -> None:
    data.name = event.name


def rename_new(data: New, event: Rename) -> None:
    data.names.append(event.name)


def told(data: New, event: Result[None]) -> None:
    data.told = True


class One(Machine[Old], name="flow", version=1):
    waiting = State(initial=True, entry=count)
    telling = State(invoke=tell_customer)
    late = State()
    gone = Final()

    renaming = on(Rename, waiting, do=rename_old)
    tell = on(Tell, waiting >> telling)
    lapse = after(minutes(10), waiting >> late)
    go = on(Go, (waiting | telling | late) >> gone)
    done = on_result(tell_customer, telling >> late)


mended = {"is": True}


def to_new(old: dict[str, Any]) -> dict[str, Any]:
    if old["name"] == "broken" and not mended["is"]:
        raise ValueError("no such name any more")
    return {"names": [old["name"]], "entered": old["entered"]}


class Two(Machine[New], name="flow", version=2):
    class active(Compound, initial=True):
        pending = State(initial=True, entry=count)
        telling = State(invoke=tell_customer)
        told = on_result(tell_customer, telling, do=told)

    overdue = State()
    gone = Final()

    renaming = on(Rename, active.pending, do=rename_new)
    tell = on(Tell, active.pending >> active.telling)
    lapse = after(minutes(10), active.pending >> overdue)
    go = on(Go, (active | overdue) >> gone)

    upgrades = (
        Upgrade(
            1,
            states={"waiting": active.pending, "telling": active.telling, "late": overdue},
            data=to_new,
        ),
    )


@pytest.fixture(autouse=True)
def _mended() -> None:
    mended["is"] = True


async def old_instances(world: World, *ids: str, name: str = "ann") -> None:
    engine = await world.open(One)
    for id in ids:
        await engine.start(One, id, Old(name=name))
    await world.crash(engine)


async def test_an_instance_is_upgraded_at_its_next_event_and_its_entry_actions_do_not_run_again(
    world: World,
) -> None:
    await old_instances(world, "f-1", "f-2")
    async with world.running(Two) as engine:
        before: InstanceReply = await engine.read(Two, "f-1")
        assert (before.version, before.state, before.view) == (
            1, ["waiting"], {"name": "ann", "entered": 1},
        )  # fmt: skip
        assert before.allowed == ["Rename", "Tell", "Go"]
        answer = await engine.send(Two, "f-1", Rename(name="bob"))
        assert (answer.version, answer.seq, answer.state) == (2, 3, ["active.pending"])
        assert answer.view == New(names=["ann", "bob"], entered=1)
        assert await kinds(engine, Two, "f-1") == ["start", "upgrade", "event"]
        assert (await engine.read(Two, "f-2")).version == 1
        assert (await engine.at(Two, "f-1", 1)).data == {"name": "ann", "entered": 1}
        assert (await engine.at(Two, "f-1", 2)).data["names"] == ["ann"]


async def test_an_event_that_the_new_version_does_not_take_is_refused_and_the_upgrade_stays(
    world: World,
) -> None:
    engine = await world.open(One)
    await engine.start(One, "f-1")
    world.clock.advance(minutes(10))
    await quiet()
    await world.crash(engine)
    async with world.running(Two) as engine:
        with pytest.raises(NotAllowed, match="overdue"):
            await engine.send(Two, "f-1", Tell())
        assert (await engine.read(Two, "f-1")).state == ["overdue"]


async def test_a_timer_keeps_its_deadline_over_an_upgrade(world: World) -> None:
    await old_instances(world, "lazy", "now")
    world.clock.advance(minutes(4))
    async with world.running(Two) as engine:
        assert (await engine.upgrade(Two, "now")).upgraded == 1
        world.clock.advance(minutes(6) - TICK)
        await quiet()
        assert (await engine.read(Two, "now")).state == ["active.pending"]
        assert (await engine.read(Two, "lazy")).version == 1
        world.clock.advance(TICK)
        await quiet()
        for id in ("now", "lazy"):
            answer = await engine.read(Two, id)
            assert (answer.version, answer.state) == (2, ["overdue"])


async def test_a_running_effect_keeps_its_key_and_its_result_arrives_in_the_new_version(
    world: World, lever: Lever
) -> None:
    engine = await world.open(One)
    lever.answers.append(asyncio.Event())
    await engine.start(One, "f-1")
    await engine.send(One, "f-1", Tell())
    await signal(lever.called)
    await world.crash(engine)
    lever.answers[0] = None
    async with world.running(Two) as engine:
        await quiet()
        answer = await engine.read(Two, "f-1")
        assert (answer.version, answer.state) == (2, ["active.telling"])
        assert answer.view.told
        assert lever.keys == ["flow/f-1/2.1"] * 2
        # the data it was asked with, as the new version has it
        assert [set(seen) for seen in lever.seen] == [
            {"name", "entered"}, {"names", "entered", "told"},
        ]  # fmt: skip


async def test_upgrading_all_reports_the_outcome_of_each(world: World) -> None:
    await old_instances(world, *(f"f-{n}" for n in range(5)))
    engine = await world.open(One)
    await engine.send(One, "f-0", Go())
    await engine.pause(One, "f-1")
    await world.crash(engine)
    mended["is"] = False
    await old_instances(world, "bad", name="broken")
    async with world.running(Two) as engine:
        report = await engine.upgrade(Two)
        assert (report.machine, report.version, report.upgraded) == ("flow", 2, 4)
        assert list(report.failed) == ["bad"]
        assert "no such name any more" in report.failed["bad"]
        assert (await engine.read(Two, "f-1")).status == "paused"
        assert {i.version for i in (await engine.list(Query("flow"))).instances} == {1, 2}
        again = await engine.upgrade(Two)
        assert (again.upgraded, list(again.failed)) == (0, ["bad"])


async def test_a_failed_upgrade_is_an_incident_and_the_instance_stays_as_it_was(
    world: World,
) -> None:
    await old_instances(world, "f-1", name="broken")
    mended["is"] = False
    async with world.running(Two) as engine:
        for _ in range(2):
            with pytest.raises(UpgradeFailed, match="no such name any more"):
                await engine.send(Two, "f-1", Go())
        stays: InstanceReply = await engine.read(Two, "f-1")
        assert (stays.version, stays.seq, stays.state) == (1, 1, ["waiting"])
        assert stays.view == {"name": "broken", "entered": 1}
        incident = await an_incident(engine)
        assert (incident.kind, incident.name) == ("upgrade", "1 to 2")
        # its timer waits with it, and does not ask for ever
        world.clock.advance(hours(1))
        await quiet()
        assert await kinds(engine, Two, "f-1") == ["start", "incident"]
        with pytest.raises(IncidentKept, match="correct the upgrade"):
            await engine.skip(incident.id)
        mended["is"] = True
        await engine.retry(incident.id)
        await quiet()
        answer = await engine.read(Two, "f-1")
        assert (answer.version, answer.state) == (2, ["overdue"])
        assert (await engine.incidents()).incidents == []


async def test_what_a_paused_instance_held_waits_for_an_upgrade_that_failed(world: World) -> None:
    engine = await world.open(One)
    await engine.start(One, "f-1", Old(name="broken"))
    await engine.pause(One, "f-1")
    assert (await engine.send(One, "f-1", Rename(name="bob"))).held
    await world.crash(engine)
    mended["is"] = False
    async with world.running(Two) as engine:
        await engine.resume(Two, "f-1")
        await quiet()
        assert await kinds(engine, Two, "f-1") == ["start", "pause", "resume", "incident"]
        mended["is"] = True
        await engine.retry((await an_incident(engine)).id)
        world.clock.advance(minutes(1))
        await quiet()
        assert (await engine.read(Two, "f-1")).view.names == ["broken", "bob"]


async def test_an_instance_that_is_over_stays_of_its_version(world: World) -> None:
    engine = await world.open(One)
    await engine.start(One, "f-1")
    await engine.send(One, "f-1", Go())
    await world.crash(engine)
    async with world.running(Two) as engine:
        assert (await engine.upgrade(Two)).upgraded == 0
        answer: InstanceReply = await engine.read(Two, "f-1")
        assert (answer.version, answer.status, answer.view) == (
            1, "done", {"name": "ann", "entered": 1},
        )  # fmt: skip


class LeavesWork(Machine[Old], name="leaves", version=1):
    open = State(initial=True)
    over = Final()
    go = on(Go, open >> over, do=tell_customer)


class LeavesWorkToo(Machine[Old], name="leaves", version=2):
    open = State(initial=True)
    over = Final()
    go = on(Go, open >> over, do=tell_customer)
    upgrades = (Upgrade(1),)


async def test_a_detached_effect_of_a_done_instance_of_an_old_version_is_not_forgotten(
    world: World, lever: Lever
) -> None:
    engine = await world.open(LeavesWork)
    lever.answers.append(asyncio.Event())
    await engine.start(LeavesWork, "l-1")
    await engine.send(LeavesWork, "l-1", Go())
    await signal(lever.called)
    await world.crash(engine)
    lever.answers[0] = None
    engine = await world.open(LeavesWorkToo)
    await quiet()
    incident = await an_incident(engine)
    assert incident.name == "tell_customer"
    assert "version 1 is not here" in incident.error
    await world.crash(engine)
    async with world.running(LeavesWork) as engine:
        await engine.retry((await an_incident(engine)).id)
        await quiet()
        assert lever.keys == ["leaves/l-1/2.1"] * 2
        assert (await engine.incidents()).incidents == []


async def test_a_missing_upgrade_is_reported_when_the_engine_is_opened(world: World) -> None:
    class Unready(Machine[New], name="flow", version=2):
        pending = State(initial=True)

    await old_instances(world, "f-1")
    with pytest.raises(DefinitionError, match="no upgrade leads from there"):
        await world.open(Unready)


async def test_a_chart_that_changed_under_its_version_is_refused_with_the_difference(
    world: World,
) -> None:
    class Changed(Machine[Old], name="flow", version=1):
        waiting = State(initial=True, entry=count)
        telling = State(invoke=tell_customer)
        gone = Final()

        renaming = on(Rename, waiting, do=rename_old)
        tell = on(Tell, waiting >> telling)
        go = on(Go, (waiting | telling) >> gone)

    await old_instances(world, "f-1")
    with pytest.raises(DefinitionError, match="late") as refused:
        await world.open(Changed)
    assert "give the machine version 2" in str(refused.value)
    engine = await world.open(One)
    assert (await engine.read(One, "f-1")).state == ["waiting"]


async def test_an_older_engine_refuses_a_store_with_instances_of_a_newer_version(
    world: World,
) -> None:
    await old_instances(world, "f-1")
    engine = await world.open(Two)
    await engine.upgrade(Two)
    await world.crash(engine)
    with pytest.raises(DefinitionError, match="run version 2"):
        await world.open(One)


async def test_an_older_worker_beside_a_newer_one_leaves_its_instances_alone(world: World) -> None:
    older = await world.open(One, shared=True)
    await older.start(One, "f-1", Old(name="ann"))
    newer = await world.open(Two, shared=True)
    await newer.send(Two, "f-1", Rename(name="bob"))
    # a request is sent again, and another worker answers it
    with pytest.raises(NewerVersion, match="version 2"):
        await older.send(One, "f-1", Rename(name="cid"))
    # the timer is due, and whichever of them finds it, the newer one fires it
    world.clock.advance(minutes(10))
    while (await newer.read(Two, "f-1")).state != ["overdue"]:
        await quiet()
        world.clock.advance(timedelta(seconds=5))
    assert (await newer.incidents()).incidents == []
    assert "incident" not in await kinds(newer, Two, "f-1")


async def test_upgrading_survives_a_crash_at_any_commit(world: World) -> None:
    ids = [f"f-{n}" for n in range(4)]
    await old_instances(world, *ids)
    for commits in (0, 1):
        engine = await world.open(Two)
        world.gate.left = commits
        upgrading = asyncio.ensure_future(engine.upgrade(Two))
        await quiet()
        upgrading.cancel()
        await world.crash(engine)
    async with world.running(Two) as engine:
        await engine.upgrade(Two)
        for id in ids:
            lines = await journal(engine, Two, id)
            assert [(line.seq, line.kind) for line in lines] == [(1, "start"), (2, "upgrade")]
        row = (await world.rows(engine, ("flow", "f-0")))[Ref("flow", "f-0")]
        assert (row.version, row.state) == (2, ("active.pending",))


class Ring(BaseModel):
    rings: int = Field(default=0, le=1)


class Bell(Machine[Ring], name="bell", version=1):
    still = State(initial=True)
    over = Final()
    go = on(Go, still >> over)


def too_often(data: Ring) -> None:
    data.rings = 2


class LoudBell(Machine[Ring], name="bell", version=2):
    still = State(initial=True)
    loud = State()
    over = Final()
    ring = always(still >> loud, do=too_often)
    go = on(Go, loud >> over)
    upgrades = (Upgrade(from_version=1),)


async def test_an_upgrade_whose_immediate_transition_leads_to_bad_data_has_failed_whole(
    world: World,
) -> None:
    async with world.running(Bell) as engine:
        await engine.start(Bell, "b-1")
    async with world.running(LoudBell) as engine:
        with pytest.raises(UpgradeFailed, match="rings"):
            await engine.send(LoudBell, "b-1", Go())
        read = await engine.read(LoudBell, "b-1")
        assert (read.version, read.seq, read.state) == (1, 1, ["still"])
        assert [line.kind for line in await journal(engine, LoudBell, "b-1")] == [
            "start",
            "incident",
        ]
