"""What runs when an instance is cancelled: its chart takes it, or its exit actions run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Call,
    Caller,
    Cancellation,
    Context,
    Event,
    Failure,
    Final,
    Machine,
    Parallel,
    Result,
    State,
    Upgrade,
    after,
    child,
    effect,
    minutes,
    on,
    on_cancel,
    on_failure,
    on_result,
)
from statehold.define import Compound
from statehold.errors import CancelFailed, InstanceOver
from statehold.security import AuditQuery
from tests.unit.engine.works import Lever
from tests.unit.engine.world import World, an_incident, journal, kinds, quiet, signal, state

pytestmark = pytest.mark.anyio

lever = Lever()


@pytest.fixture(autouse=True)
def a_lever() -> None:
    lever.__init__()  # type: ignore[misc]


class Trip(BaseModel):
    steps: list[str] = []
    fails: bool = False


class Go(Event):
    pass


class Break(Event):
    pass


class Heard(Event):
    what: str


@effect(attempts=2, first=minutes(1), jitter=0)
async def release(trip: Trip, call: Call) -> str:
    answer: str | None = await lever.pull(trip, call)
    return answer or "gone"


@effect(attempts=1)
async def hold_seat(trip: Trip, call: Call) -> None:
    await lever.pull(trip, call)


def step(name: str) -> Any:
    def note(trip: Trip) -> None:
        if trip.fails:
            raise ValueError(f"{name} is stuck")
        trip.steps.append(name)

    note.__name__ = f"leave_{name}"
    return note


def break_(trip: Trip) -> None:
    trip.fails = True


def mend(trip: Trip) -> None:
    trip.fails = False


leave_inner, leave_outer, leave_left, leave_right = map(step, ("inner", "outer", "left", "right"))


class Plain(Machine[Trip], name="plain", version=1):
    """It takes no cancellation."""

    class outer(Compound, initial=True, exit=leave_outer):
        inner = State(initial=True, exit=(leave_inner, release))

    class both(Parallel):
        class left(Compound, exit=leave_left):
            a = State(initial=True)

        class right(Compound, exit=leave_right):
            b = State(initial=True, invoke=hold_seat)

    breaks = on(Break, outer, do=break_)
    go = on(Go, outer >> both)
    late = after(minutes(5), outer >> both)


async def test_exit_actions_run_innermost_first_and_their_effects_outlive_it(world: World) -> None:
    lever.answers.append("gone")
    async with world.running(Plain) as engine:
        await engine.start(Plain, "p-1")
        answer = await engine.cancel(Plain, "p-1", reason="enough", caller=Caller("ann"))
        assert (answer.status, answer.seq, answer.state) == ("cancelled", 2, ["outer.inner"])
        assert answer.view.steps == ["inner", "outer"]
        await quiet()
        assert len(lever.calls) == 1
        assert lever.seen[0]["steps"] == ["inner", "outer"]
        assert await kinds(engine, Plain, "p-1") == ["start", "cancel", "done"]
        line = (await journal(engine, Plain, "p-1"))[1]
        assert (line.caller, line.reason, line.status) == ("ann", "enough", "cancelled")
        assert line.timers == {"late": None}
        assert [(one["name"], one["what"]) for one in line.effects] == [("release", "asked")]
        with pytest.raises(InstanceOver):
            await engine.cancel(Plain, "p-1")
        assert (await engine.explain(Plain, "p-1")).effects == []


async def test_regions_are_left_in_reverse_and_what_is_invoked_ends(world: World) -> None:
    lever.answers.append(asyncio.Event())
    async with world.running(Plain) as engine:
        await engine.start(Plain, "p-1")
        await engine.send(Plain, "p-1", Go())
        await signal(lever.called)
        answer = await engine.cancel(Plain, "p-1")
        assert answer.view.steps[-2:] == ["right", "left"]
        # one is released as the outer state was left, the other one is stopped
        await signal(lever.cancelled)
        world.clock.advance(minutes(10))
        await quiet()
        assert "timer" not in await kinds(engine, Plain, "p-1")


async def test_what_its_clean_up_asks_for_is_retried_after_a_crash(world: World) -> None:
    lever.answers.extend([asyncio.Event(), "gone"])
    engine = await world.open(Plain)
    await engine.start(Plain, "p-1")
    await engine.cancel(Plain, "p-1")
    await signal(lever.called)
    await world.crash(engine)
    async with world.running(Plain) as engine:
        world.clock.advance(minutes(2))
        await quiet()
        assert (await kinds(engine, Plain, "p-1"))[-1] == "done"
        assert len(set(lever.keys)) == 1
        assert (await engine.read(Plain, "p-1")).view.steps == ["inner", "outer"]


async def test_an_exit_action_that_raises_is_named_with_the_way_out(world: World) -> None:
    async with world.running(Plain) as engine:
        await engine.start(Plain, "p-1")
        before = await engine.send(Plain, "p-1", Break())
        with pytest.raises(CancelFailed, match=r"leave_inner.*inner is stuck.*force"):
            await engine.cancel(Plain, "p-1")
        now = await engine.read(Plain, "p-1")
        assert (now.status, now.seq) == ("running", before.seq)
        forced = await engine.cancel(Plain, "p-1", force=True, reason="no way", caller=Caller("a"))
        assert (forced.status, forced.view.steps) == ("cancelled", [])
        await quiet()
        assert lever.calls == []
        lines = (await engine.audit(AuditQuery(machine="plain", id="p-1"))).entries
        assert [(one.action, one.detail) for one in lines] == [("cancel", "by force: no way")]


# --- a chart that takes it ---------------------------------------------------------------------


def why(trip: Trip, event: Cancellation) -> None:
    trip.steps.append(f"cancelled: {event.reason}{' by its parent' if event.by_parent else ''}")


def keep(trip: Trip, event: Result[str]) -> None:
    trip.steps.append(event.value)


def outcome(trip: Trip) -> list[str]:
    return trip.steps


def says(trip: Trip, event: Heard) -> None:
    trip.steps.append(event.what)


class Booking(Machine[Trip], name="booking", version=1):
    seating = State(initial=True, invoke=hold_seat)
    seated = State()
    undoing = State(invoke=release)
    undone = Final(output=outcome)
    flown = Final(output=outcome)

    held = on_result(hold_seat, seating >> seated)
    undo = on_cancel((seating | seated) >> undoing, do=why)
    released = on_result(release, undoing >> undone, do=keep)
    go = on(Go, seated >> flown)
    hear = on(Heard, undoing | seated, do=says)
    breaks = on(Break, seated | undoing, do=break_)


async def test_a_chart_takes_the_cancellation_and_goes_on_until_it_ends(world: World) -> None:
    waits = asyncio.Event()
    lever.answers.extend([None, waits])
    async with world.running(Booking) as engine:
        await engine.start(Booking, "b-1")
        await state(engine, Booking, "b-1", "seated")
        answer = await engine.cancel(Booking, "b-1", reason="the customer asked")
        assert (answer.status, answer.state) == ("running", ["undoing"])
        assert answer.view.steps == ["cancelled: the customer asked"]
        said = (await engine.explain(Booking, "b-1")).summary
        assert "It was cancelled (the customer asked), and cleans up" in said
        # it is no other step, and asking again does not end what cleans up
        again = await engine.cancel(Booking, "b-1", reason="again")
        assert (again.status, again.seq) == ("running", answer.seq)
        assert (await engine.send(Booking, "b-1", Heard(what="wait"))).state == ["undoing"]
        waits.set()
        await state(engine, Booking, "b-1", "undone")
        over = await engine.read(Booking, "b-1")
        assert (over.status, over.state) == ("cancelled", ["undone"])
        assert over.output == ["cancelled: the customer asked", "wait", "gone"]
        assert (await kinds(engine, Booking, "b-1")).count("cancel") == 1


async def test_force_ends_what_cleans_up(world: World) -> None:
    lever.answers.extend([None, asyncio.Event()])
    async with world.running(Booking) as engine:
        await engine.start(Booking, "b-1")
        await state(engine, Booking, "b-1", "seated")
        await engine.cancel(Booking, "b-1")
        await quiet()
        assert (await engine.cancel(Booking, "b-1", force=True)).status == "cancelled"
        await signal(lever.cancelled)
        await quiet()
        assert (await engine.read(Booking, "b-1")).state == ["undoing"]


async def test_it_goes_on_cleaning_up_after_a_crash_and_takes_no_second_one(world: World) -> None:
    lever.answers.extend([None, asyncio.Event(), "gone"])
    engine = await world.open(Booking)
    await engine.start(Booking, "b-1")
    await state(engine, Booking, "b-1", "seated")
    answer = await engine.cancel(Booking, "b-1")
    await quiet()
    await world.crash(engine)
    async with world.running(Booking) as engine:
        assert (await engine.cancel(Booking, "b-1")).seq == answer.seq
        world.clock.advance(minutes(2))
        await state(engine, Booking, "b-1", "undone")
        assert (await engine.read(Booking, "b-1")).status == "cancelled"


async def test_a_paused_one_goes_on_with_it_and_gets_what_was_held_after_that(world: World) -> None:
    lever.answers.extend([None, asyncio.Event()])
    async with world.running(Booking) as engine:
        await engine.start(Booking, "b-1")
        await state(engine, Booking, "b-1", "seated")
        await engine.pause(Booking, "b-1")
        assert (await engine.send(Booking, "b-1", Heard(what="held"))).held
        answer = await engine.cancel(Booking, "b-1")
        assert (answer.status, answer.state) == ("running", ["undoing"])
        await quiet()
        assert (await engine.read(Booking, "b-1")).view.steps == ["cancelled: ", "held"]
        assert await engine._parts.store.mail(None, world.clock.now(), None, 10) == []


async def test_a_paused_one_that_ends_at_once_refuses_what_was_held(world: World) -> None:
    async with world.running(Plain) as engine:
        await engine.start(Plain, "p-1")
        await engine.pause(Plain, "p-1")
        assert (await engine.send(Plain, "p-1", Go())).held
        assert (await engine.cancel(Plain, "p-1")).status == "cancelled"
        await quiet()
        assert "refused" in await kinds(engine, Plain, "p-1")
        assert (await engine.read(Plain, "p-1")).state == ["outer.inner"]


# --- children ----------------------------------------------------------------------------------


def failed(trip: Trip, event: Failure) -> None:
    trip.steps.append(f"{event.error}: {event.message}")


class Tour(Machine[Trip], name="tour", version=1):
    travelling = State(initial=True, invoke=child(Booking))
    happy = Final()
    sad = State()
    home = State()

    flown = on_result(Booking, travelling >> happy)
    lost = on_failure(Booking, travelling >> sad, do=failed)
    go = on(Go, travelling >> home)


async def test_a_parent_gets_a_failure_of_a_child_that_cleaned_up(world: World) -> None:
    lever.answers.extend([None, "gone"])
    async with world.running(Tour, Booking) as engine:
        await engine.start(Tour, "t-1")
        await quiet()
        await state(engine, Booking, "t-1:1.1", "seated")
        await engine.cancel(Booking, "t-1:1.1", reason="strike")
        await state(engine, Tour, "t-1", "sad")
        assert (await engine.read(Tour, "t-1")).view.steps == ["Cancelled: strike"]
        assert (await engine.read(Booking, "t-1:1.1")).status == "cancelled"


@pytest.mark.parametrize("how", ["its parent leaves the state", "its parent is cancelled"])
async def test_a_child_whose_parent_leaves_it_cleans_up(world: World, how: str) -> None:
    waits = asyncio.Event()
    lever.answers.extend([None, waits])
    async with world.running(Tour, Booking) as engine:
        await engine.start(Tour, "t-1")
        await quiet()
        await state(engine, Booking, "t-1:1.1", "seated")
        if how == "its parent leaves the state":
            await engine.send(Tour, "t-1", Go())
        else:
            assert (await engine.cancel(Tour, "t-1")).status == "cancelled"
        await state(engine, Booking, "t-1:1.1", "undoing")
        waits.set()
        await state(engine, Booking, "t-1:1.1", "undone")
        over = await engine.read(Booking, "t-1:1.1")
        assert over.status == "cancelled"
        assert "by its parent" in over.output[0]
        await quiet()
        assert (await engine.read(Tour, "t-1")).view.steps == []
        assert (await engine.incidents()).incidents == []
        assert await engine._parts.store.mail(None, world.clock.now(), None, 10) == []


class Stuck(Machine[Trip], name="stuck", version=1):
    busy = State(initial=True, exit=leave_inner)
    breaks = on(Break, busy, do=break_)
    mended = on(Go, busy, do=mend)


class Above(Machine[Trip], name="above", version=1):
    one = State(initial=True, invoke=child(Stuck))
    two = State()
    go = on(Go, one >> two)


async def test_a_child_that_cannot_clean_up_is_an_incident_that_can_be_retried(
    world: World,
) -> None:
    async with world.running(Above, Stuck) as engine:
        await engine.start(Above, "a-1")
        await quiet()
        await engine.send(Stuck, "a-1:1.1", Break())
        await engine.send(Above, "a-1", Go())
        await quiet()
        incident = await an_incident(engine)
        assert (incident.machine, incident.instance, incident.name) == (
            "stuck",
            "a-1:1.1",
            "cancel",
        )
        assert "inner is stuck" in incident.error
        assert (await engine.read(Stuck, "a-1:1.1")).status == "running"
        await engine.retry(incident.id)
        await quiet()
        incident = await an_incident(engine)
        await engine.send(Stuck, "a-1:1.1", Go())
        await engine.retry(incident.id)
        await quiet()
        over = await engine.read(Stuck, "a-1:1.1")
        assert (over.status, over.view.steps) == ("cancelled", ["inner"])
        assert (await engine.incidents()).incidents == []


async def test_a_child_that_cannot_clean_up_can_be_ended_by_force(world: World) -> None:
    async with world.running(Above, Stuck) as engine:
        await engine.start(Above, "a-1")
        await quiet()
        await engine.send(Stuck, "a-1:1.1", Break())
        await engine.cancel(Above, "a-1")
        await quiet()
        await engine.cancel(Stuck, "a-1:1.1", force=True)
        await quiet()
        assert (await engine.incidents()).incidents == []
        assert (await engine.read(Above, "a-1")).status == "cancelled"


class Loud(Machine[Trip], name="loud", version=1):
    busy = State(initial=True)
    saying = State()
    gone = Final()

    def tell(trip: Trip, event: Cancellation, context: Context) -> None:  # type: ignore[misc]
        context.send_parent(Heard(what="undoing"))

    undo = on_cancel(busy >> saying, do=tell)
    end = on(Go, saying >> gone)


class Listening(Machine[Trip], name="listening", version=1):
    one = State(initial=True, invoke=child(Loud))
    two = State()
    go = on(Go, one >> two)
    hear = on(Heard, two, do=says)


async def test_a_child_that_cleans_up_can_still_reach_its_parent(world: World) -> None:
    async with world.running(Listening, Loud) as engine:
        await engine.start(Listening, "l-1")
        await quiet()
        await engine.send(Listening, "l-1", Go())
        await quiet()
        assert (await engine.read(Listening, "l-1")).view.steps == ["undoing"]
        await engine.send(Loud, "l-1:1.1", Go())
        await quiet()
        assert (await engine.read(Loud, "l-1:1.1")).status == "cancelled"
        assert (await engine.incidents()).incidents == []


# --- older versions, and those that can't be read ------------------------------------------------


class Booking2(Machine[Trip], name="booking", version=2):
    seating = State(initial=True, invoke=hold_seat)
    seated = State()
    reverting = State(invoke=release)
    undone = Final(output=outcome)

    held = on_result(hold_seat, seating >> seated)
    undo = on_cancel(seated >> reverting, do=why)
    released = on_result(release, reverting >> undone, do=keep)

    upgrades = (
        Upgrade(from_version=1, states={"undoing": "reverting", "flown": "undone"}, timers={}),
    )


async def test_an_older_one_is_upgraded_and_then_cancelled(world: World) -> None:
    waits = asyncio.Event()
    lever.answers.extend([None, asyncio.Event(), waits])
    async with world.running(Booking) as engine:
        await engine.start(Booking, "b-1")
        await state(engine, Booking, "b-1", "seated")
        await engine.cancel(Booking, "b-1", reason="early")
        await quiet()
    async with world.running(Booking2) as engine:
        # it has taken one, in the version before
        assert (await engine.cancel(Booking2, "b-1")).state == ["reverting"]
        waits.set()
        await state(engine, Booking2, "b-1", "undone")
        assert (await engine.read(Booking2, "b-1")).status == "cancelled"


def unfit(old: Any) -> Trip:
    raise ValueError("no such trip any more")


class Plain2(Machine[Trip], name="plain", version=2):
    elsewhere = State(initial=True, exit=leave_inner)

    upgrades = (
        Upgrade(
            from_version=1,
            states={
                "outer.inner": "elsewhere",
                "both.left.a": "elsewhere",
                "both.right.b": "elsewhere",
            },
            effects={"release": None, "hold_seat": None},
            data=unfit,
        ),
    )


async def test_one_that_cannot_be_upgraded_is_cancelled_by_force_alone(world: World) -> None:
    async with world.running(Plain) as engine:
        await engine.start(Plain, "p-1")
    async with world.running(Plain2) as engine:
        with pytest.raises(CancelFailed, match=r"no such trip any more.*force"):
            await engine.cancel(Plain2, "p-1")
        assert (await engine.cancel(Plain2, "p-1", force=True)).status == "cancelled"
        assert (await engine.incidents()).incidents == []
        assert lever.calls == []
