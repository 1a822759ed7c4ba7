"""The tables of a chart agree with what its parents say, by any route."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from statehold.chart.model import ROOT, Chart, Initial, StateNode, Transition, Trigger
from statehold.chart.tree import Tree

GO = Trigger("event", ("go",))


def tree() -> Tree:
    states = (
        StateNode(ROOT, "compound", None, Initial(("p",))),
        StateNode("p", "parallel", ROOT),
        StateNode("l", "compound", "p", Initial(("l1",))),
        StateNode("l1", "atomic", "l"),
        StateNode("l2", "atomic", "l"),
        StateNode("h", "history", "p", Initial(("l2", "r"))),
        StateNode("r", "atomic", "p"),
        StateNode("end", "final", ROOT),
    )
    transitions = (
        Transition("t1", "l", GO, ("end",)),
        Transition("t2", "p", GO, ("end",)),
        Transition("t3", "l", GO, ("l2",)),
    )
    return Tree(Chart("chart", 1, states, transitions))


def numbers(found: Tree, *ids: str) -> list[int]:
    return [found.index[id] for id in ids]


def test_the_tables_of_a_small_chart() -> None:
    found = tree()
    assert found.parent == (-1, 0, 1, 2, 2, 1, 1, 0)
    assert found.depth == (0, 1, 2, 3, 3, 2, 2, 1)
    assert found.end == (8, 7, 5, 4, 5, 6, 7, 8)
    assert found.children == ((1, 7), (2, 6), (3, 4), (), (), (), (), ())
    assert found.histories == ((), (5,), (), (), (), (), (), ())
    assert found.initial == ((1,), (), (3,), (), (), (4, 6), (), ())


def test_transitions_stand_at_their_source_in_document_order() -> None:
    found = tree()
    assert [[t.id for t in own] for own in found.transitions[:3]] == [[], ["t2"], ["t1", "t3"]]


def test_the_least_common_compound_ancestor_skips_parallel_states() -> None:
    found = tree()
    assert found.lcca(numbers(found, "l1", "l2")) == found.index["l"]
    assert found.lcca(numbers(found, "l1")) == found.index["l"]
    assert found.lcca(numbers(found, "l1", "r")) == 0
    assert found.lcca(numbers(found, "l", "l1")) == 0
    assert found.lcca(numbers(found, "r")) == 0
    assert found.lcca([0]) == 0


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Any tree of compound, parallel and atomic states, in document order."""
    count = draw(st.integers(1, 25))
    states = [StateNode(ROOT, "compound", None)]
    line = [ROOT]
    for n in range(count):
        del line[draw(st.integers(1, len(line))) :]
        kind = draw(st.sampled_from(["compound", "parallel"]))
        states.append(StateNode(f"s{n}", kind, line[-1]))  # type: ignore[arg-type]
        line.append(f"s{n}")
    return Chart("chart", 1, tuple(states))


@settings(max_examples=60, deadline=None)
@given(charts(), st.data())
def test_ranges_and_ancestors_agree_with_the_parents(chart: Chart, data: st.DataObject) -> None:
    found = Tree(chart)
    by_id = {state.id: state for state in chart.states}

    def above(id: str) -> list[str]:
        parent = by_id[id].parent
        return [] if parent is None else [parent, *above(parent)]

    for one, state in enumerate(chart.states):
        lineage = above(state.id)
        assert [found.states[a].id for a in found.ancestors(one)] == lineage
        assert found.depth[one] == len(lineage)
        for other, ancestor in enumerate(chart.states):
            assert found.is_descendant(one, other) == (ancestor.id in lineage)

    chosen = data.draw(
        st.lists(st.integers(0, len(chart.states) - 1), min_size=1, max_size=4, unique=True)
    )
    shared = [
        id
        for id in above(chart.states[chosen[0]].id)
        if all(id in above(chart.states[c].id) for c in chosen)
        and (by_id[id].kind == "compound" or id == ROOT)
    ]
    assert found.states[found.lcca(chosen)].id == (shared[0] if shared else ROOT)
