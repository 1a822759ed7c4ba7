"""Transitions to a state's own history, in the class notation: what is active comes back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from statehold import (
    Compound,
    Event,
    History,
    Machine,
    Parallel,
    State,
    after,
    effect,
    minutes,
    on,
)
from statehold.chart.event import NamedEvent
from statehold.check.explore.explore import reachable
from statehold.formats.native import read_native
from statehold.formats.scxml import read_scxml, write_scxml
from statehold.formats.xstate import read_xstate, write_xstate
from statehold.interpreter import CancelEffect, CancelTimer, start, step
from tests.conformance.chart_builder import SCXML, XSTATE, Running, history, machine, state
from tests.conformance.chart_builder import on as when
from tests.conformance.named_functions import EPOCH


class Data(BaseModel):
    log: list[str] = []


class Next(Event):
    pass


class Note(Event):
    pass


class Deep(Event):
    pass


class Anew(Event):
    pass


class Leave(Event):
    pass


class Back(Event):
    pass


@effect
async def work(data: Data) -> None: ...


def entered_two(data: Data) -> None:
    data.log.append("enter two")


def left_two(data: Data) -> None:
    data.log.append("leave two")


class Steps(Machine[Data], name="steps", version=1):
    class c(Compound, initial=True, invoke=work):
        one = State(initial=True)

        class two(Compound, entry=entered_two, exit=left_two):
            low = State(initial=True)
            high = State()

        h = History()
        deep = History(deep=True)

    off = State()
    next_one = on(Next, c.one >> c.two)
    next_two = on(Next, c.two.low >> c.two.high)
    note = on(Note, c >> c.h)
    note_deep = on(Deep, c >> c.deep)
    anew = on(Anew, c >> c.deep, reenter=True)
    leave = on(Leave, c >> off)
    back = on(Back, off >> c)
    late = after(minutes(5), c >> off)


class Sides(Machine[Data], name="sides", version=1):
    class p(Parallel, initial=True):
        class x(Compound):
            a = State(initial=True)
            b = State()
            h = History()

        class y(Compound):
            a = State(initial=True)
            b = State()
            h = History()

        deep = History(deep=True)
        h = History()

    next_x = on(Next, p.x.a >> p.x.b)
    next_y = on(Leave, p.y.a >> p.y.b)
    note_x = on(Note, p.x >> p.x.h)
    note_y = on(Note, p.y >> p.y.h)
    note_deep = on(Deep, p >> p.deep)
    anew = on(Anew, p >> p.h)


def run(definition: Any, *events: str) -> Any:
    done = start(definition, definition.definition.data.parse("{}"), EPOCH)
    for name in events:
        done = step(definition, done.snapshot, NamedEvent(name), EPOCH)
    return done


@pytest.mark.parametrize("before", [(), ("Leave", "Back"), ("Next", "Next", "Leave", "Back")])
def test_a_state_comes_back_to_where_it_is_whatever_it_remembers(before: tuple[str, ...]) -> None:
    assert run(Steps, *before, "Note").snapshot.state == ("c.one",)
    assert run(Steps, *before, "Next", "Next", "Deep").snapshot.state == ("c.two.high",)


def test_shallow_history_brings_back_the_child_and_begins_what_is_in_it() -> None:
    assert run(Steps, "Next", "Next", "Note").snapshot.state == ("c.two.low",)


def test_what_comes_back_is_left_and_entered_and_the_state_itself_stays() -> None:
    before = run(Steps, "Next", "Next").snapshot
    noted = step(Steps, before, NamedEvent("Deep"), EPOCH)
    assert noted.snapshot.data.log[-2:] == ["leave two", "enter two"]
    assert noted.commands == ()
    assert (noted.snapshot.timers, noted.snapshot.effects[0].key) == (
        before.timers,
        before.effects[0].key,
    )


def test_with_reenter_the_state_itself_is_left_too() -> None:
    anew = run(Steps, "Next", "Next", "Anew")
    assert anew.snapshot.state == ("c.two.high",)
    assert {type(command) for command in anew.commands} >= {CancelTimer, CancelEffect}


def test_what_was_active_when_the_state_was_left_stays_remembered() -> None:
    """A note is no exit: the history still is that of the last one."""
    ran = run(Steps, "Next", "Leave", "Back", "Note")
    assert ran.snapshot.history == {"c.h": ("c.two",), "c.deep": ("c.two.low",)}


def test_every_region_comes_back_by_a_history_of_its_own() -> None:
    assert run(Sides, "Next", "Leave", "Note").snapshot.state == ("p.x.b", "p.y.b")


def test_a_parallel_state_comes_back_by_its_deep_history_and_begins_anew_by_its_shallow_one() -> (
    None
):
    assert run(Sides, "Next", "Deep").snapshot.state == ("p.x.b", "p.y.a")
    assert run(Sides, "Next", "Leave", "Anew").snapshot.state == ("p.x.a", "p.y.a")


def test_a_native_document_comes_back_too() -> None:
    definition = read_native(
        """
        statehold: 1
        name: n
        events: {Next: {}, Note: {}}
        states:
          c:
            initial: true
            states: {a: {initial: true}, b: {}, h: {history: shallow}}
        transitions:
          next: {on: Next, from: c.a, to: c.b}
          note: {on: Note, from: c, to: c.h}
        """
    ).definition
    assert run(definition, "Next", "Note").snapshot.state == ("c.b",)


@pytest.mark.parametrize("policy", [SCXML, XSTATE])
def test_elsewhere_a_state_that_is_not_left_goes_to_what_it_was_left_in(policy: Any) -> None:
    inside = state("c", history("h", "one"), state("one"), state("two"))
    drawn = machine(
        inside,
        transitions=[when("next", "one > two"), when("note", "c > h", internal=True)],
        policy=policy,
    )
    assert Running(drawn).send("next").send("note").leaves == {"one"}


def test_a_sibling_that_leads_to_its_parents_history_goes_to_what_that_was_left_in() -> None:
    inside = state("c", history("h", "one"), state("one"), state("two"))
    drawn = machine(
        inside, transitions=[when("next", "one > two"), when("note", "two > h", internal=True)]
    )
    assert Running(drawn).send("next").send("note").leaves == {"one"}


@pytest.mark.parametrize("machine", [Steps, Sides])
def test_the_search_sees_what_comes_back(machine: Any) -> None:
    found = reachable(machine.chart)
    assert found.complete
    assert ("c.two.high",) in found.configurations or ("p.x.b", "p.y.b") in found.configurations


def test_the_search_finds_nothing_that_a_reset_alone_would_lead_to() -> None:
    """Whether ``one`` is come back to after ``two`` decides whether ``both`` can be reached."""

    class Once(Machine[Data], name="once", version=1):
        class c(Compound, initial=True):
            one = State(initial=True)
            two = State()
            h = History()

        note = on(Note, c >> c.h)
        go = on(Next, c.one >> c.two)

    found = reachable(Once.chart)
    assert found.configurations == {("c.one",), ("c.two",)}
    moved = run(Once, "Next", "Note", "Note")
    assert moved.snapshot.state == ("c.two",)


@pytest.mark.parametrize("events", [("Next", "Next", "Deep"), ("Next", "Deep"), ("Note",)])
def test_other_notations_are_written_so_that_they_come_back_too(events: tuple[str, ...]) -> None:
    class Plain(Machine[Data], name="plain", version=1):
        class c(Compound, initial=True):
            one = State(initial=True)

            class two(Compound):
                low = State(initial=True)
                high = State()

            deep = History(deep=True)

        next_one = on(Next, c.one >> c.two)
        next_two = on(Next, c.two.low >> c.two.high)
        note_deep = on(Deep, c >> c.deep)

    expected = run(Plain, *events).snapshot.state
    written = write_scxml(Plain)
    assert "internal" in {omission.what for omission in written.omissions}
    assert run(read_scxml(written.text).definition, *events).snapshot.state == expected
    again = read_xstate(write_xstate(Plain.chart)).definition
    assert run(again, *events).snapshot.state == expected
