"""An upgrade is checked for every reachable configuration, and keeps what has a counterpart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from msgspec import Raw
from pydantic import BaseModel

from statehold import (
    Compound,
    Event,
    Final,
    History,
    Machine,
    Parallel,
    State,
    Upgrade,
    active,
    after,
    child,
    effect,
    hours,
    minutes,
    on,
)
from statehold.chart.event import Failure, NamedEvent, Result, TimerFired
from statehold.chart.machine import Definition
from statehold.chart.model import Chart, Delay
from statehold.chart.tree import Tree
from statehold.errors import DefinitionError, StepFailed
from statehold.interpreter.command import CancelEffect, CancelTimer, SetTimer, StartEffect
from statehold.interpreter.configuration import Configuration
from statehold.interpreter.program import compile_program
from statehold.interpreter.snapshot import Deadline, InFlight, Snapshot, Timer
from statehold.interpreter.step import start, step
from statehold.upgrade.carry import Carried, CarryFailed, Stored, carry
from statehold.upgrade.plan import UpgradePlan, plan
from tests.conformance.named_functions import EPOCH, Data
from tests.conformance.random_charts import Stimulus, machines, stimuli

NOW = datetime(2030, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=4)


class Go(Event):
    pass


class Back(Event):
    pass


class Note(Event):
    pass


class Order(BaseModel):
    n: int = 0
    note: str = ""


class Tipped(Order):
    tip: int = 0


def noted(order: Order) -> None:
    order.note = "noted"


def never_run(order: Tipped) -> None:
    raise AssertionError("an upgrade runs no action")


@effect
async def offer(order: Order) -> None: ...


@effect
async def offer_again(order: Tipped) -> None: ...


@effect
async def audit(order: Order) -> None: ...


class Helper(Machine[Order], name="helper", version=1):
    only = State(initial=True)


class One(Machine[Order], name="order", version=1):
    """The version that runs."""

    offering = State(initial=True, invoke=offer, deadline=hours(1))
    cooking = State()
    cancelled = Final()
    accept = on(Go, offering >> cooking, do=audit)
    jot = on(Note, offering, do=noted)
    lapse = after(minutes(10), offering >> cancelled)
    remind = after(minutes(3), offering)


def configuration_of(machine: Any) -> Callable[[Any], Configuration]:
    return compile_program(machine.definition).configuration


def stored(machine: Any, snapshot: Snapshot[Any], **changed: Any) -> Stored:
    """As the engine keeps it: data as JSON text, the rest as it is."""
    dump = machine.definition.data.dump
    effects = tuple(
        InFlight(
            e.key, e.invoke, e.name, e.kind, e.state, e.asked_at,
            None if e.data is None else Raw(dump(e.data)),
        )
        for e in snapshot.effects
    )  # fmt: skip
    found = Stored(
        snapshot.state,
        snapshot.seq,
        snapshot.instance,
        Raw(dump(snapshot.data)),
        dict(snapshot.history),
        snapshot.timers,
        effects,
        snapshot.deadlines,
    )
    return msgspec.structs.replace(found, **changed)


def planned(old: Any, new: Any) -> UpgradePlan:
    return plan(old.definition.chart, new.definition, new.definition.upgrades[0])


def carried(old: Any, new: Any, snapshot: Snapshot[Any] | None = None, **changed: Any) -> Carried:
    """The instance, by default as it is after its start, four minutes later."""
    if snapshot is None:
        snapshot = start(old, Order(), NOW, instance="o-1").snapshot
    document = stored(old, snapshot, **changed)
    return carry(planned(old, new), document, LATER, configuration_of(new))


def problems(old: Any, new: Any, **upgrade: Any) -> list[str]:
    chart = old.definition.chart
    with pytest.raises(DefinitionError) as raised:
        plan(chart, new.definition, Upgrade(chart.version, **upgrade))
    return [f"{p.place}: {p.message}" for p in raised.value.problems]


# --- problems ------------------------------------------------------------------------------


def test_every_problem_is_told_at_once() -> None:
    class New(Machine[Order], name="order", version=2):
        waiting = State(initial=True)
        over = Final()
        go = on(Go, waiting >> over)

    found = problems(
        One,
        New,
        states={"offering": "wating", "nowhere": "waiting"},
        effects={"unknown": None, "offer": "gone"},
    )
    audit = "audit may be in flight in any state, and version 2 has no effect 'audit'"
    cooking = "instances can be in cooking, which version 2 does not have"
    assert found == [
        "upgrade from version 1, states['offering']: version 2 has no state 'wating'",
        "upgrade from version 1, states['nowhere']: version 1 has no state 'nowhere'",
        "upgrade from version 1, effects['unknown']: version 1 asks for no effect 'unknown'",
        "upgrade from version 1, effects['offer']: version 2 has no effect 'gone'",
        f"upgrade from version 1, effect audit: {audit}",
        f"upgrade from version 1, state cooking: {cooking}",
    ]


def test_states_that_no_instance_can_be_in_need_no_mapping() -> None:
    class Old(Machine[Order], name="order", version=1):
        a = State(initial=True)
        unreachable = State()
        end = Final()
        go = on(Go, a >> end)
        leave = on(Go, unreachable >> end)

    class New(Machine[Order], name="order", version=2):
        a = State(initial=True)
        upgrades = (Upgrade(1),)

    assert planned(Old, New).configurations == {("a",): ("a",)}


def test_a_combination_that_would_be_illegal_is_shown() -> None:
    class Old(Machine[Order], name="order", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                x = State(initial=True)
                y = State()
                go = on(Go, x >> y)

            class right(Compound):
                u = State(initial=True)

    class New(Machine[Order], name="order", version=2):
        first = State(initial=True)
        second = State()
        go = on(Go, first >> second)

    states = {"both.left.x": "first", "both.left.y": "second", "both.right.u": "first"}
    told = (
        "an instance in (both.left.y, both.right.u) would have no legal state: first (from "
        "both.right.u) and second (from both.left.y) can't be active together"
    )
    assert problems(Old, New, states=states) == [f"upgrade from version 1: {told}"]


def test_a_state_can_not_be_mapped_to_a_history_state() -> None:
    class New(Machine[Order], name="order", version=2):
        class offering(Compound, initial=True):
            inner = State(initial=True)
            was = History()

        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        back = on(Back, cooking >> offering.was)

    assert problems(One, New, states={"cooking": "offering.was"}) == [
        (
            "upgrade from version 1, states['cooking']: a history state can only be mapped to one, "
            "and nothing else to it: offering.was"
        )
    ]


def test_an_upgrade_from_another_version_or_machine_is_refused() -> None:
    class Other(Machine[Order], name="other", version=1):
        offering = State(initial=True)

    chart = One.definition.chart
    with pytest.raises(DefinitionError) as raised:
        plan(
            chart,
            Other.definition,
            Upgrade(3, effects={"audit": None}, states={"cooking": "offering"}),
        )
    assert [p.message for p in raised.value.problems] == [
        "the old chart is of machine 'order'",
        "the old chart has version 1",
        "version 1 is not below version 1",
    ]


def test_a_new_required_field_needs_a_data_function() -> None:
    class Strict(Order):
        tip: int

    class New(Machine[Strict], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)

    assert problems(One, New) == [
        (
            "upgrade from version 1, data: field 'tip' is required, and the data of version 1 does "
            "not have it"
        )
    ]
    plan(One.definition.chart, New.definition, Upgrade(1, data=lambda old: {**old, "tip": 0}))


def test_where_the_search_is_cut_short_each_state_is_checked_instead() -> None:
    class Old(Machine[Order], name="order", version=1):
        a = State(initial=True)
        b = State()
        c = State()
        go = on(Go, a >> b)
        on_ = on(Go, b >> c)

    class New(Machine[Order], name="order", version=2):
        a = State(initial=True)
        b = State()
        go = on(Go, a >> b)

    old = Old.definition.chart
    with pytest.raises(DefinitionError, match="instances can be in c"):
        plan(old, New.definition, Upgrade(1), limit=1)
    found = plan(old, New.definition, Upgrade(1, states={"c": "b"}), limit=1)
    assert not found.complete
    # what was not found beforehand is worked out when an instance turns up in it
    assert found.move(("c",)).leaves == ("b",)


# --- where states go -----------------------------------------------------------------------


class Nested(Machine[Order], name="order", version=1):
    class work(Compound, initial=True):
        class kitchen(Compound, initial=True):
            cooking = State(initial=True)
            packed = State()
            pack = on(Go, cooking >> packed)

        waiting = State()
        was = History(deep=True)
        wait = on(Back, kitchen >> waiting)

    resting = State()
    rest = on(Note, work >> resting)
    resume = on(Note, resting >> work.was)


def test_what_lies_in_a_mapped_state_moves_along_with_it() -> None:
    class New(Machine[Order], name="order", version=2):
        class job(Compound, initial=True):
            class kitchen(Compound, initial=True):
                cooking = State(initial=True)
                packed = State()

            class idle(Compound):
                at_home = State(initial=True)

        resting = State()
        upgrades = (Upgrade(1, states={"work": job, "work.waiting": job.idle}),)

    assert planned(Nested, New).configurations == {
        ("work.kitchen.cooking",): ("job.kitchen.cooking",),
        ("work.kitchen.packed",): ("job.kitchen.packed",),
        ("work.waiting",): ("job.idle.at_home",),
        ("resting",): ("resting",),
    }


def test_regions_that_nothing_is_mapped_into_are_entered_by_default() -> None:
    class New(Machine[Order], name="order", version=2):
        class open(Parallel, initial=True):
            class offer(Compound):
                asking = State(initial=True)
                done = State()

            class payment(Compound):
                unpaid = State(initial=True)
                paid = State()

        cooking = State()
        go = on(Go, open >> cooking, do=audit)
        upgrades = (Upgrade(1, states={"offering": open.offer.done}),)

    found = planned(One, New).configurations
    assert found["offering",] == ("open.offer.done", "open.payment.unpaid")


def test_a_state_can_be_split_over_several_regions() -> None:
    class New(Machine[Order], name="order", version=2):
        class open(Parallel, initial=True):
            class offer(Compound):
                asking = State(initial=True)
                done = State()

            class payment(Compound):
                unpaid = State(initial=True)
                paid = State()

        cooking = State()
        go = on(Go, open >> cooking, do=audit)
        upgrades = (Upgrade(1, states={"offering": ("open.offer.done", "open.payment.paid")}),)

    found = planned(One, New).configurations
    assert found["offering",] == ("open.offer.done", "open.payment.paid")


def test_what_history_remembers_is_mapped_and_forgotten_where_it_is_gone() -> None:
    class New(Machine[Order], name="order", version=2):
        class work(Compound, initial=True):
            class kitchen(Compound, initial=True):
                cooking = State(initial=True)
                boxed = State()

            was = History(deep=True)

        outside = State()
        resting = State()
        resume = on(Note, resting >> work.was)
        upgrades = (
            Upgrade(1, states={"work.kitchen.packed": work.kitchen.boxed, "work.waiting": outside}),
        )

    snapshot = start(Nested, Order(), NOW).snapshot
    for event in (Go(), Note()):
        snapshot = step(Nested, snapshot, event, NOW).snapshot
    assert snapshot.history == {"work.was": ("work.kitchen.packed",)}
    assert carried(Nested, New, snapshot).snapshot.history == {"work.was": ("work.kitchen.boxed",)}
    forgetful = carried(Nested, New, snapshot, history={"work.was": ("work.waiting",)})
    assert forgetful.snapshot.history == {}


# --- timers and deadlines ------------------------------------------------------------------


class Two(Machine[Tipped], name="order", version=2):
    class asking(Compound, initial=True, entry=never_run):
        offered = State(initial=True, invoke=offer, entry=never_run, deadline=hours(2))
        lapse = after(minutes(30), offered >> offered, do=never_run)
        escalate = after(minutes(5), offered, do=never_run)

    cooking = State()
    accept = on(Go, asking >> cooking, do=audit)
    upgrades = (
        Upgrade(1, states={"offering": asking.offered}, timers={"remind": asking.escalate}),
    )


def test_a_timer_of_the_same_name_keeps_its_moment_and_others_as_the_upgrade_says() -> None:
    found = carried(One, Two)
    assert found.snapshot.timers == (
        Timer("asking.lapse", "asking.offered", NOW + timedelta(minutes=10)),
        Timer("asking.escalate", "asking.offered", NOW + timedelta(minutes=3)),
    )
    assert found.commands == (
        CancelTimer("lapse"),
        SetTimer("asking.lapse", NOW + timedelta(minutes=10)),
        CancelTimer("remind"),
        SetTimer("asking.escalate", NOW + timedelta(minutes=3)),
    )


def test_a_timer_that_is_over_is_not_started_again_under_its_new_name() -> None:
    lapse = Timer("lapse", "offering", NOW + timedelta(minutes=10))
    found = carried(One, Two, timers=(lapse,))
    assert [timer.id for timer in found.snapshot.timers] == ["asking.lapse"]


def test_timers_without_a_counterpart_are_dropped_and_new_ones_count_from_the_upgrade() -> None:
    class New(Machine[Order], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        first = after(minutes(7), offering >> cooking)
        second = after(lambda order: hours(order.n + 2), offering >> cooking)
        third = after(minutes(9), offering >> cooking)
        upgrades = (Upgrade(1, timers={"lapse": None, "remind": None}),)

    found = carried(One, New)
    assert [(timer.id, timer.due - LATER) for timer in found.snapshot.timers] == [
        ("first", minutes(7)),
        ("second", hours(2)),
        ("third", minutes(9)),
    ]
    assert found.notes["timers"] == {
        "kept": {},
        "dropped": ["lapse", "remind"],
        "started": ["first", "second", "third"],
    }
    assert found.commands[:3] == (
        CancelTimer("lapse"),
        CancelTimer("remind"),
        SetTimer("first", LATER + minutes(7)),
    )


def test_a_deadline_stays_and_one_that_is_new_counts_from_the_upgrade() -> None:
    assert carried(One, Two).snapshot.deadlines == (Deadline("asking.offered", NOW + hours(1)),)

    class New(Machine[Order], name="order", version=2):
        class outer(Compound, initial=True, deadline=hours(3)):
            offering = State(initial=True)

        cooking = State()
        go = on(Go, outer >> cooking, do=audit)
        upgrades = (Upgrade(1, states={"offering": outer.offering}),)

    assert carried(One, New).snapshot.deadlines == (Deadline("outer", LATER + hours(3)),)


# --- effects -------------------------------------------------------------------------------


def test_an_effect_that_is_still_invoked_goes_on_under_its_key() -> None:
    found = carried(One, Two)
    (running,) = found.snapshot.effects
    assert (running.key, running.name, running.state) == ("1.1", "offer", "asking.offered")
    assert running.invoke == Two.definition.chart.states[2].invokes[0].id
    assert found.notes["effects"] == {"kept": {"1.1": "offer"}, "dropped": [], "started": []}


def test_an_effect_that_had_ended_is_not_asked_for_again() -> None:
    found = carried(One, Two, effects=())
    assert found.snapshot.effects == ()
    assert not any(isinstance(command, StartEffect) for command in found.commands)


def test_an_effect_that_is_no_longer_invoked_is_cancelled_and_a_new_one_started() -> None:
    class New(Machine[Tipped], name="order", version=2):
        offering = State(initial=True, invoke=offer_again)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        upgrades = (Upgrade(1),)

    found = carried(One, New)
    invoke = New.definition.chart.states[1].invokes[0].id
    assert found.snapshot.effects == (
        InFlight("2.1", invoke, "offer_again", "effect", "offering", LATER),
    )
    old = One.definition.chart.states[1].invokes[0].id
    assert found.commands[-2:] == (
        CancelEffect("1.1", old),
        StartEffect("2.1", invoke, "offer_again", "offering"),
    )


def test_a_renamed_effect_goes_on_as_the_new_one() -> None:
    class New(Machine[Tipped], name="order", version=2):
        offering = State(initial=True, invoke=offer_again)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        upgrades = (Upgrade(1, effects={"offer": offer_again}),)

    (running,) = carried(One, New).snapshot.effects
    assert (running.key, running.name) == ("1.1", "offer_again")


def test_a_detached_effect_goes_on_in_whatever_state_unless_it_is_dropped() -> None:
    class New(Machine[Order], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking, do=offer)
        upgrades = (Upgrade(1, effects={"audit": offer}),)

    cooking = step(One, start(One, Order(), NOW).snapshot, Go(), NOW).snapshot
    assert [e.name for e in cooking.effects] == ["audit"]
    (running,) = carried(One, New, cooking).snapshot.effects
    assert (running.name, running.invoke, running.state) == ("offer", "offer", None)

    class Without(Machine[Order], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking)
        upgrades = (Upgrade(1, effects={"audit": None}),)

    found = carried(One, Without, cooking)
    assert found.snapshot.effects == ()
    assert found.commands == (CancelEffect("2.1", "audit"),)


def test_a_child_instance_goes_on_with_its_state() -> None:
    class Old(Machine[Order], name="order", version=1):
        busy = State(initial=True, invoke=child(Helper))

    class New(Machine[Order], name="order", version=2):
        class outer(Compound, initial=True):
            busy = State(initial=True, invoke=child(Helper))

        upgrades = (Upgrade(1, states={"busy": outer.busy}),)

    found = carried(Old, New)
    (running,) = found.snapshot.effects
    assert (running.key, running.kind, running.state) == ("1.1", "machine", "outer.busy")
    assert found.commands == ()


def test_the_pinned_data_of_a_running_effect_is_carried_over_too() -> None:
    class New(Machine[Tipped], name="order", version=2):
        offering = State(initial=True, invoke=offer)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        upgrades = (Upgrade(1, data=lambda old: {**old, "tip": len(old["note"])}),)

    snapshot = step(One, start(One, Order(), NOW).snapshot, Note(), NOW).snapshot
    assert snapshot.effects[0].data == Order()
    found = carried(One, New, snapshot).snapshot
    assert found.data == Tipped(note="noted", tip=5)
    assert found.effects[0].data == Tipped(tip=0)


# --- data ----------------------------------------------------------------------------------


def with_data(function: Any) -> Carried:
    class New(Machine[Tipped], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)

    made = plan(One.definition.chart, New.definition, Upgrade(1, data=function))
    snapshot = start(One, Order(n=2), NOW).snapshot
    return carry(made, stored(One, snapshot), LATER, configuration_of(New))


def test_data_without_a_function_is_read_as_the_new_type() -> None:
    assert with_data(None).snapshot.data == Tipped(n=2)


def test_a_data_function_gets_plain_values_or_the_model_that_it_asks_for() -> None:
    def plainly(old: dict[str, Any]) -> dict[str, Any]:
        return {**old, "tip": old["n"] * 10}

    def typed(old: Order) -> Tipped:
        return Tipped(n=old.n, tip=old.n * 10)

    def in_place(old: Order) -> None:
        old.n = 7

    def plainly_in_place(old: dict[str, Any]) -> None:
        old["tip"] = 20

    assert with_data(plainly).snapshot.data == Tipped(n=2, tip=20)
    assert with_data(typed).snapshot.data == Tipped(n=2, tip=20)
    assert with_data(in_place).snapshot.data == Tipped(n=7)
    assert with_data(plainly_in_place).snapshot.data == Tipped(n=2, tip=20)


def test_a_data_function_that_raises_or_gives_what_does_not_fit_fails_the_instance() -> None:
    with pytest.raises(CarryFailed, match="raised ZeroDivisionError"):
        with_data(lambda old: old["n"] // 0)
    with pytest.raises(CarryFailed, match="the upgraded data is not valid: tip:"):
        with_data(lambda old: {**old, "tip": "a lot"})


def test_an_instance_in_a_state_that_its_version_never_had_fails() -> None:
    with pytest.raises(CarryFailed, match="version 1 has no state strange"):
        carried(One, Two, state=("strange",))


def test_a_document_may_be_plain_json_values() -> None:
    snapshot = start(One, Order(n=2), NOW, instance="o-1").snapshot
    document = {
        "state": ["offering"],
        "seq": 1,
        "instance": "o-1",
        "data": {"n": 2},
        "timers": [{"id": "lapse", "state": "offering", "due": "2030-05-01T00:10:00Z"}],
        "deadlines": msgspec.to_builtins(snapshot.deadlines),
    }
    found = carry(planned(One, Two), document, LATER, configuration_of(Two)).snapshot
    assert found.data == Tipped(n=2)
    assert [timer.due for timer in found.timers] == [NOW + timedelta(minutes=10)]


# --- the whole -----------------------------------------------------------------------------


def test_the_snapshot_is_one_step_on_and_can_be_stepped() -> None:
    found = carried(One, Two).snapshot
    assert (found.seq, found.instance, found.done) == (2, "o-1", False)
    after_it = step(Two, found, Go(), LATER)
    assert after_it.snapshot.state == ("cooking",)
    assert CancelEffect("1.1", found.effects[0].invoke) in after_it.commands


def test_a_state_that_became_final_ends_the_instance_with_its_output() -> None:
    class New(Machine[Order], name="order", version=2):
        asking = State(initial=True)
        offering = Final(output=lambda order: order.n)
        cooking = State()
        go = on(Go, asking >> cooking, do=audit)
        upgrades = (Upgrade(1),)

    found = carried(One, New, start(One, Order(n=5), NOW).snapshot)
    assert (found.snapshot.done, found.snapshot.output) == (True, 5)
    assert (found.snapshot.timers, found.snapshot.effects) == ((), ())
    assert found.snapshot.deadlines == ()
    assert {type(command) for command in found.commands} == {CancelTimer, CancelEffect}


def test_guards_on_the_old_chart_do_not_matter_to_the_check() -> None:
    class Old(Machine[Order], name="order", version=1):
        a = State(initial=True)
        b = State()
        go = on(Go, a >> b, when=active(b))

    class New(Machine[Order], name="order", version=2):
        a = State(initial=True)

    # b can't be entered: In(b) is a matter of structure, not of data
    plan(Old.definition.chart, New.definition, Upgrade(1))


# --- any chart -----------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def _low_limit() -> Iterator[None]:
    """Random charts go round in circles, and there is nothing to learn from going on."""
    with pytest.MonkeyPatch.context() as patch:
        # by its name, because the package shows a function of the same name
        patch.setattr(sys.modules["statehold.interpreter.macrostep"], "MICROSTEP_LIMIT", 50)
        yield


_relaxed = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def next_version(machine: Definition[Data], chart: Chart | None = None) -> Definition[Data]:
    renumbered = msgspec.structs.replace(chart or machine.chart, version=2)
    return Definition(
        renumbered,
        machine.data,
        functions=machine.functions,
        effects=machine.effects,
        children=machine.children,
    )


@_relaxed
@given(machines(), stimuli())
def test_an_upgrade_to_the_same_chart_keeps_everything(
    machine: Definition[Data], history: list[Stimulus]
) -> None:
    new = next_version(machine)
    made = plan(machine.chart, new, Upgrade(1))
    assert all(old == image for old, image in made.configurations.items())
    try:
        snapshot = start(machine, Data(), EPOCH, instance="x").snapshot
        for stimulus in history:
            event = event_of(stimulus, snapshot)
            snapshot = step(machine, snapshot, event, EPOCH, roles=stimulus.roles).snapshot
    except StepFailed:
        assume(False)
    assume(not snapshot.done)
    found = carry(made, stored(machine, snapshot), EPOCH + hours(1), configuration_of(new))
    assert found.commands == ()
    assert found.snapshot == msgspec.structs.replace(
        snapshot, seq=snapshot.seq + 1, configuration=found.snapshot.configuration
    )
    assert found.snapshot.state == snapshot.state


def event_of(stimulus: Stimulus, snapshot: Snapshot[Data]) -> Any:
    if stimulus.kind == "timer" and snapshot.timers:
        return TimerFired(snapshot.timers[stimulus.choice % len(snapshot.timers)].id)
    if stimulus.kind in ("result", "failure") and snapshot.effects:
        found = snapshot.effects[stimulus.choice % len(snapshot.effects)]
        if stimulus.kind == "result":
            return Result(found.invoke, found.key, None)
        return Failure(found.invoke, found.key, "OSError", "no luck")
    return NamedEvent(stimulus.name)


@_relaxed
@given(machines(), machines(), stimuli())
def test_where_the_plan_stands_every_image_is_a_legal_configuration(
    old: Definition[Data], other: Definition[Data], picks: list[Stimulus]
) -> None:
    new = next_version(other)
    targets = [s.id for s in new.chart.states[1:] if s.kind != "history"]
    sources = [s.id for s in old.chart.states[1:] if s.kind != "history"]
    states = {
        source: targets[(picks[number % len(picks)].choice + number) % len(targets)]
        for number, source in enumerate(sources)
    }
    try:
        made = plan(old.chart, new, Upgrade(1, states=states))
    except DefinitionError:
        return
    tree = Tree(new.chart)
    for image in made.configurations.values():
        assert is_legal(tree, image)


def is_legal(tree: Tree, leaves: tuple[str, ...]) -> bool:
    """SCXML 3.11, by its words: atomic states, whose ancestors are full and never doubled."""
    active: set[int] = {0}
    for leaf in leaves:
        state = tree.index[leaf]
        if tree.states[state].kind not in ("atomic", "final"):
            return False
        active.update((state, *tree.ancestors(state)))
    for state in active:
        inner = [child for child in tree.children[state] if child in active]
        kind = tree.states[state].kind
        if kind == "compound" and len(inner) != 1:
            return False
        if kind == "parallel" and len(inner) != len(tree.children[state]):
            return False
    return True


def test_a_delay_that_is_no_moment_fails_the_instance() -> None:
    class New(Machine[Order], name="order", version=2):
        offering = State(initial=True)
        cooking = State()
        go = on(Go, offering >> cooking, do=audit)
        first = after(lambda order: hours(1), offering >> cooking)
        second = after(minutes(1), offering >> cooking)
        third = after(minutes(1), offering >> cooking)
        upgrades = (Upgrade(1, timers={"lapse": None, "remind": None}),)

    transition = next(t for t in New.definition.chart.transitions if t.id == "first")
    assert isinstance(transition.trigger.delay, Delay)
    name = transition.trigger.delay.function
    assert name is not None
    functions = dict(New.definition.functions)
    functions[name] = type(functions[name])(lambda order: datetime(2030, 1, 1), 1)  # noqa: DTZ001
    broken = Definition(
        New.definition.chart,
        New.definition.data,
        functions=functions,
        effects=New.definition.effects,
        upgrades=New.definition.upgrades,
    )
    with pytest.raises(CarryFailed, match="the delay of first came to"):
        carried(One, broken)
