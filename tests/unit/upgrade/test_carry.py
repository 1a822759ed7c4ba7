"""An upgrade carries an instance over: states, data, timers and effects that have a counterpart."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from statehold import (
    Compound,
    Final,
    History,
    Machine,
    Parallel,
    State,
    Upgrade,
    after,
    child,
    hours,
    minutes,
    on,
)
from statehold.chart.machine import Definition
from statehold.chart.model import Delay
from statehold.interpreter.command import CancelEffect, CancelTimer, SetTimer, StartEffect
from statehold.interpreter.snapshot import Deadline, InFlight, Timer
from statehold.interpreter.step import start, step
from statehold.upgrade.carry import Carried, CarryFailed, carry
from statehold.upgrade.plan import plan
from tests.unit.upgrade.orders import (
    LATER,
    NOW,
    Back,
    Go,
    Helper,
    Note,
    One,
    Order,
    Tipped,
    Two,
    audit,
    carried,
    configuration_of,
    offer,
    offer_again,
    planned,
    stored,
)


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


def test_an_effect_that_is_still_invoked_goes_on_under_its_key() -> None:
    found = carried(One, Two)
    (running,) = found.snapshot.effects
    assert (running.key, running.name, running.state) == ("1.1", "offer", "asking.offered")
    assert running.invoke == Two.definition.chart.states[2].invokes[0].id
    assert found.notes["effects"] == {"kept": {"1.1": "offer"}, "dropped": [], "started": []}


def test_an_effect_that_had_ended_is_not_requested_again() -> None:
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
    with pytest.raises(CarryFailed, match="the delay of first is"):
        carried(One, broken)
