"""Parallel states inside parallel states: when each is done, in which order, and how often.

SCXML 3.4 is normative: a parallel state is in a final state once all of its children are, and
``done.state.id`` is generated then. The pseudocode of Appendix D looks one level up only.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from pydantic import BaseModel

from statehold import Compound, Definition, Event, Final, Machine, Parallel, State, on, on_done
from statehold.chart.event import NamedEvent
from statehold.check.lint.findings import findings
from statehold.formats.native import read_native
from statehold.formats.scxml import read_scxml, write_scxml
from statehold.formats.xstate import read_xstate
from statehold.interpreter import Snapshot, start, step
from tests.conformance.chart_builder import (
    Running,
    final,
    history,
    machine,
    parallel,
    state,
)
from tests.conformance.chart_builder import on as when
from tests.conformance.chart_builder import on_done as done
from tests.conformance.named_functions import EPOCH

ORDERS = ["".join(order) for order in permutations("ABC")]


class Nothing(BaseModel):
    pass


class A(Event):
    pass


class B(Event):
    pass


class C(Event):
    pass


class Nested(Machine[Nothing], name="nested", version=1):
    class outer(Parallel, initial=True):
        class left(Compound):
            a = State(initial=True)
            b = Final()
            go = on(A, a >> b)

        class inner(Parallel):
            class x(Compound):
                a = State(initial=True)
                b = Final()
                go = on(B, a >> b)

            class y(Compound):
                a = State(initial=True)
                b = Final()
                go = on(C, a >> b)

    finished = Final()
    end = on_done(outer >> finished)


def xstate_region(event: str) -> dict[str, Any]:
    states = {"a": {"on": {event: "b"}}, "b": {"type": "final"}}
    return {"initial": "a", "states": states}


XSTATE_REGIONS = {
    "left": xstate_region("A"),
    "inner": {
        "type": "parallel",
        "states": {"x": xstate_region("B"), "y": xstate_region("C")},
    },
}
XSTATE = {
    "id": "nested",
    "initial": "outer",
    "states": {
        "outer": {"type": "parallel", "onDone": "finished", "states": XSTATE_REGIONS},
        "finished": {"type": "final"},
    },
}

SCXML = """
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="null" initial="outer">
  <parallel id="outer">
    <transition event="done.state.outer" target="finished"/>
    <state id="left">
      <state id="la"><transition event="A" target="lb"/></state><final id="lb"/>
    </state>
    <parallel id="inner">
      <state id="x">
        <state id="xa"><transition event="B" target="xb"/></state><final id="xb"/>
      </state>
      <state id="y">
        <state id="ya"><transition event="C" target="yb"/></state><final id="yb"/>
      </state>
    </parallel>
  </parallel>
  <final id="finished"/>
</scxml>
"""

NATIVE = """
statehold: 1
name: nested
events: {A: {}, B: {}, C: {}}
states:
  outer:
    initial: true
    parallel: true
    states:
      left: {states: {a: {initial: true}, b: {final: true}}}
      inner:
        parallel: true
        states:
          x: {states: {a: {initial: true}, b: {final: true}}}
          y: {states: {a: {initial: true}, b: {final: true}}}
  finished: {final: true}
transitions:
  a: {on: A, from: outer.left.a, to: outer.left.b}
  b: {on: B, from: outer.inner.x.a, to: outer.inner.x.b}
  c: {on: C, from: outer.inner.y.a, to: outer.inner.y.b}
  end: {on_done: true, from: outer, to: finished}
"""

NATIVE_ROOT = """
statehold: 1
name: nested
parallel: true
events: {A: {}, B: {}, C: {}}
states:
  left: {states: {a: {initial: true}, b: {final: true}}}
  inner:
    parallel: true
    states:
      x: {states: {a: {initial: true}, b: {final: true}}}
      y: {states: {a: {initial: true}, b: {final: true}}}
transitions:
  a: {on: A, from: left.a, to: left.b}
  b: {on: B, from: inner.x.a, to: inner.x.b}
  c: {on: C, from: inner.y.a, to: inner.y.b}
