"""Checks of states: reachable, and with a way out."""

from __future__ import annotations

import dataclasses
from typing import Any

from statehold import (
    Compound,
    Final,
    Machine,
    Parallel,
    State,
    Upgrade,
    active,
    on,
    on_done,
)
from statehold.check.lint.findings import findings
from tests.conformance import chart_builder as draw
from tests.unit.check.lint.flows import Data, Go, Stop, codes, only


def test_of_an_unreachable_state_those_inside_go_unnamed() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)

        class lost(Compound):
            one = State(initial=True)
            two = State()
            go = on(Go, one >> two)

        over = Final()
        end = on(Stop, here >> over)
        out = on(Stop, lost >> over)

    assert [f.place for f in findings(Flow)] == ["lost"]


def test_a_state_that_an_upgrade_leads_to_is_reachable() -> None:
    class Flow(Machine[Data], name="flow", version=2):
        here = State(initial=True)
        kept = State()
        over = Final()
        end = on(Stop, (here | kept) >> over)
        upgrades = (Upgrade(1, states={"old": kept}),)

    assert findings(Flow) == ()


def test_what_no_start_leads_to_is_no_error_where_an_upgrade_may_lead_there() -> None:
    def machine(upgrades: tuple[Upgrade, ...]) -> Any:
        class Flow(Machine[Data], name="flow", version=2):
            class both(Parallel, initial=True):
                class left(Compound):
                    one = State(initial=True)
                    kept = State()
                    first = Final()

                class right(Compound):
                    two = State(initial=True)
                    second = Final()

            over = Final()
            leave = on(Stop, both.left.kept >> both.left.first)
            go = on(Go, both.right.two >> both.right.second, when=active(both.left.kept))
            stop = on(Stop, both.right.two >> both.right.second)
            end = on_done(both >> over)

        return dataclasses.replace(Flow.definition, upgrades=upgrades, program=None)

    codes_of_starts = ("in-guard-impossible", "never-done")
    for upgrades, severity in (((), "error"), ((Upgrade(1),), "warning")):
        found = {str(f.code): f.severity for f in findings(machine(upgrades))}
        assert [found[code] for code in codes_of_starts] == [severity, severity]


def test_a_machine_without_an_end_may_live_in_one_state() -> None:
    class Counter(Machine[Data], name="counter", version=1):
        counting = State(initial=True)
        go = on(Go, counting, do=lambda data: None)

    assert findings(Counter) == ()


def test_a_state_beside_which_another_region_leaves_is_no_dead_end() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        class both(Parallel, initial=True):
            one = State()

            class two(Compound):
                at = State(initial=True)

        over = Final()
        end = on(Stop, both.two >> over)

    assert findings(Flow) == ()


def test_a_search_that_was_cut_says_so_and_claims_nothing() -> None:
    regions = [draw.state(f"r{n}", *(draw.state(f"r{n}s{m}") for m in range(4))) for n in range(8)]
    arrows = [
        draw.on(f"e{n}{m}", f"r{n}s{m} > r{n}s{(m + 1) % 4}") for n in range(8) for m in range(3)
    ]
    lost = draw.state("lost")
    machine = draw.machine(draw.parallel("p", *regions), lost, transitions=arrows)
    found = only(machine.chart, limit=500)
    assert (found.code, found.severity) == ("search-cut", "info")
    assert "500" in found.message


def test_a_chart_without_its_functions_is_checked_as_far_as_it_goes() -> None:
    class Flow(Machine[Data], name="flow", version=1):
        here = State(initial=True)
        stuck = State()
        go = on(Go, here >> stuck, when=lambda data: False)

    assert codes(Flow.chart) == ["dead-end"]
    assert codes(Flow) == ["dead-end", "constant-guard"]
