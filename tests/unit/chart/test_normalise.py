"""The table of docs/decisions/0002-self-transitions.md, row by row."""

from __future__ import annotations

import pytest

from statehold.chart.model import ROOT, Initial, Invoke, Policy, StateNode
from statehold.chart.normalise import Structure

STATES = (
    StateNode(ROOT, "compound", None, Initial(("a",))),
    StateNode("a", "atomic", ROOT, invokes=(Invoke("a/work", "work"),)),
    StateNode("c", "compound", ROOT, Initial(("c.one",))),
    StateNode("c.one", "atomic", "c", invokes=(Invoke("c.one/work", "work"),)),
    StateNode("c.two", "atomic", "c"),
    StateNode("c.back", "history", "c"),
    StateNode("p", "parallel", ROOT),
    StateNode("p.left", "compound", "p", Initial(("p.left.x",))),
    StateNode("p.left.x", "atomic", "p.left"),
    StateNode("p.right", "atomic", "p"),
    StateNode("p.back", "history", "p", deep=True),
)
XSTATE = Policy(matching="wildcard", nesting="xstate")


@pytest.mark.parametrize(
    ("source", "targets", "expected"),
    [
        ("a", ("a",), ((), False)),
        ("a", ("c",), (("c",), False)),
        ("a", (), ((), False)),
        ("c", ("c.two",), (("c.two",), True)),
        ("c", ("c",), (("c.one",), True)),
        ("c", ("c", "c.two"), (("c.two",), True)),
        ("c", ("c.back",), (("c.back",), True)),
        ("c", ("a",), (("a",), False)),
        ("p", ("p.left.x",), (("p.left.x", "p.right"), True)),
        ("p", ("p",), (("p.left", "p.right"), True)),
        ("p", ("p.back",), (("p.back",), True)),
    ],
)
def test_a_transition_stays_within_its_source_where_every_target_does(
    source: str, targets: tuple[str, ...], expected: tuple[tuple[str, ...], bool]
) -> None:
    assert Structure(STATES).inward(source, targets, Policy()) == expected


def test_xstates_nesting_decides_by_itself_about_regions_without_a_target() -> None:
    structure = Structure(STATES)
    assert structure.inward("p", ("p.left.x",), XSTATE) == (("p.left.x",), True)
    assert structure.inward("p", ("p",), XSTATE) == (("p.left", "p.right"), True)


def test_a_history_state_without_a_default_leads_to_what_its_parent_enters() -> None:
    defaults = {state.id: state.initial for state in Structure(STATES).states}
    assert defaults["c.back"] == Initial(("c.one",))
    assert defaults["p.back"] == Initial(("p.left", "p.right"))


@pytest.mark.parametrize(
    ("source", "around", "elsewhere"),
    [
        ("c", ("c.one/work",), ("a",)),
        ("c.one", ("c.one/work",), ("a",)),
        ("c.two", (), ("a", "c.one")),
        (ROOT, ("a/work", "c.one/work"), ()),
    ],
)
def test_an_outcome_is_that_of_the_invokes_in_the_source_and_around_it(
    source: str, around: tuple[str, ...], elsewhere: tuple[str, ...]
) -> None:
    assert Structure(STATES).outcomes_of("work", source) == (around, elsewhere)