"""


def after_events(definition: Definition[Any], events: str) -> Snapshot[Any]:
    snapshot = start(definition, definition.data.parse("{}"), EPOCH).snapshot
    for name in events:
        assert not snapshot.done
        snapshot = step(definition, snapshot, NamedEvent(name), EPOCH).snapshot
    return snapshot


NOTATIONS = {
    "class": lambda: Nested.definition,
    "xstate": lambda: read_xstate(XSTATE).definition,
    "scxml": lambda: read_scxml(SCXML).definition,
    "native": lambda: read_native(NATIVE).definition,
}
ROOTS = {
    "xstate": lambda: (
        read_xstate({"id": "nested", "type": "parallel", "states": XSTATE_REGIONS}).definition
    ),
    "native": lambda: read_native(NATIVE_ROOT).definition,
}


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("order", ORDERS)
def test_the_outer_parallel_state_is_done_whichever_region_ends_last(
    notation: str, order: str
) -> None:
    assert after_events(NOTATIONS[notation](), order).state == ("finished",)


@pytest.mark.parametrize("notation", ROOTS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_parallel_root_ends_whichever_region_ends_last(notation: str, order: str) -> None:
    assert after_events(ROOTS[notation](), order).done


@pytest.mark.parametrize("notation", ROOTS)
def test_a_parallel_root_that_goes_out_to_scxml_still_ends(notation: str) -> None:
    written = write_scxml(ROOTS[notation]()).text
    assert after_events(read_scxml(written).definition, "ABC").done


def test_what_goes_out_to_scxml_ends_at_its_own_completion_and_at_no_other() -> None:
    regions = {"regions": XSTATE_REGIONS["inner"], "other": xstate_region("A")}
    shape = {"id": "n", "type": "parallel", "states": regions}
    read = read_scxml(write_scxml(read_xstate(shape).definition).text).definition
    assert not after_events(read, "BC").done
    assert after_events(read, "BCA").done


# --- the order, and how often -----------------------------------------------------------------


def ending(id: str) -> Any:
    """A region that ends with the event of its name, in capitals."""
    return state(id, state(f"{id}1"), final(f"{id}2"))


def moves(*regions: str) -> list[Any]:
    return [when(region.upper(), f"{region}1 > {region}2") for region in regions]


def listening(*states: str) -> list[Any]:
    return [done(one, "top", do=[f"{one} is done"]) for one in states]


def three_deep() -> Running:
    deepest = parallel("p3", ending("c"), ending("d"))
    return Running(
        machine(
            state("top", parallel("p1", ending("a"), parallel("p2", ending("b"), deepest))),
            transitions=[
                *moves("a", "b", "c", "d"),
                *listening("a", "b", "c", "d", "p1", "p2", "p3"),
            ],
        )
    )


def test_completions_come_from_the_inside_out() -> None:
    run = three_deep().send("A").send("B").send("C")
    assert run.log == ["c is done"]
    assert run.send("D").log == ["d is done", "p3 is done", "p2 is done", "p1 is done"]


def test_a_state_further_out_waits_for_its_own_regions() -> None:
    run = three_deep().send("C").send("D")
    assert run.log == ["d is done", "p3 is done"]
    assert run.send("A").log == ["a is done"]
    assert run.send("B").log == ["b is done", "p2 is done", "p1 is done"]


def test_a_compound_state_in_between_is_not_done_with_the_parallel_state_in_it() -> None:
    inner = state("box", parallel("p2", ending("b"), ending("c")), final("shut"))
    run = Running(
        machine(
            state("top", parallel("p1", ending("a"), inner)),
            transitions=[
                *moves("a", "b", "c"),
                *listening("p1", "p2", "box"),
                when("shut", "p2 > shut"),
            ],
        )
    )
    assert run.send("A").send("B").send("C").log == ["p2 is done"]
    assert run.send("shut").log == ["box is done", "p1 is done"]


def test_regions_that_end_in_one_microstep_complete_the_states_around_them_once() -> None:
    run = Running(
        machine(
            state("top", parallel("p1", ending("a"), parallel("p2", ending("b"), ending("c")))),
            transitions=[
                when("all", "a1 > a2"),
                when("all", "b1 > b2"),
                when("all", "c1 > c2"),
                *listening("a", "b", "c", "p1", "p2"),
            ],
        )
    )
    done_in_order = ["a is done", "b is done", "c is done", "p2 is done", "p1 is done"]
    assert run.send("all").log == done_in_order


def test_what_is_entered_at_its_end_is_done_at_once_and_once() -> None:
    run = Running(
        machine(
            state("before"),
            state(
                "top",
                parallel(
                    "p1",
                    parallel("p2", state("a", final("a1")), state("b", final("b1"))),
                    state("c", final("c1")),
                ),
            ),
            transitions=[when("go", "before > top"), *listening("a", "b", "c", "p1", "p2")],
        )
    )
    done_in_order = ["a is done", "b is done", "p2 is done", "c is done", "p1 is done"]
    assert run.send("go").log == done_in_order


def test_the_start_itself_may_complete_a_nest() -> None:
    run = Running(
        machine(
            state(
                "top",
                parallel(
                    "p1",
                    state("a", final("a1")),
                    parallel("p2", state("b", final("b1")), state("c", final("c1"))),
                ),
            ),
            transitions=listening("p1", "p2"),
        )
    )
    assert run.log == ["p2 is done", "p1 is done"]


def test_a_history_that_brings_back_ends_completes_the_nest_again() -> None:
    run = Running(
        machine(
            state(
                "top",
                history("h", "p1", deep=True),
                parallel("p1", ending("a"), parallel("p2", ending("b"), ending("c"))),
            ),
            state("away"),
            transitions=[
                *moves("a", "b", "c"),
                *listening("p1", "p2"),
                when("leave", "top > away"),
                when("back", "away > h"),
            ],
        )
    )
    assert run.send("A").send("B").send("C").log == ["p2 is done", "p1 is done"]
    assert run.send("leave").send("back").log == ["p2 is done", "p1 is done"]


def test_an_end_that_is_entered_anew_completes_the_nest_again() -> None:
    run = Running(
        machine(
            state("top", parallel("p1", ending("a"), parallel("p2", ending("b"), ending("c")))),
            transitions=[
                *moves("a", "b", "c"),
                *listening("p1", "p2"),
                when("again", "c > c2", internal=True),
                when("restart", "c > c1", internal=True),
            ],
        )
    )
    run.send("A").send("B").send("C")
    assert run.send("again").log == ["p2 is done", "p1 is done"]
    assert run.send("restart").log == []
    assert run.send("C").log == ["p2 is done", "p1 is done"]


# --- what the checks say ----------------------------------------------------------------------


def codes(definition: Any) -> dict[str, str]:
    return {finding.place: finding.code for finding in findings(definition)}


def test_a_nest_that_is_completed_is_sound() -> None:
    assert codes(Nested) == {}


class Hanging(Machine[Nothing], name="hanging", version=1):
    """The inner parallel state stands in a compound one, which has no end of its own."""

    class outer(Parallel, initial=True):
        class left(Compound):
            a = State(initial=True)
            b = Final()
            go = on(A, a >> b)

        class box(Compound):
            class inner(Parallel, initial=True):
                class x(Compound):
                    a = State(initial=True)
                    b = Final()
                    go = on(B, a >> b)

                class y(Compound):
                    a = State(initial=True)
                    b = Final()
                    go = on(C, a >> b)

    finished = Final()
    end = on_done(outer >> finished)


def test_a_nest_that_hangs_is_reported_where_it_hangs() -> None:
    found = codes(Hanging)
    assert found["end"] == "never-done"
    assert found["outer.box.inner.x"] == "done-unhandled"


def test_an_end_below_a_compound_state_does_not_end_a_parallel_root() -> None:
    box = {"initial": "p", "states": {"p": XSTATE_REGIONS["inner"]}}
    shape = {"id": "n", "type": "parallel", "states": {"left": xstate_region("A"), "box": box}}
    found = codes(read_xstate(shape).definition)
    assert found["box.p.x"] == "done-unhandled"
    assert "left" not in found
