"""Checks of completion: regions and final states."""

from __future__ import annotations

from statehold import (
    Compound,
    Final,
    Machine,
    Parallel,
    State,
    active,
    on,
    on_done,
)
from statehold.check.lint.findings import findings
from statehold.formats.scxml import read_scxml
from tests.unit.check.lint.flows import Data, Go, Stop, codes

DONE_AT_ONCE = """
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="null">
  <state id="s"><transition event="done.state.s" target="end"/><final id="f"/></state>
  <final id="end"/>
</scxml>
"""


def test_what_the_start_itself_completes_is_not_waited_for_in_vain() -> None:
    definition = read_scxml(DONE_AT_ONCE).definition
    assert "never-done" not in {finding.code for finding in findings(definition)}


def test_regions_that_are_never_at_their_ends_together_are_never_done() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Go, one >> two)

            class right(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Stop, one >> two)

            again = on(Go, right >> right, reenter=True)

        over = Final()
        stop = on(Stop, both >> over)
        end = on_done(both >> over)

    assert "never-done" not in codes(Flow)


def test_a_final_state_that_nothing_leads_to_lets_its_region_never_finish() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Go, one >> two)

            class right(Compound):
                one = State(initial=True)
                two = Final()

        over = Final()
        stop = on(Stop, both >> over)
        end = on_done(both >> over)

    found = findings(Flow)
    assert [f.code for f in found] == ["never-done", "unreachable-state"]
    assert "both.right never reaches a final state" in found[0].message


def test_an_end_that_no_on_done_of_another_end_takes_is_found() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class form(Compound, initial=True):
            one = State(initial=True)
            failed = Final()
            good = Final()
            fail = on(Go, one >> failed)
            finish = on(Stop, one >> good)

        over = Final()
        refuse = on_done(form.failed >> over)

    found = findings(Flow)
    assert [f.code for f in found] == ["done-unhandled"]
    assert "form.good" in found[0].message


def test_an_end_beside_one_that_is_asked_for_in_another_region_is_taken() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            class left(Compound):
                one = State(initial=True)
                failed = Final()
                fail = on(Go, one >> failed)

            class right(Compound):
                one = State(initial=True)
                two = Final()
                go = on(Stop, one >> two)

        over = Final()
        end = on_done(both >> over, when=active(both.left.failed))

    assert "done-unhandled" not in codes(Flow)
